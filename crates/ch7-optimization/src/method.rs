//! An optimisation method under the name that tables and figures give it.

use common::optim::{Optimizer, Rule};

/// An optimiser that has not made a step yet, with its constant learning rate.
#[derive(Debug)]
pub(crate) struct Method {
    /// What it is called.
    pub(crate) name: String,
    /// The optimiser.
    pub(crate) optimizer: Optimizer,
    /// α.
    pub(crate) learning_rate: f32,
}

impl Method {
    /// A rule by name, t counting steps.
    pub(crate) fn new<const N: usize>(name: impl Into<String>, rule: impl Rule<N>, learning_rate: f32) -> Self {
        Self { name: name.into(), optimizer: Optimizer::new(rule), learning_rate }
    }
}
