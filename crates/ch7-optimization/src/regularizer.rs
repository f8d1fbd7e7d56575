//! Gradient descent on the network of section 7.6, with and without regularisation.

use crate::moons300::Moons;
use anyhow::Result;
use clap::Args;
use common::{
    chain::{Chain, LayerSpec, linear, relu},
    cli::{at_least_one, positive},
    kernels::Loss,
    optim::{Optimizer, Sgd},
    parameters::Initialization,
    rng::Stream,
    train::{Decision, Network, evaluate, update},
};

/// The book's hyper-parameters.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    pub(crate) lr: f32,
    /// Steps, each on all training samples
    #[arg(long, default_value_t = 50_000, value_parser = at_least_one)]
    pub(crate) steps: usize,
    /// Seeds to average over, one after the other from --seed on
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    pub(crate) seeds: usize,
}

/// Flags of a run that takes a second and shows the same.
pub(crate) const QUICK: &[&str] = &["--steps", "10000", "--seeds", "8"];

/// A way to keep the network from over-fitting: what it does to a step of gradient descent. What it does not do stays as it is without it.
pub(crate) trait Regularizer: Sync {
    /// The method's name with its strength.
    fn name(&self) -> String;

    /// The network of a seed at its start.
    fn network(&self, seed: u64) -> Chain {
        network(relu, seed)
    }

    /// What it adds to the loss of so many samples.
    fn penalty(&self, _network: &Chain, _n_samples: usize) -> f32 {
        0.0
    }

    /// Changes gradients or parameters between the backward pass and the move along the gradients.
    fn regularize(&self, _network: &mut Chain, _n_samples: usize) -> Result<()> {
        Ok(())
    }
}

/// Gradient descent as it is.
pub(crate) struct Unregularized;

impl Regularizer for Unregularized {
    fn name(&self) -> String {
        "unregularised".to_owned()
    }
}

/// The loss, a function of the logit.
pub(crate) const LOSS: Loss = Loss::BinaryCrossEntropyWithLogits;

/// The network 2-20-3-1 with `hidden` behind both hidden layers; its output is a logit.
pub(crate) fn network(hidden: impl Fn() -> LayerSpec, seed: u64) -> Chain {
    let layers = [linear(2, 20), hidden(), linear(20, 3), hidden(), linear(3, 1)];
    Chain::new(layers, LOSS).initialized(Initialization::STANDARD_NORMAL, &mut Stream::new(seed, "weights"))
}

/// A trained network.
#[derive(Debug)]
pub(crate) struct Fit {
    pub(crate) network: Chain,
    /// The loss that training lowers, a penalty and the mask of dropout included; every 100 steps.
    pub(crate) train_loss: Vec<(usize, f32)>,
    /// The loss of the test samples at the same steps.
    pub(crate) test_loss: Vec<(usize, f32)>,
    /// The share of training samples that are classified right in the end.
    pub(crate) train_accuracy: f32,
    /// The same of test samples.
    pub(crate) test_accuracy: f32,
}

/// Steps between two noted losses, as in the book.
const NOTE_EVERY: usize = 100;

/// Trains on the moons of a seed. A run that diverges is a result too: it ends with the step whose loss is not finite.
pub(crate) fn fit(method: &dyn Regularizer, settings: &Settings, moons: &Moons, seed: u64) -> Result<Fit> {
    let (train, test) = (&moons.train, &moons.test);
    let (mut network, mut sgd) = (method.network(seed), Optimizer::new(Sgd));
    let (mut train_loss, mut test_loss) = (Vec::new(), Vec::new());
    for step in 0..settings.steps {
        let is_noted = step.is_multiple_of(NOTE_EVERY);
        if is_noted {
            test_loss.push((step, evaluate(&network, test, Decision::Logit)?.loss));
        }
        network.forward_backward(&train.x, &train.y)?;
        if is_noted {
            let loss = network.loss(network.batch_outputs(), &train.y) + method.penalty(&network, train.len());
            train_loss.push((step, loss));
        }
        method.regularize(&mut network, train.len())?;
        update(&mut network, &mut sgd, settings.lr)?;
        if train_loss.last().is_some_and(|(_, loss)| !loss.is_finite()) {
            break;
        }
    }
    let train_accuracy = evaluate(&network, train, Decision::Logit)?.accuracy;
    let test_accuracy = evaluate(&network, test, Decision::Logit)?.accuracy;
    Ok(Fit { network, train_loss, test_loss, train_accuracy, test_accuracy })
}
