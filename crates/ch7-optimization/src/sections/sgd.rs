//! 7.3.1 · Gradient descent, and the two experiments
//!
//! θ ← θ − α g, with g the mean gradient over a mini-batch. The rule is [`common::optim::Sgd`].
//!
//! Two experiments are set up here, on which all optimisers of section 7.3 are compared: the path down a bowl that is ten times as steep along x₂ as
//! along x₁, and the losses of a linear unit with two inputs. On the bowl every step multiplies coordinate k by 1 − 2 α wₖ, which the last point is
//! checked against. At the end one step is taken from the weights, on the sample, that the book prints: by hand and by dfdx's own optimiser.
//!
//! `--replay` fits the source's own data from its own weights.
//!
//! Departs from the book: its "epoch loss" is the mean over all iterations since the start; here the mean over each epoch stands beside it.

use crate::{
    bowl::{self, contraction},
    linear_fit::{self, PRINTED_NORMALS, Problem},
    method::Method,
    replays,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{one_to, positive},
    data::Labels,
    kernels::Loss,
    lab::{Column, Lab},
    layers::{Linear, loss_backward},
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    registry::{Heading, Section},
    tape::{self, Device, builder},
};
use dfdx::{
    nn::{DeviceBuildExt, Module},
    optim::{Optimizer as _, Sgd as DfdxSgd, SgdConfig},
    shapes::Const,
    tensor::{TensorFromVec, Trace},
    tensor_ops::Backward,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "sgd",
        book: "7.3.1",
        title: "Gradient descent",
        summary: "Two experiments for all optimisers: the path down a bowl, and the losses of a linear fit; one step beside the library's.",
    };
    Section::new(heading, run).replayed(replays::HELP, replays::FIXED, replays::sgd)
}

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
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    show(args, &Problem::draw(args.fit.samples, lab), lab)
}

/// The same with the given data of the linear fit.
pub(crate) fn show(args: &Args, problem: &Problem, lab: &mut Lab) -> Result<()> {
    let sgd = |learning_rate| Method { name: "gradient descent", optimizer: Optimizer::new(Sgd), learning_rate };
    let path = bowl::show(sgd(args.bowl_lr), args.bowl_steps, lab)?;
    let exact = [0, 1].map(|k| {
        let kept = 1.0 - contraction(k, args.bowl_lr);
        (0..args.bowl_steps).fold(f64::from(bowl::START[k]), |x, _| x * kept)
    });
    let [x1, x2] = path.end();
    bowl::check(lab, &[("last x₁: 3 (1 − 2 α w₁)ᵗ", x1, exact[0]), ("last x₂: 4 (1 − 2 α w₂)ᵗ", x2, exact[1])])?;
    bowl::claim_by_hand(lab, &path, &by_hand(args));

    let fit = linear_fit::show(sgd(args.lr), problem, &args.fit, lab)?;
    one_step(args.lr, lab)?;

    let falls = fit.epoch_losses.windows(2).all(|pair| pair[1] < pair[0]);
    lab.claim("the loss of the fit falls from epoch to epoch, and ends below a thousandth", falls && fit.falls_to(1e-3));
    linear_fit::fingerprint(&path, &fit, lab);
    Ok(())
}

/// The first three points of the path on the bowl, by the formula.
fn by_hand(args: &Args) -> [[f32; 2]; 3] {
    let mut x = bowl::START;
    [1, 2, 3].map(|_| {
        let g = bowl::gradient(x);
        for k in [0, 1] {
            x[k] -= args.bowl_lr * g[k]; // θ ← θ − α g
        }
        x
    })
}

/// The label of the book's first sample, as it prints it.
const PRINTED_Y: f32 = -3.136211;

/// One step from the book's printed weights on its printed sample.
fn one_step(learning_rate: f32, lab: &mut Lab) -> Result<()> {
    let [x1, x2] = PRINTED_NORMALS;
    writeln!(lab, "\nOne step from w = ({x1}, {x2}), b = 0 on the sample x = ({x1}, {x2}), y = {PRINTED_Y}:\n")?;
    let (ours, dfdx) = (one_step_by_hand(learning_rate), one_step_by_dfdx(learning_rate)?);
    let rows = [("by hand", ours), ("by dfdx's Sgd", dfdx)]
        .map(|(name, [w1, w2])| vec![name.to_owned(), w1.to_string(), w2.to_string()]);
    lab.table(&[Column::text(""), Column::number("w₁"), Column::number("w₂")], rows)?;
    lab.metric("w1 after one step", ours[0]);
    lab.metric("w2 after one step", ours[1]);
    lab.claim("the library's step has the same bits", ours.map(f32::to_bits) == dfdx.map(f32::to_bits));
    Ok(())
}

fn one_step_by_hand(learning_rate: f32) -> [f32; 2] {
    let mut unit = Linear { weight: Matrix::new(2, 1, PRINTED_NORMALS.to_vec()), bias: vec![0.0] };
    let x = Matrix::new(1, 2, PRINTED_NORMALS.to_vec());
    let output = unit.forward(&x);
    let doutput = loss_backward(Loss::HalfSquaredError, &output, label().targets());
    let gradients = unit.backward(&x, &doutput);
    unit.descend(learning_rate, &gradients);
    let weight = unit.weight.values();
    [weight[0], weight[1]]
}

/// The one label as labels of a batch.
fn label() -> Labels {
    Labels::Values(Matrix::new(1, 1, vec![PRINTED_Y]))
}

fn one_step_by_dfdx(learning_rate: f32) -> Result<[f32; 2]> {
    let device = Device::default();
    let mut unit = device.build_module::<builder::Linear<2, 1>, f32>();
    unit.weight.copy_from(&PRINTED_NORMALS);
    unit.bias.copy_from(&[0.0]);
    let x = device.tensor_from_vec(PRINTED_NORMALS.to_vec(), (1, Const::<2>));
    let loss = tape::loss(unit.forward(x.leaky_trace()), &label(), Loss::HalfSquaredError);
    let gradients = loss.map_err(|error| anyhow::anyhow!("the device failed: {error:?}"))?.backward();
    let mut sgd = DfdxSgd::new(&unit, SgdConfig { lr: f64::from(learning_rate), ..SgdConfig::default() });
    sgd.update(&mut unit, &gradients).map_err(|error| anyhow::anyhow!("dfdx's optimiser failed: {error:?}"))?;
    let weight = unit.weight.as_vec();
    Ok([weight[0], weight[1]])
}
