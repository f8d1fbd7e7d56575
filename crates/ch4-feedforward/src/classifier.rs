//! What sections 4.2 and 4.3 share: a classifier of the two moons is trained, the best model saved, loaded again, tested and drawn.

use anyhow::Result;
use clap::Args;
use common::{
    cli::{at_least_one, non_negative, positive},
    data::{Batches, Split, moons},
    figures,
    lab::Lab,
    parameters::Parameters,
    train::{Learner, Log, Metric, Outcome, Silent, Ties, Training, evaluate, train},
};
use std::{fmt::Write, ops::RangeInclusive};

/// The book's hyper-parameters.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    pub(crate) lr: f32,
    /// Epochs, each one full-batch step
    #[arg(long, default_value_t = 1000, value_parser = at_least_one)]
    pub(crate) epochs: usize,
    /// Epochs between two printed losses
    #[arg(long, default_value_t = 50, value_parser = at_least_one)]
    pub(crate) log_every: usize,
    /// Standard deviation of the noise on the moons
    #[arg(long, default_value_t = 0.5, value_parser = non_negative)]
    pub(crate) noise: f32,
    /// Train with this many seeds, one after the other from --seed on, and show what the results span
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    pub(crate) seeds: usize,
    /// Train on the source's own data and weights, in its own arithmetic
    #[arg(long, conflicts_with_all = ["noise", "seeds"])]
    pub(crate) replay: bool,
}

impl Settings {
    fn training(&self) -> Training {
        Training {
            n_epochs: self.epochs,
            batches: Batches::Full,
            evaluate_every: 1,
            log: Log::Epochs { every: self.log_every },
            metric: Metric::Probability,
            ties: Ties::First,
        }
    }
}

/// Trains `learner` on `split`, saves, reloads and tests the best model, draws curves and regions; gives the outcome of training.
pub(crate) fn study(learner: &mut impl Learner, split: &Split, settings: &Settings, lab: &mut Lab) -> Result<Outcome> {
    let outcome = train(learner, split, settings.training(), lab)?;
    lab.history("", &outcome.history)?;
    lab.figure("curves", &figures::learning_curves("Loss and accuracy of the two-layer network", &outcome.history, true)?)?;
    lab.fingerprint(&learner.parameters());

    let checkpoint = lab.checkpoint("best-model", &outcome.best)?;
    learner.load(&Parameters::read(&checkpoint)?)?;
    let (score, loss) = evaluate(learner, &split.test, Metric::Probability)?;
    writeln!(lab, "[Test] score/loss: {score:.4}/{loss:.4}")?;
    lab.figure("regions", &figures::decision_regions("What the best model says, and all samples", learner, split)?)?;

    lab.sequence("best dev accuracies", improvements(&outcome));
    for (name, value) in results(&outcome, settings.log_every, (score, loss)) {
        lab.metric(name, value);
    }
    Ok(outcome)
}

/// Trains networks that `learner` makes for `seeds`, if there are several, and records what each result spans.
pub(crate) fn span<L: Learner>(
    learner: impl Fn(u64) -> Result<L> + Sync,
    seeds: RangeInclusive<u64>,
    settings: &Settings,
    lab: &mut Lab,
) -> Result<()> {
    if settings.seeds == 1 {
        return Ok(());
    }
    let run = |seed| {
        let split = moons::moon1000(settings.noise, seed);
        let mut learner = learner(seed)?;
        let outcome = train(&mut learner, &split, settings.training(), &mut Silent)?;
        learner.load(&outcome.best)?;
        Ok(results(&outcome, settings.log_every, evaluate(&learner, &split.test, Metric::Probability)?))
    };
    lab.over_seeds(seeds, run)?;
    Ok(())
}

/// The development accuracies that were each the best so far, as the log prints them.
fn improvements(outcome: &Outcome) -> Vec<String> {
    let mut best = 0.0;
    let scores = outcome.history.dev_score.iter().filter(|(_, score)| {
        let improves = *score > best;
        best = best.max(*score);
        improves
    });
    scores.map(|(_, score)| format!("{score:.5}")).collect()
}

/// The numbers that the source prints: the loss every so many epochs, the best development accuracy, the test.
fn results(outcome: &Outcome, log_every: usize, (score, loss): (f32, f32)) -> Vec<(String, f32)> {
    let losses = outcome.history.train_loss.iter().enumerate().step_by(log_every);
    losses
        .map(|(epoch, loss)| (format!("train loss, epoch {epoch}"), *loss))
        .chain([
            ("best dev accuracy".to_owned(), outcome.best_score),
            ("test accuracy".to_owned(), score),
            ("test loss".to_owned(), loss),
        ])
        .collect()
}
