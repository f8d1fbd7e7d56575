//! The exponential family: the only transcendental functions on a path to a printed number.
//!
//! Six functions are **correctly rounded**: the result is the f32 nearest to the true value, for every one
//! of the 2³² inputs, infinities, zeros and subnormals included.
//!
//! | function | value | at −∞, −0, +0, +∞ | elsewhere |
//! | --- | --- | --- | --- |
//! | [`exp`] | eˣ | 0, 1, 1, ∞ | |
//! | [`exp_m1`] | eˣ − 1 | −1, −0, 0, ∞ | |
//! | [`logistic`] | 1 / (1 + e⁻ˣ) | 0, ½, ½, 1 | |
//! | [`tanh`] | (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ) | −1, −0, 0, 1 | |
//! | [`ln`] | ln x | NaN, −∞, −∞, ∞ | NaN below 0 |
//! | [`ln_1p`] | ln (1 + x) | NaN, −0, 0, ∞ | −∞ at −1, NaN below |
//!
//! A NaN goes in, [`f32::NAN`] comes out; a NaN that is made here is that one too, so that even its bits are
//! the same everywhere. The other functions ([softplus](Arithmetic::softplus),
//! [elu](Arithmetic::elu), [swish](Arithmetic::swish), [`log_sum_exp`]) are compositions: a stated formula over the six, each f32 operation
//! rounded once, in the stated order.
//!
//! # How
//!
//! A body works in f64, on operations that IEEE 754 fixes to the bit (`+ − × ÷`, bit moves, comparisons), in one
//! fixed order, and converts to f32 at the end. It has no branch on the data and no table, so the compiler
//! turns a loop over it into vector code. Where a product is added to something, [`Arithmetic`] says whether by a fused
//! multiply-add: the loops on a processor that has one use it, the scalar form never does, for where there is none it costs more than all the rest.
//!
//! An f64 result wrong in its last bit or two rounds to the wrong f32 only if the true value is that near
//! the middle of two neighbours, which happens to a handful of the 2³² inputs, or to none: bodies were
//! chosen such that it is none, with either arithmetic. So the nearest f32 comes out of both, and bits agree on every instruction
//! set. That is a fact about the exact sequence of operations. Whoever changes one
//! constant or swaps two terms runs the exhaustive check again (`verify`).
//!
//! # Speed
//!
//! Nanoseconds per element, slices of 4096 in the first-level cache, one core of a Zen 4 at 3.6 GHz:
//!
//! | function | portable (SSE2) | AVX2 | AVX-512 |
//! | --- | --- | --- | --- |
//! | `exp` | 2.3 | 1.0 | 0.65 |
//! | `exp_m1` | 2.8 | 1.3 | 0.70 |
//! | `logistic` | 2.8 | 1.4 | 0.73 |
//! | `tanh` | 2.9 | 1.5 | 0.77 |
//! | `ln` | 4.0 | 2.0 | 1.2 |
//! | `ln_1p` | 4.2 | 2.2 | 1.2 |
//! | `softplus` | 9.7 | 5.5 | 3.1 |
//! | `elu`, `swish` | 3.0 | 1.5 | 0.8 |
//!
//! Arithmetic is the bound, not memory: a function of eˣ takes 10 to 14 multiplications, as many additions and a
//! division, of eight elements at once under AVX-512, and the chain through them is long for the scheduler. A fused multiply-add
//! makes it shorter; without, the functions of eˣ would take 1.2 to 1.3 times as long there.

#![allow(clippy::inline_always, reason = "a body must be compiled into the loop, with the loop's target features")]
#![allow(clippy::many_single_char_names, reason = "the names are those of the formulas in the module docs")]

use pulp::{Simd, WithSimd};

use super::isa::Isa;

mod compositions;
mod exponential;
mod logarithm;

pub use super::fused::Arithmetic;
pub use compositions::{log_sum_exp, log_sum_exp_parts};

/// eˣ, correctly rounded.
#[must_use]
pub fn exp(x: f32) -> f32 {
    Arithmetic::PLAIN.exp(x)
}

/// eˣ − 1, correctly rounded; it loses nothing near zero, where it is x.
#[must_use]
pub fn exp_m1(x: f32) -> f32 {
    Arithmetic::PLAIN.exp_m1(x)
}

/// The logistic function 1 / (1 + e⁻ˣ), correctly rounded as a whole.
#[must_use]
pub fn logistic(x: f32) -> f32 {
    Arithmetic::PLAIN.logistic(x)
}

