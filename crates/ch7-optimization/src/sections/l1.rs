//! 7.6.3 · ℓ1 regularisation
//!
//! The book names both norms and tries the second; this is the first. To the loss of N samples comes (λ / N) Σ abs W, to each weight's
//! gradient (λ / N) sign W: a large weight is pulled as strongly as a small one. An L2 term pulls less and less as a weight shrinks, and
//! leaves many small weights; ℓ1 takes those that the data do not hold up to zero.
//!
//! abs W has no derivative at 0. Any number from −1 to 1 is a subgradient there, and sign 0 = 0 is taken. A step of gradient descent moves
//! a weight by α λ / N and may carry it over zero: a weight that is not wanted goes to and fro within one step of zero, and hardly
//! one is ever zero to the bit. So the table counts weights within 0.001 of zero, little more than one such step.
//!
//! A proximal step makes zeros: gradient descent on the data's loss alone, then each weight is moved by α λ / N towards 0, and no further
//! (the soft threshold). What the data do not hold up stays at 0 to the bit.
//!
//! Seen: for over-fitting both terms do the same: their accuracies over the seeds are nearly equal. The networks are not: with ℓ1
//! 79 % of the weights end next to zero, with L2 35 %, and without a term none.
//!
//! Departs from the book: its formula has λ ℓₚ(θ) of all parameters, its code for L2 divides by N and leaves the biases out. This
//! section does as that code, with the same λ: one pull of `λ / N = 0.0035` on every weight.

use crate::{
    moons300::N_TRAIN,
    regularization_study::{claim_regularizer, print_differences, study},
    regularizer::{Fit, QUICK, Regularizer, Settings, Unregularized, fit, is_weight},
    sections::l2::L2,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::Chain,
    cli::non_negative,
    kernels::reduce,
    lab::{Column, Lab, row},
    parameters::Parameters,
    registry::{Heading, Section},
    train::Network,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "l1",
        book: "7.6.3",
        title: "ℓ1 regularisation",
        summary: "The same network with the term (λ / N) Σ abs W in its loss: accuracies over 20 seeds, and how many weights end next to zero, beside L2.",
    };
    Section::new(heading, [include_str!("l1.rs"), include_str!("l1.zh.md")], run).edition("quick", QUICK)
}

/// The book's hyper-parameters of its L2 term.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// λ of both terms, (λ / N) Σ abs W and (λ / 2N) Σ W²
    #[arg(long, default_value_t = 0.7, value_parser = non_negative)]
    lambda: f32,
    #[command(flatten)]
    settings: Settings,
}

/// Trains without a term, with L2 and with ℓ1.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Args { lambda, ref settings } = *args;
    let methods: [&dyn Regularizer; 3] = [&Unregularized, &L2 { lambda }, &L1 { lambda }];
    let spans = study(&methods, settings, lab)?.spans;
    let [nothing, l2, l1] = &spans[..] else { unreachable!("one span per method") };
    print_differences(&[[l1, nothing], [l1, l2]], lab)?;
    let fits = lab.over_variants(&methods, |method| fit(*method, settings, lab.seed()))?;
    let near = print_weights(&fits, lab)?;
    claim_regularizer(l1, nothing, "the ℓ1 term", lab);
    lab.claim("ℓ1 leaves more weights within 0.001 of zero than L2, and L2 more than no term", near.is_sorted_by(|a, b| a < b));
    try_proximal(&fits[2], args, lab)
}

/// Sets one run with the proximal step beside that with the subgradient.
fn try_proximal(subgradient: &Fit, Args { lambda, settings }: &Args, lab: &mut Lab) -> Result<()> {
    let proximal = fit(&Proximal { lambda: *lambda }, settings, lab.seed())?;
    writeln!(lab)?;
    let (mut zeros, mut rows) = (Vec::new(), Vec::new());
    for Fit { name, network, train_accuracy, test_accuracy, .. } in [subgradient, &proximal] {
        let weights = weights(&network.parameters());
        let zero = weights.iter().filter(|w| **w == 0.0).count();
        rows.push(row(name, [zero.to_string(), format!("{train_accuracy:.4}"), format!("{test_accuracy:.4}")]));
        lab.metric(format!("{name}, weights that are zero"), zero);
        zeros.push(2 * zero > weights.len());
    }
    lab.table(&Column::labelled("one start", ["weights that are zero", "train accuracy", "test accuracy"]), rows)?;
    lab.claim(
        "the proximal step makes more than half of the weights zero to the bit, the subgradient fewer",
        !zeros[0] && zeros[1],
    );
    Ok(())
}

