//! S3, section 4.4 · Exploding gradients
//!
//! The opposite of `vanishing-gradient`: ten layers, 2-30-…-30-1, with weights from N(0, 3²). On the way back the error is multiplied by each
//! layer's weights, and 30 of them of size 3 make it `3√30 = 16` times larger where f′ = 1. With tanh most units are saturated, f′ is near 0
//! for them, and what is left is still a growth from layer to layer towards the input. With ReLU every layer's gradient is enormous: here the activations explode
//! as well, and each weight gradient is the product of both, so that it is about as large in every layer.
//!
//! The lab report (S3) asks how to prevent it and names clipping, which is tried here in both forms before each step:
//! 1. by norm: g ← g · min(1, limit / ‖g‖) with ‖g‖ over all layers. The direction stays, and with it the layers' proportions: the last layers
//!    hardly move any more.
//! 2. by value: each entry is cut off to [−limit, limit]. The direction changes: large layers lose most, and all layers move.
//!
//! Seen: without clipping the ReLU network's loss is not finite after one step; with either form it falls by many orders of
//! magnitude. With tanh, clipping by norm is worse than none: the last layers stand still.
//!
//! Clipping prevents the accident, it does not mend the start: with small weights, N(0, 1/30), both networks learn without it, and
//! end lowest.
//!
//! Departs from the report: it also names ReLU in place of the logistic function as a remedy. ReLU prevents vanishing; with these weights it is what explodes most.
//! The loss is that of logits: through σ and its cut-off logarithm an output of 10⁹ would have no gradient at all.

use crate::{
    clipped_runs::{RELU, Run, TANH, Variant, draw, print_losses, print_norms},
    deep,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{Chain, activation},
    cli::{n_steps, one_to, positive},
    data::{Batches, Samples, moons},
    kernels::{Activation, Loss},
    lab::Lab,
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    registry::{Heading, Section},
    train::{Clipping, Decision, Network, Record, Trainer, TrainingConfig},
};
/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "exploding-gradient",
        book: "S3, section 4.4",
        title: "Exploding gradients",
        summary: "Ten layers with large weights: gradients that grow towards the input with tanh, and are enormous in every layer with ReLU; clipping by \
                  norm and by value as remedies.",
    };
    Section::new(heading, [include_str!("exploding_gradient.rs"), include_str!("exploding_gradient.zh.md")], run)
}

/// The hyper-parameters; the report names none.
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
    #[arg(long, default_value_t = 300, value_parser = n_steps)]
    steps: usize,
    /// Limit of the norm of all gradients together
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    max_norm: f32,
    /// Limit of each gradient's entries
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    max_value: f32,
}

/// Trains both networks with and without clipping; prints and draws norms and losses.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let split = moons::moon1000(moons::NOISE, lab.seed());
    let small = 1.0 / (args.width as f32).sqrt();
    let mut variants = Vec::new();
    for (activation, f) in [(TANH, Activation::Tanh), (RELU, Activation::Relu)] {
        for (name, weight_sd, clipping) in [
            ("as it is", args.weight_sd, None),
            ("by norm", args.weight_sd, Some(Clipping::Norm(args.max_norm))),
            ("by value", args.weight_sd, Some(Clipping::Value(args.max_value))),
            ("small start", small, None),
        ] {
            let run = args.train(args.network(f, weight_sd, lab), clipping, &split.train)?;
            variants.push(Variant { activation, name, run });
        }
    }
    print_norms(&variants, lab)?;
    print_losses(&variants, args.steps, lab)?;
    draw(&variants, lab)?;
    claim(&variants, lab);
    Ok(())
}

impl Args {
    /// Two inputs, equal hidden layers, one logit.
    fn network(&self, f: Activation, deviation: f32, lab: &Lab) -> Chain {
        let init = Initialization { weight: Initializer::Normal { mean: 0.0, deviation }, bias: Initializer::ZEROS };
        Chain::new(deep(self.layers.max(2) - 1, self.width, || activation(f)), Loss::BinaryCrossEntropyWithLogits)
            .initialized(init, &mut lab.stream("weights"))
    }

    /// Gradient descent on all samples at once; a loss that is not finite ends it.
    fn train(&self, mut network: Chain, clipping: Option<Clipping>, samples: &Samples) -> Result<Run> {
        // One step more: its loss is that after the last update.
        let config = TrainingConfig::new(self.steps.saturating_add(1), Batches::Full, Decision::Logit);
        let config = TrainingConfig { record: Record::Losses { every: 1 }, ..config };
        let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), samples, config)?;
        let (mut losses, mut norms) = (Vec::new(), Vec::new());
        while let Some(step) = run.forward_backward()? {
            losses.push(step.loss);
            if let Some(clipping) = clipping {
                clipping.apply(run.network())?;
            }
            if step.index == 0 {
                norms = run.network().gradients().norms("weight");
            }
            if !step.loss.is_finite() || step.is_last {
                break;
            }
            run.update(self.lr)?;
        }
        Ok(Run { losses, norms, parameters: network.parameters() })
    }
}

/// What the section is there to show.
fn claim(variants: &[Variant], lab: &mut Lab) {
    let variant = |label: &str| variants.iter().find(|variant| variant.label() == label);
    let grows = |variant: &Variant| variant.run.norms[0] > 100.0 * variant.run.norms[variant.run.norms.len() - 1];
    lab.claim(
        "with tanh the first layer's gradient is more than 100 times the last's",
        variant("tanh, as it is").is_some_and(grows),
    );
    let explodes = |variant: &Variant| variant.run.losses.len() == 2 && !variant.run.last_loss().is_finite();
    let claim = "with ReLU and without clipping the loss is not finite after the first step";
    lab.claim(claim, variant("ReLU, as it is").is_some_and(explodes));
    let falls = |variant: &Variant| variant.run.last_loss() < 1e-3 * variant.run.losses[0];
    let both = ["ReLU, by norm", "ReLU, by value"].map(variant).iter().all(|variant| variant.is_some_and(falls));
    lab.claim("with ReLU and either form of clipping the loss falls below a thousandth of what it was", both);
    let best = |activation| {
        let finite = variants.iter().filter(|variant| variant.activation == activation && variant.run.last_loss().is_finite());
        finite.min_by(|a, b| a.run.last_loss().total_cmp(&b.run.last_loss())).map(|variant| variant.name)
    };
    let small = [TANH, RELU].map(best) == [Some("small start"); 2];
    lab.claim("the small start, without clipping, ends with the lowest loss, for both activation functions", small);
}
