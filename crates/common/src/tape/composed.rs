//! The layers as operations on the tape, on a GPU: composed of dfdx's own primitives; bits are not promised.
#![allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU")]

use super::{Affine, Constant, Device, DeviceError, Images, RunningStatistics, Sliding, Tensor};
use crate::{kernels::Activation, layers::Masks};
use dfdx::{
    shapes::{Axes, Axes2, Axes3, Axes4, Axis, Const, Dim, HasAxes, HasShape, Rank0, Rank1, Rank2, Rank4, ReduceShapeTo, Shape},
    tensor::{NoneTape, Tape, TensorFromVec, WithEmptyTape},
    tensor_ops::{BroadcastTo, GatherTo, MaxTo, MeanTo, PermuteTo, ReshapeTo, TryAdd, TryDiv, TryMatMul, TryMul, TrySub},
};

/// A batch of rows.
type Rows<B, const F: usize, T> = Tensor<(B, Const<F>), T>;

/// Computes Y = X W + b, book eq. 4.8.
pub fn linear<B: Dim, const I: usize, const O: usize, T: Tape<f32, Device>>(
    x: Rows<B, I, T>,
    weight: &Tensor<Rank2<I, O>>,
    bias: &Tensor<Rank1<O>>,
) -> Result<Rows<B, O, T>, DeviceError> {
    let y = x.try_matmul(weight.retaped::<T>())?;
    let shape = *y.shape();
    y.try_add(bias.retaped::<T>().try_broadcast_like(&shape)?)
}

/// The same for inputs whose gradient nobody asks for.
pub fn linear_of_constant<B: Dim, const I: usize, const O: usize, T: Tape<f32, Device>>(
    x: Constant<Rows<B, I, T>>,
    weight: &Tensor<Rank2<I, O>>,
    bias: &Tensor<Rank1<O>>,
) -> Result<Rows<B, O, T>, DeviceError> {
    linear(x.0, weight, bias)
}

/// Computes a = f(z) element by element, composed of dfdx's operations.
pub fn activate<S: Shape, T: Tape<f32, Device>>(z: Tensor<S, T>, f: Activation) -> Result<Tensor<S, T>, DeviceError> {
    match f {
        Activation::Identity => Ok(z),
        Activation::Logistic => z.try_sigmoid(),
        Activation::Tanh => z.try_tanh(),
        Activation::Relu => z.try_relu(),
        Activation::LeakyRelu { slope } => {
            let negative = z.with_empty_tape().try_negate()?.try_relu()?.try_mul(slope)?;
            z.try_relu()?.try_sub(negative)
        }
        Activation::HardLogistic => z.try_mul(0.25)?.try_add(0.5)?.try_clamp(0.0, 1.0),
        Activation::HardTanh => z.try_clamp(-1.0, 1.0),
        Activation::Elu { alpha } => {
            let below = z.with_empty_tape().try_clamp(f32::MIN, 0.0)?.try_exp()?.try_sub(1.0)?.try_mul(alpha)?;
            z.try_relu()?.try_add(below)
        }
        Activation::Softplus => {
            let bend = z.with_empty_tape().try_abs()?.try_negate()?.try_exp()?.try_add(1.0)?.try_ln()?;
            z.try_relu()?.try_add(bend)
        }
        Activation::Swish { beta } => {
            let gate = z.with_empty_tape().try_mul(beta)?.try_sigmoid()?;
            z.try_mul(gate)
        }
    }
}

/// Turns rows of features into images of the given rows and columns.
pub fn image<B: Dim, const F: usize, const C: usize, T: Tape<f32, Device>>(
    x: Rows<B, F, T>,
    height: usize,
    width: usize,
) -> Result<Images<B, C, T>, DeviceError> {
    let batch = x.shape().0;
    x.try_reshape_like(&(batch, Const::<C>, height, width))
}

/// The same for inputs whose gradient nobody asks for.
pub fn image_of_constant<B: Dim, const F: usize, const C: usize, T: Tape<f32, Device>>(
    x: Constant<Rows<B, F, T>>,
    height: usize,
    width: usize,
) -> Result<Images<B, C, T>, DeviceError> {
    image(x.0, height, width)
}

