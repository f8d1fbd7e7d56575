//! The journal of a training run sees the network between the backward pass and the update.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

use anyhow::Result;
use common::{
    data::{Batches, Labels, Samples, Split},
    kernels::{Activation, Loss},
    matrix::Matrix,
    optim::Sgd,
    scratch::{Layer, Linear, Network},
    train::{Journal, Learner, Log, Metric, Ties, Training, train},
};

/// What is seen at each step: its number, the weight, the norms of the gradients of weight and bias.
struct Sights(Vec<(usize, f32, f32, f32)>);

impl Journal for Sights {
    fn line(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
    fn progress(&mut self, _: usize, _: usize, _: f32) {}
    fn before_update(&mut self, step: usize, learner: &dyn Learner) -> Result<()> {
        let weight = learner.parameters().0[0].values[0];
        self.0.push((step, weight, learner.weight_gradient_norms()[0], learner.bias_gradient_norms()[0]));
        Ok(())
    }
}

#[test]
fn the_first_update_is_seen_before_it_moves_anything() {
    let linear = Linear { weight: Matrix::zeros(1, 1), bias: vec![0.0] };
    let layer = Layer { linear, activation: Activation::Logistic };
    let mut network = Network::new(vec![layer], Loss::BinaryCrossEntropy, Sgd { learning_rate: 1.0 });
    // One sample x = 2 of class 1 for each part: p = 1/2, so that dz = −1/2.
    let samples = Samples { x: Matrix::new(3, 1, vec![2.0; 3]), y: Labels::Values(Matrix::new(3, 1, vec![1.0; 3])) };
    let split = Split::new(&samples, &[0, 1, 2], 1, 1);
    let training = Training {
        n_epochs: 2,
        batches: Batches::Full,
        evaluate_every: 1,
        log: Log::Epochs { every: 1 },
        metric: Metric::Probability,
        ties: Ties::First,
    };
    let mut sights = Sights(Vec::new());
    train(&mut network, &split, training, &mut sights).unwrap();
    assert_eq!(sights.0[0], (0, 0.0, 1.0, 0.5));
    assert_eq!((sights.0[1].0, sights.0[1].1, sights.0.len()), (1, 1.0, 2));
}
