//! The layers, the loss and the update in the arithmetic of the source's GPU.
//!
//! | product | operands | accumulated |
//! | --- | --- | --- |
//! | forward, several outputs; all when evaluating; input gradients | TF32 | one f32 chain |
//! | forward in training, one output | f32 | f64, rounded once |
//! | weight gradients | TF32 | tensor-core blocks, eight partial sums |
//! | weight gradient of the output layer, written by hand | TF32 | one f32 chain |
//! | yᵀ ln p, written by hand | TF32 | one f32 chain |
//!
//! Found by trying; the evidence is the number of printed digits that each choice gives (REPLAY.md).

use super::{
    Draws,
    arithmetic::{block_sums, mean, narrow_product, tensor_core_product, tf32, tf32_product},
};
use crate::{
    chain::{Chain, activation, custom, layer},
    kernels::{
        Activation, functions,
        fused::fused_multiply_add,
        loss::{Outputs, Targets},
    },
    layers::{Gradients, Input, Layer, LossFunction, Output, Shape, TensorShape, linear::LinearLayer},
    matrix::Matrix,
    optim::Rule,
    parameters::{Parameter, Parameters},
    train::Network,
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

/// An affine layer of the source and the function behind it: weights from N(0, deviation²), every bias the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceLayer {
    /// Number of the random call that drew the weights, since the seed was set.
    pub call: usize,
    /// Inputs.
    pub fan_in: usize,
    /// Outputs.
    pub fan_out: usize,
    /// Standard deviation of the weights.
    pub deviation: f32,
    /// The biases.
    pub bias: f32,
    /// The function behind the affine map.
    pub activation: Activation,
}

impl SourceLayer {
    /// Weights from N(0, 1), biases zero, a logistic function: the layers of sections 4.2 and 4.3.
    #[must_use]
    pub fn logistic(call: usize, fan_in: usize, fan_out: usize) -> Self {
        Self { call, fan_in, fan_out, deviation: 1.0, bias: 0.0, activation: Activation::Logistic }
    }
}

/// The source's network of the given layers, with its binary cross-entropy and the weights that it drew.
///
/// # Errors
/// If the layers do not fit together.
///
/// # Panics
/// If an activation is none of the source's: logistic, ReLU, leaky ReLU.
pub fn network(layers: &[SourceLayer], operators: Operators, draws: Draws) -> Result<Chain> {
    let specs = layers.iter().flat_map(|&SourceLayer { fan_in, fan_out, activation: f, .. }| {
        let is_known = matches!(f, Activation::Logistic | Activation::Relu | Activation::LeakyRelu { .. });
        assert!(is_known, "an activation that the source does not use");
        let affine = layer(SourceLinear { linear: LinearLayer { fan_in, fan_out }, operators });
        let logistic = custom(move |shape| SourceLogistic { shape, operators });
        [affine, if f == Activation::Logistic { logistic } else { activation(f) }]
    });
    let mut chain = Chain::new(specs.collect::<Vec<_>>(), SourceCrossEntropy { operators });
    let first_values = layers.iter().enumerate().flat_map(|(l, layer)| {
        let &SourceLayer { call, fan_in, fan_out, deviation, bias, .. } = layer;
        let weight = draws.normal(call, fan_in * fan_out, 0.0, deviation);
        [
            Parameter { name: format!("{}.weight", 2 * l), shape: vec![fan_in, fan_out], values: weight },
            Parameter { name: format!("{}.bias", 2 * l), shape: vec![fan_out], values: vec![bias; fan_out] },
        ]
    });
    chain.load(&Parameters(first_values.collect()))?;
    Ok(chain)
}

/// Y = X W + b.
#[derive(Debug, Clone, Copy)]
struct SourceLinear {
    linear: LinearLayer,
    operators: Operators,
}

impl SourceLinear {
    /// X, W and b.
    fn operands(self, Input { parameters, x, samples }: Input<'_>) -> (Matrix, Matrix, &[f32]) {
        let LinearLayer { fan_in, fan_out } = self.linear;
        let (weight, bias) = parameters.split_at(fan_in * fan_out);
        (Matrix::new(samples, fan_in, x.to_vec()), Matrix::new(fan_in, fan_out, weight.to_vec()), bias)
    }
}

impl Layer for SourceLinear {
    fn output_shape(&self) -> Shape {
        self.linear.output_shape()
    }

    fn parameter_shapes(&self) -> Vec<TensorShape> {
        self.linear.parameter_shapes()
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        let (x, weight, bias) = self.operands(input);
        y.copy_from_slice(tf32_product(&x, &weight, bias).values());
    }

