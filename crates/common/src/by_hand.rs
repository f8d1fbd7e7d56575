//! Two linear layers whose passes a section writes out by hand, as the training loop sees them.

use crate::{
    data::Labels,
    kernels::{Loss, loss::Targets},
    layers::{self, Linear, LinearGradients},
    matrix::Matrix,
    parameters::{Initialization, Parameter, Parameters},
    rng::Stream,
    train::{Network, ParameterTensor},
};
use anyhow::Result;
use std::marker::PhantomData;

/// The passes of a network of two linear layers.
pub trait Passes: Send {
    /// What is minimised.
    const LOSS: Loss;

    /// The outputs for each row of `x`.
    fn forward(layers: &[Linear; 2], x: &Matrix) -> Matrix;

    /// The same, and the gradients of the loss with respect to the parameters of both layers.
    fn forward_backward(layers: &[Linear; 2], x: &Matrix, targets: Targets) -> (Matrix, [LinearGradients; 2]);
}

/// Two linear layers with hand-written passes. Its tensors have the names that they have in a chain, where activations count as layers.
#[derive(Debug, Clone)]
pub struct ByHand<P> {
    /// The linear layers.
    pub layers: [Linear; 2],
    /// Their gradients for the last training batch.
    gradients: [LinearGradients; 2],
    /// The outputs for it.
    outputs: Matrix,
    passes: PhantomData<P>,
}

/// The names of weight and bias of both layers.
const NAMES: [[&str; 2]; 2] = [["0.weight", "0.bias"], ["2.weight", "2.bias"]];

impl<P: Passes> ByHand<P> {
    /// A network of the given widths, drawn layer by layer, weights before biases.
    #[must_use]
    pub fn draw([inputs, hidden, outputs]: [usize; 3], init: Initialization, weights: &mut Stream) -> Self {
        let mut draw = |fan_in, fan_out| Linear::draw(fan_in, fan_out, init, weights);
        Self::new([draw(inputs, hidden), draw(hidden, outputs)])
    }

    /// A network of the given layers.
    #[must_use]
    pub fn new(layers: [Linear; 2]) -> Self {
        let gradients = layers.each_ref().map(|Linear { weight, bias }| LinearGradients {
            dweight: Matrix::zeros(weight.rows(), weight.columns()),
            dbias: vec![0.0; bias.len()],
        });
        Self { layers, gradients, outputs: Matrix::default(), passes: PhantomData }
    }
}

/// Weights and biases of both layers, or their gradients, by their names.
fn named(layers: [(&Matrix, &Vec<f32>); 2]) -> Parameters {
    let tensors = layers.into_iter().zip(NAMES).flat_map(|((weight, bias), names)| {
        let [weight_name, bias_name] = names.map(str::to_owned);
        let shape = vec![weight.rows(), weight.columns()];
        let weight = Parameter { name: weight_name, shape, values: weight.values().to_vec() };
        [weight, Parameter { name: bias_name, shape: vec![bias.len()], values: bias.clone() }]
    });
    Parameters(tensors.collect())
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
        for ((layer, gradients), [weight, bias]) in self.layers.iter_mut().zip(&mut self.gradients).zip(NAMES) {
            let (values, gradient) = (layer.weight.values_mut(), gradients.dweight.values_mut());
            look(ParameterTensor { name: weight, values, gradient });
            look(ParameterTensor { name: bias, values: &mut layer.bias, gradient: &mut gradients.dbias });
        }
        Ok(())
    }

    fn parameters(&self) -> Parameters {
        named(self.layers.each_ref().map(|layer| (&layer.weight, &layer.bias)))
    }

    fn gradients(&self) -> Parameters {
        named(self.gradients.each_ref().map(|gradients| (&gradients.dweight, &gradients.dbias)))
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        for (Linear { weight, bias }, names) in self.layers.iter_mut().zip(NAMES) {
            let shape = [weight.rows(), weight.columns()];
            weight.values_mut().copy_from_slice(&parameters.get(names[0], &shape)?.values);
            bias.copy_from_slice(&parameters.get(names[1], &[shape[1]])?.values);
        }
        Ok(())
    }
}
