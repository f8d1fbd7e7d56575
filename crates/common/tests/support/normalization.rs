//! Batch normalisation, layer normalisation and dropout against PyTorch: cases of any shape.

use super::{cases, check, read};
use crate::support::{Tensor, Tolerance};
use common::kernels::{
    batch_norm::{self, Averaging, BatchNorm, Shape, Statistics},
    dropout,
    isa::Isa,
    lanes,
    layer_norm::{self, LayerNorm},
};
use serde::Deserialize;

/// Each value within 1e-5 of its own size, or of one (of the largest, if that is smaller), and ten roundings of the largest of the terms that
/// it is the sum of: where they cancel, as for two features, nothing is left but their roundings.
#[track_caller]
fn check_values(what: &str, ours: &[f32], expected: &[f64], largest_term: f32) {
    let largest = expected.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    assert_eq!(ours.len(), expected.len(), "{what}: number of values");
    for (i, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        let absolute = 1e-5 * expected.abs().max(largest.min(1.0)) + 6e-7 * f64::from(largest_term);
        check(&format!("{what} {i}"), &[*ours], &[*expected], Tolerance { relative: 0.0, absolute });
    }
}

fn largest(values: impl IntoIterator<Item = f32>) -> f32 {
    values.into_iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

/// The slope 1 / √(σ² + ε) of a normalisation, larger where μ is large beside σ: there the rounding of μ is what shows.
fn slope(statistics: &Statistics) -> f32 {
    statistics.inverse_deviation * (1.0 + statistics.mean.abs() * statistics.inverse_deviation)
}

#[derive(Deserialize)]
struct RunningStatistics {
    mean: Tensor,
    var_unbiased: Tensor,
    var_biased: Tensor,
}

#[derive(Deserialize)]
struct BatchNormCase {
    eps: f64,
    momentum_keep: f64,
    gamma: Tensor,
    beta: Tensor,
    batches: Vec<Tensor>,
    dy: Tensor,
    y_last_f64: Tensor,
    dx_last_f64: Tensor,
    dgamma_f64: Tensor,
    dbeta_f64: Tensor,
    running_f64: Vec<RunningStatistics>,
    eval_batch0_biased_f64: Tensor,
    eval_batch0_unbiased_f64: Tensor,
}

/// The shape of samples × channels × anything.
fn shape(x: &Tensor) -> Shape {
    Shape { samples: x.shape[0], channels: x.shape[1], plane: x.shape[2..].iter().product() }
}

fn in_lanes(x: &Tensor) -> Vec<f32> {
    let mut laid_out = vec![f32::NAN; shape(x).size()];
    lanes::from_rows(&x.values(), shape(x).channels * shape(x).plane, &mut laid_out);
    laid_out
}

fn rows(shape: Shape, laid_out: &[f32]) -> Vec<f32> {
    let features = shape.channels * shape.plane;
    let mut rows = vec![f32::NAN; shape.samples * features];
    lanes::to_rows(laid_out, features, &mut rows);
    rows
}

impl BatchNormCase {
    /// Feeds all batches with one kind of running variance, compares that after each, and the outputs of evaluation.
    fn check_running(&self, what: &str, unbiased: bool) {
        let (gamma, beta, eps) = (self.gamma.values(), self.beta.values(), self.eps as f32);
        let averaging = Averaging { momentum: self.momentum_keep as f32, unbiased };
        let (mut mean, mut variance) = (vec![0.0; gamma.len()], vec![1.0; gamma.len()]);
        assert_eq!(self.batches.len(), self.running_f64.len(), "{what}: running statistics after each batch");
        for (k, (batch, expected)) in self.batches.iter().zip(&self.running_f64).enumerate() {
            let layer = BatchNorm { shape: shape(batch), eps, gamma: &gamma, beta: &beta };
            let mut statistics = vec![Statistics::default(); gamma.len()];
            layer.statistics(Isa::best(), &in_lanes(batch), &mut statistics);
            averaging.update(layer.shape.count(), &statistics, &mut mean, &mut variance);
            check_values(&format!("{what}, running mean {k}"), &mean, &expected.mean.data, 0.0);
            let expected = if unbiased { &expected.var_unbiased } else { &expected.var_biased };
            check_values(&format!("{what}, running variance {k}"), &variance, &expected.data, 0.0);
        }
        let layer = BatchNorm { shape: shape(&self.batches[0]), eps, gamma: &gamma, beta: &beta };
        let frozen: Vec<Statistics> = mean.iter().zip(&variance).map(|(m, v)| Statistics::running(*m, *v, eps)).collect();
        let mut y = vec![f32::NAN; layer.shape.size()];
        layer.forward(Isa::best(), &in_lanes(&self.batches[0]), &frozen, &mut y);
        let expected = if unbiased { &self.eval_batch0_unbiased_f64 } else { &self.eval_batch0_biased_f64 };
        check_values(&format!("{what}, evaluation"), &rows(layer.shape, &y), &expected.data, 0.0);
    }

    /// Compares outputs and gradients of the last batch.
    fn check_last_batch(&self, what: &str) {
        let (isa, gamma, beta) = (Isa::best(), self.gamma.values(), self.beta.values());
        let last = self.batches.last().expect("a batch");
        let layer = BatchNorm { shape: shape(last), eps: self.eps as f32, gamma: &gamma, beta: &beta };
        let (x, dy) = (in_lanes(last), in_lanes(&self.dy));
        let (mut statistics, mut y) = (vec![Statistics::default(); gamma.len()], vec![f32::NAN; x.len()]);
        layer.statistics(isa, &x, &mut statistics);
        layer.forward(isa, &x, &statistics, &mut y);
        check_values(&format!("{what}, y"), &rows(layer.shape, &y), &self.y_last_f64.data, 0.0);

        let (mut dx, mut dgamma, mut dbeta) = (vec![f32::NAN; x.len()], gamma.clone(), gamma.clone());
        let gradients = batch_norm::Gradients { dx: &mut dx, dgamma: &mut dgamma, dbeta: &mut dbeta };
        layer.backward(isa, batch_norm::Saved { x: &x, statistics: &statistics }, &dy, gradients);
        let term = largest(gamma.iter().zip(&statistics).map(|(gamma, s)| gamma * slope(s))) * largest(self.dy.values());
        check_values(&format!("{what}, dx"), &rows(layer.shape, &dx), &self.dx_last_f64.data, term);
        check_values(&format!("{what}, dgamma"), &dgamma, &self.dgamma_f64.data, 0.0);
        check_values(&format!("{what}, dbeta"), &dbeta, &self.dbeta_f64.data, 0.0);
    }
}

#[test]
fn batch_normalization_agrees() {
    for (i, case) in cases::<BatchNormCase>("batchnorm").iter().enumerate() {
        let what = format!("batch norm {i}");
        case.check_running(&what, false);
        case.check_running(&what, true);
        case.check_last_batch(&what);
    }
}

/// A case of layer normalisation; the one of images has no gradients.
#[derive(Deserialize)]
struct LayerNormCase {
    eps: f64,
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    y_f64: Tensor,
    dy: Option<Tensor>,
    dx_f64: Option<Tensor>,
    dgamma_f64: Option<Tensor>,
    dbeta_f64: Option<Tensor>,
}

impl LayerNormCase {
    /// Compares outputs and, where they are given, gradients of samples with so many features.
    fn check(&self, what: &str, features: usize) {
        let (isa, x, gamma, beta) = (Isa::best(), self.x.values(), self.gamma.values(), self.beta.values());
        let layer = LayerNorm { features, eps: self.eps as f32, gamma: &gamma, beta: &beta };
        let (mut statistics, mut y) = (vec![Statistics::default(); x.len() / features], vec![f32::NAN; x.len()]);
        layer.forward(isa, &x, &mut statistics, &mut y);
        check_values(&format!("{what}, y"), &y, &self.y_f64.data, 0.0);
        let Some(dy) = &self.dy else { return };
        let dy = dy.values();
        let (mut dx, mut dgamma, mut dbeta) = (vec![f32::NAN; x.len()], gamma.clone(), gamma.clone());
        let gradients = layer_norm::Gradients { dx: &mut dx, dgamma: &mut dgamma, dbeta: &mut dbeta };
        layer.backward(isa, layer_norm::Saved { x: &x, statistics: &statistics }, &dy, gradients);
        let term = largest(statistics.iter().map(slope)) * largest(gamma.clone()) * largest(dy);
        let compare = |name: &str, ours: &[f32], expected: &Option<Tensor>, term| {
            let expected = expected.as_ref().unwrap_or_else(|| panic!("{what}: no {name}"));
            check_values(&format!("{what}, {name}"), ours, &expected.data, term);
        };
        compare("dx", &dx, &self.dx_f64, term);
        compare("dgamma", &dgamma, &self.dgamma_f64, 0.0);
        compare("dbeta", &dbeta, &self.dbeta_f64, 0.0);
    }
}

#[test]
fn layer_normalization_agrees() {
    for (i, case) in cases::<LayerNormCase>("layernorm").iter().enumerate() {
        case.check(&format!("layer norm {i}"), *case.x.shape.last().expect("features"));
    }
}

#[derive(Deserialize)]
struct Images {
    case_chw: LayerNormCase,
}

#[test]
fn layer_normalization_of_images_agrees() {
    let Some(Images { case_chw }) = read::<Images>("layernorm.json") else { return };
    case_chw.check("layer norm of images", case_chw.x.shape[1..].iter().product());
}

#[derive(Deserialize)]
struct DropoutCase {
    rate: f64,
    x: Tensor,
    mask: Tensor,
    dy: Tensor,
    y_f64: Tensor,
    dx_f64: Tensor,
}

#[test]
fn dropout_agrees() {
    for (i, case) in cases::<DropoutCase>("dropout").iter().enumerate() {
        let keep: Vec<bool> = case.mask.values().iter().map(|keep| *keep != 0.0).collect();
        for (name, from, expected) in [("y", &case.x, &case.y_f64), ("dx", &case.dy, &case.dx_f64)] {
            let mut to = vec![f32::NAN; keep.len()];
            dropout::apply(Isa::best(), case.rate as f32, &keep, &from.values(), &mut to);
            check_values(&format!("dropout {i}, {name}"), &to, &expected.data, 0.0);
        }
    }
}
