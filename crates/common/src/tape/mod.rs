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
#![cfg_attr(feature = "cuda", allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU"))]

mod activations;
mod batch_norm;
#[cfg_attr(not(feature = "cuda"), path = "cpu.rs")]
#[cfg_attr(feature = "cuda", path = "gpu.rs")]
mod device;
mod dropout;
mod images;
mod layer_norm;
mod linear;
mod loss;
#[cfg(not(feature = "cuda"))]
mod memory;
mod model;
mod parameters;

/// The names of layers in a model's type, before it is built on a device.
pub mod builder {
    pub use super::{
        batch_norm::builder::BatchNorm,
        images::builder::Conv2d,
        layer_norm::builder::{LayerNorm, LayerNorm2d},
        linear::builder::Linear,
    };
}

pub use activations::{
    Activate, Elementwise, Elu, Function, HardLogistic, HardTanh, LeakyRelu, Logistic, Relu, Softplus, Swish, Tanh, functions,
};
pub use batch_norm::{BatchNorm, Channels};
#[cfg(not(feature = "cuda"))]
pub use device::Key;
pub use device::{Batch, Flow};
pub use dropout::Dropout;
pub use images::{Conv2d, Flatten, Image, Images, MaxPool2d};
pub use layer_norm::{LayerNorm, LayerNorm2d};
pub use linear::Linear;
pub use loss::loss;
pub use model::{Model, initialize};

use dfdx::{
    shapes::{Const, Dim, Shape},
    tensor::Tape,
};

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

/// A batch of rows of `F` features.
pub trait Rows<const F: usize>: Batch<Shape = (Self::Samples, Const<F>)> {
    /// The number of rows.
    type Samples: Dim;
    /// What a layer with `O` outputs makes of it.
    type Of<const O: usize>: Rows<O, Samples = Self::Samples, Tape = Self::Tape>;
}

impl<B: Dim, const F: usize, T: Tape<f32, Device>> Rows<F> for Tensor<(B, Const<F>), T> {
    type Samples = B;
    type Of<const O: usize> = Tensor<(B, Const<O>), T>;
}

#[cfg(not(feature = "cuda"))]
impl<B: Dim, const F: usize, T: Tape<f32, Device>> Rows<F> for Flow<(B, Const<F>), T> {
    type Samples = B;
    type Of<const O: usize> = Flow<(B, Const<O>), T>;
}

/// The values of a tensor, which must be contiguous: every tensor that our operations and layers make is.
pub(crate) fn values<S: Shape, T>(tensor: &Tensor<S, T>) -> Vec<f32> {
    let mut copy = Vec::new();
    copy_values(tensor, &mut copy);
    copy
}

/// The same, in place of what `copy` held.
fn copy_values<S: Shape, T>(tensor: &Tensor<S, T>, copy: &mut Vec<f32>) {
    use dfdx::shapes::HasShape;
    copy.resize(tensor.shape().num_elements(), 0.0);
    tensor.copy_into(copy);
}
