//! The ledger: what the sources printed, and how ours compares.

use crate::value::Value;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// What agreement a printed value allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Follows from mathematics or given inputs: must be equal in every printed digit.
    Exact,
    /// Stands in the source's code or text, not in its output: must be equal in every digit.
    Stated,
    /// Depends on random data or weights: must lie inside the band that many seeds span.
    Banded,
    /// A statement in words: `metric` is the sentence of the `[Claim]` that bears it out.
    Confirmed,
    /// A statement in words: `metric` is the sentence of the `[Claim]` that contradicts it.
    Refuted,
    /// The source does not say enough, or its code does something else than it says.
    NotReproducible,
}

/// As in the ledger.
impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Exact => "exact",
            Self::Stated => "stated",
            Self::Banded => "banded",
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::NotReproducible => "not reproducible",
        })
    }
}

/// The values that a number takes over many seeds.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Band {
    /// Number of seeds.
    pub n: usize,
    /// Mean over the seeds.
    pub mean: f64,
    /// Standard deviation over the seeds.
    pub sd: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

impl Band {
    /// The band that `values` span; none of no values.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let (mean, sd) = crate::kernels::reduce::mean_and_deviation(values);
        let min = values.iter().copied().reduce(f64::min)?;
        let max = values.iter().copied().reduce(f64::max)?;
        Some(Self { n: values.len(), mean, sd, min, max })
    }

    /// Whether `x` lies inside, to the six digits that bands are stated with.
    #[must_use]
    pub fn contains(&self, x: f64) -> bool {
        let slack = 1e-5 * (self.max - self.min).max(1e-6 * self.max.abs());
        x >= self.min - slack && x <= self.max + slack
    }

    /// How far `x` lies from the mean: `+3.9 sd` stands for 3.9 standard deviations above it.
    #[must_use]
    pub fn distance(&self, x: f64) -> String {
        format!("{:+.1} sd", (x - self.mean) / self.sd)
    }

    /// Whether two bands could come from one distribution: their means differ by at most four standard errors.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let square = |band: &Self| band.sd * band.sd / band.n as f64;
        (self.mean - other.mean).abs() <= 4.0 * (square(self) + square(other)).sqrt()
    }
}

/// One printed number.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Entry {
    /// Id of the section that reproduces it.
    pub section: String,
    /// Name of the metric that it is compared with, or sentence of the claim.
    pub metric: String,
    /// The number as it is printed, or the statement in English.
    pub printed: String,
    /// What agreement it allows.
    pub class: Class,
    /// Seeds of the reference band.
    pub n: Option<usize>,
    /// Mean of the reference band.
    pub mean: Option<f64>,
    /// Standard deviation of the reference band.
    pub sd: Option<f64>,
    /// Smallest value of the reference band.
    pub min: Option<f64>,
    /// Largest value of the reference band.
    pub max: Option<f64>,
    /// Where it stands.
    pub stands_in: String,
}

impl Entry {
    /// The band of the reference framework, where it is known.
    #[must_use]
    pub fn reference(&self) -> Option<Band> {
        Some(Band { n: self.n?, mean: self.mean?, sd: self.sd?, min: self.min?, max: self.max? })
    }

    /// The printed number's value.
    ///
    /// # Errors
    /// If what is printed is not a number.
    pub fn value(&self) -> Result<f64> {
        self.number(&self.printed)
    }

    /// The printed numbers, one or a sequence.
    ///
    /// # Errors
    /// If what is printed is not numbers.
    pub fn values(&self) -> Result<Vec<f64>> {
        self.printed.split(' ').map(|text| self.number(text)).collect()
    }

    fn number(&self, text: &str) -> Result<f64> {
        text.parse().with_context(|| format!("published value of {}: \"{text}\" is not a number", self.metric))
    }

    /// Whether it is a statement, not a number.
    #[must_use]
    pub fn is_in_words(&self) -> bool {
        self.values().is_err()
    }

    /// Compares our value with the printed one, as its class asks.
    ///
    /// # Errors
    /// If what is printed is not a number.
    pub fn verdict(&self, ours: Value) -> Result<Verdict> {
        let digits = digits(&self.printed, ours);
        let (outcome, text) = match (self.class, self.reference()) {
            (Class::Exact | Class::Stated, _) => return Ok(digits.into()),
            (Class::Banded, Some(band)) => match (band.contains(self.value()?), band.contains(ours.as_f64())) {
                (true, true) => (Outcome::Inside, "both inside".to_owned()),
                (true, false) => (Outcome::Outside, format!("ours outside ({})", band.distance(ours.as_f64()))),
                (false, true) => (Outcome::Outside, format!("printed outside ({}), ours inside", band.distance(self.value()?))),
                (false, false) => (Outcome::Outside, "both outside".to_owned()),
            },
            (Class::Banded, None) => (Outcome::NotCompared, "no reference band".to_owned()),
            (Class::Confirmed, _) => (Outcome::Confirmed, "confirmed".to_owned()),
            (Class::Refuted, _) => (Outcome::Refuted, "refuted".to_owned()),
            (Class::NotReproducible, _) => (Outcome::NotReproducible, "not reproducible".to_owned()),
        };
        Ok(Verdict { outcome, text })
    }
}

