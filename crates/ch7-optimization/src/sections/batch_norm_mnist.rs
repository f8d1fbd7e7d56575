//! 7.5.1.5 · Batch normalisation on MNIST
//!
//! A convolutional network, 20 and 20 kernels of 5 × 5, without and with batch normalisation between each convolution and its
//! ReLU: Adam with 0.01, shuffled batches of 64, five epochs, a test every 300 steps. Both start from the same weights and see
//! the same batches.
//!
//! The book says that the network with batch normalisation converges faster.
//!
//! Seen: at the first test the network with batch normalisation is behind, at the end it is ahead in loss and in accuracy.
//!
//! At the first test, within the first epoch, its loss is the higher one, and so is the mean loss of that epoch. From the second test
//! on its loss is lower, with one exception, and it gets below 0.05 by step 900 in place of 1800: the other network's test loss stops falling after the
//! first epoch, as a learning rate of 0.01 is too large for it, while this one bears it. What batch normalisation buys here is the larger
//! learning rate: with `--lr 0.001` the network without it does as well.
//!
//! Departs from the book:
//! 1. Its loader for the tests wraps the training images: ours are the 10,000 test images.
//! 2. Both networks start from the same weights; the book draws anew for each.
//! 3. Its layers are those of the library, whose ε is 1e-5: ours have the 1e-7 of the book's own operator (7.5.1.2).
//!
//! Weights start as in the book's library: kernels from N(0, 2 / inputs), matrices uniform after Xavier, biases 0.

use crate::{
    comparison::{self, Trained},
    digits::{Digits, network},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, n_steps, positive},
    lab::Lab,
    models::{ConvNet, ConvNetBatchNorm},
    optim::{Adam, Method},
    plot::Curves,
    registry::{Heading, Section},
    train::Network,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "batch-norm-mnist",
        book: "7.5.1.5",
        title: "Batch normalisation on MNIST",
        summary: "A convolutional network without and with batch normalisation: loss and accuracy of the test images every 300 steps.",
    };
    Section::new(heading, [include_str!("batch_norm_mnist.rs"), include_str!("batch_norm_mnist.zh.md")], run)
        .edition("quick", QUICK)
        .taped(TAPED)
}

/// A few of the steps.
const QUICK: &[&str] = &["--images", "1920", "--test-images", "500", "--epochs", "2", "--evaluate-every", "20"];

/// Ten of them through the tape.
const TAPED: &[&str] = &["--images", "320", "--test-images", "100", "--epochs", "2", "--evaluate-every", "3", "--taped"];

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of Adam
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    /// Images in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training images
    #[arg(long, default_value_t = 5, value_parser = n_steps)]
    epochs: usize,
    /// Steps between two tests
    #[arg(long, default_value_t = 300, value_parser = at_least_one)]
    evaluate_every: usize,
    #[command(flatten)]
    pub(super) digits: Digits,
}

/// Trains the network without and with batch normalisation.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    compare("batch normalisation", network::<ConvNetBatchNorm>(lab)?, args, lab)
}

/// Trains [`ConvNet`] and its variant with the named normalisation side by side, and shows what it changes.
pub(super) fn compare(name: &str, normalized: Box<dyn Network>, args: &Args, lab: &mut Lab) -> Result<()> {
    let Args { lr, batch_size, epochs, evaluate_every, ref digits } = *args;
    let batches = digits.shuffled(batch_size, lab)?;
    let networks = [("without".to_owned(), network::<ConvNet>(lab)?), (format!("with {name}"), normalized)];
    let variants = networks.map(|(name, network)| {
        let flags = format!("--lr {lr} --batch-size {batch_size} --evaluate-every {evaluate_every} ({name})");
        digits.variant(Method::new(name, Adam::of_libraries(), lr), network, batches.clone(), &flags, lab)
    });
    let trained = digits.train(variants.into(), epochs, lab, |run, learning_rate, test| {
        while let Some(step) = run.forward_backward()? {
            run.update(learning_rate)?;
            if step.completes(evaluate_every) {
                run.evaluate(test)?;
            }
        }
        Ok(())
    })?;
    let Ok(both) = <[Trained; 2]>::try_from(trained) else { unreachable!("two variants went in") };
    print_tests(&both, lab)?;
    comparison::print_table(&both, lab)?;
    let figure = Curves::new(format!("A convolutional network without and with {name}"));
    let figure = figure.panel(comparison::test_losses(&both)).panel(comparison::test_accuracies(&both));
    lab.figure("tests", &figure.render()?)?;
    claim(name, &both, lab);
    Ok(())
}

/// Prints loss and accuracy of each test.
fn print_tests(both: &[Trained; 2], lab: &mut Lab) -> Result<()> {
    let heads = both.each_ref().map(|variant| format!("  {:>25}", variant.name));
    writeln!(lab, "{:>6}{}", "test", heads.concat())?;
    writeln!(lab, "{:>6}{}", "step", format!("  {:>12} {:>12}", "loss", "accuracy").repeat(2))?;
    let histories = both.each_ref().map(|variant| &variant.history);
    for (i, (step, _)) in histories[0].dev_loss.iter().enumerate() {
        let cells = histories.map(|history| format!("  {:>12.5} {:>12.4}", history.dev_loss[i].1, history.dev_score[i].1));
        writeln!(lab, "{step:>6}{}", cells.concat())?;
    }
    Ok(writeln!(lab)?)
}

/// Steps by which normalisation has made up for its slower start.
const ENOUGH: usize = 1000;

/// A test loss that both reach.
const LOW: f32 = 0.05;

/// What the tests are there to show, as far as the run is long enough to show it.
fn claim(name: &str, [without, with]: &[Trained; 2], lab: &mut Lab) {
    let behind = |test: usize| with.history.dev_loss[test].1 - without.history.dev_loss[test].1;
    let last = with.history.dev_loss.len() - 1;
    lab.claim(format!("at the first test the network with {name} is behind in loss"), behind(0) > 0.0);
    lab.claim("between the first test and the last it gains on the other", behind(last) < behind(0));
    if with.history.train_loss.len() < ENOUGH {
        return;
    }
    let (ours, other) = (with.test(), without.test());
    lab.claim("at the end it is ahead in loss and accuracy", ours.loss < other.loss && ours.accuracy > other.accuracy);
    let mut epochs = with.history.epoch_loss.iter().zip(&without.history.epoch_loss).skip(1);
    lab.claim("its training loss is lower in every epoch but the first", epochs.all(|(with, without)| with < without));
    let arrives = |variant: &Trained| variant.history.dev_loss.iter().position(|(_, loss)| *loss < LOW);
    let sooner = arrives(with).is_some_and(|test| arrives(without).is_none_or(|other| test < other));
    lab.claim(format!("its test loss is below {LOW} after fewer steps"), sooner);
}
