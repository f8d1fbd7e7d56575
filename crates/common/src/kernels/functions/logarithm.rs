//! ln x and ln (1 + x).
//!
//! With x = 2ᵏ (1 + f), 1 + f between √½ and √2, and s = f / (2 + f),
//!
//! ```text
//! ln x = k ln 2 + ln (1 + f),   ln (1 + f) = 2 artanh s = f − f²/2 + s (f²/2 + R),
//! R = 2s²/3 + 2s⁴/5 + …
//! ```
//!
//! k ln 2 + f is the leading part, and without rounding (ln 2 is cut to 42 bits, f has 24); the rest is small
//! beside it, so that the sum of the two is known to more than the 53 bits of an f64. That is needed: for
//! five of the 2³¹ positive inputs the logarithm is so near the middle of two f32 that its nearest f64 *is* the
//! middle, and rounding twice goes wrong. So the sum is rounded *to odd* (Boldo and Melquiond 2008): an odd
//! last bit says "not exactly", and the conversion to f32 then rounds as if it saw the sum itself.

use super::{Arithmetic, LN_2, nearest};

/// R(z)/z, z = s²: the minimax polynomial of (2 artanh(s)/s − 2)/z over |s| ≤ (√2 − 1)/(√2 + 1), error weighted
/// by z/2 (relative error of the logarithm), by the Remez exchange at 300 bits, each coefficient then
/// rounded to f64. The relative error is 2⁻⁵⁹.
const R: [f64; 7] = [
    f64::from_bits(0x3fe5_5555_5555_5592), // near 2/3
    f64::from_bits(0x3fd9_9999_9997_fdb6), // near 2/5
    f64::from_bits(0x3fd2_4924_941f_132b), // near 2/7
    f64::from_bits(0x3fcc_71c5_2095_2962), // near 2/9
    f64::from_bits(0x3fc7_4663_eea8_26bd), // near 2/11
    f64::from_bits(0x3fc3_9a1b_a82a_56de), // near 2/13
    f64::from_bits(0x3fc2_f056_5949_d037), // near 2/15
];

/// The bits of √½, cut to a high word.
const SQRT_HALF: u64 = 0x3fe6_a09e << 32;

/// Added to exponents so that they are positive: shifting signed 64-bit lanes takes AVX-512.
const BIAS: u64 = 1024;

const TWO_52: f64 = 4_503_599_627_370_496.0;

/// The natural logarithm of a positive normal number, rounded to odd.
#[inline(always)]
fn odd_ln(by: Arithmetic, x: f64) -> f64 {
    let bits = x.to_bits();
    let shifted = bits.wrapping_sub(SQRT_HALF).wrapping_add(BIAS << 52);
    // An integer below 2⁵² under the exponent of 2⁵² is that number above 2⁵²: a conversion by bit moves.
    let k = f64::from_bits((shifted >> 52) | TWO_52.to_bits()) - (TWO_52 + 1024.0);
    let exponent = (shifted & (0xfff << 52)).wrapping_sub(BIAS << 52);
    let f = f64::from_bits(bits.wrapping_sub(exponent)) - 1.0;

    let s = f / (2.0 + f);
    let half_square = 0.5 * f * f;
    let z = s * s;
    let w = z * z;
    let even = by.multiply_add(w, by.multiply_add(w, by.multiply_add(w, R[6], R[4]), R[2]), R[0]);
    let odd = by.multiply_add(w, by.multiply_add(w, R[5], R[3]), R[1]);
    let tail = z * by.multiply_add(z, odd, even);
    let rest = by.multiply_add(s, half_square + tail, k * LN_2[1]);
    sum_to_odd(by.multiply_add(k, LN_2[0], f), rest - half_square)
}

/// a + b, |a| ≥ |b|, rounded to odd: the f64 towards zero, its last bit set. (An exact sum gets the bit too;
/// 53 bits of it decide nothing in f32.)
#[inline(always)]
fn sum_to_odd(a: f64, b: f64) -> f64 {
    let sum = a + b;
    let error = b - (sum - a);
    let (sum, error) = (sum.to_bits(), error.to_bits());
    let beyond = (sum ^ error) >> 63;
    f64::from_bits(sum.wrapping_sub(beyond) | 1)
}

impl Arithmetic {
    /// ln x, correctly rounded; −∞ at ±0, NaN below.
    #[inline(always)]
    #[must_use]
    pub fn ln(self, x: f32) -> f32 {
        let y = nearest(odd_ln(self, f64::from(x)));
        let y = if x < f32::INFINITY { y } else { x };
        let at_most_zero = if x >= 0.0 { f32::NEG_INFINITY } else { f32::NAN };
        if x > 0.0 { y } else { at_most_zero }
    }

    /// ln (1 + x), correctly rounded; it loses nothing near zero, where it is x. −∞ at −1, NaN below.
    #[inline(always)]
    #[must_use]
    pub fn ln_1p(self, x: f32) -> f32 {
        // 1 + x is exact from 2⁻²⁹ to 2⁵². Below, ln (1 + x) rounds to x; above, the 1 does not matter. f can be
        // longer than 24 bits here and then k ln 2 + f is rounded, but only where k is large.
        let y = nearest(odd_ln(self, 1.0 + f64::from(x)));
        let y = if x.abs() >= TINY && x < f32::INFINITY { y } else { x };
        let at_most_minus_one = if x >= -1.0 { f32::NEG_INFINITY } else { f32::NAN };
        if x > -1.0 { y } else { at_most_minus_one }
    }
}

/// 2⁻²⁶: below, ln (1 + x) is nearer to x than a quarter of a unit in the last place.
const TINY: f32 = 1.0 / 67_108_864.0;
