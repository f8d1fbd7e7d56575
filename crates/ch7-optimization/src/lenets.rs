//! LeNets on MNIST that differ in their optimiser, as the exercises of 7.3.3.2 and 7.3.4 compare them.

use crate::{
    comparison::{self, Trained},
    digits::{Digits, network},
};
use anyhow::Result;
use clap::Args;
use common::{cli::at_least_one, lab::Lab, models::LeNet, optim::Method, plot::Curves};

/// What all have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct LeNets {
    /// Images in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training images
    #[arg(long, default_value_t = 3, value_parser = at_least_one)]
    epochs: usize,
    #[command(flatten)]
    digits: Digits,
}

impl LeNets {
    /// Trains a LeNet with each method, side by side from the same weights and on the same shuffled batches, with so many tests in
    /// an epoch; prints and draws what comes of it. `flags` stands for a method of the given learning rate.
    pub(crate) fn compare(
        &self,
        title: &str,
        (methods, flags): (Vec<Method>, impl Fn(f32) -> String),
        tests: usize,
        lab: &mut Lab,
    ) -> Result<Vec<Trained>> {
        let Self { batch_size, epochs, digits } = self;
        let batches = digits.shuffled(*batch_size, lab)?;
        let mut variants = Vec::new();
        for method in methods {
            let flags = format!("{} with {} --batch-size {batch_size}", method.name, flags(method.learning_rate));
            variants.push(digits.variant(method, network::<LeNet>(lab)?, batches.clone(), &flags, lab));
        }
        let test_every = (batches.per_epoch(digits.images) / tests).max(1);
        let trained = digits.train(variants, *epochs, lab, |run, learning_rate, test| {
            while let Some(step) = run.forward_backward()? {
                run.update(learning_rate)?;
                if step.completes(test_every) {
                    run.evaluate(test)?;
                }
            }
            Ok(())
        })?;
        comparison::print_table(&trained, lab)?;
        let losses = comparison::step_losses("training loss", &trained);
        lab.figure("curves", &Curves::new(title).panel(losses).panel(comparison::test_accuracies(&trained)).render()?)?;
        Ok(trained)
    }
}