/// The hyperbolic tangent, correctly rounded.
#[must_use]
pub fn tanh(x: f32) -> f32 {
    Arithmetic::PLAIN.tanh(x)
}

/// ln x, correctly rounded; −∞ at ±0, NaN below.
#[must_use]
pub fn ln(x: f32) -> f32 {
    Arithmetic::PLAIN.ln(x)
}

/// ln (1 + x), correctly rounded; it loses nothing near zero, where it is x. −∞ at −1, NaN below.
#[must_use]
pub fn ln_1p(x: f32) -> f32 {
    Arithmetic::PLAIN.ln_1p(x)
}

/// Writes `f` of each element of `x` to `y`, on the instructions of `isa` and with their arithmetic.
///
/// `f` is a function of [`Arithmetic`], or a closure over a few of them: it is compiled into the loop,
/// so `map(isa, |by, v| by.swish(v, beta), x, y)` is one pass over memory.
///
/// # Panics
///
/// If the slices differ in length.
#[inline]
pub fn map<F: Fn(Arithmetic, f32) -> f32>(isa: Isa, f: F, x: &[f32], y: &mut [f32]) {
    assert_eq!(x.len(), y.len(), "input and output differ in length");
    isa.dispatch(Map { f, x, y });
}

struct Map<'a, F> {
    f: F,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl<F: Fn(Arithmetic, f32) -> f32> WithSimd for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            *y = (self.f)(Arithmetic::of::<S>(), x);
        }
    }
}

/// [`exp`] of each element of `x`, into `y`.
///
/// # Panics
///
/// If the slices differ in length.
pub fn exp_slice(isa: Isa, x: &[f32], y: &mut [f32]) {
    map(isa, Arithmetic::exp, x, y);
}

/// [`exp_m1`] of each element of `x`, into `y`.
///
/// # Panics
///
/// If the slices differ in length.
pub fn exp_m1_slice(isa: Isa, x: &[f32], y: &mut [f32]) {
    map(isa, Arithmetic::exp_m1, x, y);
}

/// [`logistic`] of each element of `x`, into `y`.
///
/// # Panics
///
/// If the slices differ in length.
pub fn logistic_slice(isa: Isa, x: &[f32], y: &mut [f32]) {
    map(isa, Arithmetic::logistic, x, y);
}

/// [`tanh`] of each element of `x`, into `y`.
///
/// # Panics
///
/// If the slices differ in length.
pub fn tanh_slice(isa: Isa, x: &[f32], y: &mut [f32]) {
    map(isa, Arithmetic::tanh, x, y);
}

/// [`ln`] of each element of `x`, into `y`.
///
/// # Panics
///
/// If the slices differ in length.
pub fn ln_slice(isa: Isa, x: &[f32], y: &mut [f32]) {
    map(isa, Arithmetic::ln, x, y);
}

/// [`ln_1p`] of each element of `x`, into `y`.
///
/// # Panics
///
/// If the slices differ in length.
pub fn ln_1p_slice(isa: Isa, x: &[f32], y: &mut [f32]) {
    map(isa, Arithmetic::ln_1p, x, y);
}

/// [`Arithmetic::softplus`] of each element of `x`, into `y`.
///
/// # Panics
///
/// If the slices differ in length.
pub fn softplus_slice(isa: Isa, x: &[f32], y: &mut [f32]) {
    map(isa, Arithmetic::softplus, x, y);
}

/// [`Arithmetic::elu`] of each element of `x`, into `y`.
///
/// # Panics
///
/// If the slices differ in length.
pub fn elu_slice(isa: Isa, alpha: f32, x: &[f32], y: &mut [f32]) {
    map(isa, |by, x| by.elu(x, alpha), x, y);
}

/// [`Arithmetic::swish`] of each element of `x`, into `y`.
///
/// # Panics
///
/// If the slices differ in length.
pub fn swish_slice(isa: Isa, beta: f32, x: &[f32], y: &mut [f32]) {
    map(isa, |by, x| by.swish(x, beta), x, y);
}

/// ln 2 in two parts. The high part has 42 significant bits, so that its product with an exponent (at most
/// 8 bits here) is exact; high + low is ln 2 to 95 bits.
const LN_2: [f64; 2] = [f64::from_bits(0x3fe6_2e42_fefa_3800), f64::from_bits(0x3d2e_f357_93c7_6730)];

/// The nearest f32, infinity beyond the largest, subnormal or zero below the smallest normal one.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
fn nearest(y: f64) -> f32 {
    y as f32
}

#[cfg(test)]
mod tests;