/// Turns images into rows of features.
///
/// # Panics
/// If an image has not exactly `F` values.
pub fn flatten<B: Dim, const C: usize, const F: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
) -> Result<Rows<B, F, T>, DeviceError> {
    let batch = x.shape().0;
    x.try_reshape_like(&(batch, Const::<F>))
}

impl Sliding {
    /// Results along a side of `length` values.
    fn results(self, length: usize) -> usize {
        (length + 2 * self.padding - self.kernel) / self.stride + 1
    }
}

/// Lists for every place of a kernel and every result the value of the image that meets there: taps × results × batch.
fn unfold<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    sliding: Sliding,
    outer: &[(usize, usize, usize)],
    inner: &[(usize, usize, usize)],
) -> Result<Tensor<(usize, usize, usize), T>, DeviceError> {
    let (batch, _, height, width) = *x.shape();
    let inside = |at: usize, length: usize| at.checked_sub(sliding.padding).filter(|at| *at < length);
    let (mut places, mut mask) = (Vec::new(), Vec::new());
    for tap in outer {
        for result in inner {
            let row = inside(tap.1 + result.1 * sliding.stride, height);
            let column = inside(tap.2 + result.2 * sliding.stride, width);
            let place = row.zip(column).map(|(row, column)| ((tap.0 + result.0) * height + row) * width + column);
            places.push(place.unwrap_or_default());
            mask.push(if place.is_some() { 1.0 } else { 0.0 });
        }
    }
    let device = x.device().clone();
    let n = places.len();
    let places: dfdx::tensor::Tensor<(usize,), usize, Device> = device.try_tensor_from_vec(places, (n,))?;
    let mask: Tensor<(usize,)> = device.try_tensor_from_vec(mask, (n,))?;
    let rows = x.try_reshape_like(&(batch.size(), C * height * width))?;
    let columns = rows.try_permute::<(usize, usize), Axes2<1, 0>>()?;
    let values = columns.try_gather(places)?;
    let mask = mask.retaped::<T>().try_broadcast_like::<_, Axis<1>>(&(n, batch.size()))?;
    values.try_mul(mask)?.try_reshape_like(&(outer.len(), inner.len(), batch.size()))
}

/// Computes the convolution of each image, composed of dfdx's operations.
pub fn conv2d<B: Dim, const I: usize, const O: usize, const K: usize, T: Tape<f32, Device>>(
    x: Images<B, I, T>,
    weight: &Tensor<Rank4<O, I, K, K>>,
    bias: &Tensor<Rank1<O>>,
    sliding: Sliding,
) -> Result<Images<B, O, T>, DeviceError> {
    let (batch, _, height, width) = *x.shape();
    let (rows, columns) = (sliding.results(height), sliding.results(width));
    let taps = positions(I, K, K);
    let unfolded = unfold(x, sliding, &taps, &positions(1, rows, columns))?;
    let n = rows * columns * batch.size();
    let unfolded = unfolded.try_reshape_like(&(taps.len(), n))?;
    let weight = weight.retaped::<T>().try_reshape_like(&(O, taps.len()))?;
    let y = weight.try_matmul(unfolded)?;
    let bias = bias.retaped::<T>().try_reshape_like(&(O,))?.try_broadcast_like::<_, Axis<1>>(&(O, n))?;
    let y = y.try_add(bias)?.try_reshape_like(&(O, rows * columns, batch.size()))?;
    let y = y.try_permute::<(usize, usize, usize), Axes3<2, 0, 1>>()?;
    y.try_reshape_like(&(batch, Const::<O>, rows, columns))
}

/// Computes the largest value of each window, composed of dfdx's operations: equal ones share the gradient.
pub fn max_pool2d<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    sliding: Sliding,
) -> Result<Images<B, C, T>, DeviceError> {
    let (batch, _, height, width) = *x.shape();
    let (rows, columns) = (sliding.results(height), sliding.results(width));
    let windows = unfold(x, sliding, &positions(1, sliding.kernel, sliding.kernel), &positions(C, rows, columns))?;
    let largest = windows.try_max::<(usize, usize), Axis<0>>()?;
    let largest = largest.try_permute::<(usize, usize), Axes2<1, 0>>()?;
    largest.try_reshape_like(&(batch, Const::<C>, rows, columns))
}

