//! 7.3.1.2: a linear unit learns y = 0.5 x₁ + 0.8 x₂ + 0.01 u from mini-batches in a fixed order.
//!
//! The book logs the mean squared error and descends along the gradient of half of it; so does this. Its "epoch loss" is the mean over all iterations
//! since the start; here it is shown beside the mean over the epoch. The unit starts from the weights that the book prints, far from those that made the
//! data, whose noise leaves a loss of 0.01² / 12 at best.

use crate::{bowl::Path, replays};
use anyhow::{Result, ensure};
use clap::Args;
use common::{
    chain::{Chain, linear},
    cli::{at_least_one, one_to},
    data::{Batches, Labels, Samples},
    kernels::{Loss, reduce},
    lab::{Column, Lab, row},
    matrix::Matrix,
    optim::{Method, Optimizer},
    parameters::{Parameter, Parameters},
    plot::{CurvePanel, Curves, Dash, Series, Svg, theme},
    train::{Decision, Network, Record, Trainer, TrainingConfig},
};
use std::fmt::Write;

/// The fit, with the settings that all optimisers share.
#[derive(Debug, Clone, Args)]
pub(crate) struct LinearFit {
    /// Passes over the samples of the linear fit
    #[arg(long, default_value_t = 30, value_parser = one_to::<MOST_EPOCHS>)]
    pub(crate) epochs: usize,
    /// Samples in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Samples of the linear fit
    #[arg(long, default_value_t = 1000, value_parser = one_to::<MOST_SAMPLES>)]
    samples: usize,
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
/// The weights that the book starts from, as it prints them. They are also its first sample: it sets the same seed before the data and
/// before the weights.
pub(crate) const PRINTED_NORMALS: [f32; 2] = [-4.080414, -1.3719953];

/// The samples with the given inputs, two per sample, and the noise u of each.
pub(crate) fn with_noise(x: Vec<f32>, noise: &[f32]) -> Samples {
    let n = noise.len();
    let [w1, w2] = TRUE_WEIGHTS;
    let y = x.chunks(2).zip(noise).map(|(x, u)| (w1 * x[0] + w2 * x[1]) + NOISE * u).collect();
    Samples { x: Matrix::new(n, 2, x), y: Labels::Values(Matrix::new(n, 1, y)) }
}

/// The linear unit at its start: the weights that the book prints, bias zero.
fn unit() -> Result<Chain> {
    let mut unit = Chain::new([linear(2, 1)], Loss::HalfSquaredError);
    let weight = Parameter { name: "0.weight".to_owned(), shape: vec![2, 1], values: PRINTED_NORMALS.to_vec() };
    let bias = Parameter { name: "0.bias".to_owned(), shape: vec![1], values: vec![0.0] };
    unit.load(&Parameters(vec![weight, bias]))?;
    Ok(unit)
}

/// What a fit leaves.
#[derive(Debug)]
pub(crate) struct Fit {
    /// The mean squared error on each step's batch, before the step.
    losses: Vec<f32>,
    /// Their mean over each epoch.
    pub(crate) epoch_losses: Vec<f32>,
    /// Their mean over all steps up to the end of each epoch: what the book calls the epoch loss.
    running_means: Vec<f32>,
    /// Weights and bias.
    pub(crate) parameters: Parameters,
}

impl Fit {
    /// The mean loss of the last epoch.
    pub(crate) fn last_loss(&self) -> f32 {
        self.epoch_losses[self.epoch_losses.len() - 1]
    }

    /// Whether the loss of the last epoch is less than twice the variance of the noise.
    pub(crate) fn ends_in_noise(&self) -> bool {
        f64::from(self.last_loss()) < 2.0 * NOISE_VARIANCE
    }

    /// Whether the loss of the last epoch is less than this share of the first one's.
    pub(crate) fn falls_to(&self, share: f32) -> bool {
        self.last_loss() < share * self.epoch_losses[0]
    }

    /// Whether every epoch has a lower loss than the one before.
    pub(crate) fn always_falls(&self) -> bool {
        self.epoch_losses.windows(2).all(|pair| pair[1] < pair[0])
    }

    /// w₁, w₂ and b.
    pub(crate) fn unit(&self) -> [f32; 3] {
        let [weight, bias] = [0, 1].map(|k| &self.parameters.0[k].values);
        [weight[0], weight[1], bias[0]]
    }

