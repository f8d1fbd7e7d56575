//! The runner: epochs, evaluation, the best model, the book's lines.

use super::{Learner, Metric};
use crate::{
    data::{Batches, Samples, Split},
    parameters::{Parameter, Parameters},
};
use anyhow::{Result, ensure};

/// Where the runner writes its lines and how far it is.
pub trait Journal {
    /// Takes one line of the transcript.
    fn line(&mut self, line: &str) -> Result<()>;
    /// Takes note that `step` of `steps` is done, with the latest loss.
    fn progress(&mut self, step: usize, steps: usize, loss: f32);
    /// Takes note of the accuracy on the batch of the next step that [`Journal::progress`] tells of.
    fn score(&mut self, _score: f32) {}
    /// Looks at the network between backward pass and update of step number `step`, from 0 on, as the `custom_print_log` of book
    /// section 4.4 does.
    fn before_update(&mut self, _step: usize, _learner: &dyn Learner) -> Result<()> {
        Ok(())
    }
}

/// A journal for runs that are only counted, such as one of many seeds.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Journal for Silent {
    fn line(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
    fn progress(&mut self, _: usize, _: usize, _: f32) {}
}

/// Which of the book's two runners the lines are those of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Full batches (book section 4.2.5): an epoch is a step, the loss in full precision.
    Epochs {
        /// Epochs between two lines of the loss.
        every: usize,
    },
    /// Mini-batches (book section 4.5.4): epoch and step, losses with five decimals, each evaluation its own line.
    Steps {
        /// Steps between two lines of the loss.
        every: usize,
    },
}

/// Which of several models with the same development score is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ties {
    /// The first, as the book's runners do.
    First,
    /// The one with the lowest development loss.
    LowestLoss,
}

/// The settings of a training run.
#[derive(Debug, Clone)]
pub struct Training {
    /// Passes over the training samples.
    pub n_epochs: usize,
    /// How an epoch visits them.
    pub batches: Batches,
    /// Steps between two evaluations on the development set.
    pub evaluate_every: usize,
    /// What is printed.
    pub log: Log,
    /// How accuracy is counted.
    pub metric: Metric,
    /// Which of several equally good models is kept.
    pub ties: Ties,
}

/// What a run leaves: curves over steps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Loss of each step's batch, before its update.
    pub train_loss: Vec<f32>,
    /// Accuracy on each step's batch, before its update.
    pub train_score: Vec<f32>,
    /// Mean of the step losses of each epoch.
    pub epoch_loss: Vec<f32>,
    /// (step, loss) of each evaluation on the development set, after that step's update.
    pub dev_loss: Vec<(usize, f32)>,
    /// (step, accuracy) of each evaluation.
    pub dev_score: Vec<(usize, f32)>,
    /// A hash of each parameter tensor before any step, then after each epoch.
    pub trace: Vec<Vec<u64>>,
    /// The tensors' names.
    pub tensors: Vec<String>,
}

/// What training ends with.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The curves.
    pub history: History,
    /// The parameters with the best development score.
    pub best: Parameters,
    /// That score.
    pub best_score: f32,
    /// Their development loss.
    pub best_loss: f32,
}

/// Accuracy and loss of a network on a set of samples.
pub fn evaluate(learner: &impl Learner, samples: &Samples, metric: Metric) -> Result<(f32, f32)> {
    let outputs = learner.outputs(&samples.x)?;
    Ok((metric.accuracy(&outputs, &samples.y), learner.loss(&outputs, &samples.y)))
}

/// Trains a network and keeps the parameters with the best development score, book sections 4.2.5, 4.3.2 and 4.5.4.
///
/// A step is: forward, loss, backward, update; then, when it is due, evaluation on the development set.
///
/// # Errors
/// If a batch is larger than the training set, or a loss stops being finite; the message names the step.
pub fn train(learner: &mut impl Learner, split: &Split, mut training: Training, journal: &mut impl Journal) -> Result<Outcome> {
    training.batches.check(split.train.len())?;
    let mut run = Run::new(learner, &training, split.train.len());
    for epoch in 0..training.n_epochs {
        let batches = training.batches.epoch(epoch, split.train.len());
        let first = run.step;
        for rows in batches {
            match rows {
                None => run.learn(epoch, &split.train, &training, learner, journal)?,
                Some(rows) => run.learn(epoch, &split.train.select(&rows), &training, learner, journal)?,
            }
            if run.evaluation_is_due(&training) {
                run.evaluate(epoch, &split.dev, &training, learner, journal)?;
            }
            run.log_epoch(epoch, &training, journal)?;
            run.step += 1;
        }
        run.end_epoch(first, learner);
    }
    if matches!(training.log, Log::Steps { .. }) {
        journal.line("[Train] Training done!")?;
    }
    Ok(run.outcome)
}

