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

use crate::conv_nets::{self, Settings};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{lab::Lab, nn::models::ConvNetBatchNorm};

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Trains both side by side.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    conv_nets::compare::<ConvNetBatchNorm>("batch normalisation", &args.settings, lab)
}
