//! Where a run writes its lines.

use super::{Evaluation, History, Log, Network, Step, Trainer};
use anyhow::{Result, ensure};

/// Where a run writes its lines and how far it is.
pub trait Journal {
    /// Takes one line of the transcript.
    ///
    /// # Errors
    /// If it cannot be written.
    fn line(&mut self, line: &str) -> Result<()>;

    /// Takes note of how far the run is.
    fn progress(&mut self, progress: Progress);
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Steps that are done.
    pub step: usize,
    /// Steps of the whole run.
    pub n_steps: usize,
    /// The loss of the last step's batch.
    pub loss: f32,
    /// The accuracy on it, where it is counted.
    pub accuracy: Option<f32>,
}

/// A journal for runs that nobody reads, such as one of many seeds.
#[derive(Debug, Clone, Copy)]
pub enum Silent {}

impl Journal for Silent {
    fn line(&mut self, _: &str) -> Result<()> {
        match *self {}
    }

    fn progress(&mut self, _: Progress) {
        match *self {}
    }
}

/// The lines of the book's runners.
impl<N: Network, J: Journal> Trainer<'_, N, J> {
    /// Refuses to go on with a loss that is not finite.
    pub(super) fn check_finite(&self, name: &str, loss: f32) -> Result<()> {
        let Some(Step { index, epoch, .. }) = self.step else { return Ok(()) };
        ensure!(
            loss.is_finite(),
            "the {name} is {loss} at epoch {epoch}, step {index}: training diverged; try a smaller learning rate"
        );
        Ok(())
    }

    pub(super) fn line(&mut self, line: &str) -> Result<()> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.line(line))
    }

    /// The line of a step, if it is due.
    pub(super) fn log_step(&mut self, Step { index, epoch, loss, .. }: Step) -> Result<()> {
        let Some(Log::MiniBatch { every } | Log::Tested { every }) = self.config.log else { return Ok(()) };
        if self.journal.is_none() || !index.is_multiple_of(every) {
            return Ok(());
        }
        let (n_epochs, n_steps) = (self.config.n_epochs, self.config.n_steps(self.train.len()));
        self.line(&format!("[Train] epoch: {epoch}/{n_epochs}, step: {index}/{n_steps}, loss: {loss:.5}"))
    }

    /// The lines of an evaluation.
    pub(super) fn log_evaluation(&mut self, Evaluation { loss, accuracy }: Evaluation, step: usize) -> Result<()> {
        let Some(log) = self.config.log.filter(|_| self.journal.is_some()) else { return Ok(()) };
        let best = self.outcome.best.evaluation.accuracy;
        match log {
            Log::FullBatch { .. } => {}
            Log::MiniBatch { .. } => self.line(&format!("[Evaluate] dev score: {accuracy:.5}, dev loss: {loss:.5}"))?,
            Log::Tested { .. } => {
                let n_steps = self.config.n_steps(self.train.len());
                return self.line(&format!("[Evaluate] step: {step}/{n_steps}, score: {accuracy:.5}, loss: {loss:.5}"));
            }
        }
        if accuracy > best {
            self.line(&format!("[Evaluate] best accuracy performance has been updated: {best:.5} --> {accuracy:.5}"))?;
        }
        Ok(())
    }

    /// All lines of the steps that are done, as they were written.
    pub(super) fn log_again(&mut self) -> Result<()> {
        let per_epoch = self.config.batches.per_epoch(self.train.len());
        let History { train_loss, dev_loss, dev_score, .. } = self.outcome.history.clone();
        let mut evaluations = dev_loss.into_iter().zip(dev_score).peekable();
        for (index, loss) in train_loss.into_iter().enumerate() {
            let step = Step { index, epoch: index / per_epoch, loss, ends_epoch: false, is_last: false };
            self.log_step(step)?;
            while let Some(((at, loss), (_, accuracy))) = evaluations.next_if(|((at, _), _)| *at == index + 1) {
                self.log_evaluation(Evaluation { loss, accuracy }, at)?;
            }
        }
        Ok(())
    }
}
