//! Batches of images on the tape, and the layers that make, change and end them.

#[cfg(not(feature = "cuda"))]
use super::device::Operation;
#[cfg(feature = "cuda")]
use super::device::{Sliding, positions, unfold};
use super::{Batch, Device, DeviceError, Flow};
#[cfg(not(feature = "cuda"))]
use crate::{
    kernels,
    layers::{
        self,
        conv2d::Conv2dLayer,
        images::{ImagesToRows, RowsToImages},
    },
};
use dfdx::{
    nn::{
        BuildModule, BuildOnDevice, Module, NonMutableModule, ZeroSizedModule,
        tensor_collection::{ModuleVisitor, TensorCollection, TensorOptions},
    },
    shapes::{Const, Dim, Dtype, Rank1, Rank4},
    tensor::{NoneTape, Storage, Tape},
};
#[cfg(feature = "cuda")]
use dfdx::{
    shapes::{Axes2, Axes3, Axis, HasShape},
    tensor_ops::{BroadcastTo, MaxTo, PermuteTo, ReshapeTo, TryAdd, TryMatMul},
};

pub(super) mod builder {
    /// A convolution of `I` channels by `O` kernels of `K` × `K`, `STRIDE` apart, the image surrounded by `PADDING` zeros; becomes
    /// [`super::Conv2d`].
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Conv2d<const I: usize, const O: usize, const K: usize, const STRIDE: usize = 1, const PADDING: usize = 0>;
}

/// A batch of images with `C` channels: batch × channels × rows × columns.
pub type Images<B, const C: usize, T = NoneTape> = Flow<(B, Const<C>, usize, usize), T>;

/// Rows of features become images of `C` channels, `H` rows and `W` columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Image<const C: usize, const H: usize, const W: usize>;

impl<const C: usize, const H: usize, const W: usize> ZeroSizedModule for Image<C, H, W> {}
impl<const C: usize, const H: usize, const W: usize> NonMutableModule for Image<C, H, W> {}

impl<B: Dim, const F: usize, const C: usize, const H: usize, const W: usize, X: Batch<Shape = (B, Const<F>)>> Module<X>
    for Image<C, H, W>
{
    type Output = Images<B, C, X::Tape>;
    type Error = DeviceError;

    fn try_forward(&self, x: X) -> Result<Self::Output, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let (batch, _) = x.form();
            let image = layers::Shape::Image { channels: C, height: H, width: W };
            Operation { layer: RowsToImages { image }, parameters: (), samples: batch.size() }.apply(x, (batch, Const, H, W))
        }
        #[cfg(feature = "cuda")]
        {
            let x = x.tensor();
            let batch = x.shape().0;
            x.try_reshape_like(&(batch, Const::<C>, H, W))
        }
    }
}

/// Images become rows of `F` features: channels × rows × columns.
///
/// # Panics
/// Its forward pass, if an image has not exactly `F` values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flatten<const F: usize>;

impl<const F: usize> ZeroSizedModule for Flatten<F> {}
impl<const F: usize> NonMutableModule for Flatten<F> {}

impl<B: Dim, const C: usize, const F: usize, T: Tape<f32, Device>> Module<Images<B, C, T>> for Flatten<F> {
    type Output = Flow<(B, Const<F>), T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Images<B, C, T>) -> Result<Self::Output, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let (batch, _, height, width) = x.form();
            assert_eq!(C * height * width, F, "features of an image that becomes a row");
            Operation { layer: ImagesToRows { features: F }, parameters: (), samples: batch.size() }.apply(x, (batch, Const))
        }
        #[cfg(feature = "cuda")]
        {
            let batch = x.shape().0;
            x.try_reshape_like(&(batch, Const::<F>))
        }
    }
}

/// The largest value of each window of `K` × `K`, `STRIDE` apart, [`MaxPool2d`](crate::kernels::MaxPool2d).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MaxPool2d<const K: usize, const STRIDE: usize>;

impl<const K: usize, const STRIDE: usize> ZeroSizedModule for MaxPool2d<K, STRIDE> {}
impl<const K: usize, const STRIDE: usize> NonMutableModule for MaxPool2d<K, STRIDE> {}

impl<B: Dim, const C: usize, const K: usize, const STRIDE: usize, T: Tape<f32, Device>> Module<Images<B, C, T>>
    for MaxPool2d<K, STRIDE>
{
    type Output = Images<B, C, T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Images<B, C, T>) -> Result<Self::Output, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let (batch, _, height, width) = x.form();
            let layer = kernels::MaxPool2d { channels: C, height, width, kernel: K, stride: STRIDE };
            let shape = (batch, Const, layer.out_height(), layer.out_width());
            Operation { layer, parameters: (), samples: batch.size() }.apply(x, shape)
        }
        // Equal values share the gradient.
        #[cfg(feature = "cuda")]
        {
            let ((batch, _, height, width), sliding) = (*x.shape(), Sliding { kernel: K, stride: STRIDE, padding: 0 });
            let (rows, columns) = (sliding.results(height), sliding.results(width));
            let windows = unfold(x, sliding, &positions(1, K, K), &positions(C, rows, columns))?;
            let largest = windows.try_max::<(usize, usize), Axis<0>>()?;
            let largest = largest.try_permute::<(usize, usize), Axes2<1, 0>>()?;
            largest.try_reshape_like(&(batch, Const::<C>, rows, columns))
        }
    }
}

