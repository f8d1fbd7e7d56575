//! What an optimiser remembers about each parameter, and how it is saved.

use super::{
    Trainable,
    sweep::{Rule, sweep},
};
use anyhow::{Result, ensure};

/// All that an optimiser remembers, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// The t of [`super::Adam`] and [`super::AdamW`]; 0 for the others, which count nothing.
    pub steps: u64,
    /// The remembered vectors, one value a parameter; empty before the first step.
    pub vectors: Vec<(String, Vec<f32>)>,
}

impl State {
    /// Whether this is the state of an optimiser that remembers vectors of these names.
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

/// N vectors with one value a parameter, zero before the first step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Memory<const N: usize> {
    names: [&'static str; N],
    vectors: [Vec<f32>; N],
}

impl<const N: usize> Memory<N> {
    /// Nothing remembered yet.
    pub(super) fn new(names: [&'static str; N]) -> Self {
        Self { names, vectors: std::array::from_fn(|_| Vec::new()) }
    }

    /// Moves each element of each tensor by `rule`, which also renews what is remembered about it.
    pub(super) fn sweep(&mut self, tensors: &mut [Trainable<'_>], rule: impl Rule<N>) {
        self.sweep_by(tensors, |_| rule);
    }

    /// The same with a rule for each tensor, asked for by number and in order.
    pub(super) fn sweep_by<R: Rule<N>>(&mut self, tensors: &mut [Trainable<'_>], mut rule: impl FnMut(usize) -> R) {
        self.prepare(tensors.iter().map(|tensor| tensor.parameter.len()).sum());
        let mut start = 0;
        for (i, tensor) in tensors.iter_mut().enumerate() {
            let end = start + tensor.parameter.len();
            sweep(tensor, self.vectors.each_mut().map(|vector| &mut vector[start..end]), rule(i));
            start = end;
        }
    }

    /// Makes room for `n` parameters before the first step.
    fn prepare(&mut self, n: usize) {
        for vector in &mut self.vectors {
            if vector.is_empty() {
                vector.resize(n, 0.0);
            }
            assert_eq!(vector.len(), n, "an optimiser belongs to one network: number of its parameters");
        }
    }

    /// The first vector; empty before the first step.
    pub(super) fn first(&self) -> &[f32] {
        self.vectors.first().map_or(&[], Vec::as_slice)
    }

    /// A copy of all vectors.
    pub(super) fn state(&self) -> State {
        let vectors = self.names.iter().zip(&self.vectors).map(|(name, vector)| ((*name).to_owned(), vector.clone()));
        State { steps: 0, vectors: vectors.collect() }
    }

    /// Takes the vectors of `state`.
    pub(super) fn load(&mut self, state: &State) -> Result<()> {
        state.check_names(&self.names)?;
        for (vector, (_, saved)) in self.vectors.iter_mut().zip(&state.vectors) {
            vector.clone_from(saved);
        }
        Ok(())
    }
}
