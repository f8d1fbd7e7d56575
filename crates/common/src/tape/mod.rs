//! dfdx's tape: every layer as one operation on it, and dfdx modules around these, so that tuple models, shapes checked at compile time, `trace`,
//! `backward` and dfdx's optimisers work as in dfdx's own examples.
//!
//! ```
//! use common::tape::{self, Device};
//! use dfdx::{nn::{DeviceBuildExt, Module}, shapes::Rank2, tensor::{AsArray, ZerosTensor}};
//!
//! type Mlp = (tape::builder::Linear<2, 5>, tape::Logistic, tape::builder::Linear<5, 1>, tape::Logistic);
//!
//! let device = Device::default();
//! let mlp = device.build_module::<Mlp, f32>();
//! let probabilities = mlp.forward(device.zeros::<Rank2<3, 2>>());
//! assert_eq!(probabilities.array(), [[0.5]; 3]);
//! ```
//!
//! On a CPU the values come from the [`layers`](crate::layers), whose bits are promised. With the `cuda` feature tensors live on the GPU and each operation
//! is composed of dfdx's own primitives; bits are not promised there.

mod activations;
#[cfg(not(feature = "cuda"))]
mod adapter;
mod batch_norm;
mod dropout;
mod images;
mod layer_norm;
mod linear;
mod loss;
#[cfg(not(feature = "cuda"))]
mod memory;
mod model;
#[cfg(not(feature = "cuda"))]
mod operations;
#[cfg(feature = "cuda")]
#[path = "composed.rs"]
mod operations;
mod parameters;

/// The names of layers in a model's type, before it is built on a device.
pub mod builder {
    pub use super::{
        batch_norm::builder::BatchNorm,
        layer_norm::builder::{LayerNorm, LayerNorm2d},
        linear::builder::{Conv2d, Linear},
    };
}

pub use activations::{
    Activate, Elementwise, Elu, Function, HardLogistic, HardTanh, LeakyRelu, Logistic, Relu, Softplus, Swish, Tanh, functions,
};
#[cfg(not(feature = "cuda"))]
pub use adapter::Constant;
pub use batch_norm::BatchNorm;
pub use dropout::Dropout;
pub use images::{Conv2d, Flatten, Image, Images, MaxPool2d};
pub use layer_norm::{LayerNorm, LayerNorm2d};
pub use linear::Linear;
pub use loss::loss;
pub use model::{Model, initialize};
#[cfg(not(feature = "cuda"))]
pub use operations::activate_images;
pub use operations::{
    activate, batch_norm, batch_norm_evaluation, batch_norm_images, batch_norm_images_evaluation, conv2d, dropout, flatten,
    image, image_of_constant, layer_norm, layer_norm_images, linear, linear_of_constant, max_pool2d,
};

use crate::kernels::batch_norm::Averaging;
use dfdx::shapes::{Rank1, Shape};

/// The device that tensors live on: the CPU, or the GPU with the `cuda` feature.
#[cfg(not(feature = "cuda"))]
pub type Device = dfdx::tensor::Cpu;
/// The device that tensors live on: the CPU, or the GPU with the `cuda` feature.
#[cfg(feature = "cuda")]
pub type Device = dfdx::tensor::Cuda;

/// The error of a device: out of memory, or a launch that failed.
pub type DeviceError = <Device as dfdx::tensor::HasErr>::Err;

/// A tensor of f32 values on the device.
pub type Tensor<S, T = dfdx::tensor::NoneTape> = dfdx::tensor::Tensor<S, f32, Device, T>;

/// A batch whose gradient nobody asks for, such as the inputs of a network that is trained.
#[cfg(feature = "cuda")]
#[derive(Debug, Clone)]
pub struct Constant<X>(pub X);

/// How a kernel or window moves over an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sliding {
    /// Rows and columns of the kernel or window.
    pub kernel: usize,
    /// Positions between two neighbouring results.
    pub stride: usize,
    /// Zeros around the image, on every side.
    pub padding: usize,
}

/// The parameters of a normalisation, γ and β, and its ε.
#[derive(Debug, Clone, Copy)]
pub struct Affine<'a, S: Shape> {
    /// γ.
    pub gamma: &'a Tensor<S>,
    /// β.
    pub beta: &'a Tensor<S>,
    /// ε, inside the root.
    pub eps: f32,
}

/// The running statistics of a batch normalisation.
#[derive(Debug)]
pub struct RunningStatistics<'a, const C: usize> {
    /// Mean of each channel.
    pub mean: &'a mut Tensor<Rank1<C>>,
    /// Variance of each channel.
    pub variance: &'a mut Tensor<Rank1<C>>,
    /// How training batches move them.
    pub averaging: Averaging,
}

/// The values of a tensor, which must be contiguous: every tensor that our operations and layers make is.
pub(crate) fn values<S: Shape, T>(tensor: &Tensor<S, T>) -> Vec<f32> {
    use dfdx::shapes::HasShape;
    let mut values = vec![0.0; tensor.shape().num_elements()];
    tensor.copy_into(&mut values);
    values
}
