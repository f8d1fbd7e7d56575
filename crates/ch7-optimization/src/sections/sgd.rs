//! 7.3.1 · Gradient descent, and the two experiments
//!
//! θ ← θ − α g, with g the mean gradient over a mini-batch. The rule is [`common::optim::Sgd`].
//!
//! Two experiments are set up here, on which all optimisers of section 7.3 are compared: the path down a bowl that is ten times as steep along x₂ as
//! along x₁, and the losses of a linear unit with two inputs. On the bowl every step multiplies coordinate k by 1 − 2 α wₖ, which the last point is
//! checked against. At the end one step is taken from the weights, on the sample, that the book prints: by hand and by dfdx's own optimiser.
//!
//! `--replay` fits the source's own data from its own weights. Its generator computes quantiles in f32 and is two units in the last place off at x₁, so
//! the first sample and the weights are taken as they are printed. Their y then comes out as printed, to the bit; the x₁ of the exact quantile would not
//! give it. So the noise is the second draw, and y was computed in f32, not in TF32.
//!
//! Departs from the book: its "epoch loss" is the mean over all iterations since the start; here the mean over each epoch stands beside it.

use crate::{
    bowl::{self, contraction},
    linear_fit::{self, PRINTED_NORMALS},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{one_to, positive},
    data::Labels,
    kernels::{Activation, Loss},
    lab::Lab,
    matrix::Matrix,
    nn::builder,
    ops::{self, Device},
    optim::Sgd,
    scratch::{Layer, Linear, Network},
    train::Learner,
};
use dfdx::{
    nn::{DeviceBuildExt, Module},
    optim::{Optimizer, Sgd as DfdxSgd, SgdConfig},
    shapes::Const,
    tensor::{TensorFromVec, Trace},
    tensor_ops::Backward,
};
use std::fmt::Write;

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α on the bowl
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    bowl_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 20, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    bowl_steps: usize,
    /// Learning rate α of the linear fit, and of the step that is compared with the library's
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    #[command(flatten)]
    fit: linear_fit::Settings,
}

/// Shows gradient descent on the bowl and on the linear fit; then one step beside the library's.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let sgd = |learning_rate| Sgd { learning_rate };
    let path = bowl::show("gradient descent", sgd(args.bowl_lr), args.bowl_steps, lab)?;
    let exact = [0, 1].map(|k| {
        let kept = 1.0 - contraction(k, args.bowl_lr);
        (0..args.bowl_steps).fold(f64::from(bowl::START[k]), |x, _| x * kept)
    });
    let [x1, x2] = path.end();
    bowl::check(lab, &[("last x₁: 3 (1 − 2 α w₁)ᵗ", x1, exact[0]), ("last x₂: 4 (1 − 2 α w₂)ᵗ", x2, exact[1])])?;

    let fit = linear_fit::show("gradient descent", sgd(args.lr), &args.fit, lab)?;
    one_step(args.lr, lab)?;

    let falls = fit.epoch_losses.windows(2).all(|pair| pair[1] < pair[0]);
    lab.claim("the loss of the fit falls from epoch to epoch, and ends below a thousandth", falls && fit.falls_to(1e-3));
    linear_fit::fingerprint(&path, &fit, lab);
    Ok(())
}

/// The label of the book's first sample, as it prints it.
const PRINTED_Y: f32 = -3.136211;

/// One step from the book's printed weights on its printed sample.
fn one_step(learning_rate: f32, lab: &mut Lab) -> Result<()> {
    let [x1, x2] = PRINTED_NORMALS;
    writeln!(lab, "\nOne step from w = ({x1}, {x2}), b = 0 on the sample x = ({x1}, {x2}), y = {PRINTED_Y}:\n")?;
    writeln!(lab, "{:<16} {:>11} {:>11}", "", "w₁", "w₂")?;
    let (ours, dfdx) = (by_hand(learning_rate)?, by_dfdx(learning_rate)?);
    for (name, [w1, w2]) in [("by hand", ours), ("by dfdx's Sgd", dfdx)] {
        writeln!(lab, "{name:<16} {w1:>11} {w2:>11}")?;
    }
    lab.metric("w1 after one step", ours[0]);
    lab.metric("w2 after one step", ours[1]);
    lab.claim("the library's step has the same bits", ours.map(f32::to_bits) == dfdx.map(f32::to_bits));
    Ok(())
}

fn by_hand(learning_rate: f32) -> Result<[f32; 2]> {
    let linear = Linear { weight: Matrix::new(2, 1, PRINTED_NORMALS.to_vec()), bias: vec![0.0] };
    let unit = Layer { linear, activation: Activation::Identity };
    let mut network = Network::new(vec![unit], Loss::HalfSquaredError, Sgd { learning_rate });
    network.learn(&Matrix::new(1, 2, PRINTED_NORMALS.to_vec()), &Labels::Values(Matrix::new(1, 1, vec![PRINTED_Y])))?;
    network.update()?;
    let weight = network.layers()[0].linear.weight.values();
    Ok([weight[0], weight[1]])
}

fn by_dfdx(learning_rate: f32) -> Result<[f32; 2]> {
    let device = Device::default();
    let mut unit = device.build_module::<builder::Linear<2, 1>, f32>();
    unit.weight.copy_from(&PRINTED_NORMALS);
    unit.bias.copy_from(&[0.0]);
    let x = device.tensor_from_vec(PRINTED_NORMALS.to_vec(), (1, Const::<2>));
    let labels = Labels::Values(Matrix::new(1, 1, vec![PRINTED_Y]));
    let loss = ops::loss(unit.forward(x.leaky_trace()), &labels, Loss::HalfSquaredError);
    let gradients = loss.map_err(|error| anyhow::anyhow!("the device failed: {error:?}"))?.backward();
    let mut sgd = DfdxSgd::new(&unit, SgdConfig { lr: f64::from(learning_rate), ..SgdConfig::default() });
    sgd.update(&mut unit, &gradients).map_err(|error| anyhow::anyhow!("dfdx's optimiser failed: {error:?}"))?;
    let weight = unit.weight.as_vec();
    Ok([weight[0], weight[1]])
}
