//! The layers as operations on the tape, on a CPU: each names its layer and its parameters, the [`adapter`](super::adapter) does the rest.

use super::{
    Affine, Constant, Device, DeviceError, Images, RunningStatistics, Sliding, Tensor,
    adapter::{Batch, Operation, ParameterTensors},
    images::{Form, ImageKey},
    values,
};
use crate::{
    kernels::{Activation, Conv2d, MaxPool2d, batch_norm::Averaging},
    layers::{
        self, Layer, Masks,
        activation::ActivationLayer,
        batch_norm::BatchNormLayer,
        dropout::DropoutLayer,
        images::{ImagesToRows, RowsToImages},
        layer_norm::LayerNormLayer,
        linear::LinearLayer,
    },
};
use dfdx::{
    shapes::{Const, Dim, HasShape, Rank0, Rank1, Rank2, Rank4, Shape},
    tensor::{NoneTape, Tape},
};

/// A batch of rows.
type Rows<B, const F: usize, T> = Tensor<(B, Const<F>), T>;

/// A layer without parameters.
fn plain<L>(layer: L, samples: usize) -> Operation<L, ()> {
    Operation { layer, parameters: (), samples }
}

/// Computes Y = X W + b, book eq. 4.8; backward δX = δY Wᵀ, δW = Xᵀ δY, δb = 1ᵀ δY (eq. 4.19, 4.22, 4.23).
///
/// | tensor | shape |
/// | --- | --- |
/// | `x` | batch × I |
/// | `weight` | I × O |
/// | `bias` | O |
/// | result | batch × O |
pub fn linear<B: Dim, const I: usize, const O: usize, T: Tape<f32, Device>>(
    x: Rows<B, I, T>,
    weight: &Tensor<Rank2<I, O>>,
    bias: &Tensor<Rank1<O>>,
) -> Result<Rows<B, O, T>, DeviceError> {
    let batch = x.shape().0;
    linear_of(x, batch, weight, bias)
}

/// The same for inputs whose gradient nobody asks for.
pub fn linear_of_constant<B: Dim, const I: usize, const O: usize, T: Tape<f32, Device>>(
    x: Constant<Rows<B, I, T>>,
    weight: &Tensor<Rank2<I, O>>,
    bias: &Tensor<Rank1<O>>,
) -> Result<Rows<B, O, T>, DeviceError> {
    let batch = x.0.shape().0;
    linear_of(x, batch, weight, bias)
}

fn linear_of<X: Batch, B: Dim, const I: usize, const O: usize>(
    x: X,
    batch: B,
    weight: &Tensor<Rank2<I, O>>,
    bias: &Tensor<Rank1<O>>,
) -> Result<Rows<B, O, X::Tape>, DeviceError> {
    let layer = LinearLayer { fan_in: I, fan_out: O };
    let operation = Operation { layer, parameters: (weight.clone(), bias.clone()), samples: batch.size() };
    operation.apply::<_, Tensor<(B, Const<O>)>>(&weight.device().clone(), x, (batch, Const::<O>))
}

/// Computes a = f(z) element by element; backward dz = da ⊙ f′(z), book eq. 4.9 and 4.16, the latter there for the
/// logistic function.
pub fn activate<S: Shape, T: Tape<f32, Device>>(z: Tensor<S, T>, f: Activation) -> Result<Tensor<S, T>, DeviceError> {
    let (shape, device) = (*z.shape(), z.device().clone());
    let layer = ActivationLayer { f, shape: layers::Shape::Features(shape.num_elements()) };
    plain(layer, 1).apply::<_, Tensor<S>>(&device, z, shape)
}

/// The same for images.
pub fn activate_images<B: Dim, const C: usize, T: Tape<f32, Device>>(
    z: Images<B, C, T>,
    f: Activation,
) -> Result<Images<B, C, T>, DeviceError> {
    let (form, shape) = (z.form(), z.sample());
    on_images(plain(ActivationLayer { f, shape }, form.batch.size()), z, form)
}

/// Runs an operation from images to images of the given form.
fn on_images<L: Layer + 'static, P: ParameterTensors, B: Dim, const I: usize, const O: usize, T: Tape<f32, Device>>(
    operation: Operation<L, P>,
    x: Images<B, I, T>,
    form: Form<B>,
) -> Result<Images<B, O, T>, DeviceError> {
    let device = x.device().clone();
    operation.apply::<_, ImageKey<B, O>>(&device, x, Form { is_tracked: true, ..form })
}

