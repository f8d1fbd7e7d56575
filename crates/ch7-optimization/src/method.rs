//! An optimisation method under the name that tables and figures give it.

use common::optim::Optimizer;

/// An optimiser that has not made a step yet, with its constant learning rate.
#[derive(Debug)]
pub(crate) struct Method {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The optimiser.
    pub(crate) optimizer: Optimizer,
    /// α.
    pub(crate) learning_rate: f32,
}
