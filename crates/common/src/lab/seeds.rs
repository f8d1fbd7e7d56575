//! The same experiment with many seeds.

use super::Lab;
use crate::{machine::Bar, published::Band};
use anyhow::{Context, Result};
use rayon::prelude::*;
use std::ops::RangeInclusive;

/// What one run gives: named numbers, the same names for every seed.
pub type Numbers = Vec<(String, f32)>;

/// What each number of several runs spans.
pub fn spans(runs: &[Numbers]) -> impl Iterator<Item = (String, Band)> + '_ {
    runs.first().into_iter().flatten().enumerate().filter_map(|(i, (name, _))| {
        let values: Vec<f64> = runs.iter().map(|run| f64::from(run[i].1)).collect();
        Some((name.clone(), Band::of(&values)?))
    })
}

impl Lab {
    /// Runs an experiment for each seed, in parallel, and records what each of its numbers spans, if the ledger has a reference
    /// band for it; gives the numbers of all runs, in the order of the seeds.
    ///
    /// # Errors
    /// The error of a run that failed, with its seed.
    pub fn over_seeds(
        &mut self,
        seeds: RangeInclusive<u64>,
        run: impl Fn(u64) -> Result<Numbers> + Sync,
    ) -> Result<Vec<Numbers>> {
        let runs = self.each_seed(seeds, run)?;
        let known =
            |name: &String| self.description.published.iter().any(|entry| entry.metric == *name && entry.reference().is_some());
        let bands: Vec<_> = spans(&runs).filter(|(name, _)| known(name)).collect();
        self.bands.extend(bands);
        Ok(runs)
    }

    /// Runs an experiment for each seed, in parallel; gives the results in the order of the seeds. An error is told with its seed.
    ///
    /// # Errors
    /// The error of a run that failed, with its seed.
    pub fn each_seed<T: Send>(&self, seeds: RangeInclusive<u64>, run: impl Fn(u64) -> Result<T> + Sync) -> Result<Vec<T>> {
        let bar = self.shows_progress().then(|| Bar::new(seeds.clone().count(), "seeds"));
        let numbered = seeds.into_par_iter().map(|seed| {
            let result = run(seed).with_context(|| format!("seed {seed}"));
            if let Some(bar) = &bar {
                bar.advance();
            }
            result
        });
        let results: Vec<T> = numbered.collect::<Result<_>>()?;
        if let Some(bar) = bar {
            bar.clear();
        }
        Ok(results)
    }
}
