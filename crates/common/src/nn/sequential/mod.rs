//! A tuple model unrolled: its layers one after the other, without a tape.
//!
//! What a taped model pays for its freedom, a large one feels: every operation allocates its result, copies its operands and leaves a
//! closure behind. Here the type of a tuple model, such as `(Linear<784, 200>, Relu, Linear<200, 10>)`, becomes a list of layers over one
//! contiguous vector of parameters, one of gradients, and one buffer a layer that is reused step after step. The layers call the same
//! kernels as the operations on the tape, and every result has the same bits (`tests/sequential_equals_taped.rs`). Dropout, which needs a
//! stream of its own, is for taped models.

mod layer;
mod layers;
mod normalize;
mod plan;

pub use layer::{Layer, Place};
pub use plan::{Plan, Shape, Unroll};

use super::network::norms;
use crate::{
    data::Labels,
    kernels::{Loss, isa::Isa, loss::Outputs},
    matrix::Matrix,
    optim::{Optimizer, State},
    parameters::{Initialization, Parameters},
    rng::Stream,
    train::{Learner, Pass},
};
use anyhow::Result;
use layer::{Backward, Batch};
use plan::Slot;

/// Samples that go through an evaluation at once: their values still fit the cache.
const EVALUATED_TOGETHER: usize = 256;

/// An unrolled model with its loss and optimiser.
#[derive(Debug)]
pub struct Sequential<O> {
    layers: Vec<Slot>,
    parameters: Vec<f32>,
    gradients: Vec<f32>,
    loss: Loss,
    optimizer: O,
    /// Output of each layer for the last batch.
    values: Vec<Vec<f32>>,
    /// Gradient of a layer's output, and of its input.
    flowing: [Vec<f32>; 2],
}

impl<O: Optimizer> Sequential<O> {
    /// Unrolls the model of type `M` and pairs it with its loss and optimiser; parameters are zero, see [`Sequential::initialize`].
    ///
    /// # Panics
    /// If the layers do not fit together.
    #[must_use]
    pub fn new<M: Unroll>(loss: Loss, optimizer: O) -> Self {
        let plan = Plan::of::<M>();
        let n = plan.parameters();
        let layers = plan.into_slots();
        let mut parameters = vec![0.0; n];
        for slot in &layers {
            slot.layer.start(&mut parameters[slot.range.clone()]);
        }
        let values = vec![Vec::new(); layers.len()];
        Self { layers, parameters, gradients: vec![0.0; n], loss, optimizer, values, flowing: [Vec::new(), Vec::new()] }
    }

    /// Gives every weight and bias its first values, layer by layer, weights before biases.
    pub fn initialize(&mut self, init: Initialization, stream: &mut Stream) {
        for slot in &self.layers {
            let mut rest = &mut self.parameters[slot.range.clone()];
            for tensor in &slot.tensors {
                let (values, later) = std::mem::take(&mut rest).split_at_mut(tensor.len());
                if let Some(drawn) = init.first_values(&tensor.name, &tensor.shape, stream) {
                    values.copy_from_slice(&drawn);
                }
                rest = later;
            }
        }
    }

    /// The gradients of the last [`Learner::learn`], under the parameters' names.
    #[must_use]
    pub fn gradients(&self) -> Parameters {
        Parameters(self.layers.iter().flat_map(|slot| slot.named(&self.gradients)).collect())
    }

    /// The optimiser.
    pub fn optimizer_mut(&mut self) -> &mut O {
        &mut self.optimizer
    }

    /// Runs the layers over `x`, each into its buffer of `values`.
    fn forward(layers: &mut [Slot], parameters: &[f32], x: &Matrix, values: &mut [Vec<f32>]) {
        let samples = x.rows();
        for (l, slot) in layers.iter_mut().enumerate() {
            let (before, after) = values.split_at_mut(l);
            let x = before.last().map_or(x.values(), Vec::as_slice);
            let y = &mut after[0];
            y.resize(slot.layer.size(samples), 0.0);
            slot.layer.learn(Batch { isa: Isa::best(), parameters: &parameters[slot.range.clone()], x, samples }, y);
        }
    }

