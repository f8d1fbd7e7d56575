//! Layer normalisation of rows and of images, book section 7.5.2.
//!
//! ```text
//! x̂ = (x − μ) / √(σ² + ε)      y = γ x̂ + β
//! ```
//!
//! with mean μ and biased variance σ² of one sample over its features. γ and β are one value per feature, or one value for all: an image of
//! any size is then a row of channels · height · width features.
//!
//! Contract. A sum over the features has sixteen f64 lanes, feature i in lane i mod 16, and the tree of [`reduce`](super::reduce). With n features:
//!
//! | value | formula |
//! | --- | --- |
//! | m, v (f64) | Σ x / n, then Σ (x − m)² / n: difference and square in f64 |
//! | μ, σ² | m and v, each rounded once |
//! | r | 1 / √(v + ε) in f64, rounded once |
//! | x̂ | (x − μ) · r |
//! | y | (γ · x̂) + β |
//! | g | γ · dy |
//! | dx | r · ((g − Σ g / n) − x̂ · (Σ g · x̂ / n)), products exact, each quotient in f64, rounded once |
//! | dβ, dγ of a feature | Σ dy and Σ dy · x̂ over the samples: one f64 chain in their order, products exact, rounded once |
//! | dβ, dγ for all | the samples' sums of dy and dy · x̂ over the features, added in one f64 chain in the samples' order, rounded once |
//!
//! What has no (f64) is f32, each operation rounded, none fused.
//!
//! Fast: x̂ is computed again where it is wanted instead of being stored. Threads share out rows. Bound: memory.

mod images;
pub mod reference;

use super::{batch_norm::Statistics, isa::Isa, reduce::tree};
use crate::machine::{PIECES, share_out, threads};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Values below which a batch stays on one thread: about 20 µs of work.
const PARALLEL_FROM: usize = 1 << 16;

/// A layer normalisation with its parameters: one γ and β per feature, or one for all.
#[derive(Debug, Clone, Copy)]
pub struct LayerNorm<'a> {
    /// Features of a sample.
    pub features: usize,
    /// ε, inside the root.
    pub eps: f32,
    /// γ.
    pub gamma: &'a [f32],
    /// β.
    pub beta: &'a [f32],
}

/// What the forward pass leaves for the backward pass.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a> {
    /// The input, row-major.
    pub x: &'a [f32],
    /// The samples' statistics.
    pub statistics: &'a [Statistics],
}

/// Where the backward pass writes; everything is overwritten.
#[derive(Debug)]
pub struct Gradients<'a> {
    /// Gradient of the input, row-major.
    pub dx: &'a mut [f32],
    /// Gradient of γ.
    pub dgamma: &'a mut [f32],
    /// Gradient of β.
    pub dbeta: &'a mut [f32],
}

impl LayerNorm<'_> {
    /// Computes y and the statistics of each row of x.
    ///
    /// # Panics
    /// If the slices do not fit together.
    pub fn forward(&self, isa: Isa, x: &[f32], statistics: &mut [Statistics], y: &mut [f32]) {
        self.check(x, statistics);
        assert_eq!(y.len(), x.len(), "one output an input");
        let rows = self.rows_together(statistics.len());
        let values = rows * self.features;
        let chunks = statistics.par_chunks_mut(rows).zip(x.par_chunks(values)).zip(y.par_chunks_mut(values));
        share_out(chunks, |((statistics, x), y)| isa.dispatch(Forward { layer: *self, x, statistics, y }));
    }

    /// Computes the gradients of x, γ and β from that of y.
    ///
    /// # Panics
    /// If the slices do not fit together.
    pub fn backward(&self, isa: Isa, saved: Saved, dy: &[f32], gradients: Gradients) {
        let Gradients { dx, dgamma, dbeta } = gradients;
        self.check(saved.x, saved.statistics);
        assert!(dy.len() == saved.x.len() && dx.len() == dy.len(), "one gradient per value");
        assert!(dgamma.len() == self.gamma.len() && dbeta.len() == dgamma.len(), "one gradient a parameter");
        let rows = self.rows_together(saved.statistics.len());
        let values = rows * self.features;
        let inputs = saved.statistics.par_chunks(rows).zip(saved.x.par_chunks(values)).zip(dy.par_chunks(values));
        share_out(inputs.zip(dx.par_chunks_mut(values)), |(((statistics, x), dy), dx)| {
            isa.dispatch(BackwardInput { layer: *self, saved: Saved { x, statistics }, dy, dx });
        });
        isa.dispatch(BackwardParameters { layer: *self, saved, dy, dgamma, dbeta });
    }

    fn check(&self, x: &[f32], statistics: &[Statistics]) {
        assert!(self.features > 0, "layer normalisation of nothing");
        assert_eq!(x.len(), statistics.len() * self.features, "whole rows");
        let parameters = self.gamma.len();
        assert!(parameters == self.beta.len() && [1, self.features].contains(&parameters), "one parameter per feature, or one");
    }

    /// How many of `rows` a task takes: all of a small batch, else so many that each thread has some to do.
    fn rows_together(&self, rows: usize) -> usize {
        let threads = threads();
        let alone = threads == 1 || rows * self.features < PARALLEL_FROM;
        if alone { rows.max(1) } else { rows.div_ceil(PIECES * threads) }
    }
}

