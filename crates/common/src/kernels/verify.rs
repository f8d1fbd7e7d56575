//! The check that the six functions are correctly rounded.
//!
//! Two authorities know the f32 nearest to a true value, and neither shares code with ours:
//!
//! * [`Authority::Arbitrary`]: an f64 evaluation by the `libm` crate (port of musl) decides wherever it is not close
//!   to the middle of two f32, and `astro-float` decides the rest at 320 bits. It knows all six functions.
//! * [`Authority::CoreMath`]: the C library CORE-MATH, proved correctly rounded by its authors. It has no
//!   logistic function, and it needs a C compiler, so it is behind the feature `exhaustive`.
//!
//! Ordinary tests take every 499th input and the neighbourhood of every special one; the command
//! `cargo xtask verify-functions` takes all 2³².

use std::cell::RefCell;
use std::ops::RangeInclusive;

use astro_float_num::{BigFloat, Consts, RoundingMode};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::functions;
use super::isa::Isa;

/// A function under check, and what the authorities need to evaluate it.
pub struct Function {
    /// Its name in `functions`.
    pub name: &'static str,
    /// The form for one number.
    pub scalar: fn(f32) -> f32,
    /// The form for slices.
    pub slice: fn(Isa, &[f32], &mut [f32]),
    /// Inputs around which it does something special.
    pub special: &'static [f32],
    /// The value to within 2⁻⁴⁸, relative.
    estimate: fn(f64) -> f64,
    /// The value to within 2⁻²⁵⁰, relative, wherever the estimate leaves a doubt.
    precise: fn(&BigFloat, &mut Consts) -> BigFloat,
    /// CORE-MATH's version.
    #[cfg(feature = "exhaustive")]
    core_math: Option<fn(f32) -> f32>,
}

/// The six functions.
pub static FUNCTIONS: [Function; 6] = [
    Function {
        name: "exp",
        scalar: functions::exp,
        slice: functions::exp_slice,
        // Largest finite result, smallest normal, smallest subnormal; the clamp.
        special: &[88.722_84, -87.336_54, -103.972_08, 128.0, -128.0],
        estimate: libm::exp,
        precise: |x, consts| x.exp(BITS, TO_EVEN, consts),
        #[cfg(feature = "exhaustive")]
        core_math: Some(core_math::expf),
    },
    Function {
        name: "exp_m1",
        scalar: functions::exp_m1,
        slice: functions::exp_m1_slice,
        // Largest finite result; where the result becomes −1; the clamp.
        special: &[88.722_84, -17.328_68, 128.0, -128.0],
        estimate: libm::expm1,
        precise: |x, consts| x.exp(BITS, TO_EVEN, consts).sub(&one(), BITS, TO_EVEN),
        #[cfg(feature = "exhaustive")]
        core_math: Some(core_math::expm1f),
    },
    Function {
        name: "logistic",
        scalar: functions::logistic,
        slice: functions::logistic_slice,
        // Where the result becomes 1, subnormal, 0; the clamp.
        special: &[17.328_68, -87.336_54, -103.972_08, 128.0, -128.0],
        estimate: |x| 1.0 / (1.0 + libm::exp(-x)),
        precise: |x, consts| {
            let power = x.neg().exp(BITS, TO_EVEN, consts);
            one().div(&one().add(&power, BITS, TO_EVEN), BITS, TO_EVEN)
        },
        #[cfg(feature = "exhaustive")]
        core_math: None,
    },
    Function {
        name: "tanh",
        scalar: functions::tanh,
        slice: functions::tanh_slice,
        // Where the result becomes 1; the clamp.
        special: &[9.010_913, -9.010_913, 16.0, -16.0],
        estimate: libm::tanh,
        precise: |x, consts| x.tanh(BITS, TO_EVEN, consts),
        #[cfg(feature = "exhaustive")]
        core_math: Some(core_math::tanhf),
    },
    Function {
        name: "ln",
        scalar: functions::ln,
        slice: functions::ln_slice,
        // Where the exponent is split off.
        special: &[std::f32::consts::FRAC_1_SQRT_2, std::f32::consts::SQRT_2, 2.0 * std::f32::consts::SQRT_2],
        estimate: libm::log,
        precise: |x, consts| x.ln(BITS, TO_EVEN, consts),
        #[cfg(feature = "exhaustive")]
        core_math: Some(core_math::logf),
    },
    Function {
        name: "ln_1p",
        scalar: functions::ln_1p,
        slice: functions::ln_1p_slice,
        // Where the exponent is split off; where the function becomes x; where 1 + x is not exact any more.
        special: &[
            std::f32::consts::FRAC_1_SQRT_2 - 1.0,
            std::f32::consts::SQRT_2 - 1.0,
            1.0 / 67_108_864.0,
            -1.0 / 67_108_864.0,
            9_007_199_254_740_992.0,
        ],
        estimate: libm::log1p,
        precise: |x, consts| x.add(&one(), BITS, TO_EVEN).ln(BITS, TO_EVEN, consts),
        #[cfg(feature = "exhaustive")]
        core_math: Some(core_math::log1pf),
    },
];

