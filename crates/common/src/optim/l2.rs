//! The gradient of an L2 term, for any optimiser.

use super::{Optimizer, State, Trainable};
use anyhow::Result;

/// An optimiser that sees the gradient of the loss with the term λ/2 · Σ θ².
///
/// g ← g + λ θ for every parameter, then the optimiser's own rule. [`super::AdamW`] differs: its decay does not go through the step
/// sizes.
#[derive(Debug, Clone, PartialEq)]
pub struct L2<O> {
    optimizer: O,
    lambda: f32,
    gradients: Vec<f32>,
}

impl<O: Optimizer> L2<O> {
    /// `optimizer` with an L2 term of strength λ.
    #[must_use]
    pub fn new(optimizer: O, lambda: f32) -> Self {
        Self { optimizer, lambda, gradients: Vec::new() }
    }
}

impl<O: Optimizer> Optimizer for L2<O> {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        let Self { optimizer, lambda, gradients } = self;
        gradients.clear();
        for Trainable { parameter, gradient } in &*tensors {
            gradients.extend(gradient.iter().zip(&**parameter).map(|(g, theta)| g + *lambda * theta));
        }
        let mut rest = gradients.as_slice();
        let regularized = tensors.iter_mut().map(|tensor| {
            let (gradient, later) = rest.split_at(tensor.parameter.len());
            rest = later;
            Trainable { parameter: &mut *tensor.parameter, gradient }
        });
        optimizer.step_tensors(&mut regularized.collect::<Vec<_>>());
    }

    fn reached(&self, parameters: &[f32]) -> Vec<f32> {
        self.optimizer.reached(parameters)
    }

    fn learning_rate(&self) -> f32 {
        self.optimizer.learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f32) {
        self.optimizer.set_learning_rate(learning_rate);
    }

    fn state(&self) -> State {
        self.optimizer.state()
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        self.optimizer.load_state(state)
    }
}
