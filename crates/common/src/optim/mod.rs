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
//! Each is a [`Rule`]; the one [`Optimizer`] drives them all. α is an argument of each step, so that a [`Schedule`] is a function of t and no state.
//!
//! All operations are element by element, in f32, each rounded once, in the order in which the rules are written; so
//! neither the instruction set nor the number of threads moves a bit. A step is one pass over memory.

mod adam;
mod adaptive;
mod method;
mod momentum;
mod optimizer;
mod rule;
mod schedule;
mod sgd;
mod state;
mod sweep;
#[cfg(test)]
mod tests;

pub use adam::{Adam, AdamW};
pub use adaptive::{AdaDelta, AdaGrad, RmsProp};
pub use method::Method;
pub use momentum::{Momentum, Nesterov};
pub use optimizer::{Counting, Optimizer, Step, Trainable};
pub use rule::{EpsPlacement, Rule};
pub use schedule::Schedule;
pub use sgd::Sgd;
pub use state::State;

/// ε of AdaGrad, RMSprop and Adam in the book's calls, sections 7.3.2 and 7.3.3; inside the root.
pub const EPSILON: f32 = 1e-7;
/// ε of AdaDelta, from its original paper: the book leaves AdaDelta to the reader.
pub const ADADELTA_EPSILON: f32 = 1e-6;
/// The share of the last step that momentum keeps, book section 7.3.3.1.
pub const RHO: f32 = 0.9;
/// The decay of RMSprop's mean of squares, book section 7.3.2.2.
pub const BETA: f32 = 0.9;
/// The decay of Adam's mean of gradients, book section 7.3.3.2.
pub const BETA1: f32 = 0.9;
/// The decay of Adam's mean of squares, book section 7.3.3.2.
pub const BETA2: f32 = 0.99;
