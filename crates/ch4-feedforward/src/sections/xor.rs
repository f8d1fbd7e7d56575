//! S4, section 5 · Learning XOR
//!
//! f(x) = wᵀ max(0, Wᵀ x + c) + b with two hidden units, weights from N(0, 1), half the squared error, gradient descent on all four samples.
//!
//! Seen: two `ReLU` units can represent XOR exactly, but gradient descent seldom finds it. A smaller learning rate lets more starts arrive.
//!
//! With the lecture notes' rate of 1 most starts lose a unit on all four samples: the best that is left is 1/2 everywhere, a loss of 1/8.
//!
//! Departs from the lecture notes: they show one run, which arrives; this section counts over many seeds and shows the first that does.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    by_hand::{ByHand, Passes},
    chain::{Chain, linear, relu},
    cli::{self, at_least_one, n_seeds, n_steps, positive},
    data::{Batches, Labels, Samples},
    figures,
    kernels::{Activation, Loss, loss::Targets},
    lab::Lab,
    layers::{Activate, Linear, LinearGradients, loss, loss_backward},
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Parameters},
    plot::{Regions, Svg},
    registry::{Heading, Section},
    rng::Stream,
    train::{Decision, Network, Trainer, TrainingConfig},
    value::Value,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "xor",
        book: "S4, section 5",
        title: "Learning XOR",
        summary: "Two ReLUs learn XOR by hand-derived gradients: how many of 100 starts arrive, and the first that does.",
    };
    Section::new(heading, [include_str!("xor.rs"), include_str!("xor.zh.md")], run)
        .edition("quick", &["--epochs", "2001", "--report-every", "500"])
}

/// The lecture notes' hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of the lecture notes
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    lr: f32,
    /// A smaller learning rate to count beside it
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    small_lr: f32,
    /// Steps on the four samples
    #[arg(long, default_value_t = 20_001, value_parser = n_steps)]
    epochs: usize,
    /// Steps between two printed losses
    #[arg(long, default_value_t = 5000, value_parser = at_least_one)]
    report_every: usize,
    /// Starts to count over, seeds from --seed on
    #[arg(long, default_value_t = 100, value_parser = n_seeds)]
    seeds: usize,
}

/// A final loss that prints as 0.000.
const SOLVED: f32 = 5e-4;

/// Counts the starts that arrive, and shows the first.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let seeds = cli::seeds(lab.seed(), args.seeds)?;
    let mut arrived = Vec::new();
    for (lr, single) in [(args.lr, "; the lecture notes show one start, which does"), (args.small_lr, "")] {
        let starts = lab.each_seed(seeds.clone(), |seed| Ok(train(seed, lr, args.epochs)))?;
        let solved: Vec<Start> = starts.into_iter().filter(|start| start.losses[args.epochs - 1] < SOLVED).collect();
        writeln!(lab, "learning rate {lr}: {} of {} starts learn XOR{single}", solved.len(), args.seeds)?;
        lab.metric(format!("starts that learn XOR at learning rate {lr}"), solved.len());
        arrived.push(solved);
    }
    lab.claim("a smaller learning rate lets more starts arrive", arrived[1].len() > arrived[0].len());
    let Some(start) = arrived[0].first() else {
        lab.claim("at least one start learns XOR with the lecture notes' learning rate", false);
        return Ok(());
    };
    show(start, args, lab)?;
    let same = by_chain(start, args)?.fingerprint() == start.network.parameters().fingerprint();
    lab.claim("a chain of predefined layers ends with the same bits in every parameter", same);
    try_printed_weights(lab)
}

/// A start and where it went.
struct Start {
    seed: u64,
    network: ByHand<Xor>,
    /// The loss before each step.
    losses: Vec<f32>,
}

