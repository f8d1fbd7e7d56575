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

/// Parses a whole number of at least one.
///
/// # Errors
/// If it is none; the message says what is expected.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n >= 1).ok_or_else(|| "expected a whole number of at least 1".to_owned())
}

fn number(text: &str, fits: impl Fn(f32) -> bool, expected: &str) -> Result<f32, String> {
    text.parse().ok().filter(|x: &f32| x.is_finite() && fits(*x)).ok_or_else(|| format!("expected {expected}"))
}
