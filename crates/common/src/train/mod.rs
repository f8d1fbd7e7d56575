//! Training: one runner for every network, by hand or through the tape, full batch or mini-batch.

mod course;
mod metric;
mod runner;

pub use course::{Course, Lessons, Scaled, Source, Survey, survey};
pub use metric::{Metric, confusion};
pub use runner::{History, Journal, Log, Outcome, Silent, Ties, Training, evaluate, train};

use crate::{data::Labels, matrix::Matrix, optim::State, parameters::Parameters};
use anyhow::Result;

/// The forward half of a training step.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// The loss of the batch, before the update.
    pub loss: f32,
    /// The outputs for the batch, one row a sample.
    pub outputs: Matrix,
}

/// A network with its loss and optimiser, as the runner sees it.
pub trait Learner {
    /// The outputs for each row of `x`, as when the network is used, not trained.
    fn outputs(&self, x: &Matrix) -> Result<Matrix>;

    /// The loss of given outputs.
    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32;

    /// Forward and backward pass over a batch; keeps the gradients for [`Learner::update`].
    fn learn(&mut self, x: &Matrix, labels: &Labels) -> Result<Pass>;

    /// One step of the optimiser along the gradients of the last [`Learner::learn`].
    fn update(&mut self) -> Result<()>;

    /// A copy of all parameters.
    fn parameters(&self) -> Parameters;

    /// Takes over the values of `parameters`.
    ///
    /// # Errors
    /// If one is missing or has another shape.
    fn load(&mut self, parameters: &Parameters) -> Result<()>;

    /// What the optimiser remembers; nothing for a network whose run cannot be taken up again.
    fn optimizer_state(&self) -> State {
        State::default()
    }

    /// Lets the optimiser go on from `state`.
    ///
    /// # Errors
    /// If it is another optimiser's.
    fn load_optimizer_state(&mut self, _state: &State) -> Result<()> {
        Ok(())
    }

    /// L2 norm of the gradient of each layer's weight matrix, first layer first.
    fn weight_gradient_norms(&self) -> Vec<f32>;

    /// L2 norm of the gradient of each layer's bias, first layer first.
    fn bias_gradient_norms(&self) -> Vec<f32>;
}
