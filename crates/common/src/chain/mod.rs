//! Layers one after the other, over one contiguous vector of parameters and one of gradients.
//!
//! A chain is made from the type of a dfdx tuple model, `Chain::of::<LeNet>(loss)`, or from a list,
//! `Chain::new([linear(2, 5), logistic(), linear(5, 1), logistic()], loss)`. Buffers are reused: a step allocates next to nothing. Every result has the
//! bits that the same layers give on the [tape](crate::tape) and by hand.

mod entry;
mod layers;
mod tuples;

pub use layers::{
    LayerSpec, activation, batch_norm, conv2d, custom, dropout, flatten, group, image, layer, layer_norm, leaky_relu, linear,
    logistic, max_pool2d, relu, tanh,
};
pub use tuples::InChain;

use crate::{
    data::Labels,
    kernels::{Buffer, lanes, loss::Outputs},
    layers::{Gradients, Input, Layer, LossFunction, Output, Shape},
    machine::threads,
    matrix::Matrix,
    optim::Trainable,
    parameters::{Initialization, Parameter, Parameters},
    rng::Stream,
    train::{Network, ParameterTensor},
};
use anyhow::Result;
use entry::{Entry, Stage, entries, stages};
use std::sync::Arc;

/// Values of a layer that go through an evaluation at once: with those of the next layer they still fit the second cache.
const EVALUATED_TOGETHER: usize = 1 << 17;
/// Samples that do so at most.
const MOST_TOGETHER: usize = 256;

/// Layers in a row, with their parameters and a loss.
#[derive(Debug, Clone)]
pub struct Chain {
    entries: Vec<Entry>,
    stages: Arc<[Stage]>,
    parameters: Vec<f32>,
    gradients: Vec<f32>,
    loss: Arc<dyn LossFunction>,
    /// The output of each layer for the last training batch.
    values: Vec<Buffer>,
    /// The same of the last layer, one row per sample.
    outputs: Matrix,
    /// The gradient of a layer's output.
    dy: Buffer,
    /// The gradient of its input.
    dx: Buffer,
}

impl Chain {
    /// The given layers; parameters are zero, see [`Chain::initialized`].
    ///
    /// # Panics
    /// If the layers do not fit together.
    #[must_use]
    pub fn new(layers: impl IntoIterator<Item = LayerSpec>, loss: impl LossFunction + 'static) -> Self {
        Self::build(group(layers), loss)
    }

    /// The layers of a dfdx tuple model of type `M`.
    ///
    /// # Panics
    /// If the layers do not fit together.
    #[must_use]
    pub fn of<M: InChain>(loss: impl LossFunction + 'static) -> Self {
        Self::build(M::layers(), loss)
    }

    fn build(layers: LayerSpec, loss: impl LossFunction + 'static) -> Self {
        let entries = entries(layers);
        let n = entries.last().map_or(0, |entry| entry.range.end);
        let mut parameters = vec![0.0; n];
        for entry in &entries {
            entry.layer.initialize(&mut parameters[entry.range.clone()]);
        }
        let (values, outputs) = (vec![Buffer::default(); entries.len()], Matrix::default());
        let (dy, dx) = (Buffer::default(), Buffer::default());
        let stages = stages(&entries).into();
        Self { entries, stages, parameters, gradients: vec![0.0; n], loss: Arc::new(loss), values, outputs, dy, dx }
    }

    /// The same chain with first values for every weight and bias, drawn layer by layer, weights before biases.
    #[must_use]
    pub fn initialized(mut self, init: Initialization, stream: &mut Stream) -> Self {
        for entry in &self.entries {
            for tensor in &entry.tensors {
                if let Some(drawn) = init.first_values(&tensor.name, &tensor.shape, stream) {
                    self.parameters[tensor.range.clone()].copy_from_slice(&drawn);
                }
            }
        }
        self
    }

