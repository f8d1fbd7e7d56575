//! A step size for each parameter: AdaGrad, RMSprop, AdaDelta.

use super::{EpsPlacement, Optimizer, State, Trainable, memory::Memory};
use anyhow::Result;

/// AdaGrad, book section 7.3.2.1: G ← G + g · g, θ ← θ − α / √(G + ε) · g.
#[derive(Debug, Clone, PartialEq)]
pub struct AdaGrad {
    learning_rate: f32,
    epsilon: f32,
    eps_placement: EpsPlacement,
    memory: Memory<1>,
}

impl AdaGrad {
    /// AdaGrad with learning rate α, and ε inside the root.
    #[must_use]
    pub fn new(learning_rate: f32, epsilon: f32) -> Self {
        Self { learning_rate, epsilon, eps_placement: EpsPlacement::default(), memory: Memory::new(["squares"]) }
    }

    /// The same with ε elsewhere.
    #[must_use]
    pub fn eps_placement(self, eps_placement: EpsPlacement) -> Self {
        Self { eps_placement, ..self }
    }
}

impl Optimizer for AdaGrad {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        let (learning_rate, epsilon, eps_placement) = (self.learning_rate, self.epsilon, self.eps_placement);
        self.memory.sweep(tensors, move |theta, g, [squares]| {
            let squares = squares + g * g;
            (theta - learning_rate / eps_placement.root(squares, epsilon) * g, [squares])
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

/// RMSprop, book section 7.3.2.2: G ← β G + (1 − β) (g · g), θ ← θ − α / √(G + ε) · g.
#[derive(Debug, Clone, PartialEq)]
pub struct RmsProp {
    learning_rate: f32,
    beta: f32,
    epsilon: f32,
    eps_placement: EpsPlacement,
    memory: Memory<1>,
}

impl RmsProp {
    /// RMSprop with learning rate α, decay rate β, and ε inside the root.
    #[must_use]
    pub fn new(learning_rate: f32, beta: f32, epsilon: f32) -> Self {
        let memory = Memory::new(["mean squares"]);
        Self { learning_rate, beta, epsilon, eps_placement: EpsPlacement::default(), memory }
    }

    /// The same with ε elsewhere.
    #[must_use]
    pub fn eps_placement(self, eps_placement: EpsPlacement) -> Self {
        Self { eps_placement, ..self }
    }
}

impl Optimizer for RmsProp {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        let Self { learning_rate, beta, epsilon, eps_placement, .. } = *self;
        self.memory.sweep(tensors, move |theta, g, [squares]| {
            let squares = beta * squares + (1.0 - beta) * (g * g);
            (theta - learning_rate / eps_placement.root(squares, epsilon) * g, [squares])
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

/// AdaDelta, exercise of book section 7.3.2.2: the mean square of past moves takes the place of the learning rate.
///
/// G ← ρ G + (1 − ρ) (g · g), Δ = √(D + ε) / √(G + ε) · g, D ← ρ D + (1 − ρ) (Δ · Δ), θ ← θ − α Δ.
///
/// α is 1 in the original method. ε is what the first move is made of, and stands inside the roots in every library too.
#[derive(Debug, Clone, PartialEq)]
pub struct AdaDelta {
    learning_rate: f32,
    rho: f32,
    epsilon: f32,
    memory: Memory<2>,
}

impl AdaDelta {
    /// AdaDelta with learning rate α, decay rate ρ, and ε inside the roots.
    #[must_use]
    pub fn new(learning_rate: f32, rho: f32, epsilon: f32) -> Self {
        Self { learning_rate, rho, epsilon, memory: Memory::new(["mean squares", "mean squared moves"]) }
    }
}

impl Optimizer for AdaDelta {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        let Self { learning_rate, rho, epsilon, .. } = *self;
        self.memory.sweep(tensors, move |theta, g, [squares, moves]| {
            let squares = rho * squares + (1.0 - rho) * (g * g);
            let delta = (moves + epsilon).sqrt() / (squares + epsilon).sqrt() * g;
            let moves = rho * moves + (1.0 - rho) * (delta * delta);
            (theta - learning_rate * delta, [squares, moves])
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
