//! 4.4.2, exercise · Exploding gradients
//!
//! The opposite of `vanishing-gradient`: ten layers, 2-30-…-30-1, with weights from N(0, 3²). On the way back the error is multiplied by each
//! layer's weights, and 30 of them of size 3 make it 16 times larger (3√30) where f′ = 1. With tanh most units are saturated, f′ is near 0
//! for them, and what is left is a factor of 2 to 3 a layer towards the input. With ReLU every layer's gradient is enormous: here the activations explode
//! as well, and each weight gradient is the product of both, so that it is about as large in every layer.
//!
//! The exercise notebook (S3) asks how to prevent it and names clipping, which is tried here in both forms before each step:
//! 1. by norm: g ← g · min(1, limit / ‖g‖) with ‖g‖ over all layers. The direction stays, and with it the layers' proportions: the last layers
//!    hardly move any more.
//! 2. by value: each entry is cut off to [−limit, limit]. The direction changes: large layers lose most, and all layers move.
//!
//! Seen: without clipping the ReLU network's loss is not finite after one step; with either form it falls by
//! many orders of magnitude. Clipping prevents the accident, it does not mend the start: with small weights, N(0, 1/30), both networks
//! learn without it, and end lowest.
//!
//! Departs from the notebook: it also names ReLU in place of the logistic function as a cure. ReLU prevents vanishing; with these weights it is what explodes most.
//! The loss is that of logits: through σ and its cut-off logarithm an output of 10⁹ would have no gradient at all.

use crate::deep::{Run, Shape, print_table};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, one_to, positive},
    data::moons,
    kernels::{Activation, Loss},
    lab::Lab,
    optim::Sgd,
    parameters::Parameters,
    plot::{CurvePanel, Curves, Dash, Marker, Series},
    scratch::{Clipping, Network},
    value::Value,
};
use std::fmt::Write;

/// The hyper-parameters; the notebook names none.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Layers
    #[arg(long, default_value_t = 10, value_parser = one_to::<100>)]
    layers: usize,
    /// Units of each hidden layer
    #[arg(long, default_value_t = 30, value_parser = one_to::<1000>)]
    width: usize,
    /// Standard deviation of the initial weights
    #[arg(long, default_value_t = 3.0, value_parser = positive)]
    weight_sd: f32,
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    lr: f32,
    /// Full-batch steps
    #[arg(long, default_value_t = 300, value_parser = at_least_one)]
    steps: usize,
    /// Limit of the norm of all gradients together
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    max_norm: f32,
    /// Limit of each gradient's entries
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    max_value: f32,
}

const TANH: &str = "tanh";
const RELU: &str = "ReLU";

/// Trains both networks with and without clipping; prints and draws norms and losses.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let split = moons::moon1000(0.5, lab.seed());
    let small = 1.0 / (args.width as f32).sqrt();
    let mut arms = Vec::new();
    for (activation, f) in [(TANH, Activation::Tanh), (RELU, Activation::Relu)] {
        for (name, weight_sd, clipping) in [
            ("as it is", args.weight_sd, None),
            ("by norm", args.weight_sd, Some(Clipping::Norm(args.max_norm))),
            ("by value", args.weight_sd, Some(Clipping::Value(args.max_value))),
            ("small start", small, None),
        ] {
            let run = Run::train(args.network(f, weight_sd, lab), clipping, &split, args.steps)?;
            arms.push(Arm { activation, name, run });
        }
    }
    print_norms(&arms, lab)?;
    print_losses(args, &arms, lab)?;
    draw(&arms, lab)?;
    claim(&arms, lab);
    Ok(())
}

impl Args {
    fn network(&self, hidden: Activation, deviation: f32, lab: &Lab) -> Network<Sgd> {
        let shape = Shape { hidden_layers: self.layers - 1, width: self.width, hidden };
        let layers = shape.draw(|_| deviation, &mut lab.stream("weights"));
        Network::new(layers, Loss::BinaryCrossEntropyWithLogits, Sgd { learning_rate: self.lr })
    }
}

/// A network, how it is clipped, and what training made of it.
struct Arm {
    activation: &'static str,
    name: &'static str,
    run: Run,
}

impl Arm {
    fn label(&self) -> String {
        format!("{}, {}", self.activation, self.name)
    }
}

/// Two lines of heads, then a row of cells for each number.
fn rows(arms: &[Arm], numbers: &[usize], cell: impl Fn(&Arm, usize) -> String) -> Vec<(String, Vec<String>)> {
    let row = |label: String, cell: &dyn Fn(&Arm) -> String| (label, arms.iter().map(cell).collect());
    let heads = [row(String::new(), &|arm| arm.activation.to_owned()), row(String::new(), &|arm| arm.name.to_owned())];
    heads.into_iter().chain(numbers.iter().map(|number| row(number.to_string(), &|arm| cell(arm, *number)))).collect()
}

