//! Batch normalisation.

use super::{Device, DeviceError, Tensor};
use crate::kernels::batch_norm::Averaging;
use dfdx::{
    shapes::{Axes, Axes3, Axis, Const, Dim, HasAxes, Rank1, ReduceShapeTo, Shape},
    tensor::Tape,
};

/// A batch of samples with `C` channels each: rows of `C` features, or images.
pub trait Channels<const C: usize>: Shape + HasAxes<Self::Others> + ReduceShapeTo<Rank1<C>, Self::Others> {
    /// All dimensions but the channels'.
    type Others: Axes;
}

impl<B: Dim, const C: usize> Channels<C> for (B, Const<C>) {
    type Others = Axis<0>;
}

impl<B: Dim, const C: usize, H: Dim, W: Dim> Channels<C> for (B, Const<C>, H, W) {
    type Others = Axes3<0, 2, 3>;
}

/// The parameters of a normalisation, γ and β, and its ε.
#[derive(Debug)]
pub struct Affine<'a, S: Shape> {
    /// γ.
    pub gamma: &'a Tensor<S>,
    /// β.
    pub beta: &'a Tensor<S>,
    /// ε, inside the root.
    pub eps: f32,
}

/// The running statistics that a training batch moves.
#[derive(Debug)]
pub struct Running<'a, const C: usize> {
    /// Mean of each channel.
    pub mean: &'a mut Tensor<Rank1<C>>,
    /// Variance of each channel.
    pub variance: &'a mut Tensor<Rank1<C>>,
    /// How they move.
    pub averaging: Averaging,
}

/// Normalises each channel over a training batch, book section 7.5.1; backward as in [`kernels`](crate::kernels::batch_norm).
///
/// | tensor | shape |
/// | --- | --- |
/// | `x`, result | batch × C, or batch × C × height × width |
/// | γ, β, running mean and variance | C |
#[cfg(not(feature = "cuda"))]
pub fn batch_norm<const C: usize, S: Channels<C>, T: Tape<f32, Device>>(
    x: Tensor<S, T>,
    affine: &Affine<Rank1<C>>,
    running: Running<C>,
) -> Result<Tensor<S, T>, DeviceError> {
    use super::{accumulate, values};
    use crate::kernels::{
        batch_norm::{BatchNorm, Gradients, Saved, Statistics},
        isa::Isa,
    };
    use dfdx::{
        shapes::HasShape,
        tensor::{PutTape, SplitTape, TensorFromVec},
    };

    let isa = Isa::best();
    let (x, mut tape) = x.split_tape();
    let shape = shape_of::<C, S>(x.shape());
    let (gamma, beta, eps) = (values(affine.gamma), values(affine.beta), affine.eps);
    let layer = BatchNorm { shape, eps, gamma: &gamma, beta: &beta };
    let x_lanes = lanes(shape, &values(&x));
    let mut statistics = vec![Statistics::default(); C];
    layer.statistics(isa, &x_lanes, &mut statistics);
    let mut y = vec![0.0; x_lanes.len()];
    layer.forward(isa, &x_lanes, &statistics, &mut y);
    let y = x.device().try_tensor_from_vec(rows(shape, &y), *x.shape())?;

    let Running { mean, variance, averaging } = running;
    let (mut new_mean, mut new_variance) = (values(mean), values(variance));
    averaging.update(shape.count(), &statistics, &mut new_mean, &mut new_variance);
    mean.copy_from(&new_mean);
    variance.copy_from(&new_variance);

    let output = y.clone();
    let parameters = (affine.gamma.clone(), affine.beta.clone());
    tape.add_backward_op(move |gradients| {
        let dy = std::mem::take(&mut **gradients.get_or_alloc_mut(&output)?);
        let layer = BatchNorm { shape, eps, gamma: &gamma, beta: &beta };
        let (mut dx, mut dgamma, mut dbeta) = (vec![0.0; x_lanes.len()], vec![0.0; C], vec![0.0; C]);
        let received = Gradients { dx: &mut dx, dgamma: &mut dgamma, dbeta: &mut dbeta };
        layer.backward(isa, Saved { x: &x_lanes, statistics: &statistics }, &lanes(shape, &dy), received);
        accumulate(gradients.get_or_alloc_mut(&x)?, &rows(shape, &dx));
        accumulate(gradients.get_or_alloc_mut(&parameters.0)?, &dgamma);
        accumulate(gradients.get_or_alloc_mut(&parameters.1)?, &dbeta);
        Ok(())
    });
    Ok(y.put_tape(tape))
}

