//! Convolution of images with square kernels (cross-correlation, as the field calls it), book section 5.1.
//!
//! Images are in the layout of [`lanes`]: sixteen samples side by side. For each sample, with the image x surrounded
//! by `padding` zeros on every side:
//!
//! ```text
//! y[o, i, j]       = Σ over c, u, v   of  w[o, c, u, v] · x[c, i·stride + u − padding, j·stride + v − padding]   + b[o]
//! dx[c, i, j]      = Σ over o, u, v   of  w[o, c, u, v] · dy[o, (i + padding − u) / stride, (j + padding − v) / stride]
//! dw[o, c, u, v]   = Σ over samples, i, j   of  dy[o, i, j] · x[c, i·stride + u − padding, j·stride + v − padding]
//! db[o]            = Σ over samples, i, j   of  dy[o, i, j]
//! ```
//!
//! Contract: y and dx are one chain each, one fused multiply-add per step, from zero, in the order of the indices as written; in y the zeros
//! around the image are terms like any other; in dx a term outside dy contributes nothing and a zero result is +0. The bias is added last.
//! dw and db have sixteen lanes: sample s adds to lane s mod 16, each lane is one chain (of fused multiply-adds for dw, of additions
//! for db) over (s / 16, i, j), from zero, and the lanes are added as a tree.
//!
//! Fast: vectors run across samples. Some channels times some neighbouring positions are kept in registers while the chain runs; one
//! load of the image serves all these channels, one broadcast weight all these positions. Kernels of five and of three rows are
//! known to the compiler, which writes their rows out. Bound: arithmetic.

mod forward;
mod frame;
mod input;
mod interleave;
mod weight;

use crate::kernels::{Buffer, isa::Isa, lanes};
use crate::machine::share_out_with;
use frame::Frame;
use lanes::GROUP;
use pulp::Simd;
use rayon::prelude::*;
use std::ops::Range;

/// The shape of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d {
    /// Channels of the image.
    pub in_channels: usize,
    /// Channels of the result: kernels.
    pub out_channels: usize,
    /// Rows of the image.
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// Rows and columns of a kernel.
    pub kernel: usize,
    /// Positions between two neighbouring results.
    pub stride: usize,
    /// Zeros around the image, on every side; less than `kernel`.
    pub padding: usize,
}

/// Multiply-adds that a thread takes at least: to fetch what another has written costs as much as some hundred thousand.
const LEAST_WORK: usize = 1 << 18;
/// Most channels that are computed together.
const MAX_CHANNELS: usize = 4;
/// Values that a thread copies at least: a few microseconds.
const LEAST_VALUES: usize = 1 << 14;

/// Channels that are computed together, of `channels` in all: six are better two times three than four and two.
fn channels_together(channels: usize) -> usize {
    channels.div_ceil(channels.div_ceil(MAX_CHANNELS))
}

/// Columns of a register tile of so many channels: `most` where there are 32 registers, as for vectors of four and of sixteen lanes.
const fn columns_together<S: Simd>(channels: usize, most: usize) -> usize {
    match S::F32_LANES {
        4 | GROUP => most,
        // Of 16 registers a weight takes one, and chains and what they share 13: with all, the compiler leaves chains in memory.
        _ => 13 / (channels + 1),
    }
}

/// The gradients of a convolution's parameters.
#[derive(Debug)]
pub struct ParameterGradients<'a> {
    /// ∂R/∂w, out × in × kernel × kernel.
    pub dweight: &'a mut [f32],
    /// ∂R/∂b, out.
    pub dbias: &'a mut [f32],
}

impl Conv2d {
    /// Rows of the result.
    #[must_use]
    pub fn out_height(&self) -> usize {
        self.results(self.height)
    }

    /// Columns of the result.
    #[must_use]
    pub fn out_width(&self) -> usize {
        self.results(self.width)
    }

    fn results(&self, length: usize) -> usize {
        (length + 2 * self.padding + 1 - self.kernel).div_ceil(self.stride)
    }

    /// Features of an image: channels × rows × columns.
    #[must_use]
    pub fn in_features(&self) -> usize {
        self.in_channels * self.height * self.width
    }

    /// Features of a result.
    #[must_use]
    pub fn out_features(&self) -> usize {
        self.out_channels * self.out_height() * self.out_width()
    }

