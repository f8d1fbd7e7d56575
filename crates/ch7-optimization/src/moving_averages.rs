//! 7.5.1.4: what batch normalisation keeps for test mode, and what it is good for.

use crate::net_inputs::{HIDDEN, LAST, NORMALIZED, RAW, SIZES, batch, net_inputs, statistics, tensor};
use anyhow::Result;
use clap::Args;
use common::{
    chain::Chain,
    cli::{fraction, one_to},
    lab::Lab,
    layers::batch_norm::Settings,
    matrix::Matrix,
    parameters::{Parameter, Parameters},
    plot::{CurvePanel, Curves, Dash, Series, Svg, theme},
    train::Network,
};
use std::fmt::Write;

/// The unit of the last hidden layer that is drawn.
const SHOWN: usize = 1;
/// Samples that stand for all there are.
const MANY: usize = 10_000;
/// Samples in test mode, the book's number.
const TEST_SAMPLES: usize = 5;

/// Mean and variance of each unit of that layer.
type Units = Vec<[f64; 2]>;

/// How a network is fed.
#[derive(Debug, Clone, Args)]
pub(crate) struct Feeding {
    /// Share of the moving averages that a batch leaves as it is
    #[arg(long, default_value_t = Settings::BOOK.averaging.momentum, value_parser = fraction)]
    pub(crate) momentum: f32,
    /// Batches that the moving averages see after the first
    #[arg(long, default_value_t = 50, value_parser = one_to::<10_000>)]
    passes: usize,
}

/// A network that has seen some batches.
struct Fed {
    mlp: Chain,
    /// The moving mean of the unit that is drawn after each batch.
    means: Vec<f64>,
    /// What the batches were drawn from: the same batch itself, or very many samples.
    source: Units,
}

/// Feeds a network that has seen `x` with `x` again, and another with fresh batches; shows their averages, and the latter in test mode.
pub(crate) fn show(mlp: &Chain, x: &Matrix, feeding: &Feeding, lab: &mut Lab) -> Result<()> {
    let (momentum, passes) = (f64::from(feeding.momentum), feeding.passes);
    let mut inputs = lab.stream("fresh data");
    let many = batch(MANY, &mut lab.stream("many samples"));
    let same = feed(mlp, x, passes, || x.clone())?;
    let fresh = feed(mlp, &many, passes, || batch(x.rows(), &mut inputs))?;
    let left = (0..=passes).fold(1.0, |share, _| share * momentum);
    writeln!(lab, "\nMoving averages of layer {HIDDEN} after the first batch and {passes} more: the same again, or fresh ones.")?;
    writeln!(lab, "They start at mean 0 and variance 1, of which {left:.5} is left.")?;
    writeln!(lab, "{:<16} {:>23}   {:>23}", "", "the same batch", "fresh batches")?;
    writeln!(lab, "{:<16} {:>11} {:>11}   {:>11} {:>11}", "", "average", "its value", "average", "of 10,000")?;
    let (mut arrived, mut near) = (true, true);
    for (unit, source) in fresh.source.iter().enumerate() {
        let number = unit + 1;
        let averages = [averages(&same.mlp)?[unit], averages(&fresh.mlp)?[unit]];
        for (kind, (what, start)) in [("mean", 0.0), ("variance", 1.0)].into_iter().enumerate() {
            let [again, anew] = [(0, &same), (1, &fresh)].map(|(fed, of)| (averages[fed][kind], of.source[unit][kind]));
            let cells = [again, anew].map(|(average, value)| format!("{average:>11.4} {value:>11.4}")).join("   ");
            writeln!(lab, "{:<16} {cells}", format!("unit {number}, {what}"))?;
            lab.metric(format!("same batch, unit {number}, moving {what}"), again.0);
            lab.metric(format!("fresh batches, unit {number}, moving {what}"), anew.0);
            arrived &= (again.0 - (left * start + (1.0 - left) * again.1)).abs() < 1e-5 * source[1];
            // The standard error of a mean or variance of one batch, less what averaging takes away.
            let of_a_batch = [source[1], 2.0 * source[1] * source[1]][kind] / x.rows() as f64;
            let error = (of_a_batch * (1.0 - momentum) / (1.0 + momentum)).sqrt();
            near &= (anew.0 - anew.1).abs() < 5.0 * error + left * (anew.1 - start).abs();
        }
    }
    lab.figure("moving-averages", &figure(&same, &fresh)?)?;
    lab.claim("averages over one batch are its statistics, but for what is left of the start", arrived);
    lab.claim("averages over fresh batches are within five standard errors of the statistics of 10,000 samples", near);
    test(&fresh.mlp, lab)
}

