//! Layer normalisation, of rows and of images.

#[cfg(not(feature = "cuda"))]
use super::{Batch, device::Operation};
use super::{Device, DeviceError, Images, Rows};
use crate::layers::NORMALIZATION_EPSILON;
#[cfg(not(feature = "cuda"))]
use crate::layers::{self, layer_norm::LayerNormLayer};
use dfdx::{
    nn::{
        BuildModule, BuildOnDevice, Module, NonMutableModule,
        tensor_collection::{ModuleVisitor, ScalarOptions, TensorCollection, TensorOptions},
    },
    shapes::{ConstShape, Dim, Dtype, Rank0, Rank1},
    tensor::{Storage, Tape},
};
#[cfg(feature = "cuda")]
use dfdx::{
    shapes::{Axes3, Axes4, Axis, HasShape},
    tensor_ops::{BroadcastTo, TryAdd, TryMul},
};

pub(super) mod builder {
    /// Layer normalisation of rows of `F` features; becomes [`super::LayerNorm`].
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct LayerNorm<const F: usize>;

    /// Layer normalisation of images; becomes [`super::LayerNorm2d`].
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct LayerNorm2d;
}

/// Layer normalisation y = γ (x − μ) / √(σ² + ε) + β of rows (batch × F), each by its own mean and variance, book section 7.5.2.
pub type LayerNorm<const F: usize, E, D> = Normalization<Rank1<F>, E, D>;

/// Layer normalisation of images (batch × channels × height × width), each over all its values, with one γ and one β for all.
pub type LayerNorm2d<E, D> = Normalization<Rank0, E, D>;

/// Layer normalisation with parameters of shape `S`: a γ and a β for each feature of a row, or one of each for images.
///
/// | tensor | shape | at first |
/// | --- | --- | --- |
/// | `gamma` | S | 1 |
/// | `beta` | S | 0 |
#[derive(Debug, Clone)]
pub struct Normalization<S: ConstShape, E: Dtype, D: Storage<E>> {
    /// γ.
    pub gamma: dfdx::tensor::Tensor<S, E, D>,
    /// β.
    pub beta: dfdx::tensor::Tensor<S, E, D>,
    /// ε, inside the root; the book's 1e-7 unless set.
    pub eps: f32,
}

impl<const F: usize, E: Dtype, D: dfdx::tensor_ops::Device<E>> BuildOnDevice<D, E> for builder::LayerNorm<F>
where
    LayerNorm<F, E, D>: BuildModule<D, E>,
{
    type Built = LayerNorm<F, E, D>;
}

impl<E: Dtype, D: dfdx::tensor_ops::Device<E>> BuildOnDevice<D, E> for builder::LayerNorm2d
where
    LayerNorm2d<E, D>: BuildModule<D, E>,
{
    type Built = LayerNorm2d<E, D>;
}

impl<S: ConstShape, E: Dtype, D: dfdx::tensor_ops::Device<E>> TensorCollection<E, D> for Normalization<S, E, D> {
    type To<E2: Dtype, D2: dfdx::tensor_ops::Device<E2>> = Normalization<S, E2, D2>;

    fn iter_tensors<V: ModuleVisitor<Self, E, D>>(visitor: &mut V) -> Result<Option<Self::To<V::E2, V::D2>>, V::Err> {
        let eps = ScalarOptions::from_default(NORMALIZATION_EPSILON);
        visitor.visit_fields(
            (
                Self::tensor("gamma", |layer| &layer.gamma, |layer| &mut layer.gamma, TensorOptions::reset_to_ones()),
                Self::tensor("beta", |layer| &layer.beta, |layer| &mut layer.beta, TensorOptions::reset_to_zeros()),
                Self::scalar("eps", |layer| &layer.eps, |layer| &mut layer.eps, eps),
            ),
            |(gamma, beta, eps)| Normalization { gamma, beta, eps },
        )
    }
}

impl<S: ConstShape, E: Dtype, D: Storage<E>> NonMutableModule for Normalization<S, E, D> {}

impl<const F: usize, X: Rows<F>> Module<X> for LayerNorm<F, f32, Device> {
    type Output = X;
    type Error = DeviceError;

    fn try_forward(&self, x: X) -> Result<X, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let (form, layer) = (x.form(), LayerNormLayer::new(layers::Shape::Features(F), self.eps));
            Operation { layer, parameters: (&self.gamma, &self.beta), samples: form.0.size() }.apply(x, form)
        }
        #[cfg(feature = "cuda")]
        {
            let x = x.tensor();
            let shape = *x.shape();
            let gamma = self.gamma.retaped::<X::Tape>().try_broadcast_like(&shape)?;
            let beta = self.beta.retaped::<X::Tape>().try_broadcast_like(&shape)?;
            x.try_normalize::<Axis<1>>(self.eps)?.try_mul(gamma)?.try_add(beta).map(X::of)
        }
    }
}

impl<B: Dim, const C: usize, T: Tape<f32, Device>> Module<Images<B, C, T>> for LayerNorm2d<f32, Device> {
    type Output = Images<B, C, T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Images<B, C, T>) -> Result<Self::Output, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let form = x.form();
            let (batch, _, height, width) = form;
            let layer = LayerNormLayer::new(layers::Shape::Image { channels: C, height, width }, self.eps);
            Operation { layer, parameters: (&self.gamma, &self.beta), samples: batch.size() }.apply(x, form)
        }
        #[cfg(feature = "cuda")]
        {
            let shape = *x.shape();
            let gamma = self.gamma.retaped::<T>().try_broadcast_like::<_, Axes4<0, 1, 2, 3>>(&shape)?;
            let beta = self.beta.retaped::<T>().try_broadcast_like::<_, Axes4<0, 1, 2, 3>>(&shape)?;
            x.try_normalize::<Axes3<1, 2, 3>>(self.eps)?.try_mul(gamma)?.try_add(beta)
        }
    }
}
