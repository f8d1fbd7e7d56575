//! 7.6.3 · L2 regularisation
//!
//! To the loss of N samples comes (λ / 2N) Σ W², to each weight's gradient (λ / N) W: large weights, which the network needs to draw a
//! boundary around single samples, cost something. Biases are free.
//!
//! Departs from the book: its text adds λ/2 ‖θ‖² over all parameters, its code divides by N and leaves the biases out, and so does this
//! section: λ = 0.7 means 0.0035 a weight. Accuracies are averaged over seeds beside the single run.

use crate::regularized::{Method, Settings, Study, study};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{cli::non_negative, lab::Lab};

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// λ of the L2 term (λ / 2N) Σ W²
    #[arg(long, default_value_t = 0.7, value_parser = non_negative)]
    lambda: f32,
    #[command(flatten)]
    settings: Settings,
}

/// Trains without and with the L2 term.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Study { spans, .. } = study(&[Method::Nothing, Method::L2(args.lambda)], &args.settings, lab)?;
    lab.claim(
        "over the seeds, the gap between training and test accuracy is smaller with the L2 term",
        spans[1].gap() < spans[0].gap(),
    );
    lab.claim("the test accuracy is higher on average", spans[1].above(&spans[0]).0 > 0.0);
    Ok(())
}
