//! 7.5.2 · Layer normalisation
//!
//! y = γ (x − μ) / √(σ² + ε) + β, with mean μ and biased variance σ² of one sample over all units of a layer. No sample depends on another,
//! so that there is nothing to average for test mode, and a batch may have a single sample. Ten random samples pass through the network of
//! `batch-norm`: whatever mean and standard deviation the net inputs of a sample have, after normalisation they are β and γ.
//!
//! What the table also shows: the samples are much alike in layer 4, since β = 3 puts most activations of layer 1 near 1. And two units are
//! too few: after normalisation one of them is β + γ and the other β − γ, so that of a sample only this is left, which of the two was larger.
//!
//! Seen: every sample is normalised by its own mean and standard deviation, so that it gives the same bits alone as in a batch. A
//! layer of two units keeps only which of them is larger.
//!
//! Departs from the book:
//! 1. Its code says `paddle.sqrt(var, self.eps)`, which never adds ε: ours is inside the root, as the formula says. A standard deviation then misses
//!    γ by the relative amount ε / 2σ², which shows where the two units of layer 4 are nearly equal.
//! 2. Its lists of γ and β have one number more, for the output layer, which is not normalised: ours have four.
//! 3. It prints the fourth hidden layer under the name "ln 1": here it is layer 4.

use crate::net_inputs::{Chosen, HIDDEN, LAST, NORMALIZED, RAW, SIZES, batch, net_inputs, network, statistics, tensor};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{layer_norm, tanh},
    cli::one_to,
    lab::{Column, Lab, row},
    matrix::Matrix,
    parameters::Parameters,
    plot::{BoxPanel, BoxPlots},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "layer-norm",
        book: "7.5.2",
        title: "Layer normalisation",
        summary: "The same network, each sample normalised by itself: every sample has the chosen mean and standard deviation, and what is lost with two units.",
    };
    Section::new(heading, [include_str!("layer_norm.rs"), include_str!("layer_norm.zh.md")], run)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Samples
    #[arg(long, default_value_t = 10, value_parser = one_to::<MOST_SAMPLES>)]
    samples: usize,
    #[command(flatten)]
    chosen: Chosen,
}

/// Samples whose boxes can still be told apart.
const MOST_SAMPLES: usize = 20;
/// The layers that the book prints.
const SHOWN: [usize; 2] = [0, LAST];

/// Passes the samples through the network, prints and draws their statistics.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Args { samples, chosen } = args;
    chosen.check()?;
    let x = batch(*samples, &mut lab.stream("data"));
    let mut mlp = network(|| [layer_norm(chosen.eps), tanh()], lab);
    chosen.set(&mut mlp)?;
    mlp.forward_training(&x);
    let (raw, normalized) = (net_inputs(&mlp, RAW), net_inputs(&mlp, NORMALIZED));

    let mut within = true;
    for layer in SHOWN {
        let [gamma, beta] = [chosen.gamma[layer], chosen.beta[layer]].map(f64::from);
        let line = if layer > 0 { "\n" } else { "" };
        let number = layer + 1;
        writeln!(lab, "{line}Layer {number}: {} units, beta = {beta}, gamma = {gamma}", SIZES[number])?;
        let (mut means, mut deviations, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for sample in 0..*samples {
            let [before, after] = [&raw, &normalized].map(|z| statistics(z[layer].row(sample).iter().copied()));
            let numbers = [before.0, before.1, after.0, after.1];
            rows.push(row(sample.to_string(), numbers.map(|x| format!("{x:.5}"))));
            let missed_for_eps = gamma * f64::from(chosen.eps) / (2.0 * before.1 * before.1);
            within &= (after.0 - beta).abs() < 5e-6 && (after.1 - gamma).abs() < missed_for_eps + 5e-6;
            means.push(after.0);
            deviations.push(after.1);
        }
        lab.table(&Column::labelled("sample", ["mean before", "sd before", "mean after", "sd after"]), rows)?;
        lab.metric(format!("layer {number}, mean furthest from beta"), furthest(&means, beta));
        lab.metric(format!("layer {number}, standard deviation furthest from gamma"), furthest(&deviations, gamma));
    }
    let figure = BoxPlots::new("200 net inputs of each sample in layer 1");
    let figure = figure.panel(panel("before normalisation", &raw[0])).panel(panel("after normalisation", &normalized[0]));
    lab.figure("samples", &figure.render()?)?;
    lab.fingerprint(&Parameters(vec![tensor("layer 0", &normalized[0]), tensor("layer 3", &normalized[LAST])]));

    lab.claim("every sample has the mean beta and the standard deviation gamma, but for what epsilon takes", within);
    let explained = (0..HIDDEN).all(|layer| chosen.explains(layer, &raw[layer], &normalized[layer]));
    lab.claim("the formula in f64 gives every net input to four decimals", explained);
    let alone = (0..*samples).all(|sample| {
        mlp.forward_training(&x.select(&[sample]));
        net_inputs(&mlp, NORMALIZED).iter().zip(&normalized).all(|(alone, batch)| alone.row(0) == batch.row(sample))
    });
    lab.claim("a sample alone has the same bits as in the batch", alone);
    let (gamma, beta) = (chosen.gamma[LAST], chosen.beta[LAST]);
    let near = |z: f32, other: f32| (z - other).abs() < 0.01;
    let two = |row: &[f32]| near(row[0].max(row[1]), beta + gamma) && near(row[0].min(row[1]), beta - gamma);
    lab.claim("two units leave only which of them is larger", normalized[LAST].iter_rows().all(two));
    Ok(())
}

/// The value that is furthest from the one that is wanted.
fn furthest(values: &[f64], wanted: f64) -> f64 {
    let further = |a: f64, b: f64| if (b - wanted).abs() > (a - wanted).abs() { b } else { a };
    values.iter().copied().fold(wanted, further)
}

/// The net inputs of each sample.
fn panel(title: &str, z: &Matrix) -> BoxPanel {
    let samples = z.iter_rows().enumerate();
    samples
        .fold(BoxPanel::new(title, "net input").numbered("sample"), |panel, (sample, row)| panel.group(sample.to_string(), row))
}
