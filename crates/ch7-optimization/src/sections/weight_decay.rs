//! 7.6.4 · Weight decay
//!
//! Each update first shrinks every parameter: θ ← (1 − β) θ − α g. With plain gradient descent this is an L2 term of strength β / α: β = 0.001 at
//! α = 0.2 costs each parameter 0.005, where λ = 0.7 of section 7.6.3 costs each weight 0.7 / 200 = 0.0035. So the two should act
//! alike, and over seeds they do.
//!
//! Departs from the book: nothing; β is not multiplied by the learning rate and takes biases too. Accuracies are averaged over seeds beside
//! the single run.

use crate::regularized::{Method, Settings, Study, study};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{cli::fraction, lab::Lab};

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// β of the update θ ← (1 − β) θ − α g
    #[arg(long, default_value_t = 0.001, value_parser = fraction)]
    decay: f32,
    #[command(flatten)]
    settings: Settings,
}

/// Trains without and with weight decay.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Study { spans, .. } = study(&[Method::Nothing, Method::WeightDecay(args.decay)], &args.settings, lab)?;
    lab.claim(
        "over the seeds, the gap between training and test accuracy is smaller with decay",
        spans[1].gap() < spans[0].gap(),
    );
    lab.claim("the test accuracy is higher on average", spans[1].above(&spans[0]).0 > 0.0);
    Ok(())
}
