//! The running statistics of evaluation mode.

use super::Statistics;

/// How running statistics follow those of the batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Averaging {
    /// The share of the old value that stays.
    pub momentum: f32,
    /// Whether the running variance is that of n − 1, as in PyTorch, instead of n, as in the book.
    pub unbiased: bool,
}

impl Averaging {
    /// Moves the running mean and variance of every channel towards the statistics of a batch with `count` values in a channel.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn update(self, count: usize, statistics: &[Statistics], running_mean: &mut [f32], running_variance: &mut [f32]) {
        assert!(statistics.len() == running_mean.len() && statistics.len() == running_variance.len(), "one value per channel");
        let n = count as f64;
        let moved = |old: f32, new: f32| self.momentum * old + (1.0 - self.momentum) * new;
        for ((batch, mean), variance) in statistics.iter().zip(running_mean).zip(running_variance) {
            let unbiased = self.unbiased && count > 1;
            let new = if unbiased { (f64::from(batch.variance) * n / (n - 1.0)) as f32 } else { batch.variance };
            *mean = moved(*mean, batch.mean);
            *variance = moved(*variance, new);
        }
    }
}
