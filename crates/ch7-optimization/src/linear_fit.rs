//! 7.3.1.2: a linear unit learns y = 0.5 x₁ + 0.8 x₂ + 0.01 u from mini-batches in a fixed order.
//!
//! The book logs the mean squared error and descends along the gradient of half of it; so does this. Its "epoch loss" is the mean over all iterations
//! since the start; here it is shown beside the mean over the epoch. The unit starts from the weights that the book prints, far from those that made the
//! data, whose noise leaves a loss of 0.01² / 12 at best.

use crate::bowl::Path;
use anyhow::{Result, ensure};
use clap::Args;
use common::{
    cli::{at_least_one, one_to},
    data::{Labels, Samples},
    kernels::{Activation, Loss, reduce},
    lab::Lab,
    matrix::Matrix,
    optim::{Optimizer, Schedule},
    parameters::Parameters,
    plot::{CurvePanel, Curves, Dash, Series, Svg, theme},
    replay::Draws,
    scratch::{Layer, Linear, Network},
    train::Learner,
};
use std::fmt::Write;

/// The settings that all optimisers share.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Passes over the samples of the linear fit
    #[arg(long, default_value_t = 30, value_parser = one_to::<MOST_EPOCHS>)]
    pub(crate) epochs: usize,
    /// Samples in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    pub(crate) batch_size: usize,
    /// Samples of the linear fit
    #[arg(long, default_value_t = 1000, value_parser = one_to::<MOST_SAMPLES>, conflicts_with = "replay")]
    pub(crate) samples: usize,
    /// Fit the source's own data from the source's own weights
    #[arg(long)]
    pub(crate) replay: bool,
}

/// Epochs and samples that fit into any machine's memory and day.
const MOST_EPOCHS: usize = 100_000;
const MOST_SAMPLES: usize = 1_000_000;

/// The weights that the data are made with.
const TRUE_WEIGHTS: [f32; 2] = [0.5, 0.8];
/// The noise is uniform on [0, `NOISE`): its mean is what the bias should learn.
const NOISE: f32 = 0.01;
/// The variance of the noise: a loss that no unit gets below, but for chance.
const NOISE_VARIANCE: f64 = 0.01 * 0.01 / 12.0;
/// The first two numbers from N(0, 1) after the source sets its seed, as it prints them. It sets the same seed before the data and
/// before the weights, so that they are both its first sample and the weights that it starts from.
pub(crate) const PRINTED_NORMALS: [f32; 2] = [-4.080414, -1.3719953];
/// The seed that the source sets before it draws data, and again before it draws weights.
const SOURCE_SEED: u64 = 0;

/// Samples, and the weights to start from.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) samples: Samples,
    pub(crate) weight: Matrix,
}

impl Problem {
    /// X from N(0, 1), noise uniform on [0, 0.01), the weights that the book prints; in a replay the source's draws of X and noise,
    /// and the printed numbers for the first sample, which came from the same two draws as the weights.
    pub(crate) fn draw(settings: &Settings, lab: &Lab) -> Self {
        let n = settings.samples;
        let (x, noise) = if settings.replay {
            let draws = Draws::new(SOURCE_SEED);
            let mut x = draws.normal(0, 2 * n, 0.0, 1.0);
            x[..2].copy_from_slice(&PRINTED_NORMALS);
            (x, draws.uniform(1, n))
        } else {
            let mut data = lab.stream("linear fit");
            (data.normals(2 * n, 0.0, 1.0), data.uniforms(n, 0.0, 1.0))
        };
        let [w1, w2] = TRUE_WEIGHTS;
        let y = x.chunks(2).zip(noise).map(|(x, u)| (w1 * x[0] + w2 * x[1]) + NOISE * u).collect();
        let samples = Samples { x: Matrix::new(n, 2, x), y: Labels::Values(Matrix::new(n, 1, y)) };
        Self { samples, weight: Matrix::new(2, 1, PRINTED_NORMALS.to_vec()) }
    }
}

/// What a fit leaves.
#[derive(Debug)]
pub(crate) struct Fit {
    /// The mean squared error on each step's batch, before the step.
    pub(crate) losses: Vec<f32>,
    /// Their mean over each epoch.
    pub(crate) epoch_losses: Vec<f32>,
    /// Their mean over all steps up to the end of each epoch: what the book calls the epoch loss.
    pub(crate) running_means: Vec<f32>,
    /// Weights and bias.
    pub(crate) parameters: Parameters,
}

impl Fit {
    /// The mean loss of the last epoch.
    pub(crate) fn last_loss(&self) -> f32 {
        self.epoch_losses[self.epoch_losses.len() - 1]
    }

    /// Whether the loss of the last epoch is less than this share of the first one's.
    pub(crate) fn falls_to(&self, share: f32) -> bool {
        self.last_loss() < share * self.epoch_losses[0]
    }