fn print_norms(arms: &[Arm], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "L2 norm of each layer's weight gradient in the first step, as it is used")?;
    let layers: Vec<usize> = (1..=arms[0].run.norms.len()).collect();
    print_table(&rows(arms, &layers, |arm, layer| format!("{:.4e}", arm.run.norms[layer - 1])), lab)?;
    for arm in arms {
        for (layer, norm) in (1..).zip(&arm.run.norms) {
            lab.metric(format!("{}, layer {layer}", arm.label()), *norm);
        }
    }
    Ok(())
}

fn print_losses(args: &Args, arms: &[Arm], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nloss after so many steps")?;
    let steps: Vec<usize> = [0, 1, 10, 100].into_iter().filter(|step| *step < args.steps).chain([args.steps]).collect();
    let cell = |arm: &Arm, step: usize| match arm.run.losses.get(step) {
        Some(loss) if loss.is_finite() => Value::F32(*loss).to_string(),
        _ => "not finite".to_owned(),
    };
    print_table(&rows(arms, &steps, cell), lab)?;
    for arm in arms {
        lab.curve(arm.label(), arm.run.losses.iter().copied().enumerate());
        lab.metric(format!("{}, last loss", arm.label()), arm.run.last_loss());
    }
    lab.fingerprint(&Parameters(arms.iter().flat_map(|arm| arm.run.parameters.prefixed(&arm.label()).0).collect()));
    Ok(())
}

/// The norms over the layers and the losses over the steps, a panel for each activation function.
fn draw(arms: &[Arm], lab: &mut Lab) -> Result<()> {
    const EVERY: usize = 10;
    const LOOKS: [(Marker, Dash); 4] = [
        (Marker::Disc, Dash::Solid),
        (Marker::Triangle, Dash::Dashed),
        (Marker::Square, Dash::Dotted),
        (Marker::Diamond, Dash::Solid),
    ];
    let mut norms = Curves::new("Weight gradients of the first step");
    let mut losses = Curves::new("Loss with and without clipping, every tenth step");
    for activation in [TANH, RELU] {
        let mut norm_panel = CurvePanel::new("layer", "L2 norm").log_y().titled(activation);
        let mut loss_panel = CurvePanel::new("step", "loss").log_y().titled(activation);
        for (arm, (marker, dash)) in arms.iter().filter(|arm| arm.activation == activation).zip(LOOKS) {
            norm_panel = norm_panel.with(Series::sampled(arm.name, &arm.run.norms, 1.0, 1.0).marked(marker).dashed(dash));
            // Several losses jump up and down from step to step; one that ends at once is seen as its marker.
            let losses: Vec<f32> = arm.run.losses.iter().copied().step_by(EVERY).collect();
            let series = Series::sampled(arm.name, &losses, 0.0, EVERY as f64).dashed(dash);
            loss_panel = loss_panel.with(if losses.len() == 1 { series.marked(marker) } else { series });
        }
        norms = norms.panel(norm_panel);
        losses = losses.panel(loss_panel);
    }
    lab.figure("norms", &norms.render()?)?;
    lab.figure("losses", &losses.render()?)
}

/// What the section is there to show.
fn claim(arms: &[Arm], lab: &mut Lab) {
    let arm = |label: &str| arms.iter().find(|arm| arm.label() == label);
    let grows = |arm: &Arm| arm.run.norms[0] > 100.0 * arm.run.norms[arm.run.norms.len() - 1];
    lab.claim("with tanh the first layer's gradient is more than 100 times the last's", arm("tanh, as it is").is_some_and(grows));
    let explodes = |arm: &Arm| arm.run.losses.len() == 2 && !arm.run.last_loss().is_finite();
    let claim = "with ReLU and without clipping the loss is not finite after the first step";
    lab.claim(claim, arm("ReLU, as it is").is_some_and(explodes));
    let falls = |arm: &Arm| arm.run.last_loss() < 1e-3 * arm.run.losses[0];
    let both = ["ReLU, by norm", "ReLU, by value"].map(arm).iter().all(|arm| arm.is_some_and(falls));
    lab.claim("with ReLU and either form of clipping the loss falls below a thousandth", both);
    let best = |activation| {
        let arms = arms.iter().filter(|arm| arm.activation == activation && arm.run.is_finite());
        arms.min_by(|a, b| a.run.last_loss().total_cmp(&b.run.last_loss())).map(|arm| arm.name)
    };
    let small = [TANH, RELU].map(best) == [Some("small start"); 2];
    lab.claim("the small start, without clipping, ends with the lowest loss, for both activation functions", small);
}
