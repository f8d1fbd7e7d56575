//! 7.4.2.2 · Variances after Xavier initialisation
//!
//! A unit with m inputs of variance v and weights of variance s has a net input of variance m s v. Xavier's s = 2 / (inputs + outputs) keeps both
//! activations and gradients about as spread from layer to layer as they are; N(0, 1) multiplies the variance by m in every layer, so
//! that the tanh units behind the first layer saturate, and the linear output layer shows what they were fed with.
//!
//! Seen: Xavier's weights keep the signal about as strong from layer to layer; with N(0, 1) the tanh units saturate at once, and
//! the last layer's outputs have a variance of 190.1 in place of 0.008.
//!
//! Departs from the book: it passes one sample through the network and shows the two Xavier forms only; here N(0, 1) stands beside them, and
//! 1000 samples make the variances more than those of a single draw. It leaves out the last layer; here it is shown.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::one_to,
    kernels::{Activation, reduce},
    lab::{Column, Lab, row},
    layers::{Activate, Linear},
    matrix::Matrix,
    parameters::{Initialization, Initializer},
    plot::{CurvePanel, Curves, Dash, Marker, Series},
    registry::{Heading, Section},
    rng::Stream,
    value::Value,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "xavier",
        book: "7.4.2.2",
        title: "Variances after Xavier initialisation",
        summary: "The variance of each layer's output in a five-layer tanh network, from Xavier's weights and from N(0, 1).",
    };
    Section::new(heading, [include_str!("xavier.rs"), include_str!("xavier.zh.md")], run)
}

/// The variances of a single sample, as in the book, and of many.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Variances {
    /// Samples of the second table of variances
    #[arg(long, default_value_t = 1000, value_parser = one_to::<MOST_SAMPLES>)]
    samples: usize,
}

/// Samples whose activations fit into any machine's memory.
const MOST_SAMPLES: usize = 100_000;

const STARTS: [Start; 3] =
    [Start::XAVIER_NORMAL, Start { name: "Xavier uniform", weight: Initializer::XavierUniform }, Start::STANDARD_NORMAL];

/// Prints the variance of each layer's output.
fn run(table: &Variances, lab: &mut Lab) -> Result<()> {
    let variances = table.show(&STARTS, Activation::Tanh, lab)?;
    let [normal, uniform, plain] = [0, 1, 2].map(|start| spread(&variances[start][1..]));
    let within = normal < 2.0 && uniform < 2.0;
    lab.claim("with Xavier, normal or uniform, the variances of the five layers' outputs lie within a factor of two", within);
    lab.claim("with N(0, 1) they do not", plain > 2.0);
    Ok(())
}

/// A way to draw the first weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    /// What tables call it.
    pub(super) name: &'static str,
    /// The distribution of the weights; biases are zero.
    pub(super) weight: Initializer,
}

impl Start {
    pub(super) const XAVIER_NORMAL: Self = Self { name: "Xavier normal", weight: Initializer::XavierNormal };
    pub(super) const STANDARD_NORMAL: Self = Self { name: "N(0,1)", weight: Initializer::STANDARD_NORMAL };
}

/// How each start is drawn: some curves lie on others, whose dashes let them show through.
pub(super) const LOOKS: [(Marker, Dash); 4] = [
    (Marker::Disc, Dash::Solid),
    (Marker::Square, Dash::Dashed),
    (Marker::Triangle, Dash::Dotted),
    (Marker::Diamond, Dash::Solid),
];

impl Variances {
    /// Prints, records and draws the variances; gives those of many samples, one list for each way to start.
    pub(super) fn show(&self, starts: &[Start], hidden: Activation, lab: &mut Lab) -> Result<Vec<Vec<f64>>> {
        table(1, starts, hidden, lab)?;
        writeln!(lab)?;
        let columns = table(self.samples, starts, hidden, lab)?;
        let mut panel = CurvePanel::new("layer (0: inputs)", "variance of the output").log_y();
        for ((start, column), (marker, dash)) in starts.iter().zip(&columns).zip(LOOKS) {
            panel = panel.with(Series::sampled(start.name, column, 0.0, 1.0).marked(marker).dashed(dash));
        }
        let title = format!("Variance from layer to layer, {} samples", self.samples);
        lab.figure("variances", &Curves::new(title).panel(panel).render()?)?;
        Ok(columns)
    }
}

/// Units of each layer of the network whose variances are looked at, the inputs first.
const UNITS: [usize; 6] = [100, 200, 400, 300, 200, 100];
/// Standard deviation of the inputs.
const INPUT_DEVIATION: f32 = 0.1;

/// Prints, records and gives the variances of `n` samples.
fn table(n: usize, starts: &[Start], hidden: Activation, lab: &mut Lab) -> Result<Vec<Vec<f64>>> {
    let columns: Vec<Vec<f64>> = starts.iter().map(|start| variances(start.weight, hidden, n, lab.seed())).collect();
    let samples = format!("{n} sample{}", if n == 1 { "" } else { "s" });
    writeln!(lab, "variance of each layer's output, {samples}")?;
    let mut rows = Vec::new();
    for (l, units) in UNITS.iter().enumerate() {
        // Five decimals, in exponent form from a million on.
        let cells = columns.iter().map(|column| column[l]).map(|x| if x < 1e6 { format!("{x:.5}") } else { format!("{x:.4e}") });
        let label = if l == 0 { "input".to_owned() } else { l.to_string() };
        rows.push(row(label, [units.to_string()].into_iter().chain(cells)));
        for (Start { name, .. }, column) in starts.iter().zip(&columns) {
            lab.metric(format!("{name}, {samples}, layer {l}"), Value::F64(column[l]));
        }
    }
    lab.table(&Column::labelled("layer", ["units"].into_iter().chain(starts.iter().map(|start| start.name))), rows)?;
    Ok(columns)
}

/// The variance of the inputs, then of each layer's output, over all units and `n` samples from `N(0, 0.1²)`. The last layer is linear.
fn variances(weight: Initializer, hidden: Activation, n: usize, seed: u64) -> Vec<f64> {
    let (init, mut weights) = (Initialization { weight, bias: Initializer::ZEROS }, Stream::new(seed, "weights"));
    let inputs = Stream::new(seed, "inputs").normals(n * UNITS[0], 0.0, INPUT_DEVIATION);
    let mut a = Matrix::new(n, UNITS[0], inputs);
    let mut variances = vec![variance(&a)];
    for (l, units) in UNITS.windows(2).enumerate() {
        let z = Linear::draw(units[0], units[1], init, &mut weights).forward(&a);
        let is_last = l + 2 == UNITS.len();
        a = if is_last { z } else { Activate(hidden).forward(&z) };
        variances.push(variance(&a));
    }
    variances
}

fn variance(a: &Matrix) -> f64 {
    let values: Vec<f64> = a.values().iter().copied().map(f64::from).collect();
    let (_, deviation) = reduce::mean_and_deviation(&values);
    deviation * deviation
}

/// The largest of some variances over the smallest.
pub(super) fn spread(variances: &[f64]) -> f64 {
    let largest = variances.iter().copied().fold(0.0, f64::max);
    largest / variances.iter().copied().fold(f64::MAX, f64::min)
}
