//! 7.3.2.1 · AdaGrad
//!
//! Each parameter gets a step size of its own: the learning rate, divided by the root of all squared gradients so far.
//!
//! ```text
//! G ← G + g²,   θ ← θ − α / √(G + ε) · g
//! ```
//!
//! The rule is [`common::optim::AdaGrad`]. Steep and flat directions are treated alike: the first step moves every coordinate by α, whatever its gradient.
//! But G only grows, so the step sizes only shrink: after a fast start the path slows down before it has arrived, and so does the fit, far from its goal.

use crate::{
    bowl,
    linear_fit::{self, Problem},
    method::Method,
    replays,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{one_to, positive},
    lab::Lab,
    optim::{AdaGrad, EpsPlacement, Optimizer},
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
    Section::new(heading, run).replayed(replays::HELP, replays::FIXED, replays::adagrad)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α on the bowl
    #[arg(long, default_value_t = 0.5, value_parser = positive)]
    bowl_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 50, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    bowl_steps: usize,
    /// Learning rate α of the linear fit
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    lr: f32,
    /// ε, which keeps the denominator away from zero
    #[arg(long, default_value_t = 1e-7, value_parser = positive)]
    epsilon: f32,
    /// Add ε outside the root, as libraries do
    #[arg(long)]
    eps_outside: bool,
    #[command(flatten)]
    fit: linear_fit::Settings,
}

/// Shows AdaGrad on the bowl and on the linear fit.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    show(args, &Problem::draw(args.fit.samples, lab), lab)
}

/// The same with the given data of the linear fit.
pub(crate) fn show(args: &Args, problem: &Problem, lab: &mut Lab) -> Result<()> {
    let eps_placement = if args.eps_outside { EpsPlacement::OutsideRoot } else { EpsPlacement::InsideRoot };
    let adagrad = |learning_rate| {
        let optimizer = Optimizer::new(AdaGrad { epsilon: args.epsilon, eps_placement });
        Method { name: "AdaGrad", optimizer, learning_rate }
    };
    let path = bowl::show(adagrad(args.bowl_lr), args.bowl_steps, lab)?;
    let (moves, alpha) = (path.moves(), f64::from(args.bowl_lr));
    bowl::check(lab, &[("first move of x₁: α", moves[0][0], alpha), ("first move of x₂: α", moves[0][1], alpha)])?;
    bowl::claim_by_hand(lab, &path, &by_hand(args));

    let fit = linear_fit::show(adagrad(args.lr), problem, &args.fit, lab)?;

    let shorter = moves.windows(2).all(|pair| (0..2).all(|k| pair[1][k] < pair[0][k]));
    lab.claim("on the bowl, every step moves each coordinate by less than the one before", shorter);
    let shrink = (0..2).all(|k| path.step_sizes(k).windows(2).all(|pair| pair[1] <= pair[0]));
    lab.claim("no step size ever grows", shrink);
    let falls = fit.epoch_losses.windows(2).all(|pair| pair[1] < pair[0]);
    lab.claim("the loss of the fit falls from epoch to epoch, but not to a hundredth", falls && !fit.falls_to(1e-2));
    linear_fit::fingerprint(&path, &fit, lab);
    Ok(())
}

/// The first three points of the path on the bowl, by the formula.
fn by_hand(args: &Args) -> [[f32; 2]; 3] {
    let root = |squares: f32| if args.eps_outside { squares.sqrt() + args.epsilon } else { (squares + args.epsilon).sqrt() };
    let (mut x, mut squares) = (bowl::START, [0.0; 2]);
    [1, 2, 3].map(|_| {
        let g = bowl::gradient(x);
        for k in [0, 1] {
            squares[k] += g[k] * g[k]; // G ← G + g²
            x[k] -= args.bowl_lr / root(squares[k]) * g[k]; // θ ← θ − α / √(G + ε) · g
        }
        x
    })
}
