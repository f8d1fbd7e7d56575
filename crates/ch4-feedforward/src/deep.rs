//! What `exploding-gradient` and `deep-relu` share: a deep network of equal hidden layers, its training, and tables of it.

use anyhow::Result;
use common::{
    data::Split,
    kernels::Activation,
    lab::Lab,
    optim::Optimizer,
    parameters::{Initialization, Initializer, Parameters},
    rng::Stream,
    scratch::{self, Clipping, Layer, Network},
    train::{Learner, Metric, evaluate},
};
use std::fmt::Write;

/// The layers of a network with two inputs, equal hidden layers, and one logit as output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Number of hidden layers.
    pub(crate) hidden_layers: usize,
    /// Units of each.
    pub(crate) width: usize,
    /// Their activation function.
    pub(crate) hidden: Activation,
}

impl Shape {
    /// Draws the weights of each layer from N(0, `deviation`²), given its number of inputs; biases are zero.
    pub(crate) fn draw(self, deviation: impl Fn(usize) -> f32, weights: &mut Stream) -> Vec<Layer> {
        let widths: Vec<usize> = [2].into_iter().chain(vec![self.width; self.hidden_layers]).chain([1]).collect();
        let layers = widths.windows(2).enumerate().map(|(l, pair)| {
            let activation = if l == self.hidden_layers { Activation::Identity } else { self.hidden };
            let weight = Initializer::Normal { mean: 0.0, deviation: deviation(pair[0]) };
            Layer::draw((pair[0], pair[1]), activation, Initialization { weight, bias: Initializer::ZEROS }, weights)
        });
        layers.collect()
    }
}

/// Prints a table of right-aligned cells: first the lines of heads, then the rows, each with its label.
pub(crate) fn print_table(rows: &[(String, Vec<String>)], lab: &mut Lab) -> Result<()> {
    let columns = rows.iter().map(|(_, cells)| cells.len()).max().unwrap_or_default();
    let cells = |column: usize| rows.iter().filter_map(move |(_, cells)| cells.get(column));
    let widths: Vec<usize> =
        (0..columns).map(|column| cells(column).map(|cell| cell.chars().count()).max().unwrap_or_default()).collect();
    let first = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    for (label, cells) in rows {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("  {cell:>width$}"));
        writeln!(lab, "{label:<first$}{}", cells.collect::<String>())?;
    }
    Ok(())
}

/// Steps between two counts of dead units.
pub(crate) const EVERY: usize = 10;

/// How the training of a deep network went.
pub(crate) struct Run {
    /// Loss before each step and after the last, up to the first that is not finite.
    pub(crate) losses: Vec<f32>,
    /// Norm of each layer's weight gradient in the first step, as it is used.
    pub(crate) norms: Vec<f32>,
    /// Dead units of each hidden layer before every tenth step.
    pub(crate) dead: Vec<Vec<usize>>,
    /// Accuracy on the development set at the end.
    pub(crate) score: f32,
    /// The parameters at the end.
    pub(crate) parameters: Parameters,
    hidden_units: usize,
}

impl Run {
    /// Trains a network whose output is a logit, on all samples at once; a loss that is not finite ends it.
    pub(crate) fn train<O: Optimizer>(
        mut network: Network<O>,
        clipping: Option<Clipping>,
        split: &Split,
        steps: usize,
    ) -> Result<Self> {
        let (mut losses, mut norms, mut dead) = (Vec::new(), Vec::new(), Vec::new());
        for step in 0..=steps {
            losses.push(network.learn(&split.train.x, &split.train.y)?.loss);
            if let Some(clipping) = clipping {
                network.clip(clipping);
            }
            if step == 0 {
                norms = network.weight_gradient_norms();
            }
            let finite = losses[step].is_finite();
            // The start is counted in any case: there is always something to show.
            if step == 0 || (finite && step % EVERY == 0) {
                dead.push(dead_units(network.layers(), split));
            }
            if !finite {
                break;
            }
            if step < steps {
                network.update()?;
            }
        }
        let (score, _) = evaluate(&network, &split.dev, Metric::Logit)?;
        let hidden_units = network.layers().iter().rev().skip(1).map(|layer| layer.linear.bias.len()).sum();
        Ok(Self { losses, norms, dead, score, parameters: network.parameters(), hidden_units })
    }

    /// The last loss, finite or not.
    pub(crate) fn last_loss(&self) -> f32 {
        self.losses.last().copied().unwrap_or(f32::NAN)
    }

    /// Whether no loss ceased to be finite.
    pub(crate) fn is_finite(&self) -> bool {
        self.losses.iter().all(|loss| loss.is_finite())
    }

    /// Whether the last loss is, to about two digits, ln 2: that of one answer to everything, the share of a class.
    pub(crate) fn is_constant(&self) -> bool {
        (self.last_loss() - std::f32::consts::LN_2).abs() < 5e-3
    }

    /// The share of dead units among all hidden ones, every tenth step.
    pub(crate) fn dead_shares(&self) -> Vec<f32> {
        self.dead.iter().map(|dead| dead.iter().sum::<usize>() as f32 / self.hidden_units as f32).collect()
    }
}

/// How many units of each hidden layer have a net input of at most 0 for every training sample.
fn dead_units(layers: &[Layer], split: &Split) -> Vec<usize> {
    let mut a = split.train.x.clone();
    let mut dead = Vec::new();
    for layer in &layers[..layers.len() - 1] {
        let z = layer.linear.forward(&a);
        dead.push((0..z.columns()).filter(|unit| z.column(*unit).all(|z| z <= 0.0)).count());
        a = scratch::activate(layer.activation, &z);
    }
    dead
}
