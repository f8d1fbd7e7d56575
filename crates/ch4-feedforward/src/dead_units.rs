//! Dead units: how many a deep network of rectifiers has as it trains, and the tables of `deep-relu`.

use anyhow::Result;
use common::{
    chain::Chain,
    kernels::reduce::mean_and_deviation,
    lab::{Column, Lab, row},
    parameters::Parameters,
    train::Network,
    value::Value,
};
use std::fmt::Write;

/// A development accuracy that is beyond a constant answer.
const LEARNT: f32 = 0.7;
/// Steps between two counts of dead units.
pub(crate) const EVERY: usize = 10;

/// How many units of each hidden layer have a net input of at most 0 for every sample of the last training batch.
pub(crate) fn count(network: &Chain, hidden_layers: usize) -> Vec<usize> {
    let samples = network.batch_outputs().rows();
    // Behind each linear layer stands its activation function.
    let net_inputs = (0..hidden_layers).map(|l| network.output_of(2 * l));
    let dead = net_inputs.map(|z| {
        let width = z.len() / samples;
        (0..width).filter(|unit| z.iter().skip(*unit).step_by(width).all(|z| *z <= 0.0)).count()
    });
    dead.collect()
}

/// How one training went.
pub(crate) struct Run {
    /// Loss before each step and after the last, up to the first that is not finite.
    pub(crate) losses: Vec<f32>,
    /// Dead units of each hidden layer before every tenth step.
    pub(crate) dead: Vec<Vec<usize>>,
    /// Accuracy on the development set at the end.
    pub(crate) score: f32,
    /// The parameters at the end.
    pub(crate) parameters: Parameters,
    /// Units that could be dead.
    pub(crate) hidden_units: usize,
}

impl Run {
    /// The last loss, finite or not.
    pub(crate) fn last_loss(&self) -> f32 {
        self.losses[self.losses.len() - 1]
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

/// A variant from several starts.
pub(crate) struct Starts {
    /// The variant's name.
    pub(crate) name: &'static str,
    /// A training for each start.
    pub(crate) runs: Vec<Run>,
}

impl Starts {
    /// How many trainings are so.
    pub(crate) fn count(&self, is: impl Fn(&Run) -> bool) -> usize {
        self.runs.iter().filter(|run| is(run)).count()
    }

    /// How many learn more than a constant answer.
    pub(crate) fn learnt(&self) -> usize {
        self.count(|run| run.last_loss().is_finite() && run.score > LEARNT)
    }
}

/// Prints the first start of the exercise's network: loss and dead units of each layer.
pub(crate) fn print_deaths(run: &Run, lab: &mut Lab) -> Result<()> {
    writeln!(lab, "dead units of each hidden layer as the network of the exercise trains")?;
    let shown = run.dead.iter().enumerate().filter(|(i, _)| [0, 1, 2, 5, 10, 20, 50].contains(i));
    let rows = shown.map(|(i, dead)| {
        let loss = Value::F32(run.losses[i * EVERY]).to_string();
        row((i * EVERY).to_string(), [loss].into_iter().chain(dead.iter().map(usize::to_string)))
    });
    let layers = (1..=run.dead[0].len()).map(|layer| format!("layer {layer}"));
    lab.table(&Column::labelled("step", ["loss".to_owned()].into_iter().chain(layers)), rows)
}

/// Prints how each variant ends over all starts.
pub(crate) fn print_cures(variants: &[Starts; 5], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nhow {} starts of each variant end", variants[0].runs.len())?;
    let mut rows = Vec::new();
    for variant in variants {
        let Starts { name, runs } = variant;
        let mean = |of: fn(&Run) -> f32| mean_and_deviation(&runs.iter().map(|run| f64::from(of(run))).collect::<Vec<_>>()).0;
        let (dead, score) = (mean(|run| run.dead_shares()[run.dead.len() - 1]), mean(|run| run.score));
        let counts = [variant.learnt(), variant.count(Run::is_constant), variant.count(|run| !run.last_loss().is_finite())];
        let cells = counts.iter().map(usize::to_string).chain([format!("{:.1} %", 100.0 * dead), format!("{score:.4}")]);
        rows.push(row(*name, cells));
        lab.metric(format!("{name}: starts that learn"), variant.learnt());
        lab.metrics([(format!("{name}: dead units"), dead), (format!("{name}: dev accuracy"), score)]);
    }
    let heads = ["learn", "learn nothing", "diverge", "dead units", "dev accuracy"];
    lab.table(&Column::labelled("", heads), rows)?;
    lab.fingerprint(&Parameters(
        variants.iter().flat_map(|variant| variant.runs[0].parameters.prefixed(variant.name).0).collect(),
    ));
    Ok(())
}
