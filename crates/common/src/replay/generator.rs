//! The generator behind PaddlePaddle's GPU draws.
//!
//! It is `minstd_rand`, x ← 48271 x mod 2147483647, started at the seed. A call that draws n numbers, the c-th since the seed
//! was set, begins at state n·c + 1: calls of different sizes overlap, a flaw that shows in the source (the initial W2 of section
//! 4.2 is the second row of W1).

#![allow(clippy::excessive_precision, reason = "the coefficients stand as they were published")]

const MULTIPLIER: u64 = 48271;
const MODULUS: u64 = 2147483647;

/// The draws that follow a call of `paddle.seed`.
#[derive(Debug, Clone, Copy)]
pub struct Draws {
    start: u64,
}

impl Draws {
    /// The draws after `paddle.seed(seed)`; a seed of 0 counts as 1.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { start: if seed == 0 { 1 } else { seed % MODULUS } }
    }

    /// The raw states of call number `call` (from 0) that draws `n` numbers, each less one.
    fn raw(self, call: usize, n: usize) -> impl Iterator<Item = u64> {
        let first = self.start * power(n as u64 * call as u64 + 1) % MODULUS;
        std::iter::successors(Some(first), |x| Some(x * MULTIPLIER % MODULUS)).take(n).map(|x| x - 1)
    }

    /// `n` numbers, uniform on [0, 1]: raw / 2147483646.
    #[must_use]
    pub fn uniform(self, call: usize, n: usize) -> Vec<f32> {
        self.raw(call, n).map(|raw| (raw as f64 / 2147483646.0) as f32).collect()
    }

    /// `n` numbers from N(mean, deviation²): the quantile of (raw + ½) / 2147483645 in f64, rounded to f32, then scaled and moved
    /// in f32. The upper half mirrors the lower: raw counts down from 2147483645 there, and half a step is added all the same.
    #[must_use]
    pub fn normal(self, call: usize, n: usize, mean: f32, deviation: f32) -> Vec<f32> {
        const RANGE: u64 = 2147483645;
        let standard = |raw: u64| {
            let upper = raw > RANGE / 2;
            let steps = if upper { RANGE - raw } else { raw };
            let p = steps as f64 / RANGE as f64 + 0.5 / RANGE as f64;
            let z = normal_quantile(p);
            (if upper { -z } else { z }) as f32
        };
        self.raw(call, n).map(|raw| standard(raw) * deviation + mean).collect()
    }
}

/// `MULTIPLIER` to the given power, modulo `MODULUS`.
fn power(mut exponent: u64) -> u64 {
    let (mut result, mut base) = (1, MULTIPLIER);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % MODULUS;
        }
        base = base * base % MODULUS;
        exponent >>= 1;
    }
    result
}

/// Φ⁻¹(p), the quantile of the standard normal distribution, for 0 < p < 1, to about 16 digits.
///
/// Algorithm AS 241, PPND16 (Wichura, *Applied Statistics* 37, 1988).
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(r, &CENTRAL);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-libm::log(tail)).sqrt();
    let x = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) };
    if q < 0.0 { -x } else { x }
}

/// A ratio of two polynomials of degree 7, coefficients from the constant up.
type Ratio = [[f64; 8]; 2];

fn ratio(r: f64, [numerator, denominator]: &Ratio) -> f64 {
    let polynomial = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c);
    polynomial(numerator) / polynomial(denominator)
}

#[rustfmt::skip]
const CENTRAL: Ratio = [
    [3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
     4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3],
    [1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
     2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3],
];

#[rustfmt::skip]
const MIDDLE: Ratio = [
    [1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4],
    [1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9],
];

#[rustfmt::skip]
const FAR: Ratio = [
    [6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7],
    [1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959963984540054), (0.01, -2.3263478740408408), (1e-12, -7.034483825301132)] {
            assert!((normal_quantile(p) - z).abs() < 1e-12, "{p}");
        }
    }

    #[test]
    fn the_first_row_that_the_source_prints_for_seed_0() {
        // The source's GPU computes the quantile in f32, which shows far out in the tail.
        let units = |ours: f32, printed: f32| ours.to_bits().abs_diff(printed.to_bits());
        let ours = Draws::new(0).normal(0, 2, 0.0, 1.0);
        assert_eq!([units(ours[0], -4.080414), units(ours[1], -1.3719953)], [2, 0], "{ours:?}");
    }
}
