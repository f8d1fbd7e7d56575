//! 7.6.4 · Weight decay
//!
//! Each update first shrinks every parameter: θ ← (1 − β) θ − α g. With plain gradient descent this is an L2 term of strength β / α: β = 0.001 at
//! α = 0.2 adds `β / α = 0.005` of each parameter to its gradient, λ = 0.7 of section 7.6.3 adds `λ / N = 0.0035` of each weight. So the two should act
//! alike, and over seeds they do.
//!
//! Seen: weight decay does here what the L2 term does: it costs some training accuracy and gains test accuracy.
//!
//! Departs from the book: nothing; β is not multiplied by the learning rate and takes biases too. Accuracies are averaged over seeds beside
//! the single run.

use crate::{
    regularization_study::{claim_regularizer, print_differences, study},
    regularizer::{QUICK, Regularizer, Settings, Unregularized},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::Chain,
    cli::fraction,
    lab::Lab,
    registry::{Heading, Section},
    train::Network,
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "weight-decay",
        book: "7.6.4",
        title: "Weight decay",
        summary: "The same network, whose parameters shrink a little in every update: boundaries, losses, and accuracies over 20 seeds.",
    };
    Section::new(heading, [include_str!("weight_decay.rs"), include_str!("weight_decay.zh.md")], run).edition("quick", QUICK)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// β of the update θ ← (1 − β) θ − α g
    #[arg(long, default_value_t = 0.001, value_parser = fraction)]
    decay: f32,
    #[command(flatten)]
    settings: Settings,
}

/// Trains without and with weight decay.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let spans = study(&[&Unregularized, &WeightDecay { beta: args.decay }], &args.settings, lab)?.spans;
    print_differences(&[[&spans[1], &spans[0]]], lab)?;
    claim_regularizer(&spans[1], &spans[0], "decay", lab);
    Ok(())
}

/// Weight decay in the update.
pub(crate) struct WeightDecay {
    /// β.
    pub(crate) beta: f32,
}

impl Regularizer for WeightDecay {
    fn name(&self) -> String {
        format!("decay, β = {}", self.beta)
    }

    /// θ ← (1 − β) θ; the move by −α g follows.
    fn regularize(&self, network: &mut Chain) -> Result<()> {
        network.visit_parameters(&mut |tensor| {
            for theta in tensor.values {
                *theta *= 1.0 - self.beta;
            }
        })
    }
}