    /// States the unit that was learnt and the whole path down the bowl for the fingerprint.
    pub(crate) fn fingerprint(mut self, path: &Path, lab: &mut Lab) {
        self.parameters.0.push(path.tensor());
        lab.fingerprint(&self.parameters);
    }
}

impl LinearFit {
    /// The steps of a fit.
    pub(crate) fn steps(&self) -> usize {
        self.epochs * self.samples.div_ceil(self.batch_size)
    }

    /// X from N(0, 1), noise uniform on [0, 0.01); in a replay the source's own.
    fn samples(&self, lab: &Lab) -> Samples {
        if lab.is_replay() {
            return replays::samples();
        }
        let mut data = lab.stream("linear fit");
        let x = data.normals(2 * self.samples, 0.0, 1.0);
        with_noise(x, &data.uniforms(self.samples, 0.0, 1.0))
    }

    /// Rows and columns of the training data: a sample a row, its inputs and what is to be learnt.
    pub(crate) fn shape(&self, lab: &Lab) -> [usize; 2] {
        let Samples { x, y } = self.samples(lab);
        let Labels::Values(y) = y else { unreachable!("the unit learns numbers") };
        [x.rows(), x.columns() + y.columns()]
    }

    /// Fits a linear unit, each step with its learning rate.
    ///
    /// # Errors
    /// If a loss stops being finite; the message names the step.
    pub(crate) fn fit(&self, optimizer: Optimizer, learning_rate: impl Fn(usize) -> f32, lab: &Lab) -> Result<Fit> {
        self.solve(&self.samples(lab), optimizer, learning_rate)
    }

    fn solve(&self, samples: &Samples, optimizer: Optimizer, learning_rate: impl Fn(usize) -> f32) -> Result<Fit> {
        let mut unit = unit()?;
        // A batch that is too large is all samples.
        let batches = Batches::Ordered { size: self.batch_size.min(samples.len()) };
        let steps_per_epoch = batches.per_epoch(samples.len());
        // The unit's one output is a number, no class: nothing but losses is recorded, and no decision made.
        let config = TrainingConfig {
            record: Record::Losses { every: 1 },
            ..TrainingConfig::new(self.epochs, batches, Decision::Probability)
        };
        let mut losses = Vec::new();
        let mut run = Trainer::new(&mut unit, optimizer, samples, config)?;
        while let Some(step) = run.forward_backward()? {
            let (half, step) = (step.loss, step.index);
            ensure!(half.is_finite(), "the loss of the linear fit is {half} at step {step}: it diverged; try a smaller --lr");
            losses.push(2.0 * half);
            run.update(learning_rate(step))?;
        }
        let mean = |losses: &[f32]| (reduce::sum(losses) / losses.len() as f64) as f32;
        let ends = (1..=self.epochs).map(|epoch| epoch * steps_per_epoch);
        Ok(Fit {
            epoch_losses: losses.chunks(steps_per_epoch).map(mean).collect(),
            running_means: ends.map(|end| mean(&losses[..end])).collect(),
            losses,
            parameters: unit.parameters(),
        })
    }

