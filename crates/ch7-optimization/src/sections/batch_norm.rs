//! 7.5.1.1–7.5.1.4 · Batch normalisation
//!
//! y = γ (x − μ) / √(σ² + ε) + β, with mean μ and biased variance σ² of one unit over the batch. A network `100-200-400-300-2-2` with
//! tanh and weights from N(0, 1) gets 200 samples from N(0, 1). Without normalisation the net inputs of every layer have standard deviations
//! above 10, so that from 79 to 89 % of the activations are beyond ±0.99; and means and standard deviations differ from layer to layer and would
//! move with every change of the weights before: the internal covariate shift. With normalisation each layer has the mean β and the standard
//! deviation γ that were chosen.
//!
//! For test mode each unit keeps moving averages of the batches' statistics, m ← 0.9 m + 0.1 μ. They start at 0 and 1, and after k equal
//! batches they are the share 1 − 0.9ᵏ of the way to the batch's. In test mode the output for a sample no longer depends on the samples beside it.
//!
//! Seen: without normalisation the net inputs spread until most units are saturated; with it every layer has the mean β and the
//! standard deviation γ that were chosen. In test mode the moving averages stand in for a batch.
//!
//! Departs from the book:
//! 1. All networks have the same weights, so that only the normalisation differs: the book draws anew for each.
//! 2. Its loop draws new inputs and then passes the same `data` 50 times more: both are shown, the same batch (as printed) and fresh
//!    ones (as meant). The five samples in test mode meet the averages of the latter.
//! 3. Its lists of γ and β have one number more, for the output layer, which is not normalised: ours have four.
//! 4. It prints the first and the fourth hidden layer: here all four are, counted from 1.

use crate::{
    moving_averages::{self, Feeding},
    net_inputs::{Chosen, HIDDEN, LAST, NORMALIZED, NetInputs, PLAIN, RAW, SIZES, batch, net_inputs, network, statistics},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{batch_norm, tanh},
    cli::{UsageError, one_to},
    kernels::{Activation, batch_norm::Averaging},
    lab::{Column, Lab},
    layers::{Activate, batch_norm::Settings},
    matrix::Matrix,
    plot::{Histogram, Histograms, Svg, theme},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "batch-norm",
        book: "7.5.1.1-7.5.1.4",
        title: "Batch normalisation",
        summary: "A deep tanh network with and without it: net inputs of each layer, chosen means and standard deviations, moving averages, test mode.",
    };
    Section::new(heading, [include_str!("batch_norm.rs"), include_str!("batch_norm.zh.md")], run)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Samples of the batch
    #[arg(long, default_value_t = 200, value_parser = one_to::<100_000>)]
    samples: usize,
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    feeding: Feeding,
}

/// Shows the network without and with batch normalisation, then what it keeps for test mode.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    args.chosen.check()?;
    if args.samples < 2 {
        let message = "--samples 1: a single sample has no variance to be normalised by, take at least 2";
        return Err(UsageError(message.to_owned()).into());
    }
    let x = batch(args.samples, &mut lab.stream("data"));
    let (mean, sd) = statistics(x.values().iter().copied());
    writeln!(lab, "{} samples of {} features: mean {mean:.5}, standard deviation {sd:.5}\n", args.samples, SIZES[0])?;

    let averaging = Averaging { momentum: args.feeding.momentum, unbiased: false };
    let settings = Settings { eps: args.chosen.eps, averaging };
    let mut without = network(|| [tanh()], lab);
    let mut with = network(|| [batch_norm(settings), tanh()], lab);
    let mut chosen = with.clone();
    args.chosen.set(&mut chosen)?;

    without.forward_training(&x);
    with.forward_training(&x);
    compare(&net_inputs(&without, PLAIN), &net_inputs(&with, NORMALIZED), lab)?;
    chosen.forward_training(&x);
    let (raw, normalized) = (net_inputs(&chosen, RAW), net_inputs(&chosen, NORMALIZED));
    show_chosen(&normalized, &args.chosen, lab)?;
    // Transposed: one row per unit.
    let explained =
        (0..HIDDEN).all(|layer| args.chosen.explains(layer, &raw[layer].transposed(), &normalized[layer].transposed()));
    lab.claim("the formula in f64 gives every net input to four decimals", explained);
    moving_averages::show(&chosen, &x, &args.feeding, lab)
}

