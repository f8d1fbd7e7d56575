//! 7.3.2.2 · RMSprop
//!
//! AdaGrad with a running mean of squared gradients in place of their sum:
//!
//! ```text
//! G ← β G + (1 − β) g²,   θ ← θ − α / √(G + ε) · g
//! ```
//!
//! The rule is [`common::optim::RmsProp`]. G forgets, so a step size can grow again where the ground flattens, and the path does not stop half way as
//! AdaGrad's does. The price is paid at the goal: there G forgets that the ground was steep, and steps of about α go back and forth over the optimum.
//! In the fit this keeps the loss at about a thousand times the variance of the noise.

use crate::{
    bowl,
    linear_fit::{self, Problem},
    method::Method,
    replays,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{fraction, one_to, positive},
    lab::Lab,
    optim::{EpsPlacement, Optimizer, RmsProp},
    registry::{Heading, Section},
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "rmsprop",
        book: "7.3.2.2",
        title: "RMSprop",
        summary: "A step size for each parameter, which shrinks and grows.",
    };
    Section::new(heading, run).replayed(replays::HELP, replays::FIXED, replays::rmsprop)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α on the bowl
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    bowl_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 50, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    bowl_steps: usize,
    /// Learning rate α of the linear fit
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    lr: f32,
    /// Decay rate β of the squared gradient's running mean
    #[arg(long, default_value_t = 0.9, value_parser = fraction)]
    beta: f32,
    /// ε, which keeps the denominator away from zero
    #[arg(long, default_value_t = 1e-7, value_parser = positive)]
    epsilon: f32,
    /// Add ε outside the root, as libraries do
    #[arg(long)]
    eps_outside: bool,
    #[command(flatten)]
    fit: linear_fit::Settings,
}

/// Shows RMSprop on the bowl and on the linear fit.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    show(args, &Problem::draw(args.fit.samples, lab), lab)
}

/// The same with the given data of the linear fit.
pub(crate) fn show(args: &Args, problem: &Problem, lab: &mut Lab) -> Result<()> {
    let eps_placement = if args.eps_outside { EpsPlacement::OutsideRoot } else { EpsPlacement::InsideRoot };
    let rmsprop = |learning_rate| {
        let optimizer = Optimizer::new(RmsProp { beta: args.beta, epsilon: args.epsilon, eps_placement });
        Method { name: "RMSprop", optimizer, learning_rate }
    };
    let path = bowl::show(rmsprop(args.bowl_lr), args.bowl_steps, lab)?;
    let moves = path.moves();
    let exact = f64::from(args.bowl_lr) / (1.0 - f64::from(args.beta)).sqrt();
    bowl::check(
        lab,
        &[("first move of x₁: α / √(1 − β)", moves[0][0], exact), ("first move of x₂: α / √(1 − β)", moves[0][1], exact)],
    )?;
    bowl::claim_by_hand(lab, &path, &by_hand(args));

    let fit = linear_fit::show(rmsprop(args.lr), problem, &args.fit, lab)?;

    let sizes = path.step_sizes(1);
    let shrinks = sizes.windows(2).any(|pair| pair[1] < pair[0]);
    let grows = sizes.windows(2).any(|pair| pair[1] > pair[0]);
    lab.claim("the step size of x₂ shrinks and grows", shrinks && grows);
    lab.claim("the fit's loss falls to less than a hundredth", fit.falls_to(1e-2));
    linear_fit::fingerprint(&path, &fit, lab);
    Ok(())
}

/// The first three points of the path on the bowl, by the formula.
fn by_hand(args: &Args) -> [[f32; 2]; 3] {
    let beta = args.beta;
    let root = |squares: f32| if args.eps_outside { squares.sqrt() + args.epsilon } else { (squares + args.epsilon).sqrt() };
    let (mut x, mut squares) = (bowl::START, [0.0; 2]);
    [1, 2, 3].map(|_| {
        let g = bowl::gradient(x);
        for k in [0, 1] {
            squares[k] = beta * squares[k] + (1.0 - beta) * (g[k] * g[k]); // G ← β G + (1 − β) g²
            x[k] -= args.bowl_lr / root(squares[k]) * g[k]; // θ ← θ − α / √(G + ε) · g
        }
        x
    })
}
