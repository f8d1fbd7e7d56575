//! 4.4.2 · Vanishing gradients
//!
//! A network 2-3-3-3-3-1 with small weights takes one step on Moon1000. On the way back the error passes through each layer's weights and is
//! multiplied by f′(z) (eq. 4.16 and 4.19): with the logistic function f′ ≤ 1/4, so the gradient shrinks from layer to layer. With
//! ReLU f′ is 1 where a unit is active, and only the small weights shrink it: a layer of three weights of size 0.01 costs a factor of about
//! 1/(0.01 √3) = 58, and with f′ ≈ 0.2 one of about 300. Figure 4.4 shows the L2 norm of each layer's
//! weight gradient; leaky ReLU and tanh are shown beside the book's two. With biases of 1 every unit is active, so that leaky
//! ReLU gives the very numbers of ReLU.
//!
//! `--replay` takes the source's own data and weights, in the arithmetic of its GPU, and compares the norms digit by digit.

use crate::five_layers::{self, Column, Start, Step, print_header, print_row};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, finite, non_negative, positive, seeds},
    data::moons,
    kernels::Activation,
    lab::Lab,
    plot::{Dash, Marker},
    replay,
};
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

/// The first of the source's five calls for weights, the same for both activations.
const FIRST_CALL: usize = 5;

/// Leaky ReLU lies on ReLU: its dashes let it show through.
const LOOKS: [(Marker, Dash); 4] = [
    (Marker::Disc, Dash::Solid),
    (Marker::Square, Dash::Solid),
    (Marker::Triangle, Dash::Dashed),
    (Marker::Diamond, Dash::Dotted),
];

/// Prints and draws the norm of each layer's weight gradient.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let seeds = seeds(lab.seed(), args.seeds)?;
    let columns: Vec<Column> = if args.replay {
        lab.replay();
        let split = replay::moon1000();
        let column = |(name, f)| Ok((name, args.start().source_step(f, &split, FIRST_CALL)?));
        args.activations().into_iter().take(2).map(column).collect::<Result<_>>()?
    } else {
        let split = moons::moon1000(0.5, lab.seed());
        let column = |(name, f)| Ok((name, args.start().step(f, &split, lab.seed())?));
        args.activations().into_iter().map(column).collect::<Result<_>>()?
    };
    five_layers::print_norms(&columns, lab)?;
    print_rest(&columns, lab)?;
    lab.figure("norms", &five_layers::figure("Weight gradients fade towards the input", &columns, &LOOKS)?)?;
    if args.seeds > 1 {
        span(args, seeds, lab)?;
    }
    claim(&columns, lab);
    Ok(())
}

impl Args {
    fn start(&self) -> Start {
        Start { weight_sd: self.weight_sd, bias: self.bias, lr: self.lr }
    }

    fn activations(&self) -> [(&'static str, Activation); 4] {
        [
            ("logistic", Activation::Logistic),
            ("ReLU", Activation::Relu),
            ("leaky ReLU", Activation::LeakyRelu { slope: self.slope }),
            ("tanh", Activation::Tanh),
        ]
    }
}

/// The factor that a norm loses from layer to layer: the geometric mean over the four steps from the last layer to the first.
fn factor(step: &Step) -> f32 {
    (step.weights[4] / step.weights[0]).sqrt().sqrt()
}

/// The factors, and the accuracy on the development set after the step.
fn print_rest(columns: &[Column], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nMean factor that a layer costs, accuracy on the development set after the step")?;
    print_header("", columns, lab)?;
    print_row("fades", columns, factor, lab)?;
    print_row("score", columns, |step| step.dev_score, lab)?;
    for (name, step) in columns {
        lab.metric(format!("{name}, mean factor a layer"), factor(step));
        lab.metric(format!("{name}, dev accuracy"), step.dev_score);
    }
    Ok(())
}

/// What the norms of the book's two activations span over seeds.
fn span(args: &Args, seeds: RangeInclusive<u64>, lab: &mut Lab) -> Result<()> {
    let run = |seed| {
        let split = moons::moon1000(0.5, seed);
        let mut norms = Vec::new();
        for (name, f) in args.activations().into_iter().take(2) {
            norms.extend(five_layers::named(name, &args.start().step(f, &split, seed)?));
        }
        Ok(norms)
    };
    lab.over_seeds(seeds, run)?;
    Ok(())
}

/// What the section is there to show.
fn claim(columns: &[Column], lab: &mut Lab) {
    let fades = columns.iter().all(|(_, step)| step.weights.is_sorted());
    lab.claim("the norms fall from each layer to the one before it, for every activation", fades);
    let column = |name| columns.iter().find(|(column, _)| *column == name);
    let first = |name| column(name).map(|(_, step)| step.weights[0]);
    lab.claim("ReLU leaves the first layer a larger gradient than the logistic function", first("ReLU") > first("logistic"));
    let factors = ["logistic", "ReLU"].map(|name| column(name).map_or(0.0, |(_, step)| factor(step)));
    let claim = "a layer costs the norm a factor of more than 100 with the logistic function, of 25 to 250 with ReLU";
    lab.claim(claim, factors[0] > 100.0 && (25.0..250.0).contains(&factors[1]));
}
