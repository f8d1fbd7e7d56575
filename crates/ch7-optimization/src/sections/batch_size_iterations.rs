//! 7.2, exercise · The same losses by step
//!
//! Exercise 7.1 asks whether different batch sizes do the same when the loss is drawn over steps (iterations) in place of
//! epochs. The variants are those of `batch-size`, for the first five of its 30 epochs and with the same bits (but
//! means over steps are taken in f64, those of epochs in f32: the last printed digit may differ).
//!
//! They do not: the order all but reverses. An epoch with a batch of 16 has 16 times as many steps as one with 256, so that over epochs the
//! small batch is ahead. Over steps it is behind: the steps of the others are longer, in a direction that more images agree on,
//! and each doubling of the batch up to 128 lowers the loss. A batch of 256 does not pay here: a learning rate of 0.16 is so
//! large that the loss first rises, and takes the rest of the 30 epochs of `batch-size` to make up for it.
//!
//! Seen: over equal numbers of steps the order all but reverses: the smallest batch is behind, as each of its steps has seen
//! fewer images.

use super::batch_size::{Pairs, claim_by_epoch, epochs_of_largest, mean_losses, train};
use crate::{
    comparison::{self, Trained},
    digits::Digits,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::n_steps,
    lab::{Column, Lab, row},
    plot::{Curves, Series, Svg},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "batch-size-iterations",
        book: "7.2, exercise",
        title: "The same losses by step",
        summary: "The variants of `batch-size` over steps in place of epochs: what changes, and why.",
    };
    Section::new(heading, [include_str!("batch_size_iterations.rs"), include_str!("batch_size_iterations.zh.md")], run)
        .edition("quick", QUICK)
        .taped(TAPED)
}

/// Three of the five batch sizes on an eighth of the images.
const QUICK: &[&str] =
    &["--batch-sizes", "16,32,64", "--lrs", "0.01,0.02,0.04", "--images", "7680", "--test-images", "1000", "--epochs", "2"];

/// Two of them, a few steps through the tape.
const TAPED: &[&str] =
    &["--batch-sizes", "16,32", "--lrs", "0.01,0.02", "--images", "640", "--test-images", "100", "--epochs", "2", "--taped"];

/// The book's hyper-parameters, but five of its 30 epochs.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    pairs: Pairs,
    /// Passes over the training images
    #[arg(long, default_value_t = 5, value_parser = n_steps)]
    epochs: usize,
    #[command(flatten)]
    digits: Digits,
}

/// Trains LeNet with each pair, side by side on the images in their order, and compares their losses step by step.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let trained = train(&args.pairs.pairs()?, args.epochs, &args.digits, lab)?;
    let last = print_by_steps(&trained, lab)?;
    lab.figure("losses", &figure(&trained)?)?;
    claim_by_epoch(&trained, lab);
    let behind = last.iter().skip(1).all(|mean| *mean < last[0]);
    lab.claim("over steps the smallest batch is behind: at the end its loss is the highest", behind);
    Ok(())
}

/// Prints the mean loss of each variant over the steps of each epoch of the largest batch; gives those of the last.
fn print_by_steps(trained: &[Trained], lab: &mut Lab) -> Result<Vec<f64>> {
    let epochs = epochs_of_largest(trained);
    let spans: Vec<_> = comparison::shown(epochs.len()).map(|epoch| epochs[epoch - 1].clone()).collect();
    writeln!(lab, "mean loss of each variant over the same steps, which are epochs with the largest batch\n")?;
    let (mut rows, mut last) = (Vec::new(), Vec::new());
    for variant in trained {
        let means = mean_losses(variant, &spans, lab);
        last.extend(means.last());
        rows.push(row(&variant.name, means.into_iter().map(|mean| format!("{mean:.5}"))));
    }
    let heads = spans.iter().map(|steps| format!("{}-{}", steps.start + 1, steps.end));
    lab.table(&Column::labelled("steps", heads), rows)?;
    Ok(last)
}

/// The same losses twice: over epochs, and over as many steps as the largest batch takes.
fn figure(trained: &[Trained]) -> Result<Svg> {
    let by_epoch = |variant: &Trained| {
        let of_epoch = variant.steps_per_epoch() as f64;
        let curve = comparison::first_losses(variant, variant.history.train_loss.len());
        Series::new("", curve.points.iter().map(|(step, loss)| (step / of_epoch, *loss)))
    };
    Curves::new("The same losses by epoch and by step")
        .panel(comparison::panel(("epoch", "loss"), trained, by_epoch).log_y())
        .panel(comparison::step_losses("loss", trained))
        .render()
}
