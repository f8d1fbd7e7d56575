//! Trainings with and without clipping, side by side: the tables and figures of `exploding-gradient`.

use anyhow::Result;
use common::{
    lab::{Column, Lab, row},
    parameters::Parameters,
    plot::{CurvePanel, Curves, Dash, Marker, Series},
    value::Value,
};
use std::fmt::Write;

/// The hyperbolic tangent.
pub(crate) const TANH: &str = "tanh";
/// The rectifier.
pub(crate) const RELU: &str = "ReLU";

/// How the training of a network went.
pub(crate) struct Run {
    /// Loss before each step and after the last, up to the first that is not finite.
    pub(crate) losses: Vec<f32>,
    /// Norm of each layer's weight gradient in the first step, as it is used.
    pub(crate) norms: Vec<f32>,
    /// The parameters at the end.
    pub(crate) parameters: Parameters,
}

impl Run {
    /// The last loss, finite or not.
    pub(crate) fn last_loss(&self) -> f32 {
        self.losses[self.losses.len() - 1]
    }
}

/// A network, how it is clipped, and what training made of it.
pub(crate) struct Variant {
    /// The activation function's name.
    pub(crate) activation: &'static str,
    /// What is done about the gradients.
    pub(crate) name: &'static str,
    /// Its training.
    pub(crate) run: Run,
}

impl Variant {
    /// Both names.
    pub(crate) fn label(&self) -> String {
        format!("{}, {}", self.activation, self.name)
    }
}

/// A column for each variant, under two lines of heads; a row of cells for each number.
fn table(variants: &[Variant], numbers: &[usize], cell: impl Fn(&Run, usize) -> String, lab: &mut Lab) -> Result<()> {
    let columns = Column::labelled("", variants.iter().map(|variant| variant.activation));
    let names = row("", variants.iter().map(|variant| variant.name.to_owned()));
    let cells = |number: &usize| row(number.to_string(), variants.iter().map(|variant| cell(&variant.run, *number)));
    lab.table(&columns, [names].into_iter().chain(numbers.iter().map(cells)))
}

/// Prints and records the norms of the first step.
pub(crate) fn print_norms(variants: &[Variant], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "L2 norm of each layer's weight gradient in the first step, as it is used")?;
    let layers: Vec<usize> = (1..=variants[0].run.norms.len()).collect();
    let cell = |run: &Run, layer: usize| match run.norms[layer - 1] {
        norm if norm.is_finite() => format!("{norm:.4e}"),
        _ => "not finite".to_owned(),
    };
    table(variants, &layers, cell, lab)?;
    for variant in variants {
        lab.metrics((1..).zip(&variant.run.norms).map(|(layer, norm)| (format!("{}, layer {layer}", variant.label()), *norm)));
    }
    Ok(())
}

/// Prints and records the losses up to step number `steps`.
pub(crate) fn print_losses(variants: &[Variant], steps: usize, lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nloss after the given number of steps")?;
    let steps: Vec<usize> = [0, 1, 10, 100].into_iter().filter(|step| *step < steps).chain([steps]).collect();
    let cell = |run: &Run, step: usize| match run.losses.get(step) {
        Some(loss) if loss.is_finite() => Value::F32(*loss).to_string(),
        _ => "not finite".to_owned(),
    };
    table(variants, &steps, cell, lab)?;
    for variant in variants {
        lab.curve(variant.label(), variant.run.losses.iter().copied().enumerate());
        lab.metric(format!("{}, last loss", variant.label()), variant.run.last_loss());
    }
    lab.fingerprint(&Parameters(
        variants.iter().flat_map(|variant| variant.run.parameters.prefixed(&variant.label()).0).collect(),
    ));
    Ok(())
}

/// Draws the norms over the layers and the losses over the steps, a panel for each activation function.
pub(crate) fn draw(variants: &[Variant], lab: &mut Lab) -> Result<()> {
    const EVERY: usize = 10;
    const LOOKS: [(Marker, Dash); 4] = [
        (Marker::Disc, Dash::Solid),
        (Marker::Triangle, Dash::Dashed),
        (Marker::Square, Dash::Dotted),
        (Marker::Diamond, Dash::DashDot),
    ];
    let mut norms = Curves::new("Weight gradients of the first step");
    let mut losses = Curves::new("Loss with and without clipping, every tenth step");
    for activation in [TANH, RELU] {
        let mut norm_panel = CurvePanel::new("layer", "L2 norm").log_y().titled(activation);
        let mut loss_panel = CurvePanel::new("step", "loss").log_y().titled(activation);
        for (variant, (marker, dash)) in variants.iter().filter(|variant| variant.activation == activation).zip(LOOKS) {
            norm_panel = norm_panel.with(Series::sampled(variant.name, &variant.run.norms, 1.0, 1.0).marked(marker).dashed(dash));
            // Several losses jump up and down from step to step.
            let losses: Vec<f32> = variant.run.losses.iter().copied().step_by(EVERY).collect();
            let series = Series::sampled(variant.name, &losses, 0.0, EVERY as f64).dashed(dash);
            loss_panel = loss_panel.with(match variant.run.losses.iter().position(|loss| !loss.is_finite()) {
                Some(step) => series.named(format!("{}: not finite from step {step} on", variant.name)).marked(marker),
                None => series,
            });
        }
        norms = norms.panel(norm_panel);
        losses = losses.panel(loss_panel);
    }
    lab.figure("norms", &norms.render()?)?;
    lab.figure("losses", &losses.render()?)
}
