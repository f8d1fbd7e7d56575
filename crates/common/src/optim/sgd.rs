//! Gradient descent.

use super::{Optimizer, State, Trainable, sweep::sweep};
use anyhow::Result;

/// (Stochastic) gradient descent, book section 7.3.1: θ ← θ − α g.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// The learning rate α.
    pub learning_rate: f32,
}

impl Optimizer for Sgd {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        let learning_rate = self.learning_rate;
        for tensor in tensors {
            sweep(tensor, [], move |theta, g, []| (theta - learning_rate * g, []));
        }
    }

    fn learning_rate(&self) -> f32 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f32) {
        self.learning_rate = learning_rate;
    }

    fn state(&self) -> State {
        State::default()
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        state.check_names(&[])
    }
}
