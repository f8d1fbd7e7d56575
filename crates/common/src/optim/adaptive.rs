//! A step size for each parameter: AdaGrad, RMSprop, AdaDelta.

use super::{EpsPlacement, Rule};

/// AdaGrad, book section 7.3.2.1: G ← G + g · g, θ ← θ − α / √(G + ε) · g.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaGrad {
    /// ε.
    pub epsilon: f32,
    /// Where it stands.
    pub eps_placement: EpsPlacement,
}

impl Rule<1> for AdaGrad {
    const REMEMBERED: [&'static str; 1] = ["squares"];

    #[inline(always)]
    fn step(self, learning_rate: f32, theta: f32, g: f32, [squares]: [f32; 1]) -> (f32, [f32; 1]) {
        let squares = squares + g * g;
        (theta - learning_rate / self.eps_placement.root(squares, self.epsilon) * g, [squares])
    }
}

/// RMSprop, book section 7.3.2.2: G ← β G + (1 − β) (g · g), θ ← θ − α / √(G + ε) · g.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsProp {
    /// The decay rate β.
    pub beta: f32,
    /// ε.
    pub epsilon: f32,
    /// Where it stands.
    pub eps_placement: EpsPlacement,
}

impl Rule<1> for RmsProp {
    const REMEMBERED: [&'static str; 1] = ["mean squares"];

    #[inline(always)]
    fn step(self, learning_rate: f32, theta: f32, g: f32, [squares]: [f32; 1]) -> (f32, [f32; 1]) {
        let squares = self.beta * squares + (1.0 - self.beta) * (g * g);
        (theta - learning_rate / self.eps_placement.root(squares, self.epsilon) * g, [squares])
    }
}

/// AdaDelta, exercise of book section 7.3.2.2: the mean square of past moves takes the place of the learning rate.
///
/// G ← ρ G + (1 − ρ) (g · g), Δ = √(D + ε) / √(G + ε) · g, D ← ρ D + (1 − ρ) (Δ · Δ), θ ← θ − α Δ.
///
/// α is 1 in the original method. ε is what the first move is made of, and stands inside the roots in every library too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaDelta {
    /// The decay rate ρ.
    pub rho: f32,
    /// ε.
    pub epsilon: f32,
}

impl Rule<2> for AdaDelta {
    const REMEMBERED: [&'static str; 2] = ["mean squares", "mean squared moves"];

    #[inline(always)]
    fn step(self, learning_rate: f32, theta: f32, g: f32, [squares, moves]: [f32; 2]) -> (f32, [f32; 2]) {
        let squares = self.rho * squares + (1.0 - self.rho) * (g * g);
        let delta = (moves + self.epsilon).sqrt() / (squares + self.epsilon).sqrt() * g;
        let moves = self.rho * moves + (1.0 - self.rho) * (delta * delta);
        (theta - learning_rate * delta, [squares, moves])
    }
}
