//! Slices in, slices out: the arithmetic behind every printed number.
//!
//! Each kernel states the order of its operations; that order is the contract (NUMERICS.md). Every fast kernel
//! has a slow, obvious twin in its `reference` function, and a test that the two agree bit for bit on every
//! instruction set the machine has.

pub mod activation;
pub mod batch_norm;
mod buffer;
pub mod conv2d;
pub mod dropout;
pub mod functions;
pub mod fused;
pub mod isa;
pub mod lanes;
pub mod layer_norm;
pub mod loss;
pub mod matmul;
pub mod max_pool;
pub mod reduce;
#[cfg(any(test, feature = "exhaustive"))]
pub mod verify;

pub use activation::Activation;
pub(crate) use buffer::Buffer;
pub use conv2d::Conv2d;
pub use loss::Loss;
pub use matmul::{View, matmul};
pub use max_pool::MaxPool2d;
