//! 4.5.3–4.5.6 · Training a classifier
//!
//! A network 4-6-3 with a logistic hidden layer; soft-max and cross-entropy of its three logits; stochastic gradient descent on mini-batches of 16,
//! shuffled anew each epoch. The model with the best accuracy on the development set is kept, tested, and asked for one flower.
//!
//! Seen: a small network classifies nearly all test flowers correctly; for the first 37 epochs the loss hardly moves, then it falls.
//!
//! Departs from the book:
//! 1. Its code shuffles the data anew for each of the three subsets, so that most of the test flowers are training
//!    flowers; here one permutation cuts the data into disjoint sets of `120`, `15` and `15`.
//! 2. With so few development flowers many models score the same. The book keeps the first of them, which is half trained
//!    (`--keep-first`); here the one with the lowest development loss is kept.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::Chain,
    cli::{UsageError, at_least_one, n_seeds, n_steps, positive, seeds},
    data::{
        Batches, Samples, Split,
        iris::{self, SPECIES},
    },
    kernels::{Loss, reduce},
    lab::{Lab, Numbers},
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer, Parameters},
    plot::{CurvePanel, Curves, Dash, HeatMap, Series, Svg, theme},
    registry::{Heading, Section},
    rng::Stream,
    tape::{Logistic, builder::Linear},
    train::{Decision, Evaluation, Journal, Log, Network, Outcome, Ties, Trainer, TrainingConfig, confusion, evaluate},
};
use std::{fmt::Write, ops::RangeInclusive};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "train",
        book: "4.5.3-4.5.6",
        title: "Training a classifier",
        summary: "A network of 4 inputs, 6 hidden units and 3 classes on shuffled mini-batches; the best model on the development set is \
                  kept, tested, and asked for one flower.",
    };
    Section::new(heading, [include_str!("train.rs"), include_str!("train.zh.md")], run)
        .edition("seeds", &["--seeds", "40"])
        .taped(&["--taped"])
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    lr: f32,
    /// Flowers in a mini-batch
    #[arg(long, default_value_t = 16, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training set
    #[arg(long, default_value_t = 150, value_parser = n_steps)]
    epochs: usize,
    /// Steps between two evaluations on the development set
    #[arg(long, default_value_t = 50, value_parser = at_least_one)]
    evaluate_every: usize,
    /// Steps between two printed losses
    #[arg(long, default_value_t = 100, value_parser = at_least_one)]
    log_every: usize,
    /// Keep the first of several models with the same development accuracy, as the book's code does
    #[arg(long)]
    keep_first: bool,
    /// Train with this many seeds, one after the other from --seed on, and show what the results span
    #[arg(long, default_value_t = 1, value_parser = n_seeds)]
    seeds: usize,
}

/// Four measurements, six hidden units, three classes.
pub(super) type Mlp = (Linear<4, 6>, Logistic, Linear<6, 3>);

/// Weights from `N(0, 0.01²)`, biases 1.
const INIT: Initialization =
    Initialization { weight: Initializer::Normal { mean: 0.0, deviation: 0.01 }, bias: Initializer::Constant(1.0) };
const LOSS: Loss = Loss::SoftmaxCrossEntropy;
/// Seeds from which a mean says something.
const ENOUGH_SEEDS: usize = 20;

impl Args {
    fn config(&self, seed: u64) -> TrainingConfig {
        let batches = Batches::Shuffled { size: self.batch_size, stream: Box::new(Stream::new(seed, "shuffle")) };
        TrainingConfig {
            log: Some(Log::MiniBatch { every: self.log_every }),
            ties: if self.keep_first { Ties::First } else { Ties::LowestLoss },
            ..TrainingConfig::new(self.epochs, batches, Decision::Argmax)
        }
    }

    /// Refuses batches that are larger than the training set.
    fn check(&self, n: usize) -> Result<(), UsageError> {
        let size = self.batch_size;
        let message = || format!("--batch-size {size} is more than the {n} training flowers: choose 1 to {n}");
        if size <= n { Ok(()) } else { Err(UsageError(message())) }
    }
}

/// Trains, tests and asks for one flower.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let flowers = iris::load(&lab.data().join("iris/iris.csv"))?;
    let seeds = seeds(lab.seed(), args.seeds)?;
    let split = iris::split(&flowers, lab.seed());
    args.check(split.train.len())?;

    let mut network = lab.driver().network::<Mlp, 4, 3>(LOSS, INIT, &mut lab.stream("weights"))?;
    let run = Trainer::new(&mut network, Optimizer::new(Sgd), &split.train, args.config(lab.seed()))?;
    let outcome = learn(run.journal(lab), args, &split.dev)?;
    lab.history("", &outcome.history)?;
    lab.figure("curves", &curves(&outcome)?)?;
    lab.fingerprint(&network.parameters());

    let mut best = outcome.best.parameters.clone();
    best.0.extend(iris::Range::of(&flowers.x).to_parameters());
    let checkpoint = lab.checkpoint("best-model", &best)?;
    network.load(&Parameters::read(&checkpoint)?)?;
    let test = test(&network, &split, lab)?;
    lab.metrics(results(&outcome, args, test));
    if args.seeds > 1 {
        span(args, seeds, &flowers, lab)?;
    }
    lab.claim("the best model classifies more than 80 % of the test flowers correctly", test.accuracy > 0.8);
    Ok(())
}

