//! The largest value of each window of an image, book section 5.1, or of what a ReLU gives for it.
//!
//! Images are in the layout of [`lanes`](crate::kernels::lanes). Contract: y is the first of the largest values of its window, row by row;
//! the gradient of y goes to that place alone. Where windows overlap, dx is a chain of additions from zero over the windows, row by
//! row. Nothing is rounded but these additions.
//!
//! Fast: vectors run across samples; the place of the maximum is found again in the backward pass, which is cheaper than to remember it.
//! Bound: memory, so that a ReLU before it costs next to nothing if it is computed with it, [`ReluMaxPool2d`].

use crate::kernels::{
    isa::Isa,
    lanes::{GROUP, vectors},
};
use crate::machine::share_out;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Values that a thread reads at least: a few microseconds of work.
const LEAST_WORK: usize = 1 << 14;

/// The shape of a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPool2d {
    /// Channels of image and result.
    pub channels: usize,
    /// Rows of the image.
    pub height: usize,
    /// Columns of the image.
    pub width: usize,
    /// Rows and columns of a window.
    pub kernel: usize,
    /// Positions between two neighbouring windows.
    pub stride: usize,
}

/// A pooling of what a ReLU makes of the images, max(0, x): both in one pass, with the bits of one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReluMaxPool2d(MaxPool2d);

/// What the forward pass of a pooling leaves for the backward pass.
#[derive(Debug, Clone, Copy)]
pub struct Pooled<'a> {
    /// The images.
    pub x: &'a [f32],
    /// The largest values.
    pub y: &'a [f32],
}

impl MaxPool2d {
    /// Rows of the result; windows do not reach beyond the image.
    #[must_use]
    pub fn out_height(&self) -> usize {
        (self.height - self.kernel) / self.stride + 1
    }

    /// Columns of the result.
    #[must_use]
    pub fn out_width(&self) -> usize {
        (self.width - self.kernel) / self.stride + 1
    }

    /// Features of an image.
    #[must_use]
    pub fn in_features(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Features of a result.
    #[must_use]
    pub fn out_features(&self) -> usize {
        self.channels * self.out_height() * self.out_width()
    }

    /// Computes y from x, both in lanes.
    ///
    /// # Panics
    /// If the sizes do not fit together, or one of the shape's is 0.
    pub fn forward(&self, isa: Isa, x: &[f32], y: &mut [f32]) {
        self.pool::<false>(isa, x, y);
    }

    /// Computes dx from dy.
    ///
    /// # Panics
    /// If the sizes do not fit together, or one of the shape's is 0.
    pub fn backward(&self, isa: Isa, pooled: Pooled, dy: &[f32], dx: &mut [f32]) {
        self.hand_back::<false>(isa, pooled, dy, dx);
    }

    /// The same pooling behind a ReLU; none where windows overlap or leave places out, as the ReLU's gradient is taken of whole sums.
    #[must_use]
    pub fn behind_relu(self) -> Option<ReluMaxPool2d> {
        self.tiles().then_some(ReluMaxPool2d(self))
    }

    /// Computes y, with a ReLU before the pooling or none.
    fn pool<const RELU: bool>(&self, isa: Isa, x: &[f32], y: &mut [f32]) {
        self.check(x, y);
        let (from, to) = self.planes();
        share_out(x.par_chunks_exact(from).zip(y.par_chunks_exact_mut(to)).with_min_len(self.least(to)), |(x, y)| {
            isa.dispatch(Forward::<RELU> { shape: *self, x, y });
        });
    }

    /// Computes dx, with a ReLU before the pooling or none.
    fn hand_back<const RELU: bool>(&self, isa: Isa, Pooled { x, y }: Pooled, dy: &[f32], dx: &mut [f32]) {
        self.check(x, y);
        self.check(dx, dy);
        let (from, to) = self.planes();
        let pooled = x.par_chunks_exact(from).zip(y.par_chunks_exact(to));
        let gradients = dy.par_chunks_exact(to).zip(dx.par_chunks_exact_mut(from));
        share_out(pooled.zip(gradients).with_min_len(self.least(to)), |((x, y), (dy, dx))| {
            isa.dispatch(Backward::<RELU> { shape: *self, pooled: Pooled { x, y }, dy, dx });
        });
    }

    /// Values of one channel of a group before and after.
    fn planes(&self) -> (usize, usize) {
        (self.height * self.width * GROUP, self.out_height() * self.out_width() * GROUP)
    }

    /// Channels that a thread takes at least, of so many results.
    fn least(&self, results: usize) -> usize {
        LEAST_WORK.div_ceil(results * self.kernel * self.kernel)
    }

    /// Panics unless the sizes fit together.
    fn check(&self, x: &[f32], y: &[f32]) {
        assert!(![self.channels, self.height, self.width, self.kernel, self.stride].contains(&0), "pooling of nothing: {self:?}");
        assert!(self.kernel <= self.height.min(self.width), "{self:?}");
        let (from, to) = self.planes();
        assert!(
            x.len().is_multiple_of(self.channels * from) && y.len() == x.len() / from * to,
            "size of the images and of the results"
        );
    }

    /// Whether each place of the image belongs to exactly one window.
    fn tiles(&self) -> bool {
        self.stride == self.kernel && self.height.is_multiple_of(self.kernel) && self.width.is_multiple_of(self.kernel)
    }

    /// The first place of each window of a channel and the place of its result, row by row.
    #[inline(always)]
    fn windows(self) -> impl Iterator<Item = (usize, usize)> {
        let (rows, columns) = (self.out_height(), self.out_width());
        (0..rows).flat_map(move |i| {
            let start = i * self.stride * self.width;
            (0..columns).map(move |j| (start + j * self.stride, i * columns + j))
        })
    }

    /// Distance of each place of a window from its first.
    #[inline(always)]
    fn places(self) -> impl Iterator<Item = usize> {
        (0..self.kernel).flat_map(move |u| (0..self.kernel).map(move |v| u * self.width + v))
    }
}

impl ReluMaxPool2d {
    /// The pooling.
    #[must_use]
    pub fn shape(&self) -> MaxPool2d {
        self.0
    }

