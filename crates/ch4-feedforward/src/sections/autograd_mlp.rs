//! 4.3 · The same network through the tape
//!
//! The two-layer network of section 4.2 as a tuple of predefined layers; dfdx's tape computes the gradients. Seeds and streams are those of
//! `manual-mlp`, and so are all results, to the last bit: backpropagation by hand and by tape is the same arithmetic.
//!
//! `--replay` trains on the source's own random numbers, in the arithmetic of its GPU, and compares the log digit by digit.
//!
//! Departs from the book: its text announces gains from automatic gradients, but its two runs differ in their random weights only.

use crate::classifier::{self, Settings};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli,
    data::moons,
    kernels::Loss,
    lab::Lab,
    nn::{self, Logistic, builder::Linear, initialize},
    ops::Device,
    optim::Sgd,
    parameters::{Initialization, Initializer},
    replay::{self, Draws, Operators, SourceLayer},
    rng::Stream,
    scratch::Layer,
};
use dfdx::nn::{BuildOnDevice, DeviceBuildExt};

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Two inputs, five hidden units, one probability.
type Mlp = (Linear<2, 5>, Logistic, Linear<5, 1>, Logistic);
type Network = nn::Network<<Mlp as BuildOnDevice<Device, f32>>::Built, Sgd, 2, 1>;

/// Weights from N(0, 1), biases zero.
const INIT: Initialization = Initialization { weight: Initializer::STANDARD_NORMAL, bias: Initializer::ZEROS };

/// Trains and tests the network.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let settings = &args.settings;
    let seeds = cli::seeds(lab.seed(), settings.seeds)?;
    let outcome = if settings.replay {
        lab.replay();
        let mut network = replay::Network::new(source_layers(), Operators::Library, settings.lr);
        classifier::study(&mut network, &replay::moon1000(), settings, lab)?
    } else {
        let mut network = network(args, lab.seed())?;
        classifier::study(&mut network, &moons::moon1000(settings.noise, lab.seed()), settings, lab)?
    };
    classifier::span(|seed| network(args, seed), seeds, settings, lab)?;
    let losses = &outcome.history.train_loss;
    let falls = losses.last() < losses.first();
    lab.claim(
        "the loss falls, and the best model classifies more than 70 % of the development set",
        falls && outcome.best_score > 0.7,
    );
    Ok(())
}

fn network(args: &Args, seed: u64) -> Result<Network> {
    let mut mlp = Device::default().build_module::<Mlp, f32>();
    initialize(&mut mlp, INIT, &mut Stream::new(seed, "weights"))?;
    Ok(Network::new(mlp, Loss::BinaryCrossEntropy, Sgd { learning_rate: args.settings.lr }))
}

/// The source's initial weights of section 4.3: the two draws that follow those of section 4.2.
fn source_layers() -> Vec<Layer> {
    let draws = Draws::new(replay::SEED_OF_TRAINING);
    vec![SourceLayer::logistic(2, (2, 5)).draw(draws), SourceLayer::logistic(3, (5, 1)).draw(draws)]
}
