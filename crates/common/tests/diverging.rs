//! Training stops where a loss is not finite, names the place, and has said what came before; between backward pass and update the network
//! is seen as it was.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

use anyhow::Result;
use common::{
    chain::{Chain, linear, logistic},
    data::{Batches, Labels, Samples},
    kernels::Loss,
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    parameters::Parameters,
    train::{Decision, Journal, Log, Network, ParameterTensor, Progress, Trainer, TrainingConfig},
};

/// A network whose loss is 1 until it has taken so many steps.
struct Diverging {
    steps: usize,
    finite: usize,
    then: f32,
    outputs: Matrix,
}

impl Network for Diverging {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        Ok(Matrix::zeros(x.rows(), 1))
    }

    fn loss(&self, _: &Matrix, _: &Labels) -> f32 {
        if self.steps <= self.finite { 1.0 } else { self.then }
    }

    fn forward_backward(&mut self, x: &Matrix, _: &Labels) -> Result<()> {
        self.outputs = self.outputs(x)?;
        Ok(())
    }

    fn batch_outputs(&self) -> &Matrix {
        &self.outputs
    }

    fn visit_parameters(&mut self, _: &mut dyn FnMut(ParameterTensor)) -> Result<()> {
        self.steps += 1;
        Ok(())
    }

    fn parameters(&self) -> Parameters {
        Parameters::default()
    }

    fn gradients(&self) -> Parameters {
        Parameters::default()
    }

    fn load(&mut self, _: &Parameters) -> Result<()> {
        Ok(())
    }
}

struct Lines(Vec<String>);

impl Journal for Lines {
    fn line(&mut self, line: &str) -> Result<()> {
        self.0.push(line.to_owned());
        Ok(())
    }

    fn progress(&mut self, _: Progress) {}
}

fn zeros(samples: usize) -> Samples {
    Samples { x: Matrix::zeros(samples, 1), y: Labels::Values(Matrix::zeros(samples, 1)) }
}

/// Three epochs of four samples, two per batch: two steps per epoch.
fn train(network: &mut Diverging, evaluate_every: usize, lines: &mut Lines) -> Result<()> {
    let (train, dev) = (zeros(4), zeros(2));
    let batches = Batches::Given { rows: vec![vec![0, 1], vec![2, 3]], per_epoch: 2 };
    let log = Some(Log::MiniBatch { every: 1 });
    let config = TrainingConfig { log, ..TrainingConfig::new(3, batches, Decision::Probability) };
    let mut run = Trainer::new(network, Optimizer::new(Sgd), &train, config)?.journal(lines);
    while let Some(step) = run.forward_backward()? {
        run.update(0.1)?;
        if step.is_evaluated(evaluate_every) {
            run.evaluate(&dev)?;
        }
    }
    Ok(())
}

fn run(finite: usize, then: f32, evaluate_every: usize) -> (Vec<String>, Option<String>) {
    let (mut network, mut lines) = (Diverging { steps: 0, finite, then, outputs: Matrix::zeros(0, 1) }, Lines(Vec::new()));
    let outcome = train(&mut network, evaluate_every, &mut lines);
    (lines.0, outcome.err().map(|error| error.to_string()))
}

#[track_caller]
fn check(finite: usize, then: f32, evaluate_every: usize, message: &str, last_line: &str) {
    let (lines, error) = run(finite, then, evaluate_every);
    assert_eq!(error.unwrap(), format!("{message}: training diverged; try a smaller learning rate"));
    assert_eq!(lines.last().map_or("", String::as_str), last_line);
}

#[test]
fn the_first_loss_that_is_not_finite_ends_the_run() {
    check(0, f32::NAN, 100, "the loss is NaN at epoch 0, step 1", "[Train] epoch: 0/3, step: 0/6, loss: 1.00000");
    check(2, f32::INFINITY, 100, "the loss is inf at epoch 1, step 3", "[Train] epoch: 1/3, step: 2/6, loss: 1.00000");
}

#[test]
fn a_loss_of_an_evaluation_that_is_not_finite_ends_the_run() {
    let message = "the loss of an evaluation is NaN at epoch 0, step 1";
    check(1, f32::NAN, 1, message, "[Train] epoch: 0/3, step: 1/6, loss: 1.00000");
    // The last step: no later training loss could tell.
    let message = "the loss of an evaluation is NaN at epoch 2, step 5";
    check(5, f32::NAN, 100, message, "[Train] epoch: 2/3, step: 5/6, loss: 1.00000");
}

#[test]
fn finite_losses_end_no_run() {
    assert_eq!(run(6, f32::NAN, 1).1, None);
}

#[test]
fn the_first_update_is_seen_before_it_moves_anything() {
    let mut network = Chain::new([linear(1, 1), logistic()], Loss::BinaryCrossEntropy);
    // One sample x = 2 of class 1: p = 1/2, so that dz = −1/2.
    let samples = Samples { x: Matrix::new(1, 1, vec![2.0]), y: Labels::Values(Matrix::new(1, 1, vec![1.0])) };
    let config = TrainingConfig::new(2, Batches::Full, Decision::Probability);
    let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), &samples, config).unwrap();
    let mut seen = Vec::new();
    while let Some(step) = run.forward_backward().unwrap() {
        let gradients = run.network().gradients();
        seen.push((step.index, run.network().parameters().0[0].values[0], gradients.norms("weight"), gradients.norms("bias")));
        run.update(1.0).unwrap();
    }
    assert_eq!(seen[0], (0, 0.0, vec![1.0], vec![0.5]));
    assert_eq!((seen[1].0, seen[1].1, seen.len()), (1, 1.0, 2));
}