/// Trains to the end, with an evaluation every so many steps.
fn learn<N: Network, J: Journal>(mut run: Trainer<N, J>, args: &Args, dev: &Samples) -> Result<Outcome> {
    while let Some(step) = run.forward_backward()? {
        run.update(args.lr)?;
        if step.is_evaluated(args.evaluate_every) {
            run.evaluate(dev)?;
        }
    }
    Ok(run.finish())
}

/// Accuracy and loss on the test set, its confusion matrix, and the class of its first flower.
fn test(network: &dyn Network, split: &Split, lab: &mut Lab) -> Result<Evaluation> {
    let evaluation = evaluate(network, &split.test, Decision::Argmax)?;
    writeln!(lab, "[Test] accuracy/loss: {:.4}/{:.4}", evaluation.accuracy, evaluation.loss)?;
    let outputs = network.outputs(&split.test.x)?;
    let (truth, predicted) = (split.test.y.classes(), Decision::Argmax.classes(&outputs));
    writeln!(lab, "The first test flower is a {}, predicted: {}", SPECIES[truth[0]], SPECIES[predicted[0]])?;
    let counts = confusion(&truth, &predicted, SPECIES.len());
    lab.figure("confusion", &HeatMap::confusion("Test flowers by true and predicted species", &SPECIES, &counts).render()?)?;
    Ok(evaluation)
}

/// Loss of each step and each epoch, loss and accuracy on the development set.
fn curves(outcome: &Outcome) -> Result<Svg> {
    let history = &outcome.history;
    let per_epoch = history.train_loss.len() / history.epoch_loss.len();
    let train = Series::sampled("Train, epoch mean", &history.epoch_loss, per_epoch as f64 / 2.0, per_epoch as f64);
    let dev = |points: &[(usize, f32)]| {
        let points = points.iter().map(|&(step, y)| (step as f64, f64::from(y)));
        Series::new("Dev", points).colored(theme::DEV).dashed(Dash::Dashed)
    };
    let losses = CurvePanel::new("step", "loss").with(train.colored(theme::TRAIN)).with(dev(&history.dev_loss));
    let scores = CurvePanel::new("step", "accuracy").with(dev(&history.dev_score)).y_range(0.0, 1.05);
    Curves::new("Learning to tell irises apart").panel(losses).panel(scores).render()
}

/// The numbers that the book prints, and the test.
fn results(outcome: &Outcome, args: &Args, test: Evaluation) -> Numbers {
    let history = &outcome.history;
    let named = |name: &'static str| move |(step, x): (usize, f32)| (format!("{name}, step {step}"), x);
    let losses = history.train_loss.iter().copied().enumerate().step_by(args.log_every).map(named("train loss"));
    let dev_scores = history.dev_score.iter().copied().map(named("dev accuracy"));
    let dev_losses = history.dev_loss.iter().copied().map(named("dev loss"));
    let tested = [("test accuracy".to_owned(), test.accuracy), ("test loss".to_owned(), test.loss)];
    losses.chain(dev_scores).chain(dev_losses).chain(tested).collect()
}

/// What the book's numbers and the test accuracy span over seeds.
fn span(args: &Args, seeds: RangeInclusive<u64>, flowers: &Samples, lab: &mut Lab) -> Result<()> {
    let run = |seed| {
        let split = iris::split(flowers, seed);
        let mut network = Chain::of::<Mlp>(LOSS).initialized(INIT, &mut Stream::new(seed, "weights"));
        let run = Trainer::new(&mut network, Optimizer::new(Sgd), &split.train, args.config(seed))?;
        let outcome = learn(run, args, &split.dev)?;
        network.load(&outcome.best.parameters)?;
        Ok(results(&outcome, args, evaluate(&network, &split.test, Decision::Argmax)?))
    };
    let runs = lab.over_seeds(seeds, run)?;
    let accuracies = runs.iter().flatten().filter(|(name, _)| name == "test accuracy").map(|(_, x)| f64::from(*x));
    let (mean, deviation) = reduce::mean_and_deviation(&accuracies.collect::<Vec<_>>());
    writeln!(lab, "\n[Test] accuracy over {} seeds: {mean:.4} ± {deviation:.4} (mean ± standard deviation)", args.seeds)?;
    lab.metric("mean test accuracy over seeds", mean);
    if args.seeds >= ENOUGH_SEEDS {
        lab.claim(
            "on average over the seeds, the best model classifies more than 90 % of the test flowers correctly",
            mean > 0.9,
        );
    }
    Ok(())
}
