//! The affine map.

use super::{Device, DeviceError, Tensor};
use dfdx::{
    shapes::{Const, Dim, Rank1, Rank2},
    tensor::Tape,
};

/// Computes Y = X W + b, book eq. 4.8; backward δX = δY Wᵀ, δW = Xᵀ δY, δb = 1ᵀ δY (eq. 4.19, 4.22, 4.23).
///
/// | tensor | shape |
/// | --- | --- |
/// | `x` | batch × I |
/// | `weight` | I × O |
/// | `bias` | O |
/// | result | batch × O |
#[cfg(not(feature = "cuda"))]
pub fn linear<B: Dim, const I: usize, const O: usize, T: Tape<f32, Device>>(
    x: Tensor<(B, Const<I>), T>,
    weight: &Tensor<Rank2<I, O>>,
    bias: &Tensor<Rank1<O>>,
) -> Result<Tensor<(B, Const<O>), T>, DeviceError> {
    use super::{accumulate, values};
    use crate::kernels::{View, isa::Isa, matmul, reduce};
    use dfdx::{
        shapes::HasShape,
        tensor::{PutTape, SplitTape, TensorFromVec},
    };

    let isa = Isa::best();
    let (x, mut tape) = x.split_tape();
    let batch = x.shape().0;
    let n = batch.size();
    let (x_values, w_values) = (values(&x), values(weight));
    let mut y = vec![0.0; n * O];
    matmul(isa, View::new(&x_values, n, I), View::new(&w_values, I, O), Some(&values(bias)), &mut y);
    let y = x.device().try_tensor_from_vec(y, (batch, Const::<O>))?;

    let (x, weight, bias, output) = (x.clone(), weight.clone(), bias.clone(), y.clone());
    tape.add_backward_op(move |gradients| {
        let dy = std::mem::take(&mut **gradients.get_or_alloc_mut(&output)?);
        let dy_view = View::new(&dy, n, O);
        let mut dx = vec![0.0; n * I];
        matmul(isa, dy_view, View::new(&w_values, I, O).transposed(), None, &mut dx);
        accumulate(gradients.get_or_alloc_mut(&x)?, &dx);
        let mut dweight = vec![0.0; I * O];
        matmul(isa, View::new(&x_values, n, I).transposed(), dy_view, None, &mut dweight);
        accumulate(gradients.get_or_alloc_mut(&weight)?, &dweight);
        accumulate(gradients.get_or_alloc_mut(&bias)?, &reduce::column_sums(isa, &dy, O));
        Ok(())
    });
    Ok(y.put_tape(tape))
}

/// Computes Y = X W + b, book eq. 4.8.
#[cfg(feature = "cuda")]
#[allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU")]
pub fn linear<B: Dim, const I: usize, const O: usize, T: Tape<f32, Device>>(
    x: Tensor<(B, Const<I>), T>,
    weight: &Tensor<Rank2<I, O>>,
    bias: &Tensor<Rank1<O>>,
) -> Result<Tensor<(B, Const<O>), T>, DeviceError> {
    use dfdx::{
        shapes::HasShape,
        tensor_ops::{BroadcastTo, TryAdd, TryMatMul},
    };

    let y = x.try_matmul(weight.retaped::<T>())?;
    let shape = *y.shape();
    y.try_add(bias.retaped::<T>().try_broadcast_like(&shape)?)
}
