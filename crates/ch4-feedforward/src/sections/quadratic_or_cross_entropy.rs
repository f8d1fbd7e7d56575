//! S4, section 2.3 · Quadratic cost or cross-entropy
//!
//! A logistic unit a = σ(z) answers y. How it learns is decided by ∂R/∂z:
//!
//! | cost | R | ∂R/∂a | ∂R/∂z = ∂R/∂a · a (1 − a) |
//! | --- | --- | --- | --- |
//! | quadratic | (a − y)² / 2 | a − y | (a − y) · a (1 − a) |
//! | cross-entropy | −y ln a − (1 − y) ln (1 − a) | (a − y) / (a (1 − a)) | a − y |
//!
//! A unit that is sure has a (1 − a) near 0. With the quadratic cost it then hardly moves, whether it is right or wrong; in the gradient of the
//! cross-entropy the factor cancels, and the more a unit is wrong, the faster it learns.
//!
//! First one unit on one sample, x = 1 with the answer y = 0, its weight and bias started at the same value: the surer, the more wrong. Then the network
//! 2-5-1 of section 4.2 on the moons, from weights so large that its output is sure from the start.
//!
//! Seen: both costs teach the unit the same answer, but the quadratic one waits where the unit is saturated, and the wait multiplies as the first z grows.
//! A network that is sure at first is in the same position: with the quadratic cost its accuracy lags behind from the tenth epoch on.
//!
//! Departs from the source: it shows formulas only; the experiments are ours.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{Chain, linear, logistic},
    cli::{self, finite, n_seeds, n_steps, positive},
    data::{Batches, Split, moons},
    kernels::{Activation, Loss, loss::Targets},
    lab::{Column, Lab, row},
    layers::{Activate, Linear, loss_backward},
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    plot::{CurvePanel, Curves, Series},
    registry::{Heading, Section},
    rng::Stream,
    train::{Decision, Record, Trainer, TrainingConfig},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "quadratic-or-cross-entropy",
        book: "S4, section 2.3",
        title: "Quadratic cost or cross-entropy",
        summary: "A logistic unit that is sure of a wrong answer, and a network of such units: with the quadratic cost they hardly learn, with \
                  cross-entropy they do.",
    };
    Section::new(heading, [include_str!("quadratic_or_cross_entropy.rs"), include_str!("quadratic_or_cross_entropy.zh.md")], run)
}

/// The experiments' hyper-parameters; the source names none.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// First values of the unit's weight and bias, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [0.5, 1.0, 2.0, 3.0], value_parser = finite)]
    starts: Vec<f32>,
    /// Learning rate of the unit
    #[arg(long, default_value_t = 0.15, value_parser = positive)]
    unit_lr: f32,
    /// Steps of the unit
    #[arg(long, default_value_t = 3000, value_parser = n_steps)]
    steps: usize,
    /// Standard deviation of the network's first weights
    #[arg(long, default_value_t = 5.0, value_parser = positive)]
    deviation: f32,
    /// Learning rate of the network
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    lr: f32,
    /// Epochs of the network, each one full-batch step
    #[arg(long, default_value_t = 1000, value_parser = n_steps)]
    epochs: usize,
    /// Starts of the network to average over, seeds from --seed on
    #[arg(long, default_value_t = 20, value_parser = n_seeds)]
    seeds: usize,
}

/// Both costs of a probability: (ŷ − y)² / 2N and the binary cross-entropy.
const COSTS: [(&str, Loss); 2] = [("quadratic", Loss::HalfSquaredError), ("cross-entropy", Loss::BinaryCrossEntropy)];

/// Trains the unit, then the network, with both costs.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    train_units(args, lab)?;
    train_networks(args, lab)
}

/// σ, eq. 4.4.
const LOGISTIC: Activate = Activate(Activation::Logistic);

/// What the unit answers before a step, and its gradient.
struct UnitStep {
    a: f32,
    dz: f32,
}

/// Trains one unit on x = 1 with the answer 0.
fn train_unit(loss: Loss, start: f32, args: &Args) -> Vec<UnitStep> {
    let mut unit = Linear { weight: Matrix::new(1, 1, vec![start]), bias: vec![start] };
    let (x, y) = (Matrix::new(1, 1, vec![1.0]), Targets::Values(&[0.0]));
    let mut steps = Vec::new();
    for _ in 0..args.steps {
        let z = unit.forward(&x);
        let a = LOGISTIC.forward(&z);
        let da = loss_backward(loss, &a, y); // a − y, or (a − y) / (a (1 − a))
        let dz = LOGISTIC.backward(&z, &a, &da); // times a (1 − a)
        unit.descend(args.unit_lr, &unit.backward(&x, &dz));
        steps.push(UnitStep { a: a.values()[0], dz: dz.values()[0] });
    }
    steps
}

/// A unit has learnt the answer 0 once its output is below this.
const LEARNT: f32 = 0.2;

