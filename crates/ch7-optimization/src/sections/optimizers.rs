//! 7.3 · All optimisers side by side
//!
//! The paths of all optimisers of the section down one bowl, and the losses of all their linear fits. Each has the hyper-parameters that it has in its
//! own section, and so the numbers that it has there.
//!
//! Seen: with one step size for all parameters the first move follows the gradient, steeply along x₂; with one for each parameter
//! it is equally long in both. In the fit Momentum, Nesterov's method and Adam get down to the noise; the others do not.
//!
//! With a step size for each parameter the path leads diagonally towards the optimum; AdaDelta takes the same direction, but has hardly left
//! after 50 steps. In the fit AdaGrad's shrinking step sizes stop it far above the noise, and RMSprop's keep it swinging around its goal.
//!
//! Departs from the book: it draws one figure for each optimiser.

use super::{adadelta, adagrad, adam, momentum, nesterov, rmsprop, sgd};
use crate::{
    bowl::{self, Path},
    linear_fit::{Fit, LinearFit},
};
use anyhow::Result;
use clap::{Args as ClapArgs, Command, FromArgMatches};
use common::{
    lab::{Column, Lab, row},
    optim::Method,
    parameters::Parameters,
    plot::{CurvePanel, Curves, Series},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "optimizers",
        book: "7.3",
        title: "All optimisers side by side",
        summary: "Seven optimisers with the settings of their own sections: their paths down the bowl in one picture, and the losses of their fits.",
    };
    Section::new(heading, [include_str!("optimizers.rs"), include_str!("optimizers.zh.md")], run)
}

/// The fit; every other setting is that of an optimiser's own section.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    fit: LinearFit,
}

/// Shows all optimisers on the bowl and on the linear fit.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let arms = [
        arm("SGD", |own: &sgd::Args| (sgd::method(own.bowl_lr), own.bowl_steps, sgd::method(own.lr)))?,
        arm("Momentum", |own: &momentum::Args| (own.method(own.bowl_lr), own.bowl_steps, own.method(own.lr)))?,
        arm("Nesterov", |own: &momentum::Args| {
            (nesterov::method(own, own.bowl_lr), own.bowl_steps, nesterov::method(own, own.lr))
        })?,
        arm("AdaGrad", |own: &adagrad::Args| (own.method(own.bowl_lr), own.bowl_steps, own.method(own.lr)))?,
        arm("RMSprop", |own: &rmsprop::Args| (own.method(own.bowl_lr), own.bowl_steps, own.method(own.lr)))?,
        arm("AdaDelta", |own: &adadelta::Args| (own.method(own.bowl_lr), own.bowl_steps, own.method(own.lr)))?,
        arm("Adam", |own: &adam::Args| (own.method(own.bowl_lr), own.bowl_steps, own.method(own.lr)))?,
    ];
    let mut shown = Vec::new();
    for Arm { name, on_bowl, steps, in_fit } in arms {
        let rates = [on_bowl.learning_rate, in_fit.learning_rate];
        let path = bowl::descend(on_bowl.optimizer, |_| rates[0], steps)?;
        let fit = args.fit.fit(in_fit.optimizer, |_| rates[1], lab)?;
        shown.push(Shown { name, rates, path, fit });
    }
    print(&shown, lab)?;
    draw(&shown, lab)?;
    claim(&shown, lab);
    Ok(())
}

/// An optimiser with its settings in both experiments.
struct Arm {
    name: &'static str,
    on_bowl: Method,
    steps: usize,
    in_fit: Method,
}

/// An optimiser with the settings that its own section has by default; `settings` takes them out of that section's arguments.
fn arm<A: ClapArgs + FromArgMatches>(name: &'static str, settings: impl Fn(&A) -> (Method, usize, Method)) -> Result<Arm> {
    let matches = A::augment_args(Command::new(name)).try_get_matches_from([name])?;
    let (on_bowl, steps, in_fit) = settings(&A::from_arg_matches(&matches)?);
    Ok(Arm { name, on_bowl, steps, in_fit })
}

