//! 7.3.3.2 · Adam
//!
//! Momentum and a step size for each parameter, together. Running means of the gradient (M) and of its square (G) start at zero, so early on they are
//! too small; dividing by 1 − βᵗ corrects that:
//!
//! ```text
//! M ← β₁ M + (1 − β₁) g,   G ← β₂ G + (1 − β₂) g²,   M̂ = M / (1 − β₁ᵗ),   Ĝ = G / (1 − β₂ᵗ),   θ ← θ − α / √(Ĝ + ε) · M̂
//! ```
//!
//! The rule is [`common::optim::Adam`]. Shown twice, as every optimiser of section 7.3: the path down a bowl, and the losses of a linear fit.
//!
//! Seen: each parameter moves by about the learning rate in every early step, whatever the size of its gradient. The fit arrives
//! within about ten epochs.
//!
//! Departs from the book: t counts steps, as its formula says. Its code counts parameter tensors, so that the weights see t = 1, 3, 5, … and the bias
//! t = 2, 4, 6, …; `--as-printed` does so too, and the last table sets both side by side. On the bowl there is one tensor, and no difference.

use crate::{bowl, linear_fit::LinearFit, replays};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{fraction, one_to, positive},
    lab::{Column, Lab, row},
    optim::{Adam, BETA1, BETA2, Counting, EPSILON, EpsPlacement, Method, Optimizer},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "adam",
        book: "7.3.3.2",
        title: "Adam",
        summary: "Momentum and a step size for each parameter, corrected for starting at zero: down a bowl, and in a linear fit.",
    };
    Section::new(heading, [include_str!("adam.rs"), include_str!("adam.zh.md")], run)
        .edition("as-printed", &["--as-printed"])
        .replayed(replays::HELP, replays::FIXED, run)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α on the bowl
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    pub(super) bowl_lr: f32,
    /// Steps on the bowl
    #[arg(long, default_value_t = 20, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    pub(super) bowl_steps: usize,
    /// Learning rate α of the linear fit
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    pub(super) lr: f32,
    /// Decay rate β₁ of the gradient's running mean
    #[arg(long, default_value_t = BETA1, value_parser = fraction)]
    beta1: f32,
    /// Decay rate β₂ of the squared gradient's running mean
    #[arg(long, default_value_t = BETA2, value_parser = fraction)]
    beta2: f32,
    /// ε, which keeps the denominator away from zero
    #[arg(long, default_value_t = EPSILON, value_parser = positive)]
    epsilon: f32,
    /// Add ε outside the root, as libraries do
    #[arg(long)]
    eps_outside: bool,
    /// Count t by parameter tensor, as the book's code does
    #[arg(long)]
    as_printed: bool,
    #[command(flatten)]
    fit: LinearFit,
}

impl Args {
    /// Adam with a learning rate.
    pub(super) fn method(&self, learning_rate: f32) -> Method {
        let counting = if self.as_printed { Counting::PerTensor } else { Counting::PerStep };
        Method { name: "Adam".to_owned(), optimizer: self.optimizer(counting), learning_rate }
    }

    fn optimizer(&self, counting: Counting) -> Optimizer {
        let eps_placement = if self.eps_outside { EpsPlacement::OutsideRoot } else { EpsPlacement::InsideRoot };
        let adam = Adam::new(self.beta1, self.beta2, self.epsilon).eps_placement(eps_placement);
        Optimizer::new(adam).counting(counting)
    }
}

/// Shows Adam on the bowl and on the linear fit.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let &Args { beta1, beta2, epsilon, eps_outside, .. } = args;
    let path = bowl::show(args.method(args.bowl_lr), args.bowl_steps, lab)?;
    path.check_first_move("α", f64::from(args.bowl_lr), lab)?;
    let root = |squares: f32| if eps_outside { squares.sqrt() + epsilon } else { (squares + epsilon).sqrt() };
    let (mut mean, mut squares, mut power1, mut power2) = ([0.0; 2], [0.0; 2], [1.0; 2], [1.0; 2]);
    path.claim_by_hand(lab, |k, theta, g| {
        (power1[k], power2[k]) = (power1[k] * f64::from(beta1), power2[k] * f64::from(beta2)); // β₁ᵗ, β₂ᵗ
        mean[k] = beta1 * mean[k] + (1.0 - beta1) * g; // M ← β₁ M + (1 − β₁) g
        squares[k] = beta2 * squares[k] + (1.0 - beta2) * (g * g); // G ← β₂ G + (1 − β₂) g²
        let mean_hat = mean[k] / (1.0 - power1[k]) as f32; // M̂ = M / (1 − β₁ᵗ)
        let squares_hat = squares[k] / (1.0 - power2[k]) as f32; // Ĝ = G / (1 − β₂ᵗ)
        theta - args.bowl_lr / root(squares_hat) * mean_hat // θ ← θ − α / √(Ĝ + ε) · M̂
    });

    let fit = args.fit.show(args.method(args.lr), lab)?;
    compare_counters(args, lab)?;

    let longest = path.moves().iter().flatten().fold(0.0f32, |longest, moved| longest.max(*moved));
    lab.claim("steady moves: no coordinate is ever moved by more than 1.01 learning rates", longest <= 1.01 * args.bowl_lr);
    let (mut power1, mut power2, mut longest) = (1.0f64, 1.0f64, 0.0f64);
    for _ in 0..args.bowl_steps {
        (power1, power2) = (power1 * f64::from(beta1), power2 * f64::from(beta2));
        longest = longest.max((1.0 - power1) / (1.0 - power2).sqrt()); // M / √G in terms of M̂ / √Ĝ
    }
    lab.claim("without the corrections for a start at zero, some moves would be more than twice as long", longest > 2.0);
    lab.claim("the fit's loss falls to less than a thousandth of its first value", fit.falls_to(1e-3));
    fit.fingerprint(&path, lab);
    Ok(())
}

/// The fit with t counted by step and by tensor.
fn compare_counters(args: &Args, lab: &mut Lab) -> Result<()> {
    let mut rows = Vec::new();
    for (name, counting) in [("steps (formula)", Counting::PerStep), ("tensors (book's code)", Counting::PerTensor)] {
        let fit = args.fit.fit(args.optimizer(counting), |_| args.lr, lab)?;
        let losses = [fit.epoch_losses[0], fit.last_loss()].map(|loss| format!("{loss:.8}"));
        rows.push(row(name, losses.into_iter().chain(fit.unit().map(|x| format!("{x:.6}")))));
        lab.metric(format!("fit with t counting {name}, last epoch"), fit.last_loss());
    }
    writeln!(lab)?;
    lab.table(&Column::labelled("t counts", ["loss, epoch 0", "loss, last epoch", "w₁", "w₂", "b"]), rows)
}
