//! What the two sections on batch sizes share: LeNet with gradient descent, one arm a batch size.

use crate::digits::{self, Digits, Trained, Way};
use anyhow::Result;
use clap::Args;
use common::{
    cli::{UsageError, at_least_one, positive},
    data::Batches,
    lab::Lab,
    nn::models::LeNet,
    optim::Sgd,
};
use std::ops::Range;

/// The book's batch sizes with their learning rates.
#[derive(Debug, Clone, Args)]
pub(crate) struct Pairs {
    /// Images in a mini-batch of each arm, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [16, 32, 64, 128, 256], value_parser = at_least_one)]
    batch_sizes: Vec<usize>,
    /// Learning rate of each arm, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [0.01, 0.02, 0.04, 0.08, 0.16], value_parser = positive)]
    lrs: Vec<f32>,
}

impl Pairs {
    /// (batch size, learning rate) of each arm.
    ///
    /// # Errors
    /// If there is not one learning rate a batch size, or the batches do not grow.
    fn pairs(&self) -> Result<Vec<(usize, f32)>, UsageError> {
        let (sizes, rates) = (self.batch_sizes.len(), self.lrs.len());
        if sizes != rates {
            let message = format!("{sizes} --batch-sizes and {rates} --lrs: give one learning rate for each batch size");
            return Err(UsageError(message));
        }
        let pairs: Vec<(usize, f32)> = self.batch_sizes.iter().copied().zip(self.lrs.iter().copied()).collect();
        if let Some(two) = pairs.windows(2).find(|two| two[0].0 >= two[1].0) {
            let (smaller, larger) = (two[1].0, two[0].0);
            let message = format!("--batch-sizes: expected them to grow, found {smaller} after {larger}: put the smallest first");
            return Err(UsageError(message));
        }
        Ok(pairs)
    }
}

/// Trains LeNet with each pair on the images in their order.
///
/// # Errors
/// If the pairs do not fit together, or training fails.
pub(crate) fn train(pairs: &Pairs, epochs: usize, digits: &Digits, lab: &mut Lab) -> Result<Vec<Trained>> {
    let seed = lab.seed();
    let ways = pairs.pairs()?.into_iter().map(|pair| way(pair, seed));
    digits::train(ways.collect(), (epochs, usize::MAX), digits, lab)
}

/// The steps of each epoch of the arm with the fewest steps.
pub(crate) fn epochs_of_largest(trained: &[Trained]) -> Vec<Range<usize>> {
    let steps = trained.iter().map(digits::steps_per_epoch).min().unwrap_or_default();
    let epochs = trained.first().map_or(0, |arm| arm.history.epoch_loss.len());
    (0..epochs).map(|epoch| epoch * steps..(epoch + 1) * steps).collect()
}

/// LeNet with one batch size and learning rate; every one starts from the same weights.
pub(crate) fn way((size, rate): (usize, f32), seed: u64) -> Way {
    Way {
        name: format!("batch {size}, lr {rate}"),
        flags: format!("batch size {size} and learning rate {rate},"),
        network: digits::network::<LeNet>(Sgd { learning_rate: rate }, seed),
        batches: Batches::Ordered { size },
    }
}
