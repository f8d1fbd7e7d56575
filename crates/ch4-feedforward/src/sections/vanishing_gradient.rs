//! 4.4.2 · Vanishing gradients
//!
//! A network 2-3-3-3-3-1 with small weights takes one step on Moon1000. On the way back the error passes through each layer's weights and is
//! multiplied by f′(z) (eq. 4.16 and 4.19): with the logistic function f′ ≤ 1/4, so the gradient shrinks from layer to layer. With
//! ReLU f′ is 1 where a unit is active, and only the small weights shrink it. Figure 4.4 shows the L2 norm of each layer's
//! weight gradient; leaky ReLU and tanh are shown beside the book's two. With biases of 1 every unit is active, so that leaky
//! ReLU gives the very numbers of ReLU.
//!
//! `--replay` takes the source's own data and weights, in the arithmetic of its GPU, and compares the norms digit by digit.

use anyhow::{Result, bail};
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, finite, non_negative, positive, seeds},
    data::{Split, moons},
    kernels::{Activation, Loss},
    lab::Lab,
    nn::{Activate, Logistic, Network, builder::Linear, initialize},
    ops::Device,
    optim::Sgd,
    parameters::{Initialization, Initializer},
    plot::{CurvePanel, Curves, Dash, Marker, Series},
    replay::{self, Draws, Operators, SourceLayer},
    rng::Stream,
    train::Learner,
    value::Value,
};
use dfdx::nn::DeviceBuildExt;
use std::{fmt::Write, ops::RangeInclusive};

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Standard deviation of the initial weights
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    weight_sd: f32,
    /// Initial value of every bias
    #[arg(long, default_value_t = 1.0, value_parser = finite)]
    bias: f32,
    /// Learning rate of the one step
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    /// Slope of the leaky ReLU
    #[arg(long, default_value_t = 0.01, value_parser = non_negative)]
    slope: f32,
    /// Repeat with this many seeds, one after the other from --seed on, and show what the norms span
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    seeds: usize,
    /// Take the source's own data and weights, in its own arithmetic
    #[arg(long, conflicts_with_all = ["weight_sd", "bias", "slope", "seeds"])]
    replay: bool,
}

/// Four hidden layers of three units, one probability.
type Mlp = (
    (Linear<2, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 1>, Logistic),
);

/// Prints and draws the norm of each layer's weight gradient.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let seeds = seeds(lab.seed(), args.seeds)?;
    let columns = if args.replay { source_norms(args, lab)? } else { our_norms(args, lab)? };
    for (name, norms) in &columns {
        if let Some(layer) = norms.iter().position(|norm| !norm.is_finite()) {
            bail!("the norm of layer {} with {name} is {}: choose a smaller --weight-sd or --bias", layer + 1, norms[layer]);
        }
    }
    let names = columns.iter().map(|(name, _)| format!(" {name:>14}"));
    writeln!(lab, "L2 norm of each layer's weight gradient\nlayer{}", names.collect::<String>())?;
    for layer in 0..columns[0].1.len() {
        let cells = columns.iter().map(|(_, norms)| format!(" {:>14}", Value::F32(norms[layer])));
        writeln!(lab, "{:>5}{}", layer + 1, cells.collect::<String>())?;
    }
    for (name, norms) in &columns {
        for (layer, norm) in norms.iter().enumerate() {
            lab.metric(metric(name, layer), *norm);
        }
    }
    lab.figure("norms", &figure(&columns)?)?;
    if args.seeds > 1 {
        span(args, seeds, lab)?;
    }
    claim(&columns, lab);
    Ok(())
}

