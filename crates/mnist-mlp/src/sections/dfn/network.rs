//! What the training loop asks of the network by hand: its outputs, gradients and parameters by name.

use super::{Dfn, LOSS};
use anyhow::Result;
use common::{
    data::Labels,
    layers::{Linear, loss},
    matrix::Matrix,
    parameters::{Parameter, Parameters},
    train::{Network, ParameterTensor},
};

/// The names of weight and bias of both layers: their places among layers and activation function.
const NAMES: [[&str; 2]; 2] = [["0.weight", "0.bias"], ["2.weight", "2.bias"]];

impl Network for Dfn {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        Ok(self.forward(x).z2)
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        loss(LOSS, outputs, labels.targets())
    }

    fn forward_backward(&mut self, x: &Matrix, labels: &Labels) -> Result<()> {
        let forward = self.forward(x);
        self.gradients = self.backward(x, &forward, labels);
        self.logits = forward.z2;
        Ok(())
    }

    fn batch_outputs(&self) -> &Matrix {
        &self.logits
    }

    fn visit_parameters(&mut self, look: &mut dyn FnMut(ParameterTensor)) -> Result<()> {
        for (l, (layer, gradients)) in [&mut self.hidden, &mut self.output].into_iter().zip(&mut self.gradients).enumerate() {
            let [weight, bias] = NAMES[l];
            look(ParameterTensor { name: weight, values: layer.weight.values_mut(), gradient: gradients.dweight.values_mut() });
            look(ParameterTensor { name: bias, values: &mut layer.bias, gradient: &mut gradients.dbias });
        }
        Ok(())
    }

    fn parameters(&self) -> Parameters {
        named([&self.hidden, &self.output].map(|layer| (&layer.weight, &layer.bias)))
    }

    fn gradients(&self) -> Parameters {
        named(self.gradients.each_ref().map(|layer| (&layer.dweight, &layer.dbias)))
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        for (layer, [weight, bias]) in [&mut self.hidden, &mut self.output].into_iter().zip(NAMES) {
            let Linear { weight: w, bias: b } = layer;
            let shape = [w.rows(), w.columns()];
            w.values_mut().copy_from_slice(&parameters.get(weight, &shape)?.values);
            b.clone_from(&parameters.get(bias, &[shape[1]])?.values);
        }
        Ok(())
    }
}

/// Weight and bias of both layers, or their gradients, by name.
fn named(layers: [(&Matrix, &Vec<f32>); 2]) -> Parameters {
    let tensors = layers.into_iter().zip(NAMES).flat_map(|((weight, bias), names)| {
        let shapes = [vec![weight.rows(), weight.columns()], vec![bias.len()]];
        let tensor = |((name, shape), values): ((&str, Vec<usize>), &[f32])| Parameter {
            name: name.to_owned(),
            shape,
            values: values.to_vec(),
        };
        names.into_iter().zip(shapes).zip([weight.values(), bias]).map(tensor).collect::<Vec<_>>()
    });
    Parameters(tensors.collect())
}