/// 7.5.1.3: the net inputs of each layer, without and with a normalisation to mean 0 and standard deviation 1.
fn compare(without: &NetInputs, with: &NetInputs, lab: &mut Lab) -> Result<()> {
    writeln!(lab, "Net inputs of the hidden layers; saturated: share of activations beyond 0.99 or -0.99")?;
    writeln!(lab, "{:<16} {:>32}  {:>32}", "", "without batch normalisation", "with, gamma = 1 and beta = 0")?;
    let columns = format!("{:>10} {:>10} {:>10}", "mean", "sd", "saturated");
    writeln!(lab, "{:<16} {columns}  {columns}", "layer")?;
    let row = |name: String, values: [Vec<f32>; 2], lab: &mut Lab| -> Result<[(f64, f64); 2]> {
        let both = values.map(|z| (statistics(z.iter().copied()), saturated(&z)));
        // A mean of -1e-9 is to be printed as 0.
        let cells = both
            .map(|((mean, sd), saturated)| format!("{:>10.5} {sd:>10.5} {saturated:>10.3}", (mean * 1e5).round() / 1e5 + 0.0));
        writeln!(lab, "{name:<16} {}", cells.join("  "))?;
        Ok(both.map(|(statistics, _)| statistics))
    };
    let (mut normal, mut far, mut bends) = (true, true, true);
    for layer in 0..HIDDEN {
        let all = [&without[layer], &with[layer]];
        let [plain, normalized] = row((layer + 1).to_string(), all.map(|z| z.values().to_vec()), lab)?;
        normal &= normalized.0.abs() < 1e-6 && (normalized.1 - 1.0).abs() < 5e-6;
        far &= plain.1 > 5.0;
        bends &= saturated(without[layer].values()) > 0.5 && saturated(with[layer].values()) < 0.05;
    }
    for unit in 0..SIZES[LAST + 1] {
        let both = [&without[LAST], &with[LAST]].map(|z| z.column(unit).collect());
        row(format!("{HIDDEN}, unit {}", unit + 1), both, lab)?;
    }
    lab.figure("net-inputs", &figure(without, with)?)?;
    lab.claim("without batch normalisation the net inputs of every layer have standard deviations above 5", far);
    lab.claim("with it every layer has mean 0 and standard deviation 1", normal);
    lab.claim("without it more than half of each layer's activations are saturated, with it less than a twentieth", bends);
    Ok(())
}

/// The share of activations that are nearly 1 or −1.
fn saturated(z: &[f32]) -> f64 {
    let a = Activate(Activation::Tanh).forward(&Matrix::new(1, z.len(), z.to_vec()));
    a.values().iter().filter(|a| a.abs() > 0.99).count() as f64 / z.len() as f64
}

/// Net inputs of the third hidden layer and what tanh makes of them.
fn figure(without: &NetInputs, with: &NetInputs) -> Result<Svg> {
    let mut figure = Histograms::new(format!("The 300 units of layer 3 for {} samples", without[2].rows()));
    for (title, pass, color) in
        [("without batch normalisation", without, theme::DEV), ("with batch normalisation", with, theme::TRAIN)]
    {
        let z = &pass[2];
        let a = Activate(Activation::Tanh).forward(z);
        figure = figure.panel(Histogram::new(title, z.values(), 60).x_label("net input z").colored(color));
        figure = figure.panel(Histogram::new(title, a.values(), 60).x_label("activation tanh z").colored(color));
    }
    figure.render()
}

/// 7.5.1.3: the chosen means and standard deviations.
fn show_chosen(pass: &NetInputs, chosen: &Chosen, lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nNet inputs with chosen gamma and beta")?;
    let (mut equal, mut rows) = (true, Vec::new());
    for (layer, (z, (gamma, beta))) in (1..).zip(pass.iter().zip(chosen.gamma.iter().zip(&chosen.beta))) {
        let (mean, sd) = statistics(z.values().iter().copied());
        rows.push(vec![layer.to_string(), beta.to_string(), format!("{mean:.5}"), gamma.to_string(), format!("{sd:.5}")]);
        lab.metric(format!("layer {layer}, mean"), mean);
        lab.metric(format!("layer {layer}, standard deviation"), sd);
        equal &= (mean - f64::from(*beta)).abs() < 5e-6 && (sd - f64::from(*gamma)).abs() < 5e-6;
    }
    lab.table(&Column::labelled("layer", ["beta", "mean", "gamma", "sd"]), rows)?;
    lab.claim("means and standard deviations are the chosen beta and gamma, to five decimals", equal);
    Ok(())
}