/// Prints what has become of the weights; gives the share of those that are next to zero.
fn print_weights(fits: &[Fit], lab: &mut Lab) -> Result<Vec<f64>> {
    let (mut shares, mut rows) = (Vec::new(), Vec::new());
    for fit in fits {
        let weights = weights(&fit.network.parameters());
        let share = |is: &dyn Fn(f32) -> bool| weights.iter().filter(|w| is(**w)).count() as f64 / weights.len() as f64;
        let [near, zero, large] = [share(&|w| w.abs() < NEAR), share(&|w| w == 0.0), share(&|w| w.abs() > LARGE)];
        shares.push(near);
        rows.push(row(&fit.name, [near, zero, large].map(|share| format!("{share:.3}"))));
        lab.metric(format!("{}, share of weights within {NEAR} of zero", fit.name), near);
        lab.metric(format!("{}, share of weights beyond {LARGE}", fit.name), large);
    }
    writeln!(lab)?;
    let title = format!("share of the {} weights", weights(&fits[0].network.parameters()).len());
    let heads = [format!("within {NEAR} of zero"), "exactly zero".to_owned(), format!("beyond {LARGE}")];
    lab.table(&Column::labelled(title, heads), rows)?;
    Ok(shares)
}

/// Weights nearer to zero than this may be on their way over it and back.
const NEAR: f32 = 0.001;
/// Weights beyond this are large: they started from N(0, 1).
const LARGE: f32 = 2.0;

/// All weights of a network, without its biases.
fn weights(Parameters(tensors): &Parameters) -> Vec<f32> {
    tensors.iter().filter(|tensor| is_weight(&tensor.name)).flat_map(|tensor| tensor.values.iter().copied()).collect()
}

/// An ℓ1 term in the loss.
struct L1 {
    /// λ.
    lambda: f32,
}

impl Regularizer for L1 {
    fn name(&self) -> String {
        format!("ℓ1, λ = {}", self.lambda)
    }

    /// (λ / N) Σ abs W in double precision, rounded once.
    fn penalty(&self, network: &Chain) -> f32 {
        let sizes: Vec<f32> = weights(&network.parameters()).into_iter().map(f32::abs).collect();
        (f64::from(self.lambda) / N_TRAIN as f64 * reduce::sum(&sizes)) as f32
    }

    /// δW ← δW + (λ / N) sign W.
    fn regularize(&self, network: &mut Chain) -> Result<()> {
        let pull = self.lambda / N_TRAIN as f32;
        network.visit_parameters(&mut |tensor| {
            if is_weight(tensor.name) {
                for (dw, w) in tensor.gradient.iter_mut().zip(tensor.values) {
                    *dw += pull * sign(*w);
                }
            }
        })
    }
}

/// The same term by a proximal step.
struct Proximal {
    /// λ.
    lambda: f32,
}

impl Regularizer for Proximal {
    fn name(&self) -> String {
        format!("ℓ1, λ = {}, proximal", self.lambda)
    }

    fn penalty(&self, network: &Chain) -> f32 {
        L1 { lambda: self.lambda }.penalty(network)
    }

    /// W ← sign W · max(abs W − α λ / N, 0).
    fn after_step(&self, network: &mut Chain, learning_rate: f32) -> Result<()> {
        let threshold = learning_rate * (self.lambda / N_TRAIN as f32);
        network.visit_parameters(&mut |tensor| {
            if is_weight(tensor.name) {
                for w in tensor.values.iter_mut() {
                    *w = sign(*w) * (w.abs() - threshold).max(0.0);
                }
            }
        })
    }
}

/// 1, −1, or 0 at 0, where `f32::signum` has none.
fn sign(w: f32) -> f32 {
    if w == 0.0 { 0.0 } else { w.signum() }
}
