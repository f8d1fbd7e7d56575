//! Batch normalisation, of rows and of images.

use super::{Affine, Device, DeviceError, Images, RunningStatistics, Tensor, operations};
use crate::{kernels::batch_norm::Averaging, layers::NORMALIZATION_EPSILON};
use dfdx::{
    nn::{
        BuildModule, BuildOnDevice, Module, ModuleMut,
        tensor_collection::{ModuleVisitor, ScalarOptions, TensorCollection, TensorOptions},
    },
    shapes::{Const, Dim, Dtype, Rank1},
    tensor::{NoneTape, OwnedTape, Storage},
};

pub(super) mod builder {
    /// Batch normalisation of `C` features of a row, or channels of an image; becomes [`super::BatchNorm`].
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct BatchNorm<const C: usize>;
}

/// Batch normalisation y = γ (x − μ) / √(σ² + ε) + β of rows (batch × C) or images (batch × C × height × width), book section 7.5.1.
///
/// In training mode ([`ModuleMut`]) μ and σ² are those of the batch, and the running statistics follow them; in evaluation mode ([`Module`])
/// they are the running ones.
///
/// | tensor | shape | at first |
/// | --- | --- | --- |
/// | `gamma` | C | 1 |
/// | `beta` | C | 0 |
/// | `running_mean`, saved but not trained | C | 0 |
/// | `running_variance`, saved but not trained | C | 1 |
#[derive(Debug, Clone)]
pub struct BatchNorm<const C: usize, E: Dtype, D: Storage<E>> {
    /// γ.
    pub gamma: dfdx::tensor::Tensor<Rank1<C>, E, D>,
    /// β.
    pub beta: dfdx::tensor::Tensor<Rank1<C>, E, D>,
    /// The mean of evaluation mode.
    pub running_mean: dfdx::tensor::Tensor<Rank1<C>, E, D>,
    /// The variance of evaluation mode.
    pub running_variance: dfdx::tensor::Tensor<Rank1<C>, E, D>,
    /// ε, inside the root; the book's 1e-7 unless set.
    pub eps: f32,
    /// The share of the running statistics that a training batch leaves as it is; the book's 0.9 unless set.
    pub momentum: f32,
    /// What is taken from n where the variance for the running one is divided by it: 0, as in the book, unless set; 1 as in PyTorch.
    pub correction: u8,
}

impl<const C: usize, E: Dtype, D: dfdx::tensor_ops::Device<E>> BuildOnDevice<D, E> for builder::BatchNorm<C>
where
    BatchNorm<C, E, D>: BuildModule<D, E>,
{
    type Built = BatchNorm<C, E, D>;
}

impl<const C: usize, E: Dtype, D: dfdx::tensor_ops::Device<E>> TensorCollection<E, D> for BatchNorm<C, E, D> {
    type To<E2: Dtype, D2: dfdx::tensor_ops::Device<E2>> = BatchNorm<C, E2, D2>;

    fn iter_tensors<V: ModuleVisitor<Self, E, D>>(visitor: &mut V) -> Result<Option<Self::To<V::E2, V::D2>>, V::Err> {
        let zeros = TensorOptions::detached(dfdx::tensor::Tensor::try_fill_with_zeros);
        let ones = TensorOptions::detached(dfdx::tensor::Tensor::try_fill_with_ones);
        visitor.visit_fields(
            (
                Self::tensor("gamma", |layer| &layer.gamma, |layer| &mut layer.gamma, TensorOptions::reset_to_ones()),
                Self::tensor("beta", |layer| &layer.beta, |layer| &mut layer.beta, TensorOptions::reset_to_zeros()),
                Self::tensor("running_mean", |layer| &layer.running_mean, |layer| &mut layer.running_mean, zeros),
                Self::tensor("running_variance", |layer| &layer.running_variance, |layer| &mut layer.running_variance, ones),
                (
                    Self::scalar(
                        "eps",
                        |layer| &layer.eps,
                        |layer| &mut layer.eps,
                        ScalarOptions::from_default(NORMALIZATION_EPSILON),
                    ),
                    Self::scalar(
                        "momentum",
                        |layer| &layer.momentum,
                        |layer| &mut layer.momentum,
                        ScalarOptions::from_default(0.9),
                    ),
                    Self::scalar(
                        "correction",
                        |layer| &layer.correction,
                        |layer| &mut layer.correction,
                        ScalarOptions::from_default(0),
                    ),
                ),
            ),
            |(gamma, beta, running_mean, running_variance, (eps, momentum, correction))| BatchNorm {
                gamma,
                beta,
                running_mean,
                running_variance,
                eps,
                momentum,
                correction,
            },
        )
    }
}

impl<const C: usize> BatchNorm<C, f32, Device> {
    fn affine(&self) -> Affine<'_, Rank1<C>> {
        Affine { gamma: &self.gamma, beta: &self.beta, eps: self.eps }
    }

    fn parts(&mut self) -> (Affine<'_, Rank1<C>>, RunningStatistics<'_, C>) {
        let affine = Affine { gamma: &self.gamma, beta: &self.beta, eps: self.eps };
        let averaging = Averaging { momentum: self.momentum, unbiased: self.correction == 1 };
        (affine, RunningStatistics { mean: &mut self.running_mean, variance: &mut self.running_variance, averaging })
    }
}

impl<B: Dim, const C: usize> Module<Tensor<(B, Const<C>)>> for BatchNorm<C, f32, Device> {
    type Output = Tensor<(B, Const<C>)>;
    type Error = DeviceError;

    fn try_forward(&self, x: Tensor<(B, Const<C>)>) -> Result<Self::Output, DeviceError> {
        operations::batch_norm_evaluation(x, self.affine(), [&self.running_mean, &self.running_variance])
    }
}

impl<B: Dim, const C: usize> ModuleMut<Tensor<(B, Const<C>), OwnedTape<f32, Device>>> for BatchNorm<C, f32, Device> {
    type Output = Tensor<(B, Const<C>), OwnedTape<f32, Device>>;
    type Error = DeviceError;

    fn try_forward_mut(&mut self, x: Tensor<(B, Const<C>), OwnedTape<f32, Device>>) -> Result<Self::Output, DeviceError> {
        let (affine, running) = self.parts();
        operations::batch_norm(x, affine, running)
    }
}

impl<B: Dim, const C: usize> Module<Images<B, C, NoneTape>> for BatchNorm<C, f32, Device> {
    type Output = Images<B, C, NoneTape>;
    type Error = DeviceError;

    fn try_forward(&self, x: Images<B, C, NoneTape>) -> Result<Self::Output, DeviceError> {
        operations::batch_norm_images_evaluation(x, self.affine(), [&self.running_mean, &self.running_variance])
    }
}

impl<B: Dim, const C: usize> ModuleMut<Images<B, C, OwnedTape<f32, Device>>> for BatchNorm<C, f32, Device> {
    type Output = Images<B, C, OwnedTape<f32, Device>>;
    type Error = DeviceError;

    fn try_forward_mut(&mut self, x: Images<B, C, OwnedTape<f32, Device>>) -> Result<Self::Output, DeviceError> {
        let (affine, running) = self.parts();
        operations::batch_norm_images(x, affine, running)
    }
}
