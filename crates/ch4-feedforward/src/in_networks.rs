//! What the lecture notes (S4, sections 2.1 and 2.2) say about activation functions in networks, and the lab report (S3) about their ranges, put
//! to the test by `activations`.

use crate::{dead_units, deep};
use anyhow::Result;
use clap::Args;
use common::{
    chain::{Chain, activation},
    cli,
    data::{Batches, moons},
    kernels::{
        Activation, Loss,
        isa::Isa,
        loss::{Outputs, Targets, softmax},
        reduce::{largest_gap, mean_and_deviation},
    },
    lab::{Column, Lab, row},
    layers::{Activate, Linear, loss_backward},
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    rng::Stream,
    train::{Decision, Record, Trainer, TrainingConfig, evaluate},
    value::Value,
};
use std::fmt::Write;

/// How long the networks are trained.
#[derive(Debug, Clone, Args)]
pub(crate) struct Networks {
    /// Steps of each network, at least 100
    #[arg(long, default_value_t = 1000, value_parser = n_steps_from_100)]
    steps: usize,
    /// Starts to average over, one after the other from --seed on
    #[arg(long, default_value_t = 20, value_parser = cli::n_seeds)]
    seeds: usize,
}

/// A step at which every training has a loss.
const EARLY: usize = 100;

fn n_steps_from_100(text: &str) -> Result<usize, String> {
    let steps = cli::n_steps(text)?;
    if steps < EARLY { Err(format!("expected {EARLY} or more, as the loss of step {EARLY} is shown")) } else { Ok(steps) }
}

impl Networks {
    /// Prints and claims all of it.
    pub(crate) fn show(&self, lab: &mut Lab) -> Result<()> {
        affine(lab)?;
        linear_stack(lab)?;
        jacobian(lab)?;
        trained(self, lab)?;
        ranges(lab)
    }
}

/// Affine(slope, intercept): an activation function that is a layer's affine map once more, with a derivative that knows no z.
fn affine(lab: &mut Lab) -> Result<()> {
    let z = [-2.0f32, -1.0, 0.0, 1.0, 2.0];
    let affine = |slope: f32, intercept: f32| z.map(|z| slope * z + intercept);
    let rows = [(1.0, 0.0), (2.0, -0.5)]
        .map(|(slope, intercept)| row(format!("Affine({slope}, {intercept})"), affine(slope, intercept).map(|a| a.to_string())));
    writeln!(lab, "\nAffine(slope, intercept)")?;
    lab.table(&Column::labelled("f(z)", z.map(|z| format!("z = {z}"))), rows)?;
    lab.metrics(z.iter().zip(affine(2.0, -0.5)).map(|(z, a)| (format!("Affine(2, -0.5) at {z}"), a)));
    let steady = affine(2.0, -0.5).windows(2).all(|pair| pair[1] - pair[0] == 2.0);
    lab.claim("Affine(1, 0) changes nothing, and Affine(2, −0.5) rises by its slope everywhere", affine(1.0, 0.0) == z && steady);
    Ok(())
}

/// Three linear layers with nothing between them, the one layer that they amount to, and the same three with ReLU between them.
fn linear_stack(lab: &mut Lab) -> Result<()> {
    const SAMPLES: usize = 200;
    let mut draws = lab.stream("linear stack");
    let widths = [[4, 6], [6, 5], [5, 3]];
    let layers = widths.map(|[fan_in, fan_out]| Linear::draw(fan_in, fan_out, Initialization::STANDARD_NORMAL, &mut draws));
    let x = Matrix::new(SAMPLES, 4, draws.normals(SAMPLES * 4, 0.0, 1.0));
    let stacked = layers.iter().fold(x.clone(), |x, layer| layer.forward(&x));
    // The rows of W are the outputs for the unit vectors, as all biases are zero.
    let units = Matrix::new(4, 4, (0..16).map(|place| if place % 5 == 0 { 1.0 } else { 0.0 }).collect());
    let weight = layers.iter().fold(units, |x, layer| layer.forward(&x));
    let single = Linear { weight, bias: vec![0.0; 3] }.forward(&x);
    let gap = largest_gap(stacked.values(), single.values());
    let largest = stacked.values().iter().fold(0.0f32, |largest, y| largest.max(y.abs()));

    let relu = Activate(Activation::Relu);
    let bent = layers[..2].iter().fold(x, |x, layer| relu.forward(&layer.forward(&x)));
    let curved = largest_gap(layers[2].forward(&bent).values(), single.values());
    writeln!(lab, "\nlayers 4-6-5-3 with nothing between them against the one layer of their product, {SAMPLES} samples")?;
    writeln!(lab, "differ by at most {gap:.1e}, where outputs reach {largest:.1}; with ReLU between them by up to {curved:.1}")?;
    lab.metrics([("linear stack against one layer", gap), ("the same with ReLU between", curved)]);
    lab.claim(
        "a stack of linear layers is one linear layer, to rounding; with ReLU between them it is not",
        gap < 1e-5 * largest && curved > 1.0,
    );
    Ok(())
}

