//! Dead units: how many a deep network of rectifiers has as it trains, and the tables of `deep-relu`.

use anyhow::Result;
use common::{
    chain::Chain,
    kernels::reduce::mean_and_deviation,
    lab::{Column, Lab, row},
    parameters::Parameters,
    plot::{CurvePanel, Curves, Series},
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

/// The share of the hidden outputs of the last training batch that are exactly 0.
pub(crate) fn zeros(network: &Chain, hidden_layers: usize) -> f32 {
    let outputs = || (0..hidden_layers).flat_map(|l| network.output_of(2 * l + 1));
    outputs().filter(|a| **a == 0.0).count() as f32 / outputs().count() as f32
}

/// How a training ends: what is true of it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its last loss is not finite.
    Diverges,
    /// It classifies more of the development set than a constant answer would.
    Learns,
    /// All others.
    LearnsNothing,
}

impl Outcome {
    fn of(last_loss: f32, score: f32) -> Self {
        match (last_loss.is_finite(), score > LEARNT) {
            (false, _) => Self::Diverges,
            (true, true) => Self::Learns,
            (true, false) => Self::LearnsNothing,
        }
    }
}

/// How one training went.
pub(crate) struct Run {
    /// Loss before each step and after the last, up to the first that is not finite.
    pub(crate) losses: Vec<f32>,
    /// Dead units of each hidden layer before every tenth step.
    pub(crate) dead: Vec<Vec<usize>>,
    /// The share of hidden outputs that are 0, for the last training batch.
    pub(crate) zeros: f32,
    /// Accuracy on the development set at the end.
    pub(crate) score: f32,
    /// The parameters at the end.
    pub(crate) parameters: Parameters,
    /// Units that could be dead.
    pub(crate) hidden_units: usize,
}

impl Run {
    /// How it ends.
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::of(self.losses[self.losses.len() - 1], self.score)
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

    /// How many end so.
    pub(crate) fn ending(&self, outcome: Outcome) -> usize {
        self.count(|run| run.outcome() == outcome)
    }

    /// How many learn more than a constant answer.
    pub(crate) fn learnt(&self) -> usize {
        self.ending(Outcome::Learns)
    }

    /// The share of units that are dead before the first step, mean over all starts.
    pub(crate) fn dead_at_start(&self) -> f64 {
        self.mean(|run| run.dead_shares()[0])
    }

    /// The same where they are counted last.
    pub(crate) fn dead_in_the_end(&self) -> f64 {
        self.mean(|run| run.dead_shares()[run.dead.len() - 1])
    }

    /// The mean over all starts.
    pub(crate) fn mean(&self, of: impl Fn(&Run) -> f32) -> f64 {
        mean_and_deviation(&self.runs.iter().map(|run| f64::from(of(run))).collect::<Vec<_>>()).0
    }
}

/// Prints and draws what has become of some variants, the first of them the exercise's network, the last that with other biases.
pub(crate) fn show(variants: &[Starts], lab: &mut Lab) -> Result<()> {
    print_deaths(&variants[0].runs[0], lab)?;
    print_remedies(variants, lab)?;
    print_zeros(variants, lab)?;
    print_births(&[&variants[0], &variants[variants.len() - 1]], lab)?;
    draw(variants, lab)
}

