//! Layer normalisation.

use super::{Affine, Device, DeviceError, Tensor};
use dfdx::{
    shapes::{Const, Dim, Rank0, Rank1},
    tensor::Tape,
};

/// A batch of images.
type Images<B, C, H, W, T> = Tensor<(B, C, H, W), T>;

/// Normalises each row, with one γ and β a feature, book section 7.5.2; backward as in [`kernels`](crate::kernels::layer_norm).
///
/// | tensor | shape |
/// | --- | --- |
/// | `x`, result | batch × F |
/// | γ, β | F |
#[cfg(not(feature = "cuda"))]
pub fn layer_norm<B: Dim, const F: usize, T: Tape<f32, Device>>(
    x: Tensor<(B, Const<F>), T>,
    affine: &Affine<Rank1<F>>,
) -> Result<Tensor<(B, Const<F>), T>, DeviceError> {
    normalize(x, F, affine)
}

/// Normalises each image over channels, height and width, with one γ and one β for all.
#[cfg(not(feature = "cuda"))]
pub fn layer_norm_images<B: Dim, C: Dim, H: Dim, W: Dim, T: Tape<f32, Device>>(
    x: Images<B, C, H, W, T>,
    affine: &Affine<Rank0>,
) -> Result<Images<B, C, H, W, T>, DeviceError> {
    use dfdx::shapes::HasShape;
    let (_, channels, height, width) = *x.shape();
    normalize(x, channels.size() * height.size() * width.size(), affine)
}

/// Normalises each sample, with one γ and β a feature or one for all.
#[cfg(not(feature = "cuda"))]
fn normalize<S: dfdx::shapes::Shape, P: dfdx::shapes::Shape, T: Tape<f32, Device>>(
    x: Tensor<S, T>,
    features: usize,
    affine: &Affine<P>,
) -> Result<Tensor<S, T>, DeviceError> {
    use super::{accumulate, values};
    use crate::kernels::{
        batch_norm::Statistics,
        isa::Isa,
        layer_norm::{Gradients, LayerNorm, Saved},
    };
    use dfdx::{
        shapes::HasShape,
        tensor::{PutTape, SplitTape, TensorFromVec},
    };

    let isa = Isa::best();
    let (x, mut tape) = x.split_tape();
    let x_values = values(&x);
    let (gamma, beta, eps) = (values(affine.gamma), values(affine.beta), affine.eps);
    let mut statistics = vec![Statistics::default(); x_values.len() / features];
    let mut y = vec![0.0; x_values.len()];
    LayerNorm { features, eps, gamma: &gamma, beta: &beta }.forward(isa, &x_values, &mut statistics, &mut y);
    let y = x.device().try_tensor_from_vec(y, *x.shape())?;

    let output = y.clone();
    let parameters = (affine.gamma.clone(), affine.beta.clone());
    tape.add_backward_op(move |gradients| {
        let dy = std::mem::take(&mut **gradients.get_or_alloc_mut(&output)?);
        let layer = LayerNorm { features, eps, gamma: &gamma, beta: &beta };
        let (mut dx, mut dgamma, mut dbeta) = (vec![0.0; dy.len()], vec![0.0; gamma.len()], vec![0.0; beta.len()]);
        let received = Gradients { dx: &mut dx, dgamma: &mut dgamma, dbeta: &mut dbeta };
        layer.backward(isa, Saved { x: &x_values, statistics: &statistics }, &dy, received);
        accumulate(gradients.get_or_alloc_mut(&x)?, &dx);
        accumulate(gradients.get_or_alloc_mut(&parameters.0)?, &dgamma);
        accumulate(gradients.get_or_alloc_mut(&parameters.1)?, &dbeta);
        Ok(())
    });
    Ok(y.put_tape(tape))
}

/// Normalises each row, composed of dfdx's operations.
#[cfg(feature = "cuda")]
#[allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU")]
pub fn layer_norm<B: Dim, const F: usize, T: Tape<f32, Device>>(
    x: Tensor<(B, Const<F>), T>,
    affine: &Affine<Rank1<F>>,
) -> Result<Tensor<(B, Const<F>), T>, DeviceError> {
    use dfdx::{
        shapes::{Axis, HasShape},
        tensor_ops::{BroadcastTo, TryAdd, TryMul},
    };

    let shape = *x.shape();
    let scaled = x.try_normalize::<Axis<1>>(affine.eps)?.try_mul(affine.gamma.retaped::<T>().try_broadcast_like(&shape)?)?;
    scaled.try_add(affine.beta.retaped::<T>().try_broadcast_like(&shape)?)
}

/// Normalises each image, composed of dfdx's operations.
#[cfg(feature = "cuda")]
#[allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU")]
pub fn layer_norm_images<B: Dim, C: Dim, H: Dim, W: Dim, T: Tape<f32, Device>>(
    x: Images<B, C, H, W, T>,
    affine: &Affine<Rank0>,
) -> Result<Images<B, C, H, W, T>, DeviceError> {
    use dfdx::{
        shapes::{Axes3, Axes4, HasShape},
        tensor_ops::{BroadcastTo, TryAdd, TryMul},
    };

    let shape = *x.shape();
    let gamma = affine.gamma.retaped::<T>().try_broadcast_like::<_, Axes4<0, 1, 2, 3>>(&shape)?;
    let beta = affine.beta.retaped::<T>().try_broadcast_like::<_, Axes4<0, 1, 2, 3>>(&shape)?;
    x.try_normalize::<Axes3<1, 2, 3>>(affine.eps)?.try_mul(gamma)?.try_add(beta)
}
