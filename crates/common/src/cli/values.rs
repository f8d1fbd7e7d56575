//! Values that hyper-parameters may take.

use std::{fmt, ops::RangeInclusive};

/// Flags that are each well formed but make no sense together; the exit code is that of wrong usage.
#[derive(Debug)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Parses a number that is finite and greater than zero.
///
/// # Errors
/// If it is none; the message says what is expected.
pub fn positive(text: &str) -> Result<f32, String> {
    number(text, |x| x > 0.0, "a number greater than 0")
}

/// Parses a number that is finite and not negative.
///
/// # Errors
/// If it is none; the message says what is expected.
pub fn non_negative(text: &str) -> Result<f32, String> {
    number(text, |x| x >= 0.0, "a number of at least 0")
}

/// Parses a share or decay rate: a number from 0 to below 1.
///
/// # Errors
/// If it is none; the message says what is expected.
pub fn fraction(text: &str) -> Result<f32, String> {
    number(text, |x| (0.0..1.0).contains(&x), "a number from 0 to below 1")
}

/// Parses a number that is finite.
///
/// # Errors
/// If it is none; the message says what is expected.
pub fn finite(text: &str) -> Result<f32, String> {
    number(text, |_| true, "a finite number")
}

/// Parses a whole number from one to `LARGEST`.
///
/// # Errors
/// If it is none; the message says what is expected.
pub fn one_to<const LARGEST: usize>(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=LARGEST).contains(n)).ok_or_else(|| format!("expected a whole number from 1 to {LARGEST}"))
}

/// The `n` seeds from `first` on.
///
/// # Errors
/// If they go past the largest seed.
pub fn seeds(first: u64, n: usize) -> Result<RangeInclusive<u64>, UsageError> {
    let last = (n as u64).checked_sub(1).and_then(|further| first.checked_add(further));
    let past =
        || UsageError(format!("--seed {first} with --seeds {n} goes past the largest seed {}: choose a smaller seed", u64::MAX));
    Ok(first..=last.ok_or_else(past)?)
}

/// Most epochs or steps of a run.
const MOST_STEPS: usize = 1_000_000;
/// Bytes that a run keeps of each: loss, accuracy, a hash of each tensor, and all of these as text.
const BYTES_OF_A_STEP: u64 = 1000;
/// Most seeds of a run.
const MOST_SEEDS: usize = 10_000;

/// Parses a number of epochs, or of steps on the whole data set: from one to a million.
///
/// # Errors
/// If it is none; the message says what is expected, and what a larger one would need.
pub fn n_steps(text: &str) -> Result<usize, String> {
    no_more_than(MOST_STEPS, text, |n| {
        format!("would keep about {} of losses and hashes in memory", bytes(n.saturating_mul(BYTES_OF_A_STEP)))
    })
}

/// Parses a number of seeds: from one to ten thousand.
///
/// # Errors
/// If it is none; the message says what is expected, and what a larger one would need.
pub fn n_seeds(text: &str) -> Result<usize, String> {
    no_more_than(MOST_SEEDS, text, |n| format!("would be as many runs, {} at a tenth of a second each", duration(n / 10)))
}

/// Parses a number of units of which each needs `BYTES` of memory while the network is trained and drawn: from one to `LARGEST`.
///
/// # Errors
/// If it is none; the message says what is expected, and what a larger one would need.
pub fn n_units<const LARGEST: usize, const BYTES: u64>(text: &str) -> Result<usize, String> {
    no_more_than(LARGEST, text, |n| format!("would need about {} of memory", bytes(n.saturating_mul(BYTES))))
}

/// Parses a whole number from one to `largest`; of a larger one the message tells the `cost`.
fn no_more_than(largest: usize, text: &str, cost: impl Fn(u64) -> String) -> Result<usize, String> {
    let expected = format!("expected a whole number from 1 to {largest}");
    match text.parse::<u64>() {
        Ok(n) if n > largest as u64 => Err(format!("{expected}: that many {}", cost(n))),
        Ok(n) if n > 0 => Ok(n as usize),
        _ => Err(expected),
    }
}

/// A size in the largest unit of which there is at least one.
fn bytes(n: u64) -> String {
    let (unit, name) = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB")]
        .into_iter()
        .find(|(unit, _)| n >= *unit)
        .unwrap_or((1000, "kB"));
    format!("{} {name}", n / unit)
}

/// A time in the largest unit of which there is at least one.
fn duration(seconds: u64) -> String {
    let (unit, name) = [(31_557_600, "years"), (86_400, "days"), (3600, "hours")]
        .into_iter()
        .find(|(unit, _)| seconds >= 2 * *unit)
        .unwrap_or((60, "minutes"));
    format!("{} {name}", seconds / unit)
}

/// Parses a whole number of at least one: a period, or the size of a batch, which the number of samples bounds later.
///
/// # Errors
/// If it is none; the message says what is expected.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n >= 1).ok_or_else(|| "expected a whole number of at least 1".to_owned())
}

fn number(text: &str, fits: impl Fn(f32) -> bool, expected: &str) -> Result<f32, String> {
    text.parse().ok().filter(|x: &f32| x.is_finite() && fits(*x)).ok_or_else(|| format!("expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: Result<usize, String>, complaint: &str) {
        assert_eq!(found.unwrap_err(), complaint);
    }

    #[test]
    fn more_than_can_be_had_is_refused_with_what_it_would_need() {
        let expected = "expected a whole number from 1 to 1000000";
        check(n_steps("100000000"), &format!("{expected}: that many would keep about 100 GB of losses and hashes in memory"));
        check(n_steps("0"), expected);
        check(n_steps("-1"), expected);
        check(n_steps("18446744073709551616"), expected);
        let expected = "expected a whole number from 1 to 10000: that many would be as many runs,";
        check(n_seeds("1000000000"), &format!("{expected} 3 years at a tenth of a second each"));
        check(n_seeds("10001"), &format!("{expected} 16 minutes at a tenth of a second each"));
        let expected = "expected a whole number from 1 to 1000: that many would need about";
        check(n_units::<1000, 320_000>("10000"), &format!("{expected} 3 GB of memory"));
        check(n_units::<1000, 320_000>("18446744073709551615"), &format!("{expected} 18446744 TB of memory"));
        assert_eq!([n_steps("1000000"), n_seeds("10000"), n_units::<9, 1>("9")], [Ok(1_000_000), Ok(10_000), Ok(9)]);
    }
}
