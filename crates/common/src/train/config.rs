//! What is chosen about a run, and what it gives.

use super::{Decision, Evaluation, History};
use crate::{data::Batches, parameters::Parameters};
use std::path::PathBuf;

/// Which lines a run writes, and how its steps are counted in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Those of the book's runner for full batches (section 4.2.5): an epoch is a step, the loss in full precision. An evaluation belongs to the
    /// step before it, counted from 0.
    FullBatch {
        /// Epochs between two lines of the loss.
        every: usize,
    },
    /// Those of the book's runner for mini-batches (section 4.5.4): epoch and step, losses with five decimals, each evaluation its own line,
    /// which belongs to the step before it, counted from 0.
    MiniBatch {
        /// Steps between two lines of the loss.
        every: usize,
    },
    /// The same for long runs: an evaluation is told with the number of steps that are done.
    Tested {
        /// Steps between two lines of the loss.
        every: usize,
    },
}

/// What a run keeps of each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Loss and accuracy of each step, a hash of each parameter tensor after each epoch.
    Everything,
    /// The loss of every so many steps and nothing else: others are not even computed.
    Losses {
        /// Steps between two losses.
        every: usize,
    },
}

/// Which of several models with the same accuracy is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// The first, as the book's runners do.
    First,
    /// The one with the lowest loss.
    LowestLoss,
}

/// What is chosen about a training run.
#[derive(Debug, Clone)]
pub struct TrainingConfig {
    /// Passes over the training samples.
    pub n_epochs: usize,
    /// How an epoch visits them.
    pub batches: Batches,
    /// How outputs decide on a class.
    pub decision: Decision,
    /// Which lines are written; none if there are none.
    pub log: Option<Log>,
    /// What is kept of each step.
    pub record: Record,
    /// Which of several equally good models is kept.
    pub ties: Ties,
}

impl TrainingConfig {
    /// A run that keeps everything and writes no lines.
    #[must_use]
    pub fn new(n_epochs: usize, batches: Batches, decision: Decision) -> Self {
        Self { n_epochs, batches, decision, log: None, record: Record::Everything, ties: Ties::First }
    }

    /// Steps of all epochs over `n` samples; more than can be counted are never reached.
    #[must_use]
    pub fn n_steps(&self, n: usize) -> usize {
        self.n_epochs.saturating_mul(self.batches.per_epoch(n))
    }
}

/// A step of training between its backward pass and its update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Its number, from 0 on.
    pub index: usize,
    /// Its epoch, from 0 on.
    pub epoch: usize,
    /// The loss of its batch; where it is not computed, the last that was.
    pub loss: f32,
    /// Whether it is the last of its epoch.
    pub ends_epoch: bool,
    /// Whether it is the last of the run.
    pub is_last: bool,
}

impl Step {
    /// Whether with it the number of steps becomes a multiple of `n`.
    #[must_use]
    pub fn completes(&self, n: usize) -> bool {
        (self.index + 1).is_multiple_of(n)
    }

    /// Whether the book's runner for mini-batches evaluates after it: after steps `every`, 2 `every`, …, counted from 0, and after the last.
    #[must_use]
    pub fn is_evaluated(&self, every: usize) -> bool {
        (self.index > 0 && self.index.is_multiple_of(every)) || self.is_last
    }
}

/// The model of a run with the best accuracy in an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// Its parameters; the first ones if no evaluation found more than nothing right.
    pub parameters: Parameters,
    /// What the evaluation gave.
    pub evaluation: Evaluation,
}

/// What a run ends with.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The curves.
    pub history: History,
    /// The best model.
    pub best: Best,
}

/// A file that a run leaves after each epoch, to go on from.
#[derive(Debug, Clone)]
pub struct CheckpointFile {
    /// Where it is.
    pub path: PathBuf,
    /// In words, what the run's bits depend on, but for the number of epochs.
    pub settings: String,
}