/// Normalises each channel by running statistics, as in evaluation.
#[cfg(not(feature = "cuda"))]
pub fn batch_norm_evaluation<const C: usize, S: Channels<C>>(
    x: &Tensor<S>,
    affine: &Affine<Rank1<C>>,
    (mean, variance): (&Tensor<Rank1<C>>, &Tensor<Rank1<C>>),
) -> Result<Tensor<S>, DeviceError> {
    use super::values;
    use crate::kernels::{
        batch_norm::{BatchNorm, Statistics},
        isa::Isa,
    };
    use dfdx::{shapes::HasShape, tensor::TensorFromVec};

    let shape = shape_of::<C, S>(x.shape());
    let layer = BatchNorm { shape, eps: affine.eps, gamma: &values(affine.gamma), beta: &values(affine.beta) };
    let running = values(mean).into_iter().zip(values(variance));
    let statistics: Vec<Statistics> = running.map(|(mean, variance)| Statistics::running(mean, variance, affine.eps)).collect();
    let mut y = vec![0.0; shape.size()];
    layer.forward(Isa::best(), &lanes(shape, &values(x)), &statistics, &mut y);
    x.device().try_tensor_from_vec(rows(shape, &y), *x.shape())
}

#[cfg(not(feature = "cuda"))]
fn shape_of<const C: usize, S: Channels<C>>(shape: &S) -> crate::kernels::batch_norm::Shape {
    let samples = shape.concrete().into_iter().next().unwrap_or(1);
    let plane = shape.num_elements() / (samples * C).max(1);
    crate::kernels::batch_norm::Shape { samples, channels: C, plane }
}

#[cfg(not(feature = "cuda"))]
fn lanes(shape: crate::kernels::batch_norm::Shape, rows: &[f32]) -> Vec<f32> {
    let mut lanes = vec![0.0; shape.size()];
    crate::kernels::lanes::from_rows(rows, shape.channels * shape.plane, &mut lanes);
    lanes
}

#[cfg(not(feature = "cuda"))]
fn rows(shape: crate::kernels::batch_norm::Shape, lanes: &[f32]) -> Vec<f32> {
    let features = shape.channels * shape.plane;
    let mut rows = vec![0.0; shape.samples * features];
    crate::kernels::lanes::to_rows(lanes, features, &mut rows);
    rows
}

/// Normalises each channel over a training batch, composed of dfdx's operations.
#[cfg(feature = "cuda")]
#[allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU")]
pub fn batch_norm<const C: usize, S: Channels<C>, T: Tape<f32, Device>>(
    x: Tensor<S, T>,
    affine: &Affine<Rank1<C>>,
    running: Running<C>,
) -> Result<Tensor<S, T>, DeviceError> {
    use dfdx::{
        shapes::HasShape,
        tensor_ops::{BroadcastTo, MeanTo, TryAdd, TryDiv, TryMul, TrySub},
    };

    let shape = *x.shape();
    let n = shape.num_elements() as f64 / C as f64;
    let Running { mean, variance, averaging } = running;
    let momentum = f64::from(averaging.momentum);
    let batch_mean = x.retaped::<T>().try_mean::<Rank1<C>, _>()?;
    mean.try_axpy(momentum, &batch_mean, 1.0 - momentum)?;
    let centred = x.try_sub(batch_mean.try_broadcast_like(&shape)?)?;
    let batch_variance = centred.retaped::<T>().try_square()?.try_mean::<Rank1<C>, _>()?;
    let correction = if averaging.unbiased && n > 1.0 { n / (n - 1.0) } else { 1.0 };
    variance.try_axpy(momentum, &batch_variance, (1.0 - momentum) * correction)?;
    let deviation = batch_variance.try_add(affine.eps)?.try_sqrt()?;
    let scale = affine.gamma.retaped::<T>().try_div(deviation)?.try_broadcast_like(&shape)?;
    centred.try_mul(scale)?.try_add(affine.beta.retaped::<T>().try_broadcast_like(&shape)?)
}

/// Normalises each channel by running statistics, composed of dfdx's operations.
#[cfg(feature = "cuda")]
#[allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU")]
pub fn batch_norm_evaluation<const C: usize, S: Channels<C>>(
    x: &Tensor<S>,
    affine: &Affine<Rank1<C>>,
    (mean, variance): (&Tensor<Rank1<C>>, &Tensor<Rank1<C>>),
) -> Result<Tensor<S>, DeviceError> {
    use dfdx::{
        shapes::HasShape,
        tensor_ops::{BroadcastTo, TryAdd, TryDiv, TryMul, TrySub},
    };

    let shape = *x.shape();
    let deviation = variance.clone().try_add(affine.eps)?.try_sqrt()?;
    let scale = affine.gamma.clone().try_div(deviation)?.try_broadcast_like(&shape)?;
    let centred = x.clone().try_sub(mean.clone().try_broadcast_like(&shape)?)?;
    centred.try_mul(scale)?.try_add(affine.beta.clone().try_broadcast_like(&shape)?)
}
