//! Exercise of 7.6 · How strong should regularisation be?
//!
//! The network of section 7.6 with each of the three cures, from far too weak to far too strong; fewer steps and seeds than there, for it
//! is 21 experiments.
//!
//! Seen: L2 term and weight decay help most around the book's values, where the norm of the weights is about a quarter of what it is without
//! them. Ten times as strong, they cost more than they cure: the boundary becomes nearly straight. A hundred times as strong, all
//! weights shrink to zero, and the network gives every sample the same answer. An L2 term has one more way to fail: a step multiplies a weight by
//! 1 − αλ/N, and beyond λ = 2N/α (2000 here) that is below −1, so the weights grow without limit. Dropout at p = 0.9 leaves two of
//! 20 units and mostly none of the three behind them: nothing to learn from; at 0.98 what is kept is multiplied by 50, the weights grow
//! to twenty times their size, and the network gives one answer to all.

use crate::{
    moons300::Moons,
    regularizer::{Fit, Regularizer, Settings, fit},
    sections::{dropout::Dropout, l2::L2, weight_decay::WeightDecay},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{self, at_least_one, positive},
    kernels::reduce,
    lab::{Column, Lab, Numbers},
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
    Section::new(heading, run).edition("quick", &["--steps", "3000", "--seeds", "4"])
}

/// The hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    lr: f32,
    /// Steps, each on all training samples
    #[arg(long, default_value_t = 20_000, value_parser = at_least_one)]
    steps: usize,
    /// Seeds to average over, one after the other from --seed on
    #[arg(long, default_value_t = 6, value_parser = at_least_one)]
    seeds: usize,
}

/// A cure, the symbol of its strength, and the strengths to try.
struct Cure {
    name: &'static str,
    symbol: &'static str,
    method: fn(f32) -> Box<dyn Regularizer>,
    strengths: [f32; 7],
}

const CURES: [Cure; 3] = [
    Cure {
        name: "L2",
        symbol: "λ",
        method: |lambda| Box::new(L2 { lambda }),
        strengths: [0.01, 0.1, 0.7, 3.0, 10.0, 100.0, 3000.0],
    },
    Cure {
        name: "weight decay",
        symbol: "β",
        method: |beta| Box::new(WeightDecay { beta }),
        strengths: [1e-5, 1e-4, 1e-3, 5e-3, 2e-2, 0.1, 0.9],
    },
    Cure {
        name: "dropout",
        symbol: "p",
        method: |rate| Box::new(Dropout { rate }),
        strengths: [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98],
    },
];

/// What one run shows.
const MEASURED: usize = 5;

/// Trains with each strength and seed.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let settings = Settings { lr: args.lr, steps: args.steps, seeds: args.seeds };
    let run = |seed| {
        let moons = Moons::new(seed);
        let mut numbers = Numbers::new();
        for cure in &CURES {
            for strength in cure.strengths {
                let fit = fit((cure.method)(strength).as_ref(), &settings, &moons, seed)?;
                numbers.extend(
                    measure(&fit, &moons)?.map(|number| (format!("{}, {} = {strength}", cure.name, cure.symbol), number)),
                );
            }
        }
        Ok(numbers)
    };
    let runs = lab.over_seeds(cli::seeds(lab.seed(), args.seeds)?, run)?;
    let column = |i: usize| runs.iter().map(|numbers| f64::from(numbers[i].1)).collect::<Vec<_>>();
    let mut figure = Curves::new("Accuracy against the strength of regularisation");
    for (c, cure) in CURES.iter().enumerate() {
        let points: Vec<Point> = (0..cure.strengths.len())
            .map(|i| {
                let first = MEASURED * (c * cure.strengths.len() + i);
                Point { strength: cure.strengths[i], numbers: std::array::from_fn(|m| column(first + m)) }
            })
            .collect();
        if c > 0 {
            writeln!(lab)?;
        }
        print(cure, &points, lab)?;
        figure = figure.panel(panel(cure, &points));
        claim(cure, &points, lab);
    }
    lab.figure("accuracy", &figure.render()?)
}

