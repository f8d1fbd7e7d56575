//! Batch normalisation, of rows and of images.

#[cfg(feature = "cuda")]
use super::Tensor;
use super::{Batch, Device, DeviceError, Images};
#[cfg(not(feature = "cuda"))]
use super::{device::Operation, values};
use crate::layers::NORMALIZATION_EPSILON;
#[cfg(not(feature = "cuda"))]
use crate::{
    kernels::batch_norm::Averaging,
    layers::{self, Layer, batch_norm::BatchNormLayer},
};
use dfdx::{
    nn::{
        BuildModule, BuildOnDevice, Module, ModuleMut,
        tensor_collection::{ModuleVisitor, ScalarOptions, TensorCollection, TensorOptions},
    },
    shapes::{Const, Dim, Dtype, Rank1},
    tensor::{NoneTape, OwnedTape, Storage, Tape},
};
#[cfg(feature = "cuda")]
use dfdx::{
    shapes::{Axes, Axes3, Axis, HasAxes, HasShape, ReduceShapeTo, Shape},
    tensor_ops::{BroadcastTo, MeanTo, TryAdd, TryDiv, TryMul, TrySub},
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
        let [eps, momentum] = [NORMALIZATION_EPSILON, 0.9].map(ScalarOptions::from_default);
        let correction = ScalarOptions::from_default(0);
        visitor.visit_fields(
            (
                Self::tensor("gamma", |layer| &layer.gamma, |layer| &mut layer.gamma, TensorOptions::reset_to_ones()),
                Self::tensor("beta", |layer| &layer.beta, |layer| &mut layer.beta, TensorOptions::reset_to_zeros()),
                Self::tensor("running_mean", |layer| &layer.running_mean, |layer| &mut layer.running_mean, zeros),
                Self::tensor("running_variance", |layer| &layer.running_variance, |layer| &mut layer.running_variance, ones),
                (
                    Self::scalar("eps", |layer| &layer.eps, |layer| &mut layer.eps, eps),
                    Self::scalar("momentum", |layer| &layer.momentum, |layer| &mut layer.momentum, momentum),
                    Self::scalar("correction", |layer| &layer.correction, |layer| &mut layer.correction, correction),
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

/// A batch of samples with `C` channels each: rows of `C` features, or images.
#[cfg(not(feature = "cuda"))]
pub trait Channels<const C: usize>: Batch {
    /// Rows or images, and a sample of them.
    fn samples(&self) -> (usize, layers::Shape);
}

#[cfg(not(feature = "cuda"))]
impl<const C: usize, B: Dim, X: Batch<Shape = (B, Const<C>)>> Channels<C> for X {
    fn samples(&self) -> (usize, layers::Shape) {
        (self.form().0.size(), layers::Shape::Features(C))
    }
}

#[cfg(not(feature = "cuda"))]
impl<const C: usize, B: Dim, T: Tape<f32, Device>> Channels<C> for Images<B, C, T> {
    fn samples(&self) -> (usize, layers::Shape) {
        let (batch, _, height, width) = self.form();
        (batch.size(), layers::Shape::Image { channels: C, height, width })
    }
}

/// A batch of samples with `C` channels each: rows of `C` features, or images.
#[cfg(feature = "cuda")]
pub trait Channels<const C: usize>: Batch<Shape: HasAxes<Self::Others> + ReduceShapeTo<Rank1<C>, Self::Others>> {
    /// All dimensions but the channels'.
    type Others: Axes;
}

#[cfg(feature = "cuda")]
impl<const C: usize, B: Dim, T: Tape<f32, Device>> Channels<C> for Tensor<(B, Const<C>), T> {
    type Others = Axis<0>;
}

#[cfg(feature = "cuda")]
impl<const C: usize, B: Dim, T: Tape<f32, Device>> Channels<C> for Images<B, C, T> {
    type Others = Axes3<0, 2, 3>;
}

#[cfg(not(feature = "cuda"))]
impl<const C: usize> BatchNorm<C, f32, Device> {
    fn layer(&self, sample: layers::Shape) -> BatchNormLayer {
        let averaging = Averaging { momentum: self.momentum, unbiased: self.correction == 1 };
        let settings = layers::batch_norm::Settings { eps: self.eps, averaging };
        BatchNormLayer::with_running_statistics(sample, settings, values(&self.running_mean), values(&self.running_variance))
    }
}

impl<const C: usize, X: Channels<C, Tape = NoneTape>> Module<X> for BatchNorm<C, f32, Device> {
    type Output = X;
    type Error = DeviceError;

    fn try_forward(&self, x: X) -> Result<X, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let (form, (samples, sample)) = (x.form(), x.samples());
            Operation { layer: self.layer(sample), parameters: (&self.gamma, &self.beta), samples }.apply(x, form)
        }
        #[cfg(feature = "cuda")]
        {
            let x = x.tensor();
            let shape = *x.shape();
            let deviation = self.running_variance.clone().try_add(self.eps)?.try_sqrt()?;
            let scale = self.gamma.clone().try_div(deviation)?.try_broadcast_like(&shape)?;
            let centred = x.try_sub(self.running_mean.clone().try_broadcast_like(&shape)?)?;
            centred.try_mul(scale)?.try_add(self.beta.clone().try_broadcast_like(&shape)?).map(X::of)
        }
    }
}

impl<const C: usize, X: Channels<C, Tape = OwnedTape<f32, Device>>> ModuleMut<X> for BatchNorm<C, f32, Device> {
    type Output = X;
    type Error = DeviceError;

    fn try_forward_mut(&mut self, x: X) -> Result<X, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let (form, (samples, sample)) = (x.form(), x.samples());
            let operation = Operation { layer: self.layer(sample), parameters: (&self.gamma, &self.beta), samples };
            operation.apply_and_look(x, form, |layer| {
                for ((_, values), running) in
                    layer.buffers().into_iter().zip([&mut self.running_mean, &mut self.running_variance])
                {
                    running.copy_from(values);
                }
            })
        }
        #[cfg(feature = "cuda")]
        {
            let x = x.tensor();
            let shape = *x.shape();
            let n = shape.num_elements() as f64 / C as f64;
            let momentum = f64::from(self.momentum);
            let batch_mean = x.retaped::<X::Tape>().try_mean::<Rank1<C>, _>()?;
            self.running_mean.try_axpy(momentum, &batch_mean, 1.0 - momentum)?;
            let centred = x.try_sub(batch_mean.try_broadcast_like(&shape)?)?;
            let batch_variance = centred.retaped::<X::Tape>().try_square()?.try_mean::<Rank1<C>, _>()?;
            let correction = if self.correction == 1 && n > 1.0 { n / (n - 1.0) } else { 1.0 };
            self.running_variance.try_axpy(momentum, &batch_variance, (1.0 - momentum) * correction)?;
            let deviation = batch_variance.try_add(self.eps)?.try_sqrt()?;
            let scale = self.gamma.retaped::<X::Tape>().try_div(deviation)?.try_broadcast_like(&shape)?;
            centred.try_mul(scale)?.try_add(self.beta.retaped::<X::Tape>().try_broadcast_like(&shape)?).map(X::of)
        }
    }
}
