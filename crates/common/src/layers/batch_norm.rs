//! Batch normalisation of rows and of images, book section 7.5.1; the formulas are those of [`kernels::batch_norm`].
//!
//! ```text
//! y = γ (x − μ) / √(σ² + ε) + β
//! ```
//!
//! In training μ and σ² are mean and biased variance of a channel over the batch, and running averages follow them; in use they are these averages.
//!
//! | tensor | shape | at first |
//! | --- | --- | --- |
//! | x, y | rows of features (a channel each), or images in lanes | |
//! | `gamma`, `beta` | channels | 1, 0 |
//! | `running_mean`, `running_variance` (kept, not trained) | channels | 0, 1 |

use super::{Gradients, Input, Layer, NORMALIZATION_EPSILON, Output, Shape, TensorShape};
use crate::kernels::{
    self,
    batch_norm::{Averaging, Saved, Statistics},
    isa::Isa,
    lanes,
};

/// What is chosen about a batch normalisation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// ε, inside the root.
    pub eps: f32,
    /// How the running statistics follow those of the batches.
    pub averaging: Averaging,
}

impl Settings {
    /// The book's: ε = 1e-7; a batch moves the running statistics a tenth of the way to its own, with the biased variance.
    pub const BOOK: Self = Self { eps: NORMALIZATION_EPSILON, averaging: Averaging { momentum: 0.9, unbiased: false } };
}

/// A batch normalisation with its running statistics.
#[derive(Debug, Clone)]
pub(crate) struct BatchNormLayer {
    shape: Shape,
    settings: Settings,
    running_mean: Vec<f32>,
    running_variance: Vec<f32>,
    /// Those of the last training batch.
    statistics: Vec<Statistics>,
    in_lanes: InLanes,
}

/// What rows are in lanes, where they are normalised; the memory is used again from batch to batch.
#[derive(Debug, Clone, Default)]
struct InLanes {
    /// The last training batch.
    x: Vec<f32>,
    /// Its output.
    y: Vec<f32>,
    dy: Vec<f32>,
    dx: Vec<f32>,
}

impl BatchNormLayer {
    /// A layer that has seen no batch yet.
    pub(crate) fn new(shape: Shape, settings: Settings) -> Self {
        let channels = channels(shape);
        Self::with_running_statistics(shape, settings, vec![0.0; channels], vec![1.0; channels])
    }

    /// A layer with the given running mean and variance of each channel.
    pub(crate) fn with_running_statistics(
        shape: Shape,
        settings: Settings,
        running_mean: Vec<f32>,
        running_variance: Vec<f32>,
    ) -> Self {
        Self { shape, settings, running_mean, running_variance, statistics: Vec::new(), in_lanes: InLanes::default() }
    }

    fn kernel<'a>(&self, input: &Input<'a>) -> kernels::batch_norm::BatchNorm<'a> {
        let channels = channels(self.shape);
        let (gamma, beta) = input.parameters.split_at(channels);
        let plane = self.shape.features() / channels;
        let shape = kernels::batch_norm::Shape { samples: input.samples, channels, plane };
        kernels::batch_norm::BatchNorm { shape, eps: self.settings.eps, gamma, beta }
    }
}

impl Layer for BatchNormLayer {
    fn output_shape(&self) -> Shape {
        self.shape
    }

    fn caption(&self) -> String {
        "batch normalisation".to_owned()
    }

    fn parameter_shapes(&self) -> Vec<TensorShape> {
        let channels = channels(self.shape);
        vec![("gamma", vec![channels]), ("beta", vec![channels])]
    }

    fn initialize(&self, parameters: &mut [f32]) {
        parameters[..channels(self.shape)].fill(1.0);
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        let running = self.running_mean.iter().zip(&self.running_variance);
        let statistics: Vec<_> =
            running.map(|(mean, variance)| Statistics::running(*mean, *variance, self.settings.eps)).collect();
        match self.shape {
            Shape::Image { .. } => self.kernel(&input).forward(Isa::best(), input.x, &statistics, y),
            Shape::Features(channels) => {
                let mut in_lanes = InLanes::default();
                lay_out(input.x, channels, &mut in_lanes.x);
                normalize_rows(self.kernel(&input), &statistics, &mut in_lanes, y);
            }
        }
    }

    fn forward_training(&mut self, input: Input, y: &mut [f32]) {
        let kernel = self.kernel(&input);
        let Self { shape, statistics, in_lanes, .. } = self;
        statistics.resize(channels(*shape), Statistics::default());
        if let Shape::Features(channels) = *shape {
            lay_out(input.x, channels, &mut in_lanes.x);
            kernel.statistics(Isa::best(), &in_lanes.x, statistics);
            normalize_rows(kernel, statistics, in_lanes, y);
        } else {
            kernel.statistics(Isa::best(), input.x, statistics);
            kernel.forward(Isa::best(), input.x, statistics, y);
        }
        let (count, averaging) = (kernel.shape.count(), self.settings.averaging);
        averaging.update(count, &self.statistics, &mut self.running_mean, &mut self.running_variance);
    }