/// Train and test accuracy, the norm of all weights, whether all samples get the same answer, whether training diverged.
fn measure(fit: &Fit, moons: &Moons) -> Result<[f32; MEASURED]> {
    let parameters = fit.network.parameters();
    let weights = parameters.0.iter().filter(|tensor| tensor.name.ends_with(".weight"));
    let norm = weights.fold(0.0, |sum, weight| sum + reduce::sum_of_squares(&weight.values)).sqrt() as f32;
    let classes = predict(&fit.network, &moons.train, Decision::Logit)?;
    let constant = classes.iter().all(|class| *class == classes[0]);
    let diverged = fit.train_loss.last().is_some_and(|(_, loss)| !loss.is_finite());
    Ok([fit.train_accuracy, fit.test_accuracy, norm, f32::from(u8::from(constant)), f32::from(u8::from(diverged))])
}

/// The numbers of all seeds at one strength.
struct Point {
    strength: f32,
    numbers: [Vec<f64>; MEASURED],
}

impl Point {
    fn mean(&self, measured: usize) -> f64 {
        reduce::mean_and_deviation(&self.numbers[measured]).0
    }

    /// The number of seeds for which something holds.
    fn count(&self, measured: usize) -> usize {
        self.numbers[measured].iter().filter(|x| **x == 1.0).count()
    }
}

/// The table of one cure.
fn print(cure: &Cure, points: &[Point], lab: &mut Lab) -> Result<()> {
    let n = points[0].numbers[0].len();
    let rows = points.iter().map(|point| {
        let [train, test] = [0, 1].map(|measured| format!("{:.4}", point.mean(measured)));
        let [constant, diverged] = [3, 4].map(|measured| format!("{} of {n}", point.count(measured)));
        vec![String::new(), point.strength.to_string(), train, test, format!("{:.2}", point.mean(2)), constant, diverged]
    });
    let numbers =
        [cure.symbol, "train accuracy", "test accuracy", "norm of weights", "one answer", "diverged"].map(Column::number);
    lab.table(&[&[Column::text(cure.name)], &numbers[..]].concat(), rows)?;
    for point in points {
        lab.metric(format!("{}, {} = {}: mean test accuracy", cure.name, cure.symbol, point.strength), point.mean(1));
    }
    Ok(())
}

/// Mean accuracies with the range that the seeds span.
fn panel(cure: &Cure, points: &[Point]) -> CurvePanel {
    let series = |label, measured: usize| {
        let means = points.iter().map(|point| (f64::from(point.strength), point.mean(measured)));
        let range = points.iter().map(|point| {
            let values = || point.numbers[measured].iter().copied();
            (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max))
        });
        Series::new(label, means).with_band(range)
    };
    let panel = CurvePanel::new(cure.symbol, "accuracy")
        .with(series("Train", 0).colored(theme::TRAIN).dashed(Dash::Solid).marked(Marker::Disc))
        .with(series("Test", 1).colored(theme::DEV).dashed(Dash::Dashed).marked(Marker::Square))
        .y_range(0.3, 1.0)
        .titled(cure.name);
    // A probability runs from 0 to 1; the others over powers of ten.
    if cure.symbol == "p" { panel } else { panel.log_x() }
}

/// What the exercise asks for.
fn claim(cure: &Cure, points: &[Point], lab: &mut Lab) {
    let (first, last) = (&points[0], &points[points.len() - 1]);
    let best = points.iter().map(|point| point.mean(1)).fold(0.0, f64::max);
    let falls = last.mean(1) < best - 0.1 && last.mean(0) < first.mean(0) - 0.1;
    lab.claim(format!("{}: at the largest {} training and test accuracy collapse", cure.name, cure.symbol), falls);
    if cure.name != "dropout" {
        let between = best > first.mean(1) && best > last.mean(1);
        lab.claim(format!("{}: the best test accuracy lies between the extremes", cure.name), between);
    }
}