/// How a comparison ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every printed digit is ours.
    Identical,
    /// A printed digit is not ours.
    Differing,
    /// Printed and ours lie in the reference band.
    Inside,
    /// Printed or ours lies outside the reference band.
    Outside,
    /// A statement that our claim bears out.
    Confirmed,
    /// A statement that our claim contradicts.
    Refuted,
    /// The source does not say enough.
    NotReproducible,
    /// There is nothing to judge it by.
    NotCompared,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it is.
    pub outcome: Outcome,
    /// What it is, in words.
    pub text: String,
}

/// Digit by digit.
impl From<Digits> for Verdict {
    fn from(digits: Digits) -> Self {
        let outcome = if digits.all() { Outcome::Identical } else { Outcome::Differing };
        Self { outcome, text: digits.to_string() }
    }
}

/// Reads a ledger: one CSV line an entry.
///
/// # Errors
/// If a line is malformed.
pub fn parse(csv: &str) -> Result<Vec<Entry>> {
    csv::Reader::from_reader(csv.as_bytes())
        .deserialize()
        .map(|entry| entry.context("a line of the ledger is malformed"))
        .collect()
}

/// How many leading digits of a printed number we reproduce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    /// Leading significant digits that agree after rounding to that many.
    pub agree: usize,
    /// Significant digits that are printed.
    pub printed: usize,
}

impl Digits {
    /// Whether every printed digit agrees.
    #[must_use]
    pub fn all(self) -> bool {
        self.agree == self.printed
    }
}

impl std::fmt::Display for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.all(), self.printed) {
            (true, 1) => f.write_str("the one digit"),
            (true, printed) => write!(f, "all {printed} digits"),
            (false, printed) => write!(f, "{} of {printed} digits", self.agree),
        }
    }
}

/// Counts the leading significant digits of `printed` that `ours` reproduces: the largest k for which both, rounded to k
/// digits, are equal.
///
/// ```
/// use common::{published::digits, value::Value};
///
/// assert_eq!(digits("0.46706733107566833", Value::F32(0.46706754)).to_string(), "5 of 17 digits");
/// assert!(digits("0.7420312762260437", Value::F32(0.7420313)).all());
/// assert!(digits("0.0", Value::F32(0.0)).all());
/// ```
#[must_use]
pub fn digits(printed: &str, ours: Value) -> Digits {
    let mantissa = printed.split(['e', 'E']).next().unwrap_or_default();
    let significant = mantissa.trim_start_matches(['-', '0', '.']).chars().filter(char::is_ascii_digit).count();
    let count = significant.max(1);
    let (Ok(theirs), ours) = (printed.parse::<f64>(), ours.as_f64()) else { return Digits { agree: 0, printed: count } };
    let agree = (1..=count).rev().find(|k| format!("{theirs:.*e}", k - 1) == format!("{ours:.*e}", k - 1));
    Digits { agree: agree.unwrap_or(0), printed: count }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(class: Class, printed: &str, band: Option<(f64, f64)>) -> Entry {
        Entry {
            section: "adam".into(),
            metric: "loss".into(),
            printed: printed.into(),
            class,
            n: band.map(|_| 100),
            mean: band.map(|(min, max)| f64::midpoint(min, max)),
            sd: band.map(|(min, max)| (max - min) / 6.0),
            min: band.map(|(min, _)| min),
            max: band.map(|(_, max)| max),
            stands_in: "S0".into(),
        }
    }

    #[test]
    fn an_exact_value_must_agree_in_every_digit() {
        let outcome = |ours| entry(Class::Exact, "0.6931472", None).verdict(Value::F32(ours)).unwrap().outcome;
        assert_eq!(outcome(std::f32::consts::LN_2), Outcome::Identical);
        assert_eq!(outcome(0.6931473), Outcome::Differing);
    }

    #[test]
    fn a_stated_value_must_agree_in_every_digit() {
        let outcome = |ours| entry(Class::Stated, "3", None).verdict(Value::F64(ours)).unwrap().outcome;
        assert_eq!(outcome(3.0), Outcome::Identical);
        assert_eq!(outcome(3.6), Outcome::Differing);
    }

    #[test]
    fn a_banded_value_must_lie_inside() {
        let verdict = |printed, ours| entry(Class::Banded, printed, Some((0.4, 0.6))).verdict(Value::F32(ours)).unwrap();
        assert_eq!(verdict("0.5", 0.6).outcome, Outcome::Inside);
        assert_eq!(verdict("0.5", 0.61).outcome, Outcome::Outside);
        assert_eq!(verdict("0.8", 0.5).text, "printed outside (+9.0 sd), ours inside");
    }

    #[test]
    fn digits_are_counted_in_any_notation() {
        let check =
            |printed, ours, agree, n| assert_eq!(digits(printed, Value::F64(ours)), Digits { agree, printed: n }, "{printed}");
        check("1.7168893e-11", 1.7168900e-11, 6, 8);
        check("0.00907571", 0.009075706, 6, 6);
        check("0.0025", 0.0025, 2, 2);
        check("-1.15139528e-05", -1.1513966e-05, 6, 9);
        check("0.8150", 0.815, 4, 4);
        check("1", 2.0, 0, 1);
    }

    #[test]
    fn bands_of_one_distribution_agree() {
        let band = |mean| Band { n: 100, mean, sd: 1.0, min: mean - 3.0, max: mean + 3.0 };
        assert!(band(0.0).agrees_with(&band(0.5)));
        assert!(!band(0.0).agrees_with(&band(0.6)));
    }
}
