//! 7.6.1–7.6.2 · A network that over-fits
//!
//! 2-20-3-1 with `ReLU` units, written by hand, on 200 noisy moons: small data, a flexible network, and 50,000 steps of
//! gradient descent. It learns the noise of its training samples, and 100 other samples pay for it.
//!
//! Departs from the book:
//! 1. One split of 300 samples says little: the accuracies are also averaged over seeds. The book's 71 % on its test samples is the low end
//!    of what seeds give; on average they lose less.
//! 2. The loss is computed from logits in its stable form; the book's takes the logarithm of σ(o), which is −∞ once a unit saturates.

use crate::regularized::{Fit, Method, Settings, Study, study};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::lab::Lab;

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Trains without any regularisation.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Study { own, spans } = study(&[Method::Nothing], &args.settings, lab)?;
    claim(&own, lab);
    let gap = spans[0].gap();
    lab.claim("over the seeds, training samples are classified better than test samples by more than 0.05", gap > 0.05);
    Ok(())
}

/// What the losses show.
fn claim(fit: &Fit, lab: &mut Lab) {
    let best = (0..fit.test_loss.len()).fold(0, |best, i| if fit.test_loss[i].1 < fit.test_loss[best].1 { i } else { best });
    let end = fit.test_loss.len() - 1;
    let rises = fit.test_loss[end].1 > fit.test_loss[best].1;
    let falls = fit.train_loss[end].1 < fit.train_loss[best].1;
    let step = fit.test_loss[best].0;
    lab.claim(
        format!("from step {step} on the loss of the test samples rises, that of the training samples falls"),
        rises && falls,
    );
}
