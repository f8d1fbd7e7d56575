//! Batch sizes with their learning rates, and the steps at which networks trained with them can be compared.

use crate::comparison::{self, Trained};
use clap::Args;
use common::{
    cli::{UsageError, at_least_one, positive},
    lab::Lab,
};
use std::ops::Range;

/// The book's batch sizes with their learning rates.
#[derive(Debug, Clone, Args)]
pub(crate) struct Pairs {
    /// Images in a mini-batch of each variant, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [16, 32, 64, 128, 256], value_parser = at_least_one)]
    batch_sizes: Vec<usize>,
    /// Learning rate of each variant, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [0.01, 0.02, 0.04, 0.08, 0.16], value_parser = positive)]
    lrs: Vec<f32>,
}

/// A batch size with its learning rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) batch_size: usize,
    pub(crate) lr: f32,
}

impl Pairs {
    /// The pair of each variant.
    ///
    /// # Errors
    /// If there is not one learning rate a batch size, or the batches do not grow.
    pub(crate) fn pairs(&self) -> Result<Vec<Pair>, UsageError> {
        let (sizes, rates) = (self.batch_sizes.len(), self.lrs.len());
        if sizes != rates {
            let cure = "give one learning rate for each batch size";
            return Err(UsageError(format!("{sizes} --batch-sizes and {rates} --lrs: {cure}")));
        }
        if let Some([larger, smaller, ..]) = self.batch_sizes.windows(2).find(|two| two[0] >= two[1]) {
            let found = format!("found {smaller} after {larger}: put the smallest first");
            return Err(UsageError(format!("--batch-sizes: expected them to grow, {found}")));
        }
        Ok(self.batch_sizes.iter().zip(&self.lrs).map(|(&batch_size, &lr)| Pair { batch_size, lr }).collect())
    }
}

/// The steps of each epoch of the variant with the fewest steps.
pub(crate) fn epochs_of_largest(trained: &[Trained]) -> Vec<Range<usize>> {
    let steps = trained.iter().map(Trained::steps_per_epoch).min().unwrap_or_default();
    let epochs = trained.first().map_or(0, |variant| variant.history.epoch_loss.len());
    (0..epochs).map(|epoch| epoch * steps..(epoch + 1) * steps).collect()
}

/// Records and gives the mean losses of a variant over spans of steps.
pub(crate) fn mean_losses(variant: &Trained, spans: &[Range<usize>], lab: &mut Lab) -> Vec<f64> {
    let mean = |steps: &Range<usize>| {
        let mean = comparison::mean(&variant.history.train_loss[steps.clone()]);
        lab.metric(format!("{}, mean loss of steps {} to {}", variant.name, steps.start + 1, steps.end), mean);
        mean
    };
    spans.iter().map(mean).collect()
}

/// Claims what the losses of the first epoch show.
pub(crate) fn claim_by_epoch(trained: &[Trained], lab: &mut Lab) {
    let is_ahead = trained.is_sorted_by_key(|variant| variant.history.epoch_loss[0]);
    lab.claim("over epochs the smaller batch is ahead: the loss of the first epoch grows with the batch", is_ahead);
}
