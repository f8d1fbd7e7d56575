//! What a training run on the two moons leaves (book sections 4.2.6, 4.2.7 and 4.3.2): its curves, and its best model, which is saved,
//! loaded again, tested and drawn.

use anyhow::Result;
use common::{
    data::Split,
    figures,
    lab::{Lab, Numbers},
    parameters::Parameters,
    train::{Decision, Evaluation, Network, Outcome, evaluate},
};
use std::fmt::Write;

/// Draws the curves of a run, saves its best model, loads it into `network` and tests it.
pub(crate) fn show(network: &mut dyn Network, outcome: &Outcome, split: &Split, lab: &mut Lab) -> Result<Evaluation> {
    lab.history("", &outcome.history)?;
    lab.figure("curves", &figures::learning_curves("Loss and accuracy of the two-layer network", &outcome.history, true)?)?;
    lab.fingerprint(&network.parameters());

    let checkpoint = lab.checkpoint("best-model", &outcome.best.parameters)?;
    network.load(&Parameters::read(&checkpoint)?)?;
    let test = evaluate(network, &split.test, Decision::Probability)?;
    writeln!(lab, "[Test] score/loss: {:.4}/{:.4}", test.accuracy, test.loss)?;
    lab.figure("regions", &figures::decision_regions("What the best model says, and all samples", network, split)?)?;
    lab.sequence("best dev accuracies", improvements(outcome));
    Ok(test)
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
pub(crate) fn numbers(outcome: &Outcome, log_every: usize, test: Evaluation) -> Numbers {
    let losses = outcome.history.train_loss.iter().enumerate().step_by(log_every);
    losses
        .map(|(epoch, loss)| (format!("train loss, epoch {epoch}"), *loss))
        .chain([
            ("best dev accuracy".to_owned(), outcome.best.evaluation.accuracy),
            ("test accuracy".to_owned(), test.accuracy),
            ("test loss".to_owned(), test.loss),
        ])
        .collect()
}
