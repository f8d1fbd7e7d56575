//! 4.2.2–4.2.7 · A two-layer network by hand
//!
//! Each operator has a forward and a hand-derived backward pass ([`common::layers`]): the linear layer (eq. 4.8; backward 4.19, 4.22 and 4.23),
//! the logistic function (eq. 4.4; backward 4.16) and the binary cross-entropy (backward 4.11). A network of 2 inputs, 5 hidden
//! units and 1 output is put together from them and trained on Moon1000 by gradient descent on all samples at once.
//!
//! Seen: the loss falls, steeply at first, and about as many samples are classified correctly as the overlap of the moons
//! allows. The chain of predefined layers ends with the same bits.
//!
//! `--replay` trains on the source's own random numbers, in the arithmetic of its GPU, and compares the log digit by digit.
//!
//! Departs from the book:
//! 1. Its text says twice as many epochs as its code, which has 1000: 1000.
//! 2. The loss cuts logarithms off at −100, where the book's formula would become infinite.

use crate::replays;
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    by_hand::{ByHand, Passes},
    chain::{Chain, linear, logistic},
    cli::{self, at_least_one, n_seeds, n_steps, n_units, non_negative, positive},
    data::{Batches, Samples, moons},
    figures,
    kernels::{Activation, Loss, loss::Targets, reduce::same_bits},
    lab::Lab,
    layers::{Activate, Linear, LinearGradients, loss_backward},
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Parameter, Parameters},
    registry::{Heading, Section},
    rng::Stream,
    train::{Decision, Journal, Log, Network, Outcome, Trainer, TrainingConfig},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "manual-mlp",
        book: "4.2.2-4.2.7",
        title: "A two-layer network by hand",
        summary: "Linear and logistic operators, each with a hand-derived backward pass, trained by gradient descent on the two moons; \
                  the best model is saved, loaded again and tested.",
    };
    let help = "Train on the source's own data and weights, in its own arithmetic";
    Section::new(heading, [include_str!("manual_mlp.rs"), include_str!("manual_mlp.zh.md")], run)
        .replayed(help, &["hidden", "noise", "seeds"], replays::manual_mlp)
        .edition("seeds", &["--seeds", "40"])
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Hidden units
    #[arg(long, default_value_t = 5, value_parser = n_units::<MOST_UNITS, BYTES_OF_A_UNIT>)]
    hidden: usize,
    #[command(flatten)]
    pub(crate) training: Training,
}

/// How the two-layer network is trained, here and in section 4.3.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Training {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    pub(super) lr: f32,
    /// Epochs, each one full-batch step
    #[arg(long, default_value_t = 1000, value_parser = n_steps)]
    pub(super) epochs: usize,
    /// Epochs between two printed losses
    #[arg(long, default_value_t = 50, value_parser = at_least_one)]
    pub(crate) log_every: usize,
    /// Standard deviation of the noise on the moons
    #[arg(long, default_value_t = moons::NOISE, value_parser = non_negative)]
    pub(crate) noise: f32,
    /// Train with this many seeds, one after the other from --seed on, and show what the results span
    #[arg(long, default_value_t = 1, value_parser = n_seeds)]
    pub(crate) seeds: usize,
}

/// Hidden units that fit into any machine's memory.
const MOST_UNITS: usize = 2000;
/// Bytes that the decision regions need for each: what it gives at each point of their grid.
const BYTES_OF_A_UNIT: u64 = 320_000;

/// Shows the network on one sample, then trains and tests it.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let seeds = cli::seeds(lab.seed(), args.training.seeds)?;
    let draw = |widths, weights: &mut Stream| ByHand::<Mlp>::draw(widths, Initialization::STANDARD_NORMAL, weights);
    let sample = Matrix::new(1, 5, lab.stream("demo sample").uniforms(5, 0.0, 1.0));
    show_one_sample(&draw([5, 10, 1], &mut lab.stream("demo weights")).outputs(&sample)?, lab)?;

    let mlp = |seed| Ok(draw([2, args.hidden, 1], &mut Stream::new(seed, "weights")));
    let (outcome, end) = args.training.over_seeds(seeds, mlp, lab)?;

    let layers = [linear(2, args.hidden), logistic(), linear(args.hidden, 1), logistic()];
    let mut chain = Chain::new(layers, Mlp::LOSS).initialized(Initialization::STANDARD_NORMAL, &mut lab.stream("weights"));
    let split = moons::moon1000(args.training.noise, lab.seed());
    let run = Trainer::new(&mut chain, Optimizer::new(Sgd), &split.train, args.training.config())?;
    let chained = args.training.train(run, &split.dev)?;
    let same = chained.history == outcome.history && chain.parameters().fingerprint() == end;
    lab.figure("network", &figures::network("The network after its last step", &chain)?)?;
    lab.claim(
        "a chain of predefined layers has the same losses at every step and ends with the same bits in every parameter",
        same,
    );
    save_layer_by_layer(&outcome.best.parameters, mlp(lab.seed())?, &split.test, lab)
}

