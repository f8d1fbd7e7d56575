//! Differentiable operations on dfdx's tape: one function each, forward and backward side by side.
//!
//! On a CPU the values come from [`kernels`](crate::kernels), whose bits are promised. With the `cuda` feature tensors live on the GPU
//! and each operation is composed of dfdx's own primitives; bits are not promised there.

mod activate;
mod batch_norm;
mod dropout;
mod image;
mod layer_norm;
mod linear;
mod loss;

pub use activate::activate;
pub use batch_norm::{Affine, Channels, Running, batch_norm, batch_norm_evaluation};
pub use dropout::dropout;
pub use image::{Images, Sliding, conv2d, flatten, image, max_pool2d};
pub use layer_norm::{layer_norm, layer_norm_images};
pub use linear::linear;
pub use loss::loss;

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

/// The values of a tensor, which must be contiguous: every tensor that our operations and layers make is.
pub(crate) fn values<S: dfdx::shapes::Shape, T>(tensor: &Tensor<S, T>) -> Vec<f32> {
    use dfdx::shapes::HasShape;
    let mut values = vec![0.0; tensor.shape().num_elements()];
    tensor.copy_into(&mut values);
    values
}

/// Adds a gradient to what a tensor has already received. The first one is taken as it is, so that a negative zero keeps its sign.
#[cfg(not(feature = "cuda"))]
fn accumulate(received: &mut [f32], gradient: &[f32]) {
    for (sum, g) in received.iter_mut().zip(gradient) {
        *sum = if *sum == 0.0 { *g } else { *sum + g };
    }
}