    /// Fits, prints losses and the unit that was learnt, and draws the losses.
    pub(crate) fn show(&self, method: Method, lab: &mut Lab) -> Result<Fit> {
        let Method { name, optimizer, learning_rate } = method;
        let samples = self.samples(lab);
        let (n, size) = (samples.len(), self.batch_size);
        writeln!(
            lab,
            "Linear fit: y = 0.5 x₁ + 0.8 x₂ + 0.01 u, {n} samples in batches of {size}, {name} with learning rate {learning_rate}\n"
        )?;
        if lab.is_replay() {
            replays::print_origin(&samples, lab)?;
        }
        let fit = self.solve(&samples, optimizer, |_| learning_rate)?;
        for (epoch, loss) in fit.epoch_losses.iter().enumerate() {
            lab.metric(format!("fit, mean loss of epoch {epoch}"), *loss);
        }
        let shown = (0..self.epochs).filter(|epoch| epoch % self.epochs.div_ceil(10) == 0 || epoch + 1 == self.epochs);
        let losses = shown.map(|epoch| {
            row(epoch.to_string(), [fit.epoch_losses[epoch], fit.running_means[epoch]].map(|loss| format!("{loss:.8}")))
        });
        lab.table(&["epoch", "mean over epoch", "mean since the start"].map(Column::number), losses)?;
        writeln!(lab)?;
        let units = [
            ("at the start", [PRINTED_NORMALS[0], PRINTED_NORMALS[1], 0.0]),
            ("learnt", fit.unit()),
            ("made with", [TRUE_WEIGHTS[0], TRUE_WEIGHTS[1], NOISE / 2.0]),
        ];
        let rows = units.map(|(name, unit)| row(name, unit.map(|x| format!("{x:.6}"))));
        lab.table(&Column::labelled("", ["w₁", "w₂", "b"]), rows)?;
        for (name, value) in ["fit, w1", "fit, w2", "fit, b"].into_iter().zip(fit.unit()) {
            lab.metric(name, value);
        }
        lab.curve("fit, loss", fit.losses.iter().copied().enumerate());
        lab.curve("fit, epoch loss", fit.epoch_losses.iter().copied().enumerate());
        lab.curve("fit, running mean", fit.running_means.iter().copied().enumerate());
        lab.figure("losses", &figure(&name, &fit)?)?;
        Ok(fit)
    }
}

/// The losses of steps and of epochs, as the book's figure has them side by side.
fn figure(name: &str, fit: &Fit) -> Result<Svg> {
    let panel = |x_label, label, losses: &[f32]| {
        CurvePanel::new(x_label, "mean squared error")
            .with(Series::train(label, losses))
            .reference(NOISE_VARIANCE, "variance of the noise")
            .log_y()
    };
    let since_start = Series::sampled("mean since the start (book)", &fit.running_means, 0.0, 1.0);
    Curves::new(format!("Linear fit with {name}"))
        .panel(panel("step", "each step's batch", &fit.losses))
        .panel(
            panel("epoch", "mean over the epoch", &fit.epoch_losses).with(since_start.colored(theme::DEV).dashed(Dash::Dashed)),
        )
        .render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replays;
    use common::optim::{AdaGrad, Adam, BETA1, BETA2, Counting, EPSILON, EpsPlacement, Momentum, RHO, Sgd};
    use serde_json::Value;

    fn optimizer(name: &str) -> (Optimizer, f32) {
        match name {
            "sgd" => (Optimizer::new(Sgd), 0.01),
            "momentum" => (Optimizer::new(Momentum { rho: RHO }), 0.01),
            "adagrad" => (Optimizer::new(AdaGrad { epsilon: EPSILON, eps_placement: EpsPlacement::InsideRoot }), 0.1),
            "adam" => (Optimizer::new(Adam::new(BETA1, BETA2, EPSILON)).counting(Counting::PerTensor), 0.1),
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
        let task = LinearFit { epochs: 30, batch_size: 64, samples: 1000 };
        let samples = replays::samples();
        let Labels::Values(y) = &samples.y else { panic!("the labels are numbers") };
        assert_eq!(y.row(0)[0].to_bits(), (-3.136211f32).to_bits(), "the y of the first sample, as printed");
        let file: Value = serde_json::from_str(include_str!("../../common/tests/fixtures/paddle_gpu_rng.json")).unwrap();
        let cases = file["linear_fit"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let (optimizer, learning_rate) = optimizer(name);
            let fit = task.solve(&samples, optimizer, |_| learning_rate).unwrap();
            check(&format!("{name}, epochs"), &fit.epoch_losses, &case["epoch_loss_true_f64"]);
            check(&format!("{name}, running means"), &fit.running_means, &case["epoch_loss_cumulative_f64"]);
            check(&format!("{name}, first steps"), &fit.losses[..20], &case["iter_loss_first20_f64"]);
        }
    }

    #[test]
    fn a_fit_that_diverges_names_the_step() {
        let x = Matrix::new(2, 2, vec![1.0, 2.0, 3.0, 4.0]);
        let samples = Samples { x, y: Labels::Values(Matrix::new(2, 1, vec![1.0, 2.0])) };
        let task = LinearFit { epochs: 30, batch_size: 1, samples: 2 };
        let error = task.solve(&samples, Optimizer::new(Sgd), |_| 1e6).unwrap_err().to_string();
        assert!(error.contains("at step ") && error.ends_with("try a smaller --lr"), "{error}");
    }
}
