//! 7.3.2, exercise · Schedules of the learning rate
//!
//! Gradient descent with a learning rate that changes from step to step, by the formulas of [`common::optim::Schedule`], on both experiments of section 7.3.1.
//! Each schedule is fitted to the length T of the run: the decays end at `α₀/20` (cosine: at zero; inverse square root: where its formula leads), the warm-up takes the first tenth, the triangle goes up and down three times.
//!
//! Seen: at the book's learning rates the constant one is best, as smaller steps only arrive later. A decay pays off where α₀ is too large to be kept.
//!
//! At α₀ = 0.52 every step on the bowl overshoots along x₂ by more than there was, and the constant rate climbs out; the decays and the triangle
//! bring the rate below 0.5 in time, and piecewise constant, cosine and triangle then arrive nearer along the flat x₁ than the book's 0.2.
//!
//! One decay is named by its formula, α₀ / √t, for Adam (7.3.3.2). So Adam fits the unit with it as well. From the book's α₀ = 0.1 it does not arrive: a move
//! of Adam is hardly longer than its learning rate, and those of all steps do not add up to the way that w₁ has to go. From α₀ = 1 it does, and ends lower
//! than at a constant rate, whose moves are too long to come to rest.
//!
//! Exponential and natural exponential decay are the same curve, noted in two ways: βᵗ = e^(−β′ t) with β′ = −ln β.

use crate::{
    bowl::{self, Path},
    decayed_adam::AdamRates,
    linear_fit::{Fit, LinearFit},
    replays,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{one_to, positive},
    kernels::reduce,
    lab::Lab,
    optim::{Optimizer, Schedule, Sgd},
    parameters::Parameters,
    plot::{CurvePanel, Curves, Series, Svg},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "lr-schedules",
        book: "7.3.2, exercise",
        title: "Schedules of the learning rate",
        summary: "Gradient descent whose learning rate decays, warms up or goes up and down, on the bowl and in the linear fit.",
    };
    let texts = [include_str!("lr_schedules.rs"), include_str!("lr_schedules.zh.md")];
    Section::new(heading, texts, run).replayed(replays::HELP, replays::FIXED, run)
}

/// The book's hyper-parameters of gradient descent.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// α₀ on the bowl
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    bowl_lr: f32,
    /// α₀ on the bowl that is too large for a constant rate
    #[arg(long, default_value_t = 0.52, value_parser = positive)]
    large_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 20, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    bowl_steps: usize,
    /// α₀ of the linear fit
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    #[command(flatten)]
    adam: AdamRates,
    #[command(flatten)]
    fit: LinearFit,
}

/// The share of α₀ that decays end at.
const END: f64 = 0.05;

/// Runs every schedule on both experiments.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let sgd = || Optimizer::new(Sgd);
    let mut runs = Vec::new();
    for (name, schedule) in SCHEDULES {
        let fitted = schedule(f64::from(args.lr), args.fit.steps());
        let [small, large] = [args.bowl_lr, args.large_lr].map(|lr| {
            let fitted = schedule(f64::from(lr), args.bowl_steps);
            bowl::descend(sgd(), |t| fitted.at(t), args.bowl_steps)
        });
        let rates = (0..args.fit.steps()).map(|t| fitted.at(t)).collect();
        let fit = args.fit.fit(sgd(), |t| fitted.at(t), lab)?;
        runs.push(Run { name, rates, fit, small: small?, large: large? });
    }
    print(&runs, args, lab)?;
    draw(&runs, args, lab)?;
    claim(&runs, lab);
    args.adam.show(&args.fit, lab)?;
    let units = runs.iter().flat_map(|run| run.fit.parameters.prefixed(run.name).0);
    lab.fingerprint(&Parameters(units.collect()));
    Ok(())
}

/// A schedule, started at α₀ and fitted to a run of so many steps.
type Fitted = fn(f64, usize) -> Schedule;

/// All of them by name.
const SCHEDULES: [(&str, Fitted); 9] = [
    ("constant", |initial, _| Schedule::Constant { initial }),
    ("piecewise constant", |initial, steps| Schedule::PiecewiseConstant {
        initial,
        pieces: vec![(steps / 3, 0.5), (2 * steps / 3, END)],
    }),
    ("inverse time", |initial, steps| Schedule::InverseTime { initial, beta: (1.0 / END - 1.0) / steps as f64 }),
    ("exponential", |initial, steps| Schedule::Exponential { initial, beta: libm::pow(END, 1.0 / steps as f64) }),
    ("natural exponential", |initial, steps| Schedule::NaturalExponential { initial, beta: -libm::log(END) / steps as f64 }),
    ("cosine", |initial, steps| Schedule::Cosine { initial, steps }),
    ("gradual warm-up", |initial, steps| Schedule::WarmUp { initial, steps: steps.div_ceil(10) }),
    ("triangular", |initial, steps| Schedule::Triangular {
        lowest: END * initial,
        highest: initial,
        half_period: steps.div_ceil(6),
    }),
    ("inverse square root", |initial, _| Schedule::InverseSquareRoot { initial }),
];
/// Those that only fall.
const DECAYS: [&str; 6] =
    ["piecewise constant", "inverse time", "exponential", "natural exponential", "cosine", "inverse square root"];
