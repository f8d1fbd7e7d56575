//! Schedules of the learning rate, exercise of book section 7.3.2.

use std::f64::consts::PI;

/// The learning rate α of each step t = 0, 1, 2, …; t may as well count epochs.
///
/// Formulas are those of the theory book, section 7.2.3, evaluated in f64 as they are written, and rounded to f32 once.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// α₀.
    Constant {
        /// α₀.
        initial: f64,
    },
    /// α₀ · fᵢ from step bᵢ on, for the last boundary that is reached; α₀ before the first.
    PiecewiseConstant {
        /// α₀.
        initial: f64,
        /// (bᵢ, fᵢ), in increasing order of bᵢ. The factors do not accumulate.
        pieces: Vec<(usize, f64)>,
    },
    /// α₀ · 1 / (1 + β t).
    InverseTime {
        /// α₀.
        initial: f64,
        /// β.
        beta: f64,
    },
    /// α₀ / √(t + 1): the decay that book section 7.3.3.2 names for Adam, whose t counts from 1.
    InverseSquareRoot {
        /// α₀.
        initial: f64,
    },
    /// α₀ · βᵗ.
    Exponential {
        /// α₀.
        initial: f64,
        /// β, below one.
        beta: f64,
    },
    /// α₀ · e^(−β t).
    NaturalExponential {
        /// α₀.
        initial: f64,
        /// β.
        beta: f64,
    },
    /// ½ · α₀ · (1 + cos(π t / T)), made for t ≤ T: it rises again afterwards.
    Cosine {
        /// α₀.
        initial: f64,
        /// T, when it is zero.
        steps: usize,
    },
    /// α₀ · min(t / T, 1): gradual warm-up.
    WarmUp {
        /// α₀.
        initial: f64,
        /// T, when the warm-up ends.
        steps: usize,
    },
    /// A triangle wave: up from the lowest to the highest rate in T steps, and down again in as many.
    ///
    /// lowest + (highest − lowest) · max(0, 1 − b), b = abs(t / T − 2 m + 1), m = ⌊1 + t / (2 T)⌋.
    Triangular {
        /// The rate of steps 0, 2T, 4T, …
        lowest: f64,
        /// The rate of steps T, 3T, …
        highest: f64,
        /// T.
        half_period: usize,
    },
}

impl Schedule {
    /// The learning rate of step `t`, counted from 0.
    #[must_use]
    pub fn at(&self, t: usize) -> f32 {
        let time = t as f64;
        let rate = match self {
            Self::Constant { initial } => *initial,
            Self::PiecewiseConstant { initial, pieces } => {
                let reached = pieces.iter().rev().find(|(boundary, _)| t >= *boundary);
                initial * reached.map_or(1.0, |(_, factor)| *factor)
            }
            Self::InverseTime { initial, beta } => initial * (1.0 / (1.0 + beta * time)),
            Self::InverseSquareRoot { initial } => initial / (time + 1.0).sqrt(),
            Self::Exponential { initial, beta } => initial * libm::pow(*beta, time),
            Self::NaturalExponential { initial, beta } => initial * libm::exp(-beta * time),
            Self::Cosine { initial, steps } => 0.5 * initial * (1.0 + libm::cos(PI * time / *steps as f64)),
            Self::WarmUp { initial, steps } => initial * (time / *steps as f64).min(1.0),
            Self::Triangular { lowest, highest, half_period } => {
                let length = *half_period as f64;
                let m = (1.0 + time / (2.0 * length)).floor();
                let b = (time / length - 2.0 * m + 1.0).abs();
                lowest + (highest - lowest) * (1.0 - b).max(0.0)
            }
        };
        rate as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schedule: &Schedule, expected: &[(usize, f32)]) {
        for (t, rate) in expected {
            assert_eq!(schedule.at(*t), *rate, "{schedule:?} at {t}");
        }
    }

    #[test]
    fn rates_are_exact_where_the_formula_is() {
        let initial = 0.5;
        check(&Schedule::Constant { initial }, &[(0, 0.5), (1000, 0.5)]);
        let pieces = vec![(10, 0.5), (20, 0.125)];
        check(
            &Schedule::PiecewiseConstant { initial, pieces },
            &[(0, 0.5), (9, 0.5), (10, 0.25), (19, 0.25), (20, 0.0625), (99, 0.0625)],
        );
        check(&Schedule::InverseTime { initial, beta: 1.0 }, &[(0, 0.5), (1, 0.25), (3, 0.125)]);
        check(&Schedule::InverseSquareRoot { initial }, &[(0, 0.5), (3, 0.25), (24, 0.1)]);
        check(&Schedule::Exponential { initial, beta: 0.5 }, &[(0, 0.5), (1, 0.25), (4, 0.03125)]);
        check(&Schedule::NaturalExponential { initial, beta: 1.0 }, &[(0, 0.5), (1, 0.18393972)]);
        check(&Schedule::Cosine { initial, steps: 8 }, &[(0, 0.5), (4, 0.25), (8, 0.0)]);
        check(&Schedule::WarmUp { initial, steps: 4 }, &[(0, 0.0), (1, 0.125), (4, 0.5), (9, 0.5)]);
        let wave = Schedule::Triangular { lowest: 0.25, highest: 0.75, half_period: 4 };
        check(&wave, &[(0, 0.25), (1, 0.375), (4, 0.75), (6, 0.5), (8, 0.25), (12, 0.75)]);
    }
}