    /// w₁, w₂ and b.
    pub(crate) fn unit(&self) -> [f32; 3] {
        let [weight, bias] = [0, 1].map(|k| &self.parameters.0[k].values);
        [weight[0], weight[1], bias[0]]
    }
}

/// Fits a linear unit, with the learning rate of `schedule` if there is one.
///
/// # Errors
/// If a loss stops being finite; the message names the step.
pub(crate) fn fit(problem: &Problem, optimizer: impl Optimizer, settings: &Settings, schedule: Option<&Schedule>) -> Result<Fit> {
    let unit = Layer { linear: Linear { weight: problem.weight.clone(), bias: vec![0.0] }, activation: Activation::Identity };
    let mut network = Network::new(vec![unit], Loss::HalfSquaredError, optimizer);
    let rows: Vec<usize> = (0..problem.samples.len()).collect();
    let batches: Vec<Samples> = rows.chunks(settings.batch_size).map(|rows| problem.samples.select(rows)).collect();
    let mut losses = Vec::new();
    for (step, batch) in (0..settings.epochs).flat_map(|_| &batches).enumerate() {
        if let Some(schedule) = schedule {
            network.optimizer_mut().set_learning_rate(schedule.learning_rate(step));
        }
        let half = network.learn(&batch.x, &batch.y)?.loss;
        ensure!(half.is_finite(), "the loss of the linear fit is {half} at step {step}: it diverged; try a smaller --lr");
        losses.push(2.0 * half);
        network.update()?;
    }
    let mean = |losses: &[f32]| (reduce::sum(losses) / losses.len() as f64) as f32;
    let ends = (1..=settings.epochs).map(|epoch| epoch * batches.len());
    Ok(Fit {
        epoch_losses: losses.chunks(batches.len()).map(mean).collect(),
        running_means: ends.map(|end| mean(&losses[..end])).collect(),
        losses,
        parameters: network.parameters(),
    })
}

/// Fits, prints losses and the unit that was learnt, and draws the losses.
pub(crate) fn show(name: &str, optimizer: impl Optimizer, settings: &Settings, lab: &mut Lab) -> Result<Fit> {
    let problem = Problem::draw(settings, lab);
    let (n, size, rate) = (problem.samples.len(), settings.batch_size, optimizer.learning_rate());
    writeln!(
        lab,
        "Linear fit: y = 0.5 x₁ + 0.8 x₂ + 0.01 u, {n} samples in batches of {size}, {name} with learning rate {rate}\n"
    )?;
    if settings.replay {
        lab.replay();
        show_source(&problem, lab)?;
    }
    let fit = fit(&problem, optimizer, settings, None)?;
    writeln!(lab, "{:>5} {:>18} {:>22}", "epoch", "mean over epoch", "mean since the start")?;
    for (epoch, (loss, running)) in fit.epoch_losses.iter().zip(&fit.running_means).enumerate() {
        if epoch % settings.epochs.div_ceil(10) == 0 || epoch + 1 == settings.epochs {
            writeln!(lab, "{epoch:>5} {loss:>18.8} {running:>22.8}")?;
        }
        lab.metric(format!("fit, mean loss of epoch {epoch}"), *loss);
    }
    let [w1, w2, b] = fit.unit();
    let start = problem.weight.values();
    let rows = [
        ("at the start", [start[0], start[1], 0.0]),
        ("learnt", [w1, w2, b]),
        ("made with", [TRUE_WEIGHTS[0], TRUE_WEIGHTS[1], NOISE / 2.0]),
    ];
    writeln!(lab, "\n{:<13} {:>10} {:>10} {:>10}", "", "w₁", "w₂", "b")?;
    for (name, [w1, w2, b]) in rows {
        writeln!(lab, "{name:<13} {w1:>10.6} {w2:>10.6} {b:>10.6}")?;
    }
    for (name, value) in [("fit, w1", w1), ("fit, w2", w2), ("fit, b", b)] {
        lab.metric(name, value);
    }
    for (name, values) in
        [("fit, loss", &fit.losses), ("fit, epoch loss", &fit.epoch_losses), ("fit, running mean", &fit.running_means)]
    {
        lab.curve(name, values.iter().copied().enumerate());
    }
    lab.figure("losses", &figure(name, &fit)?)?;
    Ok(fit)
}

/// States the whole path and the unit that was learnt for the fingerprint.
pub(crate) fn fingerprint(path: &Path, fit: &Fit, lab: &mut Lab) {
    let mut parameters = fit.parameters.clone();
    parameters.0.push(path.tensor());
    lab.fingerprint(&parameters);
}

