//! The norms of the gradients of a network's first step, for several activation functions: what `vanishing-gradient` and `dying-relu` show.

use anyhow::{Result, bail};
use common::{
    kernels::Activation,
    lab::{self, Lab, Numbers, row},
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

/// The network of five layers, and the step that it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FiveLayers {
    /// Standard deviation of the initial weights.
    pub(crate) weight_sd: f32,
    /// Initial value of every bias.
    pub(crate) bias: f32,
    /// Learning rate of the step.
    pub(crate) lr: f32,
}

/// What one step of the network with a hidden activation shows.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The activation's name.
    pub(crate) name: &'static str,
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

impl Column {
    /// The factor that a norm loses from layer to layer: the geometric mean over the four steps from the last layer to the first.
    pub(crate) fn factor(&self) -> f32 {
        (self.weights[4] / self.weights[0]).sqrt().sqrt()
    }

    /// The norms of the weight gradients under the names that they are recorded by.
    pub(crate) fn numbers(&self) -> Numbers {
        (1..).zip(&self.weights).map(|(layer, norm)| (format!("{}, layer {layer}", self.name), *norm)).collect()
    }
}

/// Prints and records the norms of the weight gradients.
///
/// # Errors
/// If one is not finite.
pub(crate) fn print(columns: &[Column], lab: &mut Lab) -> Result<()> {
    for Column { name, weights, .. } in columns {
        if let Some(layer) = weights.iter().position(|norm| !norm.is_finite()) {
            bail!("the norm of layer {} with {name} is {}: choose a smaller --weight-sd or --bias", layer + 1, weights[layer]);
        }
    }
    writeln!(lab, "L2 norm of each layer's weight gradient")?;
    print_layers(columns, |column| &column.weights, lab)?;
    lab.metrics(columns.iter().flat_map(Column::numbers));
    lab.fingerprint(&Parameters(columns.iter().flat_map(|column| column.parameters.prefixed(column.name).0).collect()));
    Ok(())
}

/// Prints a number of each layer and step.
pub(crate) fn print_layers(columns: &[Column], norms: fn(&Column) -> &[f32], lab: &mut Lab) -> Result<()> {
    let layers = 0..norms(&columns[0]).len();
    let cells = |layer| columns.iter().map(move |column| Value::F32(norms(column)[layer]).to_string());
    let rows = layers.map(|layer| row((layer + 1).to_string(), cells(layer)));
    lab.table(&heads("layer", columns), rows)
}

/// A kind of number, and where a step has it.
type Kind = (&'static str, fn(&Column) -> f32);

/// Prints a row for each kind of number, a column for each step.
pub(crate) fn print_table(columns: &[Column], kinds: [Kind; 2], lab: &mut Lab) -> Result<()> {
    let cells = |number: fn(&Column) -> f32| columns.iter().map(move |column| Value::F32(number(column)).to_string());
    lab.table(&heads("", columns), kinds.map(|(kind, number)| row(kind, cells(number))))
}

fn heads(rows_are: &str, columns: &[Column]) -> Vec<lab::Column> {
    lab::Column::labelled(rows_are, columns.iter().map(|column| column.name))
}

/// The norms over the layers, each activation its own marker and dash.
pub(crate) fn figure(title: &str, columns: &[Column], looks: &[(Marker, Dash)]) -> Result<Svg> {
    let panel = columns.iter().zip(looks).fold(CurvePanel::new("layer", "L2 norm").log_y(), |panel, (column, look)| {
        panel.with(Series::sampled(column.name, &column.weights, 1.0, 1.0).marked(look.0).dashed(look.1))
    });
    Curves::new(title).panel(panel).render()
}
