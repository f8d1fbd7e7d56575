//! 7.6, exercise · How strong should regularisation be?
//!
//! The network of section 7.6 with each of the three regularisers, from far too weak to far too strong; fewer steps and seeds than there,
//! for there are many strengths to try.
//!
//! Seen: L2 term and weight decay help most around the book's values, where the norm of the weights is 5.05 and 4.24, down from 18.69
//! and 18.38 at the weakest. With λ = 10 and β = 0.02 they cost as much as they help, or more: the boundary becomes nearly straight.
//!
//! With λ = 100 and β = 0.1 all weights shrink to zero, and the network gives every sample the same answer. An L2 term has one
//! more way to fail: a step multiplies a weight by 1 − αλ/N, and beyond λ = 2N/α that is below −1, so the weights grow without
//! limit. Dropout at p = 0.9 drops nearly all units of the first hidden layer and mostly all three behind them: nothing to learn from; at 0.98
//! what is kept is scaled up so much that the norm of the weights grows to 374.19, and the network gives one answer to all.

use crate::{
    regularizer::{Fit, Regularizer, Settings, fit, squares_of_weights},
    sections::{dropout::Dropout, l2::L2, weight_decay::WeightDecay},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{self, n_seeds, n_steps, positive},
    kernels::reduce,
    lab::{Column, Lab, row},
    plot::{CurvePanel, Curves, Dash, Marker, Series, theme},
    registry::{Heading, Section},
    train::{Decision, Network, predict},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "regularization-strength",
        book: "7.6, exercise",
        title: "How strong should regularisation be?",
        summary: "L2 term, weight decay and dropout from far too weak to far too strong: accuracy against strength, and what goes wrong.",
    };
    Section::new(heading, [include_str!("regularization_strength.rs"), include_str!("regularization_strength.zh.md")], run)
        .edition("quick", &["--steps", "3000", "--seeds", "4"])
}

/// The hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    lr: f32,
    /// Steps, each on all training samples
    #[arg(long, default_value_t = 20_000, value_parser = n_steps)]
    steps: usize,
    /// Seeds to average over, one after the other from --seed on
    #[arg(long, default_value_t = 6, value_parser = n_seeds)]
    seeds: usize,
}

/// A regulariser, the symbol of its strength, and the strengths to try.
struct Candidate {
    name: &'static str,
    symbol: &'static str,
    method: fn(f32) -> Box<dyn Regularizer>,
    strengths: [f32; 7],
}

const REGULARIZERS: [Candidate; 3] = [
    Candidate {
        name: "L2",
        symbol: "λ",
        method: |lambda| Box::new(L2 { lambda }),
        strengths: [0.01, 0.1, 0.7, 3.0, 10.0, 100.0, 3000.0],
    },
    Candidate {
        name: "weight decay",
        symbol: "β",
        method: |beta| Box::new(WeightDecay { beta }),
        strengths: [1e-5, 1e-4, 1e-3, 5e-3, 2e-2, 0.1, 0.9],
    },
    Candidate {
        name: "dropout",
        symbol: "p",
        method: |rate| Box::new(Dropout { rate }),
        strengths: [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98],
    },
];

/// Trains with each strength and seed.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let settings = Settings { lr: args.lr, steps: args.steps, seeds: args.seeds };
    let run = |seed| {
        let methods = REGULARIZERS.iter().flat_map(|regularizer| regularizer.strengths.map(regularizer.method));
        methods.map(|method| fit(method.as_ref(), &settings, seed)).collect::<Result<Vec<Fit>>>()
    };
    let runs = lab.each_seed(cli::seeds(lab.seed(), args.seeds)?, run)?;
    let mut all = (0..).map(|i| runs.iter().map(|run| &run[i]).collect());
    let mut figure = Curves::new("Accuracy against the strength of regularisation");
    for (i, regularizer) in REGULARIZERS.iter().enumerate() {
        let points: Vec<Point> =
            regularizer.strengths.into_iter().zip(&mut all).map(|(strength, fits)| Point { strength, fits }).collect();
        if i > 0 {
            writeln!(lab)?;
        }
        print(regularizer, &points, lab)?;
        figure = figure.panel(panel(regularizer, &points));
        claim(regularizer, &points, lab);
    }
    lab.figure("accuracy", &figure.render()?)
}

/// What the seeds end with at one strength.
struct Point<'a> {
    strength: f32,
    fits: Vec<&'a Fit>,
}

