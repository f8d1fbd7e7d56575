//! Optimisers: from gradients to parameter updates.

/// An optimiser, which moves one parameter tensor at a time.
pub trait Optimizer {
    /// Moves `parameter` along `gradient`.
    ///
    /// # Panics
    /// If the two differ in length.
    fn update(&mut self, parameter: &mut [f32], gradient: &[f32]);
}

/// (Stochastic) gradient descent: θ ← θ − α g, the product and the difference each rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    /// The learning rate α.
    pub learning_rate: f32,
}

impl Optimizer for Sgd {
    fn update(&mut self, parameter: &mut [f32], gradient: &[f32]) {
        assert_eq!(parameter.len(), gradient.len(), "one gradient a parameter");
        for (theta, g) in parameter.iter_mut().zip(gradient) {
            *theta -= self.learning_rate * g;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_goes_against_the_gradient() {
        let mut theta = [1.0, -2.0];
        Sgd { learning_rate: 0.5 }.update(&mut theta, &[2.0, -4.0]);
        assert_eq!(theta, [0.0, 0.0]);
    }
}
