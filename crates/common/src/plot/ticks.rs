//! Where ticks stand and how they are labelled.

/// A labelled position on an axis, in the axis's own coordinate (the logarithm on a log axis).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten, about `target` of them within `lo..=hi`.
///
/// With `integer` the step is at least one. Values are built from integers, so a tick at 0.3 is the double
/// nearest to 0.3 and a label never reads 0.30000000000000004.
pub(super) fn linear(lo: f64, hi: f64, target: usize, integer: bool) -> Vec<Tick> {
    // Rounding the step up can leave a single tick, which says nothing about the scale.
    let mut attempts = (target..=3 * target).map(|target| spaced(lo, hi, target, integer));
    attempts.find(|ticks| ticks.len() >= 2).unwrap_or_else(|| spaced(lo, hi, target, integer))
}

/// The distance between about `target` ticks within `lo..=hi`.
pub(super) fn step(lo: f64, hi: f64, target: usize) -> f64 {
    let (digit, exponent) = round_step(lo, hi, target);
    decimal(digit, exponent)
}

/// 1, 2 or 5, and the power of ten that it is multiplied with.
fn round_step(lo: f64, hi: f64, target: usize) -> (i64, i32) {
    let raw_step = (hi - lo) / target.max(1) as f64;
    let mut exponent = libm::log10(raw_step).floor() as i32;
    let mut digit = [1, 2, 5, 10].into_iter().find(|&m| decimal(m, exponent) >= raw_step * 0.999_999).unwrap_or(10);
    if digit == 10 {
        (digit, exponent) = (1, exponent + 1);
    }
    (digit, exponent)
}

fn spaced(lo: f64, hi: f64, target: usize, integer: bool) -> Vec<Tick> {
    let (mut digit, mut exponent) = round_step(lo, hi, target);
    if integer && exponent < 0 {
        (digit, exponent) = (1, 0);
    }
    let step = decimal(digit, exponent);
    let first = (lo / step - 1e-6).ceil() as i64;
    let last = (hi / step + 1e-6).floor() as i64;
    let largest = lo.abs().max(hi.abs());
    // A step too fine to be seen in the values (a range of a few ulps) would give equal labels.
    if last - first > 100 || largest > 1e15 * step {
        return vec![Tick { at: lo, label: scientific(lo, 3) }, Tick { at: hi, label: scientific(hi, 3) }];
    }
    let top = libm::log10(largest).floor() as i32;
    // Powers for the very large and very small; but not where the digits that differ come late.
    let use_powers = largest >= 1e7 || (exponent < -4 && top - exponent <= 5);
    (first..=last)
        .map(|n| {
            let at = decimal(n * digit, exponent);
            let label = if use_powers {
                scientific(at, usize::try_from(top - exponent).unwrap_or(0))
            } else {
                fixed(at, usize::try_from(-exponent).unwrap_or(0))
            };
            Tick { at, label }
        })
        .collect()
}

/// Ticks of a logarithmic axis that spans 10^lo to 10^hi, and the minor positions between them.
pub(super) fn logarithmic(lo: f64, hi: f64, target: usize) -> (Vec<Tick>, Vec<f64>) {
    let first = (lo - 1e-9).ceil() as i32;
    let last = (hi + 1e-9).floor() as i32;
    let n_decades = usize::try_from(last - first + 1).unwrap_or(0);
    let plain = first >= -3 && last <= 4;
    let name = |digit: i64, exponent: i32| {
        if plain {
            fixed(decimal(digit, exponent), usize::try_from(-exponent).unwrap_or(0))
        } else if digit == 1 {
            format!("10{}", superscript(exponent))
        } else {
            format!("{digit}×10{}", superscript(exponent))
        }
    };
    let tick =
        |digit: i64, exponent: i32| Tick { at: libm::log10(digit as f64) + f64::from(exponent), label: name(digit, exponent) };
    let inside = |at: f64| at >= lo - 1e-9 && at <= hi + 1e-9;
    // The logarithms of 2, 3, … 9 in every decade.
    let within_decades = (first - 1..=last).flat_map(|e| (2..10).map(move |digit| libm::log10(f64::from(digit)) + f64::from(e)));
    let minor = within_decades.filter(|&at| inside(at)).collect();
    if n_decades >= 3 {
        let stride = i32::try_from(n_decades.div_ceil(target.max(1))).unwrap_or(1).max(1);
        // Strides count from 10⁰, so that the tick labels are round: 10⁻⁶, 10⁻³, 10⁰.
        let ticks = (first..=last).filter(|e| e % stride == 0).map(|e| tick(1, e)).collect();
        let minor = if stride > 1 { (first..=last).filter(|e| e % stride != 0).map(f64::from).collect() } else { minor };
        return (ticks, minor);
    }
    let digits: &[i64] = if n_decades == 2 { &[1, 3] } else { &[1, 2, 5] };
    let ticks: Vec<_> = (first - 1..=last)
        .flat_map(|e| digits.iter().map(move |&digit| (digit, e)))
        .map(|(digit, e)| tick(digit, e))
        .filter(|tick| inside(tick.at))
        .collect();
    if ticks.len() >= 2 {
        return (ticks, minor);
    }
    // Less than a decade: evenly spaced values, at the places that their logarithms have.
    let (bottom, top) = (libm::pow(10.0, lo), libm::pow(10.0, hi));
    let ticks = linear(bottom, top, target.min(5), false)
        .into_iter()
        .filter(|tick| tick.at > 0.0)
        .map(|tick| Tick { at: libm::log10(tick.at), ..tick })
        .collect();
    (ticks, Vec::new())
}

