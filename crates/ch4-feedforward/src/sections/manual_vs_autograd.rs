//! 4.3 · By hand or by tape?
//!
//! The exercise asks what automatic gradients change. The networks of sections 4.2 and 4.3 start from the same weights and take the same steps on the
//! same data; loss, gradients and parameters are compared bit for bit at every step.
//!
//! Seen: nothing differs, in any bit of any step. The tape records which operators ran and calls, in reverse, the same backward
//! formulas that section 4.2 writes out: it spares the writing, and changes neither the result nor, much, the time (shown on a
//! terminal, not in the transcript).
//!
//! Departs from the exercise's answer: it finds the tape's network better, from two runs whose random weights differ.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, non_negative, positive},
    data::{Samples, moons},
    kernels::{Activation, Loss},
    lab::Lab,
    nn::{self, Logistic, builder::Linear},
    ops::Device,
    optim::Sgd,
    parameters::{Initialization, Initializer, Parameters},
    rng::Stream,
    scratch::{self, Layer, LinearGradients},
    train::{Learner, Pass},
};
use dfdx::nn::DeviceBuildExt;
use std::fmt::Write;

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    lr: f32,
    /// Epochs, each one full-batch step
    #[arg(long, default_value_t = 1000, value_parser = at_least_one)]
    epochs: usize,
    /// Epochs between two printed lines
    #[arg(long, default_value_t = 100, value_parser = at_least_one)]
    log_every: usize,
    /// Standard deviation of the noise on the moons
    #[arg(long, default_value_t = 0.5, value_parser = non_negative)]
    noise: f32,
}

/// Two inputs, five hidden units, one probability.
type Mlp = (Linear<2, 5>, Logistic, Linear<5, 1>, Logistic);

/// Weights from N(0, 1), biases zero.
const INIT: Initialization = Initialization { weight: Initializer::STANDARD_NORMAL, bias: Initializer::ZEROS };

/// Trains both networks and compares them step by step.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let train = moons::moon1000(args.noise, lab.seed()).train;
    let sgd = Sgd { learning_rate: args.lr };
    let mut weights = lab.stream("weights");
    let layers = [(2, 5), (5, 1)].map(|shape| Layer::draw(shape, Activation::Logistic, INIT, &mut weights));
    let mut by_hand = scratch::Network::new(layers.to_vec(), Loss::BinaryCrossEntropy, sgd);
    let mut mlp = Device::default().build_module::<Mlp, f32>();
    nn::initialize(&mut mlp, INIT, &mut Stream::new(lab.seed(), "weights"))?;
    let mut by_tape = nn::Network::<_, _, 2, 1>::new(mlp, Loss::BinaryCrossEntropy, sgd);

    let hand = lab.timed("by hand", || steps(&mut by_hand, args.epochs, &train, |network| values(network.gradients())))?;
    let tape = lab.timed("by tape", || steps(&mut by_tape, args.epochs, &train, |network| flat(&network.gradients())))?;
    writeln!(lab, "{:>5} {:>12} {:>12} {:>22}", "epoch", "loss by hand", "loss by tape", "largest gradient gap")?;
    for epoch in (0..args.epochs).step_by(args.log_every) {
        let ((loss, gradients), (taped_loss, taped_gradients)) = (&hand[epoch], &tape[epoch]);
        writeln!(lab, "{epoch:>5} {loss:>12} {taped_loss:>12} {:>22}", largest_gap(gradients, taped_gradients))?;
    }
    report(&hand, &tape, lab);
    let same_end = by_hand.parameters().fingerprint() == by_tape.parameters().fingerprint();
    lab.claim("the parameters after the last step are the same bits", same_end);
    lab.fingerprint(&by_hand.parameters());
    Ok(())
}

/// The loss and all gradients of a step.
type Step = (f32, Vec<f32>);

/// Takes full-batch steps and keeps what each computed.
fn steps<L: Learner>(network: &mut L, epochs: usize, train: &Samples, gradients: impl Fn(&L) -> Vec<f32>) -> Result<Vec<Step>> {
    let mut kept = Vec::new();
    for _ in 0..epochs {
        let Pass { loss, .. } = network.learn(&train.x, &train.y)?;
        kept.push((loss, gradients(network)));
        network.update()?;
    }
    Ok(kept)
}

/// The gradients of the hand-derived network: weight, then bias, of each layer.
fn values(gradients: &[LinearGradients]) -> Vec<f32> {
    gradients.iter().flat_map(|layer| layer.dweight.values().iter().chain(&layer.dbias)).copied().collect()
}

/// The gradients of the taped network, in the same order.
fn flat(gradients: &Parameters) -> Vec<f32> {
    gradients.0.iter().flat_map(|parameter| &parameter.values).copied().collect()
}

fn largest_gap(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Compares every bit of every step.
fn report(hand: &[Step], tape: &[Step], lab: &mut Lab) {
    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let differs = |(a, b): &(&Step, &Step)| a.0.to_bits() != b.0.to_bits() || bits(&a.1) != bits(&b.1);
    let differing = hand.iter().zip(tape).filter(differs).count();
    lab.metric("steps that differ in a bit", differing);
    lab.claim("loss and every gradient are the same bits at every step", differing == 0);
}