    /// Computes y from x, both in lanes.
    ///
    /// # Panics
    /// As [`MaxPool2d::forward`].
    pub fn forward(&self, isa: Isa, x: &[f32], y: &mut [f32]) {
        self.0.pool::<true>(isa, x, y);
    }

    /// Computes dx from dy.
    ///
    /// # Panics
    /// As [`MaxPool2d::forward`].
    pub fn backward(&self, isa: Isa, pooled: Pooled, dy: &[f32], dx: &mut [f32]) {
        self.0.hand_back::<true>(isa, pooled, dy, dx);
    }
}

/// What the pooling sees of x.
#[inline(always)]
fn seen<S: Simd, const RELU: bool>(simd: S, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    if RELU { simd.select_f32s(simd.less_than_or_equal_f32s(x, zero), zero, x) } else { x }
}

/// The gradient of x, given that of what the pooling sees of it.
#[inline(always)]
fn unseen<S: Simd, const RELU: bool>(simd: S, x: S::f32s, gradient: S::f32s) -> S::f32s {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    if RELU { simd.mul_f32s(gradient, simd.select_f32s(simd.greater_than_f32s(x, zero), one, zero)) } else { gradient }
}

/// y of one channel of a group.
struct Forward<'a, const RELU: bool> {
    shape: MaxPool2d,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl<const RELU: bool> WithSimd for Forward<'_, RELU> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, x, y } = self;
        let ((x, _), (y, _)) = (S::as_simd_f32s(x), S::as_mut_simd_f32s(y));
        for (start, place) in shape.windows() {
            for part in 0..vectors::<S>() {
                let mut largest = seen::<S, RELU>(simd, x[start * vectors::<S>() + part]);
                for distance in shape.places() {
                    let x = seen::<S, RELU>(simd, x[(start + distance) * vectors::<S>() + part]);
                    largest = simd.select_f32s(simd.greater_than_f32s(x, largest), x, largest);
                }
                y[place * vectors::<S>() + part] = largest;
            }
        }
    }
}

