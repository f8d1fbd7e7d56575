//! Products that are not worth packing: few rows, or few values of B.
//!
//! Lanes run across columns of C, and the rows of B are read where they lie. The last vector of a row ends with the row: it
//! overlaps the one before it, and what both compute is the same. C may be written transposed, so that a product of which A has
//! the contiguous rows is computed as Cᵀ = Bᵀ·Aᵀ; a fused multiply-add does not care which factor comes first.
//!
//! Bound: the latency of the chains where C is small, otherwise loading A and B.

#![allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]

use super::View;
use crate::kernels::fused::multiply_add;
use pulp::Simd;

/// Vectors in a row of the largest register tile.
const MAX_VECTORS: usize = 3;
/// Lanes of the widest vector.
const MAX_LANES: usize = 16;

/// Where C is written: element (i, j) at `i * row_stride + j * column_stride`.
pub(super) struct Target<'a> {
    values: &'a mut [f32],
    row_stride: usize,
    column_stride: usize,
    /// B may have more columns, to fill a vector.
    columns: usize,
}

impl<'a> Target<'a> {
    /// C, row-major.
    #[inline(always)]
    pub(super) fn of(values: &'a mut [f32], columns: usize) -> Self {
        Self { values, row_stride: columns, column_stride: 1, columns }
    }

    /// The transpose of a row-major matrix: C has as many columns as that has rows.
    #[inline(always)]
    pub(super) fn transposed(values: &'a mut [f32], columns: usize) -> Self {
        let column_stride = values.len() / columns;
        Self { values, row_stride: 1, column_stride, columns }
    }
}

/// One register tile of C: from (`row`, `column`) on, `columns` wide.
#[derive(Clone, Copy)]
struct Tile {
    row: usize,
    column: usize,
    columns: usize,
}

/// Computes C = A·B, or C = A·B + bias with one bias per column. If B has more columns than C, C must be written transposed.
///
/// # Panics
/// If the rows of `b` are not contiguous or shorter than a vector.
#[inline(always)]
pub(super) fn product<S: Simd>(simd: S, (a, b): (View, View), bias: Option<&[f32]>, mut c: Target) {
    assert!(b.column_stride == 1 && b.columns >= S::F32_LANES, "rows of B that are at least a vector");
    let widest = MAX_VECTORS * S::F32_LANES;
    let mut column = 0;
    while column < b.columns {
        // A narrow strip at the end begins earlier, so that it is a vector wide.
        let start = column.min(b.columns - S::F32_LANES);
        let columns = (b.columns - start).min(widest);
        let strip = Tile { row: 0, column: start, columns };
        match columns.div_ceil(S::F32_LANES) {
            1 => rows::<S, 1>(simd, (a, b), bias, (strip, &mut c)),
            2 => rows::<S, 2>(simd, (a, b), bias, (strip, &mut c)),
            _ => rows::<S, 3>(simd, (a, b), bias, (strip, &mut c)),
        }
        column = start + columns;
    }
}

/// Walks down a strip of C tile by tile. A 16-register file holds 4 × 3 chains, a 32-register file 8 × 3.
#[inline(always)]
fn rows<S: Simd, const VECTORS: usize>(simd: S, factors: (View, View), bias: Option<&[f32]>, (mut tile, c): (Tile, &mut Target)) {
    let m = factors.0.rows;
    while tile.row < m {
        let height = match m - tile.row {
            8.. if S::F32_LANES == MAX_LANES => 8,
            4.. => 4,
            fewer => fewer,
        };
        match height {
            8 => run_tile::<S, 8, VECTORS>(simd, factors, bias, (tile, c)),
            4 => run_tile::<S, 4, VECTORS>(simd, factors, bias, (tile, c)),
            3 => run_tile::<S, 3, VECTORS>(simd, factors, bias, (tile, c)),
            2 => run_tile::<S, 2, VECTORS>(simd, factors, bias, (tile, c)),
            _ => run_tile::<S, 1, VECTORS>(simd, factors, bias, (tile, c)),
        }
        tile.row += height;
    }
}

/// Where each vector of a tile begins, from the tile's first column.
#[inline(always)]
fn starts<S: Simd, const VECTORS: usize>(columns: usize) -> [usize; VECTORS] {
    std::array::from_fn(|v| (v * S::F32_LANES).min(columns - S::F32_LANES))
}

/// Runs `ROWS` × `VECTORS` vectors of chains over the inner index and stores them.
#[inline(always)]
fn run_tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    (a, b): (View, View),
    bias: Option<&[f32]>,
    (tile, c): (Tile, &mut Target),
) {
    let starts = starts::<S, VECTORS>(tile.columns);
    let load = |row: &[f32], v: usize| S::as_simd_f32s(&row[starts[v]..][..S::F32_LANES]).0[0];
    let mut chains = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for p in 0..a.columns {
        #[cfg(feature = "fault-in-a-product")]
        let p = if p < 2 && a.columns > 1 { 1 - p } else { p };
        let b_row = &b.data[p * b.row_stride + tile.column..][..tile.columns];
        let b: [S::f32s; VECTORS] = std::array::from_fn(|v| load(b_row, v));
        let a_column = &a.data[tile.row * a.row_stride + p * a.column_stride..];
        for i in 0..ROWS {
            let a_value = simd.splat_f32s(a_column[i * a.row_stride]);
            for v in 0..VECTORS {
                chains[i][v] = multiply_add(simd, a_value, b[v], chains[i][v]);
            }
        }
    }
    if let Some(bias) = bias {
        let bias = &bias[tile.column..][..tile.columns];
        for i in 0..ROWS {
            for v in 0..VECTORS {
                chains[i][v] = simd.add_f32s(chains[i][v], load(bias, v));
            }
        }
    }
    for i in 0..ROWS {
        for v in 0..VECTORS {
            store::<S>(chains[i][v], (tile.row + i, tile.column + starts[v]), c);
        }
    }
}

/// Writes a vector to C from (`row`, `column`) on.
#[inline(always)]
fn store<S: Simd>(vector: S::f32s, (row, column): (usize, usize), c: &mut Target) {
    let first = row * c.row_stride + column * c.column_stride;
    if c.column_stride == 1 {
        S::as_mut_simd_f32s(&mut c.values[first..][..S::F32_LANES]).0[0] = vector;
        return;
    }
    let mut lanes = [0.0; MAX_LANES];
    S::as_mut_simd_f32s(&mut lanes).0[0] = vector;
    for lane in 0..S::F32_LANES.min(c.columns - column) {
        c.values[first + lane * c.column_stride] = lanes[lane];
    }
}
