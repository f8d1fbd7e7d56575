//! 7.5.2, exercise · Layer normalisation on MNIST
//!
//! Exercise 7.8: the convolutional network of 7.5.1.5 without and with layer normalisation between each convolution and its
//! ReLU. Each image is normalised over all channels and positions of the layer, with one scale and one shift per layer.
//!
//! The book advises layer normalisation for small batches, and batch normalisation otherwise. So both networks also learn from a few
//! images in batches of 2 and of 8.
//!
//! Seen: as with batch normalisation, the start is slower, and from the second test on, with one exception, the network with
//! layer normalisation is ahead: the other one's test loss stops falling early.
//!
//! The lead is no smaller than with batch normalisation, though an image's normalisation here knows nothing of the other 63 in its
//! batch, and is the same in training and test. With batches of 2 layer normalisation ends lower on average, as advised, but by
//! less than seeds scatter; with 8 neither is ahead, and with 64 batch normalisation, in `batch-norm-mnist`, ends with the higher
//! loss. The second half of the advice is not borne out.

use super::batch_norm_mnist::{self, compare};
use crate::{digits::network, small_batches::SmallBatches};
use anyhow::Result;
use clap::Args as ClapArgs;
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
    Section::new(heading, [include_str!("layer_norm_mnist.rs"), include_str!("layer_norm_mnist.zh.md")], run)
        .edition("quick", QUICK)
        .taped(TAPED)
}

/// As long as `batch-norm-mnist`, and 100 steps with small batches.
const QUICK: &[&str] = &[
    "--images",
    "1920",
    "--test-images",
    "500",
    "--epochs",
    "2",
    "--evaluate-every",
    "20",
    "--small-images",
    "256",
    "--small-seeds",
    "2",
];

/// The same through the tape.
const TAPED: &[&str] = &[
    "--images",
    "320",
    "--test-images",
    "100",
    "--epochs",
    "2",
    "--evaluate-every",
    "3",
    "--small-images",
    "32",
    "--small-seeds",
    "1",
    "--taped",
];

/// The hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
// The flattened flags are a group of the same name.
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    comparison: batch_norm_mnist::Args,
    #[command(flatten)]
    small_batches: SmallBatches,
}

/// Trains the network without and with layer normalisation, then with both normalisations on small batches.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    compare("layer normalisation", network::<ConvNetLayerNorm>(lab)?, &args.comparison, lab)?;
    args.small_batches.show(&args.comparison.digits, lab)
}
