//! Gradient descent.

use super::Rule;

/// (Stochastic) gradient descent, book section 7.3.1: θ ← θ − α g.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sgd;

impl Rule<0> for Sgd {
    const REMEMBERED: [&'static str; 0] = [];

    #[inline(always)]
    fn step(self, learning_rate: f32, theta: f32, g: f32, _: [f32; 0]) -> (f32, [f32; 0]) {
        (theta - learning_rate * g, [])
    }
}
