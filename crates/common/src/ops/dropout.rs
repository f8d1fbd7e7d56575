//! Dropout.

use super::{Device, DeviceError, Tensor};
use dfdx::{shapes::Shape, tensor::Tape};

/// Computes (x · m) / (1 − rate), m = 1 where x is kept and 0 where it is dropped, book section 7.6.5; backward the same of dy.
///
/// # Panics
/// If the rate is not in [0, 1), or there is not one decision a value.
#[cfg(not(feature = "cuda"))]
pub fn dropout<S: Shape, T: Tape<f32, Device>>(x: Tensor<S, T>, rate: f32, keep: Vec<bool>) -> Result<Tensor<S, T>, DeviceError> {
    use super::{accumulate, values};
    use crate::kernels::{dropout::apply, isa::Isa};
    use dfdx::{
        shapes::HasShape,
        tensor::{PutTape, SplitTape, TensorFromVec},
    };

    let isa = Isa::best();
    let (x, mut tape) = x.split_tape();
    let mut y = vec![0.0; keep.len()];
    apply(isa, rate, &keep, (&values(&x), &mut y));
    let y = x.device().try_tensor_from_vec(y, *x.shape())?;

    let output = y.clone();
    tape.add_backward_op(move |gradients| {
        let dy = std::mem::take(&mut **gradients.get_or_alloc_mut(&output)?);
        let mut dx = vec![0.0; dy.len()];
        apply(isa, rate, &keep, (&dy, &mut dx));
        accumulate(gradients.get_or_alloc_mut(&x)?, &dx);
        Ok(())
    });
    Ok(y.put_tape(tape))
}

/// Computes (x · m) / (1 − rate), composed of dfdx's operations.
#[cfg(feature = "cuda")]
#[allow(clippy::disallowed_methods, clippy::needless_pass_by_value, reason = "bits are not promised on a GPU; as on a CPU")]
pub fn dropout<S: Shape, T: Tape<f32, Device>>(x: Tensor<S, T>, rate: f32, keep: Vec<bool>) -> Result<Tensor<S, T>, DeviceError> {
    use dfdx::{shapes::HasShape, tensor::TensorFromVec, tensor_ops::TryMul};

    let scale = 1.0 / (1.0 - rate);
    let factors = keep.iter().map(|keep| if *keep { scale } else { 0.0 }).collect();
    let factors = x.device().try_tensor_from_vec(factors, *x.shape())?;
    x.try_mul(factors)
}
