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
mod image;
mod linear;
mod network;
mod parameters;
pub mod sequential;

pub use activations::{Activate, Elu, HardLogistic, HardTanh, LeakyRelu, Logistic, Relu, Softplus, Swish, Tanh};
pub use image::{Conv2d, Flatten, Image, MaxPool2d};
pub use linear::{Linear, builder};
pub use network::{Network, initialize};
pub use sequential::Sequential;
