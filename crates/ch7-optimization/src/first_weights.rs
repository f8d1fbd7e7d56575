//! Training from several first weights, as the sections of 7.4.2 compare it: what each run leaves, a table of losses, a figure.

use anyhow::{Result, bail};
use common::{
    chain::Chain,
    lab::{Column, Lab, TrainedVariant, row},
    parameters::{Initializer, Parameters},
    plot::{CurvePanel, Curves, Dash, Marker, Series},
    train::Network,
};
use std::fmt::Write;

/// A way to draw the first weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// What tables call it.
    pub(crate) name: &'static str,
    /// The distribution of the weights; biases are zero.
    pub(crate) weight: Initializer,
}

impl Start {
    pub(crate) const XAVIER_NORMAL: Self = Self { name: "Xavier normal", weight: Initializer::XavierNormal };
    pub(crate) const STANDARD_NORMAL: Self = Self { name: "N(0,1)", weight: Initializer::STANDARD_NORMAL };
}

/// How each start is drawn: some curves lie on others, whose dashes let them show through.
pub(crate) const LOOKS: [(Marker, Dash); 4] = [
    (Marker::Disc, Dash::Solid),
    (Marker::Square, Dash::Dashed),
    (Marker::Triangle, Dash::Dotted),
    (Marker::Diamond, Dash::Solid),
];

/// What training from some first weights ends with; a run that diverged has a message in place of results.
pub(crate) struct Trained {
    pub(crate) name: &'static str,
    pub(crate) run: Result<TrainedVariant<Chain>, String>,
}

impl Trained {
    /// The mean loss of the last epoch; infinite where training diverged.
    pub(crate) fn last_loss(&self) -> f32 {
        let losses = self.run.as_ref().map_or(&[][..], |run| &run.history.epoch_loss);
        losses.last().copied().unwrap_or(f32::INFINITY)
    }
}

/// Lines of the table of losses.
const LINES: usize = 10;

/// The table of epoch losses, what came out, the figure.
pub(crate) fn report(trained: &[Trained], lab: &mut Lab) -> Result<()> {
    let finite = trained.iter().filter_map(|t| Some((t.name, &t.run.as_ref().ok()?.history.epoch_loss)));
    let finite: Vec<(&str, &Vec<f32>)> = finite.collect();
    let Some((_, first)) = finite.first() else { bail!("training diverged from all first weights: try a smaller --lr") };
    let epochs = first.len();
    writeln!(lab, "mean loss of an epoch")?;
    let shown = (0..epochs).filter(|epoch| epoch.is_multiple_of(epochs.div_ceil(LINES)) || epoch + 1 == epochs);
    let rows = shown.map(|epoch| row(epoch.to_string(), finite.iter().map(|(_, losses)| format!("{:.6}", losses[epoch]))));
    lab.table(&Column::labelled("epoch", finite.iter().map(|(name, _)| *name)), rows)?;
    let mut all = Vec::new();
    for trained in trained {
        let name = trained.name;
        match &trained.run {
            Ok(run) => {
                let accuracy = run.test().accuracy;
                writeln!(lab, "{name}: [Test] accuracy: {accuracy:.4}")?;
                lab.metric(format!("{name}, test accuracy"), accuracy);
                lab.metric(format!("{name}, last epoch loss"), trained.last_loss());
                // Also the beginning of a file's name.
                lab.history(&format!("{name} ").replace(['(', ','], "-").replace(')', ""), &run.history)?;
                all.extend(run.network.parameters().prefixed(name).0);
            }
            Err(message) => writeln!(lab, "{name}: {message}")?,
        }
    }
    lab.fingerprint(&Parameters(all));
    let panel = CurvePanel::new("epoch", "loss").log_y();
    let curves =
        finite.iter().zip(LOOKS).map(|((name, losses), (_, dash))| Series::sampled(*name, losses, 0.0, 1.0).dashed(dash));
    lab.figure("losses", &Curves::new("Training loss by first weights").panel(curves.fold(panel, CurvePanel::with)).render()?)
}
