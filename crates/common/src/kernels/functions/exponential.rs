//! eˣ, eˣ − 1, the logistic function and tanh, out of one reduction.
//!
//! The exponential of a remainder r is a quotient of two numbers that differ in one sign,
//!
//! ```text
//! eʳ = (c + r) / (c − r)      with   c(r) = r coth(r/2) = 2 + r²/6 − r⁴/360 + …
//! ```
//!
//! and c is even in r and nearly constant: on the remainders that occur (|r| ≤ ln 2 / 2) five terms in r²
//! give it to 60 bits, where a polynomial for eʳ itself takes eleven. The division is not a price, for the
//! logistic function and tanh divide anyway, and by this form only once: with e²ˣ or e⁻ˣ = s (c + r) / (c − r),
//! s a power of two,
//!
//! ```text
//! logistic x = (c − r) / ((s + 1) c + (s − 1) r)
//! tanh x     = ((s − 1) c + (s + 1) r) / ((s + 1) c + (s − 1) r)
//! eˣ − 1     = ((s − 1) c + (s + 1) r) / (c − r)
//! eˣ         = s + s (2r / (c − r))
//! ```
//!
//! s ± 1 is exact or as good as exact, and nothing cancels: near zero s is 1, and the numerators of tanh and
//! eˣ − 1 are 2r without a rounding.

use std::f64::consts::LOG2_E;

use super::{Arithmetic, LN_2, nearest};

/// c(r) = 2 + z (G₀ + z (G₁ + …)), z = r²: the minimax polynomial of (r coth(r/2) − 2) / z, error of c weighted
/// by one half, over |r| ≤ (1 + 2⁻²⁰) ln 2 / 2, by the Remez exchange at 300 bits, each coefficient then
/// rounded to f64. The relative error of c is 2⁻⁶⁰.
const G: [f64; 5] = [
    f64::from_bits(0x3fc5_5555_5555_553e), // near 1/6
    f64::from_bits(0xbf66_c16c_16be_bdc8), // near −1/360
    f64::from_bits(0x3f11_566a_af27_5499), // near 1/15120
    f64::from_bits(0xbebb_bd41_caa6_b9f3), // near −1/604800
    f64::from_bits(0x3e66_376b_dfa4_e4e4), // near 1/23950080
];

/// 1.5 · 2⁵², where the unit of the last place is 1: adding it rounds a number to an integer. The 1023 on top
/// leaves the integer's biased exponent in the low bits of the sum.
const ROUNDER: f64 = 6_755_399_441_055_744.0 + 1023.0;

/// The high part of ln 2; where a fault is asked for, off by one unit in the last of its 42 bits.
const LN_2_HIGH: f64 = f64::from_bits(LN_2[0].to_bits() + if cfg!(feature = "fault-in-exp") { 1 << 11 } else { 0 });

/// eᵗ = scale · (even + remainder) / (even − remainder).
struct Exponential {
    /// A power of two.
    scale: f64,
    /// t less a multiple of ln 2, at most ln 2 / 2 in magnitude.
    remainder: f64,
    /// r coth(r/2) of the remainder, from 2 to 2.03.
    even: f64,
}

impl Exponential {
    /// Splits t, |t| ≤ 128.
    ///
    /// t − k·high is exact: t is an f32 or twice one, its last bit is worth at least 2⁻²⁵ where k is not 0, and that of
    /// high 2⁻⁴².
    #[inline(always)]
    fn new(by: Arithmetic, t: f64) -> Self {
        let biased = by.multiply_add(t, LOG2_E, ROUNDER);
        let k = biased - ROUNDER;
        let r = by.multiply_add(-k, LN_2[1], by.multiply_add(-k, LN_2_HIGH, t));
        let z = r * r;
        let mut even = G[4];
        for coefficient in [G[3], G[2], G[1], G[0], 2.0] {
            even = by.multiply_add(z, even, coefficient);
        }
        Self { scale: f64::from_bits(biased.to_bits() << 52), remainder: r, even }
    }
}

/// Beyond ±128 every function here has reached its limit. A NaN stays.
#[inline(always)]
fn clamp(x: f32) -> f32 {
    x.clamp(-128.0, 128.0)
}

/// `y`, but the one NaN where `x` is any.
#[inline(always)]
fn unless_nan(x: f32, y: f32) -> f32 {
    if x.is_nan() { f32::NAN } else { y }
}

impl Arithmetic {
    /// eˣ, correctly rounded.
    #[inline(always)]
    #[must_use]
    pub fn exp(self, x: f32) -> f32 {
        let Exponential { scale: s, remainder: r, even: c } = Exponential::new(self, f64::from(clamp(x)));
        unless_nan(x, nearest(self.multiply_add(s, (r + r) / (c - r), s)))
    }

    /// eˣ − 1, correctly rounded; it loses nothing near zero, where it is x.
    #[inline(always)]
    #[must_use]
    pub fn exp_m1(self, x: f32) -> f32 {
        let Exponential { scale: s, remainder: r, even: c } = Exponential::new(self, f64::from(clamp(x)));
        let y = self.multiply_add(s - 1.0, c, (s + 1.0) * r) / (c - r);
        // The sign of a zero is lost in the sum; otherwise the sign is that of x already.
        unless_nan(x, nearest(y).copysign(x))
    }

    /// The logistic function 1 / (1 + e⁻ˣ), correctly rounded as a whole.
    ///
    /// Near zero it is ½ + x/4 − x³/48. Where x is an odd multiple of 2⁻²³ (2⁻²⁴ below zero), ½ + x/4 lies midway
    /// between two f32, and for small x the f64 nearest to the true value is that midpoint: the cubic term, which
    /// decides, is gone. The true value is always on the side of ½, so the numerator is moved there by one unit
    /// of its last place (for every x, which costs less than to distinguish).
    #[inline(always)]
    #[must_use]
    pub fn logistic(self, x: f32) -> f32 {
        let t = -f64::from(clamp(x));
        let Exponential { scale: s, remainder: r, even: c } = Exponential::new(self, t);
        // More than half a unit of a numerator from 2 to 4, less than one and a half of one from 1 to 2.
        let towards_half = (1.25 * f64::EPSILON).copysign(t);
        let y = ((c - r) + towards_half) / self.multiply_add(s + 1.0, c, (s - 1.0) * r);
        unless_nan(x, nearest(y))
    }

    /// The hyperbolic tangent, correctly rounded.
    #[inline(always)]
    #[must_use]
    pub fn tanh(self, x: f32) -> f32 {
        // tanh is 1 in f32 from 9.02 on.
        let t = 2.0 * f64::from(x.clamp(-16.0, 16.0));
        let Exponential { scale: s, remainder: r, even: c } = Exponential::new(self, t);
        let (below, above) = (s - 1.0, s + 1.0);
        let y = self.multiply_add(below, c, above * r) / self.multiply_add(above, c, below * r);
        // The sign of a zero is lost in the sum; otherwise the sign is that of x already.
        unless_nan(x, nearest(y).copysign(x))
    }
}