/// dx of one channel of a group.
struct Backward<'a, const RELU: bool> {
    shape: MaxPool2d,
    pooled: Pooled<'a>,
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl<const RELU: bool> WithSimd for Backward<'_, RELU> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, pooled: Pooled { x, y }, dy, dx } = self;
        // Where windows tile the image each place is written once; elsewhere gradients add up, or none arrives.
        let tiles = shape.tiles();
        if !tiles {
            dx.fill(0.0);
        }
        let ((x, _), (y, _)) = (S::as_simd_f32s(x), S::as_simd_f32s(y));
        let ((dy, _), (dx, _)) = (S::as_simd_f32s(dy), S::as_mut_simd_f32s(dx));
        let zero = simd.splat_f32s(0.0);
        for (start, place) in shape.windows() {
            for part in 0..vectors::<S>() {
                let result = place * vectors::<S>() + part;
                let (largest, mut open) = (y[result], dy[result]);
                for distance in shape.places() {
                    let at = (start + distance) * vectors::<S>() + part;
                    // The first place that holds the maximum takes the gradient; none is left for the next.
                    let found = simd.equal_f32s(seen::<S, RELU>(simd, x[at]), largest);
                    let before = if tiles { zero } else { dx[at] };
                    let gradient = simd.add_f32s(before, simd.select_f32s(found, open, zero));
                    dx[at] = unseen::<S, RELU>(simd, x[at], gradient);
                    open = simd.select_f32s(found, zero, open);
                }
            }
        }
    }
}

/// The contract itself, one sample after the other: x and y as rows of features.
pub mod reference {
    use super::MaxPool2d;

    /// The place of the first of the largest values of each window.
    fn places<'a>(shape: &'a MaxPool2d, x: &'a [f32]) -> impl Iterator<Item = usize> + 'a {
        let windows = (0..shape.channels)
            .flat_map(move |c| (0..shape.out_height()).flat_map(move |i| (0..shape.out_width()).map(move |j| (c, i, j))));
        windows.map(|(c, i, j)| {
            let mut best = (c * shape.height + i * shape.stride) * shape.width + j * shape.stride;
            for u in 0..shape.kernel {
                for v in 0..shape.kernel {
                    let place = (c * shape.height + i * shape.stride + u) * shape.width + j * shape.stride + v;
                    if x[place] > x[best] {
                        best = place;
                    }
                }
            }
            best
        })
    }

    /// y of one sample.
    #[must_use]
    pub fn forward(shape: &MaxPool2d, x: &[f32]) -> Vec<f32> {
        places(shape, x).map(|place| x[place]).collect()
    }

    /// dx of one sample.
    #[must_use]
    pub fn backward(shape: &MaxPool2d, x: &[f32], dy: &[f32]) -> Vec<f32> {
        let mut dx = vec![0.0; x.len()];
        for (place, dy) in places(shape, x).zip(dy) {
            dx[place] += dy;
        }
        dx
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernels::{Activation, activation::Activated, lanes},
        rng::Stream,
    };

    /// Few different values, so that windows have ties.
    fn rows(n: usize, stream: &mut Stream) -> Vec<f32> {
        (0..n).map(|_| stream.below(4) as f32 - 1.5).collect()
    }

