//! 7.3 · Nesterov's accelerated gradient
//!
//! Momentum that looks ahead: the gradient is taken where the momentum alone would lead.
//!
//! ```text
//! Δ ← ρ Δ − α g(θ + ρ Δ),   θ ← θ + Δ
//! ```
//!
//! The rule is [`common::optim::Nesterov`], which works on the point ahead and gives θ back. The gradient sees the other side of the valley one step
//! earlier and brakes in time: on the bowl, xₜ₊₁ = (1 + ρ) (1 − 2 α w) xₜ − ρ (1 − 2 α w) xₜ₋₁, an oscillation that is damped more
//! than momentum's wherever the ground is curved. The figure shows both paths.
//!
//! The book names the method in its list and does not run it; the hyper-parameters are those of momentum.
//!
//! Seen: looking ahead damps the swinging: it overshoots less than momentum does, and is nearer the optimum after
//! the same number of steps.

use super::momentum::Args;
use crate::{
    bowl::{self, contraction, recurrence, slope},
    replays,
};
use anyhow::Result;
use common::{
    lab::Lab,
    optim::{Method, Momentum, Nesterov, Optimizer},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "nesterov",
        book: "7.3",
        title: "Nesterov's accelerated gradient",
        summary: "Momentum that looks ahead, beside momentum that does not.",
    };
    Section::new(heading, [include_str!("nesterov.rs"), include_str!("nesterov.zh.md")], run).replayed(
        replays::HELP,
        replays::FIXED,
        run,
    )
}

/// Nesterov's method with a learning rate.
pub(super) fn method(args: &Args, learning_rate: f32) -> Method {
    Method::new("Nesterov's method", Nesterov { rho: args.rho }, learning_rate)
}

/// Shows Nesterov's method on the bowl, beside momentum, and on the linear fit.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let path = bowl::show(method(args, args.bowl_lr), args.bowl_steps, lab)?;
    let exact = |k| {
        let (rho, c) = (f64::from(args.rho), contraction(k, args.bowl_lr));
        recurrence(k, args.bowl_steps, [(1.0 + rho) * (1.0 - c), rho * (1.0 - c), c])
    };
    let formulas = ["₁", "₂"].map(|k| format!("x{k}: x ← (1 + ρ) (1 − 2 α w{k}) x − ρ (1 − 2 α w{k}) x₋₁"));
    path.check_end(formulas.each_ref().map(String::as_str), exact, lab)?;
    // In terms of the point ahead, φ = θ + ρ Δ; in terms of θ it is the same but for rounding.
    let (mut ahead, mut delta) = (bowl::START, [0.0; 2]);
    path.claim_by_hand(lab, |k, _, _| {
        let g = slope(k, ahead[k]);
        delta[k] = args.rho * delta[k] - args.bowl_lr * g; // Δ ← ρ Δ − α g(φ)
        ahead[k] += args.rho * delta[k] - args.bowl_lr * g; // φ ← φ + (ρ Δ − α g)
        ahead[k] - args.rho * delta[k] // θ = φ − ρ Δ
    });

    let momentum = bowl::descend(Optimizer::new(Momentum { rho: args.rho }), |_| args.bowl_lr, args.bowl_steps)?;
    let overshoot = |path: &bowl::Path| path.coordinate(1).fold(0.0f32, f32::min).abs();
    let (ahead, behind) = (overshoot(&path), overshoot(&momentum));
    writeln!(lab, "farthest past the optimum along x₂: {ahead:.5}, with momentum {behind:.5}\n")?;
    let both = [path.curve("Nesterov's method"), momentum.curve("momentum")];
    lab.figure("beside-momentum", &bowl::figure("With and without looking ahead", both)?)?;

    let fit = args.fit.show(method(args, args.lr), lab)?;

    lab.claim("looking ahead, the path overshoots the optimum by less than with momentum alone", ahead < behind);
    lab.claim("the fit's loss falls to less than a thousandth of its first value", fit.falls_to(1e-3));
    fit.fingerprint(&path, lab);
    Ok(())
}
