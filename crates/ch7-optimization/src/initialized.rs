//! What the sections of 7.4.2 share: the variance of each layer's output, and training from several first weights.

use crate::moons300::Moons;
use anyhow::{Result, bail};
use clap::Args;
use common::{
    cli::{UsageError, at_least_one, positive},
    data::{Batches, Split},
    kernels::{Activation, Loss, reduce},
    lab::Lab,
    matrix::Matrix,
    optim::Sgd,
    parameters::{Initialization, Initializer, Parameter, Parameters},
    plot::{CurvePanel, Curves, Dash, Marker, Series, Svg},
    rng::Stream,
    scratch::{Layer, Network, activate},
    train::{Learner, Log, Metric, Outcome, Silent, Ties, Training, evaluate, train},
    value::Value,
};
use std::fmt::Write;

/// A way to draw the first weights, with its name.
pub(crate) type Arm = (&'static str, Initializer);

/// Units of each layer of the network whose variances are looked at, the inputs first.
const VARIANCE_SIZES: [usize; 6] = [100, 200, 400, 300, 200, 100];
/// The same of the network that is trained.
const TRAINED_SIZES: [usize; 6] = [2, 300, 500, 700, 400, 1];
/// Standard deviation of the inputs.
const INPUT_DEVIATION: f32 = 0.1;

/// How each arm is drawn: some lie on others, whose dashes let them show through.
const LOOKS: [(Marker, Dash); 4] = [
    (Marker::Disc, Dash::Solid),
    (Marker::Square, Dash::Dashed),
    (Marker::Triangle, Dash::Dotted),
    (Marker::Diamond, Dash::Solid),
];

/// Layers of the given sizes; the last is linear.
fn layers(sizes: &[usize], weight: Initializer, hidden: Activation, seed: u64) -> Vec<Layer> {
    let (init, mut weights) = (Initialization { weight, bias: Initializer::ZEROS }, Stream::new(seed, "weights"));
    let last = sizes.len() - 2;
    let activation = |l| if l == last { Activation::Identity } else { hidden };
    sizes.windows(2).enumerate().map(|(l, pair)| Layer::draw((pair[0], pair[1]), activation(l), init, &mut weights)).collect()
}

/// The variance of the inputs, then of each layer's output, over all units and `n` samples from N(0, 0.1²).
fn variances(weight: Initializer, hidden: Activation, n: usize, seed: u64) -> Vec<f64> {
    let variance = |a: &Matrix| {
        let values: Vec<f64> = a.values().iter().copied().map(f64::from).collect();
        let (_, deviation) = reduce::mean_and_deviation(&values);
        deviation * deviation
    };
    let inputs = Stream::new(seed, "inputs").normals(n * VARIANCE_SIZES[0], 0.0, INPUT_DEVIATION);
    let mut a = Matrix::new(n, VARIANCE_SIZES[0], inputs);
    let mut variances = vec![variance(&a)];
    for layer in layers(&VARIANCE_SIZES, weight, hidden, seed) {
        a = activate(layer.activation, &layer.linear.forward(&a));
        variances.push(variance(&a));
    }
    variances
}

/// Prints, records and draws the variances for each number of samples; gives those of the last, one list an arm.
pub(crate) fn show_variances(arms: &[Arm], hidden: Activation, samples: &[usize], lab: &mut Lab) -> Result<Vec<Vec<f64>>> {
    let mut columns = Vec::new();
    for (table, &n) in samples.iter().enumerate() {
        let space = if table == 0 { "" } else { "\n" };
        columns = arms.iter().map(|&(_, weight)| variances(weight, hidden, n, lab.seed())).collect();
        let plural = if n == 1 { "" } else { "s" };
        writeln!(lab, "{space}variance of each layer's output, {n} sample{plural}")?;
        let names = arms.iter().map(|(name, _)| format!(" {name:>15}"));
        writeln!(lab, "{:<6} {:>5}{}", "layer", "units", names.collect::<String>())?;
        for (l, units) in VARIANCE_SIZES.iter().enumerate() {
            let label = if l == 0 { "input".to_owned() } else { l.to_string() };
            let cells = columns.iter().map(|column| format!(" {:>15}", format_variance(column[l])));
            writeln!(lab, "{label:<6} {units:>5}{}", cells.collect::<String>())?;
            for ((name, _), column) in arms.iter().zip(&columns) {
                lab.metric(format!("{name}, {n} sample{plural}, layer {l}"), Value::F64(column[l]));
            }
        }
    }
    let mut panel = CurvePanel::new("layer (0: inputs)", "variance of the output").log_y();
    for (((name, _), column), (marker, dash)) in arms.iter().zip(&columns).zip(LOOKS) {
        panel = panel.with(Series::sampled(*name, column, 0.0, 1.0).marked(marker).dashed(dash));
    }
    let title = format!("Variance from layer to layer, {} samples", samples[samples.len() - 1]);
    lab.figure("variances", &Curves::new(title).panel(panel).render()?)?;
    Ok(columns)
}

/// Five significant digits, in exponent form from a million on.
fn format_variance(x: f64) -> String {
    if x < 1e6 { format!("{x:.5}") } else { format!("{x:.4e}") }
}

/// The largest of some variances over the smallest.
pub(crate) fn spread(variances: &[f64]) -> f64 {
    let largest = variances.iter().copied().fold(0.0, f64::max);
    largest / variances.iter().copied().fold(f64::MAX, f64::min)
}

/// The book's hyper-parameters of training.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
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

/// What training from some first weights ends with; an arm that diverged has a message in place of results.
pub(crate) struct Trained {
    pub(crate) name: &'static str,
    run: Result<Run, String>,
}

impl Trained {
    /// The mean loss of the last epoch; infinite where training diverged.
    pub(crate) fn last_loss(&self) -> f32 {
        let losses = self.run.as_ref().map_or(&[][..], |run| &run.outcome.history.epoch_loss);
        losses.last().copied().unwrap_or(f32::INFINITY)
    }
}

/// A training run that stayed finite.
struct Run {
    outcome: Outcome,
    /// The parameters after the last step.
    parameters: Parameters,
    /// Accuracy on the test samples after the last step.
    accuracy: f32,
}

/// Steps between two evaluations, as in the book.
const EVALUATE_EVERY: usize = 400;
/// Lines of the table of losses.
const LINES: usize = 10;

/// Trains 2-300-500-700-400-1 from each arm's first weights, in parallel; prints the losses and draws them.
pub(crate) fn train_arms(arms: &[Arm], hidden: Activation, settings: &Settings, lab: &mut Lab) -> Result<Vec<Trained>> {
    let (moons, seed) = (Moons::new(lab.seed()), lab.seed());
    let n = moons.train.len();
    if settings.batch_size > n {
        let size = settings.batch_size;
        return Err(UsageError(format!("--batch-size {size} is more than the {n} training samples: choose 1 to {n}")).into());
    }
    let split = Split { train: moons.train, dev: moons.test.clone(), test: moons.test };
    let trained = lab.over_arms(arms, |&(name, weight)| {
        let layers = layers(&TRAINED_SIZES, weight, hidden, seed);
        let sgd = Sgd { learning_rate: settings.lr };
        let mut network = Network::new(layers, Loss::BinaryCrossEntropyWithLogits, sgd);
        let run = match train(&mut network, &split, training(settings, seed), &mut Silent) {
            Ok(outcome) => {
                let accuracy = evaluate(&network, &split.test, Metric::Logit)?.0;
                Ok(Run { outcome, parameters: network.parameters(), accuracy })
            }
            Err(diverged) => Err(diverged.to_string()),
        };
        Ok(Trained { name, run })
    })?;
    report(&trained, settings, lab)?;
    Ok(trained)
}

fn training(settings: &Settings, seed: u64) -> Training {
    Training {
        n_epochs: settings.epochs,
        batches: Batches::Shuffled { size: settings.batch_size, stream: Box::new(Stream::new(seed, "shuffle")) },
        evaluate_every: EVALUATE_EVERY,
        log: Log::Steps { every: usize::MAX },
        metric: Metric::Logit,
        ties: Ties::First,
    }
}

/// The table of epoch losses, what came out, the figure.
fn report(trained: &[Trained], settings: &Settings, lab: &mut Lab) -> Result<()> {
    let finite: Vec<(&str, &Run)> = trained.iter().filter_map(|t| Some((t.name, t.run.as_ref().ok()?))).collect();
    if finite.is_empty() {
        bail!("training diverged from all first weights: try a smaller --lr");
    }
    let names = finite.iter().map(|(name, _)| format!(" {name:>15}"));
    writeln!(lab, "mean loss of an epoch\n{:<6}{}", "epoch", names.collect::<String>())?;
    for epoch in
        (0..settings.epochs).filter(|epoch| epoch.is_multiple_of(settings.epochs.div_ceil(LINES)) || epoch + 1 == settings.epochs)
    {
        let cells = finite.iter().map(|(_, run)| format!(" {:>15.6}", run.outcome.history.epoch_loss[epoch]));
        writeln!(lab, "{epoch:<6}{}", cells.collect::<String>())?;
    }
    let mut all = Vec::new();
    for Trained { name, run } in trained {
        match run {
            Ok(Run { outcome, parameters, accuracy }) => {
                writeln!(lab, "{name}: [Test] accuracy: {accuracy:.4}")?;
                lab.metric(format!("{name}, test accuracy"), *accuracy);
                let losses = &outcome.history.epoch_loss;
                lab.metric(format!("{name}, last epoch loss"), losses[losses.len() - 1]);
                // Also the beginning of a file's name.
                lab.history(&format!("{name} ").replace(['(', ','], "-").replace(')', ""), &outcome.history)?;
                let renamed =
                    |parameter: &Parameter| Parameter { name: format!("{name} {}", parameter.name), ..parameter.clone() };
                all.extend(parameters.0.iter().map(renamed));
            }
            Err(message) => writeln!(lab, "{name}: {message}")?,
        }
    }
    lab.fingerprint(&Parameters(all));
    lab.figure("losses", &losses(&finite)?)
}

/// The loss of each epoch, one curve an arm.
fn losses(finite: &[(&str, &Run)]) -> Result<Svg> {
    let panel = finite.iter().zip(LOOKS).fold(CurvePanel::new("epoch", "loss").log_y(), |panel, ((name, run), (_, dash))| {
        panel.with(Series::sampled(*name, &run.outcome.history.epoch_loss, 0.0, 1.0).dashed(dash))
    });
    Curves::new("Training loss by first weights").panel(panel).render()
}
