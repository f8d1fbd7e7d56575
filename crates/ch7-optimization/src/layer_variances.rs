//! The variance of each layer's output, as the sections of 7.4.2 tabulate and draw it.

use crate::first_weights::{Start, looks};
use anyhow::Result;
use common::{
    kernels::{Activation, reduce},
    lab::{Column, Lab},
    layers::{Activate, Linear},
    matrix::Matrix,
    parameters::{Initialization, Initializer},
    plot::{CurvePanel, Curves, Series},
    rng::Stream,
    value::Value,
};
use std::fmt::Write;

/// Units of each layer of the network whose variances are looked at, the inputs first.
const UNITS: [usize; 6] = [100, 200, 400, 300, 200, 100];
/// Standard deviation of the inputs.
const INPUT_DEVIATION: f32 = 0.1;

/// The variance of the inputs, then of each layer's output, over all units and `n` samples from N(0, 0.1²). The last layer is linear.
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

/// Prints, records and draws the variances for each number of samples; gives those of the last, one list for each way to start.
pub(crate) fn show(starts: &[Start], hidden: Activation, samples: &[usize], lab: &mut Lab) -> Result<Vec<Vec<f64>>> {
    let mut columns = Vec::new();
    for (table, &n) in samples.iter().enumerate() {
        let space = if table == 0 { "" } else { "\n" };
        columns = starts.iter().map(|start| variances(start.weight, hidden, n, lab.seed())).collect();
        let plural = if n == 1 { "" } else { "s" };
        writeln!(lab, "{space}variance of each layer's output, {n} sample{plural}")?;
        let (mut heads, mut rows) = (vec![Column::text("layer"), Column::number("units")], Vec::new());
        heads.extend(starts.iter().map(|start| Column::number(start.name)));
        for (l, units) in UNITS.iter().enumerate() {
            let label = if l == 0 { "input".to_owned() } else { l.to_string() };
            let cells = columns.iter().map(|column| format_variance(column[l]));
            rows.push([label, units.to_string()].into_iter().chain(cells).collect());
            for (Start { name, .. }, column) in starts.iter().zip(&columns) {
                lab.metric(format!("{name}, {n} sample{plural}, layer {l}"), Value::F64(column[l]));
            }
        }
        lab.table(&heads, rows)?;
    }
    let mut panel = CurvePanel::new("layer (0: inputs)", "variance of the output").log_y();
    for ((start, column), (marker, dash)) in starts.iter().zip(&columns).zip(looks()) {
        panel = panel.with(Series::sampled(start.name, column, 0.0, 1.0).marked(marker).dashed(dash));
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
