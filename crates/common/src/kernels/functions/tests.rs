//! Special values, agreement of all forms, and the errors that the compositions state.
//!
//! That the six are correctly rounded is tested in `verify`.

#![allow(clippy::float_cmp, reason = "bit equality is what is tested")]

use super::*;

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;
const PLAIN: Arithmetic = Arithmetic::PLAIN;

type Scalar = fn(f32) -> f32;
type Slice = fn(Isa, &[f32], &mut [f32]);

#[track_caller]
fn check(function: Scalar, cases: &[(f32, f32)]) {
    for &(x, y) in cases {
        assert_eq!(function(x).to_bits(), y.to_bits(), "at {x:e}: {:e} for {y:e}", function(x));
    }
}

#[test]
fn limits_and_zeros_are_as_the_table_says() {
    let negative_nan = f32::from_bits(0xffc0_1234);
    check(exp, &[(-INF, 0.0), (-0.0, 1.0), (0.0, 1.0), (INF, INF), (NAN, NAN), (negative_nan, NAN)]);
    check(exp_m1, &[(-INF, -1.0), (-0.0, -0.0), (0.0, 0.0), (INF, INF), (NAN, NAN), (negative_nan, NAN)]);
    check(logistic, &[(-INF, 0.0), (-0.0, 0.5), (0.0, 0.5), (INF, 1.0), (NAN, NAN), (negative_nan, NAN)]);
    check(tanh, &[(-INF, -1.0), (-0.0, -0.0), (0.0, 0.0), (INF, 1.0), (NAN, NAN), (negative_nan, NAN)]);
    check(ln, &[(-INF, NAN), (-0.0, -INF), (0.0, -INF), (INF, INF), (NAN, NAN), (negative_nan, NAN)]);
    check(ln, &[(1.0, 0.0), (-1e-45, NAN), (-1.0, NAN)]);
    check(ln_1p, &[(-INF, NAN), (-0.0, -0.0), (0.0, 0.0), (INF, INF), (NAN, NAN), (negative_nan, NAN)]);
    check(ln_1p, &[(-1.0, -INF), (-1.000_000_1, NAN), (f32::MIN, NAN)]);
}

#[test]
fn subnormal_numbers_go_in_and_come_out() {
    check(exp, &[(-100.0, 3.8e-44), (-103.972, 1e-45), (-103.973, 0.0), (1e-45, 1.0)]);
    check(logistic, &[(-100.0, 3.8e-44), (-103.973, 0.0)]);
    check(ln, &[(1e-45, -103.278_93)]);
    for same in [exp_m1, tanh, ln_1p] {
        check(same, &[(1e-45, 1e-45), (-3e-42, -3e-42)]);
    }
}

/// Numbers of every magnitude and sign, special ones among them.
fn samples(n: usize) -> Vec<f32> {
    let special = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, f32::MAX, f32::MIN, 1e-45, -1e-45];
    let spread = (0_u32..).map(|i| f32::from_bits(i.wrapping_mul(0x9e37_79b1)));
    let moderate = (0_u16..).map(|i| (f32::from(i) - 5000.0) / 400.0);
    special.into_iter().chain(spread.zip(moderate).flat_map(|(a, b)| [a, b])).take(n).collect()
}

#[test]
fn every_length_on_every_set_equals_the_scalar_form() {
    let functions: [(Scalar, Slice); 9] = [
        (exp, exp_slice),
        (exp_m1, exp_m1_slice),
        (logistic, logistic_slice),
        (tanh, tanh_slice),
        (ln, ln_slice),
        (ln_1p, ln_1p_slice),
        (|x| PLAIN.softplus(x), softplus_slice),
        (|x| PLAIN.elu(x, 0.7), |isa, x, y| elu_slice(isa, 0.7, x, y)),
        (|x| PLAIN.swish(x, 1.3), |isa, x, y| swish_slice(isa, 1.3, x, y)),
    ];
    for isa in Isa::available() {
        for n in (0..70).chain([1000, 4099]) {
            let x = samples(n);
            for (f, (scalar, slice)) in functions.iter().enumerate() {
                let mut separate = vec![0.0; n];
                slice(isa, &x, &mut separate);
                for (&x, y) in x.iter().zip(separate) {
                    let expected = scalar(x);
                    // The compositions multiply and add NaNs, whose bits are the processor's.
                    let same = if expected.is_nan() { y.is_nan() } else { y.to_bits() == expected.to_bits() };
                    assert!(same, "function {f} on {isa}, length {n}, at {x:e}: {y:e} for {expected:e}");
                }
            }
        }
    }
}

/// The largest error of `function`, in units in the last place, over the finite ones of every `step`-th input
/// whose result is a normal number.
fn worst_error(function: Scalar, truth: fn(f64) -> f64, step: usize) -> f64 {
    (0..=u32::MAX)
        .step_by(step)
        .map(f32::from_bits)
        .filter(|x| x.is_finite() && function(*x).is_normal())
        .map(|x| {
            let (ours, truth) = (function(x), truth(f64::from(x)));
            let magnitude = f32::from_bits(ours.to_bits() & 0x7f80_0000);
            (f64::from(ours) - truth).abs() / f64::from(magnitude * f32::EPSILON)
        })
        .fold(0.0, f64::max)
}

#[test]
fn compositions_are_as_accurate_as_they_say() {
    let softplus_error = worst_error(|x| PLAIN.softplus(x), |x| x.max(0.0) + libm::log1p(libm::exp(-x.abs())), 997);
    let elu_error = worst_error(|x| PLAIN.elu(x, 0.7), |x| if x > 0.0 { x } else { f64::from(0.7_f32) * libm::expm1(x) }, 997);
    // Below −87 the logistic function is subnormal.
    let swish_error = worst_error(|x| PLAIN.swish(x.max(-87.0), 1.0), |x| x.max(-87.0) / (1.0 + libm::exp(-x.max(-87.0))), 997);
    assert!(softplus_error < 1.5 && elu_error < 1.5 && swish_error < 1.5, "{softplus_error} {elu_error} {swish_error}");
}

#[test]
fn log_sum_exp_is_stable_and_in_order() {
    for isa in Isa::available() {
        let sum = |x: &[f32]| log_sum_exp(isa, x);
        assert_eq!(sum(&[]), -INF);
        assert_eq!(sum(&[-INF, -INF]), -INF);
        assert_eq!(sum(&[1.0, INF]), INF);
        assert!(sum(&[1.0, NAN]).is_nan() && sum(&[NAN]).is_nan() && sum(&[-INF, NAN]).is_nan());
        assert_eq!(sum(&[3.25]), 3.25);
        assert_eq!(sum(&[1000.0, 1000.0]), 1000.0 + ln(2.0));
        assert_eq!(sum(&[-1000.0, -1000.0]), -1000.0 + ln(2.0));
        // What 0 and −30 exceed 0 by; the plain sum loses it.
        assert_eq!(log_sum_exp_parts(isa, &[0.0, -30.0]), (0.0, exp(-30.0)));

        let x = (0..1000_u16).map(|i| f32::from(i * 37 % 1000) / 100.0).collect::<Vec<_>>();
        let first = x.iter().position(|&x| x == 9.99);
        let chain = x.iter().enumerate().filter(|(i, _)| Some(*i) != first).fold(0.0, |sum, (_, x)| sum + exp(x - 9.99));
        assert_eq!(log_sum_exp_parts(isa, &x), (9.99, ln_1p(chain)));
    }
}
