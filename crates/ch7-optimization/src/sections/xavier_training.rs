//! 7.4.2.3 · Training after Xavier initialisation
//!
//! A tanh network 2-300-500-700-400-1 on 200 noisy moons, mini-batches of 10, trained from Xavier's weights and from N(0, 1). The latter
//! starts with saturated units, whose gradients are almost zero, behind an output of enormous logits.

use crate::{
    first_weights::{Start, Trained, report},
    moons300::Moons,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{Chain, activation, linear},
    cli::{UsageError, at_least_one, positive},
    data::Batches,
    kernels::{Activation, Loss},
    lab::{Lab, TrainedVariant},
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    registry::{Heading, Section},
    train::{Decision, Log, Trainer, TrainingConfig},
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "xavier-training",
        book: "7.4.2.3",
        title: "Training after Xavier initialisation",
        summary: "A tanh network 2-300-500-700-400-1 trained on the moons from Xavier's weights and from N(0, 1): the loss of each epoch.",
    };
    Section::new(heading, run).edition("quick", &["--epochs", "15"])
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
    #[arg(long, default_value_t = 100, value_parser = at_least_one)]
    epochs: usize,
}

const STARTS: [Start; 2] = [Start { name: "Xavier", weight: Initializer::XavierNormal }, Start::STANDARD_NORMAL];

/// Trains from both.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let trained = train(&STARTS, Activation::Tanh, args, lab)?;
    report(&trained, lab)?;
    let [xavier, plain] = [0, 1].map(|start| trained[start].last_loss());
    lab.claim("the loss of the last epoch is smaller from Xavier's weights", xavier < plain);
    Ok(())
}

/// The network 2-300-500-700-400-1; its output is a logit.
fn network(hidden: Activation, weight: Initializer, lab: &Lab) -> Chain {
    let hidden = [(2, 300), (300, 500), (500, 700), (700, 400)].into_iter().flat_map(|(i, o)| [linear(i, o), activation(hidden)]);
    let init = Initialization { weight, bias: Initializer::ZEROS };
    Chain::new(hidden.chain([linear(400, 1)]), Loss::BinaryCrossEntropyWithLogits).initialized(init, &mut lab.stream("weights"))
}

/// Steps between two evaluations, as in the book.
const EVALUATE_EVERY: usize = 400;

/// Trains the network with the given hidden units from each start, in parallel.
pub(crate) fn train(starts: &[Start], hidden: Activation, args: &Args, lab: &mut Lab) -> Result<Vec<Trained>> {
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
