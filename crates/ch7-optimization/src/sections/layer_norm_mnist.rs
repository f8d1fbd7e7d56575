//! 7.5.2, exercise · Layer normalisation on MNIST
//!
//! Exercise 7.8: the convolutional network of 7.5.1.5 without and with layer normalisation between each convolution and its ReLU. Each image
//! is normalised over all channels and positions of the layer, with one scale and one shift a layer.
//!
//! Seen: as with batch normalisation, a slower start and then a clear lead, from the second test on with one exception. The lead is even a little
//! larger: what a layer makes of an image no longer depends on the other 63 of its batch, so that there is no
//! noise of the batches' statistics, and no difference between training and test.

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