/// The sum over the features of `term` of the values at the same place in each of the inputs.
#[inline(always)]
fn sum<const K: usize>(inputs: [&[f32]; K], term: impl Fn([f32; K]) -> f64) -> f64 {
    let mut lanes = [0.0; 16];
    let blocks = inputs.map(|x| x.as_chunks::<16>());
    for block in 0..blocks[0].0.len() {
        let columns = blocks.map(|(whole, _)| &whole[block]);
        for lane in 0..16 {
            lanes[lane] += term(columns.map(|column| column[lane]));
        }
    }
    for (i, lane) in lanes.iter_mut().enumerate().take(blocks[0].1.len()) {
        *lane += term(blocks.map(|(_, rest)| rest[i]));
    }
    tree(lanes)
}

/// x̂ of one value.
#[inline(always)]
fn normalized(x: f32, statistics: &Statistics) -> f32 {
    (x - statistics.mean) * statistics.inverse_deviation
}

/// Writes γ · x to y, for one γ a feature or one for all.
#[inline(always)]
fn scale(gamma: &[f32], x: impl Iterator<Item = f32>, y: &mut [f32]) {
    let pairs = y.iter_mut().zip(x);
    if let [gamma] = gamma {
        pairs.for_each(|(y, x)| *y = gamma * x);
    } else {
        pairs.zip(gamma).for_each(|((y, x), gamma)| *y = gamma * x);
    }
}

/// y of some rows.
struct Forward<'a> {
    layer: LayerNorm<'a>,
    x: &'a [f32],
    statistics: &'a mut [Statistics],
    y: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let LayerNorm { features, eps, gamma, beta } = self.layer;
        let rows = self.x.chunks_exact(features).zip(self.y.chunks_exact_mut(features));
        for ((x, y), statistics) in rows.zip(self.statistics) {
            let n = features as f64;
            let mean = sum([x], |[x]| f64::from(x)) / n;
            let variance = sum([x], |[x]| (f64::from(x) - mean) * (f64::from(x) - mean)) / n;
            *statistics = Statistics::measured(mean, variance, eps);
            scale(gamma, x.iter().map(|x| normalized(*x, statistics)), y);
            if let [beta] = beta {
                for y in y.iter_mut() {
                    *y += beta;
                }
            } else {
                y.iter_mut().zip(beta).for_each(|(y, beta)| *y += beta);
            }
        }
    }
}

/// dx of some rows.
struct BackwardInput<'a> {
    layer: LayerNorm<'a>,
    saved: Saved<'a>,
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl WithSimd for BackwardInput<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let LayerNorm { features, gamma, .. } = self.layer;
        let n = features as f64;
        let inputs = self.saved.x.chunks_exact(features).zip(self.dy.chunks_exact(features)).zip(self.saved.statistics);
        for (((x, dy), statistics), dx) in inputs.zip(self.dx.chunks_exact_mut(features)) {
            // The row of dx holds g first.
            scale(gamma, dy.iter().copied(), dx);
            let mean = (sum([dx], |[g]| f64::from(g)) / n) as f32;
            let of_products = sum([x, dx], |[x, g]| f64::from(g) * f64::from(normalized(x, statistics)));
            let mean_product = (of_products / n) as f32;
            for (dx, x) in dx.iter_mut().zip(x) {
                *dx = statistics.inverse_deviation * ((*dx - mean) - normalized(*x, statistics) * mean_product);
            }
        }
    }
}

/// dγ and dβ.
struct BackwardParameters<'a> {
    layer: LayerNorm<'a>,
    saved: Saved<'a>,
    dy: &'a [f32],
    dgamma: &'a mut [f32],
    dbeta: &'a mut [f32],
}

impl WithSimd for BackwardParameters<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let features = self.layer.features;
        let product = |x, dy, statistics| f64::from(dy) * f64::from(normalized(x, statistics));
        let rows = self.saved.x.chunks_exact(features).zip(self.dy.chunks_exact(features)).zip(self.saved.statistics);
        let (mut of_products, mut of_dy) = (vec![0.0; self.dgamma.len()], vec![0.0; self.dbeta.len()]);
        for ((x, dy), statistics) in rows {
            if let ([of_products], [of_dy]) = (&mut of_products[..], &mut of_dy[..]) {
                *of_products += sum([x, dy], |[x, dy]| product(x, dy, statistics));
                *of_dy += sum([dy], |[dy]| f64::from(dy));
                continue;
            }
            let sums = of_products.iter_mut().zip(&mut of_dy);
            for (((of_products, of_dy), x), dy) in sums.zip(x).zip(dy) {
                *of_products += product(*x, *dy, statistics);
                *of_dy += f64::from(*dy);
            }
        }
        self.dgamma.iter_mut().zip(of_products).for_each(|(dgamma, sum)| *dgamma = sum as f32);
        self.dbeta.iter_mut().zip(of_dy).for_each(|(dbeta, sum)| *dbeta = sum as f32);
    }
}
