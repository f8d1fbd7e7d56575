//! An optimiser's rule: what is remembered about a parameter, and how one step moves it.

use std::fmt::Debug;

/// An optimiser as one line of formula, with N numbers remembered about each parameter.
///
/// It owns its hyper-parameters (`Copy`, `'static`): the compiler could not keep borrowed ones in registers, since a write to θ might change them, and the
/// pass over memory would not become vector code.
pub trait Rule<const N: usize>: Copy + Debug + Send + Sync + 'static {
    /// What the remembered numbers are called in a checkpoint. All are 0 before the first step.
    const REMEMBERED: [&'static str; N];

    /// The next θ and what is remembered then, given θ, its gradient g and what is remembered so far; α is `learning_rate`.
    fn step(self, learning_rate: f32, theta: f32, g: f32, remembered: [f32; N]) -> (f32, [f32; N]);

    /// Counts one step more, for a rule whose factors depend on t.
    fn advance(&mut self) {}

    /// The point that the method has reached, where it is not θ itself.
    fn reached(self, theta: f32, _remembered: [f32; N]) -> f32 {
        theta
    }
}

/// Where ε stands in a denominator, which it keeps away from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpsPlacement {
    /// √(G + ε): the book's formulas.
    InsideRoot,
    /// √G + ε: PyTorch (but for its Adadelta), Paddle's Adagrad and Adam, dfdx's Adam.
    OutsideRoot,
}

impl EpsPlacement {
    /// The root of `x` that ε keeps away from zero.
    #[inline(always)]
    pub(super) fn root(self, x: f32, epsilon: f32) -> f32 {
        match self {
            Self::InsideRoot => (x + epsilon).sqrt(),
            Self::OutsideRoot => x.sqrt() + epsilon,
        }
    }
}