/// Turns rows of features into images of the given rows and columns.
pub fn image<B: Dim, const F: usize, const C: usize, T: Tape<f32, Device>>(
    x: Rows<B, F, T>,
    height: usize,
    width: usize,
) -> Result<Images<B, C, T>, DeviceError> {
    let (batch, device) = (x.shape().0, x.device().clone());
    image_of(&device, x, Form { batch, height, width, is_tracked: true })
}

/// The same for inputs whose gradient nobody asks for.
pub fn image_of_constant<B: Dim, const F: usize, const C: usize, T: Tape<f32, Device>>(
    x: Constant<Rows<B, F, T>>,
    height: usize,
    width: usize,
) -> Result<Images<B, C, T>, DeviceError> {
    let (batch, device) = (x.0.shape().0, x.0.device().clone());
    image_of(&device, x, Form { batch, height, width, is_tracked: false })
}

fn image_of<X: Batch, B: Dim, const C: usize>(
    device: &Device,
    x: X,
    form: Form<B>,
) -> Result<Images<B, C, X::Tape>, DeviceError> {
    let layer = RowsToImages { image: form.sample(C) };
    plain(layer, form.batch.size()).apply::<_, ImageKey<B, C>>(device, x, form)
}

/// Turns images into rows of features.
///
/// # Panics
/// If an image has not exactly `F` values.
pub fn flatten<B: Dim, const C: usize, const F: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
) -> Result<Rows<B, F, T>, DeviceError> {
    assert_eq!(x.sample().features(), F, "features of an image that becomes a row");
    let (batch, device) = (x.form().batch, x.device().clone());
    plain(ImagesToRows { features: F }, batch.size()).apply::<_, Tensor<(B, Const<F>)>>(&device, x, (batch, Const::<F>))
}

/// Computes the convolution [`Conv2d`] of each image, book section 5.1; backward the gradients of image, weight and bias.
///
/// | tensor | shape |
/// | --- | --- |
/// | `x` | batch × I × rows × columns |
/// | `weight` | O × I × K × K |
/// | `bias` | O |
/// | result | batch × O × rows × columns |
pub fn conv2d<B: Dim, const I: usize, const O: usize, const K: usize, T: Tape<f32, Device>>(
    x: Images<B, I, T>,
    weight: &Tensor<Rank4<O, I, K, K>>,
    bias: &Tensor<Rank1<O>>,
    sliding: Sliding,
) -> Result<Images<B, O, T>, DeviceError> {
    let (form, Sliding { kernel, stride, padding }) = (x.form(), sliding);
    let Form { height, width, .. } = form;
    let layer = Conv2d { in_channels: I, out_channels: O, height, width, kernel, stride, padding };
    let form = Form { height: layer.out_height(), width: layer.out_width(), ..form };
    let operation = Operation { layer, parameters: (weight.clone(), bias.clone()), samples: form.batch.size() };
    on_images(operation, x, form)
}

/// Computes the largest value of each window, [`MaxPool2d`]; backward the gradient goes to the first of equal ones.
pub fn max_pool2d<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    sliding: Sliding,
) -> Result<Images<B, C, T>, DeviceError> {
    let form = x.form();
    let Form { height, width, .. } = form;
    let layer = MaxPool2d { channels: C, height, width, kernel: sliding.kernel, stride: sliding.stride };
    let form = Form { height: layer.out_height(), width: layer.out_width(), ..form };
    on_images(plain(layer, form.batch.size()), x, form)
}

/// Normalises each feature of a training batch by its statistics, which the running ones then follow, book section 7.5.1.
pub fn batch_norm<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Rows<B, C, T>,
    affine: Affine<Rank1<C>>,
    running: RunningStatistics<C>,
) -> Result<Rows<B, C, T>, DeviceError> {
    let shape = *x.shape();
    let layer = batch_norm_layer(layers::Shape::Features(C), affine, [running.mean, running.variance], running.averaging);
    let operation = Operation { layer, parameters: affine.tensors(), samples: shape.0.size() };
    let device = affine.gamma.device().clone();
    operation.apply_and_look::<_, Tensor<(B, Const<C>)>>(&device, x, shape, |layer| running.follow(layer))
}

