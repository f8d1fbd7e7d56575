//! Batches of images on the tape, and the layers that make, change and end them.

use super::{Constant, Device, DeviceError, Sliding, Tensor, builder, operations};
use dfdx::{
    nn::{
        BuildModule, BuildOnDevice, Module, NonMutableModule, ZeroSizedModule,
        tensor_collection::{ModuleVisitor, TensorCollection, TensorOptions},
    },
    shapes::{Const, Dim, Dtype, Rank1, Rank4},
    tensor::{Storage, Tape},
};

#[cfg(not(feature = "cuda"))]
mod in_lanes;
#[cfg(not(feature = "cuda"))]
pub use in_lanes::Images;
#[cfg(not(feature = "cuda"))]
pub(super) use in_lanes::{Form, ImageKey};

/// A batch of images with `C` channels: batch × channels × rows × columns.
#[cfg(feature = "cuda")]
pub type Images<B, const C: usize, T = dfdx::tensor::NoneTape> = Tensor<(B, Const<C>, usize, usize), T>;

/// Rows of features become images of `C` channels, `H` rows and `W` columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Image<const C: usize, const H: usize, const W: usize>;

impl<const C: usize, const H: usize, const W: usize> ZeroSizedModule for Image<C, H, W> {}
impl<const C: usize, const H: usize, const W: usize> NonMutableModule for Image<C, H, W> {}

impl<B: Dim, const F: usize, const C: usize, const H: usize, const W: usize, T: Tape<f32, Device>>
    Module<Tensor<(B, Const<F>), T>> for Image<C, H, W>
{
    type Output = Images<B, C, T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Tensor<(B, Const<F>), T>) -> Result<Self::Output, DeviceError> {
        operations::image(x, H, W)
    }
}

impl<B: Dim, const F: usize, const C: usize, const H: usize, const W: usize, T: Tape<f32, Device>>
    Module<Constant<Tensor<(B, Const<F>), T>>> for Image<C, H, W>
{
    type Output = Images<B, C, T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Constant<Tensor<(B, Const<F>), T>>) -> Result<Self::Output, DeviceError> {
        operations::image_of_constant(x, H, W)
    }
}

/// Images become rows of `F` features: channels × rows × columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flatten<const F: usize>;

impl<const F: usize> ZeroSizedModule for Flatten<F> {}
impl<const F: usize> NonMutableModule for Flatten<F> {}

impl<B: Dim, const C: usize, const F: usize, T: Tape<f32, Device>> Module<Images<B, C, T>> for Flatten<F> {
    type Output = Tensor<(B, Const<F>), T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Images<B, C, T>) -> Result<Self::Output, DeviceError> {
        operations::flatten(x)
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
        operations::max_pool2d(x, Sliding { kernel: K, stride: STRIDE, padding: 0 })
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
        operations::conv2d(x, &self.weight, &self.bias, Sliding { kernel: K, stride: STRIDE, padding: PADDING })
    }
}
