//! 7.2 · Batch size
//!
//! θ ← θ − α g, where g is the mean gradient of K images. LeNet on MNIST with K = 16, 32, 64, 128, 256 and a learning rate α in
//! proportion, from 0.01 to 0.16: a batch twice as large takes half as many steps in an epoch, each twice as long.
//!
//! Seen: over epochs the smaller batch is ahead, as the book says; over steps it is the reverse: where the largest batch ends, the
//! smallest has the highest loss.
//!
//! In the last epoch 64 has passed 32; these two and 16 lie close together. 256 is far behind, as a learning rate of 0.16 is near the largest
//! that works. On one core, where an image costs about the same in any batch, time goes with epochs; on hardware that computes a whole batch
//! at once, it goes with steps. The test images hardly tell the variants apart.
//!
//! At the end stand both extremes, on few images: one step per image (K = 1), whose loss rises as often as it falls, and one per epoch, whose loss
//! falls in every step, but has so few of them that it is far behind. Images come in the order of the files in every epoch, as in the book.
//!
//! Departs from the book:
//! 1. All variants start from the same weights; the book draws anew for each.
//! 2. The networks are tested after the last epoch; the book has no test here.
//!
//! Weights start as in the book's library: kernels from N(0, 2 / inputs), matrices uniform after Xavier, biases 0. A run that
//! was interrupted goes on with `--resume` from the last whole epoch of each variant, and ends with the same bits.

use crate::{
    batch_extremes::Extremes,
    comparison::{self, Trained},
    digits::{Digits, network},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{UsageError, at_least_one, n_steps, positive},
    data::Batches,
    lab::{Column, Lab},
    models::LeNet,
    optim::{Method, Sgd},
    plot::Curves,
    registry::{Heading, Section},
};
use std::{fmt::Write, ops::Range};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "batch-size",
        book: "7.2",
        title: "Batch size",
        summary: "LeNet on MNIST with five batch sizes and learning rates in proportion: which is ahead after equally many epochs, and which after equally many steps.",
    };
    let quick = &[
        "--batch-sizes",
        "16,32,64",
        "--lrs",
        "0.01,0.02,0.04",
        "--images",
        "7680",
        "--test-images",
        "1000",
        "--epochs",
        "2",
        "--extreme-images",
        "160",
    ];
    let taped = &[
        "--batch-sizes",
        "16,32",
        "--lrs",
        "0.01,0.02",
        "--images",
        "640",
        "--test-images",
        "100",
        "--epochs",
        "2",
        "--extreme-images",
        "32",
        "--taped",
    ];
    let texts = [include_str!("batch_size.rs"), include_str!("batch_size.zh.md")];
    Section::new(heading, texts, run).edition("quick", quick).taped(taped)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    pairs: Pairs,
    /// Passes over the training images
    #[arg(long, default_value_t = 30, value_parser = n_steps)]
    epochs: usize,
    #[command(flatten)]
    digits: Digits,
    #[command(flatten)]
    extremes: Extremes,
}

/// The book's batch sizes with their learning rates.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct Pairs {
    /// Images in a mini-batch of each variant, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [16, 32, 64, 128, 256], value_parser = at_least_one)]
    batch_sizes: Vec<usize>,
    /// Learning rate of each variant, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [0.01, 0.02, 0.04, 0.08, 0.16], value_parser = positive)]
    lrs: Vec<f32>,
}

/// Trains LeNet with each pair, side by side on the images in their order, and compares their losses by epoch and by step.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let trained = train(&args.pairs.pairs()?, args.epochs, &args.digits, lab)?;
    comparison::print_table(&trained, lab)?;
    let figure = Curves::new("Loss of each epoch by batch size and learning rate").panel(comparison::epoch_losses(&trained));
    lab.figure("epoch-losses", &figure.render()?)?;
    let by_step = compare_steps(&trained, lab)?;
    claim_by_epoch(&trained, lab);
    let behind = by_step.iter().skip(1).all(|mean| *mean < by_step[0]);
    lab.claim("over steps the smallest batch is behind: at the end of the largest its loss is the highest", behind);
    args.extremes.show(lab)
}

