//! The affine layer.

#[cfg(feature = "cuda")]
use super::Batch;
#[cfg(not(feature = "cuda"))]
use super::device::Operation;
use super::{Device, DeviceError, Rows};
#[cfg(not(feature = "cuda"))]
use crate::layers::linear::LinearLayer;
#[cfg(not(feature = "cuda"))]
use dfdx::shapes::{Const, Dim};
use dfdx::{
    nn::{
        BuildModule, BuildOnDevice, Module, NonMutableModule,
        tensor_collection::{ModuleVisitor, TensorCollection, TensorOptions},
    },
    shapes::{Dtype, Rank1, Rank2},
    tensor::Storage,
};
#[cfg(feature = "cuda")]
use dfdx::{
    shapes::HasShape,
    tensor_ops::{BroadcastTo, TryAdd, TryMatMul},
};

pub(super) mod builder {
    /// An affine layer of `I` inputs and `O` outputs; becomes [`super::Linear`].
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Linear<const I: usize, const O: usize>;
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

impl<const I: usize, const O: usize, X: Rows<I>> Module<X> for Linear<I, O, f32, Device> {
    type Output = X::Of<O>;
    type Error = DeviceError;

    fn try_forward(&self, x: X) -> Result<X::Of<O>, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let ((batch, _), layer) = (x.form(), LinearLayer { fan_in: I, fan_out: O });
            let parameters = (&self.weight, &self.bias);
            Operation { layer, parameters, samples: batch.size() }.apply(x, (batch, Const))
        }
        #[cfg(feature = "cuda")]
        {
            let y = x.tensor().try_matmul(self.weight.retaped::<X::Tape>())?;
            let shape = *y.shape();
            y.try_add(self.bias.retaped::<X::Tape>().try_broadcast_like(&shape)?).map(Batch::of)
        }
    }
}
