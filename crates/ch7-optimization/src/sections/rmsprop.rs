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
//! In the fit this keeps the loss far above the variance of the noise.
//!
//! Seen: the first steps are long, whatever the gradient, and the running mean then keeps them from dying out as AdaGrad's do. The
//! fit does not settle: at a constant rate it keeps circling its goal.

use crate::{bowl, linear_fit::LinearFit, replays};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{fraction, one_to, positive},
    lab::Lab,
    optim::{BETA, EPSILON, EpsPlacement, Method, RmsProp},
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
    Section::new(heading, [include_str!("rmsprop.rs"), include_str!("rmsprop.zh.md")], run).replayed(
        replays::HELP,
        replays::FIXED,
        run,
    )
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α on the bowl
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    pub(super) bowl_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 50, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    pub(super) bowl_steps: usize,
    /// Learning rate α of the linear fit
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    pub(super) lr: f32,
    /// Decay rate β of the squared gradient's running mean
    #[arg(long, default_value_t = BETA, value_parser = fraction)]
    beta: f32,
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
    /// `RMSprop` with a learning rate.
    pub(super) fn method(&self, learning_rate: f32) -> Method {
        let eps_placement = if self.eps_outside { EpsPlacement::OutsideRoot } else { EpsPlacement::InsideRoot };
        Method::new("RMSprop", RmsProp { beta: self.beta, epsilon: self.epsilon, eps_placement }, learning_rate)
    }
}

/// Shows RMSprop on the bowl and on the linear fit.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let &Args { beta, epsilon, eps_outside, .. } = args;
    let path = bowl::show(args.method(args.bowl_lr), args.bowl_steps, lab)?;
    path.check_first_move("α / √(1 − β)", f64::from(args.bowl_lr) / (1.0 - f64::from(beta)).sqrt(), lab)?;
    let root = |squares: f32| if eps_outside { squares.sqrt() + epsilon } else { (squares + epsilon).sqrt() };
    let mut squares = [0.0; 2];
    path.claim_by_hand(lab, |k, theta, g| {
        squares[k] = beta * squares[k] + (1.0 - beta) * (g * g); // G ← β G + (1 − β) g²
        theta - args.bowl_lr / root(squares[k]) * g // θ ← θ − α / √(G + ε) · g
    });

    let fit = args.fit.show(args.method(args.lr), lab)?;

    let sizes = path.step_sizes(1);
    let shrinks = sizes.windows(2).any(|pair| pair[1] < pair[0]);
    let grows = sizes.windows(2).any(|pair| pair[1] > pair[0]);
    lab.claim("the step size of x₂ shrinks and grows", shrinks && grows);
    lab.claim("the fit's loss falls to less than a hundredth of its first value", fit.falls_to(1e-2));
    fit.fingerprint(&path, lab);
    Ok(())
}
