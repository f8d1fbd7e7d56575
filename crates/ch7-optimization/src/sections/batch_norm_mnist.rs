//! 7.5.1.5 · Batch normalisation on MNIST
//!
//! A convolutional network, 20 and 20 kernels of 5 × 5, without and with batch normalisation between each convolution and its
//! ReLU: Adam with 0.01, shuffled batches of 64, five epochs, a test every 300 steps. Both start from the same weights and see
//! the same batches.
//!
//! The book says that the network with batch normalisation converges faster. Seen: at first it is slower. At the first test, a
//! third into the first epoch, its loss is the higher one, and so is the mean loss of that epoch. From the second test on its
//! loss is lower, with one exception: the other network stops improving after the first epoch, as a learning rate of 0.01 is too
//! large for it, while this one bears it. What batch normalisation buys here is the larger learning rate: with `--lr 0.001` the
//! network without it does as well in three epochs, 0.9868 of the test images against 0.9851.
//!
//! Departs from the book:
//! 1. Its loader for the tests wraps the training images: ours are the 10,000 test images.
//! 2. Both networks start from the same weights; the book draws anew for each.
//!
//! Weights start as in the book's library: kernels from N(0, 2 / inputs), matrices uniform after Xavier, biases 0.

use crate::{
    conv_nets,
    digits::{Digits, INIT, LOSS},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, positive},
    data::{
        Batches,
        mnist::{N_DIGITS, N_PIXELS},
    },
    lab::{Experiment, Lab, Variant},
    models::ConvNet,
    optim::{Adam, EpsPlacement, Optimizer},
    registry::{Heading, Section},
    tape::{
        Flatten, Image, MaxPool2d, Relu,
        builder::{BatchNorm, Conv2d, Linear},
    },
    train::Network,
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "batch-norm-mnist",
        book: "7.5.1.5",
        title: "Batch normalisation on MNIST",
        summary: "A convolutional network without and with batch normalisation: loss and accuracy of the test images every 300 steps.",
    };
    Section::new(heading, run).edition("quick", QUICK).taped(TAPED)
}

/// Sixty of the steps.
pub(super) const QUICK: &[&str] = &["--images", "1920", "--test-images", "500", "--epochs", "2", "--evaluate-every", "20"];

/// Ten of them through the tape.
pub(super) const TAPED: &[&str] =
    &["--images", "320", "--test-images", "100", "--epochs", "2", "--evaluate-every", "3", "--taped"];

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
    #[arg(long, default_value_t = 5, value_parser = at_least_one)]
    epochs: usize,
    /// Steps between two tests
    #[arg(long, default_value_t = 300, value_parser = at_least_one)]
    evaluate_every: usize,
    #[command(flatten)]
    digits: Digits,
}

/// [`ConvNet`] with batch normalisation between each convolution and its ReLU.
type ConvNetBatchNorm = (
    Image<1, 28, 28>,
    (Conv2d<1, 20, 5, 1, 2>, BatchNorm<20>, Relu, MaxPool2d<2, 2>),
    (Conv2d<20, 20, 5, 1, 2>, BatchNorm<20>, Relu, MaxPool2d<2, 2>),
    Flatten<980>,
    Linear<980, 10>,
);

/// Trains the network without and with batch normalisation.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let normalized = lab.driver().network::<ConvNetBatchNorm, N_PIXELS, N_DIGITS>(LOSS, INIT, &mut lab.stream("weights"))?;
    compare("batch normalisation", normalized, args, lab)
}

/// Trains [`ConvNet`] and its variant with the named normalisation side by side, and shows what it changes.
pub(super) fn compare(name: &str, normalized: Box<dyn Network>, args: &Args, lab: &mut Lab) -> Result<()> {
    let Args { lr, batch_size, epochs, evaluate_every, ref digits } = *args;
    let batches = digits.checked(Batches::Shuffled { size: batch_size, stream: Box::new(lab.stream("shuffle")) })?;
    let without = lab.driver().network::<ConvNet, N_PIXELS, N_DIGITS>(LOSS, INIT, &mut lab.stream("weights"))?;
    let variants = [("without".to_owned(), without), (format!("with {name}"), normalized)].map(|(name, network)| {
        let flags = format!("--lr {lr} --batch-size {batch_size} --evaluate-every {evaluate_every} ({name})");
        let adam = Adam::new(0.9, 0.999, 1e-8).eps_placement(EpsPlacement::OutsideRoot);
        Variant {
            settings: digits.settings(&flags, lab),
            name,
            network,
            optimizer: Optimizer::new(adam),
            learning_rate: lr,
            batches: batches.clone(),
        }
    });
    let mnist = digits.load(lab)?;
    let (train, test) = (mnist.train(), mnist.test());
    let experiment = Experiment { train: &train, test: &test, n_epochs: epochs, resume: digits.resume };
    let trained = lab.train_variants(variants.into(), experiment, |run, learning_rate| {
        while let Some(step) = run.forward_backward()? {
            run.update(learning_rate)?;
            if step.completes(evaluate_every) {
                run.evaluate(&test)?;
            }
        }
        Ok(())
    })?;
    conv_nets::show(name, trained, lab)
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    #[test]
    fn the_network_is_the_one_that_is_tested_and_timed() {
        assert_eq!(TypeId::of::<super::ConvNetBatchNorm>(), TypeId::of::<common::models::ConvNetBatchNorm>());
    }
}
