//! 7.2, exercise · A larger batch or a smaller learning rate?
//!
//! Exercise 7.2 sets two changes side by side: the batch doubled with the learning rate as it is, and the learning rate halved
//! with the batch as it is. LeNet on MNIST starts from a batch of 64 with 0.04, so that the variants are 128 with 0.04 and 64 with
//! 0.02.
//!
//! The two do nearly the same. In an epoch of N images both move half as far as before, (N / K) α, and both leave the same noise
//! in their steps, which goes with α / K: the loss falls more slowly. They diverge only in the first epoch, where a step of 0.04 is
//! long for the curvature at the first weights and a step of 0.02 is not. What differs is the price: the larger batch takes half
//! as many steps, each of which can be computed in parallel; over steps, in the second panel, it is where the unchanged variant is.
//!
//! Seen: twice the batch and half the learning rate are nearly the same change: both slow training down, and after five epochs they
//! are close together.

use super::batch_size::{Pair, train};
use crate::{comparison, digits::Digits};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, n_steps, positive},
    lab::Lab,
    plot::Curves,
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "batch-size-or-lr",
        book: "7.2, exercise",
        title: "A larger batch or a smaller learning rate?",
        summary: "A batch twice as large, or half the learning rate: where the two do the same, and where not.",
    };
    let quick = &["--images", "7680", "--test-images", "1000", "--epochs", "2"];
    let taped = &["--images", "640", "--test-images", "100", "--epochs", "2", "--batch-size", "16", "--lr", "0.01", "--taped"];
    Section::new(heading, [include_str!("batch_size_or_lr.rs"), include_str!("batch_size_or_lr.zh.md")], run)
        .edition("quick", quick)
        .taped(taped)
}

/// The variant that both changes begin at.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Images in a mini-batch, before it is doubled
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Learning rate, before it is halved
    #[arg(long, default_value_t = 0.04, value_parser = positive)]
    lr: f32,
    /// Passes over the training images
    #[arg(long, default_value_t = 5, value_parser = n_steps)]
    epochs: usize,
    #[command(flatten)]
    digits: Digits,
}

/// Trains LeNet as it is and with both changes, side by side on the images in their order.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Args { batch_size, lr, epochs, ref digits } = *args;
    let pairs =
        [Pair { batch_size, lr }, Pair { batch_size: batch_size.saturating_mul(2), lr }, Pair { batch_size, lr: lr / 2.0 }];
    let trained = train(&pairs, epochs, digits, lab)?;
    comparison::print_table(&trained, lab)?;
    let figure = Curves::new("A batch twice as large, or half the learning rate").panel(comparison::epoch_losses(&trained));
    lab.figure("losses", &figure.panel(comparison::step_losses("loss", &trained)).render()?)?;

    writeln!(lab, "\nhow far apart the two changes are, as a share of how far they are behind")?;
    let [base, doubled, halved] = trained.as_slice() else { unreachable!("three variants went in") };
    let histories = [base, doubled, halved].map(|variant| &variant.history.epoch_loss);
    let mut shares = Vec::new();
    for epoch in comparison::shown(epochs) {
        let [base, doubled, halved] = histories.map(|losses| f64::from(losses[epoch - 1]));
        let share = (doubled - halved).abs() / (0.5 * (doubled + halved) - base);
        writeln!(lab, "epoch {epoch:<4} {share:>6.3}")?;
        lab.metric(format!("epoch {epoch}, distance between the two changes as a share of how far they are behind"), share);
        shares.push(share);
    }
    let [base, doubled, halved] = histories.map(|losses| losses[0]);
    lab.claim("both changes are behind after the first epoch", doubled > base && halved > base);
    let alike = shares.last().is_some_and(|share| (0.0..0.25).contains(share));
    lab.claim("in the last epoch they differ by less than a quarter of how far they are behind", alike);
    Ok(())
}
