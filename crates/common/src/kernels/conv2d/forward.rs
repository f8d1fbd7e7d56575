//! y, some output channels times some columns at a time.

use super::{Conv2d, Tiles, channels_together, columns_together, frame::Frame, interleave::interleave};
use crate::kernels::{
    fused::multiply_add,
    isa::Isa,
    lanes::{GROUP, vectors},
};
use pulp::{Simd, WithSimd};

/// Columns of the widest register tile: with four channels 24 chains of the 32 registers of AVX-512.
const MAX_COLUMNS: usize = 6;

/// Computes y of every group.
pub(super) fn convolve(shape: &Conv2d, isa: Isa, x: &[f32], (weight, bias): (&[f32], &[f32]), y: &mut [f32]) {
    let packed = pack(shape, weight);
    let taps = shape.in_channels * shape.kernel * shape.kernel;
    let surrounded = shape.surrounded();
    let tiles = Tiles {
        source: x,
        source_group: shape.in_features() * GROUP,
        frame: (shape.padding > 0).then(|| Frame::around(shape)),
        target: y,
        channels: shape.out_channels,
        plane: shape.out_height() * shape.out_width() * GROUP,
        taps,
    };
    tiles.share_out(|x, channels, y| {
        let parameters = (&packed[channels.start * taps..channels.end * taps], &bias[channels]);
        isa.dispatch(Channels { shape: &surrounded, x, parameters, y });
    });
}

/// The weights in the order in which tiles read them: for each tile's channels, every (in, row, column), the channels side by side.
fn pack(shape: &Conv2d, weight: &[f32]) -> Vec<f32> {
    let taps = shape.in_channels * shape.kernel * shape.kernel;
    let tile = channels_together(shape.out_channels) * taps;
    let mut packed = vec![0.0; weight.len()];
    for (weight, packed) in weight.chunks(tile).zip(packed.chunks_mut(tile)) {
        interleave(weight, taps, packed);
    }
    packed
}

/// Some output channels of one group of sixteen samples; the image needs no more padding.
struct Channels<'a> {
    shape: &'a Conv2d,
    x: &'a [f32],
    /// Weight and bias.
    parameters: (&'a [f32], &'a [f32]),
    y: &'a mut [f32],
}

impl WithSimd for Channels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, x, parameters, y } = self;
        match (shape.kernel, shape.stride) {
            (5, 1) => channels::<S, 5>(simd, shape, x, parameters, y),
            (3, 1) => channels::<S, 3>(simd, shape, x, parameters, y),
            _ => channels::<S, 0>(simd, shape, x, parameters, y),
        }
    }
}

/// All positions, for kernels of `K` rows and columns at stride 1, or of any where `K` is 0.
#[inline(always)]
fn channels<S: Simd, const K: usize>(simd: S, shape: &Conv2d, x: &[f32], parameters: (&[f32], &[f32]), y: &mut [f32]) {
    match parameters.1.len() {
        4 => rows::<S, 4, K>(simd, shape, x, parameters, y),
        3 => rows::<S, 3, K>(simd, shape, x, parameters, y),
        2 => rows::<S, 2, K>(simd, shape, x, parameters, y),
        _ => rows::<S, 1, K>(simd, shape, x, parameters, y),
    }
}

/// All positions of `O` output channels.
#[inline(always)]
fn rows<S: Simd, const O: usize, const K: usize>(
    simd: S,
    shape: &Conv2d,
    x: &[f32],
    parameters: (&[f32], &[f32]),
    y: &mut [f32],
) {
    let columns = shape.out_width();
    // A constant, so that no tile is compiled that is wider.
    let widest = const { columns_together::<S>(O, MAX_COLUMNS) };
    let tiles = columns.div_ceil(widest);
    for row in 0..shape.out_height() {
        for tile in 0..tiles {
            let (first, end) = (tile * columns / tiles, (tile + 1) * columns / tiles);
            let at = (row, first);
            match end - first {
                6 if widest >= 6 => simd.vectorize(Tile::<O, 6, K> { shape, x, parameters, at, y }),
                5 if widest >= 5 => simd.vectorize(Tile::<O, 5, K> { shape, x, parameters, at, y }),
                4 if widest >= 4 => simd.vectorize(Tile::<O, 4, K> { shape, x, parameters, at, y }),
                3 if widest >= 3 => simd.vectorize(Tile::<O, 3, K> { shape, x, parameters, at, y }),
                2 => simd.vectorize(Tile::<O, 2, K> { shape, x, parameters, at, y }),
                _ => simd.vectorize(Tile::<O, 1, K> { shape, x, parameters, at, y }),
            }
        }
    }
}

/// `O` channels times `W` columns from position `at` on, for kernels of `K` as above.
struct Tile<'a, const O: usize, const W: usize, const K: usize> {
    shape: &'a Conv2d,
    x: &'a [f32],
    parameters: (&'a [f32], &'a [f32]),
    at: (usize, usize),
    y: &'a mut [f32],
}

impl<const O: usize, const W: usize, const K: usize> WithSimd for Tile<'_, O, W, K> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, x, parameters: (weight, bias), at: (row, column), y } = self;
        let Conv2d { in_channels, height, width, .. } = *shape;
        let (kernel, stride) = if K > 0 { (K, 1) } else { (shape.kernel, shape.stride) };
        let span = ((W - 1) * stride + kernel - 1) * vectors::<S>() + 1;
        let ((x, _), (y, _)) = (S::as_simd_f32s(x), S::as_mut_simd_f32s(y));
        for part in 0..vectors::<S>() {
            let mut chains = [[simd.splat_f32s(0.0); W]; O];
            let mut taps = weight.chunks_exact(kernel * O);
            for c in 0..in_channels {
                for u in 0..kernel {
                    let start = (c * height + row * stride + u) * width + column * stride;
                    let line = &x[start * vectors::<S>() + part..][..span];
                    let Some(taps) = taps.next() else { return };
                    let taps = &taps.as_chunks::<O>().0[..kernel];
                    for v in 0..kernel {
                        let weights = &taps[v];
                        let mut pixels = [simd.splat_f32s(0.0); W];
                        for j in 0..W {
                            pixels[j] = line[(j * stride + v) * vectors::<S>()];
                        }
                        for o in 0..O {
                            let weight = simd.splat_f32s(weights[o]);
                            for j in 0..W {
                                chains[o][j] = multiply_add(simd, weight, pixels[j], chains[o][j]);
                            }
                        }
                    }
                }
            }
            let (rows, columns) = (shape.out_height(), shape.out_width());
            for o in 0..O {
                let bias = simd.splat_f32s(bias[o]);
                for j in 0..W {
                    let place = (o * rows + row) * columns + column + j;
                    y[place * vectors::<S>() + part] = simd.add_f32s(chains[o][j], bias);
                }
            }
        }
    }
}
