//! What the sections that train on MNIST share: data, first weights, arms side by side, tables and figures.

use anyhow::Result;
use clap::Args;
use common::{
    cli::{UsageError, one_to},
    data::{
        Batches,
        mnist::{Images, N_TEST, N_TRAIN, PixelScale},
    },
    kernels::Loss,
    lab::{self, Arm, Lab, Trial},
    nn::{Sequential, sequential::Unroll},
    optim::Optimizer,
    parameters::{Initialization, Initializer, Parameters},
    plot::{CurvePanel, Curves, Dash, Series, Svg},
    rng::Stream,
    train::{Learner, Lessons, Metric, Scaled},
};
use std::fmt::Write;

/// How much of MNIST a run takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Digits {
    /// Train on the first so many images
    #[arg(long, default_value_t = N_TRAIN, value_parser = one_to::<N_TRAIN>)]
    pub(crate) images: usize,
    /// Test on the first so many test images
    #[arg(long, default_value_t = N_TEST, value_parser = one_to::<N_TEST>)]
    test_images: usize,
    /// Go on from the last epochs that an interrupted run of the same settings finished
    #[arg(long)]
    resume: bool,
}

/// A network with soft-max cross-entropy and any optimiser.
pub(crate) type Net = Sequential<Box<dyn Optimizer>>;
/// A trained network.
pub(crate) type Trained = lab::Trained<Net>;

/// As the book's library starts its layers: kernels from N(0, 2 / inputs), matrices uniform after Xavier, biases 0.
const INIT: Initialization = Initialization { weight: Initializer::ByShape, bias: Initializer::ZEROS };

/// One way to train a network.
pub(crate) struct Way {
    /// Its name in tables, figures and files.
    pub(crate) name: String,
    /// The flags that stand for it, for the checkpoint.
    pub(crate) flags: String,
    /// The network as it starts.
    pub(crate) network: Net,
    /// How an epoch visits the images.
    pub(crate) batches: Batches,
}

/// A network of model `M` with the first weights of `seed`.
pub(crate) fn network<M: Unroll>(optimizer: impl Optimizer + 'static, seed: u64) -> Net {
    let mut network = Sequential::new::<M>(Loss::SoftmaxCrossEntropy, Box::new(optimizer) as Box<dyn Optimizer>);
    network.initialize(INIT, &mut Stream::new(seed, "weights"));
    network
}

/// Trains a network in each of the `ways`, side by side; pixels are from 0 to 1. Writes the curves and traces and states the fingerprint
/// of all.
pub(crate) fn train(
    ways: Vec<Way>,
    (n_epochs, evaluate_every): (usize, usize),
    digits: &Digits,
    lab: &mut Lab,
) -> Result<Vec<Trained>> {
    let Digits { images, test_images, resume } = *digits;
    for Way { batches, .. } in &ways {
        batches.check(images).map_err(|error| UsageError(error.to_string()))?;
    }
    let (train, test) = (Images::train(lab.data())?, Images::test(lab.data())?);
    let (train, test) = (Scaled::first(&train, images, PixelScale::Unit), Scaled::first(&test, test_images, PixelScale::Unit));
    let seed = lab.seed();
    let arms = ways.into_iter().map(|Way { name, flags, network, batches }| Arm {
        name,
        learner: network,
        lessons: Lessons { n_epochs, samples: images, batches, log_every: 0, metric: Metric::Argmax },
        settings: format!("{flags} --images {images} --test-images {test_images} --seed {seed}"),
    });
    let trial = Trial { train: &train, test: &test, evaluate_every, resume };
    let trained = lab.train_arms(arms.collect(), &trial)?;
    let mut all = Vec::new();
    for arm in &trained {
        let prefix = format!("{} ", arm.name);
        let epochs = (1..).zip(arm.history.epoch_loss.iter().copied());
        lab.curve(format!("{prefix}epoch loss"), epochs);
        lab.curve(format!("{prefix}test loss"), arm.history.dev_loss.iter().copied());
        lab.curve(format!("{prefix}test accuracy"), arm.history.dev_score.iter().copied());
        lab.trace(&format!("{}-", lab::file_name(&arm.name)), &arm.history)?;
        all.extend(arm.learner.parameters().prefixed(&arm.name).0);
    }
    lab.fingerprint(&Parameters(all));
    Ok(trained)
}