/// A batch size with its learning rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) batch_size: usize,
    pub(super) lr: f32,
}

impl Pairs {
    /// The pair of each variant.
    ///
    /// # Errors
    /// If there is not one learning rate per batch size, or the batches do not grow.
    pub(super) fn pairs(&self) -> Result<Vec<Pair>, UsageError> {
        let (sizes, rates) = (self.batch_sizes.len(), self.lrs.len());
        if sizes != rates {
            let advice = "give one learning rate for each batch size";
            return Err(UsageError(format!("{sizes} --batch-sizes and {rates} --lrs: {advice}")));
        }
        if let Some([larger, smaller, ..]) = self.batch_sizes.windows(2).find(|two| two[0] >= two[1]) {
            let found = format!("found {smaller} after {larger}: put the smallest first");
            return Err(UsageError(format!("--batch-sizes: expected them to grow, {found}")));
        }
        Ok(self.batch_sizes.iter().zip(&self.lrs).map(|(&batch_size, &lr)| Pair { batch_size, lr }).collect())
    }
}

/// Trains LeNet with each pair, side by side on the images in their order.
pub(super) fn train(pairs: &[Pair], epochs: usize, digits: &Digits, lab: &mut Lab) -> Result<Vec<Trained>> {
    let mut variants = Vec::new();
    for &Pair { batch_size, lr } in pairs {
        let batches = digits.checked(Batches::Ordered { size: batch_size })?;
        let sgd = Method::new(format!("batch {batch_size}, lr {lr}"), Sgd, lr);
        let flags = format!("batch size {batch_size} and learning rate {lr},");
        variants.push(digits.variant(sgd, network::<LeNet>(lab)?, batches, &flags, lab));
    }
    digits.train(variants, epochs, lab, |run, learning_rate, _| {
        while run.forward_backward()?.is_some() {
            run.update(learning_rate)?;
        }
        Ok(())
    })
}

/// Prints and gives the mean loss of each variant over the last epoch of the largest batch, at the same numbers of steps.
fn compare_steps(trained: &[Trained], lab: &mut Lab) -> Result<Vec<f64>> {
    let Some(steps) = epochs_of_largest(trained).pop() else { return Ok(Vec::new()) };
    let (first, last) = (steps.start + 1, steps.end);
    writeln!(lab, "\nmean loss of steps {first} to {last}, the last epoch of the largest batch\n")?;
    let (mut means, mut rows) = (Vec::new(), Vec::new());
    for variant in trained {
        means.extend(mean_losses(variant, std::slice::from_ref(&steps), lab));
        let epochs = last as f64 / variant.steps_per_epoch() as f64;
        rows.push(vec![variant.name.clone(), format!("{:.5}", means[means.len() - 1]), format!("{epochs:.1}")]);
    }
    lab.table(&Column::labelled("", ["loss", "epochs by then"]), rows)?;
    Ok(means)
}

/// The steps of each epoch of the variant with the fewest steps.
pub(super) fn epochs_of_largest(trained: &[Trained]) -> Vec<Range<usize>> {
    let steps = trained.iter().map(Trained::steps_per_epoch).min().unwrap_or_default();
    let epochs = trained.first().map_or(0, |variant| variant.history.epoch_loss.len());
    (0..epochs).map(|epoch| epoch * steps..(epoch + 1) * steps).collect()
}

/// Records and gives the mean losses of a variant over spans of steps.
pub(super) fn mean_losses(variant: &Trained, spans: &[Range<usize>], lab: &mut Lab) -> Vec<f64> {
    let mean = |steps: &Range<usize>| {
        let mean = comparison::mean(&variant.history.train_loss[steps.clone()]);
        lab.metric(format!("{}, mean loss of steps {} to {}", variant.name, steps.start + 1, steps.end), mean);
        mean
    };
    spans.iter().map(mean).collect()
}

/// Claims what the losses of the first epoch show.
pub(super) fn claim_by_epoch(trained: &[Trained], lab: &mut Lab) {
    let is_ahead = trained.is_sorted_by_key(|variant| variant.history.epoch_loss[0]);
    lab.claim("over epochs the smaller batch is ahead: the loss of the first epoch grows with the batch", is_ahead);
}
