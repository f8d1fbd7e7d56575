//! 7.3.3.2, exercise · AdamW
//!
//! Exercise 7.5: LeNet on MNIST with AdamW. The gradient of an L2 term, g + λθ, goes through Adam's step sizes like any other:
//! divided by the size of the gradients, a pull of λθ moves a weight that the loss hardly cares about by as much as α. AdamW
//! takes the decay out of the gradient, θ ← (1 − αλ)θ − α M̂ / (√Ĝ + ε): the same small share of every weight. Three variants from
//! the same weights and on the same shuffled batches: Adam, AdamW, and Adam with the L2 term, both with the same λ.
//!
//! Seen: one λ means two things: as a decay it takes a share αλ off each weight in each step, and AdamW's curves stay close to
//! Adam's; as an L2 term it shrinks the weights far more, and holds training back.
//!
//! As an L2 term it rules once the gradients of the loss are small: the weights end with a norm of 6.36, with
//! Adam alone of 21.58, the training loss hardly falls after the second epoch, and the test accuracy stays a percent behind.

use super::optimizers_mnist::LeNets;
use crate::comparison::Trained;
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{non_negative, positive},
    kernels::reduce,
    lab::{Column, Lab},
    optim::{Adam, AdamW, Method, Rule},
    registry::{Heading, Section},
    train::Network,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "adamw",
        book: "7.3.3.2, exercise",
        title: "AdamW",
        summary: "LeNet on MNIST with Adam, with AdamW, and with Adam and an L2 term: a decay that the step sizes do not touch, and one that they do.",
    };
    let quick = &["--images", "7680", "--test-images", "1000", "--epochs", "2"];
    let taped = &["--images", "640", "--test-images", "100", "--epochs", "2", "--decay", "0.1", "--taped"];
    Section::new(heading, [include_str!("adamw.rs"), include_str!("adamw.zh.md")], run).edition("quick", quick).taped(taped)
}

/// The hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α
    #[arg(long, default_value_t = 0.001, value_parser = positive)]
    lr: f32,
    /// Strength λ of the decay and of the L2 term
    #[arg(long, default_value_t = 0.01, value_parser = non_negative)]
    decay: f32,
    #[command(flatten)]
    lenets: LeNets,
}

/// Adam with an L2 term in the loss: g ← g + λ θ, then Adam's own rule.
#[derive(Debug, Clone, Copy)]
struct AdamL2 {
    adam: Adam,
    lambda: f32,
}

impl Rule<2> for AdamL2 {
    const REMEMBERED: [&'static str; 2] = Adam::REMEMBERED;

    #[inline(always)]
    fn step(self, learning_rate: f32, theta: f32, g: f32, remembered: [f32; 2]) -> (f32, [f32; 2]) {
        self.adam.step(learning_rate, theta, g + self.lambda * theta, remembered)
    }

    fn advance(&mut self) {
        self.adam.advance();
    }
}

/// Trains all three side by side.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Args { lr, decay, ref lenets } = *args;
    let adam = Adam::of_libraries();
    let methods = vec![
        Method::new("Adam", adam, lr),
        Method::new("AdamW", AdamW { adam, weight_decay: decay }, lr),
        Method::new("Adam + L2", AdamL2 { adam, lambda: decay }, lr),
    ];
    let flags = |lr| format!("--lr {lr} --decay {decay}");
    let title = "Adam without decay, with decoupled decay, with an L2 term";
    let trained = lenets.compare(title, (methods, flags), 4, lab)?;
    let norms = print_norms(&trained, decay, lab)?;

    let [adam, adamw, adam_l2] = [0, 1, 2].map(|i| trained[i].history.epoch_loss.last().copied().unwrap_or(f32::NAN));
    let alike = (adamw / adam - 1.0).abs() < 0.1;
    lab.claim("AdamW trains as well as Adam: the losses of its last epoch differ by less than a tenth", alike);
    let held_back = adam_l2 > adam.max(adamw);
    lab.claim("the L2 term of the same strength holds Adam back: the loss of its last epoch is higher", held_back);
    lab.claim("both end with smaller weights than Adam, with the L2 term by more", norms[2] < norms[1] && norms[1] < norms[0]);
    Ok(())
}

/// Prints and gives the L2 norm of all weights of each variant.
fn print_norms(trained: &[Trained], decay: f32, lab: &mut Lab) -> Result<Vec<f64>> {
    writeln!(lab, "\nλ = {decay}, as a decay in AdamW, as an L2 term in Adam + L2\n")?;
    let (mut norms, mut rows) = (Vec::new(), Vec::new());
    for variant in trained {
        let weights = variant.network.parameters().0.into_iter().filter(|tensor| tensor.name.ends_with("weight"));
        let norm = f64::from(reduce::norm(&weights.flat_map(|tensor| tensor.values).collect::<Vec<f32>>()));
        rows.push(vec![variant.name.clone(), format!("{norm:.4}")]);
        lab.metric(format!("{}, norm of the weights", variant.name), norm);
        norms.push(norm);
    }
    lab.table(&Column::labelled("", ["norm of weights"]), rows)?;
    Ok(norms)
}
