//! Loss functions and their gradients with respect to the network's outputs.
//!
//! Contract: the terms of the samples are computed one by one as the formulas read, then averaged with
//! [`reduce::sum`] and one division by the number of samples N (of entries for the mean squared error), in f64, and rounded
//! once.

use crate::kernels::{functions, fused::Arithmetic, isa::Isa, reduce};
use pulp::{Simd, WithSimd};

/// What the outputs are compared with.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// One value for each output.
    Values(&'a [f32]),
    /// One class index for each sample.
    Classes(&'a [usize]),
}

/// A loss function, a mean over samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// −mean(y ln p + (1 − y) ln(1 − p)) of probabilities p, book section 4.2.3 (its gradient: eq. 4.10 and 4.11).
    ///
    /// Logarithms are cut off at −100, and p (1 − p) in the gradient at 1e-12, as in PyTorch: otherwise a saturated
    /// output makes both infinite.
    BinaryCrossEntropy,
    /// The same of logits z, p = σ(z), in the stable form mean(max(z, 0) − y z + ln(1 + e^−|z|)).
    BinaryCrossEntropyWithLogits,
    /// mean(ln Σ e^z − z\[class\]) of logits: soft-max followed by cross-entropy.
    SoftmaxCrossEntropy,
    /// mean((ŷ − y)²) over all entries.
    MeanSquaredError,
    /// Σ(ŷ − y)² / 2N with N the number of samples: the gradient is (ŷ − y) / N.
    HalfSquaredError,
}

/// The outputs of a network: one row per sample.
#[derive(Debug, Clone, Copy)]
pub struct Outputs<'a> {
    /// Row-major values.
    pub values: &'a [f32],
    /// Outputs of one sample.
    pub columns: usize,
}

impl Outputs<'_> {
    fn samples(&self) -> usize {
        self.values.len() / self.columns
    }
}

/// The logarithm of a probability is cut off here.
const LOWEST_LOG: f32 = -100.0;
/// Terms of a loss that are computed together; a multiple of the lanes of a sum.
const BLOCK: usize = 128;
/// p (1 − p) is not taken below this in the gradient.
const LOWEST_VARIANCE: f32 = 1e-12;

impl Loss {
    /// Computes the loss.
    ///
    /// # Panics
    /// If the targets do not fit the outputs or are of the wrong kind for this loss.
    #[must_use]
    pub fn value(self, isa: Isa, outputs: Outputs, targets: Targets) -> f32 {
        let n = outputs.samples() as f64;
        let mean = |terms: &[f32], n: f64| (reduce::sum(terms) / n) as f32;
        match self {
            Self::BinaryCrossEntropy => (-(log_likelihood(isa, outputs.values, values(targets)) / n)) as f32,
            Self::BinaryCrossEntropyWithLogits => (logit_losses(isa, outputs.values, values(targets)) / n) as f32,
            Self::SoftmaxCrossEntropy => {
                let terms: Vec<f32> = outputs
                    .values
                    .chunks_exact(outputs.columns)
                    .zip(classes(targets))
                    .map(|(logits, class)| {
                        let (largest, excess) = functions::log_sum_exp_parts(isa, logits);
                        (largest - logits[*class]) + excess
                    })
                    .collect();
                mean(&terms, n)
            }
            Self::MeanSquaredError => mean(&squares(outputs, targets), outputs.values.len() as f64),
            Self::HalfSquaredError => mean(&squares(outputs, targets), 2.0 * n),
        }
    }

    /// Computes the gradient of the loss with respect to each output.
    ///
    /// # Panics
    /// If the targets do not fit the outputs or are of the wrong kind for this loss.
    pub fn gradient(self, isa: Isa, outputs: Outputs, targets: Targets, doutputs: &mut [f32]) {
        let n = outputs.samples() as f32;
        let x = outputs.values;
        match self {
            Self::BinaryCrossEntropy => isa.dispatch(CrossEntropyGradient { p: x, y: values(targets), n, dp: doutputs }),
            Self::BinaryCrossEntropyWithLogits => {
                functions::logistic_slice(isa, x, doutputs);
                for (d, y) in doutputs.iter_mut().zip(values(targets)) {
                    *d = (*d - y) / n;
                }
            }
            Self::SoftmaxCrossEntropy => {
                softmax(isa, outputs, doutputs);
                for (row, class) in doutputs.chunks_exact_mut(outputs.columns).zip(classes(targets)) {
                    row[*class] -= 1.0;
                    for d in row {
                        *d /= n;
                    }
                }
            }
            Self::MeanSquaredError => {
                let entries = x.len() as f32;
                for ((d, x), y) in doutputs.iter_mut().zip(x).zip(values(targets)) {
                    *d = 2.0 * (x - y) / entries;
                }
            }
            Self::HalfSquaredError => {
                for ((d, x), y) in doutputs.iter_mut().zip(x).zip(values(targets)) {
                    *d = (x - y) / n;
                }
            }
        }
    }
}

