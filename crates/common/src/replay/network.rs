//! A feed-forward network in the arithmetic of the source's GPU.

use super::arithmetic::{block_sums, mean, narrow_product, tensor_core_product, tf32, tf32_product};
use crate::{
    data::Labels,
    kernels::{Activation, activation::relu, functions, reduce},
    matrix::Matrix,
    parameters::Parameters,
    scratch::{Layer, Linear, LinearGradients},
    train::{Learner, Pass},
};
use anyhow::Result;

/// Whose operators the source used; they differ in the order of the elementwise operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operators {
    /// The book's own, written out in Python (section 4.2): each operation is rounded by itself.
    HandWritten,
    /// PaddlePaddle's (section 4.3 and later): fused kernels, and a fused multiply-add in the update.
    Library,
}

/// A network with logistic output, binary cross-entropy and gradient descent, computed as the source's GPU did.
///
/// | product | operands | accumulated |
/// | --- | --- | --- |
/// | forward, several outputs; all when evaluating; input gradients | TF32 | one f32 chain |
/// | forward in training, one output | f32 | f64, rounded once |
/// | weight gradients | TF32 | tensor-core blocks, eight partial sums |
/// | weight gradient of the output layer, written by hand | TF32 | one f32 chain |
/// | yᵀ ln p, written by hand | TF32 | one f32 chain |
///
/// Found by trying; the evidence is the number of printed digits that each choice gives (REPLAY.md).
#[derive(Debug, Clone)]
pub struct Network {
    layers: Vec<Layer>,
    operators: Operators,
    learning_rate: f32,
    gradients: Vec<LinearGradients>,
}

impl Network {
    /// A network of the given layers.
    ///
    /// # Panics
    /// If an activation is none of the source's: logistic, ReLU, leaky ReLU.
    #[must_use]
    pub fn new(layers: Vec<Layer>, operators: Operators, learning_rate: f32) -> Self {
        let known = |f| matches!(f, Activation::Logistic | Activation::Relu | Activation::LeakyRelu { .. });
        assert!(layers.iter().all(|layer| known(layer.activation)), "an activation that the source does not use");
        Self { layers, operators, learning_rate, gradients: Vec::new() }
    }

    /// Net input and activation of each layer.
    fn forward(&self, x: &Matrix, training: bool) -> Vec<(Matrix, Matrix)> {
        let mut passes: Vec<(Matrix, Matrix)> = Vec::with_capacity(self.layers.len());
        for Layer { linear: Linear { weight, bias }, activation } in &self.layers {
            let input = passes.last().map_or(x, |(_, a)| a);
            let z = if training && bias.len() == 1 {
                narrow_product(input, weight, bias[0])
            } else {
                tf32_product(input, weight, bias)
            };
            let a = z.map(|z| apply(*activation, z));
            passes.push((z, a));
        }
        passes
    }

    /// −mean(y ln p + (1 − y) ln(1 − p)): as two products in TF32 where it is written by hand, as a mean of terms in the library.
    fn cross_entropy(&self, p: &Matrix, labels: &Labels) -> f32 {
        let (p, y) = (p.values(), targets(labels));
        let n = p.len() as f64;
        match self.operators {
            Operators::HandWritten => {
                let dot = |weight: &dyn Fn(f32) -> f32, log: &dyn Fn(f32) -> f32| {
                    p.iter().zip(y).fold(0.0f32, |sum, (&p, &y)| tf32(weight(y)).mul_add(tf32(log(p)), sum))
                };
                let ones = dot(&|y| y, &|p| functions::ln(p));
                let zeros = dot(&|y| 1.0 - y, &|p| functions::ln(1.0 - p));
                ((-1.0 / n) as f32) * (ones + zeros)
            }
            Operators::Library => {
                let log = |p: f32| functions::ln(p).max(-100.0);
                let terms: Vec<f32> = p.iter().zip(y).map(|(&p, &y)| (y - 1.0) * log(1.0 - p) - y * log(p)).collect();
                mean(&terms)
            }
        }
    }

    /// The gradient of the loss with respect to the last net input.
    fn output_gradient(&self, p: &Matrix, labels: &Labels) -> Matrix {
        let reciprocal = (1.0 / p.rows() as f64) as f32;
        let operators = self.operators;
        let gradient = |(&p, &y): (&f32, &f32)| match operators {
            Operators::HandWritten => {
                let dp = -(y / p - (1.0 - y) / (1.0 - p)) * reciprocal;
                dp * (p * (1.0 - p))
            }
            Operators::Library => {
                let dp = reciprocal * (p - y) / ((1.0 - p) * p).max(1e-12);
                dp * p * (1.0 - p)
            }
        };
        Matrix::new(p.rows(), 1, p.values().iter().zip(targets(labels)).map(gradient).collect())
    }