    /// Number of trained parameters.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.parameters.len()
    }

    /// Caption, shape behind it and weight matrix of each layer; the matrix is empty where it has none.
    pub fn outline(&self) -> impl Iterator<Item = (String, Shape, &[f32])> {
        self.entries.iter().map(|entry| {
            let weight = entry.tensors.iter().find(|tensor| tensor.shape.len() == 2);
            let matrix = weight.map_or(&[][..], |weight| &self.parameters[weight.range.clone()]);
            (entry.layer.caption(), entry.layer.output_shape(), matrix)
        })
    }

    /// The output of layer number `layer`, from 0 on, for the batch of the last forward pass; in training it is empty for a ReLU before a
    /// pooling, as the two are one pass.
    ///
    /// # Panics
    /// If there is no such layer.
    #[must_use]
    pub fn output_of(&self, layer: usize) -> &[f32] {
        &self.values[layer]
    }

    /// The images that layer number `layer`, from 0 on, made of the first sample of the last forward pass: the values of each channel,
    /// row by row; none if it makes no images.
    ///
    /// # Panics
    /// If there is no such layer.
    #[must_use]
    pub fn images_of_first(&self, layer: usize) -> Vec<Vec<f32>> {
        let shape = self.entries[layer].layer.output_shape();
        let Shape::Image { height, width, .. } = shape else { return Vec::new() };
        let mut values = vec![0.0; shape.features()];
        lanes::to_rows(&self.values[layer][..shape.size(1)], shape.features(), &mut values);
        values.chunks_exact(height * width).map(<[f32]>::to_vec).collect()
    }

    /// Passes a training batch forward: normalisation takes its statistics, dropout draws its masks.
    ///
    /// # Panics
    /// If the batch does not fit the first layer.
    pub fn forward_training(&mut self, x: &Matrix) {
        let stages = Arc::clone(&self.stages);
        self.forward(x, &stages, |layer, input, y| layer.forward_training(input, y));
    }

    /// Passes a batch forward as when the network is used, and keeps the output of each layer.
    ///
    /// # Panics
    /// If the batch does not fit the first layer.
    pub fn forward_evaluation(&mut self, x: &Matrix) {
        let each: Vec<_> = (0..self.entries.len()).map(Stage::of).collect();
        self.forward(x, &each, |layer, input, y| layer.forward(input, y));
    }

    fn forward(&mut self, x: &Matrix, stages: &[Stage], pass: impl Fn(&mut dyn Layer, Input, &mut [f32])) {
        let samples = x.rows();
        for &stage in stages {
            // What a merged stage leaves out is not there any more either.
            self.values[stage.first].of_size(0);
            let entry = &mut self.entries[stage.last];
            let (before, rest) = self.values.split_at_mut(stage.last);
            let x = if stage.first == 0 { x.values() } else { &before[stage.first - 1] };
            let y = rest[0].of_size(entry.layer.output_shape().size(samples));
            let input = Input { parameters: &self.parameters[entry.range.clone()], x, samples };
            pass(entry.layer_of_mut(stage), input, y);
        }
        let outputs = self.values.last().map_or(x.values(), |last| last);
        self.outputs.reshape(samples, outputs.len() / samples.max(1));
        self.outputs.values_mut().copy_from_slice(outputs);
    }

    /// Passes the gradient of the outputs back, down to the first layer that has parameters.
    fn backward(&mut self, x: &Matrix) {
        let samples = x.rows();
        let first = self.entries.iter().position(|entry| !entry.range.is_empty()).unwrap_or(self.entries.len());
        for &stage in self.stages.iter().rev().take_while(|stage| stage.last >= first) {
            let entry = &mut self.entries[stage.last];
            let x = if stage.first == 0 { x.values() } else { &self.values[stage.first - 1] };
            let dx = (stage.first > first).then(|| self.dx.of_size(x.len()));
            let input = Input { parameters: &self.parameters[entry.range.clone()], x, samples };
            let dparameters = &mut self.gradients[entry.range.clone()];
            let y = &self.values[stage.last];
            entry.layer_of_mut(stage).backward(input, Output { y, dy: &self.dy[..y.len()] }, Gradients { dx, dparameters });
            std::mem::swap(&mut self.dy, &mut self.dx);
        }
    }

    /// Samples that go through an evaluation at once; of images a group for each thread or more.
    fn evaluated_together(&self) -> usize {
        let widest = self.stages.iter().map(|stage| self.entries[stage.last].layer.output_shape().features()).max();
        let samples = EVALUATED_TOGETHER / widest.unwrap_or_default().max(1);
        samples.next_multiple_of(lanes::GROUP * threads()).min(MOST_TOGETHER)
    }

    fn named(&self, values: &[f32]) -> impl Iterator<Item = Parameter> {
        let tensors = self.entries.iter().flat_map(|entry| &entry.tensors);
        tensors.map(|tensor| tensor.named(&values[tensor.range.clone()]))
    }
}

