//! 7.2, exercise · A larger batch or a smaller learning rate?
//!
//! Exercise 7.2 sets two changes side by side: the batch doubled with the learning rate as it is, and the learning rate halved
//! with the batch as it is. LeNet on MNIST starts from a batch of 64 with 0.04, so that the arms are 128 with 0.04 and 64 with
//! 0.02.
//!
//! The two do nearly the same. In an epoch of N images both move half as far as before, (N / K) α, and both leave the same noise
//! in their steps, which goes with α / K: the loss falls more slowly. They part only in the first epoch, where a step of 0.04 is
//! long for the curvature at the first weights and a step of 0.02 is not. What differs is the price: the larger batch takes half
//! as many steps, each of which can be computed in parallel; over steps, in the second panel, it is where the unchanged arm is.

use crate::{
    digits::{self, Digits, Trained},
    lenet_batches,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, positive},
    lab::Lab,
    plot::{Curves, Series, Svg},
};
use std::fmt::Write;

/// The arm that both changes begin at.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Images in a mini-batch, before it is doubled
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Learning rate, before it is halved
    #[arg(long, default_value_t = 0.04, value_parser = positive)]
    lr: f32,
    /// Passes over the training images
    #[arg(long, default_value_t = 5, value_parser = at_least_one)]
    epochs: usize,
    #[command(flatten)]
    digits: Digits,
}

/// Trains all three side by side.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Args { batch_size, lr, epochs, .. } = *args;
    let pairs = [(batch_size, lr), (batch_size.saturating_mul(2), lr), (batch_size, lr / 2.0)];
    let seed = lab.seed();
    let ways = pairs.into_iter().map(|pair| lenet_batches::way(pair, seed)).collect();
    let trained = digits::train(ways, (epochs, usize::MAX), &args.digits, lab)?;
    digits::print_table(&trained, lab)?;
    lab.figure("losses", &figure(&trained)?)?;

    writeln!(lab, "\nhow far the two changes are apart, as a share of what they are behind")?;
    let mut shares = Vec::new();
    for epoch in digits::shown(epochs) {
        let [base, doubled, halved] = [0, 1, 2].map(|arm: usize| f64::from(trained[arm].history.epoch_loss[epoch - 1]));
        let share = (doubled - halved).abs() / (0.5 * (doubled + halved) - base);
        writeln!(lab, "epoch {epoch:<4} {share:>6.3}")?;
        lab.metric(format!("epoch {epoch}, distance of the two changes as a share of what they are behind"), share);
        shares.push(share);
    }
    let behind = [1, 2].iter().all(|arm: &usize| trained[*arm].history.epoch_loss[0] > trained[0].history.epoch_loss[0]);
    lab.claim("both changes are behind after the first epoch", behind);
    let alike = shares.last().is_some_and(|share| (0.0..0.25).contains(share));
    lab.claim("in the last epoch they differ by less than a quarter of what they are behind", alike);
    Ok(())
}

/// The losses over epochs and over steps.
fn figure(trained: &[Trained]) -> Result<Svg> {
    let by_epoch = |arm: &Trained| Series::sampled("", &arm.history.epoch_loss, 1.0, 1.0);
    let fewest = trained.iter().map(|arm| arm.history.train_loss.len()).min().unwrap_or_default();
    Curves::new("A batch twice as large, or half the learning rate")
        .panel(digits::panel(("epoch", "mean loss of the epoch"), trained, by_epoch).log_y())
        .panel(digits::panel(("step", "loss"), trained, |arm| digits::step_losses(arm, fewest)).log_y())
        .render()
}
