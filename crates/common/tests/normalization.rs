//! Batch and layer normalisation have the bits of their references on every instruction set, with any number of threads, for batches that
//! fill their lanes and for those that do not.

use common::{
    kernels::{
        batch_norm::{self, Averaging, BatchNorm, Shape, Statistics},
        isa::Isa,
        lanes,
        layer_norm::{self, LayerNorm},
    },
    machine::with_threads,
    rng::Stream,
};

/// Runs `check` under several numbers of threads, once for each instruction set.
fn everywhere(check: impl Fn(Isa) + Sync) {
    for threads in [1, 2, 5] {
        with_threads(threads, || Isa::available().into_iter().for_each(&check)).expect("a thread pool");
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Values of many magnitudes, so that a wrong order of additions shows.
fn values(n: usize, name: &str) -> Vec<f32> {
    let mut stream = Stream::new(0, name);
    (0..n).map(|i| stream.normal(0.3, 1.0) * [0.01, 1.0, 5.0, 30.0][i % 4]).collect()
}

const BATCHES: [usize; 7] = [1, 2, 15, 16, 17, 40, 64];

/// A batch in lanes whose lanes without a sample hold what must not be read.
fn in_lanes(shape: Shape, name: &str) -> Vec<f32> {
    let features = shape.channels * shape.plane;
    laid_out(&values(shape.samples * features, name), shape.samples, features)
}

/// Rows in lanes; those without a sample hold what must not be read.
fn laid_out(rows: &[f32], samples: usize, features: usize) -> Vec<f32> {
    let mut laid_out = lanes::laid_out(rows, features);
    let first_group_of_last = laid_out.len() - features * lanes::GROUP;
    for column in laid_out[first_group_of_last..].chunks_exact_mut(lanes::GROUP) {
        let present = samples - (samples - 1) / lanes::GROUP * lanes::GROUP;
        column[present..].fill(f32::NAN);
    }
    laid_out
}

struct Batch {
    statistics: Vec<Statistics>,
    y: Vec<f32>,
    dx: Vec<f32>,
    dgamma: Vec<f32>,
    dbeta: Vec<f32>,
}

impl Batch {
    fn new(size: usize, statistics: usize, parameters: usize) -> Self {
        let filled = |n| vec![f32::NAN; n];
        Self {
            statistics: vec![Statistics::default(); statistics],
            y: filled(size),
            dx: filled(size),
            dgamma: filled(parameters),
            dbeta: filled(parameters),
        }
    }

    /// All bits in a row.
    fn bits(&self) -> Vec<u32> {
        let statistics = self.statistics.iter().flat_map(|s| [s.mean, s.variance, s.inverse_deviation]);
        bits(&statistics.chain([&self.y, &self.dx, &self.dgamma, &self.dbeta].into_iter().flatten().copied()).collect::<Vec<_>>())
    }
}

/// Forward and backward on an instruction set, or by the reference.
fn batch_norm(layer: BatchNorm, x: &[f32], dy: &[f32], isa: Option<Isa>) -> Batch {
    let channels = layer.shape.channels;
    let mut batch = Batch::new(x.len(), channels, channels);
    if let Some(isa) = isa {
        layer.statistics(isa, x, &mut batch.statistics);
        layer.forward(isa, x, &batch.statistics, &mut batch.y);
    } else {
        batch.statistics = batch_norm::reference::statistics(layer, x);
        batch_norm::reference::forward(layer, x, &batch.statistics, &mut batch.y);
    }
    let Batch { statistics, dx, dgamma, dbeta, .. } = &mut batch;
    let (saved, gradients) = (batch_norm::Saved { x, statistics }, batch_norm::Gradients { dx, dgamma, dbeta });
    match isa {
        Some(isa) => layer.backward(isa, saved, dy, gradients),
        None => batch_norm::reference::backward(layer, saved, dy, gradients),
    }
    batch
}

fn check_batch_norm(shape: Shape) {
    let (gamma, beta) = (values(shape.channels, "gamma"), values(shape.channels, "beta"));
    let layer = BatchNorm { shape, eps: 1e-5, gamma: &gamma, beta: &beta };
    let (x, dy) = (in_lanes(shape, "x"), in_lanes(shape, "dy"));
    let expected = batch_norm(layer, &x, &dy, None);
    assert!(expected.bits().iter().all(|bits| !f32::from_bits(*bits).is_nan()), "{shape:?}: lanes without a sample were read");
    everywhere(|isa| {
        let ours = batch_norm(layer, &x, &dy, Some(isa));
        assert_eq!(ours.bits(), expected.bits(), "{shape:?} on {isa}");
    });
}

#[test]
fn batch_normalization_of_rows_has_the_bits_of_the_reference() {
    for samples in BATCHES {
        for channels in [1, 5, 37] {
            check_batch_norm(Shape { samples, channels, plane: 1 });
        }
    }
}

#[test]
fn batch_normalization_of_images_has_the_bits_of_the_reference() {
    for samples in BATCHES {
        for (channels, plane) in [(1, 1), (3, 4), (2, 35), (20, 196)] {
            check_batch_norm(Shape { samples, channels, plane });
        }
    }
}

#[test]
fn lanes_without_a_sample_become_zero() {
    let shape = Shape { samples: 3, channels: 2, plane: 2 };
    let layer = BatchNorm { shape, eps: 1e-5, gamma: &[1.0, 2.0], beta: &[7.0, 7.0] };
    let batch = batch_norm(layer, &in_lanes(shape, "x"), &in_lanes(shape, "dy"), Some(Isa::best()));
    for column in batch.y.chunks_exact(lanes::GROUP).chain(batch.dx.chunks_exact(lanes::GROUP)) {
        assert!(column[..3].iter().all(|x| *x != 0.0) && bits(&column[3..]) == [0; 13], "{column:?}");
    }
}

#[test]
fn running_statistics_follow_the_batches() {
    let batch = [Statistics { mean: 2.0, variance: 3.0, inverse_deviation: f32::NAN }];
    for (unbiased, count, expected) in [(false, 4, 1.5), (true, 4, 2.0), (true, 1, 1.5)] {
        let (mut mean, mut variance) = ([0.0], [0.0]);
        Averaging { momentum: 0.5, unbiased }.update(count, &batch, &mut mean, &mut variance);
        assert_eq!((mean[0], variance[0]), (1.0, expected), "unbiased: {unbiased}, {count} values");
    }
}

/// Forward and backward on an instruction set, or by the reference.
fn layer_norm(layer: LayerNorm, x: &[f32], dy: &[f32], isa: Option<Isa>) -> Batch {
    let mut batch = Batch::new(x.len(), x.len() / layer.features, layer.gamma.len());
    let Batch { statistics, y, dx, dgamma, dbeta } = &mut batch;
    match isa {
        Some(isa) => layer.forward(isa, x, statistics, y),
        None => layer_norm::reference::forward(layer, x, statistics, y),
    }
    let (saved, gradients) = (layer_norm::Saved { x, statistics }, layer_norm::Gradients { dx, dgamma, dbeta });
    match isa {
        Some(isa) => layer.backward(isa, saved, dy, gradients),
        None => layer_norm::reference::backward(layer, saved, dy, gradients),
    }
    batch
}

#[test]
fn layer_normalization_has_the_bits_of_the_reference() {
    for samples in BATCHES {
        for features in [1, 2, 15, 16, 17, 100, 3920] {
            for parameters in [1, features] {
                let (gamma, beta) = (values(parameters, "gamma"), values(parameters, "beta"));
                let layer = LayerNorm { features, eps: 1e-5, gamma: &gamma, beta: &beta };
                let (x, dy) = (values(samples * features, "x"), values(samples * features, "dy"));
                let expected = layer_norm(layer, &x, &dy, None);
                everywhere(|isa| {
                    let ours = layer_norm(layer, &x, &dy, Some(isa));
                    assert_eq!(ours.bits(), expected.bits(), "{samples} x {features}, {parameters} parameters, on {isa}");
                });
            }
        }
    }
}

/// The same for images in lanes; y and dx come back as rows.
fn layer_norm_of_images(layer: LayerNorm, x: &[f32], dy: &[f32], isa: Isa) -> Batch {
    let (samples, features) = (x.len() / layer.features, layer.features);
    let (x, dy) = (laid_out(x, samples, features), laid_out(dy, samples, features));
    let mut batch = Batch::new(x.len(), samples, 1);
    let Batch { statistics, y, dx, dgamma, dbeta } = &mut batch;
    layer.forward_images(isa, &x, statistics, y);
    layer.backward_images(isa, layer_norm::Saved { x: &x, statistics }, &dy, layer_norm::Gradients { dx, dgamma, dbeta });
    for values in [y, dx] {
        let mut rows = vec![f32::NAN; samples * features];
        lanes::to_rows(values, features, &mut rows);
        assert_eq!(bits(values), bits(&lanes::laid_out(&rows, features)), "lanes without a sample are zero");
        *values = rows;
    }
    batch
}

#[test]
fn layer_normalization_of_images_has_the_bits_of_the_reference() {
    let (gamma, beta) = ([1.7], [-0.3]);
    for samples in BATCHES {
        for features in [1, 15, 16, 17, 100, 127, 128, 129, 3920] {
            let layer = LayerNorm { features, eps: 1e-5, gamma: &gamma, beta: &beta };
            let (x, dy) = (values(samples * features, "x"), values(samples * features, "dy"));
            let expected = layer_norm(layer, &x, &dy, None);
            everywhere(|isa| {
                let ours = layer_norm_of_images(layer, &x, &dy, isa);
                assert_eq!(ours.bits(), expected.bits(), "{samples} x {features} on {isa}");
            });
        }
    }
}