/// Computes the soft-max of each row: e^(z − max z) divided by its sum, the sum one chain in index order.
pub fn softmax(isa: Isa, logits: Outputs, probabilities: &mut [f32]) {
    let shifted: Vec<f32> = logits
        .values
        .chunks_exact(logits.columns)
        .flat_map(|row| {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            row.iter().map(move |z| z - largest)
        })
        .collect();
    functions::exp_slice(isa, &shifted, probabilities);
    for row in probabilities.chunks_exact_mut(logits.columns) {
        let sum = row.iter().fold(0.0f32, |sum, e| sum + e);
        for e in row {
            *e /= sum;
        }
    }
}

/// Σ(max(z, 0) − y z + ln(1 + e^−|z|)), the terms passing through a block on the stack.
fn logit_losses(isa: Isa, z: &[f32], y: &[f32]) -> f64 {
    assert_eq!(z.len(), y.len(), "one label a logit");
    let (mut sum, mut terms) = (reduce::Sum::default(), [0.0; BLOCK]);
    for (z, y) in z.chunks(BLOCK).zip(y.chunks(BLOCK)) {
        let terms = &mut terms[..z.len()];
        functions::map(isa, |by, z| by.softplus(-z.abs()), z, terms);
        for ((term, z), y) in terms.iter_mut().zip(z).zip(y) {
            *term += if *z > 0.0 { *z } else { 0.0 } - y * z;
        }
        sum.add(terms);
    }
    sum.total()
}

/// Σ(y ln p + (1 − y) ln(1 − p)), the terms passing through a block on the stack.
fn log_likelihood(isa: Isa, p: &[f32], y: &[f32]) -> f64 {
    assert_eq!(p.len(), y.len(), "one label a probability");
    isa.dispatch(LogLikelihood { p, y })
}

struct LogLikelihood<'a> {
    p: &'a [f32],
    y: &'a [f32],
}

impl WithSimd for LogLikelihood<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let by = Arithmetic::of::<S>();
        let (mut sum, mut terms) = (reduce::Sum::default(), [0.0; BLOCK]);
        for (p, y) in self.p.chunks(BLOCK).zip(self.y.chunks(BLOCK)) {
            let terms = &mut terms[..p.len()];
            // A label of exactly 0 or 1 needs one logarithm only: the other term is a zero, and adding it would change no bit.
            let mut between = false;
            for ((term, &p), &y) in terms.iter_mut().zip(p).zip(y) {
                *term = cut_off(by.ln(if y == 0.0 { 1.0 - p } else { p }));
                between |= y != 0.0 && y != 1.0;
            }
            if between {
                for ((term, &p), &y) in terms.iter_mut().zip(p).zip(y) {
                    if y != 0.0 && y != 1.0 {
                        *term = y * *term + (1.0 - y) * cut_off(by.ln(1.0 - p));
                    }
                }
            }
            sum.add(terms);
        }
        sum.total()
    }
}

/// (p − y) / p (1 − p) / N.
struct CrossEntropyGradient<'a> {
    p: &'a [f32],
    y: &'a [f32],
    n: f32,
    dp: &'a mut [f32],
}

impl WithSimd for CrossEntropyGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for ((dp, p), y) in self.dp.iter_mut().zip(self.p).zip(self.y) {
            *dp = (p - y) / (p * (1.0 - p)).max(LOWEST_VARIANCE) / self.n;
        }
    }
}

/// The larger of a logarithm and −100; NaN stays NaN, so that a diverging run is seen.
#[inline(always)]
fn cut_off(log: f32) -> f32 {
    if log < LOWEST_LOG { LOWEST_LOG } else { log }
}

fn squares(outputs: Outputs, targets: Targets) -> Vec<f32> {
    outputs.values.iter().zip(values(targets)).map(|(x, y)| (x - y) * (x - y)).collect()
}

fn values(targets: Targets<'_>) -> &[f32] {
    match targets {
        Targets::Values(values) => values,
        Targets::Classes(_) => panic!("this loss compares with values, not with classes"),
    }
}

fn classes(targets: Targets<'_>) -> &[usize] {
    match targets {
        Targets::Classes(classes) => classes,
        Targets::Values(_) => panic!("this loss compares with classes, not with values"),
    }
}
