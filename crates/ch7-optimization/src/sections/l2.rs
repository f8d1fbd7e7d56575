//! 7.6.3 · L2 regularisation
//!
//! (λ / 2N) Σ W² is added to the loss of N samples, (λ / N) W to each weight's gradient: large weights, which the network needs to draw a
//! boundary around single samples, cost something. Biases are free.
//!
//! Seen: the L2 term costs some training accuracy and gains test accuracy: the gap between the two shrinks
//! from 0.1153 to 0.0222.
//!
//! Departs from the book: its text adds ½‖θ‖² (λ is missing) to the loss and λθ to all gradients, its code divides by N and leaves the
//! biases out, and so does this section: `λ = 0.7` adds `λ / N = 0.0035` of each weight to its gradient. Accuracies are averaged over seeds beside the single run.

use crate::{
    moons300::N_TRAIN,
    regularization_study::{claim_regularizer, print_differences, study},
    regularizer::{QUICK, Regularizer, Settings, Unregularized, is_weight, squares_of_weights},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::Chain,
    cli::non_negative,
    lab::Lab,
    registry::{Heading, Section},
    train::Network,
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "l2",
        book: "7.6.3",
        title: "L2 regularisation",
        summary: "The same network with the term (λ / 2N) Σ W² in its loss: boundaries, losses, and accuracies over 20 seeds beside those without.",
    };
    Section::new(heading, [include_str!("l2.rs"), include_str!("l2.zh.md")], run).edition("quick", QUICK)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// λ of the L2 term (λ / 2N) Σ W²
    #[arg(long, default_value_t = 0.7, value_parser = non_negative)]
    lambda: f32,
    #[command(flatten)]
    settings: Settings,
}

/// Trains without and with the L2 term.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let spans = study(&[&Unregularized, &L2 { lambda: args.lambda }], &args.settings, lab)?.spans;
    print_differences(&[[&spans[1], &spans[0]]], lab)?;
    claim_regularizer(&spans[1], &spans[0], "the L2 term", lab);
    Ok(())
}

/// An L2 term in the loss.
pub(crate) struct L2 {
    /// λ.
    pub(crate) lambda: f32,
}

impl Regularizer for L2 {
    fn name(&self) -> String {
        format!("L2, λ = {}", self.lambda)
    }

    /// (λ / 2N) Σ W² in double precision, rounded once.
    fn penalty(&self, network: &Chain) -> f32 {
        (f64::from(self.lambda) / (2.0 * N_TRAIN as f64) * squares_of_weights(&network.parameters())) as f32
    }

    /// δW ← δW + (λ / N) W.
    fn regularize(&self, network: &mut Chain) -> Result<()> {
        let factor = self.lambda / N_TRAIN as f32;
        network.visit_parameters(&mut |tensor| {
            if is_weight(tensor.name) {
                for (dw, w) in tensor.gradient.iter_mut().zip(tensor.values) {
                    *dw += factor * *w;
                }
            }
        })
    }
}
