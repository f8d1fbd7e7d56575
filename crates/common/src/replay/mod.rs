//! The source's own random numbers and arithmetic, for running an experiment again as it was printed.
//!
//! The book's source ran on PaddlePaddle on a GPU. Its generators have been recovered ([`generator`] for data and weights,
//! [`permutation`] for the shuffle), and so has its arithmetic ([`network`]): most matrix products were
//! computed in TF32. With both, a CPU prints the source's digits.

mod arithmetic;
pub mod generator;
mod layers;
mod mersenne;

pub use arithmetic::{tf32, tf32_product};
pub use generator::Draws;
pub use layers::{Operators, SourceLayer, SourceSgd, network};
pub use mersenne::permutation;

use crate::{
    data::{Labels, Samples, Split},
    kernels::fused::fused_multiply_add,
    matrix::Matrix,
};

/// The seed that was set before the source's section 4.1.1.
pub const SEED_OF_DATA: u64 = 102;
/// The seed that was set before the source's section 4.2.6.
pub const SEED_OF_TRAINING: u64 = 123;

/// The source's Moon1000: the first permutation of seed 102, and noise from the 34th call of its generator. The half circles are
/// computed in f32, as the source does.
#[must_use]
pub fn moon1000() -> Split {
    let ones = |i: usize| if i < 500 { 0.0 } else { 1.0 };
    let x = half_circle().map(|(x, y)| [x, y]).chain(half_circle().map(|(x, y)| [1.0 - x, 0.5 - y])).flatten().collect();
    let circles = Samples { x: Matrix::new(1000, 2, x), y: Labels::Values(Matrix::new(1000, 1, (0..1000).map(ones).collect())) };
    let mut samples = circles.select(&permutation(SEED_OF_DATA, 1000));
    let noise = Draws::new(SEED_OF_DATA).normal(33, 2000, 0.0, 0.5);
    for (x, noise) in samples.x.values_mut().iter_mut().zip(noise) {
        *x += noise;
    }
    Split::new(&samples, &(0..1000).collect::<Vec<_>>(), 640, 160)
}

/// (cos t, sin t) at 500 angles from 0 to π in f32, counted up from the start in the first half and down from the end in the second.
fn half_circle() -> impl Iterator<Item = (f32, f32)> {
    const N: usize = 500;
    let pi = std::f32::consts::PI;
    let step = pi / (N - 1) as f32;
    (0..N).map(move |i| {
        let t = if i < N / 2 { step * i as f32 } else { fused_multiply_add(-step, (N - 1 - i) as f32, pi) };
        (libm::cos(f64::from(t)) as f32, libm::sin(f64::from(t)) as f32)
    })
}