/// Epochs that a table shows: the first, the last and some between, counted from 1.
pub(crate) fn shown(epochs: usize) -> impl Iterator<Item = usize> {
    let all = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000];
    let between = all.into_iter().filter(move |epoch| *epoch < epochs);
    between.chain([epochs])
}

/// Prints the mean loss of some epochs and the last test of each arm, and records what stands in the last columns.
pub(crate) fn print_table(trained: &[Trained], lab: &mut Lab) -> Result<()> {
    let epochs = trained.first().map_or(0, |arm| arm.history.epoch_loss.len());
    let width = width(trained);
    let heads = shown(epochs).map(|epoch| format!(" {:>9}", format!("epoch {epoch}")));
    writeln!(lab, "mean loss of an epoch, then loss and accuracy of the test images\n")?;
    writeln!(lab, "{:<width$}{} {:>10} {:>9}", "", heads.collect::<String>(), "test loss", "accuracy")?;
    for arm in trained {
        let losses = &arm.history.epoch_loss;
        let cells = shown(epochs).map(|epoch| format!(" {:>9.5}", losses[epoch - 1]));
        let (loss, accuracy) = arm.test();
        writeln!(lab, "{:<width$}{} {loss:>10.5} {accuracy:>9.4}", arm.name, cells.collect::<String>())?;
        lab.metric(format!("{}, train loss of epoch 1", arm.name), losses[0]);
        if epochs > 1 {
            lab.metric(format!("{}, train loss of epoch {epochs}", arm.name), losses[epochs - 1]);
        }
        lab.metric(format!("{}, test loss", arm.name), loss);
        lab.metric(format!("{}, test accuracy", arm.name), accuracy);
    }
    Ok(())
}

/// Columns that the longest name takes.
pub(crate) fn width(trained: &[Trained]) -> usize {
    trained.iter().map(|arm| arm.name.chars().count()).fold(0, usize::max)
}

/// How arm number `index` is drawn: some lie on others, whose dashes let them show through.
fn dash(index: usize) -> Dash {
    [Dash::Solid, Dash::Dashed, Dash::DashDot, Dash::Dotted][index % 4]
}

/// A panel of one curve an arm.
pub(crate) fn panel(labels: (&str, &str), trained: &[Trained], curve: impl Fn(&Trained) -> Series) -> CurvePanel {
    let series = trained.iter().enumerate().map(|(i, arm)| Series { label: arm.name.clone(), ..curve(arm) }.dashed(dash(i)));
    series.fold(CurvePanel::new(labels.0, labels.1), CurvePanel::with)
}

/// The mean loss of each epoch, one curve an arm.
pub(crate) fn epoch_losses(title: &str, trained: &[Trained]) -> Result<Svg> {
    let curve = |arm: &Trained| Series::sampled("", &arm.history.epoch_loss, 1.0, 1.0);
    Curves::new(title).panel(panel(("epoch", "mean loss of the epoch"), trained, curve).log_y()).render()
}

/// Points of a curve of step losses.
const POINTS: usize = 40;

/// The losses of the first steps, each point the mean of as many as it takes to tell the arms apart.
pub(crate) fn step_losses(arm: &Trained, steps: usize) -> Series {
    let together = (steps / POINTS).max(1);
    let means: Vec<f64> = arm.history.train_loss[..steps].chunks_exact(together).map(mean).collect();
    Series::sampled("", &means, together as f64 / 2.0, together as f64)
}

/// Steps that an arm takes in an epoch.
pub(crate) fn steps_per_epoch(arm: &Trained) -> usize {
    arm.history.train_loss.len() / arm.history.epoch_loss.len().max(1)
}

/// Mean of some losses, in f64.
pub(crate) fn mean(losses: &[f32]) -> f64 {
    losses.iter().copied().map(f64::from).sum::<f64>() / losses.len() as f64
}

/// The losses of the tests.
pub(crate) fn test_loss(arm: &Trained) -> Series {
    tests(&arm.history.dev_loss)
}

/// The accuracies of the tests.
pub(crate) fn test_accuracy(arm: &Trained) -> Series {
    tests(&arm.history.dev_score)
}

fn tests(curve: &[(usize, f32)]) -> Series {
    Series::new("", curve.iter().map(|&(step, y)| (step as f64, f64::from(y))))
}
