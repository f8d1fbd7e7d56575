//! A network with its loss, as training sees it.

use crate::{
    data::Labels,
    matrix::Matrix,
    optim::{Counting, Optimizer, Trainable},
    parameters::Parameters,
};
use anyhow::Result;

/// A trained tensor and the gradient of the loss with respect to it, both row-major and both to be changed.
#[derive(Debug)]
pub struct ParameterTensor<'a> {
    /// Its place in the network: layer and `weight`, `bias`, `gamma` or `beta`.
    pub name: &'a str,
    /// θ.
    pub values: &'a mut [f32],
    /// ∂R/∂θ of the last batch.
    pub gradient: &'a mut [f32],
}

/// What may go to another thread. dfdx's tensors on a GPU may not; there, one thread does everything.
#[cfg(not(feature = "cuda"))]
pub trait Movable: Send {}
#[cfg(not(feature = "cuda"))]
impl<T: Send + ?Sized> Movable for T {}

/// What may go to another thread. dfdx's tensors on a GPU may not; there, one thread does everything.
#[cfg(feature = "cuda")]
pub trait Movable {}
#[cfg(feature = "cuda")]
impl<T: ?Sized> Movable for T {}

/// A network with its loss, whichever driver runs its layers.
pub trait Network: Movable {
    /// The outputs for each row of `x`, as when the network is used, not trained: batch × outputs.
    ///
    /// # Errors
    /// If the device that tensors live on fails.
    fn outputs(&self, x: &Matrix) -> Result<Matrix>;

    /// The loss of given outputs.
    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32;

    /// Forward and backward pass over a training batch; keeps outputs and gradients.
    ///
    /// # Errors
    /// If the device that tensors live on fails.
    fn forward_backward(&mut self, x: &Matrix, labels: &Labels) -> Result<()>;

    /// The outputs for the batch of the last [`Network::forward_backward`].
    fn batch_outputs(&self) -> &Matrix;

    /// The loss of that batch, whose labels are given once more.
    fn batch_loss(&self, labels: &Labels) -> f32 {
        self.loss(self.batch_outputs(), labels)
    }

    /// Shows each trained tensor with its gradient, layer by layer.
    ///
    /// # Errors
    /// If the device that tensors live on fails.
    fn visit_parameters(&mut self, look: &mut dyn FnMut(ParameterTensor)) -> Result<()>;

    /// All trained parameters with their gradients as one stretch of memory, in the order of [`Network::visit_parameters`]; none if they do not lie so.
    fn contiguous_parameters(&mut self) -> Option<Trainable<'_>> {
        None
    }

    /// A copy of all parameters, running statistics among them.
    fn parameters(&self) -> Parameters;

    /// Shows the values of all parameters, in the order of [`Network::parameters`].
    fn look_at_values(&self, look: &mut dyn FnMut(&[f32])) {
        self.parameters().0.iter().for_each(|parameter| look(&parameter.values));
    }

    /// A copy of the gradients of the last [`Network::forward_backward`].
    fn gradients(&self) -> Parameters;

    /// Takes over the values of `parameters`.
    ///
    /// # Errors
    /// If one is missing or has another shape.
    fn load(&mut self, parameters: &Parameters) -> Result<()>;
}

/// Moves the parameters of a network one step of the optimiser along the gradients of the last [`Network::forward_backward`].
///
/// # Errors
/// If the device that tensors live on fails.
pub fn update(network: &mut (impl Network + ?Sized), optimizer: &mut Optimizer, learning_rate: f32) -> Result<()> {
    // Elements do not know of each other: but for a t that counts tensors, one pass over all of them moves the same bits.
    if optimizer.counts() == Counting::PerStep
        && let Some(Trainable { parameter, gradient }) = network.contiguous_parameters()
    {
        optimizer.step(learning_rate, parameter, gradient);
        return Ok(());
    }
    let mut step = optimizer.begin_step(learning_rate);
    network.visit_parameters(&mut |tensor| {
        step.tensor(Trainable { parameter: tensor.values, gradient: tensor.gradient });
    })?;
    step.end();
    Ok(())
}

impl<N: Network + ?Sized> Network for Box<N> {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        (**self).outputs(x)
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        (**self).loss(outputs, labels)
    }

    fn forward_backward(&mut self, x: &Matrix, labels: &Labels) -> Result<()> {
        (**self).forward_backward(x, labels)
    }

    fn batch_outputs(&self) -> &Matrix {
        (**self).batch_outputs()
    }

    fn batch_loss(&self, labels: &Labels) -> f32 {
        (**self).batch_loss(labels)
    }

    fn visit_parameters(&mut self, look: &mut dyn FnMut(ParameterTensor)) -> Result<()> {
        (**self).visit_parameters(look)
    }

    fn contiguous_parameters(&mut self) -> Option<Trainable<'_>> {
        (**self).contiguous_parameters()
    }

    fn parameters(&self) -> Parameters {
        (**self).parameters()
    }

    fn look_at_values(&self, look: &mut dyn FnMut(&[f32])) {
        (**self).look_at_values(look);
    }

    fn gradients(&self) -> Parameters {
        (**self).gradients()
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        (**self).load(parameters)
    }
}