/// The numbers that the source prints of its data and weights, beside those that its generator gives here.
fn show_source(problem: &Problem, lab: &mut Lab) -> Result<()> {
    let Labels::Values(y) = &problem.samples.y else { return Ok(()) };
    let ([x1, x2], y) = (PRINTED_NORMALS, y.row(0)[0]);
    let drawn = Draws::new(SOURCE_SEED).normal(0, 2, 0.0, 1.0);
    writeln!(
        lab,
        "The source's first sample: x = ({x1}, {x2}), y = {y}. Its seed starts anew before the weights: W = ({x1}, {x2})."
    )?;
    writeln!(lab, "Both are the printed numbers; drawn in f64 and rounded once they are ({}, {}).\n", drawn[0], drawn[1])?;
    let numbers = [
        ("first sample, x1 as drawn", drawn[0]),
        ("first sample, x2 as drawn", drawn[1]),
        ("first sample, y", y),
        ("initial w1 as drawn", drawn[0]),
        ("initial w2 as drawn", drawn[1]),
    ];
    for (name, value) in numbers {
        lab.metric(name, value);
    }
    Ok(())
}

/// The losses of steps and of epochs, as the book's figure has them side by side.
fn figure(name: &str, fit: &Fit) -> Result<Svg> {
    let steps = CurvePanel::new("step", "mean squared error")
        .with(Series::train("each step's batch", &fit.losses))
        .reference(NOISE_VARIANCE, "variance of the noise")
        .log_y();
    let epochs = CurvePanel::new("epoch", "mean squared error")
        .with(Series::train("mean over the epoch", &fit.epoch_losses))
        .with(
            Series::sampled("mean since the start (book)", &fit.running_means, 0.0, 1.0).colored(theme::DEV).dashed(Dash::Dashed),
        )
        .reference(NOISE_VARIANCE, "variance of the noise")
        .log_y();
    Curves::new(format!("Linear fit with {name}")).panel(steps).panel(epochs).render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::{
        lab,
        optim::{AdaGrad, Adam, Counting, Momentum, Sgd},
    };
    use serde_json::Value;

    fn optimizer(name: &str) -> Box<dyn Optimizer> {
        match name {
            "sgd" => Box::new(Sgd { learning_rate: 0.01 }),
            "momentum" => Box::new(Momentum::new(0.01, 0.9)),
            "adagrad" => Box::new(AdaGrad::new(0.1, 1e-7)),
            "adam" => Box::new(Adam::new(0.1, (0.9, 0.99), 1e-7).counting(Counting::PerTensor)),
            other => panic!("there is no optimiser {other}"),
        }
    }

    #[track_caller]
    fn check(what: &str, ours: &[f32], expected: &Value) {
        let expected: Vec<f64> = expected.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        assert_eq!(ours.len(), expected.len(), "{what}");
        for (ours, expected) in ours.iter().zip(expected) {
            // Late losses are squares of differences of nearly equal numbers.
            assert!((f64::from(*ours) - expected).abs() <= 2e-5 * expected + 1e-6, "{what}: {ours}, expected {expected}");
        }
    }

    #[test]
    fn fits_of_the_sources_data_are_those_of_the_reference() {
        let folder = tempfile::tempdir().unwrap();
        let (data, results) = (folder.path().to_owned(), folder.path().join("results"));
        let lab = Lab::new(lab::Settings { seed: 0, data, results, echo: false, strict: true }, Vec::new()).unwrap();
        let settings = Settings { epochs: 30, batch_size: 64, samples: 1000, replay: true };
        let problem = Problem::draw(&settings, &lab);
        let Labels::Values(y) = &problem.samples.y else { panic!("the labels are numbers") };
        assert_eq!(y.row(0)[0].to_bits(), (-3.136211f32).to_bits(), "the y of the first sample, as printed");
        let file: Value = serde_json::from_str(include_str!("../../common/tests/fixtures/paddle_gpu_rng.json")).unwrap();
        let cases = file["linear_fit"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let fit = fit(&problem, optimizer(name), &settings, None).unwrap();
            check(&format!("{name}, epochs"), &fit.epoch_losses, &case["epoch_loss_true_f64"]);
            check(&format!("{name}, running means"), &fit.running_means, &case["epoch_loss_cumulative_f64"]);
            check(&format!("{name}, first steps"), &fit.losses[..20], &case["iter_loss_first20_f64"]);
        }
    }

    #[test]
    fn a_fit_that_diverges_names_the_step() {
        let x = Matrix::new(2, 2, vec![1.0, 2.0, 3.0, 4.0]);
        let samples = Samples { x, y: Labels::Values(Matrix::new(2, 1, vec![1.0, 2.0])) };
        let problem = Problem { samples, weight: Matrix::new(2, 1, vec![1.0, 1.0]) };
        let settings = Settings { epochs: 30, batch_size: 1, samples: 2, replay: false };
        let error = fit(&problem, Sgd { learning_rate: 1e6 }, &settings, None).unwrap_err().to_string();
        assert!(error.contains("at step ") && error.ends_with("try a smaller --lr"), "{error}");
    }
}
