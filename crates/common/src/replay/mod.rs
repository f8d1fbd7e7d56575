//! The source's own random numbers and arithmetic, for running an experiment again as it was printed.
//!
//! The book's source ran on PaddlePaddle on a GPU. Its generators have been recovered ([`generator`] for data and weights,
//! [`permutation`] for the shuffle), and so has its arithmetic ([`Network`]): most matrix products were
//! computed in TF32. With both, a CPU prints the source's digits.

pub mod generator;
mod mersenne;
mod network;

pub use generator::Draws;
pub use mersenne::permutation;
pub use network::{Network, Operators, tf32};

use crate::data::{Samples, Split, moons};

/// The seed that was set before the source's section 4.1.1.
pub const SEED_OF_DATA: u64 = 102;
/// The seed that was set before the source's section 4.2.6.
pub const SEED_OF_TRAINING: u64 = 123;

/// The source's Moon1000: the first permutation of seed 102, and noise from the 34th call of its generator.
#[must_use]
pub fn moon1000() -> Split {
    let order: Vec<usize> = permutation(SEED_OF_DATA, 1000);
    let mut samples: Samples = moons::half_circles(1000).select(&order);
    let noise = Draws::new(SEED_OF_DATA).normal(33, 2000, 0.0, 0.5);
    for (x, noise) in samples.x.values_mut().iter_mut().zip(noise) {
        *x += noise;
    }
    Split::new(&samples, &(0..1000).collect::<Vec<_>>(), 640, 160)
}