    /// Entries of the weight.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.out_channels * self.in_channels * self.kernel * self.kernel
    }

    /// Computes y from x.
    ///
    /// | tensor | shape |
    /// | --- | --- |
    /// | `x` | batch × in × height × width, in lanes |
    /// | `weight` | out × in × kernel × kernel |
    /// | `bias` | out |
    /// | `y` | batch × out × rows × columns, in lanes, overwritten |
    ///
    /// # Panics
    /// If the sizes do not fit together, one of the shape's is 0, or the padding is as wide as the kernel.
    pub fn forward(&self, isa: Isa, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        self.check(x, weight, y);
        forward::convolve(self, isa, x, (weight, bias), y);
    }

    /// Computes dx from dy.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn backward_input(&self, isa: Isa, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        self.check(dx, weight, dy);
        input::convolve_back(self, isa, dy, weight, dx);
    }

    /// Computes dw and db from x and dy.
    ///
    /// # Panics
    /// As [`Self::forward`].
    pub fn backward_parameters(&self, isa: Isa, x: &[f32], dy: &[f32], gradients: ParameterGradients) {
        let ParameterGradients { dweight, dbias } = gradients;
        self.check(x, dweight, dy);
        weight::correlate(self, isa, x, dy, dweight);
        weight::add_up(self, isa, dy, dbias);
    }

    /// Panics unless the sizes fit together.
    fn check(&self, x: &[f32], weight: &[f32], y: &[f32]) {
        let sizes = [self.in_channels, self.out_channels, self.height, self.width, self.kernel, self.stride];
        assert!(!sizes.contains(&0), "convolution of nothing: {self:?}");
        assert!(self.padding < self.kernel && self.kernel <= self.height.min(self.width) + 2 * self.padding, "{self:?}");
        let groups = x.len() / (self.in_features() * GROUP);
        assert_eq!(x.len(), groups * self.in_features() * GROUP, "size of the images");
        assert_eq!(y.len(), groups * self.out_features() * GROUP, "size of the results");
        assert_eq!(weight.len(), self.weights(), "size of the weight");
    }

    /// The same convolution of images that are already surrounded by their zeros.
    pub(crate) fn surrounded(self) -> Self {
        Self { height: self.height + 2 * self.padding, width: self.width + 2 * self.padding, padding: 0, ..self }
    }

    /// Surrounds images by their zeros.
    pub(crate) fn surround(&self, x: &[f32], surrounded: &mut Buffer) {
        Frame::around(self).write_together(x, surrounded);
    }
}

/// Planes, some channels of a group at a time, that are computed from the planes of the same group.
struct Tiles<'a> {
    /// What they are computed from.
    source: &'a [f32],
    /// Values of a group of it.
    source_group: usize,
    /// What surrounds its planes, if anything does.
    frame: Option<Frame>,
    /// The planes to be computed.
    target: &'a mut [f32],
    /// Their channels.
    channels: usize,
    /// Values of one of them in a group.
    plane: usize,
    /// Multiply-adds for each value.
    taps: usize,
}

impl Tiles<'_> {
    /// Computes each tile from the framed planes of its group and the numbers of its channels; threads share tiles.
    fn share_out(self, compute: impl Fn(&[f32], Range<usize>, &mut [f32]) + Sync) {
        let Self { frame, channels, plane, .. } = self;
        let together = channels_together(channels);
        let groups = self.source.chunks_exact(self.source_group).zip(self.target.chunks_exact_mut(channels * plane));
        let mut tiles: Vec<_> = groups
            .enumerate()
            .flat_map(|(group, (source, target))| {
                let first_channels = (0..channels).step_by(together);
                first_channels.zip(target.chunks_mut(together * plane)).map(move |(first, target)| (group, source, first, target))
            })
            .collect();
        let least = LEAST_WORK.div_ceil(together * plane * self.taps);
        let space = || (None, Buffer::default());
        share_out_with(
            tiles.par_iter_mut().with_min_len(least),
            space,
            |(framed_group, framed), (group, source, first, target)| {
                let channels = *first..*first + target.len() / plane;
                let Some(frame) = frame else { return compute(source, channels, target) };
                if *framed_group != Some(*group) {
                    frame.write(source, framed);
                    *framed_group = Some(*group);
                }
                compute(framed, channels, target);
            },
        );
    }
}

/// The contract itself, one element after the other.
pub mod reference {
    use super::{Conv2d, GROUP, ParameterGradients};
    use crate::kernels::{fused::fused_multiply_add, reduce};

    /// Where feature (channel, row, column) of `sample` is, of planes of the given rows and columns.
    fn place(sample: usize, (channels, rows, columns): (usize, usize, usize), (c, i, j): (usize, usize, usize)) -> usize {
        ((sample / GROUP) * channels * rows * columns + (c * rows + i) * columns + j) * GROUP + sample % GROUP
    }

