//! What a checkpoint holds of an optimiser.

use anyhow::{Result, ensure};

/// All that an optimiser remembers, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// How often the rule has counted t.
    pub steps: u64,
    /// The remembered vectors, one value per parameter; empty before the first step.
    pub vectors: Vec<(String, Vec<f32>)>,
}

impl State {
    /// Refuses the state of an optimiser that does not remember vectors of these names.
    pub(super) fn check_names(&self, expected: &[&str]) -> Result<()> {
        let found: Vec<&str> = self.vectors.iter().map(|(name, _)| name.as_str()).collect();
        ensure!(
            found == expected,
            "the state of the optimiser: expected vectors [{}], found [{}]: it was saved by another kind of optimiser",
            expected.join(", "),
            found.join(", ")
        );
        Ok(())
    }
}
