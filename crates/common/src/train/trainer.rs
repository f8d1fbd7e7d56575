//! The training loop.

use super::{
    Best, Checkpoint, CheckpointFile, Evaluation, History, Journal, Log, Network, Outcome, Progress, Record, Silent, Step, Ties,
    TrainingConfig, evaluate, update,
};
use crate::{
    data::{Batches, Dataset, Samples},
    files::write_whole,
    optim::Optimizer,
};
use anyhow::{Context, Result, ensure};
use std::collections::VecDeque;

/// A training run: a network, its optimiser, and the samples it learns from, step by step in a loop that the section writes.
///
/// A step is [`Trainer::forward_backward`], then [`Trainer::update`], then, when it is due, [`Trainer::evaluate`].
#[derive(Debug)]
pub struct Trainer<'a, N, J> {
    network: &'a mut N,
    optimizer: Optimizer,
    pub(super) train: &'a dyn Dataset,
    pub(super) config: TrainingConfig,
    pub(super) journal: Option<&'a mut J>,
    checkpoint: Option<CheckpointFile>,
    epoch: usize,
    /// The batches of the epoch that are still to come.
    batches: VecDeque<Vec<usize>>,
    /// The batch of the step under way; none if it is the whole data set.
    batch: Option<Samples>,
    /// The step whose update is to come, or was the last.
    pub(super) step: Option<Step>,
    /// Whether the end of an epoch is not yet told and saved: its evaluation may still come.
    epoch_is_open: bool,
    steps: usize,
    pub(super) outcome: Outcome,
}

impl<'a, N: Network> Trainer<'a, N, Silent> {
    /// A run at its beginning.
    ///
    /// # Errors
    /// If the batch size does not fit the training samples.
    pub fn new(network: &'a mut N, optimizer: Optimizer, train: &'a dyn Dataset, config: TrainingConfig) -> Result<Self> {
        config.batches.check(train.len())?;
        let parameters = network.parameters();
        let mut history = History::begin(&parameters);
        if config.record == Record::Everything {
            history.trace(network);
        }
        let best = Best { parameters, evaluation: Evaluation { loss: f32::INFINITY, accuracy: 0.0 } };
        Ok(Self {
            network,
            optimizer,
            train,
            config,
            journal: None,
            checkpoint: None,
            epoch: 0,
            batches: VecDeque::new(),
            batch: None,
            step: None,
            epoch_is_open: false,
            steps: 0,
            outcome: Outcome { history, best },
        })
    }

    /// The same run, written into a journal.
    #[must_use]
    pub fn journal<J: Journal>(self, journal: &'a mut J) -> Trainer<'a, N, J> {
        Trainer {
            network: self.network,
            optimizer: self.optimizer,
            train: self.train,
            config: self.config,
            journal: Some(journal),
            checkpoint: self.checkpoint,
            epoch: self.epoch,
            batches: self.batches,
            batch: self.batch,
            step: self.step,
            epoch_is_open: self.epoch_is_open,
            steps: self.steps,
            outcome: self.outcome,
        }
    }
}

impl<N: Network, J: Journal> Trainer<'_, N, J> {
    /// The same run, which leaves a checkpoint after each epoch.
    #[must_use]
    pub fn checkpoint(self, file: CheckpointFile) -> Self {
        Self { checkpoint: Some(file), ..self }
    }

    /// Passes the next batch forward and back; none once all epochs are done.
    ///
    /// # Errors
    /// If the network cannot be run or a checkpoint not be written.
    pub fn forward_backward(&mut self) -> Result<Option<Step>> {
        self.close_epoch()?;
        if self.batches.is_empty() && !self.begin_epoch() {
            if self.step.is_some() && matches!(self.config.log, Some(Log::MiniBatch { .. })) {
                self.line("[Train] Training done!")?;
            }
            return Ok(None);
        }
        let rows = self.batches.pop_front().unwrap_or_default();
        let whole = self.train.whole().filter(|_| matches!(self.config.batches, Batches::Full));
        let last = self.batch.take().map(|batch| batch.x).unwrap_or_default();
        self.batch = whole.is_none().then(|| self.train.batch_in(&rows, last));
        let Some(Samples { x, y }) = whole.or(self.batch.as_ref()) else { unreachable!("a batch is the whole or a part") };
        self.network.forward_backward(x, y)?;
        let loss = match (self.config.record, self.step) {
            (Record::Losses { every }, Some(last)) if !self.steps.is_multiple_of(every) => last.loss,
            _ => self.network.batch_loss(y),
        };
        let ends_epoch = self.batches.is_empty();
        let is_last = ends_epoch && self.epoch + 1 == self.config.n_epochs;
        self.step = Some(Step { index: self.steps, epoch: self.epoch, loss, ends_epoch, is_last });
        Ok(self.step)
    }

    /// Moves the parameters one step of the optimiser along the gradients.
    ///
    /// # Errors
    /// If the loss is not finite; the message names the step. If the network's device fails.
    ///
    /// # Panics
    /// If there was no forward and backward pass.
    pub fn update(&mut self, learning_rate: f32) -> Result<()> {
        let step = self.step.expect("a step begins with its forward and backward pass");
        self.check_finite("loss", step.loss)?;
        self.log_step(step)?;
        let accuracy = self.record(step);
        update(self.network, &mut self.optimizer, learning_rate)?;
        self.steps += 1;
        if let Some(journal) = &mut self.journal {
            let n_steps = self.config.n_steps(self.train.len());
            journal.progress(Progress { step: self.steps, n_steps, loss: step.loss, accuracy });
        }
        if step.ends_epoch {
            self.end_epoch();
        }
        Ok(())
    }