/// The Jacobian of soft-max, ŷᵢ(δᵢⱼ − ŷⱼ), and what it makes of the cross-entropy's gradient.
fn jacobian(lab: &mut Lab) -> Result<()> {
    const CLASSES: usize = 5;
    const H: f64 = 1e-5;
    let z = lab.stream("jacobian").normals(CLASSES, 0.0, 2.0);
    let mut y = [0.0f32; CLASSES];
    softmax(Isa::best(), Outputs { values: &z, columns: CLASSES }, &mut y);
    let entry = |i: usize, j: usize| f64::from(y[i]) * (f64::from(u8::from(i == j)) - f64::from(y[j]));
    let moved = |j: usize, by: f64| {
        let shifted = z.iter().enumerate().map(|(k, z)| f64::from(*z) + if k == j { by } else { 0.0 });
        let exps: Vec<f64> = shifted.map(libm::exp).collect();
        let sum: f64 = exps.iter().sum();
        exps.into_iter().map(move |e| e / sum).collect::<Vec<f64>>()
    };
    let mut worst = 0.0f64;
    for j in 0..CLASSES {
        let (above, below) = (moved(j, H), moved(j, -H));
        worst = (0..CLASSES).map(|i| (entry(i, j) - (above[i] - below[i]) / (2.0 * H)).abs()).fold(worst, f64::max);
    }
    // −ln ŷ of class 0 has the gradient −1/ŷ, which goes back through row 0.
    let through = (0..CLASSES).map(|j| -entry(0, j) / f64::from(y[0]));
    let logits = Matrix::new(1, CLASSES, z.clone());
    let ours = loss_backward(Loss::SoftmaxCrossEntropy, &logits, Targets::Classes(&[0]));
    let gap = through.zip(ours.values()).map(|(through, ours)| (through - f64::from(*ours)).abs()).fold(0.0, f64::max);
    writeln!(lab, "\nsoft-max of {CLASSES} logits: ŷᵢ(δᵢⱼ − ŷⱼ) and central differences in f64 differ by at most {worst:.1e}")?;
    lab.metric("soft-max Jacobian against central differences", worst);
    lab.claim("the Jacobian of soft-max is ŷᵢ(δᵢⱼ − ŷⱼ), by central differences to 1e-6", worst < 1e-6);
    lab.claim("through it the cross-entropy has the gradient ŷ − y that its layer computes, to 1e-6", gap < 1e-6);
    Ok(())
}

/// A hidden activation function with the first value of the biases.
const ARMS: [(&str, Activation, f32); 4] = [
    ("logistic", Activation::Logistic, 0.0),
    ("tanh", Activation::Tanh, 0.0),
    ("ReLU", Activation::Relu, 0.0),
    ("ReLU, biases 0.1", Activation::Relu, 0.1),
];
/// Hidden layers, and units of each.
const HIDDEN: (usize, usize) = (3, 5);
const LEARNING_RATE: f32 = 0.2;

/// What a training shows: the loss on the way and at its end, dead units at its start, the accuracy at its end.
type Shown = [f64; 4];

