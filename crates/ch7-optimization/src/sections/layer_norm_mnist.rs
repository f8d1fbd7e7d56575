//! 7.5.2, exercise · Layer normalisation on MNIST
//!
//! Exercise 7.8: the convolutional network of 7.5.1.5 without and with layer normalisation between each convolution and its
//! ReLU. Each image is normalised over all channels and positions of the layer, with one scale and one shift a layer.
//!
//! Seen: as with batch normalisation, a slower start, then a lead from the second test on with one exception, for the same
//! reason: a learning rate of 0.01 is too large for the network without. The lead is as large as with batch normalisation,
//! though an image's normalisation here knows nothing of the other 63 in its batch, and is the same in training and test.

use super::batch_norm_mnist::{Args, QUICK, TAPED, compare};
use crate::digits::network;
use anyhow::Result;
use common::{
    lab::Lab,
    models::ConvNetLayerNorm,
    registry::{Heading, Section},
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "layer-norm-mnist",
        book: "7.5.2, exercise",
        title: "Layer normalisation on MNIST",
        summary: "The same network without and with layer normalisation: loss and accuracy of the test images every 300 steps.",
    };
    Section::new(heading, include_str!("layer_norm_mnist.rs"), run).edition("quick", QUICK).taped(TAPED)
}

/// Trains the network without and with layer normalisation.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    compare("layer normalisation", network::<ConvNetLayerNorm>(lab)?, args, lab)
}