    /// Runs the layers back from the gradient of the outputs, down to the first layer that has parameters.
    fn backward(&mut self, x: &Matrix) {
        let samples = x.rows();
        let first = self.layers.iter().position(|slot| !slot.range.is_empty()).unwrap_or(self.layers.len());
        for l in (first..self.layers.len()).rev() {
            let slot = &mut self.layers[l];
            let input = if l == 0 { x.values() } else { &self.values[l - 1] };
            let [dy, dx] = &mut self.flowing;
            dx.resize(input.len(), 0.0);
            let batch = Batch { isa: Isa::best(), parameters: &self.parameters[slot.range.clone()], x: input, samples };
            let dparameters = &mut self.gradients[slot.range.clone()];
            slot.layer.backward(batch, Backward { y: &self.values[l], dy, dx: (l > first).then_some(dx), dparameters });
            self.flowing.swap(0, 1);
        }
    }

    /// Output of the last layer for the last batch.
    fn last_outputs<'a>(&'a self, x: &'a Matrix) -> &'a [f32] {
        self.values.last().map_or(x.values(), Vec::as_slice)
    }
}

impl<O: Optimizer + Send> Learner for Sequential<O> {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        let mut outputs = Vec::new();
        let mut buffers = [Vec::new(), Vec::new()];
        for rows in x.values().chunks(EVALUATED_TOGETHER * x.columns().max(1)) {
            let samples = rows.len() / x.columns().max(1);
            buffers[0].clear();
            buffers[0].extend_from_slice(rows);
            for slot in &self.layers {
                let [x, y] = &mut buffers;
                y.resize(slot.layer.size(samples), 0.0);
                let parameters = &self.parameters[slot.range.clone()];
                slot.layer.forward(Batch { isa: Isa::best(), parameters, x, samples }, y);
                buffers.swap(0, 1);
            }
            outputs.extend_from_slice(&buffers[0]);
        }
        Ok(Matrix::new(x.rows(), outputs.len() / x.rows().max(1), outputs))
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        crate::scratch::loss(self.loss, outputs, labels.targets())
    }

    fn learn(&mut self, x: &Matrix, labels: &Labels) -> Result<Pass> {
        // On a thread of the pool the kernels share their work without waking it anew each time.
        rayon::scope(|_| {
            Self::forward(&mut self.layers, &self.parameters, x, &mut self.values);
            let values = self.last_outputs(x).to_vec();
            let columns = values.len() / x.rows().max(1);
            let outputs = Outputs { values: &values, columns };
            let loss = self.loss.value(Isa::best(), outputs, labels.targets());
            self.flowing[0].resize(values.len(), 0.0);
            self.loss.gradient(Isa::best(), outputs, labels.targets(), &mut self.flowing[0]);
            self.backward(x);
            Ok(Pass { loss, outputs: Matrix::new(x.rows(), columns, values) })
        })
    }

    fn update(&mut self) -> Result<()> {
        self.optimizer.step(&mut self.parameters, &self.gradients);
        Ok(())
    }

    fn parameters(&self) -> Parameters {
        let all = self.layers.iter().flat_map(|slot| {
            let mut tensors = slot.named(&self.parameters);
            tensors.extend(slot.layer.kept(&slot.name));
            tensors
        });
        Parameters(all.collect())
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        for slot in &mut self.layers {
            let mut rest = &mut self.parameters[slot.range.clone()];
            for tensor in &slot.tensors {
                let (values, later) = std::mem::take(&mut rest).split_at_mut(tensor.len());
                values.copy_from_slice(&parameters.get(&tensor.name, &tensor.shape)?.values);
                rest = later;
            }
            slot.layer.load(&slot.name, parameters)?;
        }
        Ok(())
    }

    fn optimizer_state(&self) -> State {
        self.optimizer.state()
    }

    fn load_optimizer_state(&mut self, state: &State) -> Result<()> {
        self.optimizer.load_state(state)
    }

    fn weight_gradient_norms(&self) -> Vec<f32> {
        norms(&self.gradients(), "weight")
    }

    fn bias_gradient_norms(&self) -> Vec<f32> {
        norms(&self.gradients(), "bias")
    }
}
