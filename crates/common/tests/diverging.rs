//! Training stops where a loss is not finite, names the place, and has said what came before.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

use anyhow::Result;
use common::{
    data::{Batches, Labels, Samples, Split},
    matrix::Matrix,
    parameters::Parameters,
    train::{Journal, Learner, Log, Metric, Pass, Ties, Training, train},
};

/// A network whose loss is 1 until it has taken so many steps.
struct Diverging {
    steps: usize,
    finite: usize,
    then: f32,
}

impl Learner for Diverging {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        Ok(Matrix::zeros(x.rows(), 1))
    }

    fn loss(&self, _: &Matrix, _: &Labels) -> f32 {
        if self.steps <= self.finite { 1.0 } else { self.then }
    }

    fn learn(&mut self, x: &Matrix, labels: &Labels) -> Result<Pass> {
        let outputs = self.outputs(x)?;
        Ok(Pass { loss: self.loss(&outputs, labels), outputs })
    }

    fn update(&mut self) -> Result<()> {
        self.steps += 1;
        Ok(())
    }

    fn parameters(&self) -> Parameters {
        Parameters::default()
    }

    fn load(&mut self, _: &Parameters) -> Result<()> {
        Ok(())
    }

    fn weight_gradient_norms(&self) -> Vec<f32> {
        Vec::new()
    }

    fn bias_gradient_norms(&self) -> Vec<f32> {
        Vec::new()
    }
}

struct Lines(Vec<String>);

impl Journal for Lines {
    fn line(&mut self, line: &str) -> Result<()> {
        self.0.push(line.to_owned());
        Ok(())
    }
    fn progress(&mut self, _: usize, _: usize, _: f32) {}
}

/// Four samples, two a batch: two steps an epoch.
fn run(learner: &mut Diverging, evaluate_every: usize, n_epochs: usize) -> (Vec<String>, Option<String>) {
    let samples = Samples { x: Matrix::zeros(8, 1), y: Labels::Values(Matrix::zeros(8, 1)) };
    let split = Split::new(&samples, &[0, 1, 2, 3, 4, 5, 6, 7], 4, 2);
    let training = Training {
        n_epochs,
        batches: Batches::Given { rows: vec![vec![0, 1], vec![2, 3]], per_epoch: 2 },
        evaluate_every,
        log: Log::Steps { every: 1 },
        metric: Metric::Probability,
        ties: Ties::First,
    };
    let mut lines = Lines(Vec::new());
    let outcome = train(learner, &split, training, &mut lines);
    (lines.0, outcome.err().map(|error| error.to_string()))
}

#[track_caller]
fn check(finite: usize, then: f32, evaluate_every: usize, message: &str, last_line: &str) {
    let (lines, error) = run(&mut Diverging { steps: 0, finite, then }, evaluate_every, 3);
    assert_eq!(error.unwrap(), format!("{message}: training diverged; try a smaller learning rate"));
    assert_eq!(lines.last().map_or("", String::as_str), last_line);
}

#[test]
fn the_first_loss_that_is_not_finite_ends_the_run() {
    check(0, f32::NAN, 100, "the loss is NaN at epoch 0, step 1", "[Train] epoch: 0/3, step: 0/6, loss: 1.00000");
    check(2, f32::INFINITY, 100, "the loss is inf at epoch 1, step 3", "[Train] epoch: 1/3, step: 2/6, loss: 1.00000");
}

#[test]
fn a_development_loss_that_is_not_finite_ends_the_run() {
    check(1, f32::NAN, 1, "the development loss is NaN at epoch 0, step 1", "[Train] epoch: 0/3, step: 1/6, loss: 1.00000");
    // The last step: no later training loss could tell.
    check(5, f32::NAN, 100, "the development loss is NaN at epoch 2, step 5", "[Train] epoch: 2/3, step: 5/6, loss: 1.00000");
}

#[test]
fn finite_losses_end_no_run() {
    assert_eq!(run(&mut Diverging { steps: 0, finite: 6, then: f32::NAN }, 1, 3).1, None);
}
