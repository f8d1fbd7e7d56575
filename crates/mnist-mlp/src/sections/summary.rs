//! S2, question 2 · What the network costs
//!
//! For each layer of the classifier: the shape of its output, its parameters, the multiply–adds and floating-point operations of a forward
//! pass, and the memory of outputs and parameters. The source asks for parameters and operations, and answers with the parameters.
//!
//! A linear layer of I inputs and O outputs has I·O + O parameters. For one image it does I·O multiply–adds: 2·I·O operations, the addition of
//! the bias taking the place of the one that each sum of I products does not need. A training step costs about three times a
//! forward pass: the gradients of weights and of inputs are products of the same size each.
//!
//! Sizes are in MB of 2²⁰ bytes, four bytes per number, and outputs count twice, once for the forward and once for the backward pass, as in the
//! source's table.
//!
//! Seen: nearly all parameters are in the first two layers, and what Adam remembers takes twice the memory of the parameters.

use super::train::{LOSS, Mlp};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::Chain,
    cli::one_to,
    data::mnist::{N_PIXELS, N_TRAIN},
    lab::{Column, Lab, row},
    registry::{Heading, Section},
    train::Network,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "summary",
        book: "S2, question 2",
        title: "What the network costs",
        summary: "Parameters, multiply-adds, floating-point operations and memory of each layer of the classifier.",
    };
    Section::new(heading, [include_str!("summary.rs"), include_str!("summary.zh.md")], run)
}

/// The source's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Images in a batch
    #[arg(long, default_value_t = 64, value_parser = one_to::<N_TRAIN>)]
    batch_size: usize,
}

/// Bytes in a number.
const BYTES: usize = 4;

/// What a linear layer costs, or several.
#[derive(Default)]
struct Costs {
    parameters: usize,
    /// Of one image.
    multiply_adds: usize,
    outputs: usize,
}

/// Prints the table.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let parameters = Chain::of::<Mlp>(LOSS).parameters();
    let batch = args.batch_size;
    let (mut all, mut rows) = (Costs::default(), Vec::new());
    for (layer, weight) in (1..).zip(parameters.0.iter().filter(|tensor| tensor.name.ends_with("weight"))) {
        let (inputs, outputs) = (weight.shape[0], weight.shape[1]);
        let costs = Costs { parameters: inputs * outputs + outputs, multiply_adds: inputs * outputs, outputs };
        let shapes = [inputs, outputs].map(|features| format!("[{batch}, {features}]"));
        rows.push(row(format!("linear {layer}"), shapes.into_iter().chain(costs.cells(batch))));
        lab.metric(format!("parameters of linear {layer}"), costs.parameters);
        lab.metric(format!("multiply-adds of linear {layer}"), costs.multiply_adds);
        all.parameters += costs.parameters;
        all.multiply_adds += costs.multiply_adds;
        all.outputs += outputs;
    }
    rows.push(row("all", [String::new(), String::new()].into_iter().chain(all.cells(batch))));
    let numbers = ["input", "output", "parameters", "multiply-adds", "FLOPs per image", "output MB", "parameters MB"];
    lab.table(&Column::labelled("layer", numbers), rows)?;

    let (input, passes, own) = (mb(batch * N_PIXELS), mb(2 * batch * all.outputs), mb(all.parameters));
    writeln!(lab, "\nInput size (MB): {input:.2}")?;
    writeln!(lab, "Forward/backward pass size (MB): {passes:.2}")?;
    writeln!(lab, "Params size (MB): {own:.2}")?;
    writeln!(lab, "Estimated total size (MB): {:.2}", input + passes + own)?;
    writeln!(lab, "Adam remembers two more numbers per parameter: {:.2} MB", 2.0 * own)?;
    let sizes_in_mb = [("input MB", input), ("passes MB", passes), ("parameters MB", own), ("total MB", input + passes + own)];
    lab.metrics(sizes_in_mb.map(|(name, value)| (name, (100.0 * value).round() / 100.0)));
    lab.metric("parameters", all.parameters);
    lab.metric("FLOPs of a forward pass of the batch", 2 * batch * all.multiply_adds);
    let counted: usize = parameters.0.iter().map(|tensor| tensor.values.len()).sum();
    lab.claim("the formula counts every parameter that the network has", counted == all.parameters);
    Ok(())
}

impl Costs {
    /// The last five cells of a line.
    fn cells(&self, batch: usize) -> [String; 5] {
        let Self { parameters, multiply_adds, outputs } = *self;
        let [outputs, own] = [2 * batch * outputs, parameters].map(|numbers| format!("{:.2}", mb(numbers)));
        [grouped(parameters), grouped(multiply_adds), grouped(2 * multiply_adds), outputs, own]
    }
}

/// So many numbers in MB.
fn mb(numbers: usize) -> f64 {
    (numbers * BYTES) as f64 / 1048576.0
}

/// A whole number with a comma before every three digits.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let places = digits.len();
    let separated = digits.char_indices().map(|(i, digit)| {
        let comma = if i > 0 && (places - i).is_multiple_of(3) { "," } else { "" };
        format!("{comma}{digit}")
    });
    separated.collect()
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(["7", "1,000", "12,345", "1,933,010"].map(str::to_owned), [7, 1000, 12345, 1933010].map(grouped));
    }
}