/// An optimiser and what it does.
struct Shown {
    name: &'static str,
    /// The learning rates on the bowl and in the fit.
    rates: [f32; 2],
    path: Path,
    fit: Fit,
}

/// Where each path and each fit ends.
fn print(shown: &[Shown], lab: &mut Lab) -> Result<()> {
    let columns = ["α", "steps", "x₁", "x₂", "f(x)"];
    let rows = shown.iter().map(|Shown { name, rates, path, .. }| {
        let ([x1, x2], f) = (path.end(), path.last_value());
        let cells = [rates[0].to_string(), path.moves().len().to_string()];
        row(*name, cells.into_iter().chain([x1, x2, f].map(|x| format!("{x:.5}"))))
    });
    lab.table(&Column::labelled("bowl", columns), rows)?;
    writeln!(lab)?;
    let columns = ["α", "loss, epoch 0", "loss, last epoch", "w₁", "w₂", "b"];
    let rows = shown.iter().map(|Shown { name, rates, fit, .. }| {
        let losses = [fit.epoch_losses[0], fit.last_loss()].map(|loss| format!("{loss:.8}"));
        row(*name, [rates[1].to_string()].into_iter().chain(losses).chain(fit.unit().map(|x| format!("{x:.6}"))))
    });
    lab.table(&Column::labelled("linear fit", columns), rows)?;
    for Shown { name, path, fit, .. } in shown {
        lab.metric(format!("{name}, bowl, f at the end"), path.last_value());
        lab.metric(format!("{name}, fit, last epoch"), fit.last_loss());
    }
    let units = shown.iter().flat_map(|Shown { name, path, fit, .. }| {
        let mut all = fit.parameters.clone();
        all.0.push(path.tensor());
        all.prefixed(name).0
    });
    lab.fingerprint(&Parameters(units.collect()));
    Ok(())
}

/// All paths over the bowl; the losses of the fits, in panels of those that have one learning rate for all parameters and of the others.
fn draw(shown: &[Shown], lab: &mut Lab) -> Result<()> {
    let paths = shown.iter().map(|Shown { name, path, .. }| path.curve(*name));
    lab.figure("paths", &bowl::figure("Seven optimisers on their way down the bowl", paths)?)?;
    let (one_rate, others) = shown.split_at(ONE_RATE);
    let panel = |title: &str, shown: &[Shown]| {
        let losses = shown.iter().map(|Shown { name, fit, .. }| Series::sampled(*name, &fit.epoch_losses, 0.0, 1.0));
        losses.fold(CurvePanel::new("epoch", "mean squared error").log_y().titled(title), CurvePanel::with)
    };
    let figure = Curves::new("Losses of seven linear fits").same_y();
    let figure = figure.panel(panel("one step size for all parameters", one_rate));
    lab.figure("fits", &figure.panel(panel("a step size for each parameter", others)).render()?)
}

/// How many of the optimisers, from the first on, have one learning rate for all parameters.
const ONE_RATE: usize = 3;

/// What the comparison shows.
fn claim(shown: &[Shown], lab: &mut Lab) {
    let start = bowl::f(bowl::START);
    lab.claim("every path ends lower than it starts", shown.iter().all(|shown| shown.path.last_value() < start));
    let steepness = |shown: &Shown| {
        let [x1, x2] = shown.path.moves()[0];
        x2 / x1
    };
    let (one_rate, others) = shown.split_at(ONE_RATE);
    let follow = one_rate.iter().all(|shown| steepness(shown) > 10.0);
    lab.claim("with one step size for all parameters the first move is over ten times as long in x₂ as in x₁", follow);
    let diagonal = others.iter().all(|shown| (steepness(shown) - 1.0).abs() < 1e-4);
    lab.claim("with a step size for each parameter it is equally long in both", diagonal);
    let arrived: Vec<&str> = shown.iter().filter(|shown| shown.fit.ends_in_noise()).map(|shown| shown.name).collect();
    let claim = "the fits of Momentum, Nesterov and Adam end below twice the variance of the noise, the others do not";
    lab.claim(claim, arrived == ["Momentum", "Nesterov", "Adam"]);
}