/// The files of the layers, as the source's runner names them, and where the whole network has their parameters.
const LAYERS: [(&str, &str); 2] = [("fc1", "0."), ("fc2", "2.")];

/// 4.2.5: saves each layer of the best model to a file of its own, and puts a network together from these files.
fn save_layer_by_layer(best: &Parameters, mut loaded: ByHand<Mlp>, test: &Samples, lab: &mut Lab) -> Result<()> {
    let mut read = Vec::new();
    for (file, prefix) in LAYERS {
        let of_layer = best.0.iter().filter_map(|tensor| Some((tensor, tensor.name.strip_prefix(prefix)?)));
        let layer = Parameters(of_layer.map(|(tensor, name)| Parameter { name: name.to_owned(), ..tensor.clone() }).collect());
        let path = lab.checkpoint(file, &layer)?;
        read.extend(
            Parameters::read(&path)?.0.into_iter().map(|tensor| Parameter { name: format!("{prefix}{}", tensor.name), ..tensor }),
        );
    }
    loaded.load(&Parameters(read))?;
    let ours = loaded.outputs(&test.x)?;
    loaded.load(best)?;
    let same = same_bits(ours.values(), loaded.outputs(&test.x)?.values());
    lab.claim("put together again from one file for each layer, the best model gives the same bits for every test sample", same);
    Ok(())
}

impl Training {
    pub(crate) fn config(&self) -> TrainingConfig {
        let config = TrainingConfig::new(self.epochs, Batches::Full, Decision::Probability);
        TrainingConfig { log: Some(Log::FullBatch { every: self.log_every }), ..config }
    }

    /// Gradient descent on all samples at once; after each step the network is evaluated on the development set.
    pub(crate) fn train<N: Network, J: Journal>(&self, mut run: Trainer<N, J>, dev: &Samples) -> Result<Outcome> {
        while run.forward_backward()?.is_some() {
            run.update(self.lr)?;
            run.evaluate(dev)?;
        }
        Ok(run.finish())
    }
}

/// The passes of the network: two linear layers, each with a logistic function behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mlp;

/// σ, eq. 4.4.
const LOGISTIC: Activate = Activate(Activation::Logistic);

impl Passes for Mlp {
    const LOSS: Loss = Loss::BinaryCrossEntropy;

    fn forward([fc1, fc2]: &[Linear; 2], x: &Matrix) -> Matrix {
        let a1 = LOGISTIC.forward(&fc1.forward(x));
        LOGISTIC.forward(&fc2.forward(&a1))
    }

    fn forward_backward([fc1, fc2]: &[Linear; 2], x: &Matrix, targets: Targets) -> (Matrix, [LinearGradients; 2]) {
        let z1 = fc1.forward(x); // eq. 4.8
        let a1 = LOGISTIC.forward(&z1); // eq. 4.9
        let z2 = fc2.forward(&a1); // eq. 4.8
        let a2 = LOGISTIC.forward(&z2); // eq. 4.9

        let da2 = loss_backward(Self::LOSS, &a2, targets); // eq. 4.11
        let dz2 = LOGISTIC.backward(&z2, &a2, &da2); // eq. 4.16
        let dfc2 = fc2.backward(&a1, &dz2); // eq. 4.22, 4.23
        let da1 = fc2.backward_input(&dz2); // eq. 4.19
        let dz1 = LOGISTIC.backward(&z1, &a1, &da1); // eq. 4.16
        let dfc1 = fc1.backward(x, &dz1); // eq. 4.22, 4.23
        (a2, [dfc1, dfc2])
    }
}

/// 4.2.2.3: the output of a 5-10-1 network for one random sample.
pub(crate) fn show_one_sample(output: &Matrix, lab: &mut Lab) -> Result<()> {
    let output = output.values()[0];
    writeln!(lab, "One sample through a 5-10-1 network: {output}\n")?;
    lab.metric("output for one sample", output);
    Ok(())
}
