//! 7.3.2.1 · AdaGrad
//!
//! Each parameter gets a step size of its own: the learning rate, divided by the root of all squared gradients so far.
//!
//! ```text
//! G ← G + g²,   θ ← θ − α / √(G + ε) · g
//! ```
//!
//! The rule is [`common::optim::AdaGrad`]. Steep and flat directions are treated alike: the first step moves every coordinate by α, whatever its gradient.
//! But G only grows, so the step sizes only shrink: after a fast start the path slows down before it has arrived, and the fit stops far from its goal.
//!
//! Seen: at first both coordinates of the bowl take equal steps, though it is ten times as steep along one of them. Steps only ever
//! shrink, so that the fit is still far from its goal when training ends.

use crate::{bowl, linear_fit::LinearFit, replays};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{one_to, positive},
    lab::Lab,
    optim::{AdaGrad, EPSILON, EpsPlacement, Method},
    registry::{Heading, Section},
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "adagrad",
        book: "7.3.2.1",
        title: "AdaGrad",
        summary: "A step size for each parameter, which only shrinks.",
    };
    Section::new(heading, [include_str!("adagrad.rs"), include_str!("adagrad.zh.md")], run).replayed(
        replays::HELP,
        replays::FIXED,
        run,
    )
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α on the bowl
    #[arg(long, default_value_t = 0.5, value_parser = positive)]
    pub(super) bowl_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 50, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    pub(super) bowl_steps: usize,
    /// Learning rate α of the linear fit
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    pub(super) lr: f32,
    /// ε, which keeps the denominator away from zero
    #[arg(long, default_value_t = EPSILON, value_parser = positive)]
    epsilon: f32,
    /// Add ε outside the root, as libraries do
    #[arg(long)]
    eps_outside: bool,
    #[command(flatten)]
    fit: LinearFit,
}

impl Args {
    /// AdaGrad with a learning rate.
    pub(super) fn method(&self, learning_rate: f32) -> Method {
        let eps_placement = if self.eps_outside { EpsPlacement::OutsideRoot } else { EpsPlacement::InsideRoot };
        Method::new("AdaGrad", AdaGrad { epsilon: self.epsilon, eps_placement }, learning_rate)
    }
}

/// Shows AdaGrad on the bowl and on the linear fit.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let &Args { epsilon, eps_outside, .. } = args;
    let path = bowl::show(args.method(args.bowl_lr), args.bowl_steps, lab)?;
    path.check_first_move("α", f64::from(args.bowl_lr), lab)?;
    let root = |squares: f32| if eps_outside { squares.sqrt() + epsilon } else { (squares + epsilon).sqrt() };
    let mut squares = [0.0; 2];
    path.claim_by_hand(lab, |k, theta, g| {
        squares[k] += g * g; // G ← G + g²
        theta - args.bowl_lr / root(squares[k]) * g // θ ← θ − α / √(G + ε) · g
    });

    let fit = args.fit.show(args.method(args.lr), lab)?;

    let shorter = path.moves().windows(2).all(|pair| (0..2).all(|k| pair[1][k] < pair[0][k]));
    lab.claim("on the bowl, every step moves each coordinate by less than the one before", shorter);
    let shrink = (0..2).all(|k| path.step_sizes(k).windows(2).all(|pair| pair[1] <= pair[0]));
    lab.claim("no step size ever grows", shrink);
    let [flat, steep] = [0, 1].map(|k| path.step_sizes(k));
    let smaller = flat.iter().zip(&steep).all(|(flat, steep)| steep < flat);
    lab.claim("x₂, with the larger gradients behind it, has the smaller step size in every step", smaller);
    let slows = fit.always_falls() && !fit.falls_to(1e-2);
    lab.claim("the loss of the fit falls from epoch to epoch, but not to a hundredth of its first value", slows);
    fit.fingerprint(&path, lab);
    Ok(())
}
