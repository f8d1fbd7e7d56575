//! Corrections of the gradient: momentum, with and without looking ahead.

use super::{Optimizer, State, Trainable, memory::Memory};
use anyhow::Result;

/// The momentum method, book section 7.3.3.1: Δ ← ρ Δ − α g, θ ← θ + Δ.
///
/// Libraries keep −Δ / α instead, which is the same as long as α does not change.
#[derive(Debug, Clone, PartialEq)]
pub struct Momentum {
    learning_rate: f32,
    rho: f32,
    memory: Memory<1>,
}

impl Momentum {
    /// Momentum with learning rate α and momentum factor ρ.
    #[must_use]
    pub fn new(learning_rate: f32, rho: f32) -> Self {
        Self { learning_rate, rho, memory: Memory::new(["delta"]) }
    }
}

impl Optimizer for Momentum {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        let (learning_rate, rho) = (self.learning_rate, self.rho);
        self.memory.sweep(tensors, move |theta, g, [delta]| {
            let delta = rho * delta - learning_rate * g;
            (theta + delta, [delta])
        });
    }

    fn learning_rate(&self) -> f32 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f32) {
        self.learning_rate = learning_rate;
    }

    fn state(&self) -> State {
        self.memory.state()
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        self.memory.load(state)
    }
}

/// Nesterov's accelerated gradient, book section 7.3: momentum whose gradient is taken where the momentum alone would lead.
///
/// Δ ← ρ Δ − α g(θ + ρ Δ), θ ← θ + Δ.
///
/// A network computes its gradient at its parameters; so, as in the libraries, the parameters are the point ahead, φ = θ + ρ Δ. Written in φ, the
/// same steps are Δ ← ρ Δ − α g(φ), φ ← φ + (ρ Δ − α g). [`Optimizer::reached`] gives θ = φ − ρ Δ.
#[derive(Debug, Clone, PartialEq)]
pub struct Nesterov {
    learning_rate: f32,
    rho: f32,
    memory: Memory<1>,
}

impl Nesterov {
    /// Nesterov's method with learning rate α and momentum factor ρ.
    #[must_use]
    pub fn new(learning_rate: f32, rho: f32) -> Self {
        Self { learning_rate, rho, memory: Memory::new(["delta"]) }
    }
}

impl Optimizer for Nesterov {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        let (learning_rate, rho) = (self.learning_rate, self.rho);
        self.memory.sweep(tensors, move |phi, g, [delta]| {
            let delta = rho * delta - learning_rate * g;
            (phi + (rho * delta - learning_rate * g), [delta])
        });
    }

    fn reached(&self, parameters: &[f32]) -> Vec<f32> {
        let delta = self.memory.first();
        if delta.is_empty() {
            return parameters.to_vec();
        }
        parameters.iter().zip(delta).map(|(phi, delta)| phi - self.rho * delta).collect()
    }

    fn learning_rate(&self) -> f32 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f32) {
        self.learning_rate = learning_rate;
    }

    fn state(&self) -> State {
        self.memory.state()
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        self.memory.load(state)
    }
}