/// The same for each channel of images.
pub fn batch_norm_images<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    affine: Affine<Rank1<C>>,
    running: RunningStatistics<C>,
) -> Result<Images<B, C, T>, DeviceError> {
    let (sample, form) = (x.sample(), Form { is_tracked: true, ..x.form() });
    let layer = batch_norm_layer(sample, affine, [running.mean, running.variance], running.averaging);
    let operation = Operation { layer, parameters: affine.tensors(), samples: form.batch.size() };
    let device = affine.gamma.device().clone();
    operation.apply_and_look::<_, ImageKey<B, C>>(&device, x, form, |layer| running.follow(layer))
}

/// Normalises each feature by running mean and variance, as when a network is used.
pub fn batch_norm_evaluation<B: Dim, const C: usize>(
    x: Rows<B, C, NoneTape>,
    affine: Affine<Rank1<C>>,
    running: [&Tensor<Rank1<C>>; 2],
) -> Result<Rows<B, C, NoneTape>, DeviceError> {
    let shape = *x.shape();
    let layer = batch_norm_layer(layers::Shape::Features(C), affine, running, Averaging::NEVER);
    let operation = Operation { layer, parameters: affine.tensors(), samples: shape.0.size() };
    operation.apply::<_, Tensor<(B, Const<C>)>>(&affine.gamma.device().clone(), x, shape)
}

/// The same for each channel of images.
pub fn batch_norm_images_evaluation<B: Dim, const C: usize>(
    x: Images<B, C, NoneTape>,
    affine: Affine<Rank1<C>>,
    running: [&Tensor<Rank1<C>>; 2],
) -> Result<Images<B, C, NoneTape>, DeviceError> {
    let form = x.form();
    let layer = batch_norm_layer(x.sample(), affine, running, Averaging::NEVER);
    on_images(Operation { layer, parameters: affine.tensors(), samples: form.batch.size() }, x, form)
}

fn batch_norm_layer<const C: usize>(
    sample: layers::Shape,
    affine: Affine<Rank1<C>>,
    [mean, variance]: [&Tensor<Rank1<C>>; 2],
    averaging: Averaging,
) -> BatchNormLayer {
    let settings = layers::batch_norm::Settings { eps: affine.eps, averaging };
    BatchNormLayer::with_running_statistics(sample, settings, values(mean), values(variance))
}

impl<S: Shape> Affine<'_, S> {
    fn tensors(&self) -> (Tensor<S>, Tensor<S>) {
        (self.gamma.clone(), self.beta.clone())
    }
}

impl<const C: usize> RunningStatistics<'_, C> {
    /// Takes over what a training batch made of the statistics.
    fn follow(self, layer: &BatchNormLayer) {
        for ((_, values), tensor) in layer.buffers().into_iter().zip([self.mean, self.variance]) {
            tensor.copy_from(values);
        }
    }
}

/// Normalises each row, with one γ and β a feature, book section 7.5.2.
pub fn layer_norm<B: Dim, const F: usize, T: Tape<f32, Device>>(
    x: Rows<B, F, T>,
    affine: Affine<Rank1<F>>,
) -> Result<Rows<B, F, T>, DeviceError> {
    let shape = *x.shape();
    let layer = LayerNormLayer::new(layers::Shape::Features(F), affine.eps);
    let operation = Operation { layer, parameters: affine.tensors(), samples: shape.0.size() };
    operation.apply::<_, Tensor<(B, Const<F>)>>(&affine.gamma.device().clone(), x, shape)
}

/// Normalises each image over channels, height and width, with one γ and one β for all.
pub fn layer_norm_images<B: Dim, const C: usize, T: Tape<f32, Device>>(
    x: Images<B, C, T>,
    affine: Affine<Rank0>,
) -> Result<Images<B, C, T>, DeviceError> {
    let form = x.form();
    let layer = LayerNormLayer::new(x.sample(), affine.eps);
    let operation = Operation { layer, parameters: affine.tensors(), samples: form.batch.size() };
    on_images(operation, x, form)
}

/// Drops values of rows with probability `rate` and divides the others by 1 − rate, book section 7.6.5; backward the same of dy.
pub fn dropout<S: Shape, T: Tape<f32, Device>>(x: Tensor<S, T>, rate: f32, masks: &Masks) -> Result<Tensor<S, T>, DeviceError> {
    let (shape, device) = (*x.shape(), x.device().clone());
    plain(DropoutLayer::new(shape.num_elements(), rate, masks.clone()), 1).apply::<_, Tensor<S>>(&device, x, shape)
}
