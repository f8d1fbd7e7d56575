//! 4.1.1 · The net input of a neuron
//!
//! A neuron weighs its inputs, adds them up and adds a bias: z = wᵀx + b (eq. 4.1); for a batch, one sample a row, z = Xw + b (eq. 4.2).
//! Inputs, weights and bias are uniform on [0, 1). The batch goes through the formula and through a predefined layer that has the
//! same weights: the same numbers, to the bit.
//!
//! `--replay` takes the source's own inputs, weights and bias. Its GPU multiplied in TF32, which keeps 10 bits after the leading one:
//! z differs from the f32 result from the fourth digit on, and comes out here as it was printed. Of the inputs one weight, w₂, is
//! printed one unit in the last place below ours: a division in f32 would give it, where [`Draws::uniform`] divides in f64.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::one_to,
    lab::Lab,
    matrix::Matrix,
    nn::builder,
    ops::Device,
    replay::{self, Draws},
    scratch::Linear,
};
use dfdx::{
    nn::{DeviceBuildExt, Module},
    shapes::Const,
    tensor::TensorFromVec,
};
use std::fmt::Write;

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Samples
    #[arg(long, default_value_t = 2, value_parser = one_to::<MOST_SAMPLES>)]
    samples: usize,
    /// Take the source's own inputs, weights and bias, in its own arithmetic
    #[arg(long, conflicts_with = "samples")]
    replay: bool,
}

/// Samples that fit into any machine's memory.
const MOST_SAMPLES: usize = 10_000;
/// Features of a sample.
const FEATURES: usize = 5;

/// Prints inputs, weights, bias and the net input of each sample.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let (x, neuron) = if args.replay { source_draws() } else { draws(args.samples, lab) };
    print_operands(&x, &neuron, lab)?;
    let by_hand = neuron.forward(&x);
    let by_layer = through_the_layer(&x, &neuron);
    let source = args.replay.then(|| replay::tf32_product(&x, &neuron.weight, &neuron.bias));
    if source.is_some() {
        lab.replay();
    }

    let last = if source.is_some() { format!(" {:>12}", "z in TF32") } else { String::new() };
    writeln!(lab, "\nsample {:>12} {:>12}{last}", "z = Xw + b", "z by layer")?;
    for (sample, (by_hand, by_layer)) in by_hand.column(0).zip(&by_layer).enumerate() {
        let z = source.as_ref().map_or(by_hand, |source| source.row(sample)[0]);
        let last = if source.is_some() { format!(" {z:>12.8}") } else { String::new() };
        writeln!(lab, "{:>6} {by_hand:>12.8} {by_layer:>12.8}{last}", sample + 1)?;
        lab.metric(format!("z, sample {}", sample + 1), z);
    }
    let equal = by_hand.column(0).map(f32::to_bits).eq(by_layer.iter().map(|z| z.to_bits()));
    lab.claim("the formula and the predefined layer give the same bits", equal);
    Ok(())
}

/// Our own draws.
fn draws(samples: usize, lab: &Lab) -> (Matrix, Linear) {
    let mut draws = lab.stream("neuron");
    let x = Matrix::new(samples, FEATURES, draws.uniforms(samples * FEATURES, 0.0, 1.0));
    let weight = Matrix::new(FEATURES, 1, draws.uniforms(FEATURES, 0.0, 1.0));
    (x, Linear { weight, bias: draws.uniforms(1, 0.0, 1.0) })
}

/// The source's draws: X, w and b are the calls 30, 31 and 32 after its seed.
fn source_draws() -> (Matrix, Linear) {
    let draws = Draws::new(replay::SEED_OF_DATA);
    let x = Matrix::new(2, FEATURES, draws.uniform(30, 2 * FEATURES));
    let weight = Matrix::new(FEATURES, 1, draws.uniform(31, FEATURES));
    (x, Linear { weight, bias: draws.uniform(32, 1) })
}

fn print_operands(x: &Matrix, neuron: &Linear, lab: &mut Lab) -> Result<()> {
    let line = |values: &[f32]| values.iter().map(|value| format!(" {value:>10.8}")).collect::<String>();
    for (sample, row) in x.iter_rows().enumerate() {
        writeln!(lab, "X, sample {:<5}{}", sample + 1, line(row))?;
        for (feature, value) in row.iter().enumerate() {
            lab.metric(format!("x{}, sample {}", feature + 1, sample + 1), *value);
        }
    }
    writeln!(lab, "w              {}", line(neuron.weight.values()))?;
    for (feature, value) in neuron.weight.values().iter().enumerate() {
        lab.metric(format!("w{}", feature + 1), *value);
    }
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
