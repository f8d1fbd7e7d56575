//! Layers for dfdx's tuple models, made of [`ops`](crate::ops).
//!
//! ```
//! use common::{nn, ops::Device};
//! use dfdx::{nn::{DeviceBuildExt, Module}, shapes::Rank2, tensor::{AsArray, ZerosTensor}};
//!
//! type Mlp = (nn::builder::Linear<2, 5>, nn::Logistic, nn::builder::Linear<5, 1>, nn::Logistic);
//!
//! let device = Device::default();
//! let mlp = device.build_module::<Mlp, f32>();
//! let probabilities = mlp.forward(device.zeros::<Rank2<3, 2>>());
//! assert_eq!(probabilities.array(), [[0.5]; 3]);
//! ```

mod activations;
mod batch_norm;
mod dropout;
mod image;
mod layer_norm;
mod linear;
pub mod models;
mod network;
mod parameters;
pub mod sequential;

/// The names of layers in a model's type, before it is built on a device.
pub mod builder {
    pub use super::{
        batch_norm::builder::BatchNorm,
        layer_norm::builder::{LayerNorm, LayerNorm2d},
        linear::builder::{Conv2d, Linear},
    };
}

pub use activations::{Activate, Elu, HardLogistic, HardTanh, LeakyRelu, Logistic, Relu, Softplus, Swish, Tanh};
pub use batch_norm::BatchNorm;
pub use dropout::Dropout;
pub use image::{Conv2d, Flatten, Image, MaxPool2d};
pub use layer_norm::{LayerNorm, LayerNorm2d};
pub use linear::Linear;
pub use network::{Network, initialize};
pub use sequential::Sequential;
