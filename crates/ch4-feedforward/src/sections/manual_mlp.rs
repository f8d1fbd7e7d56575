//! 4.2.2–4.2.7 · A two-layer network by hand
//!
//! Each operator has a forward and a hand-derived backward pass ([`common::scratch`]): the linear layer (eq. 4.8; backward 4.19, 4.22 and 4.23),
//! the logistic function (eq. 4.4; backward 4.16) and the binary cross-entropy (backward 4.11). A network of 2 inputs, 5 hidden
//! units and 1 output is put together from them and trained on Moon1000 by gradient descent on all samples at once.
//!
//! `--replay` trains on the source's own random numbers, in the arithmetic of its GPU, and compares the log digit by digit.
//!
//! Departs from the book:
//! 1. Its text says 2000 epochs, its code 1000: 1000.
//! 2. The loss cuts logarithms off at −100, where the book's formula would become infinite.

use crate::classifier::{self, Settings};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{self, one_to},
    data::moons,
    kernels::{Activation, Loss},
    lab::Lab,
    matrix::Matrix,
    optim::Sgd,
    parameters::{Initialization, Initializer},
    replay::{self, Draws, Operators, SourceLayer},
    rng::Stream,
    scratch::{Layer, Network},
    train::{Learner, Outcome},
};
use std::fmt::Write;

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Hidden units
    #[arg(long, default_value_t = 5, value_parser = one_to::<MOST_UNITS>, conflicts_with = "replay")]
    hidden: usize,
    #[command(flatten)]
    settings: Settings,
}

/// Hidden units that fit into any machine's memory.
const MOST_UNITS: usize = 10_000;

/// Weights from N(0, 1), biases zero.
const INIT: Initialization = Initialization { weight: Initializer::STANDARD_NORMAL, bias: Initializer::ZEROS };

/// Shows the network on one sample, then trains and tests it.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let settings = &args.settings;
    let seeds = cli::seeds(lab.seed(), settings.seeds)?;
    show_one_sample(lab, settings.replay)?;
    let outcome = if settings.replay {
        lab.replay();
        let mut network = replay::Network::new(source_layers(), Operators::HandWritten, settings.lr);
        classifier::study(&mut network, &replay::moon1000(), settings, lab)?
    } else {
        let mut network = network(args, lab.seed());
        classifier::study(&mut network, &moons::moon1000(settings.noise, lab.seed()), settings, lab)?
    };
    classifier::span(|seed| Ok(network(args, seed)), seeds, settings, lab)?;
    claim(&outcome, lab);
    Ok(())
}

/// Two layers, each an affine map and a logistic function.
fn network(args: &Args, seed: u64) -> Network<Sgd> {
    let mut weights = Stream::new(seed, "weights");
    let layers = [(2, args.hidden), (args.hidden, 1)].map(|shape| Layer::draw(shape, Activation::Logistic, INIT, &mut weights));
    Network::new(layers.to_vec(), Loss::BinaryCrossEntropy, Sgd { learning_rate: args.settings.lr })
}

/// 4.2.2.3: the output of a 5-10-1 network for one random sample.
fn show_one_sample(lab: &mut Lab, replay: bool) -> Result<()> {
    let (x, layers) = if replay {
        let draws = Draws::new(replay::SEED_OF_DATA);
        (
            Matrix::new(1, 5, draws.uniform(36, 5)),
            [(34, (5, 10)), (35, (10, 1))].map(|(call, shape)| SourceLayer::logistic(call, shape).draw(draws)),
        )
    } else {
        let mut weights = lab.stream("demo weights");
        let layers = [(5, 10), (10, 1)].map(|shape| Layer::draw(shape, Activation::Logistic, INIT, &mut weights));
        (Matrix::new(1, 5, lab.stream("demo sample").uniforms(5, 0.0, 1.0)), layers)
    };
    let output = if replay {
        replay::Network::new(layers.to_vec(), Operators::HandWritten, 0.0).outputs(&x)?
    } else {
        Network::new(layers.to_vec(), Loss::BinaryCrossEntropy, Sgd { learning_rate: 0.0 }).outputs(&x)?
    };
    writeln!(lab, "One sample through a 5-10-1 network: {}\n", output.values()[0])?;
    lab.metric("output for one sample", output.values()[0]);
    Ok(())
}

/// The source's initial weights of section 4.2: the first two draws after its seed.
fn source_layers() -> Vec<Layer> {
    let draws = Draws::new(replay::SEED_OF_TRAINING);
    vec![SourceLayer::logistic(0, (2, 5)).draw(draws), SourceLayer::logistic(1, (5, 1)).draw(draws)]
}

/// What the section is there to show.
fn claim(outcome: &Outcome, lab: &mut Lab) {
    let losses = &outcome.history.train_loss;
    let falls = losses.last() < losses.first();
    let best = outcome.best_score;
    lab.claim("the loss falls, and the best model classifies more than 70 % of the development set", falls && best > 0.7);
}
