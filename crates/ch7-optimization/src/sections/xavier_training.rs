//! 7.4.2.3 · Training after Xavier initialisation
//!
//! A tanh network `2-300-500-700-400-1` on noisy moons, mini-batches of 10, trained from Xavier's weights and from N(0, 1). The latter
//! starts with most units of the later layers saturated: they pass hardly any gradient, the few others a very large one, and the logits are enormous.
//!
//! Seen: from Xavier's weights the loss is low from the first epoch on; from N(0, 1) it is still 1.133 in place
//! of 0.426 after 100 epochs.
//!
//! Departs from the book: it draws its moons twice and takes its training samples from the first draw, its development samples from
//! the second. Ours are parts of a single draw.

use super::xavier::{LOOKS, Start};
use crate::moons300::Moons;
use anyhow::{Result, bail};
use clap::Args as ClapArgs;
use common::{
    chain::{Chain, activation, linear},
    cli::{UsageError, at_least_one, n_steps, positive},
    data::Batches,
    kernels::{Activation, Loss},
    lab::{Column, Lab, TrainedVariant, row},
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer, Parameters},
    plot::{CurvePanel, Curves, Series},
    registry::{Heading, Section},
    train::{Decision, Log, Network, Trainer, TrainingConfig},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "xavier-training",
        book: "7.4.2.3",
        title: "Training after Xavier initialisation",
        summary: "A tanh network 2-300-500-700-400-1 trained on the moons from Xavier's weights and from N(0, 1): the loss of each epoch.",
    };
    Section::new(heading, [include_str!("xavier_training.rs"), include_str!("xavier_training.zh.md")], run)
        .edition("quick", &["--epochs", "15"])
}

/// The book's hyper-parameters, which section `he` shares.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.005, value_parser = positive)]
    lr: f32,
    /// Samples in a mini-batch
    #[arg(long, default_value_t = 10, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training samples
    #[arg(long, default_value_t = 100, value_parser = n_steps)]
    epochs: usize,
}

const STARTS: [Start; 2] = [Start { name: "Xavier", weight: Initializer::XavierNormal }, Start::STANDARD_NORMAL];

/// Trains from both.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let trained = train(&STARTS, Activation::Tanh, args, lab)?;
    report(&trained, lab)?;
    let [xavier, plain] = [0, 1].map(|start| trained[start].last_loss());
    lab.claim("the loss of the last epoch is smaller from Xavier's weights", xavier < plain);
    let [xavier, plain] = [0, 1].map(|start| trained[start].run.as_ref().map_or(0.0, |run| run.test().accuracy));
    lab.claim("more of the development samples are classified right from Xavier's weights", xavier > plain);
    Ok(())
}

/// The network `2-300-500-700-400-1`; its output is a logit.
fn network(hidden: Activation, weight: Initializer, lab: &Lab) -> Chain {
    let hidden = [(2, 300), (300, 500), (500, 700), (700, 400)].into_iter().flat_map(|(i, o)| [linear(i, o), activation(hidden)]);
    let init = Initialization { weight, bias: Initializer::ZEROS };
    Chain::new(hidden.chain([linear(400, 1)]), Loss::BinaryCrossEntropyWithLogits).initialized(init, &mut lab.stream("weights"))
}

/// Steps between two evaluations, as in the book.
const EVALUATE_EVERY: usize = 400;

/// What training from some first weights ends with; a run that diverged has a message in place of results.
pub(super) struct Trained {
    pub(super) name: &'static str,
    pub(super) run: Result<TrainedVariant<Chain>, String>,
}

impl Trained {
    /// The mean loss of the last epoch; infinite where training diverged.
    pub(super) fn last_loss(&self) -> f32 {
        let losses = self.run.as_ref().map_or(&[][..], |run| &run.history.epoch_loss);
        losses.last().copied().unwrap_or(f32::INFINITY)
    }
}

/// Trains the network with the given hidden units from each start, in parallel.
pub(super) fn train(starts: &[Start], hidden: Activation, args: &Args, lab: &mut Lab) -> Result<Vec<Trained>> {
    let moons = Moons::new(lab.seed());
    let (n, size) = (moons.train.len(), args.batch_size);
    if size > n {
        return Err(UsageError(format!("--batch-size {size} is more than the {n} training samples: choose 1 to {n}")).into());
    }
    let descend = |&Start { name, weight }: &Start| {
        let mut network = network(hidden, weight, lab);
        let batches = Batches::Shuffled { size, stream: Box::new(lab.stream("shuffle")) };
        let config = TrainingConfig {
            log: Some(Log::MiniBatch { every: EVALUATE_EVERY }),
            ..TrainingConfig::new(args.epochs, batches, Decision::Logit)
        };
        let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), &moons.train, config)?;
        while let Some(step) = run.forward_backward()? {
            run.update(args.lr)?;
            if step.is_evaluated(EVALUATE_EVERY) {
                run.evaluate(&moons.test)?;
            }
        }
        let history = run.finish().history;
        Ok(TrainedVariant { name: name.to_owned(), network, history })
    };
    // A run that diverged stands beside the others.
    let run = |start: &Start| descend(start).map_err(|diverged: anyhow::Error| diverged.to_string());
    lab.over_variants(starts, |start| Ok(Trained { name: start.name, run: run(start) }))
}

/// Lines of the table of losses.
const LINES: usize = 10;

/// The table of epoch losses, what came out, the figure.
pub(super) fn report(trained: &[Trained], lab: &mut Lab) -> Result<()> {
    let finite = trained.iter().filter_map(|t| Some((t.name, &t.run.as_ref().ok()?.history.epoch_loss)));
    let finite: Vec<(&str, &Vec<f32>)> = finite.collect();
    let Some((_, first)) = finite.first() else { bail!("training diverged from all first weights: try a smaller --lr") };
    let epochs = first.len();
    writeln!(lab, "mean loss of each epoch")?;
    let shown = (0..epochs).filter(|epoch| epoch.is_multiple_of(epochs.div_ceil(LINES)) || epoch + 1 == epochs);
    let rows = shown.map(|epoch| row(epoch.to_string(), finite.iter().map(|(_, losses)| format!("{:.6}", losses[epoch]))));
    lab.table(&Column::labelled("epoch", finite.iter().map(|(name, _)| *name)), rows)?;
    let mut all = Vec::new();
    for trained in trained {
        let name = trained.name;
        match &trained.run {
            Ok(run) => {
                let accuracy = run.test().accuracy;
                writeln!(lab, "{name}: [Test] accuracy: {accuracy:.4}")?;
                lab.metric(format!("{name}, test accuracy"), accuracy);
                lab.metric(format!("{name}, last epoch loss"), trained.last_loss());
                // Also the beginning of a file's name.
                lab.history(&format!("{name} ").replace(['(', ','], "-").replace(')', ""), &run.history)?;
                all.extend(run.network.parameters().prefixed(name).0);
            }
            Err(message) => writeln!(lab, "{name}: {message}")?,
        }
    }
    lab.fingerprint(&Parameters(all));
    let panel = CurvePanel::new("epoch", "loss").log_y();
    let curves =
        finite.iter().zip(LOOKS).map(|((name, losses), (_, dash))| Series::sampled(*name, losses, 0.0, 1.0).dashed(dash));
    lab.figure("losses", &Curves::new("Training loss by first weights").panel(curves.fold(panel, CurvePanel::with)).render()?)
}
