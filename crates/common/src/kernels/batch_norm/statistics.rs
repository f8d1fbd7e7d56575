//! What values are normalised by: of a channel of a batch, or of a sample.

/// What a channel, or a sample, is normalised by.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Statistics {
    /// μ.
    pub mean: f32,
    /// σ², biased.
    pub variance: f32,
    /// r = 1 / √(σ² + ε).
    pub inverse_deviation: f32,
}

impl Statistics {
    /// The statistics of a batch, rounded once each.
    #[inline(always)]
    pub(crate) fn measured(mean: f64, variance: f64, eps: f32) -> Self {
        Self { mean: mean as f32, variance: variance as f32, inverse_deviation: inverse_deviation(variance, eps) }
    }

    /// The statistics of evaluation mode: running ones.
    #[must_use]
    pub fn running(mean: f32, variance: f32, eps: f32) -> Self {
        Self { mean, variance, inverse_deviation: inverse_deviation(f64::from(variance), eps) }
    }
}

/// 1 / √(variance + eps), rounded once from f64.
#[inline(always)]
fn inverse_deviation(variance: f64, eps: f32) -> f32 {
    (1.0 / (variance + f64::from(eps)).sqrt()) as f32
}
