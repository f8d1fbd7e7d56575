//! The figures that training experiments share: learning curves and decision regions.

use crate::{
    chain::Chain,
    data::{Samples, Split},
    kernels::reduce,
    layers::Shape,
    matrix::Matrix,
    parameters::Parameters,
    plot::{self, CurvePanel, Curves, Diagram, Grid, RegionPanel, Regions, Series, Svg},
    train::{History, Network},
};
use anyhow::Result;

/// Loss on the training and the development set over epochs, above the accuracies.
///
/// # Errors
/// If the history is empty.
pub fn learning_curves(title: &str, history: &History) -> Result<Svg> {
    let [losses, accuracies] = learning_panels(history);
    Curves::new(title).panel(losses).panel(accuracies).render()
}

/// The panels of [`learning_curves`].
pub fn learning_panels(history: &History) -> [CurvePanel; 2] {
    let panel = |y_label: &str, train: &[f32], dev: &[(usize, f32)]| {
        let dev: Vec<f32> = dev.iter().map(|(_, value)| *value).collect();
        CurvePanel::new("epoch", y_label).with(Series::train("Train", train)).with(Series::dev("Dev", &dev))
    };
    [panel("loss", &history.train_loss, &history.dev_loss), panel("accuracy", &history.train_score, &history.dev_score)]
}

/// Points that the curves of a long run have, about.
const POINTS: usize = 150;

/// Loss and accuracy of a long run over its steps: those of the batches as means over a few steps, those of the evaluations as points.
///
/// # Errors
/// If the history is empty.
pub fn step_curves(title: &str, history: &History) -> Result<Svg> {
    let panel = |y_label: &str, train: &[f32], evaluated: &[(usize, f32)]| {
        let evaluated: Vec<(f64, f64)> = evaluated.iter().map(|&(step, y)| (step as f64, f64::from(y))).collect();
        let train = match steps_together(train.len(), POINTS) {
            1 => averaged("Train", train, POINTS),
            steps => averaged(format!("Train, means of {steps} steps"), train, POINTS),
        };
        CurvePanel::new("step", y_label)
            .with(train.colored(plot::theme::TRAIN))
            .with(Series::new("Test", evaluated).colored(plot::theme::DEV).dashed(plot::Dash::Dashed))
    };
    Curves::new(title)
        .panel(panel("loss", &history.train_loss, &history.dev_loss))
        .panel(panel("accuracy", &history.train_score, &history.dev_score))
        .render()
}

/// A curve over steps of about `points` points, each the mean of equally many steps, at their middle. Steps at the end that
/// are too few for a point are left out: their mean would scatter more than the others and look like a change.
pub fn averaged(label: impl Into<String>, values: &[f32], points: usize) -> Series {
    let together = steps_together(values.len(), points);
    let means: Vec<f64> = values.chunks_exact(together).map(|part| reduce::sum(part) / together as f64).collect();
    Series::sampled(label, &means, (together - 1) as f64 / 2.0, together as f64)
}

/// How many of `steps` steps make a point.
fn steps_together(steps: usize, points: usize) -> usize {
    (steps / points).max(1)
}

/// A chain, layer by layer: its units and weights, and its images.
///
/// # Errors
/// If the chain has no layers.
pub fn network(title: &str, chain: &Chain) -> Result<Svg> {
    let mut diagram = Diagram::new(title);
    let mut above = None;
    for (caption, shape, matrix) in chain.outline() {
        diagram = match shape {
            _ if above == Some(shape) && matrix.is_empty() => diagram.then(&caption),
            Shape::Image { channels, height, width } if above.is_none() => diagram.images("inputs", [channels, height, width]),
            Shape::Image { channels, height, width } => diagram.images(caption, [channels, height, width]),
            // Images as rows are the same values.
            Shape::Features(_) if matrix.is_empty() => diagram,
            Shape::Features(n) if above.is_none() => {
                diagram.units::<f32>("inputs", matrix.len() / n, &[]).units(caption, n, matrix)
            }
            Shape::Features(n) => diagram.units(caption, n, matrix),
        };
        above = Some(shape);
    }
    diagram.render()
}

/// A chain with parameters that a network of the same layers was trained to.
///
/// # Errors
/// If the parameters are not those of the chain.
pub fn trained(title: &str, mut chain: Chain, parameters: &Parameters) -> Result<Svg> {
    chain.load(parameters)?;
    network(title, &chain)
}

/// Nodes of the grid of decision regions in each direction.
const NODES: usize = 200;

/// The regions that a network with two inputs and one probability as output assigns to the two classes, over [−π, π]², a panel for
/// each part of the samples.
///
/// # Errors
/// If the network cannot be evaluated.
pub fn decision_regions(title: &str, network: &dyn Network, split: &Split) -> Result<Svg> {
    let range = (-std::f64::consts::PI, std::f64::consts::PI);
    let field = field(network, range, NODES)?;
    let panels = split.parts().map(|(name, samples)| region_panel(name, field.clone(), samples));
    panels.into_iter().fold(regions(title), Regions::panel).render()
}

/// An empty figure of what networks answer over the plane of two classes.
pub fn regions(title: &str) -> Regions {
    Regions::new(title, ["x₁", "x₂", "probability of class 1"], ["class 0", "class 1"])
}

/// A panel with the answers of a network over the plane and the samples that it is judged by.
pub fn region_panel(title: impl Into<String>, answers: Grid, samples: &Samples) -> RegionPanel {
    RegionPanel::new(answers, plot::Split::new(title, points(samples), samples.y.classes()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_of_an_averaged_curve_is_the_mean_of_equally_many_steps() {
        // 6260 steps as means of 41: the last 28 fill no point. They would stand out, as they are 100 times as large.
        let mut losses = vec![1.0; 6260];
        losses[152 * 41..].fill(100.0);
        let series = averaged("loss", &losses, POINTS);
        assert_eq!(series.points.len(), 152);
        assert!(series.points.iter().all(|(_, mean)| *mean == 1.0), "no point holds fewer steps");
        assert_eq!((series.points[0].0, series.points[1].0), (20.0, 61.0), "a point stands in the middle of its steps");
        let few = averaged("loss", &[3.0, 2.0, 1.0], POINTS);
        assert_eq!(few.points, [(0.0, 3.0), (1.0, 2.0), (2.0, 1.0)], "a short run keeps every step");
    }
}
