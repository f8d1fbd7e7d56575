//! Optimisers: from gradients to parameter updates, book section 7.3, and schedules of the learning rate.
//!
//! | optimiser | θ moves by | remembers |
//! | --- | --- | --- |
//! | [`Sgd`] | −α g | nothing |
//! | [`Momentum`] | Δ ← ρ Δ − α g | Δ |
//! | [`Nesterov`] | the same, g taken at θ + ρ Δ | Δ |
//! | [`AdaGrad`] | −α / √(G + ε) · g, G ← G + g² | G |
//! | [`RmsProp`] | the same, G ← β G + (1 − β) g² | G |
//! | [`AdaDelta`] | −α √(D + ε) / √(G + ε) · g | G, D |
//! | [`Adam`] | −α / √(Ĝ + ε) · M̂ | M, G, the number of steps |
//! | [`AdamW`] | the same, after θ ← (1 − α λ) θ | M, G, the number of steps |
//!
//! [`L2`] gives any of them the gradient of an L2 term, g + λ θ.
//!
//! All operations are element by element, in f32, each rounded once, in the order in which the rules are written; so
//! neither the instruction set nor the number of threads moves a bit. A step is one pass over memory.

mod adam;
mod adaptive;
mod l2;
mod memory;
mod momentum;
mod schedule;
mod sgd;
mod sweep;
#[cfg(test)]
mod tests;

pub use adam::{Adam, AdamW, Counting};
pub use adaptive::{AdaDelta, AdaGrad, RmsProp};
pub use l2::L2;
pub use memory::State;
pub use momentum::{Momentum, Nesterov};
pub use schedule::Schedule;
pub use sgd::Sgd;

use anyhow::Result;
use std::fmt::Debug;

/// An optimiser of one network: it may remember something about each parameter.
pub trait Optimizer: Debug + Send {
    /// Moves all parameter tensors of a network one step along their gradients.
    ///
    /// # Panics
    /// If a parameter has no gradient, or the network is not the one of the step before.
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]);

    /// Moves all parameters of a network, laid end to end, one step along their gradients.
    ///
    /// # Panics
    /// As [`Optimizer::step_tensors`].
    fn step(&mut self, parameters: &mut [f32], gradients: &[f32]) {
        self.step_tensors(&mut [Trainable { parameter: parameters, gradient: gradients }]);
    }

    /// The point that the method has reached. It is `parameters` itself, but for [`Nesterov`], which keeps them ahead of it.
    fn reached(&self, parameters: &[f32]) -> Vec<f32> {
        parameters.to_vec()
    }

    /// The learning rate α of the next step.
    fn learning_rate(&self) -> f32;

    /// Sets the learning rate of the next step, as a [`Schedule`] asks for.
    fn set_learning_rate(&mut self, learning_rate: f32);

    /// All that a checkpoint must hold, besides parameters and hyper-parameters, to go on with the same bits.
    fn state(&self) -> State;

    /// Goes on from `state`.
    ///
    /// # Errors
    /// If it is another optimiser's.
    fn load_state(&mut self, state: &State) -> Result<()>;
}

/// A parameter tensor and its gradient, row-major.
#[derive(Debug)]
pub struct Trainable<'a> {
    /// What is moved.
    pub parameter: &'a mut [f32],
    /// The gradient of the loss with respect to it.
    pub gradient: &'a [f32],
}

/// Where ε stands in a denominator, which it keeps away from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EpsPlacement {
    /// √(G + ε): the book's formulas.
    #[default]
    InsideRoot,
    /// √G + ε: PyTorch, dfdx.
    OutsideRoot,
}

impl EpsPlacement {
    /// The root of `x` that ε keeps away from zero.
    #[inline(always)]
    fn root(self, x: f32, epsilon: f32) -> f32 {
        match self {
            Self::InsideRoot => (x + epsilon).sqrt(),
            Self::OutsideRoot => x.sqrt() + epsilon,
        }
    }
}

impl<O: Optimizer + ?Sized> Optimizer for Box<O> {
    fn step_tensors(&mut self, tensors: &mut [Trainable<'_>]) {
        (**self).step_tensors(tensors);
    }

    fn reached(&self, parameters: &[f32]) -> Vec<f32> {
        (**self).reached(parameters)
    }

    fn learning_rate(&self) -> f32 {
        (**self).learning_rate()
    }

    fn set_learning_rate(&mut self, learning_rate: f32) {
        (**self).set_learning_rate(learning_rate);
    }

    fn state(&self) -> State {
        (**self).state()
    }

    fn load_state(&mut self, state: &State) -> Result<()> {
        (**self).load_state(state)
    }
}