/// Three hidden layers of each function on the two moons.
fn trained(&Networks { steps, seeds }: &Networks, lab: &mut Lab) -> Result<()> {
    let (layers, width) = HIDDEN;
    writeln!(
        lab,
        "\n{layers} hidden layers of {width} units on the two moons, Xavier's weights, learning rate {LEARNING_RATE}, mean of {seeds} starts"
    )?;
    let [early, last, accuracy] = [format!("loss, step {EARLY}"), format!("loss, step {steps}"), "dev accuracy".to_owned()];
    let (mut rows, mut means) = (Vec::new(), Vec::new());
    for (name, f, bias) in ARMS {
        let runs = lab.each_seed(cli::seeds(lab.seed(), seeds)?, |seed| train((f, bias), steps, seed))?;
        let mean = [0, 1, 2, 3].map(|place| mean_and_deviation(&runs.iter().map(|run: &Shown| run[place]).collect::<Vec<_>>()).0);
        let [way, end, dead, score] = mean;
        // Other units have a gradient at any net input.
        let dead_share = if f == Activation::Relu { format!("{:.1} %", 100.0 * dead) } else { "none".to_owned() };
        rows.push(row(name, [format!("{way:.4}"), format!("{end:.4}"), dead_share, format!("{score:.4}")]));
        let numbers = [(&early, way), (&last, end), (&accuracy, score)];
        lab.metrics(numbers.map(|(what, value)| (format!("trained, {name}: {what}"), value)));
        if f == Activation::Relu {
            lab.metric(format!("trained, {name}: dead at the start"), dead);
        }
        means.push(mean);
    }
    lab.table(&Column::labelled("", [early, last, "dead at the start".to_owned(), accuracy]), rows)?;
    let [logistic, tanh, relu, biased] = [means[0], means[1], means[2], means[3]];
    lab.claim("tanh learns faster than the logistic function, and ends lower", tanh[0] < logistic[0] && tanh[1] < logistic[1]);
    lab.claim("small positive biases leave fewer units of ReLU dead at the start", biased[2] < relu[2]);
    Ok(())
}

fn train((f, bias): (Activation, f32), steps: usize, seed: u64) -> Result<Shown> {
    let (layers, width) = HIDDEN;
    let init = Initialization { weight: Initializer::XavierUniform, bias: Initializer::Constant(bias) };
    let mut network = Chain::new(deep(layers, width, || activation(f)), Loss::BinaryCrossEntropyWithLogits)
        .initialized(init, &mut Stream::new(seed, "weights"));
    let split = moons::moon1000(moons::NOISE, seed);
    let config = TrainingConfig::new(steps + 1, Batches::Full, Decision::Logit);
    let config = TrainingConfig { record: Record::Losses { every: 1 }, ..config };
    let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), &split.train, config)?;
    let (mut losses, mut dead) = (Vec::new(), 0.0);
    while let Some(step) = run.forward_backward()? {
        if step.index == 0 {
            let count: usize = dead_units::count(run.network(), layers).iter().sum();
            dead = count as f64 / (layers * width) as f64;
        }
        losses.push(f64::from(step.loss));
        run.update(LEARNING_RATE)?;
    }
    let score = evaluate(&network, &split.dev, Decision::Logit)?.accuracy;
    Ok([losses[EARLY], losses[steps], dead, f64::from(score)])
}

/// Values and derivatives of the logistic function and of ReLU at every half from −10 to 10.
fn ranges(lab: &mut Lab) -> Result<()> {
    let z = Matrix::new(41, 1, (-20i8..=20).map(|half| f32::from(half) / 2.0).collect());
    let ones = Matrix::new(41, 1, vec![1.0; 41]);
    let [(sigma, dsigma), (relu, drelu)] = [Activation::Logistic, Activation::Relu].map(|f| {
        let a = Activate(f).forward(&z);
        let slopes = Activate(f).backward(&z, &a, &ones);
        (a, slopes)
    });
    let (a, slopes, relu, relu_slopes) = (sigma.values(), dsigma.values(), relu.values(), drelu.values());
    writeln!(lab, "\nboth ends and the middle of [-10, 10]")?;
    let cells = |of: &[f32]| [of[0], of[20], of[40]].map(|x| Value::F32(x).to_string());
    let rows = [("logistic", a), ("logistic, derivative", slopes), ("ReLU", relu), ("ReLU, derivative", relu_slopes)];
    lab.table(&Column::labelled("z", ["-10", "0", "10"]), rows.map(|(name, of)| row(name, cells(of))))?;
    lab.claim("the logistic function lies between 0 and 1, as a probability does", a.iter().all(|a| *a > 0.0 && *a < 1.0));
    lab.claim("no output of ReLU is negative", relu.iter().all(|a| *a >= 0.0));
    let fades = slopes[..=20].is_sorted_by(|a, b| a < b) && slopes[20..].is_sorted_by(|a, b| a > b);
    lab.claim("the derivative of the logistic function falls with the distance from 0, on both sides", fades);
    lab.claim("ReLU's derivative is 0 for every negative z", relu_slopes[..20].iter().all(|slope| *slope == 0.0));
    Ok(())
}
