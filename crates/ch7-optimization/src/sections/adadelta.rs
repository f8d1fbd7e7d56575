//! 7.3.2.2, exercise · AdaDelta
//!
//! RMSprop whose learning rate is the root of another running mean: that of the squared moves themselves.
//!
//! ```text
//! G ← ρ G + (1 − ρ) g²,   Δ = √(D + ε) / √(G + ε) · g,   D ← ρ D + (1 − ρ) Δ²,   θ ← θ − α Δ
//! ```
//!
//! The rule is [`common::optim::AdaDelta`]; α is 1.
//!
//! Seen: there is no learning rate to tune, but ε takes its place. Moves are made of earlier moves, and the first is made of ε
//! alone: √(ε / (1 − ρ)), 0.003 for ε = 10⁻⁶.
//!
//! They grow, but slowly: the last point on the bowl is (2.82, 3.82), and the fit ends far from its goal. With ε = 0.01
//! both arrive in as many steps, as the last table shows.

use crate::{bowl, linear_fit::LinearFit, replays};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{fraction, one_to, positive},
    lab::{Column, Lab},
    optim::{ADADELTA_EPSILON, AdaDelta, Method, Optimizer},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "adadelta",
        book: "7.3.2.2, exercise",
        title: "AdaDelta",
        summary: "The moves so far take the place of the learning rate.",
    };
    Section::new(heading, [include_str!("adadelta.rs"), include_str!("adadelta.zh.md")], run).replayed(
        replays::HELP,
        replays::FIXED,
        run,
    )
}

/// The usual hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Factor α of the moves on the bowl
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    pub(super) bowl_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 50, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    pub(super) bowl_steps: usize,
    /// Factor α of the moves in the linear fit
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    pub(super) lr: f32,
    /// Decay rate ρ of both running means
    #[arg(long, default_value_t = 0.9, value_parser = fraction)]
    rho: f32,
    /// ε, of which the first move is made
    #[arg(long, default_value_t = ADADELTA_EPSILON, value_parser = positive)]
    epsilon: f32,
    #[command(flatten)]
    fit: LinearFit,
}

impl Args {
    /// `AdaDelta` with a factor of its moves.
    pub(super) fn method(&self, learning_rate: f32) -> Method {
        Method::new("AdaDelta", AdaDelta { rho: self.rho, epsilon: self.epsilon }, learning_rate)
    }
}

/// Shows AdaDelta on the bowl and on the linear fit.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let &Args { rho, epsilon, .. } = args;
    let path = bowl::show(args.method(args.bowl_lr), args.bowl_steps, lab)?;
    let exact = f64::from(args.bowl_lr) * (f64::from(epsilon) / (1.0 - f64::from(rho))).sqrt();
    path.check_first_move("√(ε / (1 − ρ))", exact, lab)?;
    let (mut squares, mut moves) = ([0.0f32; 2], [0.0f32; 2]);
    path.claim_by_hand(lab, |k, theta, g| {
        squares[k] = rho * squares[k] + (1.0 - rho) * (g * g); // G ← ρ G + (1 − ρ) g²
        let delta = (moves[k] + epsilon).sqrt() / (squares[k] + epsilon).sqrt() * g; // Δ = √(D + ε) / √(G + ε) · g
        moves[k] = rho * moves[k] + (1.0 - rho) * (delta * delta); // D ← ρ D + (1 − ρ) Δ²
        theta - args.bowl_lr * delta // θ ← θ − α Δ
    });

    let fit = args.fit.show(args.method(args.lr), lab)?;

    compare_epsilons(args, lab)?;

    let moves = path.moves();
    let grow = (0..2).all(|k| moves[moves.len() - 1][k] > moves[0][k]);
    lab.claim("moves grow by themselves: the last ones on the bowl are longer than the first", grow);
    let [x1, x2] = path.end();
    lab.claim("but the start is slow: after all steps on the bowl, nine tenths of the way are left", x1 > 2.7 && x2 > 3.6);
    lab.claim("the loss of the fit falls from epoch to epoch", fit.always_falls());
    fit.fingerprint(&path, lab);
    Ok(())
}

/// Values of ε beside the usual one.
const LARGER_EPSILONS: [f32; 2] = [1e-4, 1e-2];

/// Both experiments with larger values of ε.
fn compare_epsilons(args: &Args, lab: &mut Lab) -> Result<()> {
    let (mut rows, mut paths) = (Vec::new(), Vec::new());
    for epsilon in [args.epsilon].into_iter().chain(LARGER_EPSILONS) {
        let adadelta = || Optimizer::new(AdaDelta { rho: args.rho, epsilon });
        let path = bowl::descend(adadelta(), |_| args.bowl_lr, args.bowl_steps)?;
        let loss = args.fit.fit(adadelta(), |_| args.lr, lab)?.last_loss();
        let [x1, x2] = path.end();
        rows.push(vec![format!("{epsilon:e}"), format!("{x1:.6}"), format!("{x2:.6}"), format!("{loss:.8}")]);
        lab.metric(format!("fit with epsilon {epsilon:e}, last epoch"), loss);
        // Long paths below short ones.
        paths.insert(0, path.curve(format!("ε = {epsilon:e}")));
    }
    writeln!(lab)?;
    lab.table(&["ε", "bowl, x₁", "bowl, x₂", "fit, loss of last epoch"].map(Column::number), rows)?;
    lab.figure("epsilons", &bowl::figure("AdaDelta: what ε does", paths)?)
}
