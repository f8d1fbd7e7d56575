//! Layer normalisation of images in [lanes](crate::kernels::lanes), with one γ and one β for all values.
//!
//! An image is a row of its values, and the contract that of rows: each of the sixteen lanes of a sum is here a vector over the samples of a
//! group. Threads share out groups. Bound: memory.

use super::{Gradients, LayerNorm, Saved};
use crate::kernels::{
    batch_norm::{Statistics, clear},
    isa::Isa,
    lanes::{self, GROUP, vectors},
    reduce::tree,
};
use crate::machine::share_out;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Values that a thread takes at least: about ten microseconds of work.
const LEAST_VALUES: usize = 1 << 15;
/// Lanes of a sum.
const LANES: usize = 16;
/// Features after which one turns from one lane or sum to the next: their values stay in the first cache.
const TOGETHER: usize = 8 * LANES;

/// A feature's values of the samples of a group.
type Column = [f32; GROUP];

impl LayerNorm<'_> {
    /// Computes y and the statistics of each image of x, both in lanes.
    ///
    /// # Panics
    /// If the slices do not fit together, or there is more than one γ.
    pub fn forward_images(&self, isa: Isa, x: &[f32], statistics: &mut [Statistics], y: &mut [f32]) {
        self.check_images(x, statistics);
        assert_eq!(y.len(), x.len(), "one output an input");
        let groups = statistics.par_chunks_mut(GROUP).zip(self.groups(x)).zip(y.par_chunks_mut(self.group()));
        share_out(groups.with_min_len(self.least()), |((statistics, x), y)| {
            isa.dispatch(Forward { layer: *self, x, statistics, y });
        });
    }

    /// Computes the gradients of x, γ and β from that of y; images are in lanes.
    ///
    /// # Panics
    /// If the slices do not fit together, or there is more than one γ.
    pub fn backward_images(&self, isa: Isa, saved: Saved, dy: &[f32], gradients: Gradients) {
        let Gradients { dx, dgamma, dbeta } = gradients;
        self.check_images(saved.x, saved.statistics);
        assert!(dy.len() == saved.x.len() && dx.len() == dy.len(), "one gradient per value");
        let mut sums = vec![Sums::default(); saved.statistics.len()];
        let saved_groups = saved.statistics.par_chunks(GROUP).zip(self.groups(saved.x));
        let gradients = self.groups(dy).zip(dx.par_chunks_mut(self.group()));
        let groups = saved_groups.zip(gradients).zip(sums.par_chunks_mut(GROUP));
        share_out(groups.with_min_len(self.least()), |(((statistics, x), (dy, dx)), sums)| {
            isa.dispatch(Backward { layer: *self, saved: Saved { x, statistics }, dy, dx, sums });
        });
        let chain = |of: fn(&Sums) -> f64| sums.iter().map(of).fold(0.0, |sum, term| sum + term) as f32;
        dgamma.fill(chain(|sums| sums.of_products));
        dbeta.fill(chain(|sums| sums.of_dy));
    }

    fn check_images(&self, x: &[f32], statistics: &[Statistics]) {
        assert!(self.features > 0, "layer normalisation of nothing");
        assert_eq!(x.len(), lanes::size(statistics.len(), self.features), "whole groups");
        assert!(self.gamma.len() == 1 && self.beta.len() == 1, "one γ and one β for all values");
    }

    /// Values of a group.
    fn group(&self) -> usize {
        self.features * GROUP
    }

    fn groups<'a>(&self, x: &'a [f32]) -> rayon::slice::Chunks<'a, f32> {
        x.par_chunks(self.group())
    }

    /// Groups that a thread takes at least.
    fn least(&self) -> usize {
        LEAST_VALUES.div_ceil(self.group())
    }
}

/// A sum over the features for each sample of a group, in its lanes.
#[derive(Clone, Copy)]
struct Sum([[f64; GROUP]; LANES]);

