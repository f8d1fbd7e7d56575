//! A training run on the two moons and what it leaves (book sections 4.2.6, 4.2.7 and 4.3.2): its curves, and its best model, which is saved,
//! loaded again, tested and drawn.

use crate::sections::manual_mlp::Training;
use anyhow::Result;
use common::{
    data::{Split, moons},
    figures,
    lab::{Lab, Numbers},
    optim::{Optimizer, Sgd},
    parameters::Parameters,
    train::{Decision, Evaluation, Network, Outcome, Trainer, evaluate},
};
use std::{fmt::Write, ops::RangeInclusive};

impl Training {
    /// Trains a network on the moons of the run's seed and shows it, then, if there are more `seeds`, one for each; gives the first
    /// run, and the fingerprint of the parameters that it ended with.
    pub(crate) fn over_seeds<N: Network>(
        &self,
        seeds: RangeInclusive<u64>,
        network: impl Fn(u64) -> Result<N> + Sync,
        lab: &mut Lab,
    ) -> Result<(Outcome, String)> {
        let split = moons::moon1000(self.noise, lab.seed());
        let shown = self.show(network(lab.seed())?, Optimizer::new(Sgd), &split, lab)?;
        if self.seeds > 1 {
            lab.over_seeds(seeds, |seed| {
                let split = moons::moon1000(self.noise, seed);
                let mut network = network(seed)?;
                let run = Trainer::new(&mut network, Optimizer::new(Sgd), &split.train, self.config())?;
                let outcome = self.train(run, &split.dev)?;
                network.load(&outcome.best.parameters)?;
                Ok(self.numbers(&outcome, evaluate(&network, &split.test, Decision::Probability)?))
            })?;
        }
        Ok(shown)
    }

    /// Trains a network, draws its curves, saves its best model, loads that again, tests and draws it.
    pub(crate) fn show<N: Network>(
        &self,
        mut network: N,
        optimizer: Optimizer,
        split: &Split,
        lab: &mut Lab,
    ) -> Result<(Outcome, String)> {
        let run = Trainer::new(&mut network, optimizer, &split.train, self.config())?;
        let outcome = self.train(run.journal(lab), &split.dev)?;
        lab.history("", &outcome.history)?;
        lab.figure("curves", &figures::learning_curves("Loss and accuracy of the two-layer network", &outcome.history)?)?;
        let end = network.parameters();
        lab.fingerprint(&end);

        let checkpoint = lab.checkpoint("best-model", &outcome.best.parameters)?;
        network.load(&Parameters::read(&checkpoint)?)?;
        let test = evaluate(&network, &split.test, Decision::Probability)?;
        writeln!(lab, "[Test] score/loss: {:.4}/{:.4}", test.accuracy, test.loss)?;
        lab.figure("regions", &figures::decision_regions("What the best model says, and all samples", &network, split)?)?;
        lab.sequence("best dev accuracies", improvements(&outcome));
        lab.metrics(self.numbers(&outcome, test));

        let (losses, best) = (&outcome.history.train_loss, outcome.best.evaluation.accuracy);
        let learns = losses.last() < losses.first() && best > 0.7;
        lab.claim("the loss falls, and the best model classifies more than 70 % of the development set", learns);
        lab.claim("the best model classifies more than 70 % of the test set as well", test.accuracy > 0.7);
        Ok((outcome, end.fingerprint()))
    }

    /// The numbers that the source prints: the loss every so many epochs, the best development accuracy, the test.
    fn numbers(&self, outcome: &Outcome, test: Evaluation) -> Numbers {
        let losses = outcome.history.train_loss.iter().enumerate().step_by(self.log_every);
        let losses = losses.map(|(epoch, loss)| (format!("train loss, epoch {epoch}"), *loss));
        let best = ("best dev accuracy".to_owned(), outcome.best.evaluation.accuracy);
        let tested = [("test accuracy".to_owned(), test.accuracy), ("test loss".to_owned(), test.loss)];
        losses.chain([best]).chain(tested).collect()
    }
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
