//! Functions that are a stated formula over the correctly rounded ones, in f32.
//!
//! Their errors are in units in the last place (ulp) of the result, and were measured against f64.

use super::super::isa::Isa;
use super::{Arithmetic, exp_slice, ln_1p};

impl Arithmetic {
    /// softplus x = ln (1 + eˣ), as `max(x, 0) + ln_1p(exp(-|x|))`.
    ///
    /// Never overflows, and keeps its relative accuracy down to the subnormal numbers: the error is below 1.5 ulp.
    #[inline(always)]
    #[must_use]
    pub fn softplus(self, x: f32) -> f32 {
        let positive_part = if x > 0.0 { x } else { 0.0 };
        positive_part + self.ln_1p(self.exp(-x.abs()))
    }

    /// The exponential linear unit: `x` above 0, else `alpha * exp_m1(x)`.
    ///
    /// The error is below 1.5 ulp; where `alpha` is 1, the result is correctly rounded.
    #[inline(always)]
    #[must_use]
    pub fn elu(self, x: f32, alpha: f32) -> f32 {
        let saturating = alpha * self.exp_m1(x);
        if x > 0.0 { x } else { saturating }
    }

    /// swish x = x logistic(βx), as `x * logistic(beta * x)`.
    ///
    /// With β = 1 (the sigmoid linear unit) the error is below 1.5 ulp down to −87, where the logistic function
    /// becomes subnormal (the result is then below 10⁻³⁵). With other β the rounding of βx costs up to |βx| ulp
    /// more on the negative side. At −∞ it is NaN (∞ × 0), as in the frameworks.
    #[inline(always)]
    #[must_use]
    pub fn swish(self, x: f32, beta: f32) -> f32 {
        x * self.logistic(beta * x)
    }
}

/// ln Σ exp xᵢ, the sum of the two [`log_sum_exp_parts`].
///
/// −∞ for an empty slice; NaN if any element is.
#[must_use]
pub fn log_sum_exp(isa: Isa, x: &[f32]) -> f32 {
    let (max, excess) = log_sum_exp_parts(isa, x);
    max + excess
}

/// ln Σ exp xᵢ as the largest element m and what the others add to it: ln (1 + Σ exp(xᵢ − m)).
///
/// The sum leaves out one largest element (the first) and runs over the others in one chain, in increasing
/// index order, from zero: `ln_1p(0 + exp(x[0] - m) + exp(x[1] - m) + …)`. The excess so keeps its relative
/// accuracy when one element dominates; a loss `(m - x[label]) + excess` does not vanish before it is below
/// the smallest f32, where `ln(Σ)` is 0 from 10⁻⁷ on.
///
/// No allocation: the exponentials pass through a block on the stack.
#[must_use]
pub fn log_sum_exp_parts(isa: Isa, x: &[f32]) -> (f32, f32) {
    const BLOCK: usize = 64;
    let (mut max, mut first) = (f32::NEG_INFINITY, 0);
    for (i, &x) in x.iter().enumerate() {
        if x > max {
            (max, first) = (x, i);
        }
    }
    if max.is_infinite() {
        // No element is finite or one is ∞: the shift would make a NaN of ∞ − ∞.
        return if x.iter().any(|x| x.is_nan()) { (f32::NAN, f32::NAN) } else { (max, 0.0) };
    }
    let mut sum = 0.0;
    for (b, x) in x.chunks(BLOCK).enumerate() {
        let (mut shifted, mut power) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (shifted, power) = (&mut shifted[..x.len()], &mut power[..x.len()]);
        shifted.iter_mut().zip(x).for_each(|(shifted, &x)| *shifted = x - max);
        exp_slice(isa, shifted, power);
        for (i, &power) in power.iter().enumerate() {
            if b * BLOCK + i != first {
                sum += power;
            }
        }
    }
    (max, ln_1p(sum))
}
