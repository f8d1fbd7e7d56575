//! The data of sections 7.4.2.3 and 7.6, 300 noisy moons, and what a network makes of them.

use anyhow::Result;
use common::{
    data::{Samples, moons::moons},
    figures,
    kernels::{functions, isa::Isa},
    matrix::Matrix,
    plot::{Grid, RegionPanel},
    train::{Decision, Network, evaluate},
};

/// Samples to train on; the others are to test with.
pub(crate) const N_TRAIN: usize = 200;
/// All samples.
const N: usize = 300;
/// Standard deviation of the noise.
const NOISE: f32 = 0.5;
/// The rectangle of the book's figures.
const X_RANGE: (f64, f64) = (-2.0, 3.0);
const Y_RANGE: (f64, f64) = (-3.0, 3.0);
/// Nodes of the grid over it in each direction.
const NODES: usize = 200;

/// Samples to train on, and samples to test with.
#[derive(Debug, Clone)]
pub(crate) struct Moons {
    pub(crate) train: Samples,
    pub(crate) test: Samples,
}

impl Moons {
    /// The moons of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let samples = moons(N, NOISE, seed);
        let rows: Vec<usize> = (0..N).collect();
        Self { train: samples.select(&rows[..N_TRAIN]), test: samples.select(&rows[N_TRAIN..]) }
    }

    /// The share of training samples, then of test samples, that a network classifies right by its logit.
    pub(crate) fn accuracies(&self, network: &dyn Network) -> Result<[f32; 2]> {
        let [train, test] = [&self.train, &self.test].map(|samples| evaluate(network, samples, Decision::Logit));
        Ok([train?.accuracy, test?.accuracy])
    }

    /// Two panels with the probability of class 1, σ of a network's logit, over the plane: with the training samples, and with the others.
    pub(crate) fn panels(&self, title: &str, network: &dyn Network) -> Result<[RegionPanel; 2]> {
        let nodes = Grid::nodes(X_RANGE, Y_RANGE, NODES, NODES);
        let x = Matrix::new(nodes.len(), 2, nodes.iter().flat_map(|(x, y)| [*x as f32, *y as f32]).collect());
        let mut probabilities = vec![0.0; nodes.len()];
        functions::logistic_slice(Isa::best(), network.outputs(&x)?.values(), &mut probabilities);
        let values = probabilities.into_iter().map(f64::from).collect();
        let grid = Grid { x_range: X_RANGE, y_range: Y_RANGE, nx: NODES, ny: NODES, values };
        let panel = |part, samples| figures::region_panel(format!("{title}: {part}"), grid.clone(), samples);
        Ok([panel("train", &self.train), panel("test", &self.test)])
    }
}
