//! MNIST as the sections of this chapter take it: how much of it, how a network that reads it starts, and how several train on it side by side.

use crate::comparison::Trained;
use anyhow::Result;
use clap::Args;
use common::{
    chain::InChain,
    cli::{UsageError, one_to},
    data::{
        Batches,
        mnist::{ImageDataset, Images, N_DIGITS, N_PIXELS, N_TEST, N_TRAIN, PixelScale},
    },
    kernels::Loss,
    lab::{Experiment, Lab, Variant, VariantRun},
    optim::Method,
    parameters::{Initialization, Initializer},
    rng::Stream,
    tape::{self, Device},
    train::Network,
};
use dfdx::nn::{BuildOnDevice, tensor_collection::TensorCollection};

/// As the book's library starts its layers: kernels from N(0, 2 / inputs), matrices uniform after Xavier, biases 0.
const INIT: Initialization = Initialization { weight: Initializer::ByShape, bias: Initializer::ZEROS };

/// A network of the dfdx model `M` for ten logits, at the same first weights as the others of its run.
pub(crate) fn network<M>(lab: &Lab) -> Result<Box<dyn Network>>
where
    M: InChain + BuildOnDevice<Device, f32>,
    tape::Model<M::Built, N_PIXELS, N_DIGITS>: Network,
    M::Built: TensorCollection<f32, Device> + 'static,
{
    network_of_seed::<M>(lab.seed(), lab)
}

/// The same at the first weights of another seed.
pub(crate) fn network_of_seed<M>(seed: u64, lab: &Lab) -> Result<Box<dyn Network>>
where
    M: InChain + BuildOnDevice<Device, f32>,
    tape::Model<M::Built, N_PIXELS, N_DIGITS>: Network,
    M::Built: TensorCollection<f32, Device> + 'static,
{
    let weights = &mut Stream::new(seed, "weights");
    lab.driver().network::<M, N_PIXELS, N_DIGITS>(Loss::SoftmaxCrossEntropy, INIT, weights)
}

/// How much of MNIST a run takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Digits {
    /// Train on this many images, the first ones
    #[arg(long, default_value_t = N_TRAIN, value_parser = one_to::<N_TRAIN>)]
    pub(crate) images: usize,
    /// Test on this many test images, the first ones
    #[arg(long, default_value_t = N_TEST, value_parser = one_to::<N_TEST>)]
    test_images: usize,
    /// Go on from the last epochs that an interrupted run of the same settings finished
    #[arg(long)]
    resume: bool,
}

impl Digits {
    /// The same batches, unless they are larger than there are images.
    pub(crate) fn checked(&self, batches: Batches) -> Result<Batches, UsageError> {
        batches.check(self.images).map_err(|error| UsageError(error.to_string()))?;
        Ok(batches)
    }

    /// Shuffled batches, in the same order for every variant of a run.
    pub(crate) fn shuffled(&self, size: usize, lab: &Lab) -> Result<Batches, UsageError> {
        self.checked(Batches::Shuffled { size, stream: Box::new(lab.stream("shuffle")) })
    }

    /// A way to train a network beside others; `flags` stand for it where its bits are told from those of other runs.
    pub(crate) fn variant(&self, method: Method, network: Box<dyn Network>, batches: Batches, flags: &str, lab: &Lab) -> Variant {
        let settings = format!("{flags} --images {} --test-images {} --seed {}", self.images, self.test_images, lab.seed());
        Variant { method, settings, network, batches }
    }

    /// The test images of a run.
    pub(crate) fn tested<'a>(&self, images: &'a Images) -> ImageDataset<'a> {
        ImageDataset::first(images, self.test_images, PixelScale::Unit)
    }

    /// Trains the variants side by side, each by `train`, which is given its run, its learning rate and the images to test with.
    pub(crate) fn train(
        &self,
        variants: Vec<Variant>,
        n_epochs: usize,
        lab: &mut Lab,
        train: impl Fn(&mut VariantRun, f32, &ImageDataset) -> Result<()> + Sync,
    ) -> Result<Vec<Trained>> {
        let (training, test) = (Images::train(lab.data())?, Images::test(lab.data())?);
        let training = ImageDataset::first(&training, self.images, PixelScale::Unit);
        let test = self.tested(&test);
        let experiment = Experiment { train: &training, test: &test, n_epochs, resume: self.resume };
        lab.train_variants(variants, experiment, |run, learning_rate| train(run, learning_rate, &test))
    }
}