/// The precision of the decisive evaluation. An f32 near 2⁻²⁶ plus 1 takes 50 of it.
const BITS: usize = 320;
const TO_EVEN: RoundingMode = RoundingMode::ToEven;

fn one() -> BigFloat {
    BigFloat::from_f64(1.0, BITS)
}

/// Who says what the nearest f32 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// `libm` in f64, and `astro-float` in doubt.
    Arbitrary,
    /// CORE-MATH; where it lacks the function, as [`Authority::Arbitrary`].
    #[cfg(feature = "exhaustive")]
    CoreMath,
}

impl Authority {
    /// This authority, or the one that stands in for it where it lacks the function.
    #[cfg(feature = "exhaustive")]
    #[must_use]
    pub fn over(self, function: &Function) -> Self {
        if function.core_math.is_some() { self } else { Self::Arbitrary }
    }

    /// The f32 nearest to `function` of `x`; the one NaN for any.
    #[must_use]
    pub fn nearest(self, function: &Function, x: f32) -> f32 {
        let y = match self {
            Self::Arbitrary => nearest(function, x),
            #[cfg(feature = "exhaustive")]
            Self::CoreMath => function.core_math.map_or_else(|| nearest(function, x), |f| f(x)),
        };
        if y.is_nan() { f32::NAN } else { y }
    }
}

/// The f32 nearest to `function` of `x`: of the estimate, if everything within its error rounds alike.
#[allow(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
fn nearest(function: &Function, x: f32) -> f32 {
    // The estimates are good to two or three units of an f64; this is room for 64.
    const DOUBT: f64 = 64.0 * f64::EPSILON;
    let estimate = (function.estimate)(f64::from(x));
    let low = (estimate * (1.0 - DOUBT)) as f32;
    let high = (estimate * (1.0 + DOUBT)) as f32;
    if low.to_bits() == high.to_bits() || estimate.is_nan() {
        return low;
    }
    // Beyond the largest f32 the next number would have been 2^128, and rounds to infinity.
    let beyond = if high.is_infinite() { f64::from_bits(0x47f0 << 48) } else { f64::from(high) };
    let middle = f64::midpoint(f64::from(low), beyond);
    let order = CONSTS.with_borrow_mut(|consts| {
        let value = (function.precise)(&BigFloat::from_f64(f64::from(x), BITS), consts);
        value.cmp(&BigFloat::from_f64(middle, BITS))
    });
    // `low` is the one nearer to zero.
    match order.map(|order| order.signum() * if middle < 0.0 { -1 } else { 1 }) {
        Some(1) => high,
        Some(-1) => low,
        _ => panic!("{} of {x:e} is not decided: at {middle:e}, or not a number", function.name),
    }
}

thread_local! {
    static CONSTS: RefCell<Consts> = RefCell::new(Consts::new().expect("memory for a few constants"));
}

/// An input at which ours is not the nearest f32.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// The instruction set, or none for the scalar form.
    pub isa: Option<Isa>,
    /// The input.
    pub x: f32,
    /// The nearest f32.
    pub expected: f32,
    /// Ours.
    pub actual: f32,
}

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many inputs were checked, each in every form.
    pub checked: u64,
    /// How many results were not the nearest f32, in any form.
    pub differences: u64,
    /// The first few of them.
    pub first: Vec<Difference>,
}

impl Report {
    const FEW: usize = 8;

    fn add(&mut self, difference: Difference) {
        self.differences += 1;
        if self.first.len() < Self::FEW {
            self.first.push(difference);
        }
    }

    /// Both reports as one, `self` before `later`.
    #[must_use]
    pub fn followed_by(mut self, later: &Self) -> Self {
        self.checked += later.checked;
        self.differences += later.differences;
        let room = Self::FEW - self.first.len();
        self.first.extend(later.first.iter().take(room));
        self
    }
}

/// How many inputs a block has, the unit of work of a thread.
const BLOCK: usize = 1 << 14;

/// Checks `function` at every `step`-th bit pattern of a range: its scalar form, and its slice form on each of `isas`.
///
/// Results are compared by their bits. Runs on rayon's current thread pool; `progress` is told, from any
/// thread, how many inputs were done since it was last told.
///
/// # Panics
///
/// If `step` is 0.
pub fn check_range(
    function: &Function,
    authority: Authority,
    isas: &[Isa],
    patterns: RangeInclusive<u32>,
    step: u32,
    progress: &(dyn Fn(u64) + Sync),
) -> Report {
    assert!(step > 0, "a step of 0 leads nowhere");
    let (first, last) = (u64::from(*patterns.start()), u64::from(*patterns.end()));
    if first > last {
        return Report::default();
    }
    let n_inputs = (last - first) / u64::from(step) + 1;
    let block = BLOCK as u64;
    (0..n_inputs.div_ceil(block))
        .into_par_iter()
        .map(|b| {
            let indices = b * block..n_inputs.min((b + 1) * block);
            let inputs = indices.map(|i| pattern(first + i * u64::from(step))).collect::<Vec<_>>();
            let report = check(function, authority, isas, &inputs);
            progress(report.checked);
            report
        })
        .reduce(Report::default, |earlier, later| earlier.followed_by(&later))
}

