//! MNIST as the sections of this chapter take it: how much of it, and how a network that reads it starts.

use anyhow::Result;
use clap::Args;
use common::{
    cli::{UsageError, one_to},
    data::{
        Batches,
        mnist::{ImageDataset, Images, N_TEST, N_TRAIN, PixelScale},
    },
    kernels::Loss,
    lab::Lab,
    parameters::{Initialization, Initializer},
};

/// As the book's library starts its layers: kernels from N(0, 2 / inputs), matrices uniform after Xavier, biases 0.
pub(crate) const INIT: Initialization = Initialization { weight: Initializer::ByShape, bias: Initializer::ZEROS };
/// The loss of ten logits.
pub(crate) const LOSS: Loss = Loss::SoftmaxCrossEntropy;

/// How much of MNIST a run takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Digits {
    /// Train on the first so many images
    #[arg(long, default_value_t = N_TRAIN, value_parser = one_to::<N_TRAIN>)]
    pub(crate) images: usize,
    /// Test on the first so many test images
    #[arg(long, default_value_t = N_TEST, value_parser = one_to::<N_TEST>)]
    test_images: usize,
    /// Go on from the last epochs that an interrupted run of the same settings finished
    #[arg(long)]
    pub(crate) resume: bool,
}

impl Digits {
    /// The same batches, unless they are larger than there are images.
    pub(crate) fn checked(&self, batches: Batches) -> Result<Batches, UsageError> {
        batches.check(self.images).map_err(|error| UsageError(error.to_string()))?;
        Ok(batches)
    }

    /// What the bits of a run depend on: the flags that stand for a variant, the images, the seed.
    pub(crate) fn settings(&self, flags: &str, lab: &Lab) -> String {
        format!("{flags} --images {} --test-images {} --seed {}", self.images, self.test_images, lab.seed())
    }

    /// Reads the images.
    pub(crate) fn load(&self, lab: &Lab) -> Result<Mnist> {
        let (train, test) = (Images::train(lab.data())?, Images::test(lab.data())?);
        Ok(Mnist { train, n_train: self.images, test, n_test: self.test_images })
    }
}

/// The images of a run; pixels become inputs from 0 to 1.
#[derive(Debug)]
pub(crate) struct Mnist {
    train: Images,
    n_train: usize,
    test: Images,
    n_test: usize,
}

impl Mnist {
    /// Those to train on.
    pub(crate) fn train(&self) -> ImageDataset<'_> {
        ImageDataset::first(&self.train, self.n_train, PixelScale::Unit)
    }

    /// Those to test with.
    pub(crate) fn test(&self) -> ImageDataset<'_> {
        ImageDataset::first(&self.test, self.n_test, PixelScale::Unit)
    }
}
