//! What a training run leaves.

use super::Network;
use crate::parameters::{Parameters, hash};

/// Curves over the steps of a run, and the trace of its parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Loss of each step's batch, before its update.
    pub train_loss: Vec<f32>,
    /// Accuracy on each step's batch, before its update.
    pub train_score: Vec<f32>,
    /// Mean of the step losses of each epoch.
    pub epoch_loss: Vec<f32>,
    /// (step, loss) of each evaluation.
    pub dev_loss: Vec<(usize, f32)>,
    /// (step, accuracy) of each evaluation.
    pub dev_score: Vec<(usize, f32)>,
    /// A hash of each parameter tensor before any step, then after each epoch.
    pub trace: Vec<Vec<u64>>,
    /// The tensors' names.
    pub tensors: Vec<String>,
}

impl History {
    /// The history of a network that has not been trained yet.
    pub(super) fn begin(parameters: &Parameters) -> Self {
        let tensors = parameters.0.iter().map(|parameter| parameter.name.clone()).collect();
        Self { tensors, ..Self::default() }
    }

    /// Adds the hashes of the parameters to the trace.
    pub(super) fn trace(&mut self, network: &impl Network) {
        let mut hashes = Vec::with_capacity(self.tensors.len());
        network.look_at_values(&mut |values| hashes.push(hash(values)));
        self.trace.push(hashes);
    }

    /// Records an evaluation at `step`.
    pub(super) fn evaluated(&mut self, step: usize, super::Evaluation { loss, accuracy }: super::Evaluation) {
        self.dev_loss.push((step, loss));
        self.dev_score.push((step, accuracy));
    }

    /// The last evaluation.
    #[must_use]
    pub fn last_evaluation(&self) -> Option<super::Evaluation> {
        let (loss, accuracy) = (self.dev_loss.last()?.1, self.dev_score.last()?.1);
        Some(super::Evaluation { loss, accuracy })
    }
}
