//! dx, some input channels times some columns at a time.
//!
//! Rows and columns outside dy are left out; for strides above one dy is spread out with zeros between, which changes no bit, since a
//! zero result counts as +0.

use super::{Conv2d, Tiles, channels_together, columns_together, frame::Frame, interleave::interleave};
use crate::kernels::{
    fused::multiply_add,
    isa::Isa,
    lanes::{GROUP, vectors},
};
use pulp::{Simd, WithSimd};

/// Chains of the largest register tile: columns times channels.
const MAX_CHAINS: usize = 24;

/// Computes dx of every group.
pub(super) fn convolve_back(shape: &Conv2d, isa: Isa, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
    let packed = pack(shape, weight);
    let plane = (shape.out_height(), shape.out_width());
    let spread = Frame { plane, stride: shape.stride, rows: (0, 0), columns: (0, 0) };
    let taps = shape.out_channels * shape.kernel * shape.kernel;
    let tiles = Tiles {
        source: dy,
        source_group: shape.out_features() * GROUP,
        frame: (shape.stride > 1).then_some(spread),
        target: dx,
        channels: shape.in_channels,
        plane: shape.height * shape.width * GROUP,
        taps,
    };
    tiles.share_out(|dy, channels, dx| {
        let weight = &packed[channels.start * taps..channels.end * taps];
        isa.dispatch(Channels { block: Block { shape, spread: spread.outer(), dy, weight }, dx });
    });
}

/// The weights in the order in which tiles read them: for each tile's channels, every (out, row, column), the channels side by side.
fn pack(shape: &Conv2d, weight: &[f32]) -> Vec<f32> {
    let (taps, together) = (shape.kernel * shape.kernel, channels_together(shape.in_channels));
    let mut packed = vec![0.0; weight.len()];
    for (tile, packed) in packed.chunks_mut(together * shape.out_channels * taps).enumerate() {
        let part = packed.len() / shape.out_channels;
        for (weight, packed) in weight.chunks(shape.in_channels * taps).zip(packed.chunks_mut(part)) {
            interleave(&weight[tile * together * taps..][..part], taps, packed);
        }
    }
    packed
}

/// Some input channels of one group of sixteen samples.
struct Channels<'a> {
    block: Block<'a>,
    dx: &'a mut [f32],
}

impl WithSimd for Channels<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { block, dx } = self;
        match block.shape.kernel {
            5 => block.channels::<S, 5>(simd, dx),
            3 => block.channels::<S, 3>(simd, dx),
            _ => block.channels::<S, 0>(simd, dx),
        }
    }
}

/// What the gradients of some input channels are computed from.
#[derive(Clone, Copy)]
struct Block<'a> {
    shape: &'a Conv2d,
    /// Rows and columns of dy when its neighbours are one apart.
    spread: (usize, usize),
    dy: &'a [f32],
    weight: &'a [f32],
}

impl Block<'_> {
    /// All positions, for kernels of `K` rows and columns, or of any where `K` is 0.
    #[inline(always)]
    fn channels<S: Simd, const K: usize>(self, simd: S, dx: &mut [f32]) {
        match dx.len() / (self.shape.height * self.shape.width * GROUP) {
            4 => self.lines::<S, 4, K>(simd, dx),
            3 => self.lines::<S, 3, K>(simd, dx),
            2 => self.lines::<S, 2, K>(simd, dx),
            _ => self.lines::<S, 1, K>(simd, dx),
        }
    }

    /// All positions of `C` input channels.
    #[inline(always)]
    fn lines<S: Simd, const C: usize, const K: usize>(self, simd: S, dx: &mut [f32]) {
        let columns = self.shape.width;
        // A constant, so that no tile is compiled that is wider.
        let widest = const { columns_together::<S>(C, if C > 3 { MAX_CHAINS / C } else { MAX_CHAINS / 3 }) };
        let tiles = columns.div_ceil(widest);
        for row in 0..self.shape.height {
            for tile in 0..tiles {
                let (first, end) = (tile * columns / tiles, (tile + 1) * columns / tiles);
                let (block, at) = (self, (row, first));
                match end - first {
                    8 if widest >= 8 => simd.vectorize(Tile::<C, 8, K> { block, at, dx }),
                    7 if widest >= 7 => simd.vectorize(Tile::<C, 7, K> { block, at, dx }),
                    6 if widest >= 6 => simd.vectorize(Tile::<C, 6, K> { block, at, dx }),
                    5 if widest >= 5 => simd.vectorize(Tile::<C, 5, K> { block, at, dx }),
                    4 if widest >= 4 => simd.vectorize(Tile::<C, 4, K> { block, at, dx }),
                    3 if widest >= 3 => simd.vectorize(Tile::<C, 3, K> { block, at, dx }),
                    2 => simd.vectorize(Tile::<C, 2, K> { block, at, dx }),
                    _ => simd.vectorize(Tile::<C, 1, K> { block, at, dx }),
                }
            }
        }
    }
}

/// `C` channels times `W` columns from position `at` on, for kernels of `K` as above.
struct Tile<'a, const C: usize, const W: usize, const K: usize> {
    block: Block<'a>,
    at: (usize, usize),
    dx: &'a mut [f32],
}

impl<const C: usize, const W: usize, const K: usize> WithSimd for Tile<'_, C, W, K> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { block: Block { shape, spread: (rows, columns), dy, weight }, at: (row, column), dx } = self;
        let Conv2d { out_channels, height, width, padding, .. } = *shape;
        let kernel = if K > 0 { K } else { shape.kernel };
        let ((dy, _), (dx, _)) = (S::as_simd_f32s(dy), S::as_mut_simd_f32s(dx));
        for part in 0..vectors::<S>() {
            let mut chains = [[simd.splat_f32s(0.0); W]; C];
            for (o, taps) in weight.chunks_exact(kernel * kernel * C).enumerate().take(out_channels) {
                for (u, taps) in taps.chunks_exact(kernel * C).enumerate() {
                    // Row i of dx takes row i + padding − u of dy, and column j column j + padding − v.
                    let Some(source) = (row + padding).checked_sub(u).filter(|source| *source < rows) else { continue };
                    let start = (o * rows + source) * columns * vectors::<S>();
                    let line = &dy[start + part..][..=(columns - 1) * vectors::<S>()];
                    let taps = &taps.as_chunks::<C>().0[..kernel];
                    for v in 0..kernel {
                        let mut weights = [simd.splat_f32s(0.0); C];
                        for c in 0..C {
                            weights[c] = simd.splat_f32s(taps[v][c]);
                        }
                        for j in 0..W {
                            let source = (column + j + padding).wrapping_sub(v);
                            let Some(gradient) = line.get(source.wrapping_mul(vectors::<S>())) else { continue };
                            for c in 0..C {
                                chains[c][j] = multiply_add(simd, weights[c], *gradient, chains[c][j]);
                            }
                        }
                    }
                }
            }
            let zero = simd.splat_f32s(0.0);
            for c in 0..C {
                for j in 0..W {
                    let place = (c * height + row) * width + column + j;
                    dx[place * vectors::<S>() + part] = simd.add_f32s(chains[c][j], zero);
                }
            }
        }
    }
}
