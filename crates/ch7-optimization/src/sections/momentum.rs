//! 7.3.3.1 · Momentum
//!
//! Each move keeps a share ρ of the one before, as a ball rolls on:
//!
//! ```text
//! Δ ← ρ Δ − α g,   θ ← θ + Δ
//! ```
//!
//! The rule is [`common::optim::Momentum`]. While gradients point the same way, moves grow, up to 1 / (1 − ρ) times as long as without
//! momentum; where they change sign, moves cancel. On the bowl this is a damped oscillation, xₜ₊₁ = (1 + ρ − 2 α w) xₜ − ρ xₜ₋₁, which the last point is
//! checked against: the path shoots past the optimum along the steep x₂ and comes back.
//!
//! Seen: momentum gathers speed along the flat direction and overshoots along the steep one, where it swings back and forth.

use crate::{
    bowl::{self, contraction, recurrence},
    linear_fit::LinearFit,
    replays,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{fraction, one_to, positive},
    lab::Lab,
    optim::{Method, Momentum, Optimizer, RHO, Sgd},
    registry::{Heading, Section},
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "momentum",
        book: "7.3.3.1",
        title: "Momentum",
        summary: "Each move keeps a share of the one before: faster at first, then an oscillation.",
    };
    Section::new(heading, [include_str!("momentum.rs"), include_str!("momentum.zh.md")], run).replayed(
        replays::HELP,
        replays::FIXED,
        run,
    )
}

/// The book's hyper-parameters, which Nesterov's method is given too.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α on the bowl
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    pub(super) bowl_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 50, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    pub(super) bowl_steps: usize,
    /// Learning rate α of the linear fit
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    pub(super) lr: f32,
    /// Momentum factor ρ
    #[arg(long, default_value_t = RHO, value_parser = fraction)]
    pub(super) rho: f32,
    #[command(flatten)]
    pub(super) fit: LinearFit,
}

impl Args {
    /// Momentum with a learning rate.
    pub(super) fn method(&self, learning_rate: f32) -> Method {
        Method::new("momentum", Momentum { rho: self.rho }, learning_rate)
    }
}

/// Shows momentum on the bowl and on the linear fit.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let path = bowl::show(args.method(args.bowl_lr), args.bowl_steps, lab)?;
    let exact = |k| {
        let (rho, c) = (f64::from(args.rho), contraction(k, args.bowl_lr));
        recurrence(k, args.bowl_steps, [1.0 + rho - c, rho, c])
    };
    path.check_end(["x₁: x ← (1 + ρ − 2 α w₁) x − ρ x₋₁", "x₂: x ← (1 + ρ − 2 α w₂) x − ρ x₋₁"], exact, lab)?;
    let mut delta = [0.0; 2];
    path.claim_by_hand(lab, |k, theta, g| {
        delta[k] = args.rho * delta[k] - args.bowl_lr * g; // Δ ← ρ Δ − α g
        theta + delta[k] // θ ← θ + Δ
    });

    let fit = args.fit.show(args.method(args.lr), lab)?;

    let grow = path.moves().windows(2).take(4).all(|pair| (0..2).all(|k| pair[1][k] > pair[0][k]));
    lab.claim("moves grow at first: each of the first five is longer than the one before", grow);
    let x2: Vec<f32> = path.coordinate(1).collect();
    let crossings = x2.windows(2).filter(|pair| pair[0] * pair[1] < 0.0).count();
    lab.claim("later the path oscillates: x₂ crosses the optimum at least twice", crossings >= 2);
    let plain: Vec<f32> = bowl::descend(Optimizer::new(Sgd), |_| args.bowl_lr, args.bowl_steps)?.coordinate(1).collect();
    let calm = plain.windows(2).all(|pair| pair[0] * pair[1] > 0.0);
    lab.claim("the oscillation is momentum's own: gradient descent with the same rate never crosses it", calm);
    lab.claim("the fit's loss falls to less than a thousandth of its first value", fit.falls_to(1e-3));
    fit.fingerprint(&path, lab);
    Ok(())
}
