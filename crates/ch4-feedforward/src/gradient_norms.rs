//! The norms of the gradients of a network's first step, for several activation functions: what `vanishing-gradient` and `dying-relu` show.

use anyhow::{Result, bail};
use common::{
    kernels::Activation,
    lab::{self, Lab, Numbers},
    parameters::Parameters,
    plot::{CurvePanel, Curves, Dash, Marker, Series, Svg},
    value::Value,
};
use std::fmt::Write;

/// A hidden activation function with its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hidden {
    /// The name.
    pub(crate) name: &'static str,
    /// The function.
    pub(crate) f: Activation,
}

/// What one step shows.
#[derive(Debug, Clone)]
pub(crate) struct FirstStep {
    /// L2 norm of each layer's weight gradient.
    pub(crate) weights: Vec<f32>,
    /// L2 norm of each layer's bias gradient.
    pub(crate) biases: Vec<f32>,
    /// Loss before the update.
    pub(crate) loss: f32,
    /// Accuracy on the development set after the update.
    pub(crate) dev_accuracy: f32,
    /// The parameters after the update.
    pub(crate) parameters: Parameters,
}

impl FirstStep {
    /// The factor that a norm loses from layer to layer: the geometric mean over the four steps from the last layer to the first.
    pub(crate) fn factor(&self) -> f32 {
        (self.weights[4] / self.weights[0]).sqrt().sqrt()
    }
}

/// The step of a network with the named hidden activation.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The activation's name.
    pub(crate) name: &'static str,
    /// The step.
    pub(crate) step: FirstStep,
}

impl Column {
    /// The norms of the weight gradients under the names that they are recorded by.
    pub(crate) fn numbers(&self) -> Numbers {
        let Self { name, step } = self;
        step.weights.iter().enumerate().map(|(layer, norm)| (format!("{name}, layer {}", layer + 1), *norm)).collect()
    }
}

/// Prints and records the norms of the weight gradients.
///
/// # Errors
/// If one is not finite.
pub(crate) fn print(columns: &[Column], lab: &mut Lab) -> Result<()> {
    for Column { name, step: FirstStep { weights, .. } } in columns {
        if let Some(layer) = weights.iter().position(|norm| !norm.is_finite()) {
            bail!("the norm of layer {} with {name} is {}: choose a smaller --weight-sd or --bias", layer + 1, weights[layer]);
        }
    }
    writeln!(lab, "L2 norm of each layer's weight gradient")?;
    print_layers(columns, |step| &step.weights, lab)?;
    let mut all = Vec::new();
    for column in columns {
        for (metric, norm) in column.numbers() {
            lab.metric(metric, norm);
        }
        all.extend(column.step.parameters.prefixed(column.name).0);
    }
    lab.fingerprint(&Parameters(all));
    Ok(())
}

/// Prints a number of each layer and step.
pub(crate) fn print_layers(columns: &[Column], numbers: fn(&FirstStep) -> &[f32], lab: &mut Lab) -> Result<()> {
    let layers = 0..numbers(&columns[0].step).len();
    let rows = layers.map(|layer| row(&(layer + 1).to_string(), columns, |step| numbers(step)[layer]));
    print_table("layer", columns, rows.collect(), lab)
}

/// Prints a table with a column for each step; what the rows are stands above them.
pub(crate) fn print_table(rows_are: &str, columns: &[Column], rows: Vec<Vec<String>>, lab: &mut Lab) -> Result<()> {
    lab.table(&lab::Column::labelled(rows_are, columns.iter().map(|column| column.name)), rows)
}

/// A row of a table: a number of each step.
pub(crate) fn row(label: &str, columns: &[Column], number: impl Fn(&FirstStep) -> f32) -> Vec<String> {
    let cells = columns.iter().map(|column| Value::F32(number(&column.step)).to_string());
    lab::row(label, cells)
}

/// The norms over the layers, each activation its own marker and dash.
pub(crate) fn figure(title: &str, columns: &[Column], looks: &[(Marker, Dash)]) -> Result<Svg> {
    let panel =
        columns.iter().zip(looks).fold(CurvePanel::new("layer", "L2 norm").log_y(), |panel, (column, &(marker, dash))| {
            panel.with(Series::sampled(column.name, &column.step.weights, 1.0, 1.0).marked(marker).dashed(dash))
        });
    Curves::new(title).panel(panel).render()
}
