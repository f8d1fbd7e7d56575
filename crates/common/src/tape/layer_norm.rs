//! Layer normalisation, of rows and of images.

use super::{Affine, Device, DeviceError, Images, Tensor, operations};
use crate::layers::NORMALIZATION_EPSILON;
use dfdx::{
    nn::{
        BuildModule, BuildOnDevice, Module, NonMutableModule,
        tensor_collection::{ModuleVisitor, ScalarOptions, TensorCollection, TensorOptions},
    },
    shapes::{Const, Dim, Dtype, Rank0, Rank1},
    tensor::{Storage, Tape},
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
///
/// | tensor | shape | at first |
/// | --- | --- | --- |
/// | `gamma` | F | 1 |
/// | `beta` | F | 0 |
#[derive(Debug, Clone)]
pub struct LayerNorm<const F: usize, E: Dtype, D: Storage<E>> {
    /// γ.
    pub gamma: dfdx::tensor::Tensor<Rank1<F>, E, D>,
    /// β.
    pub beta: dfdx::tensor::Tensor<Rank1<F>, E, D>,
    /// ε, inside the root; the book's 1e-7 unless set.
    pub eps: f32,
}

/// Layer normalisation of images (batch × channels × height × width), each over all its values, with one γ and one β for all.
///
/// | tensor | shape | at first |
/// | --- | --- | --- |
/// | `gamma` | scalar | 1 |
/// | `beta` | scalar | 0 |
#[derive(Debug, Clone)]
pub struct LayerNorm2d<E: Dtype, D: Storage<E>> {
    /// γ.
    pub gamma: dfdx::tensor::Tensor<Rank0, E, D>,
    /// β.
    pub beta: dfdx::tensor::Tensor<Rank0, E, D>,
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

impl<const F: usize, E: Dtype, D: dfdx::tensor_ops::Device<E>> TensorCollection<E, D> for LayerNorm<F, E, D> {
    type To<E2: Dtype, D2: dfdx::tensor_ops::Device<E2>> = LayerNorm<F, E2, D2>;

    fn iter_tensors<V: ModuleVisitor<Self, E, D>>(visitor: &mut V) -> Result<Option<Self::To<V::E2, V::D2>>, V::Err> {
        visitor.visit_fields(
            (
                Self::tensor("gamma", |layer| &layer.gamma, |layer| &mut layer.gamma, TensorOptions::reset_to_ones()),
                Self::tensor("beta", |layer| &layer.beta, |layer| &mut layer.beta, TensorOptions::reset_to_zeros()),
                Self::scalar(
                    "eps",
                    |layer| &layer.eps,
                    |layer| &mut layer.eps,
                    ScalarOptions::from_default(NORMALIZATION_EPSILON),
                ),
            ),
            |(gamma, beta, eps)| LayerNorm { gamma, beta, eps },
        )
    }
}

impl<E: Dtype, D: dfdx::tensor_ops::Device<E>> TensorCollection<E, D> for LayerNorm2d<E, D> {
    type To<E2: Dtype, D2: dfdx::tensor_ops::Device<E2>> = LayerNorm2d<E2, D2>;

    fn iter_tensors<V: ModuleVisitor<Self, E, D>>(visitor: &mut V) -> Result<Option<Self::To<V::E2, V::D2>>, V::Err> {
        visitor.visit_fields(
            (
                Self::tensor("gamma", |layer| &layer.gamma, |layer| &mut layer.gamma, TensorOptions::reset_to_ones()),
                Self::tensor("beta", |layer| &layer.beta, |layer| &mut layer.beta, TensorOptions::reset_to_zeros()),
                Self::scalar(
                    "eps",
                    |layer| &layer.eps,
                    |layer| &mut layer.eps,
                    ScalarOptions::from_default(NORMALIZATION_EPSILON),
                ),
            ),
            |(gamma, beta, eps)| LayerNorm2d { gamma, beta, eps },
        )
    }
}

impl<const F: usize, E: Dtype, D: Storage<E>> NonMutableModule for LayerNorm<F, E, D> {}
impl<E: Dtype, D: Storage<E>> NonMutableModule for LayerNorm2d<E, D> {}

impl<B: Dim, const F: usize, T: Tape<f32, Device>> Module<Tensor<(B, Const<F>), T>> for LayerNorm<F, f32, Device> {
    type Output = Tensor<(B, Const<F>), T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Tensor<(B, Const<F>), T>) -> Result<Self::Output, DeviceError> {
        operations::layer_norm(x, Affine { gamma: &self.gamma, beta: &self.beta, eps: self.eps })
    }
}

impl<B: Dim, const C: usize, T: Tape<f32, Device>> Module<Images<B, C, T>> for LayerNorm2d<f32, Device> {
    type Output = Images<B, C, T>;
    type Error = DeviceError;

    fn try_forward(&self, x: Images<B, C, T>) -> Result<Self::Output, DeviceError> {
        operations::layer_norm_images(x, Affine { gamma: &self.gamma, beta: &self.beta, eps: self.eps })
    }
}
