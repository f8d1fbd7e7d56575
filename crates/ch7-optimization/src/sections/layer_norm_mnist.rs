//! 7.5.2, exercise · Layer normalisation on MNIST
//!
//! Exercise 7.8: the convolutional network of 7.5.1.5 without and with layer normalisation between each convolution and its
//! ReLU. Each image is normalised over all channels and positions of the layer, with one scale and one shift a layer.
//!
//! Seen: as with batch normalisation, a slower start, then a lead from the second test on with one exception, for the same
//! reason: a learning rate of 0.01 is too large for the network without. The lead is as large as with batch normalisation,
//! though an image's normalisation here knows nothing of the other 63 in its batch, and is the same in training and test.

use crate::conv_nets::{self, Settings};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{lab::Lab, nn::models::ConvNetLayerNorm};

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Trains both side by side.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    conv_nets::compare::<ConvNetLayerNorm>("layer normalisation", &args.settings, lab)
}
