//! Normalisation layers of unrolled models.

use super::{
    layer::{Backward, Batch, Layer, Place},
    plan::{Plan, Shape, Unroll},
};
use crate::{
    kernels::{
        batch_norm::{self, Averaging, Statistics},
        isa::Isa,
        lanes, layer_norm,
    },
    nn::builder,
    parameters::{Parameter, Parameters},
};
use anyhow::Result;

/// The book's ε, inside the root.
const EPS: f32 = 1e-7;
/// How the book's running statistics follow those of the batches.
const AVERAGING: Averaging = Averaging { momentum: 0.9, unbiased: false };

/// Batch normalisation.
#[derive(Debug)]
struct BatchNorm {
    channels: usize,
    plane: usize,
    place: Place,
    running_mean: Vec<f32>,
    running_variance: Vec<f32>,
    /// Those of the batch on its way.
    statistics: Vec<Statistics>,
}

impl BatchNorm {
    fn kernel<'a>(&self, batch: &Batch<'a>) -> batch_norm::BatchNorm<'a> {
        let (gamma, beta) = batch.parameters.split_at(self.channels);
        let shape = batch_norm::Shape { samples: batch.samples, channels: self.channels, plane: self.plane };
        batch_norm::BatchNorm { shape, eps: EPS, gamma, beta }
    }

    /// Normalises by the given statistics, wherever the samples lie.
    fn normalize(&self, batch: Batch, statistics: &[Statistics], y: &mut [f32]) {
        let kernel = self.kernel(&batch);
        match self.place {
            Place::Lanes => kernel.forward(batch.isa, batch.x, statistics, y),
            Place::Rows => {
                let mut normalized = vec![0.0; kernel.shape.size()];
                kernel.forward(batch.isa, &lanes::laid_out(batch.x, self.channels), statistics, &mut normalized);
                lanes::to_rows(&normalized, self.channels, y);
            }
        }
    }

    fn measure(&mut self, isa: Isa, kernel: batch_norm::BatchNorm, x: &[f32]) {
        self.statistics.resize(self.channels, Statistics::default());
        match self.place {
            Place::Lanes => kernel.statistics(isa, x, &mut self.statistics),
            Place::Rows => {
                let x = lanes::laid_out(x, self.channels);
                kernel.statistics(isa, &x, &mut self.statistics);
            }
        }
        AVERAGING.update(kernel.shape.count(), &self.statistics, &mut self.running_mean, &mut self.running_variance);
    }
}

impl Layer for BatchNorm {
    fn size(&self, samples: usize) -> usize {
        self.place.size(samples, self.channels * self.plane)
    }

    fn start(&self, parameters: &mut [f32]) {
        parameters[..self.channels].fill(1.0);
    }

    fn forward(&self, batch: Batch, y: &mut [f32]) {
        let running = self.running_mean.iter().zip(&self.running_variance);
        let statistics: Vec<_> = running.map(|(mean, variance)| Statistics::running(*mean, *variance, EPS)).collect();
        self.normalize(batch, &statistics, y);
    }

    fn learn(&mut self, batch: Batch, y: &mut [f32]) {
        self.measure(batch.isa, self.kernel(&batch), batch.x);
        self.normalize(batch, &self.statistics, y);
    }

    fn backward(&mut self, batch: Batch, back: Backward) {
        let kernel = self.kernel(&batch);
        let (dgamma, dbeta) = back.dparameters.split_at_mut(self.channels);
        let mut unasked = Vec::new();
        let dx = back.dx.unwrap_or(&mut unasked);
        dx.resize(batch.x.len(), 0.0);
        match self.place {
            Place::Lanes => {
                let saved = batch_norm::Saved { x: batch.x, statistics: &self.statistics };
                kernel.backward(batch.isa, saved, back.dy, batch_norm::Gradients { dx, dgamma, dbeta });
            }
            Place::Rows => {
                let (x, dy) = (lanes::laid_out(batch.x, self.channels), lanes::laid_out(back.dy, self.channels));
                let mut flowing = vec![0.0; x.len()];
                let saved = batch_norm::Saved { x: &x, statistics: &self.statistics };
                kernel.backward(batch.isa, saved, &dy, batch_norm::Gradients { dx: &mut flowing, dgamma, dbeta });
                lanes::to_rows(&flowing, self.channels, dx);
            }
        }
    }

    fn kept(&self, name: &str) -> Vec<Parameter> {
        let tensor = |tensor: &str, values: &[f32]| Parameter {
            name: format!("{name}.{tensor}"),
            shape: vec![self.channels],
            values: values.to_vec(),
        };
        vec![tensor("running_mean", &self.running_mean), tensor("running_variance", &self.running_variance)]
    }