impl Point<'_> {
    fn values(&self, number: fn(&Fit) -> f32) -> Vec<f64> {
        self.fits.iter().map(|fit| f64::from(number(fit))).collect()
    }

    fn mean(&self, number: fn(&Fit) -> f32) -> f64 {
        reduce::mean_and_deviation(&self.values(number)).0
    }

    /// The mean accuracy on training samples, then on test samples.
    fn accuracies(&self) -> [f64; 2] {
        [self.mean(|fit| fit.train_accuracy), self.mean(|fit| fit.test_accuracy)]
    }

    /// The number of seeds for which something holds.
    fn count(&self, holds: fn(&Fit) -> Result<bool>) -> Result<String> {
        let held = self.fits.iter().map(|fit| Ok(usize::from(holds(fit)?))).sum::<Result<usize>>()?;
        Ok(format!("{held} of {}", self.fits.len()))
    }
}

/// Whether a network that did not diverge gives all samples the same answer.
fn is_constant(fit: &Fit) -> Result<bool> {
    if fit.check().is_err() {
        return Ok(false);
    }
    let classes = predict(&fit.network, &fit.moons.train, Decision::Logit)?;
    Ok(classes.iter().all(|class| *class == classes[0]))
}

/// The table of one regulariser.
fn print(regularizer: &Candidate, points: &[Point], lab: &mut Lab) -> Result<()> {
    let mut rows = Vec::new();
    for point in points {
        let [train, test] = point.accuracies();
        let norm = point.mean(|fit| squares_of_weights(&fit.network.parameters()).sqrt() as f32);
        // Weights that are no numbers have no norm; the last column says how many runs ended so.
        let norm = if norm.is_finite() { format!("{norm:.2}") } else { "diverged".to_owned() };
        let numbers = [point.strength.to_string(), format!("{train:.4}"), format!("{test:.4}"), norm];
        let failures = [point.count(is_constant)?, point.count(|fit| Ok(fit.check().is_err()))?];
        rows.push(row("", numbers.into_iter().chain(failures)));
        lab.metric(format!("{}, {} = {}: mean test accuracy", regularizer.name, regularizer.symbol, point.strength), test);
    }
    let numbers = [regularizer.symbol, "train accuracy", "test accuracy", "norm of weights", "one answer", "diverged"];
    lab.table(&Column::labelled(regularizer.name, numbers), rows)
}

/// Mean accuracies with the range that the seeds span.
fn panel(regularizer: &Candidate, points: &[Point]) -> CurvePanel {
    let seeds = points.first().map_or(0, |point| point.fits.len());
    let series = |label: &str, number: fn(&Fit) -> f32| {
        let means = points.iter().map(|point| (f64::from(point.strength), point.mean(number)));
        let range = points.iter().map(|point| {
            let values = point.values(number);
            (values.iter().copied().fold(f64::MAX, f64::min), values.into_iter().fold(f64::MIN, f64::max))
        });
        Series::new(format!("{label}, mean"), means).with_band(format!("{label}, all {seeds} seeds"), range)
    };
    let (train, test) = (series("Train", |fit| fit.train_accuracy), series("Test", |fit| fit.test_accuracy));
    let panel = CurvePanel::new(regularizer.symbol, "accuracy")
        .with(train.colored(theme::TRAIN).dashed(Dash::Solid).marked(Marker::Disc))
        .with(test.colored(theme::DEV).dashed(Dash::Dashed).marked(Marker::Square))
        .y_range(0.3, 1.0)
        .titled(regularizer.name);
    // A probability runs from 0 to 1; the others over powers of ten.
    if regularizer.symbol == "p" { panel } else { panel.log_x() }
}

/// What the exercise asks for.
fn claim(regularizer: &Candidate, points: &[Point], lab: &mut Lab) {
    let [first, last] = [&points[0], &points[points.len() - 1]].map(Point::accuracies);
    let best = points.iter().map(|point| point.accuracies()[1]).fold(0.0, f64::max);
    let falls = last[1] < best - 0.1 && last[0] < first[0] - 0.1;
    lab.claim(format!("{}: at the largest {} training and test accuracy collapse", regularizer.name, regularizer.symbol), falls);
    if regularizer.name != "dropout" {
        let between = best > first[1] && best > last[1];
        lab.claim(format!("{}: the best test accuracy lies between the extremes", regularizer.name), between);
    }
}
