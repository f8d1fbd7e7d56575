//! Two linear layers whose passes a section writes out by hand, as the training loop sees them.

use anyhow::Result;
use common::{
    data::Labels,
    kernels::{Loss, loss::Targets},
    layers::{self, Linear, LinearGradients},
    matrix::Matrix,
    parameters::{Initialization, Parameter, Parameters},
    rng::Stream,
    train::{Network, ParameterTensor},
};
use std::marker::PhantomData;

/// The passes of a network of two linear layers.
pub(crate) trait Passes: Send {
    /// What is minimised.
    const LOSS: Loss;

    /// The outputs for each row of `x`.
    fn forward(layers: &[Linear; 2], x: &Matrix) -> Matrix;

    /// The same, and the gradients of the loss with respect to the parameters of both layers.
    fn forward_backward(layers: &[Linear; 2], x: &Matrix, targets: Targets) -> (Matrix, [LinearGradients; 2]);
}

/// Two linear layers with hand-written passes. Its tensors have the names that they have in a chain, where activations count as layers.
#[derive(Debug, Clone)]
pub(crate) struct ByHand<P> {
    /// The linear layers.
    pub(crate) layers: [Linear; 2],
    /// Their gradients for the last training batch.
    gradients: [LinearGradients; 2],
    /// The outputs for it.
    outputs: Matrix,
    passes: PhantomData<P>,
}

impl<P: Passes> ByHand<P> {
    /// A network of the given widths: weights from N(0, 1), biases zero.
    pub(crate) fn draw([inputs, hidden, outputs]: [usize; 3], weights: &mut Stream) -> Self {
        let mut draw = |fan_in, fan_out| Linear::draw(fan_in, fan_out, Initialization::STANDARD_NORMAL, weights);
        Self::new([draw(inputs, hidden), draw(hidden, outputs)])
    }

    /// A network of the given layers.
    pub(crate) fn new(layers: [Linear; 2]) -> Self {
        let gradients = layers.each_ref().map(|Linear { weight, bias }| LinearGradients {
            dweight: Matrix::zeros(weight.rows(), weight.columns()),
            dbias: vec![0.0; bias.len()],
        });
        Self { layers, gradients, outputs: Matrix::zeros(0, 0), passes: PhantomData }
    }
}

/// The name of a tensor of linear layer number `l`.
fn name(l: usize, tensor: &str) -> String {
    format!("{}.{tensor}", 2 * l)
}

/// Weights and biases of both layers by their names.
fn named<'a>(tensors: impl Iterator<Item = (&'a Matrix, &'a Vec<f32>)>) -> Parameters {
    let both = tensors.enumerate().flat_map(|(l, (weight, bias))| {
        let shape = vec![weight.rows(), weight.columns()];
        let weight = Parameter { name: name(l, "weight"), shape, values: weight.values().to_vec() };
        [weight, Parameter { name: name(l, "bias"), shape: vec![bias.len()], values: bias.clone() }]
    });
    Parameters(both.collect())
}

impl<P: Passes> Network for ByHand<P> {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        Ok(P::forward(&self.layers, x))
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        layers::loss(P::LOSS, outputs, labels.targets())
    }

    fn forward_backward(&mut self, x: &Matrix, labels: &Labels) -> Result<()> {
        (self.outputs, self.gradients) = P::forward_backward(&self.layers, x, labels.targets());
        Ok(())
    }

    fn batch_outputs(&self) -> &Matrix {
        &self.outputs
    }

    fn visit_parameters(&mut self, look: &mut dyn FnMut(ParameterTensor)) -> Result<()> {
        for (l, (layer, gradients)) in self.layers.iter_mut().zip(&mut self.gradients).enumerate() {
            let (values, gradient) = (layer.weight.values_mut(), gradients.dweight.values_mut());
            look(ParameterTensor { name: &name(l, "weight"), values, gradient });
            look(ParameterTensor { name: &name(l, "bias"), values: &mut layer.bias, gradient: &mut gradients.dbias });
        }
        Ok(())
    }

    fn parameters(&self) -> Parameters {
        named(self.layers.iter().map(|layer| (&layer.weight, &layer.bias)))
    }

    fn gradients(&self) -> Parameters {
        named(self.gradients.iter().map(|gradients| (&gradients.dweight, &gradients.dbias)))
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        for (l, Linear { weight, bias }) in self.layers.iter_mut().enumerate() {
            let shape = [weight.rows(), weight.columns()];
            weight.values_mut().copy_from_slice(&parameters.get(&name(l, "weight"), &shape)?.values);
            let shape = [bias.len()];
            bias.copy_from_slice(&parameters.get(&name(l, "bias"), &shape)?.values);
        }
        Ok(())
    }
}
