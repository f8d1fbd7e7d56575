//! The norms of the gradients of a network's first step, for several activation functions: what `vanishing-gradient` and `dying-relu` show.

use anyhow::{Result, bail};
use common::{
    lab::{Lab, Numbers},
    parameters::Parameters,
    plot::{CurvePanel, Curves, Dash, Marker, Series, Svg},
    value::Value,
};
use std::fmt::Write;

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
    print_header("layer", columns, lab)?;
    for layer in 0..columns[0].step.weights.len() {
        print_row(&(layer + 1).to_string(), columns, |step| step.weights[layer], lab)?;
    }
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

/// Prints the names of the columns, and what the rows are.
pub(crate) fn print_header(rows: &str, columns: &[Column], lab: &mut Lab) -> Result<()> {
    let names = columns.iter().map(|column| format!(" {:>14}", column.name));
    Ok(writeln!(lab, "{rows:>5}{}", names.collect::<String>())?)
}

/// Prints a number of each column.
pub(crate) fn print_row(label: &str, columns: &[Column], number: impl Fn(&FirstStep) -> f32, lab: &mut Lab) -> Result<()> {
    let cells = columns.iter().map(|column| format!(" {:>14}", Value::F32(number(&column.step))));
    Ok(writeln!(lab, "{label:>5}{}", cells.collect::<String>())?)
}

/// The norms over the layers, each activation its own marker and dash.
pub(crate) fn figure(title: &str, columns: &[Column], looks: &[(Marker, Dash)]) -> Result<Svg> {
    let panel =
        columns.iter().zip(looks).fold(CurvePanel::new("layer", "L2 norm").log_y(), |panel, (column, &(marker, dash))| {
            panel.with(Series::sampled(column.name, &column.step.weights, 1.0, 1.0).marked(marker).dashed(dash))
        });
    Curves::new(title).panel(panel).render()
}
