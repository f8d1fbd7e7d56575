//! How the sections of 7.6 compare ways to regularise: boundaries and losses of one run, accuracies over seeds.

use crate::regularizer::{Fit, Regularizer, Settings, fit};
use anyhow::Result;
use common::{
    cli, figures,
    kernels::reduce::mean_and_deviation,
    lab::{Column, Lab, Numbers},
    plot::{CurvePanel, Curves, Dash, Regions, Series, theme},
    train::Network,
};
use std::fmt::Write;

/// Accuracies of one method over seeds.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    /// The method's name.
    pub(crate) name: String,
    pub(crate) train: Vec<f64>,
    pub(crate) test: Vec<f64>,
}

impl Span {
    /// The accuracies of training and test samples, seed by seed.
    pub(crate) fn new(name: String, accuracies: impl IntoIterator<Item = [f32; 2]>) -> Self {
        let (train, test) = accuracies.into_iter().map(|accuracies| accuracies.map(f64::from)).map(Into::into).unzip();
        Self { name, train, test }
    }

    /// Mean of train accuracy − test accuracy.
    pub(crate) fn gap(&self) -> f64 {
        mean(&self.train) - mean(&self.test)
    }

    /// Mean and standard error of how far the test accuracy lies above that of another method, seed by seed.
    fn above(&self, other: &Self) -> (f64, f64) {
        let differences: Vec<f64> = self.test.iter().zip(&other.test).map(|(a, b)| a - b).collect();
        let (mean, deviation) = mean_and_deviation(&differences);
        (mean, deviation / (differences.len() as f64 - 1.0).max(1.0).sqrt())
    }
}

fn mean(values: &[f64]) -> f64 {
    mean_and_deviation(values).0
}

/// What a section learns about its methods.
pub(crate) struct Study {
    /// The run of the section's own method with the seed of the lab.
    pub(crate) own: Fit,
    /// The accuracies of each method over seeds.
    pub(crate) spans: Vec<Span>,
}

/// Trains with each method, the last being the section's own: its log, the boundaries of the first and the last, and accuracies over seeds.
pub(crate) fn study(methods: &[&dyn Regularizer], settings: &Settings, lab: &mut Lab) -> Result<Study> {
    let seeds = cli::seeds(lab.seed(), settings.seeds)?;
    let last = methods.len() - 1;
    let own = fit(methods[last], settings, lab.seed())?;
    log(&own, settings, lab)?;
    lab.curve("train loss", own.train_loss.iter().copied());
    lab.curve("test loss", own.test_loss.iter().copied());
    lab.metric("train accuracy", own.train_accuracy);
    lab.metric("test accuracy", own.test_accuracy);
    lab.fingerprint(&own.network.parameters());
    let beside = methods[..last].first().map(|first| fit(*first, settings, lab.seed())).transpose()?;
    draw(&beside.iter().chain([&own]).collect::<Vec<_>>(), lab)?;

    let run = |seed| {
        let mut numbers = Numbers::new();
        for (i, method) in methods.iter().enumerate() {
            let fit = fit(*method, settings, seed)?;
            fit.check()?;
            // The ledger knows the section's own numbers by their plain names.
            let prefix = if i == last { String::new() } else { format!("{}, ", method.name()) };
            numbers.push((format!("{prefix}train accuracy"), fit.train_accuracy));
            numbers.push((format!("{prefix}test accuracy"), fit.test_accuracy));
        }
        Ok(numbers)
    };
    let runs = lab.over_seeds(seeds, run)?;
    let accuracies = |i: usize| runs.iter().map(move |numbers| [numbers[2 * i].1, numbers[2 * i + 1].1]);
    let spans: Vec<Span> = methods.iter().enumerate().map(|(i, method)| Span::new(method.name(), accuracies(i))).collect();
    print_spans(&spans, lab)?;
    for Span { name, train, test } in &spans {
        lab.metric(format!("{name}, mean train accuracy"), mean(train));
        lab.metric(format!("{name}, mean test accuracy"), mean(test));
    }
    Ok(Study { own, spans })
}

/// Lines of the log.
const LOG_LINES: usize = 10;

/// Losses on the way, accuracies in the end.
fn log(fit: &Fit, settings: &Settings, lab: &mut Lab) -> Result<()> {
    let every = fit.train_loss.len().div_ceil(LOG_LINES);
    for (step, loss) in fit.train_loss.iter().step_by(every) {
        writeln!(lab, "[Train] step: {step}/{}, loss: {loss}", settings.steps)?;
    }
    fit.check()?;
    writeln!(lab, "[Train] accuracy: {:.4}", fit.train_accuracy)?;
    Ok(writeln!(lab, "[Test] accuracy: {:.4}", fit.test_accuracy)?)
}

/// Boundaries and losses, each method its panel.
fn draw(fits: &[&Fit], lab: &mut Lab) -> Result<()> {
    let mut boundaries = figures::regions("Class boundaries");
    let mut losses = Curves::new("Loss of training and test samples").same_y();
    for fit in fits {
        fit.check()?;
        boundaries = fit.moons.panels(&fit.name, &fit.network)?.into_iter().fold(boundaries, Regions::panel);
        let series = |label, points: &[(usize, f32)]| {
            Series::new(label, points.iter().map(|&(step, loss)| (step as f64, f64::from(loss))))
        };
        let panel = CurvePanel::new("step", "loss")
            .with(series("Train", &fit.train_loss).colored(theme::TRAIN).dashed(Dash::Solid))
            .with(series("Test", &fit.test_loss).colored(theme::DEV).dashed(Dash::Dashed));
        losses = losses.panel(panel.log_y().titled(fit.name.as_str()));
    }
    lab.figure("boundary", &boundaries.render()?)?;
    lab.figure("losses", &losses.render()?)
}

/// Mean ± standard deviation of the accuracies of each method.
pub(crate) fn print_spans(spans: &[Span], lab: &mut Lab) -> Result<()> {
    let cell = |values: &[f64]| {
        let (mean, deviation) = mean_and_deviation(values);
        format!("{mean:.4} ± {deviation:.4}")
    };
    let rows =
        spans.iter().map(|span| vec![span.name.clone(), cell(&span.train), cell(&span.test), format!("{:.4}", span.gap())]);
    writeln!(lab)?;
    let title = format!("mean ± standard deviation over {} seeds", spans[0].test.len());
    lab.table(&Column::labelled(title, ["train accuracy", "test accuracy", "gap"]), rows)
}

/// How far the test accuracy of the first of two methods lies above that of the second, pair by pair.
pub(crate) fn print_differences(pairs: &[[&Span; 2]], lab: &mut Lab) -> Result<()> {
    let rows = pairs.iter().map(|[span, other]| {
        let (above, error) = span.above(other);
        vec![format!("{} − {}", span.name, other.name), format!("{above:+.4} ± {error:.4}")]
    });
    writeln!(lab)?;
    lab.table(&Column::labelled("difference in test accuracy, by seed", ["mean ± standard error"]), rows)
}

/// Claims what a method is there for; `with` names it.
pub(crate) fn claim_regularizer(own: &Span, nothing: &Span, with: &str, lab: &mut Lab) {
    let sentence = format!("over the seeds, the gap between training and test accuracy is smaller with {with}");
    lab.claim(sentence, own.gap() < nothing.gap());
    lab.claim("the test accuracy is higher on average", own.above(nothing).0 > 0.0);
}