    fn forward_training(&mut self, input: Input, y: &mut [f32]) {
        let (x, weight, bias) = self.operands(input);
        match bias {
            [bias] => y.copy_from_slice(narrow_product(&x, &weight, *bias).values()),
            _ => self.forward(input, y),
        }
    }

    fn backward(&mut self, input: Input, Output { dy, .. }: Output, gradients: Gradients) {
        let (x, weight, bias) = self.operands(input);
        let dy = Matrix::new(input.samples, bias.len(), dy.to_vec());
        let dweight = match (self.operators, bias.len()) {
            (Operators::HandWritten, 1) => tf32_product(&x.transposed(), &dy, &[0.0]),
            _ => tensor_core_product(&x.transposed(), &dy),
        };
        let (to_weight, to_bias) = gradients.dparameters.split_at_mut(dweight.values().len());
        to_weight.copy_from_slice(dweight.values());
        to_bias.copy_from_slice(&block_sums(&dy));
        if let Some(dx) = gradients.dx {
            dx.copy_from_slice(tf32_product(&dy, &weight.transposed(), &vec![0.0; weight.rows()]).values());
        }
    }
}

/// The logistic function by its formula, each operation rounded. The source's ReLU and leaky ReLU are our own.
#[derive(Debug, Clone, Copy)]
struct SourceLogistic {
    shape: Shape,
    operators: Operators,
}

impl Layer for SourceLogistic {
    fn output_shape(&self) -> Shape {
        self.shape
    }

    fn forward(&self, input: Input, a: &mut [f32]) {
        for (a, z) in a.iter_mut().zip(input.x) {
            *a = 1.0 / (1.0 + functions::exp(-z));
        }
    }

    fn backward(&mut self, _: Input, Output { y: a, dy: da }: Output, gradients: Gradients) {
        let Some(dz) = gradients.dx else { return };
        for (dz, (a, da)) in dz.iter_mut().zip(a.iter().zip(da)) {
            *dz = match self.operators {
                Operators::HandWritten => da * (a * (1.0 - a)),
                Operators::Library => da * a * (1.0 - a),
            };
        }
    }

    fn reads_output(&self) -> bool {
        true
    }
}

/// −mean(y ln p + (1 − y) ln(1 − p)): as two products in TF32 where it is written by hand, as a mean of terms in the library.
#[derive(Debug, Clone, Copy)]
struct SourceCrossEntropy {
    operators: Operators,
}

impl LossFunction for SourceCrossEntropy {
    fn value(&self, outputs: Outputs, targets: Targets) -> f32 {
        let (p, y) = (outputs.values, values(targets));
        let n = p.len() as f64;
        match self.operators {
            Operators::HandWritten => {
                let dot = |weight: &dyn Fn(f32) -> f32, log: &dyn Fn(f32) -> f32| {
                    p.iter().zip(y).fold(0.0f32, |sum, (&p, &y)| fused_multiply_add(tf32(weight(y)), tf32(log(p)), sum))
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

    fn gradient(&self, outputs: Outputs, targets: Targets, doutputs: &mut [f32]) {
        let reciprocal = (1.0 / outputs.values.len() as f64) as f32;
        for (dp, (&p, &y)) in doutputs.iter_mut().zip(outputs.values.iter().zip(values(targets))) {
            *dp = match self.operators {
                Operators::HandWritten => -(y / p - (1.0 - y) / (1.0 - p)) * reciprocal,
                Operators::Library => reciprocal * (p - y) / ((1.0 - p) * p).max(1e-12),
            };
        }
    }
}

fn values(targets: Targets<'_>) -> &[f32] {
    match targets {
        Targets::Values(values) => values,
        Targets::Classes(_) => panic!("the source's network has one probability per sample"),
    }
}

/// The source's gradient descent: a fused multiply-add in the library.
#[derive(Debug, Clone, Copy)]
pub struct SourceSgd {
    /// Whose update it is.
    pub operators: Operators,
}

impl Rule<0> for SourceSgd {
    const REMEMBERED: [&'static str; 0] = [];

    #[inline(always)]
    fn step(self, learning_rate: f32, theta: f32, g: f32, remembered: [f32; 0]) -> (f32, [f32; 0]) {
        let theta = match self.operators {
            Operators::HandWritten => theta - learning_rate * g,
            Operators::Library => fused_multiply_add(-learning_rate, g, theta),
        };
        (theta, remembered)
    }
}