impl Sum {
    /// Nothing added yet.
    #[inline(always)]
    fn new() -> Self {
        Self([[0.0; GROUP]; LANES])
    }

    /// Adds `term` of a sample's number and its values in each of the inputs, for the next features: a multiple of sixteen of them, or the last.
    #[inline(always)]
    fn add<const K: usize>(&mut self, inputs: [&[Column]; K], term: impl Fn(usize, [f32; K]) -> f64) {
        for (first, lane) in self.0.iter_mut().enumerate() {
            let mut chains = *lane;
            for feature in (first..inputs[0].len()).step_by(LANES) {
                let values = inputs.map(|columns| &columns[feature]);
                for sample in 0..GROUP {
                    chains[sample] += term(sample, values.map(|x| x[sample]));
                }
            }
            *lane = chains;
        }
    }

    /// The sums of all features.
    #[inline(always)]
    fn total(&self) -> [f64; GROUP] {
        std::array::from_fn(|sample| tree(self.0.map(|lane| lane[sample])))
    }
}

/// The sum over all features of `term` of a sample's number and its value.
#[inline(always)]
fn sum(columns: &[Column], term: impl Fn(usize, f32) -> f64) -> [f64; GROUP] {
    let mut sum = Sum::new();
    for columns in columns.chunks(TOGETHER) {
        sum.add([columns], |sample, [x]| term(sample, x));
    }
    sum.total()
}

/// What the samples of a group are normalised by; one that is not there, by any numbers.
struct Normalization {
    means: Column,
    inverse_deviations: Column,
}

impl Normalization {
    #[inline(always)]
    fn by(statistics: &[Statistics]) -> Self {
        let mut all = Self { means: [0.0; GROUP], inverse_deviations: [0.0; GROUP] };
        for (sample, statistics) in statistics.iter().enumerate() {
            (all.means[sample], all.inverse_deviations[sample]) = (statistics.mean, statistics.inverse_deviation);
        }
        all
    }

    /// x̂ of a vector of values, number `part` of its feature.
    #[inline(always)]
    fn vector<S: Simd>(&self, simd: S, part: usize, x: S::f32s) -> S::f32s {
        let (means, inverse_deviations) = (S::as_simd_f32s(&self.means).0, S::as_simd_f32s(&self.inverse_deviations).0);
        simd.mul_f32s(simd.sub_f32s(x, means[part]), inverse_deviations[part])
    }

    /// x̂ of some features.
    #[inline(always)]
    fn normalize<S: Simd>(&self, simd: S, x: &[Column], normalized: &mut [Column]) {
        let (x, normalized) = (S::as_simd_f32s(x.as_flattened()).0, S::as_mut_simd_f32s(normalized.as_flattened_mut()).0);
        for (normalized, x) in normalized.chunks_exact_mut(vectors::<S>()).zip(x.chunks_exact(vectors::<S>())) {
            for part in 0..vectors::<S>() {
                normalized[part] = self.vector(simd, part, x[part]);
            }
        }
    }
}

/// y of a group.
struct Forward<'a> {
    layer: LayerNorm<'a>,
    x: &'a [f32],
    statistics: &'a mut [Statistics],
    y: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { layer: LayerNorm { features, eps, gamma, beta }, x, statistics, y } = self;
        let ((columns, _), n) = (x.as_chunks(), features as f64);
        let means = sum(columns, |_, x| f64::from(x)).map(|sum| sum / n);
        let squared = |sample: usize, x| (f64::from(x) - means[sample]) * (f64::from(x) - means[sample]);
        let variances = sum(columns, squared).map(|sum| sum / n);
        for ((statistics, mean), variance) in statistics.iter_mut().zip(means).zip(variances) {
            *statistics = Statistics::measured(mean, variance, eps);
        }
        let normalization = Normalization::by(statistics);
        let ((xs, _), (ys, _)) = (S::as_simd_f32s(x), S::as_mut_simd_f32s(y));
        let (gamma, beta) = (simd.splat_f32s(gamma[0]), simd.splat_f32s(beta[0]));
        for (y, x) in ys.chunks_exact_mut(vectors::<S>()).zip(xs.chunks_exact(vectors::<S>())) {
            for part in 0..vectors::<S>() {
                let normalized = normalization.vector(simd, part, x[part]);
                y[part] = simd.add_f32s(simd.mul_f32s(gamma, normalized), beta);
            }
        }
        clear(statistics.len(), y);
    }
}