/// A convolution, [`Conv2d`](crate::kernels::Conv2d). Built with zeros; see [`initialize`](super::initialize).
///
/// | tensor | shape |
/// | --- | --- |
/// | `weight` | O × I × K × K |
/// | `bias` | O |
#[derive(Debug, Clone)]
pub struct Conv2d<
    const I: usize,
    const O: usize,
    const K: usize,
    const STRIDE: usize,
    const PADDING: usize,
    E: Dtype,
    D: Storage<E>,
> {
    /// The kernels.
    pub weight: dfdx::tensor::Tensor<Rank4<O, I, K, K>, E, D>,
    /// One bias a kernel.
    pub bias: dfdx::tensor::Tensor<Rank1<O>, E, D>,
}

impl<const I: usize, const O: usize, const K: usize, const STRIDE: usize, const PADDING: usize, E, D> BuildOnDevice<D, E>
    for builder::Conv2d<I, O, K, STRIDE, PADDING>
where
    E: Dtype,
    D: dfdx::tensor_ops::Device<E>,
    Conv2d<I, O, K, STRIDE, PADDING, E, D>: BuildModule<D, E>,
{
    type Built = Conv2d<I, O, K, STRIDE, PADDING, E, D>;
}

impl<const I: usize, const O: usize, const K: usize, const STRIDE: usize, const PADDING: usize, E, D> TensorCollection<E, D>
    for Conv2d<I, O, K, STRIDE, PADDING, E, D>
where
    E: Dtype,
    D: dfdx::tensor_ops::Device<E>,
{
    type To<E2: Dtype, D2: dfdx::tensor_ops::Device<E2>> = Conv2d<I, O, K, STRIDE, PADDING, E2, D2>;

    fn iter_tensors<V: ModuleVisitor<Self, E, D>>(visitor: &mut V) -> Result<Option<Self::To<V::E2, V::D2>>, V::Err> {
        visitor.visit_fields(
            (
                Self::tensor("weight", |layer| &layer.weight, |layer| &mut layer.weight, TensorOptions::reset_to_zeros()),
                Self::tensor("bias", |layer| &layer.bias, |layer| &mut layer.bias, TensorOptions::reset_to_zeros()),
            ),
            |(weight, bias)| Conv2d { weight, bias },
        )
    }
}

impl<const I: usize, const O: usize, const K: usize, const STRIDE: usize, const PADDING: usize, E: Dtype, D: Storage<E>>
    NonMutableModule for Conv2d<I, O, K, STRIDE, PADDING, E, D>
{
}

impl<B: Dim, const I: usize, const O: usize, const K: usize, const STRIDE: usize, const PADDING: usize, T: Tape<f32, Device>>
    Module<Images<B, I, T>> for Conv2d<I, O, K, STRIDE, PADDING, f32, Device>
{
    type Output = Images<B, O, T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Images<B, I, T>) -> Result<Self::Output, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let (batch, _, height, width) = x.form();
            let (kernel, stride, padding) = (K, STRIDE, PADDING);
            let convolution = kernels::Conv2d { in_channels: I, out_channels: O, height, width, kernel, stride, padding };
            let shape = (batch, Const, convolution.out_height(), convolution.out_width());
            let layer = Conv2dLayer::new(convolution);
            Operation { layer, parameters: (&self.weight, &self.bias), samples: batch.size() }.apply(x, shape)
        }
        #[cfg(feature = "cuda")]
        {
            let ((batch, _, height, width), sliding) = (*x.shape(), Sliding { kernel: K, stride: STRIDE, padding: PADDING });
            let (rows, columns) = (sliding.results(height), sliding.results(width));
            let taps = positions(I, K, K);
            let unfolded = unfold(x, sliding, &taps, &positions(1, rows, columns))?;
            let n = rows * columns * batch.size();
            let unfolded = unfolded.try_reshape_like(&(taps.len(), n))?;
            let weight = self.weight.retaped::<T>().try_reshape_like(&(O, taps.len()))?;
            let y = weight.try_matmul(unfolded)?;
            let bias = self.bias.retaped::<T>().try_reshape_like(&(O,))?.try_broadcast_like::<_, Axis<1>>(&(O, n))?;
            let y = y.try_add(bias)?.try_reshape_like(&(O, rows * columns, batch.size()))?;
            let y = y.try_permute::<(usize, usize, usize), Axes3<2, 0, 1>>()?;
            y.try_reshape_like(&(batch, Const::<O>, rows, columns))
        }
    }
}