    /// Evaluates the network, records what it finds at this step, and keeps the model if it is the best so far.
    ///
    /// # Errors
    /// If the network cannot be evaluated, or the loss is not finite.
    pub fn evaluate(&mut self, data: &dyn Dataset) -> Result<Evaluation> {
        let evaluation = evaluate(self.network, data, self.config.decision)?;
        self.check_finite("loss of an evaluation", evaluation.loss)?;
        let last = self.steps.saturating_sub(1);
        let index =
            if matches!(self.config.log, Some(Log::FullBatch { .. } | Log::MiniBatch { .. })) { last } else { self.steps };
        self.outcome.history.evaluated(index, evaluation);
        self.log_evaluation(evaluation, index)?;
        let best = &mut self.outcome.best;
        let Evaluation { loss, accuracy } = evaluation;
        let wins_tie =
            self.config.ties == Ties::LowestLoss && accuracy == best.evaluation.accuracy && loss < best.evaluation.loss;
        if accuracy > best.evaluation.accuracy || wins_tie {
            *best = Best { parameters: self.network.parameters(), evaluation };
        }
        Ok(evaluation)
    }

    /// The network, such as to change its gradients between backward pass and update.
    pub fn network(&mut self) -> &mut N {
        self.network
    }

    /// The journal, to write more lines than the run does.
    pub fn journal_mut(&mut self) -> Option<&mut J> {
        self.journal.as_deref_mut()
    }

    /// The curves so far.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.outcome.history
    }

    /// Ends the run: its curves and its best model.
    #[must_use]
    pub fn finish(self) -> Outcome {
        self.outcome
    }

    /// Goes on from a checkpoint, and writes the lines of the steps that are done once more.
    ///
    /// # Errors
    /// If it was saved with other settings, by another network or optimiser, or after more epochs than the run has.
    pub fn resume(&mut self, saved: Checkpoint) -> Result<()> {
        let Checkpoint { network, optimizer, history, epochs, settings } = saved;
        let ours = self.checkpoint.as_ref().map_or("", |file| file.settings.as_str());
        ensure!(
            settings == ours,
            "it was saved by a run with {settings}, not with {ours}: train from the start, or use its settings"
        );
        let n_epochs = self.config.n_epochs;
        ensure!(
            epochs <= n_epochs,
            "it has trained for {epochs} epochs, more than {n_epochs}: ask for at least {epochs} with --epochs"
        );
        let (steps, per_epoch) = (history.train_loss.len(), self.config.batches.per_epoch(self.train.len()));
        ensure!(
            epochs.checked_mul(per_epoch) == Some(steps),
            "it has {steps} steps in {epochs} epochs, where this run has {per_epoch} in each: leave out --resume to train from the start"
        );
        self.network.load(&network)?;
        self.optimizer.load_state(&optimizer)?;
        // The tensors' names are those of the network, in its order; the file has its own.
        let tensors = std::mem::take(&mut self.outcome.history.tensors);
        self.outcome.history = History { tensors, ..history };
        (self.epoch, self.steps) = (epochs, self.outcome.history.train_loss.len());
        // The orders of the epochs that are done are drawn again, so that the next one is the same.
        for epoch in 0..epochs {
            self.config.batches.epoch(epoch, self.train.len());
        }
        self.log_again()
    }

    /// Lays out the batches of the next epoch; tells whether there is one.
    fn begin_epoch(&mut self) -> bool {
        let begins = self.epoch < self.config.n_epochs;
        if begins {
            match &mut self.config.batches {
                // Taken as they are: no indices.
                Batches::Full if self.train.whole().is_some() => self.batches.push_back(Vec::new()),
                batches => self.batches.extend(batches.epoch(self.epoch, self.train.len())),
            }
        }
        begins
    }

    /// Keeps loss and accuracy of a step.
    fn record(&mut self, step: Step) -> Option<f32> {
        let is_due = match self.config.record {
            Record::Everything => true,
            Record::Losses { every } => step.index.is_multiple_of(every),
        };
        if is_due {
            self.outcome.history.train_loss.push(step.loss);
        }
        if self.config.record != Record::Everything {
            return None;
        }
        let y = &self.batch.as_ref().or(self.train.whole())?.y;
        let accuracy = self.config.decision.accuracy(self.network.batch_outputs(), y);
        self.outcome.history.train_score.push(accuracy);
        Some(accuracy)
    }

    fn end_epoch(&mut self) {
        self.epoch += 1;
        self.epoch_is_open = true;
        if self.config.record == Record::Everything {
            let history = &mut self.outcome.history;
            let losses = &history.train_loss[self.steps - self.config.batches.per_epoch(self.train.len())..];
            let mean = losses.iter().sum::<f32>() / losses.len() as f32;
            history.epoch_loss.push(mean);
            history.trace(self.network);
        }
    }

    /// Tells of an epoch that is over with its evaluation, and saves it.
    fn close_epoch(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.epoch_is_open) {
            return Ok(());
        }
        if let (Some(Log::FullBatch { every }), Some(Step { epoch, loss, .. })) = (self.config.log, self.step)
            && epoch.is_multiple_of(every)
            && self.journal.is_some()
        {
            self.line(&format!("[Train] epoch: {epoch}/{}, loss: {loss}", self.config.n_epochs))?;
        }
        let Some(CheckpointFile { path, settings }) = &self.checkpoint else { return Ok(()) };
        let checkpoint = Checkpoint {
            network: self.network.parameters(),
            optimizer: self.optimizer.state(),
            history: self.outcome.history.clone(),
            epochs: self.epoch,
            settings: settings.clone(),
        };
        write_whole(path, &checkpoint.to_safetensors()?).context("the checkpoint of an epoch")
    }
}