/// dx of a group, and what dγ and dβ are added up from.
struct Backward<'a> {
    layer: LayerNorm<'a>,
    saved: Saved<'a>,
    dy: &'a [f32],
    dx: &'a mut [f32],
    sums: &'a mut [Sums],
}

/// Of one sample.
#[derive(Clone, Copy, Default)]
struct Sums {
    /// Σ dy · x̂.
    of_products: f64,
    /// Σ dy.
    of_dy: f64,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { layer: LayerNorm { features, gamma, .. }, saved, dy, dx, sums } = self;
        let normalization = Normalization::by(saved.statistics);
        let [of_g, of_g_products, of_dy, of_products] = gradient_sums(simd, &normalization, gamma[0], saved.x, dy);
        for ((sums, of_products), of_dy) in sums.iter_mut().zip(of_products).zip(of_dy) {
            *sums = Sums { of_products, of_dy };
        }
        let mean = |sum: f64| (sum / features as f64) as f32;
        let (means, mean_products) = (of_g.map(mean), of_g_products.map(mean));
        let (means, mean_products) = (S::as_simd_f32s(&means).0, S::as_simd_f32s(&mean_products).0);
        let inverse_deviations = S::as_simd_f32s(&normalization.inverse_deviations).0;
        let ((xs, _), (dys, _), (dxs, _)) = (S::as_simd_f32s(saved.x), S::as_simd_f32s(dy), S::as_mut_simd_f32s(dx));
        let (gamma, count) = (simd.splat_f32s(gamma[0]), vectors::<S>());
        for ((dx, x), dy) in dxs.chunks_exact_mut(count).zip(xs.chunks_exact(count)).zip(dys.chunks_exact(count)) {
            for part in 0..count {
                let centred = simd.sub_f32s(simd.mul_f32s(gamma, dy[part]), means[part]);
                let along = simd.mul_f32s(normalization.vector(simd, part, x[part]), mean_products[part]);
                dx[part] = simd.mul_f32s(inverse_deviations[part], simd.sub_f32s(centred, along));
            }
        }
        clear(saved.statistics.len(), dx);
    }
}

/// Σ g, Σ g · x̂, Σ dy and Σ dy · x̂ of each sample of a group.
#[inline(always)]
fn gradient_sums<S: Simd>(simd: S, by: &Normalization, gamma: f32, x: &[f32], dy: &[f32]) -> [[f64; GROUP]; 4] {
    let [mut of_g, mut of_g_products, mut of_dy, mut of_products] = [Sum::new(); 4];
    let product = |_, [a, b]: [f32; 2]| f64::from(a) * f64::from(b);
    let (mut normalized, mut g) = ([[0.0; GROUP]; TOGETHER], [[0.0; GROUP]; TOGETHER]);
    for (x, dy) in x.as_chunks().0.chunks(TOGETHER).zip(dy.as_chunks().0.chunks(TOGETHER)) {
        let (normalized, g) = (&mut normalized[..x.len()], &mut g[..x.len()]);
        by.normalize(simd, x, normalized);
        g.as_flattened_mut().iter_mut().zip(dy.as_flattened()).for_each(|(g, dy)| *g = gamma * dy);
        of_g.add([g], |_, [g]| f64::from(g));
        of_g_products.add([g, normalized], product);
        of_dy.add([dy], |_, [dy]| f64::from(dy));
        of_products.add([dy, normalized], product);
    }
    [of_g, of_g_products, of_dy, of_products].map(|sum| sum.total())
}
