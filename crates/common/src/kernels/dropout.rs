//! Inverted dropout, book section 7.6.5.
//!
//! Contract: y = (x · m) / (1 − rate), with m = 1 for a value that is kept and 0 for one that is dropped: a difference, a product and a quotient, each
//! rounded. The gradient goes the same way: dx = (dy · m) / (1 − rate). The product with 0 is computed, so that a value that is not finite
//! stays visible. These are the bits of the hand-derived operator.
//!
//! A mask takes one draw of [`Stream::unit`] per value, sample by sample, the features of a sample in order, and keeps the value if the draw
//! is at least the rate.

use crate::{kernels::isa::Isa, rng::Stream};
use pulp::{Simd, WithSimd};

/// Draws which of the values to keep, rows of features one after the other.
///
/// # Panics
/// If the rate is not in [0, 1).
pub fn draw(rate: f32, stream: &mut Stream, keep: &mut [bool]) {
    const BLOCK: usize = 256;
    check(rate);
    let mut units = [0.0; BLOCK];
    for keep in keep.chunks_mut(BLOCK) {
        let units = &mut units[..keep.len()];
        stream.fill_units(units);
        for (keep, unit) in keep.iter_mut().zip(units) {
            *keep = *unit >= rate;
        }
    }
}

fn check(rate: f32) {
    assert!((0.0..1.0).contains(&rate), "a dropout rate in [0, 1), not {rate}");
}

/// Computes (x · m) / (1 − rate) for each value: the forward pass of values, the backward pass of gradients.
///
/// # Panics
/// If the slices differ in length, or the rate is not in [0, 1).
pub fn apply(isa: Isa, rate: f32, keep: &[bool], x: &[f32], y: &mut [f32]) {
    check(rate);
    assert!(x.len() == y.len() && x.len() == keep.len(), "one decision and one output per value");
    isa.dispatch(Apply { kept: 1.0 - rate, keep, x, y });
}

struct Apply<'a> {
    kept: f32,
    keep: &'a [bool],
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for ((y, x), keep) in self.y.iter_mut().zip(self.x).zip(self.keep) {
            let mask = if *keep { 1.0 } else { 0.0 };
            *y = (x * mask) / self.kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_divided_or_zero_on_every_instruction_set() {
        let x = Stream::new(0, "x").normals(67, 0.0, 1.0);
        let mut keep = vec![false; x.len()];
        draw(0.3, &mut Stream::new(0, "dropout"), &mut keep);
        let formula = |(x, keep): (&f32, &bool)| ((x * f32::from(u8::from(*keep))) / (1.0 - 0.3)).to_bits();
        let expected: Vec<u32> = x.iter().zip(&keep).map(formula).collect();
        for isa in Isa::available() {
            let mut y = vec![f32::NAN; x.len()];
            apply(isa, 0.3, &keep, &x, &mut y);
            assert_eq!(y.iter().map(|y| y.to_bits()).collect::<Vec<_>>(), expected, "{isa}");
        }
    }

    #[test]
    fn about_the_rate_is_dropped() {
        for rate in [0.0, 0.3, 0.9] {
            let mut keep = vec![false; 100_000];
            draw(rate, &mut Stream::new(1, "dropout"), &mut keep);
            let dropped = keep.iter().filter(|keep| !**keep).count() as f32 / keep.len() as f32;
            assert!((dropped - rate).abs() < 0.01, "{dropped} of the values dropped, expected {rate}");
        }
    }
}