/// The number with these bits.
#[allow(clippy::cast_possible_truncation, reason = "the callers stay within 32 bits")]
fn pattern(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

/// Checks `function` at `inputs`: its scalar form, and its slice form on each of `isas`.
#[must_use]
pub fn check(function: &Function, authority: Authority, isas: &[Isa], inputs: &[f32]) -> Report {
    let expected = inputs.iter().map(|&x| authority.nearest(function, x)).collect::<Vec<_>>();
    let mut report = Report { checked: inputs.len() as u64, ..Report::default() };
    let mut actual = vec![0.0; inputs.len()];
    for isa in std::iter::once(None).chain(isas.iter().copied().map(Some)) {
        match isa {
            None => actual.iter_mut().zip(inputs).for_each(|(y, &x)| *y = (function.scalar)(x)),
            Some(isa) => (function.slice)(isa, inputs, &mut actual),
        }
        for ((&x, &expected), &actual) in inputs.iter().zip(&expected).zip(&actual) {
            if actual.to_bits() != expected.to_bits() {
                report.add(Difference { isa, x, expected, actual });
            }
        }
    }
    report
}

/// The inputs within 1000 numbers of the function's special ones, and of those that are special for all.
#[must_use]
pub fn neighbourhoods(function: &Function) -> Vec<f32> {
    const RADIUS: u32 = 1000;
    const COMMON: [f32; 12] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        f32::MIN_POSITIVE,
        -f32::MIN_POSITIVE,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NEG_INFINITY,
    ];
    let around = |x: &f32| {
        let bits = x.to_bits();
        bits.saturating_sub(RADIUS)..=bits.saturating_add(RADIUS)
    };
    let common = COMMON.iter().flat_map(around);
    // Numbers of few bits are where a value comes near the middle of two f32 by its algebra, not by chance.
    let few_bits = (0..=u32::MAX >> 16).map(|high| high << 16);
    common.chain(function.special.iter().flat_map(around)).chain(few_bits).map(f32::from_bits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_none(name: &str, report: &Report) {
        assert!(report.checked > 0);
        assert_eq!(report.differences, 0, "{name}: {:?}", report.first);
    }

    #[test]
    fn every_499th_input_is_correctly_rounded_in_every_form() {
        for function in &FUNCTIONS {
            let isas = Isa::available();
            assert_none(function.name, &check_range(function, Authority::Arbitrary, &isas, 0..=u32::MAX, 499, &|_| ()));
        }
    }

    #[test]
    fn special_neighbourhoods_are_correctly_rounded_in_every_form() {
        for function in &FUNCTIONS {
            let isas = Isa::available();
            assert_none(function.name, &check(function, Authority::Arbitrary, &isas, &neighbourhoods(function)));
        }
    }

    #[test]
    fn hard_cases_are_decided_as_mpmath_does_at_300_bits() {
        // Each value lies within half a unit of an f64 from the middle of two f32, most much nearer.
        let cases = [
            ("ln", 0x3c41_3d3a, 0xc08e_158f),
            ("ln", 0x4117_8feb, 0x400f_e5e7),
            ("ln", 0x4c5d_65a5, 0x418f_034b),
            ("ln", 0x65d8_90d3, 0x4254_d1f9),
            ("ln", 0x6f31_a8ec, 0x4284_5a89),
            ("ln_1p", 0x3540_0003, 0x353f_ffff),
            ("ln_1p", 0x3710_001b, 0x370f_fff3),
            ("ln_1p", 0xb53f_fffd, 0xb540_0001),
            ("ln_1p", 0xbb0e_c8c4, 0xbb0e_f0a5),
            ("ln_1p", 0x3efd_81ad, 0x3ecd_eee1),
            ("logistic", 0x3400_0000, 0x3f00_0000),
            ("logistic", 0x34c0_0000, 0x3f00_0001),
            ("logistic", 0xb380_0000, 0x3f00_0000),
            ("logistic", 0xb440_0000, 0x3eff_ffff),
        ];
        for (name, x, expected) in cases {
            let x = f32::from_bits(x);
            let function = FUNCTIONS.iter().find(|function| function.name == name).unwrap();
            assert_eq!(Authority::Arbitrary.nearest(function, x).to_bits(), expected, "{name} of {x:e}");
            assert_eq!((function.scalar)(x).to_bits(), expected, "{name} of {x:e}");
        }
    }

    #[test]
    fn a_wrong_function_is_found() {
        let wrong = Function { scalar: |x| x, ..FUNCTIONS[0] };
        let report = check_range(&wrong, Authority::Arbitrary, &[], 0..=u32::MAX, 99_991, &|_| ());
        assert!(report.differences > 40_000 && report.first.len() == Report::FEW);
    }
}
