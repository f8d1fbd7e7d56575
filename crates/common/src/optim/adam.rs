//! Both at once: a corrected gradient and a step size for each parameter.

use super::{BETA1, EpsPlacement, Rule};

/// Adam, book section 7.3.3.2.
///
/// ```text
/// M ← β₁ M + (1 − β₁) g           the gradient's running mean
/// G ← β₂ G + (1 − β₂) (g · g)     the squared gradient's running mean
/// M̂ = M / (1 − β₁ᵗ)               both corrected for having started at zero
/// Ĝ = G / (1 − β₂ᵗ)
/// θ ← θ − α / √(Ĝ + ε) · M̂
/// ```
///
/// βᵗ is a running product in f64; 1 − βᵗ is rounded to f32 once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    eps_placement: EpsPlacement,
    /// β₁ᵗ and β₂ᵗ.
    powers: [f64; 2],
    /// 1 − β₁ᵗ and 1 − β₂ᵗ.
    corrections: [f32; 2],
}

impl Adam {
    /// Adam with decay rates β₁ and β₂, and ε inside the root.
    ///
    /// # Panics
    /// If a decay rate is not in [0, 1).
    #[must_use]
    pub fn new(beta1: f32, beta2: f32, epsilon: f32) -> Self {
        let is_rate = |beta: f32| (0.0..1.0).contains(&beta);
        assert!(is_rate(beta1) && is_rate(beta2), "decay rates are from 0 to below 1, not {beta1} and {beta2}");
        Self { beta1, beta2, epsilon, eps_placement: EpsPlacement::InsideRoot, powers: [1.0; 2], corrections: [0.0; 2] }
    }

    /// Adam as libraries have it: decay rates 0.9 and 0.999, and an ε of 1e-8 outside the root.
    #[must_use]
    pub fn of_libraries() -> Self {
        Self::new(BETA1, 0.999, 1e-8).eps_placement(EpsPlacement::OutsideRoot)
    }

    /// The same with ε elsewhere.
    #[must_use]
    pub fn eps_placement(self, eps_placement: EpsPlacement) -> Self {
        Self { eps_placement, ..self }
    }

    /// The move α / √(Ĝ + ε) · M̂, and the new M and G.
    #[inline(always)]
    fn moved(self, learning_rate: f32, g: f32, [mean, squares]: [f32; 2]) -> (f32, [f32; 2]) {
        let mean = self.beta1 * mean + (1.0 - self.beta1) * g;
        let squares = self.beta2 * squares + (1.0 - self.beta2) * (g * g);
        let [mean_hat, squares_hat] = [mean / self.corrections[0], squares / self.corrections[1]];
        (learning_rate / self.eps_placement.root(squares_hat, self.epsilon) * mean_hat, [mean, squares])
    }
}

impl Rule<2> for Adam {
    const REMEMBERED: [&'static str; 2] = ["mean gradients", "mean squares"];

    #[inline(always)]
    fn step(self, learning_rate: f32, theta: f32, g: f32, remembered: [f32; 2]) -> (f32, [f32; 2]) {
        let (moved, remembered) = self.moved(learning_rate, g, remembered);
        (theta - moved, remembered)
    }

    fn advance(&mut self) {
        let [power1, power2] = self.powers;
        self.powers = [power1 * f64::from(self.beta1), power2 * f64::from(self.beta2)];
        self.corrections = self.powers.map(|power| (1.0 - power) as f32);
    }
}

/// AdamW, exercise of book section 7.3.3.2: Adam with a decay of the weights that the step sizes do not touch.
///
/// θ ← (1 − α λ) θ − α / √(Ĝ + ε) · M̂, with M̂ and Ĝ as in [`Adam`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// The rest of the rule.
    pub adam: Adam,
    /// λ.
    pub weight_decay: f32,
}

impl Rule<2> for AdamW {
    const REMEMBERED: [&'static str; 2] = Adam::REMEMBERED;

    #[inline(always)]
    fn step(self, learning_rate: f32, theta: f32, g: f32, remembered: [f32; 2]) -> (f32, [f32; 2]) {
        let (moved, remembered) = self.adam.moved(learning_rate, g, remembered);
        ((1.0 - learning_rate * self.weight_decay) * theta - moved, remembered)
    }

    fn advance(&mut self) {
        self.adam.advance();
    }
}
