//! Both at once: a corrected gradient and a step size for each parameter.

use super::{EpsPlacement, Optimizer, State, Trainable, memory::Memory};
use anyhow::Result;

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
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    learning_rate: f32,
    moments: Moments,
}

impl Adam {
    /// Adam with learning rate α, decay rates β₁ and β₂, and ε inside the root.
    ///
    /// # Panics
    /// If a decay rate is not in [0, 1).
    #[must_use]
    pub fn new(learning_rate: f32, betas: (f32, f32), epsilon: f32) -> Self {
        Self { learning_rate, moments: Moments::new(betas, epsilon) }
    }

    /// The same with ε elsewhere.
    #[must_use]
    pub fn eps_placement(mut self, eps_placement: EpsPlacement) -> Self {
        self.moments.eps_placement = eps_placement;
        self
    }

    /// The same with t counted otherwise.
    #[must_use]
    pub fn counting(mut self, counting: Counting) -> Self {
        self.moments.counting = counting;
        self
    }
}

/// What Adam's t counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counting {
    /// Steps, as the formula has it.
    #[default]
    PerStep,
    /// Moved tensors, as the book's code does: of two, the first sees t = 1, 3, 5, … and the second t = 2, 4, 6, …
    PerTensor,
}

impl Optimizer for Adam {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        self.moments.step(tensors, self.learning_rate, 1.0);
    }

    fn learning_rate(&self) -> f32 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f32) {
        self.learning_rate = learning_rate;
    }

    fn state(&self) -> State {
        self.moments.state()
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        self.moments.load(state)
    }
}

/// AdamW, exercise of book section 7.3.3.2: Adam with a decay of the weights that the step sizes do not touch.
///
/// θ ← (1 − α λ) θ − α / √(Ĝ + ε) · M̂, with M̂ and Ĝ as in [`Adam`].
#[derive(Debug, Clone, PartialEq)]
pub struct AdamW {
    learning_rate: f32,
    weight_decay: f32,
    moments: Moments,
}

impl AdamW {
    /// AdamW with learning rate α, decay rates β₁ and β₂, ε inside the root, and weight decay λ.
    ///
    /// # Panics
    /// If a decay rate is not in [0, 1).
    #[must_use]
    pub fn new(learning_rate: f32, betas: (f32, f32), epsilon: f32, weight_decay: f32) -> Self {
        Self { learning_rate, weight_decay, moments: Moments::new(betas, epsilon) }
    }

    /// The same with ε elsewhere.
    #[must_use]
    pub fn eps_placement(mut self, eps_placement: EpsPlacement) -> Self {
        self.moments.eps_placement = eps_placement;
        self
    }
}

impl Optimizer for AdamW {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        self.moments.step(tensors, self.learning_rate, 1.0 - self.learning_rate * self.weight_decay);
    }

    fn learning_rate(&self) -> f32 {
        self.learning_rate
    }

    fn set_learning_rate(&mut self, learning_rate: f32) {
        self.learning_rate = learning_rate;
    }

    fn state(&self) -> State {
        self.moments.state()
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        self.moments.load(state)
    }
}

/// The running means of the gradient and of its square.
#[derive(Debug, Clone, PartialEq)]
struct Moments {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    eps_placement: EpsPlacement,
    counting: Counting,
    powers: Powers,
    memory: Memory<2>,
}

impl Moments {
    fn new((beta1, beta2): (f32, f32), epsilon: f32) -> Self {
        let is_rate = |beta: f32| (0.0..1.0).contains(&beta);
        assert!(is_rate(beta1) && is_rate(beta2), "decay rates are from 0 to below 1, not {beta1} and {beta2}");
        let (eps_placement, counting) = (EpsPlacement::default(), Counting::default());
        let memory = Memory::new(["mean gradients", "mean squares"]);
        Self { beta1, beta2, epsilon, eps_placement, counting, powers: Powers::ZEROTH, memory }
    }

    /// θ ← kept · θ − α / √(Ĝ + ε) · M̂. A product with one is exact: `kept` = 1 is Adam, less is AdamW.
    fn step(&mut self, tensors: &mut [Trainable<'_>], learning_rate: f32, kept: f32) {
        let Self { beta1, beta2, epsilon, eps_placement, counting, .. } = *self;
        let powers = &mut self.powers;
        self.memory.sweep_by(tensors, |tensor| {
            if tensor == 0 || counting == Counting::PerTensor {
                powers.advance(beta1, beta2);
            }
            let (correction1, correction2) = powers.corrections();
            move |theta: f32, g: f32, [mean, squares]: [f32; 2]| {
                let mean = beta1 * mean + (1.0 - beta1) * g;
                let squares = beta2 * squares + (1.0 - beta2) * (g * g);
                let (mean_hat, squares_hat) = (mean / correction1, squares / correction2);
                (kept * theta - learning_rate / eps_placement.root(squares_hat, epsilon) * mean_hat, [mean, squares])
            }
        });
    }

    fn state(&self) -> State {
        State { steps: self.powers.t, ..self.memory.state() }
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.memory.load(state)?;
        self.powers = Powers::ZEROTH;
        (0..state.steps).for_each(|_| self.powers.advance(self.beta1, self.beta2));
        Ok(())
    }
}

/// β₁ᵗ and β₂ᵗ.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Powers {
    t: u64,
    beta1: f64,
    beta2: f64,
}

impl Powers {
    /// t = 0.
    const ZEROTH: Self = Self { t: 0, beta1: 1.0, beta2: 1.0 };

    fn advance(&mut self, beta1: f32, beta2: f32) {
        self.t += 1;
        self.beta1 *= f64::from(beta1);
        self.beta2 *= f64::from(beta2);
    }

    /// 1 − β₁ᵗ and 1 − β₂ᵗ.
    fn corrections(self) -> (f32, f32) {
        ((1.0 - self.beta1) as f32, (1.0 - self.beta2) as f32)
    }
}
