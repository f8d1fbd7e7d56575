//! A feed-forward network of hand-derived operators.

use super::{Linear, LinearGradients, activate, activate_backward, loss, loss_backward};
use crate::{
    data::Labels,
    kernels::{Activation, Loss, reduce},
    matrix::Matrix,
    optim::{Optimizer, Trainable},
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
        let weight = Matrix::new(inputs, outputs, init.weight.draw(inputs * outputs, stream));
        let bias = init.bias.draw(outputs, stream);
        Self { linear: Linear { weight, bias }, activation }
    }
}

/// A feed-forward network with its loss and optimiser, trained by hand-derived backpropagation, book section 4.2.4.
#[derive(Debug, Clone)]
pub struct Network<O> {
    layers: Vec<Layer>,
    loss: Loss,
    optimizer: O,
    gradients: Vec<LinearGradients>,
}

/// What the forward pass of one layer leaves for the backward pass.
struct Trace {
    z: Matrix,
    a: Matrix,
}

impl<O: Optimizer> Network<O> {
    /// A network of the given layers.
    #[must_use]
    pub fn new(layers: Vec<Layer>, loss: Loss, optimizer: O) -> Self {
        Self { layers, loss, optimizer, gradients: Vec::new() }
    }

    /// The layers.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The optimiser, for a change of its learning rate.
    pub fn optimizer_mut(&mut self) -> &mut O {
        &mut self.optimizer
    }

    /// The gradients of the last [`Learner::learn`], layer by layer.
    #[must_use]
    pub fn gradients(&self) -> &[LinearGradients] {
        &self.gradients
    }

    /// Forward pass, keeping what each layer computed.
    fn forward(&self, x: &Matrix) -> Vec<Trace> {
        let mut traces: Vec<Trace> = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let z = layer.linear.forward(traces.last().map_or(x, |trace| &trace.a));
            let a = activate(layer.activation, &z);
            traces.push(Trace { z, a });
        }
        traces
    }

    /// Backward pass from the gradient of the outputs, last layer first.
    fn backward(&self, x: &Matrix, traces: &[Trace], doutputs: Matrix) -> Vec<LinearGradients> {
        let mut da = doutputs;
        let mut gradients = Vec::with_capacity(self.layers.len());
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let Trace { z, a } = &traces[l];
            let dz = activate_backward(layer.activation, z, a, &da);
            let input = if l == 0 { x } else { &traces[l - 1].a };
            gradients.push(layer.linear.backward(input, &dz));
            if l > 0 {
                da = layer.linear.backward_input(&dz);
            }
        }
        gradients.reverse();
        gradients
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
        let mut traces = self.forward(x);
        let outputs = traces.last().map_or(x, |trace| &trace.a);
        let loss = loss(self.loss, outputs, labels.targets());
        let doutputs = loss_backward(self.loss, outputs, labels.targets());
        self.gradients = self.backward(x, &traces, doutputs);
        let outputs = traces.pop().map_or_else(|| x.clone(), |trace| trace.a);
        Ok(Pass { loss, outputs })
    }

    fn update(&mut self) -> Result<()> {
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