/// All (channel, row, column), in order.
fn positions(channels: usize, rows: usize, columns: usize) -> Vec<(usize, usize, usize)> {
    (0..channels).flat_map(|c| (0..rows).flat_map(move |i| (0..columns).map(move |j| (c, i, j)))).collect()
}

/// A batch of samples with `C` channels each: rows of `C` features, or images.
pub trait Channels<const C: usize>: Shape + HasAxes<Self::Others> + ReduceShapeTo<Rank1<C>, Self::Others> {
    /// All dimensions but the channels'.
    type Others: Axes;
}

impl<B: Dim, const C: usize> Channels<C> for (B, Const<C>) {
    type Others = Axis<0>;
}

impl<B: Dim, const C: usize> Channels<C> for (B, Const<C>, usize, usize) {
    type Others = Axes3<0, 2, 3>;
}

/// Normalises each channel over a training batch, whose statistics the running ones follow.
pub fn batch_norm<const C: usize, S: Channels<C>, T: Tape<f32, Device>>(
    x: Tensor<S, T>,
    affine: Affine<Rank1<C>>,
    running: RunningStatistics<C>,
) -> Result<Tensor<S, T>, DeviceError> {
    let shape = *x.shape();
    let n = shape.num_elements() as f64 / C as f64;
    let RunningStatistics { mean, variance, averaging } = running;
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

/// Normalises each channel by running mean and variance, as when a network is used.
pub fn batch_norm_evaluation<const C: usize, S: Channels<C>>(
    x: Tensor<S, NoneTape>,
    affine: Affine<Rank1<C>>,
    [mean, variance]: [&Tensor<Rank1<C>>; 2],
) -> Result<Tensor<S, NoneTape>, DeviceError> {
    let shape = *x.shape();
    let deviation = variance.clone().try_add(affine.eps)?.try_sqrt()?;
    let scale = affine.gamma.clone().try_div(deviation)?.try_broadcast_like(&shape)?;
    let centred = x.try_sub(mean.clone().try_broadcast_like(&shape)?)?;
    centred.try_mul(scale)?.try_add(affine.beta.clone().try_broadcast_like(&shape)?)
}

pub use batch_norm as batch_norm_images;
pub use batch_norm_evaluation as batch_norm_images_evaluation;

/// Normalises each row, with one γ and β a feature.
pub fn layer_norm<B: Dim, const F: usize, T: Tape<f32, Device>>(
    x: Rows<B, F, T>,
    affine: Affine<Rank1<F>>,
) -> Result<Rows<B, F, T>, DeviceError> {
    let shape = *x.shape();
    let scaled = x.try_normalize::<Axis<1>>(affine.eps)?.try_mul(affine.gamma.retaped::<T>().try_broadcast_like(&shape)?)?;
    scaled.try_add(affine.beta.retaped::<T>().try_broadcast_like(&shape)?)
}

/// Normalises each image over channels, height and width, with one γ and one β for all.
pub fn layer_norm_images<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    affine: Affine<Rank0>,
) -> Result<Images<B, C, T>, DeviceError> {
    let shape = *x.shape();
    let gamma = affine.gamma.retaped::<T>().try_broadcast_like::<_, Axes4<0, 1, 2, 3>>(&shape)?;
    let beta = affine.beta.retaped::<T>().try_broadcast_like::<_, Axes4<0, 1, 2, 3>>(&shape)?;
    x.try_normalize::<Axes3<1, 2, 3>>(affine.eps)?.try_mul(gamma)?.try_add(beta)
}

/// Drops values with probability `rate` and divides the others by 1 − rate.
pub fn dropout<S: Shape, T: Tape<f32, Device>>(x: Tensor<S, T>, rate: f32, masks: &Masks) -> Result<Tensor<S, T>, DeviceError> {
    let mut keep = Vec::new();
    masks.next(rate, x.shape().num_elements(), &mut keep);
    let scale = 1.0 / (1.0 - rate);
    let factors = keep.iter().map(|keep| if *keep { scale } else { 0.0 }).collect();
    let factors = x.device().try_tensor_from_vec(factors, *x.shape())?;
    x.try_mul(factors)
}