/// Shows how long a unit takes from each start.
fn train_units(args: &Args, lab: &mut Lab) -> Result<()> {
    let mut panels = COSTS.map(|(name, _)| CurvePanel::new("step", "output a").log_x().titled(name));
    let mut rows = Vec::new();
    let mut waits = Vec::new();
    let mut largest_error = 0.0f32;
    for &start in &args.starts {
        let runs = COSTS.map(|(_, loss)| train_unit(loss, start, args));
        let [quadratic, cross_entropy] = runs.each_ref().map(|steps| &steps[0]);
        let factor = quadratic.a * (1.0 - quadratic.a);
        largest_error = largest_error.max((quadratic.dz / (cross_entropy.dz * factor) - 1.0).abs());
        let wait = runs.each_ref().map(|steps| steps.iter().position(|step| step.a < LEARNT));
        let steps = wait.map(|wait| wait.map_or_else(|| format!("> {}", args.steps), |step| step.to_string()));
        let numbers = [quadratic.a, factor, quadratic.dz, cross_entropy.dz].map(|number| format!("{number:.6}"));
        rows.push(row(start.to_string(), numbers.into_iter().chain(steps)));
        waits.push(wait.map(|wait| wait.unwrap_or(args.steps)));
        for (panel, steps) in panels.iter_mut().zip(&runs) {
            let points = (1..).zip(steps).map(|(step, UnitStep { a, .. })| (f64::from(step), f64::from(*a)));
            *panel = std::mem::take(panel).with(Series::new(format!("w = b = {start}"), points));
        }
    }
    writeln!(lab, "one unit, x = 1, y = 0: its gradient at first, and the steps until a < {LEARNT}")?;
    let heads = ["a", "a (1 - a)", "dR/dz, quadratic", "dR/dz, cross-entropy", "steps, quadratic", "steps, cross-entropy"];
    lab.table(&Column::labelled("w = b", heads), rows)?;
    let figure = panels.into_iter().fold(Curves::new("A unit that is sure of the wrong answer"), Curves::panel);
    lab.figure("unit", &figure.render()?)?;
    lab.claim("at first the quadratic cost's gradient is that of cross-entropy times a (1 - a)", largest_error < 1e-5);
    let ratios: Vec<f64> = waits.iter().map(|[quadratic, cross_entropy]| *quadratic as f64 / *cross_entropy as f64).collect();
    lab.claim("the quadratic cost takes more steps from every start, and the longer, the surer the unit is", {
        ratios.iter().all(|ratio| *ratio > 1.0) && ratios.is_sorted()
    });
    Ok(())
}

/// Shows how the network's accuracy grows, as a mean over many starts.
fn train_networks(args: &Args, lab: &mut Lab) -> Result<()> {
    let seeds = cli::seeds(lab.seed(), args.seeds)?;
    let runs = lab.each_seed(seeds, |seed| {
        let split = moons::moon1000(moons::NOISE, seed);
        COSTS.map(|(_, loss)| train_network(loss, &split, seed, args)).into_iter().collect()
    })?;
    let mean = |cost: usize, epoch: usize| {
        runs.iter().map(|costs: &Vec<Vec<f32>>| f64::from(costs[cost][epoch])).sum::<f64>() / runs.len() as f64
    };
    let means: Vec<Vec<f64>> = (0..COSTS.len()).map(|cost| (0..args.epochs).map(|epoch| mean(cost, epoch)).collect()).collect();

    let shown: Vec<usize> = [1, 10, 50, 100, 200, 500, 1000].into_iter().filter(|epochs| *epochs <= args.epochs).collect();
    let mut panel = CurvePanel::new("epoch", "accuracy on the development set");
    writeln!(
        lab,
        "\n2-5-1 on the moons, weights from N(0, {}²): mean accuracy on the development set over {} starts",
        args.deviation, args.seeds
    )?;
    let mut rows = Vec::new();
    for ((name, _), means) in COSTS.iter().zip(&means) {
        let numbers: Vec<(usize, f64)> = shown.iter().map(|&epochs| (epochs, means[epochs - 1])).collect();
        rows.push(row(*name, numbers.iter().map(|(_, mean)| format!("{mean:.4}"))));
        lab.metrics(numbers.iter().map(|(epochs, mean)| (format!("{name}, mean dev accuracy after epoch {epochs}"), *mean)));
        panel = panel.with(Series::sampled(*name, means, 1.0, 1.0));
    }
    lab.table(&Column::labelled("after epoch", shown.iter().map(usize::to_string)), rows)?;
    lab.figure("network", &Curves::new("A network whose output is sure at first").panel(panel).render()?)?;
    let behind = shown.iter().skip(1).all(|epochs| means[0][epochs - 1] < means[1][epochs - 1]);
    lab.claim(
        "after ten epochs and at each later line the network with cross-entropy classifies more of the development set",
        behind,
    );
    Ok(())
}

/// The accuracy on the development set after each epoch.
fn train_network(loss: Loss, split: &Split, seed: u64, args: &Args) -> Result<Vec<f32>> {
    let weight = Initializer::Normal { mean: 0.0, deviation: args.deviation };
    let init = Initialization { weight, ..Initialization::STANDARD_NORMAL };
    let layers = [linear(2, 5), logistic(), linear(5, 1), logistic()];
    let mut network = Chain::new(layers, loss).initialized(init, &mut Stream::new(seed, "weights"));
    let record = Record::Losses { every: args.epochs };
    let config = TrainingConfig { record, ..TrainingConfig::new(args.epochs, Batches::Full, Decision::Probability) };
    let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), &split.train, config)?;
    let mut accuracies = Vec::new();
    while run.forward_backward()?.is_some() {
        run.update(args.lr)?;
        accuracies.push(run.evaluate(&split.dev)?.accuracy);
    }
    Ok(accuracies)
}
