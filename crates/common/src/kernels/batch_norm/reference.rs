//! The contract itself: scalar loops over samples, channels and positions.

use super::{BatchNorm, Gradients, Saved, Shape, Statistics};
use crate::kernels::lanes::GROUP;

/// The place of a value in lanes.
fn at(shape: Shape, sample: usize, channel: usize, position: usize) -> usize {
    let (features, feature) = (shape.channels * shape.plane, channel * shape.plane + position);
    ((sample / GROUP) * features + feature) * GROUP + sample % GROUP
}

/// The sum of `term` over a channel, in the contract's order.
fn sum(shape: Shape, channel: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut lanes = [0.0f64; GROUP];
    for (lane, sum) in lanes.iter_mut().enumerate() {
        for sample in (lane..shape.samples).step_by(GROUP) {
            for position in 0..shape.plane {
                *sum += term(at(shape, sample, channel, position));
            }
        }
    }
    for distance in [8, 4, 2, 1] {
        for lane in 0..distance {
            lanes[lane] += lanes[lane + distance];
        }
    }
    lanes[0]
}

/// Mean and variance of each channel.
#[must_use]
pub fn statistics(layer: BatchNorm, x: &[f32]) -> Vec<Statistics> {
    let n = layer.shape.count() as f64;
    let channel = |channel| {
        let mean = sum(layer.shape, channel, |i| f64::from(x[i])) / n;
        let variance = sum(layer.shape, channel, |i| (f64::from(x[i]) - mean) * (f64::from(x[i]) - mean)) / n;
        let inverse_deviation = (1.0 / (variance + f64::from(layer.eps)).sqrt()) as f32;
        Statistics { mean: mean as f32, variance: variance as f32, inverse_deviation }
    };
    (0..layer.shape.channels).map(channel).collect()
}

/// Calls `visit` with the channel and the place of every value that belongs to a sample.
fn each(shape: Shape, mut visit: impl FnMut(usize, usize)) {
    for sample in 0..shape.samples {
        for channel in 0..shape.channels {
            for position in 0..shape.plane {
                visit(channel, at(shape, sample, channel, position));
            }
        }
    }
}

/// y, from x and what each channel is normalised by.
pub fn forward(layer: BatchNorm, x: &[f32], statistics: &[Statistics], y: &mut [f32]) {
    y.fill(0.0);
    each(layer.shape, |channel, i| {
        let normalized = (x[i] - statistics[channel].mean) * statistics[channel].inverse_deviation;
        y[i] = layer.gamma[channel] * normalized + layer.beta[channel];
    });
}

/// The gradients of x, γ and β.
pub fn backward(layer: BatchNorm, saved: Saved, dy: &[f32], gradients: Gradients) {
    let Gradients { dx, dgamma, dbeta } = gradients;
    let n = layer.shape.count() as f64;
    let normalized =
        |channel: usize, i: usize| (saved.x[i] - saved.statistics[channel].mean) * saved.statistics[channel].inverse_deviation;
    let of_dy = |channel| sum(layer.shape, channel, |i| f64::from(dy[i]));
    let of_products = |channel| sum(layer.shape, channel, |i| f64::from(dy[i]) * f64::from(normalized(channel, i)));
    for channel in 0..layer.shape.channels {
        dbeta[channel] = of_dy(channel) as f32;
        dgamma[channel] = of_products(channel) as f32;
    }
    let means: Vec<(f32, f32)> =
        (0..layer.shape.channels).map(|channel| ((of_dy(channel) / n) as f32, (of_products(channel) / n) as f32)).collect();
    dx.fill(0.0);
    each(layer.shape, |channel, i| {
        let scale = layer.gamma[channel] * saved.statistics[channel].inverse_deviation;
        let (mean_dy, mean_product) = means[channel];
        dx[i] = scale * ((dy[i] - mean_dy) - normalized(channel, i) * mean_product);
    });
}
