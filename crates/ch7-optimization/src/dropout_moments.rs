//! 7.6.5: what 1 / (1 − p) keeps. The book says the variance; it is the mean.
//!
//! With x̃ = x m / (1 − p), where m is 1 with probability 1 − p and otherwise 0,
//!
//! ```text
//! E x̃   = x
//! Var x̃ = E x² / (1 − p) − (E x)² = Var x + p / (1 − p) · E x²
//! ```
//!
//! over samples and masks. A net input behind it, z̃ = Σ w x̃ + b, has the mean of z, and p / (1 − p) · E Σ (w x)² more variance.

use anyhow::{Result, ensure};
use common::{
    kernels::{Activation, dropout, isa::Isa, reduce::mean_and_deviation},
    lab::{Column, Lab, row},
    layers::{Activate, Linear},
    matrix::Matrix,
    parameters::{Parameter, Parameters},
};
use std::fmt::Write;

/// Masks that every sample passes.
const MASKS: usize = 1000;

/// Passes samples through the first hidden layer of a network and many masks of rate p; prints mean and variance of the activation
/// that is largest on average, and of the first net input behind the layer, without masks and with them.
pub(crate) fn show(network: &Parameters, x: &Matrix, rate: f32, lab: &mut Lab) -> Result<()> {
    let [first, second] = [linear(network, 0)?, linear(network, 1)?];
    let a = Activate(Activation::Relu).forward(&first.forward(x));
    let means = (0..a.columns()).map(|unit| statistics(a.column(unit)).mean);
    let Some((unit, _)) = means.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)) else {
        unreachable!("a layer has at least one unit")
    };
    let (mut keep, mut masked) = (vec![false; a.values().len()], Matrix::zeros(a.rows(), a.columns()));
    let (mut activations, mut net_inputs) = (Vec::new(), Vec::new());
    let (mut stream, mut dropped) = (lab.stream("masks"), 0);
    for _ in 0..MASKS {
        dropout::draw(rate, &mut stream, &mut keep);
        dropped += keep.iter().filter(|keep| !**keep).count();
        dropout::apply(Isa::best(), rate, &keep, a.values(), masked.values_mut());
        activations.extend(masked.column(unit));
        net_inputs.extend(second.forward(&masked).column(0));
    }

    let more = f64::from(rate) / (1.0 - f64::from(rate));
    let square = |x: f32| f64::from(x) * f64::from(x);
    let added = a.iter_rows().map(|row| {
        let weights = (0..a.columns()).map(|unit| second.weight.row(unit)[0]);
        row.iter().zip(weights).map(|(x, w)| square(x * w)).sum::<f64>()
    });
    let squares = a.column(unit).map(square);
    let pairs = [
        ("activation", a.column(unit).collect::<Vec<_>>(), activations, more * mean(squares)),
        ("net input", second.forward(&a).column(0).collect(), net_inputs, more * mean(added)),
    ];
    let (mut keeps_mean, mut adds_variance, mut rows) = (true, true, Vec::new());
    for (what, without, with, added) in pairs {
        let [without, with] = [without, with].map(statistics);
        let expected = without.variance + added;
        let error = (added / (MASKS * x.rows()) as f64).sqrt();
        keeps_mean &= (with.mean - without.mean).abs() <= 4.0 * error;
        adds_variance &= (with.variance / expected - 1.0).abs() < 0.02;
        let numbers = [without.mean, with.mean, without.variance, with.variance, expected];
        let is_finite = numbers.iter().all(|number| number.is_finite());
        ensure!(is_finite, "the moments of the {what} are not finite: training diverged; try a smaller learning rate");
        rows.push(row(what, numbers.map(|x| format!("{x:.4}"))));
        lab.metric(format!("{what}, variance with masks / without"), with.variance / without.variance);
    }
    writeln!(lab, "\none activation and one net input of the next layer, training samples, {MASKS} masks each")?;
    lab.table(&Column::labelled("", ["mean", "with masks", "variance", "with masks", "by formula"]), rows)?;
    let (p, draws) = (f64::from(rate), (MASKS * keep.len()) as f64);
    let error = (p * (1.0 - p) / draws).sqrt();
    lab.claim("p is the share of activations that are dropped", (dropped as f64 / draws - p).abs() <= 4.0 * error);
    let mut da = vec![f32::NAN; keep.len()];
    dropout::apply(Isa::best(), rate, &keep, &vec![1.0; keep.len()], &mut da);
    lab.claim("the gradient of what is dropped is exactly 0", keep.iter().zip(&da).all(|(keep, da)| *keep == (*da != 0.0)));
    lab.claim("1 / (1 − p) keeps the means, to within four standard errors", keeps_mean);
    lab.claim("it does not keep the variances: masks add p / (1 − p) times a mean square, to within 2 %", adds_variance);
    Ok(())
}

/// The affine layer number `index` of a network of 2-20-3-1 units.
fn linear(Parameters(tensors): &Parameters, index: usize) -> Result<Linear> {
    let pair: Vec<&Parameter> = tensors.iter().skip(2 * index).take(2).collect();
    let [weight, bias] = pair[..] else { anyhow::bail!("a network of more than {index} affine layers is wanted") };
    ensure!(weight.shape.len() == 2, "{} is a matrix, not of shape {:?}", weight.name, weight.shape);
    let matrix = Matrix::new(weight.shape[0], weight.shape[1], weight.values.clone());
    Ok(Linear { weight: matrix, bias: bias.values.clone() })
}

struct Statistics {
    mean: f64,
    variance: f64,
}

fn statistics(values: impl IntoIterator<Item = f32>) -> Statistics {
    let (mean, deviation) = mean_and_deviation(&values.into_iter().map(f64::from).collect::<Vec<_>>());
    Statistics { mean, variance: deviation * deviation }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    mean_and_deviation(&values.collect::<Vec<_>>()).0
}
