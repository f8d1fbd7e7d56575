//! The figures that training experiments share: learning curves and decision regions.

use crate::{
    data::{Samples, Split},
    kernels::reduce,
    matrix::Matrix,
    plot::{self, CurvePanel, Curves, Grid, RegionPanel, Regions, Series, Svg},
    train::{History, Network},
};
use anyhow::Result;

/// Loss on the training and the development set over epochs, side by side with the accuracies.
///
/// # Errors
/// If the history is empty.
pub fn learning_curves(title: &str, history: &History) -> Result<Svg> {
    let panel = |y_label: &str, train: &[f32], dev: &[(usize, f32)]| {
        let (train_label, dev_label) = (format!("Train {y_label}"), format!("Dev {y_label}"));
        let dev: Vec<f32> = dev.iter().map(|(_, value)| *value).collect();
        CurvePanel::new("epoch", y_label).with(Series::train(train_label, train)).with(Series::dev(dev_label, &dev))
    };
    Curves::new(title)
        .panel(panel("loss", &history.train_loss, &history.dev_loss))
        .panel(panel("accuracy", &history.train_score, &history.dev_score))
        .render()
}

/// Points that a curve of step losses has at most; each is a mean over as many steps as it takes.
const POINTS: usize = 150;

/// Loss and accuracy of a long run over its steps: those of the batches as means over a few steps, those of the evaluations as points.
///
/// # Errors
/// If the history is empty.
pub fn step_curves(title: &str, history: &History) -> Result<Svg> {
    let panel = |y_label: &str, train: &[f32], evaluated: &[(usize, f32)]| {
        let evaluated: Vec<(f64, f64)> = evaluated.iter().map(|&(step, y)| (step as f64, f64::from(y))).collect();
        let series = Series::new(format!("Test {y_label}"), evaluated).colored(plot::theme::DEV).dashed(plot::Dash::Dashed);
        CurvePanel::new("step", y_label)
            .with(averaged(&format!("Train {y_label}"), train).colored(plot::theme::TRAIN))
            .with(series)
    };
    Curves::new(title)
        .panel(panel("loss", &history.train_loss, &history.dev_loss))
        .panel(panel("accuracy", &history.train_score, &history.dev_score))
        .render()
}

/// A curve over steps of which each point is the mean of a few.
pub fn averaged(label: &str, values: &[f32]) -> Series {
    let together = values.len().div_ceil(POINTS).max(1);
    let means: Vec<f32> = values.chunks(together).map(|part| (reduce::sum(part) / part.len() as f64) as f32).collect();
    Series::sampled(label, &means, together as f64 / 2.0, together as f64)
}

/// Nodes of the grid of decision regions in each direction.
const NODES: usize = 200;

/// The regions that a network with two inputs and one probability as output assigns to the two classes, over [−π, π]², with all samples.
///
/// # Errors
/// If the network cannot be evaluated.
pub fn decision_regions(title: &str, network: &dyn Network, split: &Split) -> Result<Svg> {
    let range = (-std::f64::consts::PI, std::f64::consts::PI);
    let field = field(network, range, NODES)?;
    let panel = split.parts().into_iter().fold(RegionPanel::new("", field), |panel, (name, samples)| {
        panel.split(plot::Split::new(name, points(samples), samples.y.classes()))
    });
    Regions::new(title, ("x₁", "x₂"), &["class 0", "class 1"]).panel(panel).render()
}

/// What a network with two inputs and one output answers at `nodes` × `nodes` points of a square, cut off to [0, 1].
///
/// # Errors
/// If the network cannot be evaluated.
pub fn field(network: &dyn Network, range: (f64, f64), nodes: usize) -> Result<Grid> {
    let points = Grid::nodes(range, range, nodes, nodes);
    let x = Matrix::new(points.len(), 2, points.iter().flat_map(|(x, y)| [*x as f32, *y as f32]).collect());
    let values = network.outputs(&x)?.values().iter().map(|y| f64::from(y.clamp(0.0, 1.0))).collect();
    Ok(Grid { x_range: range, y_range: range, nx: nodes, ny: nodes, values })
}

/// The first two features of each sample.
pub fn points(samples: &Samples) -> impl Iterator<Item = (f64, f64)> + '_ {
    samples.x.iter_rows().map(|row| (f64::from(row[0]), f64::from(row[1])))
}