    #[track_caller]
    fn check(shape: MaxPool2d, samples: usize) {
        let mut stream = Stream::new(5, &format!("{shape:?} {samples}"));
        let (from, to) = (shape.in_features(), shape.out_features());
        let (x, dy) = (rows(samples * from, &mut stream), stream.normals(samples * to, 0.0, 1.0));
        let y: Vec<f32> = x.chunks(from).flat_map(|x| reference::forward(&shape, x)).collect();
        let dx: Vec<f32> = x.chunks(from).zip(dy.chunks(to)).flat_map(|(x, dy)| reference::backward(&shape, x, dy)).collect();
        for isa in Isa::available() {
            let (x, mut pooled) = (lanes::laid_out(&x, from), vec![f32::NAN; lanes::size(samples, to)]);
            shape.forward(isa, &x, &mut pooled);
            let mut ours = vec![f32::NAN; y.len()];
            lanes::to_rows(&pooled, to, &mut ours);
            assert_eq!(ours, y, "{shape:?}, {samples} samples, {isa}");
            let mut gradient = vec![f32::NAN; x.len()];
            shape.backward(isa, Pooled { x: &x, y: &pooled }, &lanes::laid_out(&dy, to), &mut gradient);
            let mut ours = vec![f32::NAN; dx.len()];
            lanes::to_rows(&gradient, from, &mut ours);
            let same = ours.iter().zip(&dx).all(|(ours, dx)| ours.to_bits() == dx.to_bits());
            assert!(same, "{shape:?}, {samples} samples, {isa}: dx");
        }
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_the_reference() {
        for threads in [1, 2, 5] {
            crate::machine::with_threads(threads, || {
                for samples in [1, 15, 16, 17, 40] {
                    check(MaxPool2d { channels: 3, height: 4, width: 6, kernel: 2, stride: 2 }, samples);
                }
                check(MaxPool2d { channels: 2, height: 7, width: 5, kernel: 3, stride: 2 }, 2);
                check(MaxPool2d { channels: 1, height: 5, width: 5, kernel: 2, stride: 2 }, 2);
                check(MaxPool2d { channels: 1, height: 6, width: 9, kernel: 2, stride: 3 }, 2);
                check(MaxPool2d { channels: 1, height: 4, width: 4, kernel: 3, stride: 1 }, 2);
            })
            .unwrap();
        }
    }

    #[test]
    fn a_relu_before_the_pooling_has_the_bits_of_one_after_the_other() {
        let shape = MaxPool2d { channels: 3, height: 4, width: 6, kernel: 2, stride: 2 };
        let mut stream = Stream::new(6, "relu");
        let (from, to, samples) = (shape.in_features(), shape.out_features(), 17);
        let mut x = lanes::laid_out(&rows(samples * from, &mut stream), from);
        x.iter_mut().step_by(37).for_each(|x| *x = -0.0);
        x.iter_mut().step_by(101).for_each(|x| *x = f32::NAN);
        let dy = lanes::laid_out(&stream.normals(samples * to, 0.0, 1.0), to);
        for isa in Isa::available() {
            let [mut rectified, mut between, mut dx, mut ours_dx] = [(); 4].map(|()| vec![f32::NAN; x.len()]);
            let [mut y, mut ours] = [(); 2].map(|()| vec![f32::NAN; dy.len()]);
            Activation::Relu.forward(isa, &x, &mut rectified);
            shape.forward(isa, &rectified, &mut y);
            shape.backward(isa, Pooled { x: &rectified, y: &y }, &dy, &mut between);
            Activation::Relu.backward(isa, Activated { z: &x, a: &rectified }, &between, &mut dx);
            let together = shape.behind_relu().unwrap();
            together.forward(isa, &x, &mut ours);
            together.backward(isa, Pooled { x: &x, y: &ours }, &dy, &mut ours_dx);
            let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&ours), bits(&y), "{isa}");
            assert_eq!(bits(&ours_dx), bits(&dx), "{isa}: dx");
        }
        assert_eq!(MaxPool2d { stride: 1, ..shape }.behind_relu(), None);
    }

    #[test]
    fn the_first_of_equal_maxima_takes_the_gradient() {
        let shape = MaxPool2d { channels: 1, height: 2, width: 2, kernel: 2, stride: 2 };
        let x = lanes::laid_out(&[0.0, 3.0, 3.0, 3.0], 4);
        let mut y = vec![0.0; GROUP];
        shape.forward(Isa::best(), &x, &mut y);
        let mut dx = vec![0.0; x.len()];
        shape.backward(Isa::best(), Pooled { x: &x, y: &y }, &lanes::laid_out(&[7.0], 1), &mut dx);
        let mut row = [0.0; 4];
        lanes::to_rows(&dx, 4, &mut row);
        assert_eq!(row, [0.0, 7.0, 0.0, 0.0]);
    }
}
