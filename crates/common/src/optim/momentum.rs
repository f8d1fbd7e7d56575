//! Corrections of the gradient: momentum, with and without looking ahead.

use super::Rule;

/// The momentum method, book section 7.3.3.1: Δ ← ρ Δ − α g, θ ← θ + Δ.
///
/// Libraries keep −Δ / α instead, which is the same as long as α does not change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum {
    /// The momentum factor ρ.
    pub rho: f32,
}

impl Rule<1> for Momentum {
    const REMEMBERED: [&'static str; 1] = ["delta"];

    #[inline(always)]
    fn step(self, learning_rate: f32, theta: f32, g: f32, [delta]: [f32; 1]) -> (f32, [f32; 1]) {
        let delta = self.rho * delta - learning_rate * g;
        (theta + delta, [delta])
    }
}

/// Nesterov's accelerated gradient, book section 7.3: momentum whose gradient is taken where the momentum alone would lead.
///
/// Δ ← ρ Δ − α g(θ + ρ Δ), θ ← θ + Δ.
///
/// A network computes its gradient at its parameters; so, as in the libraries, the parameters are the point ahead, φ = θ + ρ Δ. Written in φ, the
/// same steps are Δ ← ρ Δ − α g(φ), φ ← φ + (ρ Δ − α g). [`Optimizer::reached`](super::Optimizer::reached) gives θ = φ − ρ Δ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nesterov {
    /// The momentum factor ρ.
    pub rho: f32,
}

impl Rule<1> for Nesterov {
    const REMEMBERED: [&'static str; 1] = ["delta"];

    #[inline(always)]
    fn step(self, learning_rate: f32, phi: f32, g: f32, [delta]: [f32; 1]) -> (f32, [f32; 1]) {
        let delta = self.rho * delta - learning_rate * g;
        (phi + (self.rho * delta - learning_rate * g), [delta])
    }

    fn reached(self, phi: f32, [delta]: [f32; 1]) -> f32 {
        phi - self.rho * delta
    }
}
