//! The fused multiply-add a·b + c, rounded once, for processors that have none.

use pulp::Simd;

/// The bits of an f64 that an f32 has no place for.
const SPARE: u64 = (1 << 29) - 1;
/// What they are halfway between two neighbouring f32.
const HALFWAY: u64 = 1 << 28;
/// The least f32 that has all its bits.
const LEAST_NORMAL: f64 = f32::MIN_POSITIVE as f64;

/// Computes a·b + c with one rounding, as IEEE 754 `fusedMultiplyAdd` does.
///
/// Gives the same bits as [`f32::mul_add`] for every input, in plain f64 arithmetic, in which the product of two f32 is exact. The sum,
/// rounded to f64, lies on the same side of each halfway point between two f32 as the exact one, unless it has been rounded onto such a
/// point; so rounding it again is right everywhere else. The points are where the spare bits say so, and among the subnormal numbers,
/// which have fewer bits, elsewhere.
///
/// Where the hardware has no such instruction `f32::mul_add` calls the platform's C library, which is many
/// times slower, and on some platforms rounds wrongly; so nothing but this module calls it.
#[inline]
#[must_use]
pub fn fused_multiply_add(a: f32, b: f32, c: f32) -> f32 {
    let product = f64::from(a) * f64::from(b);
    let sum = product + f64::from(c);
    let safe = sum.abs() >= LEAST_NORMAL || sum == 0.0;
    if safe && sum.to_bits() & SPARE != HALFWAY { sum as f32 } else { rounded_to_odd(product, f64::from(c)) }
}

/// The sum of two f64 as an f32, rounded once, for any values.
///
/// The sum is rounded *to odd* in f64, and a value rounded to odd with at least two spare bits rounds to f32 as the exact sum would
/// (Boldo and Melquiond, *Emulation of FMA and correctly rounded sums*, 2008).
#[cold]
#[inline(never)]
fn rounded_to_odd(product: f64, addend: f64) -> f32 {
    let sum = product + addend;
    // Knuth's two-sum: what the addition lost, exactly. It is NaN where the sum is not finite.
    let from_addend = sum - product;
    let lost = (product - (sum - from_addend)) + (addend - from_addend);
    let bits = sum.to_bits();
    let to_odd =
        if lost.abs() > 0.0 && bits & 1 == 0 { if (lost > 0.0) == (sum > 0.0) { bits + 1 } else { bits - 1 } } else { bits };
    f64::from_bits(to_odd) as f32
}

/// fma(a, b, c) in every lane; on one lane, where the hardware may have none, the emulated one.
#[inline(always)]
pub(crate) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::F32_LANES == 1 {
        let lane = |x| simd.reduce_sum_f32s(x);
        simd.splat_f32s(fused_multiply_add(lane(a), lane(b), lane(c)))
    } else {
        simd.mul_add_f32s(a, b, c)
    }
}

/// fma(a, b, c): the processor's, or the emulated one where it may have none.
#[inline(always)]
#[expect(clippy::disallowed_methods, reason = "with more than one lane the processor has the instruction")]
pub(crate) fn multiply_add_scalar<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    if S::F32_LANES == 1 { fused_multiply_add(a, b, c) } else { a.mul_add(b, c) }
}

/// How f64 arithmetic computes a·b + c, for functions whose result is the same either way: that is to be shown for each of them.
#[derive(Debug, Clone, Copy)]
pub struct Arithmetic {
    fused: bool,
}

impl Arithmetic {
    /// Product and sum, each rounded: what every processor has.
    pub const PLAIN: Self = Self { fused: false };

    /// The faster one on the instructions of `S`: with more than one lane the processor has the fused one.
    #[inline(always)]
    pub(crate) fn of<S: Simd>() -> Self {
        Self { fused: S::F32_LANES > 1 }
    }

    /// a·b + c.
    #[inline(always)]
    #[expect(clippy::disallowed_methods, reason = "with more than one lane the processor has the instruction")]
    pub(crate) fn multiply_add(self, a: f64, b: f64, c: f64) -> f64 {
        if self.fused { a.mul_add(b, c) } else { a * b + c }
    }
}

#[cfg(test)]
mod tests {
    use super::fused_multiply_add;
    use proptest::prelude::*;

    /// a·b + c, rounded once: the exact sum as an integer times a power of two, rounded to the nearest f32, ties to even. The processor's
    /// own instruction is no reference: where there is none, some C libraries and emulators round wrongly.
    fn exact(a: f32, b: f32, c: f32) -> f32 {
        let sum = f64::from(a) * f64::from(b) + f64::from(c);
        let ((a_mantissa, a_exponent), (b_mantissa, b_exponent)) = (parts(a), parts(b));
        let (mantissa, exponent) = added((a_mantissa * b_mantissa, a_exponent + b_exponent), parts(c));
        // The sum in f64 is exact where it is zero, and tells infinities and NaN.
        if mantissa == 0 || !sum.is_finite() { sum as f32 } else { rounded(mantissa, exponent) }
    }

