//! 7.3.1 · Gradient descent, and the two experiments
//!
//! θ ← θ − α g, with g the mean gradient over a mini-batch. The rule is [`common::optim::Sgd`].
//!
//! Two experiments are set up here, on which all optimisers of section 7.3 are compared: the path down a bowl that is ten times as steep along x₂ as
//! along x₁, and the losses of a linear unit with two inputs. On the bowl every step multiplies coordinate k by 1 − 2 α wₖ, which the last point is
//! checked against. At the end one step is taken from the weights, on the sample, that the book prints: by hand and by dfdx's own optimiser.
//!
//! Seen: along the steep direction of the bowl gradient descent arrives within a few steps; along the flat one it is still
//! 0.57 away at the end. The fit comes close to what the data were made with.
//!
//! `--replay` fits the source's own data from its own weights.
//!
//! Departs from the book: its "epoch loss" is the mean over all iterations since the start; here the mean over each epoch stands beside it.

use crate::{
    bowl::{self, contraction},
    linear_fit::{LinearFit, PRINTED_NORMALS},
    replays,
};
use anyhow::{Result, anyhow};
use clap::Args as ClapArgs;
use common::{
    cli::{one_to, positive},
    data::Labels,
    kernels::Loss,
    lab::{Column, Lab, row},
    layers::{Linear, loss_backward},
    matrix::Matrix,
    optim::{Method, Sgd},
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
    Section::new(heading, [include_str!("sgd.rs"), include_str!("sgd.zh.md")], run).replayed(replays::HELP, replays::FIXED, run)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α on the bowl
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    pub(super) bowl_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 20, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    pub(super) bowl_steps: usize,
    /// Learning rate α of the linear fit, and of the step that is compared with the library's
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    pub(super) lr: f32,
    #[command(flatten)]
    fit: LinearFit,
}

/// Gradient descent with a learning rate.
pub(super) fn method(learning_rate: f32) -> Method {
    Method::new("gradient descent", Sgd, learning_rate)
}

/// Shows gradient descent on the bowl and on the linear fit; then one step beside the library's.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let path = bowl::show(method(args.bowl_lr), args.bowl_steps, lab)?;
    let exact = |k| {
        let kept = 1.0 - contraction(k, args.bowl_lr);
        (0..args.bowl_steps).fold(f64::from(bowl::START[k]), |x, _| x * kept)
    };
    path.check_end(["x₁: 3 (1 − 2 α w₁)ᵗ", "x₂: 4 (1 − 2 α w₂)ᵗ"], exact, lab)?;
    path.claim_by_hand(lab, |_, theta, g| theta - args.bowl_lr * g); // θ ← θ − α g

    lab.metrics([("bowl, x1 at the start", bowl::START[0]), ("bowl, x2 at the start", bowl::START[1])]);

    let [rows, columns] = args.fit.shape(lab);
    lab.metrics([("training data, rows", rows), ("training data, columns", columns)]);
    let fit = args.fit.show(method(args.lr), lab)?;
    one_step(args.lr, lab)?;

    let falls = fit.always_falls() && fit.falls_to(1e-3);
    lab.claim("the loss of the fit falls from epoch to epoch, and ends below a thousandth of its first value", falls);
    fit.fingerprint(&path, lab);
    Ok(())
}

/// The label of the book's first sample, as it prints it.
const PRINTED_Y: f32 = -3.136211;

/// One step from the book's printed weights on its printed sample.
fn one_step(learning_rate: f32, lab: &mut Lab) -> Result<()> {
    let [x1, x2] = PRINTED_NORMALS;
    writeln!(lab, "\nOne step from w = ({x1}, {x2}), b = 0 on the sample x = ({x1}, {x2}), y = {PRINTED_Y}:\n")?;
    let label = Labels::Values(Matrix::new(1, 1, vec![PRINTED_Y]));
    let (ours, dfdx) = (one_step_by_hand(learning_rate, &label), one_step_by_dfdx(learning_rate, &label)?);
    let rows = [("by hand", ours), ("by dfdx's Sgd", dfdx)].map(|(name, w)| row(name, w.map(|w| w.to_string())));
    lab.table(&Column::labelled("", ["w₁", "w₂"]), rows)?;
    lab.metric("w1 after one step", ours[0]);
    lab.metric("w2 after one step", ours[1]);
    lab.claim_of_the_tape("the library's step has the same bits", ours.map(f32::to_bits) == dfdx.map(f32::to_bits));
    Ok(())
}

fn one_step_by_hand(learning_rate: f32, label: &Labels) -> [f32; 2] {
    let mut unit = Linear { weight: Matrix::new(2, 1, PRINTED_NORMALS.to_vec()), bias: vec![0.0] };
    let x = Matrix::new(1, 2, PRINTED_NORMALS.to_vec());
    let output = unit.forward(&x);
    let doutput = loss_backward(Loss::HalfSquaredError, &output, label.targets());
    let gradients = unit.backward(&x, &doutput);
    unit.descend(learning_rate, &gradients);
    [0, 1].map(|k| unit.weight.values()[k])
}

fn one_step_by_dfdx(learning_rate: f32, label: &Labels) -> Result<[f32; 2]> {
    let device = Device::default();
    let mut unit = device.build_module::<builder::Linear<2, 1>, f32>();
    unit.weight.copy_from(&PRINTED_NORMALS);
    unit.bias.copy_from(&[0.0]);
    let x = device.tensor_from_vec(PRINTED_NORMALS.to_vec(), (1, Const::<2>));
    let loss = tape::loss(unit.forward(x.leaky_trace()), label, Loss::HalfSquaredError);
    let gradients = loss.map_err(|error| anyhow!("the device failed: {error:?}"))?.backward();
    let mut sgd = DfdxSgd::new(&unit, SgdConfig { lr: f64::from(learning_rate), ..SgdConfig::default() });
    sgd.update(&mut unit, &gradients).map_err(|error| anyhow!("dfdx's optimiser failed: {error:?}"))?;
    let weight = unit.weight.as_vec();
    Ok([weight[0], weight[1]])
}
