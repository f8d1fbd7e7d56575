//! A feed-forward network of hand-derived operators.

use super::{Clipping, Linear, LinearGradients, Regularization, activate, loss, loss_backward_into, passes::Passes};
use crate::{
    data::Labels,
    kernels::{Activation, Loss, reduce},
    matrix::Matrix,
    optim::{Optimizer, State, Trainable},
    parameters::{Initialization, Parameter, Parameters},
    rng::Stream,
    train::{Learner, Pass},
};
use anyhow::Result;

/// An affine layer and the activation function behind it: a = f(x W + b).
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The affine part.
    pub linear: Linear,
    /// f.
    pub activation: Activation,
}

impl Layer {
    /// A layer of `inputs` × `outputs` whose weight, then bias, is drawn from `stream`.
    #[must_use]
    pub fn draw((inputs, outputs): (usize, usize), activation: Activation, init: Initialization, stream: &mut Stream) -> Self {
        let weight = Matrix::new(inputs, outputs, init.weight.draw(&[inputs, outputs], stream));
        let bias = init.bias.draw(&[outputs], stream);
        Self { linear: Linear { weight, bias }, activation }
    }
}

/// A feed-forward network with its loss and optimiser, trained by hand-derived backpropagation, book section 4.2.4.
///
/// The passes allocate nothing: gradients and what a pass leaves stay where they are.
#[derive(Debug, Clone)]
pub struct Network<O> {
    layers: Vec<Layer>,
    loss: Loss,
    optimizer: O,
    regularization: Regularization,
    gradients: Vec<LinearGradients>,
    passes: Passes,
}

impl<O: Optimizer> Network<O> {
    /// A network of the given layers.
    #[must_use]
    pub fn new(layers: Vec<Layer>, loss: Loss, optimizer: O) -> Self {
        let gradients = layers.iter().map(|layer| LinearGradients::zeros(&layer.linear)).collect();
        let passes = Passes::new(layers.len(), false);
        Self { layers, loss, optimizer, regularization: Regularization::default(), gradients, passes }
    }

    /// The same network, regularised in training.
    #[must_use]
    pub fn regularized(self, regularization: Regularization) -> Self {
        let passes = Passes::new(self.layers.len(), regularization.dropout.is_some());
        Self { regularization, passes, ..self }
    }

    /// The layers.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The gradients of the last [`Learner::learn`], layer by layer; zeros before it.
    /// The optimiser, for a change of its learning rate.
    pub fn optimizer_mut(&mut self) -> &mut O {
        &mut self.optimizer
    }

    /// The gradients of the last [`Learner::learn`], layer by layer.
    #[must_use]
    pub fn gradients(&self) -> &[LinearGradients] {
        &self.gradients
    }

    /// The passes of [`Learner::learn`] without the loss and a copy of the outputs.
    pub fn backpropagate(&mut self, x: &Matrix, labels: &Labels) {
        let Self { layers, regularization, gradients, passes, .. } = self;
        passes.forward(x, layers, regularization.dropout.as_mut());
        let (outputs, doutputs) = passes.outputs_and_gradient(x);
        loss_backward_into(self.loss, outputs, labels.targets(), doutputs);
        passes.backward(x, layers, regularization.dropout.as_ref().map(|(dropout, _)| *dropout), gradients);
        regularization.add_gradients(layers, gradients, x.rows());
    }

    /// Limits the gradients of the last [`Learner::learn`] before they are used.
    pub fn clip(&mut self, clipping: Clipping) {
        clipping.apply(&mut self.gradients);
    }
}

impl<O: Optimizer> Learner for Network<O> {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        let mut a = None;
        for layer in &self.layers {
            let z = layer.linear.forward(a.as_ref().unwrap_or(x));
            a = Some(activate(layer.activation, &z));
        }
        Ok(a.unwrap_or_else(|| x.clone()))
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        loss(self.loss, outputs, labels.targets())
    }

    fn learn(&mut self, x: &Matrix, labels: &Labels) -> Result<Pass> {
        self.backpropagate(x, labels);
        let outputs = self.passes.outputs(x).clone();
        let loss = self.regularization.penalized(self.loss(&outputs, labels), &self.layers, x.rows());
        Ok(Pass { loss, outputs })
    }

    fn update(&mut self) -> Result<()> {
        self.regularization.decay(&mut self.layers);
        let tensors = self.layers.iter_mut().zip(&self.gradients).flat_map(|(layer, LinearGradients { dweight, dbias })| {
            let Linear { weight, bias } = &mut layer.linear;
            let weight = Trainable { parameter: weight.values_mut(), gradient: dweight.values() };
            [weight, Trainable { parameter: bias, gradient: dbias }]
        });
        self.optimizer.step_tensors(&mut tensors.collect::<Vec<_>>());
        Ok(())
    }

    fn parameters(&self) -> Parameters {
        parameters_of(&self.layers)
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        load_into(&mut self.layers, parameters)
    }

    fn optimizer_state(&self) -> State {
        self.optimizer.state()
    }

    fn load_optimizer_state(&mut self, state: &State) -> Result<()> {
        self.optimizer.load_state(state)
    }

    fn weight_gradient_norms(&self) -> Vec<f32> {
        self.gradients.iter().map(|gradients| reduce::norm(gradients.dweight.values())).collect()
    }

    fn bias_gradient_norms(&self) -> Vec<f32> {
        self.gradients.iter().map(|gradients| reduce::norm(&gradients.dbias)).collect()
    }
}

/// A copy of the parameters of `layers`, under the names that a tuple of layers and activations gives them.
pub(crate) fn parameters_of(layers: &[Layer]) -> Parameters {
    let parameters = layers.iter().enumerate().flat_map(|(l, Layer { linear: Linear { weight, bias }, .. })| {
        let shape = vec![weight.rows(), weight.columns()];
        [
            Parameter { name: weight_name(l), shape, values: weight.values().to_vec() },
            Parameter { name: bias_name(l), shape: vec![bias.len()], values: bias.clone() },
        ]
    });
    Parameters(parameters.collect())
}

/// Overwrites the parameters of `layers` by those of the same names.
///
/// # Errors
/// If one is missing or has another shape.
pub(crate) fn load_into(layers: &mut [Layer], parameters: &Parameters) -> Result<()> {
    for (l, Layer { linear: Linear { weight, bias }, .. }) in layers.iter_mut().enumerate() {
        let shape = [weight.rows(), weight.columns()];
        weight.values_mut().copy_from_slice(&parameters.get(&weight_name(l), &shape)?.values);
        bias.clone_from(&parameters.get(&bias_name(l), &[bias.len()])?.values);
    }
    Ok(())
}

/// The name that the same weight has in a tuple of layers and activations.
fn weight_name(layer: usize) -> String {
    format!("{}.weight", 2 * layer)
}

fn bias_name(layer: usize) -> String {
    format!("{}.bias", 2 * layer)
}