    impl Conv2d {
        fn image(&self) -> (usize, usize, usize) {
            (self.in_channels, self.height, self.width)
        }

        fn result(&self) -> (usize, usize, usize) {
            (self.out_channels, self.out_height(), self.out_width())
        }

        fn weight_at(&self, weight: &[f32], (o, c, u, v): (usize, usize, usize, usize)) -> f32 {
            weight[((o * self.in_channels + c) * self.kernel + u) * self.kernel + v]
        }

        /// x at a position of the padded image.
        fn pixel(&self, x: &[f32], sample: usize, (c, i, j): (usize, usize, usize)) -> f32 {
            let inside = |at: usize, length: usize| at.checked_sub(self.padding).filter(|at| *at < length);
            match (inside(i, self.height), inside(j, self.width)) {
                (Some(i), Some(j)) => x[place(sample, self.image(), (c, i, j))],
                _ => 0.0,
            }
        }

        /// All (channel, row, column) of `shape`.
        fn positions((channels, rows, columns): (usize, usize, usize)) -> impl Iterator<Item = (usize, usize, usize)> {
            (0..channels).flat_map(move |c| (0..rows).flat_map(move |i| (0..columns).map(move |j| (c, i, j))))
        }
    }

    /// y for the first `samples` samples.
    pub fn forward(shape: &Conv2d, samples: usize, x: &[f32], (weight, bias): (&[f32], &[f32]), y: &mut [f32]) {
        for sample in 0..samples {
            for (o, i, j) in Conv2d::positions(shape.result()) {
                let terms = Conv2d::positions((shape.in_channels, shape.kernel, shape.kernel));
                let chain = terms.fold(0.0f32, |sum, (c, u, v)| {
                    let pixel = shape.pixel(x, sample, (c, i * shape.stride + u, j * shape.stride + v));
                    fused_multiply_add(shape.weight_at(weight, (o, c, u, v)), pixel, sum)
                });
                y[place(sample, shape.result(), (o, i, j))] = chain + bias[o];
            }
        }
    }

    /// dx for the first `samples` samples.
    pub fn backward_input(shape: &Conv2d, samples: usize, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        let source = |at: usize, tap: usize, results: usize| {
            let distance = (at + shape.padding).checked_sub(tap)?;
            (distance.is_multiple_of(shape.stride) && distance / shape.stride < results).then(|| distance / shape.stride)
        };
        for sample in 0..samples {
            for (c, i, j) in Conv2d::positions(shape.image()) {
                let terms = Conv2d::positions((shape.out_channels, shape.kernel, shape.kernel));
                let chain = terms.fold(0.0f32, |sum, (o, u, v)| {
                    match (source(i, u, shape.out_height()), source(j, v, shape.out_width())) {
                        (Some(i), Some(j)) => fused_multiply_add(
                            shape.weight_at(weight, (o, c, u, v)),
                            dy[place(sample, shape.result(), (o, i, j))],
                            sum,
                        ),
                        _ => sum,
                    }
                });
                dx[place(sample, shape.image(), (c, i, j))] = chain + 0.0;
            }
        }
    }

    /// dw and db of the first `samples` samples.
    pub fn backward_parameters(shape: &Conv2d, samples: usize, x: &[f32], dy: &[f32], gradients: ParameterGradients) {
        let ParameterGradients { dweight, dbias } = gradients;
        let (_, rows, columns) = shape.result();
        let sum = |term: &dyn Fn(usize, usize, usize, f32) -> f32| {
            let mut sums = [0.0f32; GROUP];
            for sample in 0..samples {
                for (_, i, j) in Conv2d::positions((1, rows, columns)) {
                    sums[sample % GROUP] = term(sample, i, j, sums[sample % GROUP]);
                }
            }
            reduce::tree(sums)
        };
        let at = |sample, o, i, j| dy[place(sample, shape.result(), (o, i, j))];
        for (o, dbias) in dbias.iter_mut().enumerate() {
            *dbias = sum(&|sample, i, j, sum| sum + at(sample, o, i, j));
        }
        for (index, dweight) in dweight.iter_mut().enumerate() {
            let (v, u) = (index % shape.kernel, index / shape.kernel % shape.kernel);
            let plane = index / (shape.kernel * shape.kernel);
            let (c, o) = (plane % shape.in_channels, plane / shape.in_channels);
            *dweight = sum(&|sample, i, j, sum| {
                let pixel = shape.pixel(x, sample, (c, i * shape.stride + u, j * shape.stride + v));
                fused_multiply_add(at(sample, o, i, j), pixel, sum)
            });
        }
    }
}

#[cfg(test)]
mod tests;
