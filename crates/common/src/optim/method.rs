//! An optimisation method under the name that tables and figures give it.

use super::{Optimizer, Rule};

/// An optimiser that has not made a step yet, with its constant learning rate.
#[derive(Debug)]
pub struct Method {
    /// What it is called.
    pub name: String,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// α.
    pub learning_rate: f32,
}

impl Method {
    /// A rule by name, t counting steps.
    pub fn new<const N: usize>(name: impl Into<String>, rule: impl Rule<N>, learning_rate: f32) -> Self {
        Self { name: name.into(), optimizer: Optimizer::new(rule), learning_rate }
    }
}
