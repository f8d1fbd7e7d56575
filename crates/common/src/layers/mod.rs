//! Layers: what each computes forward and, directly beneath, its gradient, on slices.
//!
//! A layer owns neither its parameters nor its output; both lie where the driver has put them. Three drivers use it: a section by hand, through
//! [`Linear`], [`Activate`] and the functions of [`loss`](mod@loss); dfdx's tape ([`tape`](crate::tape)); and the [`chain`](crate::chain). All give the
//! same bits.

pub mod activation;
pub mod batch_norm;
pub mod conv2d;
pub mod dropout;
pub mod images;
pub mod layer_norm;
pub mod linear;
pub mod loss;
pub mod max_pool2d;
#[cfg(test)]
mod testing;

pub use activation::Activate;
pub use dropout::Masks;
pub use linear::{Linear, LinearGradients};
pub use loss::{LossFunction, loss, loss_backward};

use crate::kernels::{Activation, lanes};
use std::fmt::Debug;

/// ε of batch and layer normalisation in the book's operators, sections 7.5.1 and 7.5.2, inside the root; its library has 1e-5.
pub const NORMALIZATION_EPSILON: f32 = 1e-7;

/// The shape of a sample between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A row of so many features; a batch is row-major, one row per sample.
    Features(usize),
    /// An image; a batch is in [`lanes`], sixteen samples side by side.
    Image {
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
}

impl Shape {
    /// Values of a sample.
    #[must_use]
    pub fn features(self) -> usize {
        match self {
            Self::Features(features) => features,
            Self::Image { channels, height, width } => channels * height * width,
        }
    }

    /// Values that a batch of `samples` takes in memory.
    #[must_use]
    pub fn size(self, samples: usize) -> usize {
        match self {
            Self::Features(features) => samples * features,
            Self::Image { .. } => lanes::size(samples, self.features()),
        }
    }
}

/// Name and shape of a parameter tensor.
pub type TensorShape = (&'static str, Vec<usize>);

/// What a layer computes from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The layer's own parameters, laid end to end.
    pub parameters: &'a [f32],
    /// The batch.
    pub x: &'a [f32],
    /// Samples of the batch.
    pub samples: usize,
}

/// What the forward pass gave, and what comes back.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    /// The output.
    pub y: &'a [f32],
    /// Its gradient.
    pub dy: &'a [f32],
}

/// Where the backward pass writes; everything is overwritten.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// The gradient of the input; none if nobody asks for it.
    pub dx: Option<&'a mut [f32]>,
    /// The gradients of the parameters, laid end to end.
    pub dparameters: &'a mut [f32],
}

/// A layer.
///
/// What its backward pass needs beside input and output (the statistics of a batch, a mask), it keeps from [`Layer::forward_training`] on.
pub trait Layer: CloneLayer + Debug + Send + Sync {
    /// The shape of a sample behind the layer.
    fn output_shape(&self) -> Shape;

    /// Its name in a diagram of the network; empty if it needs none.
    fn caption(&self) -> String {
        String::new()
    }

    /// The parameter tensors, in the order in which they lie.
    fn parameter_shapes(&self) -> Vec<TensorShape> {
        Vec::new()
    }

    /// Sets the parameters that are not drawn and do not start at zero, such as γ.
    fn initialize(&self, _parameters: &mut [f32]) {}

    /// Computes y, as when the network is used.
    fn forward(&self, input: Input, y: &mut [f32]);

    /// Computes y, as when the network is trained.
    fn forward_training(&mut self, input: Input, y: &mut [f32]) {
        self.forward(input, y);
    }

    /// Computes the gradients of the input and of the parameters, for the batch of the last [`Layer::forward_training`].
    fn backward(&mut self, input: Input, output: Output, gradients: Gradients);

    /// Whether the backward pass reads y.
    fn reads_output(&self) -> bool {
        false
    }

    /// The activation function that it is, if it is nothing else.
    fn activation(&self) -> Option<Activation> {
        None
    }

    /// A layer that gives what `before` and then this one would, bit for bit, without the values between them; none if there is no such layer.
    ///
    /// Neither of the two may have parameters or keep anything.
    fn merged_with(&self, _before: &dyn Layer) -> Option<Box<dyn Layer>> {
        None
    }

    /// What it keeps from batch to batch and does not train, such as running statistics: name and values.
    fn buffers(&self) -> Vec<(&'static str, &[f32])> {
        Vec::new()
    }

    /// The same, to be overwritten.
    fn buffers_mut(&mut self) -> Vec<(&'static str, &mut [f32])> {
        Vec::new()
    }
}

/// A copy of a layer behind a pointer.
pub trait CloneLayer {
    /// The copy.
    fn clone_layer(&self) -> Box<dyn Layer>;
}

impl<L: Layer + Clone + 'static> CloneLayer for L {
    fn clone_layer(&self) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Layer> {
    fn clone(&self) -> Self {
        (**self).clone_layer()
    }
}