impl Network for Chain {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        let (mut y, mut next) = (Buffer::default(), Buffer::default());
        let mut outputs = Vec::new();
        for rows in x.values().chunks(self.evaluated_together() * x.columns().max(1)) {
            let samples = rows.len() / x.columns().max(1);
            for &stage in self.stages.iter() {
                let entry = &self.entries[stage.last];
                let parameters = &self.parameters[entry.range.clone()];
                let x = if stage.first == 0 { rows } else { &y };
                let next_y = next.of_size(entry.layer.output_shape().size(samples));
                entry.layer_of(stage).forward(Input { parameters, x, samples }, next_y);
                std::mem::swap(&mut y, &mut next);
            }
            outputs.extend_from_slice(if self.entries.is_empty() { rows } else { &y });
        }
        Ok(Matrix::new(x.rows(), outputs.len() / x.rows().max(1), outputs))
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        self.loss.value(outputs.outputs(), labels.targets())
    }

    fn forward_backward(&mut self, x: &Matrix, labels: &Labels) -> Result<()> {
        self.forward_training(x);
        let outputs = Outputs { values: self.outputs.values(), columns: self.outputs.columns() };
        let dy = self.dy.of_size(outputs.values.len());
        self.loss.gradient(outputs, labels.targets(), dy);
        self.backward(x);
        Ok(())
    }

    fn batch_outputs(&self) -> &Matrix {
        &self.outputs
    }

    fn visit_parameters(&mut self, look: &mut dyn FnMut(ParameterTensor)) -> Result<()> {
        for tensor in self.entries.iter().flat_map(|entry| &entry.tensors) {
            let (values, gradient) = (&mut self.parameters[tensor.range.clone()], &mut self.gradients[tensor.range.clone()]);
            look(ParameterTensor { name: &tensor.name, values, gradient });
        }
        Ok(())
    }

    fn contiguous_parameters(&mut self) -> Option<Trainable<'_>> {
        Some(Trainable { parameter: &mut self.parameters, gradient: &self.gradients })
    }

    fn parameters(&self) -> Parameters {
        let all = self.entries.iter().flat_map(|entry| {
            let trained = entry.tensors.iter().map(|tensor| tensor.named(&self.parameters[tensor.range.clone()]));
            trained.chain(entry.buffers())
        });
        Parameters(all.collect())
    }

    fn look_at_values(&self, look: &mut dyn FnMut(&[f32])) {
        for entry in &self.entries {
            entry.tensors.iter().for_each(|tensor| look(&self.parameters[tensor.range.clone()]));
            entry.layer.buffers().iter().for_each(|(_, values)| look(values));
        }
    }

    fn gradients(&self) -> Parameters {
        Parameters(self.named(&self.gradients).collect())
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        for entry in &mut self.entries {
            for tensor in &entry.tensors {
                let values = &parameters.get(&tensor.name, &tensor.shape)?.values;
                self.parameters[tensor.range.clone()].copy_from_slice(values);
            }
            entry.load_buffers(parameters)?;
        }
        Ok(())
    }
}