    /// The integer m and the exponent e of a finite m · 2^e.
    fn parts(x: f32) -> (i128, i32) {
        let (exponent, fraction) = ((x.to_bits() >> 23).cast_signed() & 0xff, i128::from(x.to_bits() & 0x7f_ffff));
        let magnitude = if exponent == 0 { fraction } else { fraction | 0x80_0000 };
        (if x.is_sign_negative() { -magnitude } else { magnitude }, exponent.max(1) - 150)
    }

    /// The sum of two numbers m · 2^e. Of one that lies more than 78 binary places below the other only the sign counts: it decides no more
    /// than to which side of a halfway point the sum lies.
    fn added(x: (i128, i32), y: (i128, i32)) -> (i128, i32) {
        if x.0 == 0 || y.0 == 0 {
            return if x.0 == 0 { y } else { x };
        }
        let (high, low) = if x.1 >= y.1 { (x, y) } else { (y, x) };
        let places = (high.1 - low.1).min(78);
        let exponent = high.1 - places;
        let low = if low.1 < exponent { low.0.signum() } else { low.0 << (low.1 - exponent) };
        ((high.0 << places) + low, exponent)
    }

    /// m · 2^e as the nearest f32, ties to even.
    fn rounded(mantissa: i128, exponent: i32) -> f32 {
        let magnitude = mantissa.unsigned_abs();
        let top = exponent + magnitude.ilog2().cast_signed();
        let last = (top - 23).max(-149);
        let dropped = last - exponent;
        let nearest = if dropped <= 0 {
            magnitude << -dropped
        } else {
            let half = 1_u128.checked_shl(dropped.cast_unsigned() - 1).unwrap_or(u128::MAX);
            let quotient = magnitude.checked_shr(dropped.cast_unsigned()).unwrap_or(0);
            let rest = magnitude - quotient.checked_shl(dropped.cast_unsigned()).unwrap_or(0);
            quotient + u128::from(rest > half || (rest == half && quotient % 2 == 1))
        };
        let unit = f64::from_bits(u64::from((last + 1023).cast_unsigned()) << 52);
        let value = (nearest as f64 * unit) as f32;
        if mantissa < 0 { -value } else { value }
    }

    #[track_caller]
    fn check(a: f32, b: f32, c: f32) {
        let (ours, expected) = (fused_multiply_add(a, b, c), exact(a, b, c));
        assert!(
            ours.to_bits() == expected.to_bits() || (ours.is_nan() && expected.is_nan()),
            "{a:e} * {b:e} + {c:e}: {ours:e}, expected {expected:e}"
        );
    }

    #[test]
    fn is_exact_at_the_edges() {
        let edges = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            f32::MIN_POSITIVE,
            f32::from_bits(1),
            -f32::from_bits(1),
            f32::MAX,
            f32::MIN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
            1.0 + f32::EPSILON,
            1.0 - f32::EPSILON / 2.0,
            16777217.0,
        ];
        for a in edges {
            for b in edges {
                for c in edges {
                    check(a, b, c);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn is_exact_next_to_halfway_points(c: f32, up: bool) {
            // Half a unit in the last place of c, as a product that is a little more, exactly that, or a little less.
            let neighbour = f64::from(f32::from_bits(c.to_bits().wrapping_add(1)));
            let half = ((neighbour - f64::from(c)) / 2.0) as f32;
            let half = if up { half } else { -half };
            for factor in [1.0 + f32::EPSILON, 1.0, 1.0 - f32::EPSILON / 2.0] {
                check(half, factor, c);
            }
        }

        #[test]
        fn is_exact_next_to_halfway_points_of_subnormals(bits in 0u32..0x0080_0000, up: bool) {
            // Half of the least f32, less what the sum's f64 has no place for: 2⁻¹⁵⁰ (1 − 2⁻⁴⁶).
            let root = f32::from_bits((127 - 75) << 23);
            let root = (if up { root } else { -root }, root);
            for (more, less) in [(1.0 + f32::EPSILON, 1.0 - f32::EPSILON), (1.0, 1.0), (1.0 + f32::EPSILON, 1.0)] {
                check(root.0 * more, root.1 * less, f32::from_bits(bits));
            }
        }

        #[test]
        fn is_exact_on_any_bits(a: u32, b: u32, c: u32) {
            check(f32::from_bits(a), f32::from_bits(b), f32::from_bits(c));
        }

        #[test]
        fn is_exact_where_terms_cancel(a in -2.0f32..2.0, b in -2.0f32..2.0, ulps in -3i32..4) {
            let near = -(a * b);
            let c = f32::from_bits(near.to_bits().wrapping_add_signed(ulps));
            check(a, b, c);
        }
    }
}
