//! What is shown of networks that were trained side by side: curves, a table, panels of a figure.

use anyhow::Result;
use common::{
    figures,
    lab::{Column, Lab, TrainedVariant, row},
    plot::{CurvePanel, Series},
    train::Evaluation,
};
use std::fmt::Write;

/// A trained network.
pub(crate) type Trained = TrainedVariant;

/// Epochs that a table shows: the first, the last and some between, counted from 1.
pub(crate) fn shown(epochs: usize) -> impl Iterator<Item = usize> {
    let all = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000];
    let between = all.into_iter().filter(move |epoch| *epoch < epochs);
    between.chain([epochs])
}

/// Prints the mean loss of some epochs and the last test of each variant, and records what stands in the last columns.
pub(crate) fn print_table(trained: &[Trained], lab: &mut Lab) -> Result<()> {
    print_table_with(("", &[]), trained, lab)
}

/// The same with one more column behind the names, its head and a cell for each variant.
pub(crate) fn print_table_with((head, cells): (&str, &[String]), trained: &[Trained], lab: &mut Lab) -> Result<()> {
    let epochs = trained.first().map_or(0, |variant| variant.history.epoch_loss.len());
    writeln!(lab, "mean loss of each epoch, then loss and accuracy of the test images\n")?;
    let heads = shown(epochs).map(|epoch| format!("epoch {epoch}"));
    let head = cells.first().map(|_| head.to_owned());
    let columns = Column::labelled("", head.into_iter().chain(heads).chain(["test loss", "accuracy"].map(str::to_owned)));
    let mut rows = Vec::new();
    for (i, variant) in trained.iter().enumerate() {
        let (name, losses, Evaluation { loss, accuracy }) = (&variant.name, &variant.history.epoch_loss, variant.test());
        let means = shown(epochs).map(|epoch| format!("{:.5}", losses[epoch - 1]));
        rows.push(row(
            name,
            cells.get(i).cloned().into_iter().chain(means).chain([format!("{loss:.5}"), format!("{accuracy:.4}")]),
        ));
        lab.metric(format!("{name}, train loss of epoch 1"), losses[0]);
        if epochs > 1 {
            lab.metric(format!("{name}, train loss of epoch {epochs}"), losses[epochs - 1]);
        }
        lab.metric(format!("{name}, test loss"), loss);
        lab.metric(format!("{name}, test accuracy"), accuracy);
    }
    lab.table(&columns, rows)
}

/// A panel of one curve for each variant.
pub(crate) fn panel(labels: (&str, &str), trained: &[Trained], curve: impl Fn(&Trained) -> Series) -> CurvePanel {
    let series = trained.iter().map(|variant| curve(variant).named(variant.name.as_str()));
    series.fold(CurvePanel::new(labels.0, labels.1), CurvePanel::with)
}

/// The mean loss of each epoch.
pub(crate) fn epoch_losses(trained: &[Trained]) -> CurvePanel {
    let curve = |variant: &Trained| Series::sampled("", &variant.history.epoch_loss, 1.0, 1.0);
    panel(("epoch", "mean loss of the epoch"), trained, curve).log_y()
}

/// The losses of as many steps as the variant with the fewest takes.
pub(crate) fn step_losses(label: &str, trained: &[Trained]) -> CurvePanel {
    let fewest = trained.iter().map(|variant| variant.history.train_loss.len()).min().unwrap_or_default();
    panel(("step", label), trained, |variant| first_losses(variant, fewest)).log_y()
}

/// Points of a curve of step losses.
const POINTS: usize = 40;

/// The losses of the first steps, as means of as many as it takes to tell the variants apart.
pub(crate) fn first_losses(variant: &Trained, steps: usize) -> Series {
    figures::averaged("", &variant.history.train_loss[..steps], POINTS)
}

/// Mean of some losses, in f64.
pub(crate) fn mean(losses: &[f32]) -> f64 {
    losses.iter().copied().map(f64::from).sum::<f64>() / losses.len() as f64
}

/// The losses of the tests.
pub(crate) fn test_losses(trained: &[Trained]) -> CurvePanel {
    panel(("step", "test loss"), trained, |variant| tests(&variant.history.dev_loss))
}

/// The accuracies of the tests.
pub(crate) fn test_accuracies(trained: &[Trained]) -> CurvePanel {
    panel(("step", "test accuracy"), trained, |variant| tests(&variant.history.dev_score))
}

fn tests(curve: &[(usize, f32)]) -> Series {
    Series::new("", curve.iter().map(|&(step, y)| (step as f64, f64::from(y))))
}
