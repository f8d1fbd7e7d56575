//! The contract itself: scalar loops over samples and features.

use super::{Gradients, LayerNorm, Saved};
use crate::kernels::batch_norm::Statistics;

/// The sum of `term` over the features, in the contract's order.
fn sum(features: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut lanes = [0.0f64; 16];
    for i in 0..features {
        lanes[i % 16] += term(i);
    }
    for distance in [8, 4, 2, 1] {
        for lane in 0..distance {
            lanes[lane] += lanes[lane + distance];
        }
    }
    lanes[0]
}

/// The parameter of a feature: its own, or the one for all.
fn of(parameter: &[f32], feature: usize) -> f32 {
    parameter[if parameter.len() == 1 { 0 } else { feature }]
}

/// y and the statistics of each row.
pub fn forward(layer: LayerNorm, x: &[f32], statistics: &mut [Statistics], y: &mut [f32]) {
    let (features, n) = (layer.features, layer.features as f64);
    for (row, statistics) in statistics.iter_mut().enumerate() {
        let value = |i: usize| f64::from(x[row * features + i]);
        let mean = sum(features, value) / n;
        let variance = sum(features, |i| (value(i) - mean) * (value(i) - mean)) / n;
        let inverse_deviation = (1.0 / (variance + f64::from(layer.eps)).sqrt()) as f32;
        *statistics = Statistics { mean: mean as f32, variance: variance as f32, inverse_deviation };
        for i in 0..features {
            let normalized = (x[row * features + i] - statistics.mean) * inverse_deviation;
            y[row * features + i] = of(layer.gamma, i) * normalized + of(layer.beta, i);
        }
    }
}

/// The gradients of x, γ and β.
pub fn backward(layer: LayerNorm, saved: Saved, dy: &[f32], gradients: Gradients) {
    let Gradients { dx, dgamma, dbeta } = gradients;
    let (features, n, rows) = (layer.features, layer.features as f64, saved.statistics.len());
    let normalized = |row: usize, i: usize| {
        (saved.x[row * features + i] - saved.statistics[row].mean) * saved.statistics[row].inverse_deviation
    };
    let of_dy = |row: usize, i: usize| f64::from(dy[row * features + i]);
    let of_products = |row: usize, i: usize| of_dy(row, i) * f64::from(normalized(row, i));
    for row in 0..rows {
        let g = |i: usize| of(layer.gamma, i) * dy[row * features + i];
        let mean = (sum(features, |i| f64::from(g(i))) / n) as f32;
        let mean_product = (sum(features, |i| f64::from(g(i)) * f64::from(normalized(row, i))) / n) as f32;
        for i in 0..features {
            let centred = (g(i) - mean) - normalized(row, i) * mean_product;
            dx[row * features + i] = saved.statistics[row].inverse_deviation * centred;
        }
    }
    let one_for_all = dgamma.len() == 1;
    for i in 0..dgamma.len() {
        let chain = |term: &dyn Fn(usize, usize) -> f64| {
            let of_row = |row| if one_for_all { sum(features, |i| term(row, i)) } else { term(row, i) };
            (0..rows).map(of_row).fold(0.0, |sum, term| sum + term) as f32
        };
        dgamma[i] = chain(&of_products);
        dbeta[i] = chain(&of_dy);
    }
}
