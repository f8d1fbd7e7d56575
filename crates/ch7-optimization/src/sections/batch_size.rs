//! 7.2 · Batch size
//!
//! θ ← θ − α g, where g is the mean gradient of K images. LeNet on MNIST with K = 16, 32, 64, 128, 256 and a learning rate α in
//! proportion, from 0.01 to 0.16: a batch twice as large takes half as many steps in an epoch, each twice as long.
//!
//! Seen: over epochs it is as the book says, the smaller the batch, the faster the loss falls; only in the last epoch 64 passes
//! 32. These two and 16 lie close together; 256 is far behind, as a learning rate of 0.16 is near the largest that works: with
//! twice as much its loss stays at ln 10. Over steps it is the reverse: where the arm of 256 ends, that of 16 is in its second
//! epoch and has the highest loss. On one core, where an image costs about the same in any batch, time goes with epochs; on
//! hardware that computes a whole batch at once, it goes with steps. The test images hardly tell the arms apart.
//!
//! The images come in the order of the files, the same in every epoch, as in the book.
//!
//! Departs from the book:
//! 1. All arms start from the same weights; the book draws anew for each.
//! 2. The networks are tested after the last epoch; the book has no test here.
//!
//! Weights start as in the book's library: kernels from N(0, 2 / inputs), matrices uniform after Xavier, biases 0. A run that
//! was interrupted goes on with `--resume` from the last whole epoch of each arm, and ends with the same bits.

use crate::{
    digits::{self, Digits, Trained},
    lenet_batches::{self, Pairs},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{cli::at_least_one, lab::Lab};
use std::fmt::Write;

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    pairs: Pairs,
    /// Passes over the training images
    #[arg(long, default_value_t = 30, value_parser = at_least_one)]
    epochs: usize,
    #[command(flatten)]
    digits: Digits,
}

/// Trains the arms side by side and compares their losses by epoch and by step.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let trained = lenet_batches::train(&args.pairs, args.epochs, &args.digits, lab)?;
    digits::print_table(&trained, lab)?;
    lab.figure("epoch-losses", &digits::epoch_losses("Loss of each epoch by batch size and learning rate", &trained)?)?;
    let by_step = compare_steps(&trained, lab)?;
    let by_epoch: Vec<f32> = trained.iter().map(|arm| arm.history.epoch_loss[0]).collect();
    lab.claim("over epochs the smaller batch is ahead: the loss of the first epoch grows with the batch", by_epoch.is_sorted());
    let behind = by_step.iter().skip(1).all(|mean| *mean < by_step[0]);
    lab.claim("over steps the smallest batch is behind: at the end of the largest its loss is the highest", behind);
    Ok(())
}

/// Prints and gives the mean loss of each arm over the last epoch of the largest batch, at the same numbers of steps.
fn compare_steps(trained: &[Trained], lab: &mut Lab) -> Result<Vec<f64>> {
    let epochs = lenet_batches::epochs_of_largest(trained);
    let Some(steps) = epochs.last() else { return Ok(Vec::new()) };
    let span = format!("steps {} to {}", steps.start + 1, steps.end);
    writeln!(lab, "\nmean loss of {span}, the last epoch of the largest batch\n")?;
    let width = digits::width(trained);
    writeln!(lab, "{:<width$} {:>9} {:>14}", "", "loss", "epochs by then")?;
    let mut means = Vec::new();
    for arm in trained {
        let mean = digits::mean(&arm.history.train_loss[steps.clone()]);
        writeln!(lab, "{:<width$} {mean:>9.5} {:>14.1}", arm.name, steps.end as f64 / digits::steps_per_epoch(arm) as f64)?;
        lab.metric(format!("{}, mean loss of {span}", arm.name), mean);
        means.push(mean);
    }
    Ok(means)
}
