//! How the sections of 7.6 compare ways to regularise: boundaries and losses of one run, accuracies over seeds.

use crate::{
    moons300::Moons,
    regularizer::{Fit, Regularizer, Settings, fit},
};
use anyhow::{Result, ensure};
use common::{
    cli,
    kernels::reduce,
    lab::{Column, Lab, Numbers},
    plot::{CurvePanel, Curves, Dash, Regions, Series, theme},
    train::Network,
};
use std::fmt::Write;

/// Lines of the log.
const LOG_LINES: usize = 10;

/// Accuracies of one method over seeds.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    /// The method's name.
    pub(crate) name: String,
    pub(crate) train: Vec<f64>,
    pub(crate) test: Vec<f64>,
}

impl Span {
    /// Mean of train accuracy − test accuracy.
    pub(crate) fn gap(&self) -> f64 {
        mean(&self.train) - mean(&self.test)
    }

    /// Mean and standard error of how far the test accuracy lies above that of another method, seed by seed.
    pub(crate) fn above(&self, other: &Self) -> (f64, f64) {
        let differences: Vec<f64> = self.test.iter().zip(&other.test).map(|(a, b)| a - b).collect();
        let (mean, deviation) = reduce::mean_and_deviation(&differences);
        (mean, deviation / (differences.len() as f64 - 1.0).max(1.0).sqrt())
    }
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    reduce::mean_and_deviation(values).0
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
    let moons = Moons::new(lab.seed());
    let last = methods.len() - 1;
    let own = fit(methods[last], settings, &moons, lab.seed())?;
    log(&own, settings, lab)?;
    lab.curve("train loss", own.train_loss.iter().copied());
    lab.curve("test loss", own.test_loss.iter().copied());
    lab.metric("train accuracy", own.train_accuracy);
    lab.metric("test accuracy", own.test_accuracy);
    lab.fingerprint(&own.network.parameters());
    if last == 0 {
        draw(&[(methods[0].name(), &own)], &moons, lab)?;
    } else {
        let first = fit(methods[0], settings, &moons, lab.seed())?;
        check(&first)?;
        draw(&[(methods[0].name(), &first), (methods[last].name(), &own)], &moons, lab)?;
    }

    let run = |seed| {
        let moons = Moons::new(seed);
        let mut numbers = Numbers::new();
        for (i, method) in methods.iter().enumerate() {
            let fit = fit(*method, settings, &moons, seed)?;
            check(&fit)?;
            // The ledger knows the section's own numbers by their plain names.
            let prefix = if i == last { String::new() } else { format!("{}, ", method.name()) };
            numbers.push((format!("{prefix}train accuracy"), fit.train_accuracy));
            numbers.push((format!("{prefix}test accuracy"), fit.test_accuracy));
        }
        Ok(numbers)
    };
    let runs = lab.over_seeds(seeds, run)?;
    let column = |i: usize| runs.iter().map(|numbers| f64::from(numbers[i].1)).collect();
    let spans =
        methods.iter().enumerate().map(|(i, method)| Span { name: method.name(), train: column(2 * i), test: column(2 * i + 1) });
    let spans: Vec<Span> = spans.collect();
    print_spans(&spans, lab)?;
    Ok(Study { own, spans })
}

/// Refuses a run that diverged.
fn check(fit: &Fit) -> Result<()> {
    for (step, loss) in &fit.train_loss {
        ensure!(loss.is_finite(), "the loss is {loss} at step {step}: training diverged; try a smaller learning rate");
    }
    Ok(())
}

/// Losses on the way, accuracies in the end.
fn log(fit: &Fit, settings: &Settings, lab: &mut Lab) -> Result<()> {
    let every = fit.train_loss.len().div_ceil(LOG_LINES);
    for (step, loss) in fit.train_loss.iter().step_by(every) {
        writeln!(lab, "[Train] step: {step}/{}, loss: {loss}", settings.steps)?;
    }
    check(fit)?;
    writeln!(lab, "[Train] accuracy: {:.4}", fit.train_accuracy)?;
    Ok(writeln!(lab, "[Test] accuracy: {:.4}", fit.test_accuracy)?)
}

/// Boundaries and losses, each method its panel.
fn draw(fits: &[(String, &Fit)], moons: &Moons, lab: &mut Lab) -> Result<()> {
    let mut boundaries = Regions::new("Class boundaries and the probability of class 1", ("x₁", "x₂"), &["class 0", "class 1"]);
    let mut losses = Curves::new("Loss of training and test samples");
    let all = fits.iter().flat_map(|(_, fit)| fit.train_loss.iter().chain(&fit.test_loss)).map(|(_, loss)| f64::from(*loss));
    let (lowest, highest) = all.fold((f64::MAX, 0.0f64), |(lowest, highest), x| (lowest.min(x), highest.max(x)));
    for (name, fit) in fits {
        boundaries = boundaries.panel(moons.panel(name, &fit.network)?);
        let series = |label, points: &[(usize, f32)]| {
            Series::new(label, points.iter().map(|&(step, loss)| (step as f64, f64::from(loss))))
        };
        let panel = CurvePanel::new("step", "loss")
            .with(series("Train", &fit.train_loss).colored(theme::TRAIN).dashed(Dash::Solid))
            .with(series("Test", &fit.test_loss).colored(theme::DEV).dashed(Dash::Dashed))
            .y_range(lowest, highest);
        losses = losses.panel(panel.log_y().titled(name.as_str()));
    }
    lab.figure("boundary", &boundaries.render()?)?;
    lab.figure("losses", &losses.render()?)
}

/// Mean ± standard deviation of the accuracies of each method.
fn print_spans(spans: &[Span], lab: &mut Lab) -> Result<()> {
    let columns = [
        Column::text(format!("over {} seeds", spans[0].test.len())),
        Column::number("train accuracy"),
        Column::number("test accuracy"),
        Column::number("gap"),
    ];
    let rows = spans.iter().map(|span| {
        let cell = |values: &[f64]| {
            let (mean, deviation) = reduce::mean_and_deviation(values);
            format!("{mean:.4} ± {deviation:.4}")
        };
        vec![span.name.clone(), cell(&span.train), cell(&span.test), format!("{:.4}", span.gap())]
    });
    writeln!(lab)?;
    lab.table(&columns, rows)?;
    for Span { name, train, test } in spans {
        lab.metric(format!("{name}, mean train accuracy"), mean(train));
        lab.metric(format!("{name}, mean test accuracy"), mean(test));
    }
    Ok(())
}

/// How far the test accuracy of the first of two methods lies above that of the second, pair by pair.
pub(crate) fn print_differences(pairs: &[[&Span; 2]], lab: &mut Lab) -> Result<()> {
    let columns = [Column::text("difference in test accuracy, by seed"), Column::number("mean ± standard error")];
    let rows = pairs.iter().map(|[span, other]| {
        let (above, error) = span.above(other);
        vec![format!("{} − {}", span.name, other.name), format!("{above:+.4} ± {error:.4}")]
    });
    writeln!(lab)?;
    lab.table(&columns, rows)
}
