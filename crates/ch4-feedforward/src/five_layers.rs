//! What sections 4.4.2 and 4.4.3 share: a network 2-3-3-3-3-1 takes one step, and the norms of its gradients are shown.

use anyhow::{Result, bail};
use common::{
    data::Split,
    kernels::{Activation, Loss},
    lab::Lab,
    nn::{Activate, Logistic, Network, builder::Linear, initialize},
    ops::Device,
    optim::Sgd,
    parameters::{Initialization, Initializer, Parameters},
    plot::{CurvePanel, Curves, Dash, Marker, Series, Svg},
    replay::{self, Draws, Operators, SourceLayer},
    rng::Stream,
    train::{Learner, Metric, evaluate},
    value::Value,
};
use dfdx::nn::DeviceBuildExt;
use std::fmt::Write;

/// Four hidden layers of three units, one probability.
type Mlp = (
    (Linear<2, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 1>, Logistic),
);

/// How the network starts and how far it steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// Standard deviation of the weights.
    pub(crate) weight_sd: f32,
    /// Every bias.
    pub(crate) bias: f32,
    /// Learning rate.
    pub(crate) lr: f32,
}

/// What one step shows.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// L2 norm of each layer's weight gradient.
    pub(crate) weights: Vec<f32>,
    /// L2 norm of each layer's bias gradient.
    pub(crate) biases: Vec<f32>,
    /// Loss before the update.
    pub(crate) loss: f32,
    /// Accuracy on the development set after the update.
    pub(crate) dev_score: f32,
    /// The parameters after the update.
    pub(crate) parameters: Parameters,
}

/// The step of a network with the named hidden activation.
pub(crate) type Column = (&'static str, Step);

impl Start {
    /// One step through the tape.
    pub(crate) fn step(self, hidden: Activation, split: &Split, seed: u64) -> Result<Step> {
        let init = Initialization {
            weight: Initializer::Normal { mean: 0.0, deviation: self.weight_sd },
            bias: Initializer::Constant(self.bias),
        };
        let mut mlp = Device::default().build_module::<Mlp, f32>();
        for layer in [&mut mlp.0.1, &mut mlp.1.1, &mut mlp.2.1, &mut mlp.3.1] {
            layer.f = hidden;
        }
        initialize(&mut mlp, init, &mut Stream::new(seed, "weights"))?;
        one_step(&mut Network::<_, _, 2, 1>::new(mlp, Loss::BinaryCrossEntropy, Sgd { learning_rate: self.lr }), split)
    }

    /// The same step on the source's numbers: five calls from `first_call` on after its seed.
    pub(crate) fn source_step(self, hidden: Activation, split: &Split, first_call: usize) -> Result<Step> {
        let draws = Draws::new(replay::SEED_OF_DATA);
        let shapes = [(2, 3), (3, 3), (3, 3), (3, 3), (3, 1)];
        let layers = shapes.into_iter().zip(first_call..).map(|(shape, call)| {
            let activation = if shape.1 == 1 { Activation::Logistic } else { hidden };
            SourceLayer { call, shape, deviation: self.weight_sd, bias: self.bias, activation }.draw(draws)
        });
        one_step(&mut replay::Network::new(layers.collect(), Operators::Library, self.lr), split)
    }
}

fn one_step(learner: &mut impl Learner, split: &Split) -> Result<Step> {
    let loss = learner.learn(&split.train.x, &split.train.y)?.loss;
    learner.update()?;
    let (dev_score, _) = evaluate(learner, &split.dev, Metric::Probability)?;
    Ok(Step {
        weights: learner.weight_gradient_norms(),
        biases: learner.bias_gradient_norms(),
        loss,
        dev_score,
        parameters: learner.parameters(),
    })
}

/// Prints and records the norms of the weight gradients.
///
/// # Errors
/// If one is not finite.
pub(crate) fn print_norms(columns: &[Column], lab: &mut Lab) -> Result<()> {
    for (name, Step { weights, .. }) in columns {
        if let Some(layer) = weights.iter().position(|norm| !norm.is_finite()) {
            bail!("the norm of layer {} with {name} is {}: choose a smaller --weight-sd or --bias", layer + 1, weights[layer]);
        }
    }
    writeln!(lab, "L2 norm of each layer's weight gradient")?;
    print_header("layer", columns, lab)?;
    for layer in 0..columns[0].1.weights.len() {
        print_row(&(layer + 1).to_string(), columns, |step| step.weights[layer], lab)?;
    }
    let mut all = Vec::new();
    for (name, step) in columns {
        for (metric, norm) in named(name, step) {
            lab.metric(metric, norm);
        }
        all.extend(step.parameters.prefixed(name).0);
    }
    lab.fingerprint(&Parameters(all));
    Ok(())
}

/// Prints the names of the columns, and what the rows are.
pub(crate) fn print_header(rows: &str, columns: &[Column], lab: &mut Lab) -> Result<()> {
    let names = columns.iter().map(|(name, _)| format!(" {name:>14}"));
    Ok(writeln!(lab, "{rows:>5}{}", names.collect::<String>())?)
}

/// Prints a number of each column.
pub(crate) fn print_row(label: &str, columns: &[Column], number: impl Fn(&Step) -> f32, lab: &mut Lab) -> Result<()> {
    let cells = columns.iter().map(|(_, step)| format!(" {:>14}", Value::F32(number(step))));
    Ok(writeln!(lab, "{label:>5}{}", cells.collect::<String>())?)
}

/// The norms of the weight gradients under the names that they are recorded by.
pub(crate) fn named(activation: &str, step: &Step) -> Vec<(String, f32)> {
    step.weights.iter().enumerate().map(|(layer, norm)| (format!("{activation}, layer {}", layer + 1), *norm)).collect()
}

/// The norms over the layers, each activation its own marker and dash.
pub(crate) fn figure(title: &str, columns: &[Column], looks: &[(Marker, Dash)]) -> Result<Svg> {
    let panel =
        columns.iter().zip(looks).fold(CurvePanel::new("layer", "L2 norm").log_y(), |panel, ((name, step), &(marker, dash))| {
            panel.with(Series::sampled(*name, &step.weights, 1.0, 1.0).marked(marker).dashed(dash))
        });
    Curves::new(title).panel(panel).render()
}
