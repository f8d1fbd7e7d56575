//! 4.4.3 · Dying ReLU
//!
//! The network of `vanishing-gradient` starts with biases of −8, far larger than its weights can make up for: every hidden unit has a
//! negative net input for every sample. ReLU then gives 0 everywhere, with a derivative of 0, so that no weight has a
//! gradient: the units stay dead. Leaky ReLU has the slope 0.01 there, and ELU (alpha = 1) the slope e⁻⁸ = 0.0003: with both, a
//! gradient reaches every layer, though a small one. ELU's is the smaller by far in the first layers, as four of these slopes are multiplied.
//!
//! `--replay` takes the source's own data and weights, in the arithmetic of its GPU, and compares the norms digit by digit.
//!
//! Departs from the book:
//! 1. Its text says that no parameter can be updated. One can: the output bias, which is behind the last ReLU; its
//!    gradient is the mean of p − y, about −0.5. All bias gradients are printed too.
//! 2. Its code goes on with the optimiser of the model before, which does not move this one: here each network has its own.
//! 3. ELU is named as a cure there, and tried here.
//!
//! The accuracy on the development set says nothing: after the step all samples are still class 0, so that it is that class's share.

use crate::five_layers::{self, Column, Start, print_header, print_row};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, finite, non_negative, positive, seeds},
    data::{Split, moons},
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
    #[arg(long, default_value_t = -8.0, value_parser = finite, allow_negative_numbers = true)]
    bias: f32,
    /// Learning rate of the one step
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    /// Slope of the leaky ReLU
    #[arg(long, default_value_t = 0.01, value_parser = non_negative)]
    slope: f32,
    /// Limit of the ELU for large negative net inputs, without its sign
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    alpha: f32,
    /// Repeat with this many seeds, one after the other from --seed on, and show what norms and loss of the leaky ReLU span
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    seeds: usize,
    /// Take the source's own data and weights, in its own arithmetic; without ELU, which the source does not run
    #[arg(long, conflicts_with_all = ["weight_sd", "bias", "slope", "alpha", "seeds"])]
    replay: bool,
}

const RELU: &str = "ReLU";
const LEAKY: &str = "leaky ReLU";

const LOOKS: [(Marker, Dash); 3] =
    [(Marker::Disc, Dash::Solid), (Marker::Triangle, Dash::Dashed), (Marker::Square, Dash::Dotted)];

/// Prints and draws the norm of each layer's gradients.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let seeds = seeds(lab.seed(), args.seeds)?;
    let start = Start { weight_sd: args.weight_sd, bias: args.bias, lr: args.lr };
    let leaky = Activation::LeakyRelu { slope: args.slope };
    let split = if args.replay { replay::moon1000() } else { moons::moon1000(0.5, lab.seed()) };
    let columns: Vec<Column> = if args.replay {
        lab.replay();
        let step = |f, first_call| start.source_step(f, &split, first_call);
        vec![(RELU, step(Activation::Relu, 15)?), (LEAKY, step(leaky, 25)?)]
    } else {
        let step = |f| start.step(f, &split, lab.seed());
        vec![(RELU, step(Activation::Relu)?), (LEAKY, step(leaky)?), ("ELU", step(Activation::Elu { alpha: args.alpha })?)]
    };
    five_layers::print_norms(&columns, lab)?;
    print_rest(&columns, lab)?;
    lab.figure("norms", &five_layers::figure("ReLU dies, its variants pass a gradient on", &columns, &LOOKS)?)?;
    if args.seeds > 1 {
        span(start, leaky, seeds, lab)?;
    }
    claim(&columns, &split, lab);
    Ok(())
}

/// The bias gradients, the loss and the accuracy after the step.
fn print_rest(columns: &[Column], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nL2 norm of each layer's bias gradient")?;
    print_header("layer", columns, lab)?;
    for layer in 0..columns[0].1.biases.len() {
        print_row(&(layer + 1).to_string(), columns, |step| step.biases[layer], lab)?;
    }
    writeln!(lab, "\nLoss before the step, accuracy on the development set after it")?;
    print_header("", columns, lab)?;
    print_row("loss", columns, |step| step.loss, lab)?;
    print_row("score", columns, |step| step.dev_score, lab)?;
    for (name, step) in columns {
        lab.metric(format!("{name}, loss"), step.loss);
        lab.metric(format!("{name}, dev accuracy"), step.dev_score);
        for (layer, norm) in step.biases.iter().enumerate() {
            lab.metric(format!("{name}, bias of layer {}", layer + 1), *norm);
        }
    }
    Ok(())
}

/// What the norms and the loss of the leaky ReLU span over seeds.
fn span(start: Start, leaky: Activation, seeds: RangeInclusive<u64>, lab: &mut Lab) -> Result<()> {
    let run = |seed| {
        let step = start.step(leaky, &moons::moon1000(0.5, seed), seed)?;
        let mut numbers = five_layers::named(LEAKY, &step);
        numbers.push((format!("{LEAKY}, loss"), step.loss));
        Ok(numbers)
    };
    lab.over_seeds(seeds, run)?;
    Ok(())
}

/// What the section is there to show.
fn claim(columns: &[Column], split: &Split, lab: &mut Lab) {
    let (dead, cures): (Vec<_>, Vec<_>) = columns.iter().partition(|(name, _)| *name == RELU);
    let zeros = dead.iter().all(|(_, step)| step.weights.iter().chain(&step.biases[..4]).all(|norm| *norm == 0.0));
    lab.claim("with ReLU all five weight gradients and the four hidden biases' are exactly 0", zeros);
    let output = dead.iter().all(|(_, step)| step.biases[4] > 0.4);
    lab.claim("with ReLU the output bias still has a gradient, of about 0.5: one parameter is updated", output);
    let names = cures.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" and ");
    let alive = cures.iter().all(|(_, step)| step.weights.iter().chain(&step.biases).all(|norm| *norm > 0.0));
    lab.claim(format!("{names}: a gradient reaches every layer"), alive);
    let classes = split.dev.y.classes();
    let zeros = classes.iter().filter(|class| **class == 0).count() as f32 / classes.len() as f32;
    let share = columns.iter().all(|(_, step)| step.dev_score == zeros);
    lab.claim("the dev accuracy is the share of class 0 in the development set, with every activation", share);
}
