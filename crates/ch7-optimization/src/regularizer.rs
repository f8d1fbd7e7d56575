//! Gradient descent on the network of section 7.6, with and without regularisation.

use crate::moons300::Moons;
use anyhow::{Result, ensure};
use clap::Args;
use common::{
    chain::{Chain, LayerSpec, linear, relu},
    cli::{n_seeds, n_steps, positive},
    kernels::{Loss, reduce},
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Parameters},
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
    #[arg(long, default_value_t = 50_000, value_parser = n_steps)]
    pub(crate) steps: usize,
    /// Seeds to average over, one after the other from --seed on
    #[arg(long, default_value_t = 20, value_parser = n_seeds)]
    pub(crate) seeds: usize,
}

/// Flags of a run that takes a second and shows the same.
pub(crate) const QUICK: &[&str] = &["--steps", "10000", "--seeds", "8"];

/// A way to keep the network from over-fitting: what it does to a step of gradient descent. What it does not do stays as it is without it.
pub(crate) trait Regularizer: Sync {
    /// The method's name with its strength.
    fn name(&self) -> String {
        "unregularised".to_owned()
    }

    /// The network of a seed at its start.
    fn network(&self, seed: u64) -> Chain {
        network(relu, seed)
    }

    /// What it adds to the loss.
    fn penalty(&self, _network: &Chain) -> f32 {
        0.0
    }

    /// Changes gradients or parameters between the backward pass and the move along the gradients.
    fn regularize(&self, _network: &mut Chain) -> Result<()> {
        Ok(())
    }

    /// Changes parameters behind a move with the given learning rate.
    fn after_step(&self, _network: &mut Chain, _learning_rate: f32) -> Result<()> {
        Ok(())
    }
}

/// Gradient descent as it is.
pub(crate) struct Unregularized;

impl Regularizer for Unregularized {}

/// The loss, a function of the logit.
pub(crate) const LOSS: Loss = Loss::BinaryCrossEntropyWithLogits;

/// The network 2-20-3-1 with `hidden` behind both hidden layers; its output is a logit.
pub(crate) fn network(hidden: impl Fn() -> LayerSpec, seed: u64) -> Chain {
    let layers = [linear(2, 20), hidden(), linear(20, 3), hidden(), linear(3, 1)];
    Chain::new(layers, LOSS).initialized(Initialization::STANDARD_NORMAL, &mut Stream::new(seed, "weights"))
}

/// Whether a tensor of that name is a weight matrix, no bias.
pub(crate) fn is_weight(tensor: &str) -> bool {
    tensor.ends_with(".weight")
}

/// Σ W²: the squares of a matrix are summed in sixteen lanes, the matrices in their order, all in f64.
pub(crate) fn squares_of_weights(Parameters(tensors): &Parameters) -> f64 {
    let weights = tensors.iter().filter(|tensor| is_weight(&tensor.name));
    weights.fold(0.0, |sum, weight| sum + reduce::sum_of_squares(&weight.values))
}

/// A trained network.
#[derive(Debug)]
pub(crate) struct Fit {
    /// The method's name with its strength.
    pub(crate) name: String,
    /// What it was trained and tested on.
    pub(crate) moons: Moons,
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

impl Fit {
    /// Refuses a run that diverged.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some((step, loss)) = self.train_loss.last() {
            ensure!(loss.is_finite(), "the loss is {loss} at step {step}: training diverged; try a smaller learning rate");
        }
        // The steps behind the last noted loss count, too.
        let Parameters(tensors) = self.network.parameters();
        let is_finite = tensors.iter().flat_map(|tensor| &tensor.values).all(|value| value.is_finite());
        ensure!(is_finite, "the weights are not finite in the end: training diverged; try a smaller learning rate");
        Ok(())
    }
}

/// Steps between two noted losses, as in the book.
const NOTE_EVERY: usize = 100;

/// Trains on the moons of a seed. A run that diverges is a result too: it ends with the step whose loss is not finite.
pub(crate) fn fit(method: &dyn Regularizer, settings: &Settings, seed: u64) -> Result<Fit> {
    let (moons, mut network, mut sgd) = (Moons::new(seed), method.network(seed), Optimizer::new(Sgd));
    let (train, mut train_loss, mut test_loss) = (&moons.train, Vec::new(), Vec::new());
    for step in 0..settings.steps {
        let is_noted = step.is_multiple_of(NOTE_EVERY);
        if is_noted {
            test_loss.push((step, evaluate(&network, &moons.test, Decision::Logit)?.loss));
        }
        network.forward_backward(&train.x, &train.y)?;
        if is_noted {
            let loss = network.loss(network.batch_outputs(), &train.y) + method.penalty(&network);
            train_loss.push((step, loss));
        }
        method.regularize(&mut network)?;
        update(&mut network, &mut sgd, settings.lr)?;
        method.after_step(&mut network, settings.lr)?;
        if train_loss.last().is_some_and(|(_, loss)| !loss.is_finite()) {
            break;
        }
    }
    let [train_accuracy, test_accuracy] = moons.accuracies(&network)?;
    Ok(Fit { name: method.name(), moons, network, train_loss, test_loss, train_accuracy, test_accuracy })
}