/// Prints the first start of the exercise's network: loss and dead units of each layer.
fn print_deaths(run: &Run, lab: &mut Lab) -> Result<()> {
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
fn print_remedies(variants: &[Starts], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nhow {} starts of each variant end", variants[0].runs.len())?;
    let mut rows = Vec::new();
    for variant in variants {
        let name = variant.name;
        let (dead, score) = (variant.dead_in_the_end(), variant.mean(|run| run.score));
        let counts = [Outcome::Learns, Outcome::LearnsNothing, Outcome::Diverges].map(|outcome| variant.ending(outcome));
        let cells = counts.iter().map(usize::to_string).chain([format!("{:.1} %", 100.0 * dead), format!("{score:.4}")]);
        rows.push(row(name, cells));
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

/// Prints what share of the hidden outputs is exactly 0 at the end.
fn print_zeros(variants: &[Starts], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nhidden outputs that are exactly 0 after the last step, all samples, mean over the starts")?;
    let mut rows = Vec::new();
    for variant in variants {
        let share = variant.mean(|run| run.zeros);
        rows.push(row(variant.name, [format!("{:.1} %", 100.0 * share)]));
        lab.metric(format!("{}: hidden outputs that are 0", variant.name), share);
    }
    lab.table(&Column::labelled("", ["zeros"]), rows)
}

/// Prints what share of the units is dead before the first step.
fn print_births(variants: &[&Starts], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nunits that are dead before the first step, mean over the starts")?;
    let rows = variants.iter().map(|variant| row(variant.name, [format!("{:.1} %", 100.0 * variant.dead_at_start())]));
    lab.table(&Column::labelled("", ["dead units"]), rows)?;
    lab.metrics(variants.iter().map(|variant| (format!("{}: dead units at the start", variant.name), variant.dead_at_start())));
    Ok(())
}

/// Loss and dead units of the first start of each variant: those that learn from it in a row of panels, the others in the next.
fn draw(variants: &[Starts], lab: &mut Lab) -> Result<()> {
    let (learn, others): (Vec<_>, Vec<_>) = variants.iter().partition(|variant| variant.runs[0].outcome() == Outcome::Learns);
    let mut figure = Curves::new("Ten hidden layers of ReLU: one start, and each remedy alone");
    for (variants, they) in [(learn, "learn"), (others, "do not learn")].into_iter().filter(|(variants, _)| !variants.is_empty())
    {
        let panel = |y_label| CurvePanel::new("step", y_label).titled(format!("Variants that {they}"));
        let (mut losses, mut dead) = (panel("loss").y_range(0.3, 1.5), panel("share of dead units").y_range(0.0, 1.0));
        for variant in variants {
            let run = &variant.runs[0];
            losses = losses.with(Series::sampled(variant.name, &run.losses, 0.0, 1.0));
            dead = dead.with(Series::sampled(variant.name, &run.dead_shares(), 0.0, EVERY as f64));
        }
        figure = figure.panel(losses).panel(dead);
    }
    for variant in variants {
        lab.curve(format!("{}: loss", variant.name), variant.runs[0].losses.iter().copied().enumerate());
    }
    lab.figure("remedies", &figure.render()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_has_one_outcome() {
        let check = |loss, score, outcome| assert_eq!(Outcome::of(loss, score), outcome, "loss {loss}, score {score}");
        check(f32::NAN, 0.9, Outcome::Diverges);
        check(f32::INFINITY, 0.5, Outcome::Diverges);
        // A loss of about ln 2 with an accuracy beyond a constant answer's.
        check(std::f32::consts::LN_2, 0.75, Outcome::Learns);
        check(std::f32::consts::LN_2, 0.5, Outcome::LearnsNothing);
        check(3.0, 0.5, Outcome::LearnsNothing);
    }

    #[test]
    fn the_outcomes_of_a_variant_add_up_to_its_starts() {
        let cases = [(f32::NAN, 0.9), (std::f32::consts::LN_2, 0.75), (std::f32::consts::LN_2, 0.5), (3.0, 0.6)];
        let run = |(loss, score)| Run {
            losses: vec![loss],
            dead: vec![vec![0]],
            zeros: 0.0,
            score,
            parameters: Parameters(Vec::new()),
            hidden_units: 1,
        };
        let starts = Starts { name: "some", runs: cases.map(run).into() };
        let counts = [Outcome::Diverges, Outcome::Learns, Outcome::LearnsNothing].map(|outcome| starts.ending(outcome));
        assert_eq!(counts, [1, 1, 2]);
        assert_eq!(counts.iter().sum::<usize>(), starts.runs.len());
    }
}
