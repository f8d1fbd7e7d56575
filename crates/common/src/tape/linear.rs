//! The affine layer.

use super::{Constant, Device, DeviceError, Tensor, operations};
use dfdx::{
    nn::{
        BuildModule, BuildOnDevice, Module, NonMutableModule,
        tensor_collection::{ModuleVisitor, TensorCollection, TensorOptions},
    },
    shapes::{Const, Dim, Dtype, Rank1, Rank2},
    tensor::{Storage, Tape},
};

pub(super) mod builder {
    /// An affine layer of `I` inputs and `O` outputs; becomes [`super::Linear`].
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Linear<const I: usize, const O: usize>;

    /// A convolution of `I` channels by `O` kernels of `K` × `K`, `STRIDE` apart, the image surrounded by `PADDING` zeros; becomes
    /// [`Conv2d`](crate::tape::Conv2d).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Conv2d<const I: usize, const O: usize, const K: usize, const STRIDE: usize = 1, const PADDING: usize = 0>;
}

/// An affine layer Y = X W + b, book eq. 4.8. Built with zeros; see [`initialize`](super::initialize).
///
/// | tensor | shape |
/// | --- | --- |
/// | `weight` | I × O, as the book writes it |
/// | `bias` | O |
#[derive(Debug, Clone)]
pub struct Linear<const I: usize, const O: usize, E: Dtype, D: Storage<E>> {
    /// W.
    pub weight: dfdx::tensor::Tensor<Rank2<I, O>, E, D>,
    /// b.
    pub bias: dfdx::tensor::Tensor<Rank1<O>, E, D>,
}

impl<const I: usize, const O: usize, E: Dtype, D: dfdx::tensor_ops::Device<E>> BuildOnDevice<D, E> for builder::Linear<I, O>
where
    Linear<I, O, E, D>: BuildModule<D, E>,
{
    type Built = Linear<I, O, E, D>;
}

impl<const I: usize, const O: usize, E: Dtype, D: dfdx::tensor_ops::Device<E>> TensorCollection<E, D> for Linear<I, O, E, D> {
    type To<E2: Dtype, D2: dfdx::tensor_ops::Device<E2>> = Linear<I, O, E2, D2>;

    fn iter_tensors<V: ModuleVisitor<Self, E, D>>(visitor: &mut V) -> Result<Option<Self::To<V::E2, V::D2>>, V::Err> {
        visitor.visit_fields(
            (
                Self::tensor("weight", |layer| &layer.weight, |layer| &mut layer.weight, TensorOptions::reset_to_zeros()),
                Self::tensor("bias", |layer| &layer.bias, |layer| &mut layer.bias, TensorOptions::reset_to_zeros()),
            ),
            |(weight, bias)| Linear { weight, bias },
        )
    }
}

impl<const I: usize, const O: usize, E: Dtype, D: Storage<E>> NonMutableModule for Linear<I, O, E, D> {}

impl<B: Dim, const I: usize, const O: usize, T: Tape<f32, Device>> Module<Tensor<(B, Const<I>), T>>
    for Linear<I, O, f32, Device>
{
    type Output = Tensor<(B, Const<O>), T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Tensor<(B, Const<I>), T>) -> Result<Self::Output, DeviceError> {
        operations::linear(x, &self.weight, &self.bias)
    }
}

impl<B: Dim, const I: usize, const O: usize, T: Tape<f32, Device>> Module<Constant<Tensor<(B, Const<I>), T>>>
    for Linear<I, O, f32, Device>
{
    type Output = Tensor<(B, Const<O>), T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Constant<Tensor<(B, Const<I>), T>>) -> Result<Self::Output, DeviceError> {
        operations::linear_of_constant(x, &self.weight, &self.bias)
    }
}
