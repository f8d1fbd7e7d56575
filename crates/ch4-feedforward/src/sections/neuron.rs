//! 4.1.1 · The net input of a neuron
//!
//! A neuron weighs its inputs, adds them up and adds a bias: z = wᵀx + b (eq. 4.1); for a batch, one sample per row, z = Xw + b (eq. 4.2).
//! Inputs, weights and bias are uniform on [0, 1). The batch goes through the formula and through a predefined layer that has the
//! same weights: the same numbers, to the bit.
//!
//! Seen: a neuron's net input is a weighted sum of its inputs and a bias; the predefined layer computes the same bits.
//!
//! `--replay` takes the source's own inputs, weights and bias, and its arithmetic.

use crate::replays;
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::one_to,
    kernels::reduce::same_bits,
    lab::{Column, Lab, row},
    layers::Linear,
    matrix::Matrix,
    plot::Diagram,
    registry::{Heading, Section},
    tape::{Device, builder},
};
use dfdx::{
    nn::{DeviceBuildExt, Module},
    shapes::Const,
    tensor::TensorFromVec,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "neuron",
        book: "4.1.1",
        title: "The net input of a neuron",
        summary: "z = Xw + b for two samples of five features, by the formula and by a predefined layer: the same bits.",
    };
    let help = "Take the source's own inputs, weights and bias, in its own arithmetic";
    Section::new(heading, [include_str!("neuron.rs"), include_str!("neuron.zh.md")], run).replayed(
        help,
        &["samples"],
        replays::neuron,
    )
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Samples
    #[arg(long, default_value_t = 2, value_parser = one_to::<MOST_SAMPLES>)]
    samples: usize,
}

/// Samples that fit into any machine's memory.
const MOST_SAMPLES: usize = 10_000;
/// Features of a sample.
pub(crate) const FEATURES: usize = 5;

/// Prints inputs, weights, bias and the net input of each sample.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let mut draws = lab.stream("neuron");
    let x = Matrix::new(args.samples, FEATURES, draws.uniforms(args.samples * FEATURES, 0.0, 1.0));
    let weight = Matrix::new(FEATURES, 1, draws.uniforms(FEATURES, 0.0, 1.0));
    let neuron = Linear { weight, bias: draws.uniforms(1, 0.0, 1.0) };
    let diagram = Diagram::new("A neuron: its inputs, their weights, its net input z");
    let diagram = diagram.units::<f32>("inputs", FEATURES, &[]).units("z = Xw + b", 1, neuron.weight.values());
    lab.figure("network", &diagram.render()?)?;
    compare(&x, &neuron, None, lab)
}

/// Prints the net inputs by the formula, by the predefined layer, and in another arithmetic if there is one; records the last of them.
pub(crate) fn compare(x: &Matrix, neuron: &Linear, other: Option<(&str, &Matrix)>, lab: &mut Lab) -> Result<()> {
    print_operands(x, neuron, lab)?;
    let by_hand = neuron.forward(x); // eq. 4.2
    let by_layer = through_the_layer(x, neuron);
    let mut columns = vec![("z = Xw + b", by_hand.values()), ("z by layer", &by_layer)];
    columns.extend(other.map(|(name, z)| (name, z.values())));
    let mut rows = Vec::new();
    for sample in 0..x.rows() {
        let cells = columns.iter().map(|(_, z)| format!("{:.8}", z[sample]));
        rows.push(row((sample + 1).to_string(), cells));
        lab.metric(format!("z, sample {}", sample + 1), other.map_or(&by_hand, |(_, z)| z).row(sample)[0]);
    }
    writeln!(lab)?;
    lab.table(&Column::labelled("sample", columns.iter().map(|(name, _)| *name)), rows)?;
    lab.claim_of_the_tape("the formula and the predefined layer give the same bits", same_bits(by_hand.values(), &by_layer));
    Ok(())
}

fn print_operands(x: &Matrix, neuron: &Linear, lab: &mut Lab) -> Result<()> {
    let line = |values: &[f32]| values.iter().map(|value| format!(" {value:>10.8}")).collect::<String>();
    for (sample, row) in x.iter_rows().enumerate() {
        writeln!(lab, "X, sample {:<5}{}", sample + 1, line(row))?;
        lab.metrics((1..).zip(row).map(|(feature, value)| (format!("x{feature}, sample {}", sample + 1), *value)));
    }
    writeln!(lab, "w              {}", line(neuron.weight.values()))?;
    lab.metrics((1..).zip(neuron.weight.values()).map(|(feature, value)| (format!("w{feature}"), *value)));
    writeln!(lab, "b              {}", line(&neuron.bias))?;
    lab.metric("b", neuron.bias[0]);
    Ok(())
}

/// The same net input from a predefined layer that is given the neuron's weights and bias.
fn through_the_layer(x: &Matrix, neuron: &Linear) -> Vec<f32> {
    let device = Device::default();
    let mut layer = device.build_module::<builder::Linear<FEATURES, 1>, f32>();
    layer.weight.copy_from(neuron.weight.values());
    layer.bias.copy_from(&neuron.bias);
    layer.forward(device.tensor_from_vec(x.values().to_vec(), (x.rows(), Const::<FEATURES>))).as_vec()
}