    /// The gradient of a hidden layer's net input, given that of its activation.
    fn hidden_gradient(&self, activation: Activation, (z, a): &(Matrix, Matrix), da: &Matrix) -> Matrix {
        let operators = self.operators;
        let gradient = |((&z, &a), &da): ((&f32, &f32), &f32)| match (activation, operators) {
            (Activation::Logistic, Operators::HandWritten) => da * (a * (1.0 - a)),
            (Activation::Logistic, Operators::Library) => da * a * (1.0 - a),
            (Activation::LeakyRelu { slope }, _) => {
                if z > 0.0 {
                    da
                } else {
                    da * slope
                }
            }
            _ => {
                if z > 0.0 {
                    da
                } else {
                    0.0
                }
            }
        };
        Matrix::new(z.rows(), z.columns(), z.values().iter().zip(a.values()).zip(da.values()).map(gradient).collect())
    }
}

impl Learner for Network {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        Ok(self.forward(x, false).pop().map_or_else(|| x.clone(), |(_, a)| a))
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        self.cross_entropy(outputs, labels)
    }

    fn learn(&mut self, x: &Matrix, labels: &Labels) -> Result<Pass> {
        let passes = self.forward(x, true);
        let outputs = passes.last().map_or_else(|| x.clone(), |(_, a)| a.clone());
        let mut dz = self.output_gradient(&outputs, labels);
        let mut gradients = Vec::with_capacity(self.layers.len());
        for l in (0..self.layers.len()).rev() {
            let input = if l == 0 { x } else { &passes[l - 1].1 };
            let weight = &self.layers[l].linear.weight;
            let by_hand = self.operators == Operators::HandWritten;
            let transposed = input.transposed();
            let dweight = if by_hand && dz.columns() == 1 {
                tf32_product(&transposed, &dz, &vec![0.0; dz.columns()])
            } else {
                tensor_core_product(&transposed, &dz)
            };
            gradients.push(LinearGradients { dweight, dbias: block_sums(&dz) });
            if l > 0 {
                let da = tf32_product(&dz, &weight.transposed(), &vec![0.0; weight.rows()]);
                dz = self.hidden_gradient(self.layers[l - 1].activation, &passes[l - 1], &da);
            }
        }
        gradients.reverse();
        self.gradients = gradients;
        Ok(Pass { loss: self.cross_entropy(&outputs, labels), outputs })
    }

    fn update(&mut self) -> Result<()> {
        let (rate, operators) = (self.learning_rate, self.operators);
        let step = |parameter: &mut [f32], gradient: &[f32]| {
            for (theta, &g) in parameter.iter_mut().zip(gradient) {
                *theta = match operators {
                    Operators::HandWritten => *theta - rate * g,
                    Operators::Library => (-rate).mul_add(g, *theta),
                };
            }
        };
        for (Layer { linear, .. }, gradients) in self.layers.iter_mut().zip(&self.gradients) {
            step(linear.weight.values_mut(), gradients.dweight.values());
            step(&mut linear.bias, &gradients.dbias);
        }
        Ok(())
    }

    fn parameters(&self) -> Parameters {
        crate::scratch::parameters_of(&self.layers)
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        crate::scratch::load_into(&mut self.layers, parameters)
    }

    fn weight_gradient_norms(&self) -> Vec<f32> {
        self.gradients.iter().map(|gradients| reduce::norm(gradients.dweight.values())).collect()
    }

    fn bias_gradient_norms(&self) -> Vec<f32> {
        self.gradients.iter().map(|gradients| reduce::norm(&gradients.dbias)).collect()
    }
}

/// The source's activation functions: the logistic function is its formula, each operation rounded.
fn apply(activation: Activation, z: f32) -> f32 {
    match activation {
        Activation::Logistic => 1.0 / (1.0 + functions::exp(-z)),
        Activation::LeakyRelu { slope } => {
            if z > 0.0 {
                z
            } else {
                slope * z
            }
        }
        _ => relu(z),
    }
}

fn targets(labels: &Labels) -> &[f32] {
    match labels {
        Labels::Values(values) => values.values(),
        Labels::Classes(_) => panic!("the source's network has one probability a sample"),
    }
}