/// The four samples.
fn samples() -> Samples {
    let x = Matrix::new(4, 2, vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    Samples { x, y: Labels::Values(Matrix::new(4, 1, vec![0.0, 1.0, 1.0, 0.0])) }
}

/// The passes of the network.
#[derive(Debug, Clone, Copy)]
struct Xor;

/// max(0, z), eq. 4.6.
const RELU: Activate = Activate(Activation::Relu);

impl Passes for Xor {
    const LOSS: Loss = Loss::HalfSquaredError;

    fn forward([fc1, fc2]: &[Linear; 2], x: &Matrix) -> Matrix {
        fc2.forward(&RELU.forward(&fc1.forward(x)))
    }

    fn forward_backward([fc1, fc2]: &[Linear; 2], x: &Matrix, targets: Targets) -> (Matrix, [LinearGradients; 2]) {
        let z1 = fc1.forward(x); // eq. 4.8
        let a1 = RELU.forward(&z1); // eq. 4.9
        let z2 = fc2.forward(&a1); // eq. 4.8

        let dz2 = loss_backward(Self::LOSS, &z2, targets); // (z2 − y) / N
        let dfc2 = fc2.backward(&a1, &dz2); // eq. 4.22, 4.23
        let da1 = fc2.backward_input(&dz2); // eq. 4.19
        let dz1 = RELU.backward(&z1, &a1, &da1); // S4, eq. 22
        let dfc1 = fc1.backward(x, &dz1); // eq. 4.22, 4.23
        (z2, [dfc1, dfc2])
    }
}

/// Trains one start. One that diverges keeps a loss that is not finite.
fn train(seed: u64, learning_rate: f32, epochs: usize) -> Start {
    let mut network = ByHand::<Xor>::draw([2, 2, 1], Initialization::STANDARD_NORMAL, &mut Stream::new(seed, "weights"));
    let Samples { x, y } = samples();
    let mut losses = Vec::new();
    for _ in 0..epochs {
        let (outputs, gradients) = Xor::forward_backward(&network.layers, &x, y.targets());
        losses.push(loss(Xor::LOSS, &outputs, y.targets()));
        for (layer, gradients) in network.layers.iter_mut().zip(&gradients) {
            layer.descend(learning_rate, gradients);
        }
    }
    Start { seed, network, losses }
}

/// The same start as a chain of predefined layers; gives the parameters after the last step.
fn by_chain(start: &Start, args: &Args) -> Result<Parameters> {
    let mut chain = Chain::new([linear(2, 2), relu(), linear(2, 1)], Xor::LOSS)
        .initialized(Initialization::STANDARD_NORMAL, &mut Stream::new(start.seed, "weights"));
    let samples = samples();
    let config = TrainingConfig::new(args.epochs, Batches::Full, Decision::Logit);
    let mut run = Trainer::new(&mut chain, Optimizer::new(Sgd), &samples, config)?;
    while run.forward_backward()?.is_some() {
        run.update(args.lr)?;
    }
    Ok(chain.parameters())
}

/// The log, the final weights and the surface of one start.
fn show(Start { seed, network, losses }: &Start, args: &Args, lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nthe first start that arrives with learning rate {}: seed {seed}", args.lr)?;
    let mut previous = f32::INFINITY;
    for (epoch, loss) in losses.iter().enumerate().step_by(args.report_every) {
        let (number, delta) = (epoch + 1, previous - loss);
        let printed = (delta * 1000.0).round() / 1000.0 + 0.0; // The rest is rounding. −0 becomes 0.
        writeln!(lab, "[Epoch {number}] Avg. loss: {loss:.3} Delta: {printed:.3}")?;
        lab.metrics([(format!("loss, epoch {number}"), *loss), (format!("delta, epoch {number}"), printed)]);
        previous = *loss;
    }
    for (number, layer) in (1..).zip(&network.layers) {
        writeln!(lab, "FC{number}: W {:?}, b {:?}", layer.weight.values(), layer.bias)?;
    }
    lab.metrics([("initial loss", losses[0]), ("final loss", losses[args.epochs - 1])]);
    lab.curve("loss", losses.iter().copied().enumerate().step_by(args.report_every.div_ceil(100)));
    lab.fingerprint(&network.parameters());
    lab.figure("surface", &surface(network)?)
}

/// The loss of the weights that the lecture notes print at its end.
fn try_printed_weights(lab: &mut Lab) -> Result<()> {
    let layer = |number: usize, fan_in, fan_out| -> Result<Linear> {
        let values =
            |name| -> Result<Vec<f32>> { Ok(lab.printed(&format!("FC{number} {name}"))?.iter().map(|x| *x as f32).collect()) };
        Ok(Linear { weight: Matrix::new(fan_in, fan_out, values("W")?), bias: values("b")? })
    };
    let network = ByHand::<Xor>::new([layer(1, 2, 2)?, layer(2, 2, 1)?]);
    let loss = network.loss(&network.outputs(&samples().x)?, &samples().y);
    writeln!(lab, "\nthe lecture notes' final weights have a loss of {}", Value::F32(loss))?;
    lab.metric("loss of the lecture notes' final weights", loss);
    lab.claim("the lecture notes' final weights answer XOR with a loss that prints as 0.000", loss < SOLVED);
    Ok(())
}

/// The network's answer over the plane: the boundary is where it is one half.
fn surface(network: &dyn Network) -> Result<Svg> {
    let field = figures::field(network, (-0.5, 1.5), 120)?;
    let figure = Regions::new("XOR as a network of two ReLUs sees it", ["x₁", "x₂", "answer"], ["XOR is 0", "XOR is 1"]);
    figure.panel(figures::region_panel("", field, &samples())).render()
}