    fn backward(&mut self, input: Input, Output { dy, .. }: Output, gradients: Gradients) {
        let kernel = self.kernel(&input);
        let (dgamma, dbeta) = gradients.dparameters.split_at_mut(channels(self.shape));
        let Self { shape, statistics, in_lanes, .. } = self;
        let mut run = |x: &[f32], dy: &[f32], dx: &mut [f32]| {
            let gradients = kernels::batch_norm::Gradients { dx, dgamma: &mut *dgamma, dbeta: &mut *dbeta };
            kernel.backward(Isa::best(), Saved { x, statistics }, dy, gradients);
        };
        match (*shape, gradients.dx) {
            (Shape::Image { .. }, Some(dx)) => run(input.x, dy, dx),
            (Shape::Image { .. }, None) => {
                in_lanes.dx.resize(input.x.len(), 0.0);
                run(input.x, dy, &mut in_lanes.dx);
            }
            (Shape::Features(channels), dx) => {
                lay_out(dy, channels, &mut in_lanes.dy);
                in_lanes.dx.resize(in_lanes.x.len(), 0.0);
                run(&in_lanes.x, &in_lanes.dy, &mut in_lanes.dx);
                if let Some(dx) = dx {
                    lanes::to_rows(&in_lanes.dx, channels, dx);
                }
            }
        }
    }

    fn buffers(&self) -> Vec<(&'static str, &[f32])> {
        vec![("running_mean", &self.running_mean), ("running_variance", &self.running_variance)]
    }

    fn buffers_mut(&mut self) -> Vec<(&'static str, &mut [f32])> {
        vec![("running_mean", &mut self.running_mean), ("running_variance", &mut self.running_variance)]
    }
}

/// What is normalised by itself: a feature of a row, a channel of an image.
fn channels(shape: Shape) -> usize {
    match shape {
        Shape::Features(features) => features,
        Shape::Image { channels, .. } => channels,
    }
}

/// Lays rows out in lanes.
fn lay_out(rows: &[f32], columns: usize, in_lanes: &mut Vec<f32>) {
    in_lanes.resize(lanes::size(rows.len() / columns, columns), 0.0);
    lanes::from_rows(rows, columns, in_lanes);
}

/// Normalises a batch that comes in lanes and goes as rows.
fn normalize_rows(kernel: kernels::batch_norm::BatchNorm, statistics: &[Statistics], in_lanes: &mut InLanes, y: &mut [f32]) {
    in_lanes.y.resize(in_lanes.x.len(), 0.0);
    kernel.forward(Isa::best(), &in_lanes.x, statistics, &mut in_lanes.y);
    lanes::to_rows(&in_lanes.y, kernel.shape.channels, y);
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{check_layer, normalize},
        *,
    };

    const SETTINGS: Settings = Settings { eps: 1e-3, averaging: Averaging { momentum: 0.9, unbiased: false } };

    #[test]
    fn gradients_are_those_of_the_formula() {
        let rows = Shape::Features(3);
        let forward = |x: &[f64], parameters: &[f64]| normalize(x, parameters, f64::from(SETTINGS.eps), |i| i % 3, |i| i % 3);
        check_layer("rows", &mut BatchNormLayer::new(rows, SETTINGS), rows, 19, forward);
        let images = Shape::Image { channels: 2, height: 2, width: 3 };
        let channel = |i: usize| i / 6 % 2;
        let forward = |x: &[f64], parameters: &[f64]| normalize(x, parameters, f64::from(SETTINGS.eps), channel, channel);
        check_layer("images", &mut BatchNormLayer::new(images, SETTINGS), images, 18, forward);
    }

    #[test]
    fn running_statistics_follow_the_batches_and_serve_in_use() {
        let rows = Shape::Features(1);
        let settings = Settings { eps: 0.0, ..SETTINGS };
        let layer = |settings| BatchNormLayer::with_running_statistics(rows, settings, vec![3.0], vec![4.0]);
        let mut y = [f32::NAN; 2];
        let parameters = [1.0, 0.0];
        let input = Input { parameters: &parameters, x: &[3.0, 5.0], samples: 2 };
        layer(settings).forward(input, &mut y);
        assert_eq!(y, [0.0, 1.0]);
        // Mean 4, variance 1: the running mean moves a tenth of the way, the biased variance too.
        let mut trained = layer(settings);
        trained.forward_training(input, &mut y);
        assert_eq!(y, [-1.0, 1.0]);
        let after = |trained: &BatchNormLayer| trained.buffers().iter().map(|(_, values)| values[0]).collect::<Vec<_>>();
        let near = |a: f32, b: f32| (a - b).abs() < 1e-6;
        assert!(near(after(&trained)[0], 3.1) && near(after(&trained)[1], 3.7), "{trained:?}");
        let mut unbiased = layer(Settings { averaging: Averaging { unbiased: true, ..SETTINGS.averaging }, ..settings });
        unbiased.forward_training(input, &mut y);
        assert!(near(after(&unbiased)[1], 3.8), "{unbiased:?}");
    }
}