/// The schedules of each panel of a figure; natural exponential decay is the exponential one.
const PANELS: [(&str, &[&str]); 2] = [
    ("smooth decays", &["inverse time", "inverse square root", "exponential", "cosine"]),
    ("others", &["constant", "piecewise constant", "gradual warm-up", "triangular"]),
];

/// One schedule, and what gradient descent does with it.
struct Run {
    name: &'static str,
    /// The learning rate of each step of the fit.
    rates: Vec<f32>,
    fit: Fit,
    /// The path from the book's rate.
    small: Path,
    /// The path from the rate that is too large.
    large: Path,
}

impl Run {
    fn mean_rate(&self) -> f32 {
        (reduce::sum(&self.rates) / self.rates.len() as f64) as f32
    }
}

/// What each schedule came to.
fn print(runs: &[Run], args: &Args, lab: &mut Lab) -> Result<()> {
    let (small, large) = (format!("bowl, α₀ = {}", args.bowl_lr), format!("bowl, α₀ = {}", args.large_lr));
    writeln!(lab, "{:<20} {:<43} {small:<21} {large}", "", format!("linear fit, α₀ = {}", args.lr))?;
    let columns = ["mean α", "last α", "last loss", "w₁", "x₁", "x₂", "x₁", "x₂"];
    writeln!(lab, "{:<20} {}", "schedule", columns.map(|column| format!("{column:>10}")).join(" "))?;
    for run in runs {
        let ([w1, ..], loss) = (run.fit.unit(), run.fit.last_loss());
        let ([x1, x2], [large1, large2]) = (run.small.end(), run.large.end());
        let numbers = [run.mean_rate(), run.rates[run.rates.len() - 1], loss, w1, x1, x2, large1, large2];
        writeln!(lab, "{:<20} {}", run.name, numbers.map(|x| format!("{x:>10.6}")).join(" "))?;
        lab.metric(format!("{}, mean loss of the last epoch", run.name), loss);
        lab.metric(format!("{}, x1 on the bowl", run.name), x1);
        lab.metric(format!("{}, x2 on the bowl from a large rate", run.name), large2);
    }
    Ok(())
}

/// Learning rates, losses and distances, a curve for each schedule.
fn draw(runs: &[Run], args: &Args, lab: &mut Lab) -> Result<()> {
    let rates = panels(runs, ("step", "learning rate α"), |run| run.rates.clone());
    lab.figure("schedules", &figure("Learning rates of the linear fit", rates)?)?;
    let losses = panels(runs, ("epoch", "mean squared error"), |run| run.fit.epoch_losses.clone());
    lab.figure("losses", &figure("Losses of the linear fit", losses.map(CurvePanel::log_y))?)?;
    let distances = panels(runs, ("step", "abs x₂"), |run| run.large.coordinate(1).map(f32::abs).collect());
    let title = format!("Along the steep coordinate of the bowl, α₀ = {}", args.large_lr);
    lab.figure("large-rate", &figure(&title, distances.map(CurvePanel::log_y))?)
}

fn figure(title: &str, panels: [CurvePanel; 2]) -> Result<Svg> {
    panels.into_iter().fold(Curves::new(title), Curves::panel).same_y().render()
}

fn panels(runs: &[Run], (x_label, y_label): (&str, &str), values: impl Fn(&Run) -> Vec<f32>) -> [CurvePanel; 2] {
    PANELS.map(|(title, names)| {
        let shown = runs.iter().filter(|run| names.contains(&run.name));
        let label = |name| if name == "exponential" { "exponential, natural exponential" } else { name };
        let curves = shown.map(|run| Series::sampled(label(run.name), &values(run), 0.0, 1.0));
        curves.fold(CurvePanel::new(x_label, y_label).titled(title), CurvePanel::with)
    })
}

/// What the exercise shows.
fn claim(runs: &[Run], lab: &mut Lab) {
    let mut by_rate: Vec<&Run> = runs.iter().collect();
    by_rate.sort_by(|a, b| b.mean_rate().total_cmp(&a.mean_rate()));
    let ordered = by_rate.windows(2).all(|pair| pair[0].fit.last_loss() <= 1.001 * pair[1].fit.last_loss());
    lab.claim("the larger the mean learning rate, the smaller the last loss of the fit", ordered);
    let distance = |run: &Run| run.large.end()[1].abs();
    let climbs = runs.first().is_some_and(|constant| distance(constant) > bowl::START[1]);
    lab.claim("from a rate that is too large, the constant rate climbs out of the bowl along x₂", climbs);
    let mut decays = runs.iter().filter(|run| DECAYS.contains(&run.name));
    let arrive = decays.all(|run| distance(run) < 0.01 * bowl::START[1]);
    lab.claim("every decay comes down along x₂ from there, to less than a hundredth", arrive);
    let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-6 * a);
    lab.claim("exponential and natural exponential decay are the same curve", same(&runs[3].rates, &runs[4].rates));
}