    fn load(&mut self, name: &str, parameters: &Parameters) -> Result<()> {
        let values =
            |tensor: &str| Ok::<_, anyhow::Error>(&parameters.get(&format!("{name}.{tensor}"), &[self.channels])?.values);
        (self.running_mean, self.running_variance) = (values("running_mean")?.clone(), values("running_variance")?.clone());
        Ok(())
    }
}

impl<const C: usize> Unroll for builder::BatchNorm<C> {
    fn unroll(plan: &mut Plan) {
        let shape = plan.shape();
        let plane = match shape {
            Shape::Image { channels, height, width } if channels == C => height * width,
            Shape::Features(features) if features == C => 1,
            other => panic!("batch normalisation of {C} channels after {other:?}"),
        };
        let layer = BatchNorm {
            channels: C,
            plane,
            place: shape.place(),
            running_mean: vec![0.0; C],
            running_variance: vec![1.0; C],
            statistics: Vec::new(),
        };
        plan.push(layer, &[("gamma", &[C]), ("beta", &[C])], shape);
    }
}

/// Layer normalisation: one γ and β a feature, or one for all.
#[derive(Debug)]
struct LayerNorm {
    features: usize,
    parameters: usize,
    place: Place,
    /// Those of the batch on its way.
    statistics: Vec<Statistics>,
}

impl LayerNorm {
    fn kernel<'a>(&self, batch: &Batch<'a>) -> layer_norm::LayerNorm<'a> {
        let (gamma, beta) = batch.parameters.split_at(self.parameters);
        layer_norm::LayerNorm { features: self.features, eps: EPS, gamma, beta }
    }

    /// Samples as rows, as the kernel takes them.
    fn in_rows(&self, values: &[f32], samples: usize) -> Vec<f32> {
        match self.place {
            Place::Rows => values.to_vec(),
            Place::Lanes => {
                let mut rows = vec![0.0; samples * self.features];
                lanes::to_rows(values, self.features, &mut rows);
                rows
            }
        }
    }

    /// Rows where the samples lie.
    fn put(&self, rows: &[f32], values: &mut [f32]) {
        match self.place {
            Place::Rows => values.copy_from_slice(rows),
            Place::Lanes => lanes::from_rows(rows, self.features, values),
        }
    }

    fn normalize(&self, batch: Batch, statistics: &mut Vec<Statistics>, y: &mut [f32]) {
        statistics.resize(batch.samples, Statistics::default());
        let mut rows = vec![0.0; batch.samples * self.features];
        self.kernel(&batch).forward(batch.isa, &self.in_rows(batch.x, batch.samples), statistics, &mut rows);
        self.put(&rows, y);
    }
}

impl Layer for LayerNorm {
    fn size(&self, samples: usize) -> usize {
        self.place.size(samples, self.features)
    }

    fn start(&self, parameters: &mut [f32]) {
        parameters[..self.parameters].fill(1.0);
    }

    fn forward(&self, batch: Batch, y: &mut [f32]) {
        self.normalize(batch, &mut Vec::new(), y);
    }

    fn learn(&mut self, batch: Batch, y: &mut [f32]) {
        let mut statistics = std::mem::take(&mut self.statistics);
        self.normalize(batch, &mut statistics, y);
        self.statistics = statistics;
    }

    fn backward(&mut self, batch: Batch, back: Backward) {
        let (dgamma, dbeta) = back.dparameters.split_at_mut(self.parameters);
        let (x, dy) = (self.in_rows(batch.x, batch.samples), self.in_rows(back.dy, batch.samples));
        let mut dx = vec![0.0; x.len()];
        let saved = layer_norm::Saved { x: &x, statistics: &self.statistics };
        self.kernel(&batch).backward(batch.isa, saved, &dy, layer_norm::Gradients { dx: &mut dx, dgamma, dbeta });
        if let Some(values) = back.dx {
            self.put(&dx, values);
        }
    }
}

impl<const F: usize> Unroll for builder::LayerNorm<F> {
    fn unroll(plan: &mut Plan) {
        let shape = plan.shape();
        assert!(shape == Shape::Features(F), "layer normalisation of {F} features after {shape:?}");
        let layer = LayerNorm { features: F, parameters: F, place: Place::Rows, statistics: Vec::new() };
        plan.push(layer, &[("gamma", &[F]), ("beta", &[F])], shape);
    }
}

impl Unroll for builder::LayerNorm2d {
    fn unroll(plan: &mut Plan) {
        let shape = plan.shape();
        let layer = LayerNorm { features: shape.features(), parameters: 1, place: shape.place(), statistics: Vec::new() };
        plan.push(layer, &[("gamma", &[]), ("beta", &[])], shape);
    }
}