/// A training run under way.
struct Run {
    step: usize,
    steps: usize,
    outcome: Outcome,
}

impl Run {
    fn new(learner: &impl Learner, training: &Training, n_train: usize) -> Self {
        let best = learner.parameters();
        let tensors = best.0.iter().map(|parameter| parameter.name.clone()).collect();
        let history = History { trace: vec![hashes(&best)], tensors, ..History::default() };
        Self {
            step: 0,
            // More steps than can be counted are never reached.
            steps: training.n_epochs.saturating_mul(training.batches.per_epoch(n_train)),
            outcome: Outcome { history, best, best_score: 0.0, best_loss: f32::INFINITY },
        }
    }

    /// One step: forward, backward, update.
    fn learn(
        &mut self,
        epoch: usize,
        batch: &Samples,
        training: &Training,
        learner: &mut impl Learner,
        journal: &mut impl Journal,
    ) -> Result<()> {
        let pass = learner.learn(&batch.x, &batch.y)?;
        self.check(pass.loss, "loss", epoch)?;
        if let Log::Steps { every } = training.log
            && self.step.is_multiple_of(every)
        {
            let (n, step, steps) = (training.n_epochs, self.step, self.steps);
            journal.line(&format!("[Train] epoch: {epoch}/{n}, step: {step}/{steps}, loss: {:.5}", pass.loss))?;
        }
        journal.before_update(self.step, learner)?;
        learner.update()?;
        let history = &mut self.outcome.history;
        history.train_loss.push(pass.loss);
        history.train_score.push(training.metric.accuracy(&pass.outputs, &batch.y));
        journal.progress(self.step + 1, self.steps, pass.loss);
        Ok(())
    }

    /// The full-batch runner evaluates every epoch, the mini-batch runner after steps 50, 100, … and the last.
    fn evaluation_is_due(&self, training: &Training) -> bool {
        let on_time = self.step.is_multiple_of(training.evaluate_every);
        match training.log {
            Log::Epochs { .. } => on_time,
            Log::Steps { .. } => (on_time && self.step > 0) || self.step + 1 == self.steps,
        }
    }

    /// Refuses to go on with a loss that is not finite.
    fn check(&self, loss: f32, name: &str, epoch: usize) -> Result<()> {
        ensure!(
            loss.is_finite(),
            "the {name} is {loss} at epoch {epoch}, step {}: training diverged; try a smaller learning rate",
            self.step
        );
        Ok(())
    }

    fn evaluate(
        &mut self,
        epoch: usize,
        dev: &Samples,
        training: &Training,
        learner: &impl Learner,
        journal: &mut impl Journal,
    ) -> Result<()> {
        let (score, loss) = evaluate(learner, dev, training.metric)?;
        self.check(loss, "development loss", epoch)?;
        let Outcome { history, best, best_score, best_loss } = &mut self.outcome;
        history.dev_loss.push((self.step, loss));
        history.dev_score.push((self.step, score));
        if matches!(training.log, Log::Steps { .. }) {
            journal.line(&format!("[Evaluate] dev score: {score:.5}, dev loss: {loss:.5}"))?;
        }
        if score > *best_score {
            journal.line(&format!("[Evaluate] best accuracy performance has been updated: {best_score:.5} --> {score:.5}"))?;
        }
        let wins_tie = training.ties == Ties::LowestLoss && score == *best_score && loss < *best_loss;
        if score > *best_score || wins_tie {
            (*best_score, *best_loss, *best) = (score, loss, learner.parameters());
        }
        Ok(())
    }

    fn log_epoch(&self, epoch: usize, training: &Training, journal: &mut impl Journal) -> Result<()> {
        let Log::Epochs { every } = training.log else { return Ok(()) };
        if epoch.is_multiple_of(every)
            && let Some(loss) = self.outcome.history.train_loss.last()
        {
            journal.line(&format!("[Train] epoch: {epoch}/{}, loss: {loss}", training.n_epochs))?;
        }
        Ok(())
    }

    fn end_epoch(&mut self, first: usize, learner: &impl Learner) {
        let history = &mut self.outcome.history;
        let losses = &history.train_loss[first..];
        history.epoch_loss.push(losses.iter().sum::<f32>() / losses.len() as f32);
        history.trace.push(hashes(&learner.parameters()));
    }
}

/// A hash of each parameter tensor.
pub(super) fn hashes(parameters: &Parameters) -> Vec<u64> {
    parameters.0.iter().map(Parameter::hash).collect()
}