/// The double nearest to `n` × 10^`exponent`, for the exponents that doubles hold exactly.
fn decimal(n: i64, exponent: i32) -> f64 {
    let power = libm::pow(10.0, f64::from(exponent.abs()));
    if exponent < 0 { n as f64 / power } else { n as f64 * power }
}

/// `value` with a fixed number of decimals, a true minus sign and thousands separated: −12,500.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    let digits = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut out = String::new();
    if value < 0.0 && digits.bytes().any(|b| matches!(b, b'1'..=b'9')) {
        out.push('−');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && whole.len() > 4 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `value` as 2.5×10⁻⁷.
pub(super) fn scientific(value: f64, decimals: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:.decimals$e}", decimals = decimals.min(6));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exponent.parse().unwrap_or(0);
    format!("{}×10{}", mantissa.replace('-', "−"), superscript(exponent))
}

/// An exponent in superscript digits.
pub(super) fn superscript(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    exponent.to_string().chars().map(raised).collect()
}

/// `value` in as many of four decimals as it needs: 40, 4.5, 0.0625.
pub(super) fn plain(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e7).contains(&value.abs()) {
        return scientific(value, 1);
    }
    let text = fixed(value, 4);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ticks: Vec<Tick>, expected: &[&str]) {
        let labels: Vec<_> = ticks.into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, expected);
    }

    #[test]
    fn linear_ticks_are_round() {
        check(linear(0.0, 1000.0, 6, true), &["0", "200", "400", "600", "800", "1000"]);
        check(linear(0.43, 0.75, 5, false), &["0.5", "0.6", "0.7"]);
        check(linear(-10.0, 10.0, 5, false), &["−10", "−5", "0", "5", "10"]);
        check(linear(1.0, 5.0, 9, true), &["1", "2", "3", "4", "5"]);
        check(linear(0.0, 50_000.0, 5, true), &["0", "10,000", "20,000", "30,000", "40,000", "50,000"]);
        check(linear(-0.25, 0.15, 5, false), &["−0.2", "−0.1", "0.0", "0.1"]);
    }

    #[test]
    fn extreme_ranges_use_powers() {
        check(linear(0.0, 2e-7, 2, false), &["0", "1×10⁻⁷", "2×10⁻⁷"]);
        check(linear(0.0, 3e9, 3, false), &["0", "1×10⁹", "2×10⁹", "3×10⁹"]);
        check(linear(1.0, 1.0 + 2e-8, 2, false), &["1.00000000", "1.00000001", "1.00000002"]);
        assert_eq!(linear(1.0, 1.0 + 4.0 * f64::EPSILON, 5, false).len(), 2);
    }

    #[test]
    fn logarithmic_ticks_fit_the_span() {
        let labels = |lo, hi, n| logarithmic(lo, hi, n).0;
        check(labels(-11.0, 0.0, 5), &["10⁻⁹", "10⁻⁶", "10⁻³", "10⁰"]);
        check(labels(-2.2, 1.1, 6), &["0.01", "0.1", "1", "10"]);
        check(labels(-0.4, 0.4, 6), &["0.5", "1", "2"]);
        assert!(labels(-0.14, -0.08, 6).len() >= 2);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(fixed(-12_345.6, 0), "−12,346");
        assert_eq!(scientific(1.7e-11, 1), "1.7×10⁻¹¹");
        for (value, expected) in
            [(40.0, "40"), (-4.5, "−4.5"), (0.0625, "0.0625"), (0.1 + 0.2, "0.3"), (0.0, "0"), (2e-5, "2.0×10⁻⁵")]
        {
            assert_eq!(plain(value), expected);
        }
    }
}