/// Feeds a network with the batches that `next` gives.
fn feed(mlp: &Chain, source: &Matrix, passes: usize, mut next: impl FnMut() -> Matrix) -> Result<Fed> {
    let mut first = mlp.clone();
    first.forward_training(source);
    let z = &net_inputs(&first, RAW)[LAST];
    let units = (0..z.columns()).map(|unit| statistics(z.column(unit)));
    let mut fed = Fed { mlp: mlp.clone(), means: Vec::new(), source: units.map(|(mean, sd)| [mean, sd * sd]).collect() };
    fed.means.push(averages(mlp)?[SHOWN][0]);
    for _ in 0..passes {
        fed.mlp.forward_training(&next());
        fed.means.push(averages(&fed.mlp)?[SHOWN][0]);
    }
    Ok(fed)
}

/// The moving averages of each unit.
fn averages(mlp: &Chain) -> Result<Units> {
    let (parameters, place) = (mlp.parameters(), NORMALIZED[LAST]);
    let averages = |name: &str| Ok(parameters.get(&format!("{place}.{name}"), &[SIZES[LAST + 1]])?.values.clone());
    let [means, variances]: [Result<Vec<f32>>; 2] = ["running_mean", "running_variance"].map(averages);
    Ok(means?.into_iter().zip(variances?).map(|(mean, variance)| [mean, variance].map(f64::from)).collect())
}

/// The shown unit's moving mean, batch after batch, and what it is an average of.
fn figure(same: &Fed, fresh: &Fed) -> Result<Svg> {
    let mut panel = CurvePanel::new("batch", "moving mean");
    for (name, fed, target, color) in [
        ("the same batch again", same, "mean of that batch", theme::DEV),
        ("fresh batches", fresh, "mean of 10,000 samples", theme::TRAIN),
    ] {
        let (mean, last) = (fed.source[SHOWN][0], fed.means.len() as f64);
        panel = panel
            .with(Series::sampled(name, &fed.means, 1.0, 1.0).colored(color))
            .with(Series::new(target, [(1.0, mean), (last, mean)]).colored(color).dashed(Dash::Dotted));
    }
    Curves::new(format!("Layer {HIDDEN}, unit {}: the mean that test mode will use", SHOWN + 1)).panel(panel).render()
}

/// A few samples in test mode and in training mode, together and alone.
fn test(mlp: &Chain, lab: &mut Lab) -> Result<()> {
    let x = batch(TEST_SAMPLES, &mut lab.stream("test data"));
    // A copy sees the samples: the moving averages stay.
    let pass = |forward: fn(&mut Chain, &Matrix), x: &Matrix| {
        let mut mlp = mlp.clone();
        forward(&mut mlp, x);
        let [.., last] = net_inputs(&mlp, NORMALIZED);
        last
    };
    let (tested, trained) = (pass(Chain::forward_evaluation, &x), pass(Chain::forward_training, &x));
    let what = "normalised by the averages over fresh batches, or by themselves";
    writeln!(lab, "\nLayer {HIDDEN} for {TEST_SAMPLES} new samples, {what}")?;
    writeln!(lab, "{:<6} {:>21}   {:>21}", "", "test mode", "training mode")?;
    writeln!(lab, "{:<6} {:>10} {:>10}   {:>10} {:>10}", "sample", "unit 1", "unit 2", "unit 1", "unit 2")?;
    for (sample, (test, train)) in tested.iter_rows().zip(trained.iter_rows()).enumerate() {
        writeln!(lab, "{sample:<6} {:>10.4} {:>10.4}   {:>10.4} {:>10.4}", test[0], test[1], train[0], train[1])?;
    }
    let alone_as =
        |forward, batch: &Matrix| (0..TEST_SAMPLES).all(|sample| pass(forward, &x.select(&[sample])).row(0) == batch.row(sample));
    lab.claim("in test mode a sample alone has the same bits as among others", alone_as(Chain::forward_evaluation, &tested));
    lab.claim("in training mode it does not", !alone_as(Chain::forward_training, &trained));

    let values: Vec<f32> = averages(mlp)?.concat().into_iter().map(|x| x as f32).collect();
    let averages = Parameter { name: "moving averages".to_owned(), shape: vec![values.len()], values };
    lab.fingerprint(&Parameters(vec![tensor("test mode", &tested), averages]));
    Ok(())
}