/// The norms of a hidden activation's layers.
type Column = (&'static str, Vec<f32>);

fn our_norms(args: &Args, lab: &mut Lab) -> Result<Vec<Column>> {
    let split = moons::moon1000(0.5, lab.seed());
    activations(args).into_iter().map(|(name, f)| Ok((name, norms(args, f, &split, lab.seed())?))).collect()
}

fn activations(args: &Args) -> [(&'static str, Activation); 4] {
    [
        ("logistic", Activation::Logistic),
        ("ReLU", Activation::Relu),
        ("leaky ReLU", Activation::LeakyRelu { slope: args.slope }),
        ("tanh", Activation::Tanh),
    ]
}

/// One step through the tape.
fn norms(args: &Args, hidden: Activation, split: &Split, seed: u64) -> Result<Vec<f32>> {
    let init = Initialization {
        weight: Initializer::Normal { mean: 0.0, deviation: args.weight_sd },
        bias: Initializer::Constant(args.bias),
    };
    let mut mlp = Device::default().build_module::<Mlp, f32>();
    for layer in [&mut mlp.0.1, &mut mlp.1.1, &mut mlp.2.1, &mut mlp.3.1] {
        layer.f = hidden;
    }
    initialize(&mut mlp, init, &mut Stream::new(seed, "weights"))?;
    let mut network = Network::<_, _, 2, 1>::new(mlp, Loss::BinaryCrossEntropy, Sgd { learning_rate: args.lr });
    one_step(&mut network, split)
}

/// The same step on the source's numbers: calls 5 to 9 after its seed, the same for both activations.
fn source_norms(args: &Args, lab: &mut Lab) -> Result<Vec<Column>> {
    lab.replay();
    let split = replay::moon1000();
    let draws = Draws::new(replay::SEED_OF_DATA);
    let shapes = [(2, 3), (3, 3), (3, 3), (3, 3), (3, 1)];
    let column = |(name, hidden): (&'static str, Activation)| {
        let layers = shapes.into_iter().zip(5..).map(|(shape, call)| {
            let activation = if shape.1 == 1 { Activation::Logistic } else { hidden };
            SourceLayer { call, shape, deviation: 0.01, bias: 1.0, activation }.draw(draws)
        });
        let mut network = replay::Network::new(layers.collect(), Operators::Library, args.lr);
        Ok((name, one_step(&mut network, &split)?))
    };
    activations(args).into_iter().take(2).map(column).collect()
}

fn one_step(learner: &mut impl Learner, split: &Split) -> Result<Vec<f32>> {
    learner.learn(&split.train.x, &split.train.y)?;
    learner.update()?;
    Ok(learner.weight_gradient_norms())
}

/// What the norms of the book's two activations span over seeds.
fn span(args: &Args, seeds: RangeInclusive<u64>, lab: &mut Lab) -> Result<()> {
    let run = |seed| {
        let split = moons::moon1000(0.5, seed);
        let mut named = Vec::new();
        for (name, f) in activations(args).into_iter().take(2) {
            named.extend(norms(args, f, &split, seed)?.into_iter().enumerate().map(|(layer, norm)| (metric(name, layer), norm)));
        }
        Ok(named)
    };
    lab.over_seeds(seeds, run)?;
    Ok(())
}

fn metric(activation: &str, layer: usize) -> String {
    format!("{activation}, layer {}", layer + 1)
}

/// Figure 4.4.
fn figure(columns: &[Column]) -> Result<common::plot::Svg> {
    // Leaky ReLU lies on ReLU: its dashes let it show through.
    let looks = [
        (Marker::Disc, Dash::Solid),
        (Marker::Square, Dash::Solid),
        (Marker::Triangle, Dash::Dashed),
        (Marker::Diamond, Dash::Dotted),
    ];
    let panel =
        columns.iter().zip(looks).fold(CurvePanel::new("layer", "L2 norm").log_y(), |panel, ((name, norms), (marker, dash))| {
            panel.with(Series::sampled(*name, norms, 1.0, 1.0).marked(marker).dashed(dash))
        });
    Curves::new("Weight gradients fade towards the input").panel(panel).render()
}

/// What the section is there to show.
fn claim(columns: &[Column], lab: &mut Lab) {
    let fades = columns.iter().all(|(_, norms)| norms.is_sorted());
    lab.claim("the norms fall from each layer to the one before it, for every activation", fades);
    let first = |name| columns.iter().find(|(column, _)| *column == name).map(|(_, norms)| norms[0]);
    lab.claim("ReLU leaves the first layer a larger gradient than the logistic function", first("ReLU") > first("logistic"));
}
