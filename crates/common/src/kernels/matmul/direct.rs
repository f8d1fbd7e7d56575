//! Products with more columns than a vector has lanes.
//!
//! Lanes run across columns of C, and the rows of B are read where they lie. A tile of C, up to 8 rows by 3 vectors, stays in registers while p
//! runs. The last vector of a row ends with the row: it overlaps the one before it, and what both compute is the same. C may be written
//! transposed, so that a product of which A has the contiguous rows is computed as Cᵀ = Bᵀ·Aᵀ; a fused multiply-add does not care which
//! factor comes first.
//!
//! Bound: arithmetic where C has a few hundred values or more (24 multiply-adds for 11 loads), otherwise the latency of the chains.

#![allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]

use super::View;
use crate::kernels::fused::multiply_add;
use pulp::Simd;
use std::ops::Range;

/// Vectors in a row of the largest register tile.
const MAX_VECTORS: usize = 3;
/// Rows of the largest register tile.
const TALL: usize = 8;
/// Lanes of the widest vector.
pub(super) const MAX_LANES: usize = 16;
/// Strips of C up to which all are computed before the next rows.
const FEW_STRIPS: usize = 2;
/// Values of A that stay in the second cache.
const CACHED: usize = 1 << 16;

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

    /// Writes a tile.
    #[inline(always)]
    fn store<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, chains: &[[S::f32s; VECTORS]; ROWS], tile: Tile) {
        let starts = starts::<S, VECTORS>(tile.columns);
        let first = tile.row * self.row_stride + tile.column * self.column_stride;
        if self.column_stride == 1 {
            // A loop over the vectors around one over the rows would not be unrolled, and so keep the chains in memory.
            for i in 0..ROWS {
                let row = &mut self.values[first + i * self.row_stride..][..tile.columns];
                for v in 0..VECTORS {
                    S::as_mut_simd_f32s(&mut row[starts[v]..][..S::F32_LANES]).0[0] = chains[i][v];
                }
            }
            return;
        }
        for v in 0..VECTORS {
            let mut rows = [[0.0; MAX_LANES]; ROWS];
            for i in 0..ROWS {
                S::as_mut_simd_f32s(&mut rows[i]).0[0] = chains[i][v];
            }
            for lane in 0..S::F32_LANES.min(self.columns - tile.column - starts[v]) {
                let target = &mut self.values[first + (starts[v] + lane) * self.column_stride..][..ROWS];
                for i in 0..ROWS {
                    target[i] = rows[i][lane];
                }
            }
        }
    }
}

/// Computes C = A·B. If B has more columns than C, C must be written transposed.
///
/// # Panics
/// If the rows of `b` are not contiguous or shorter than a vector.
#[inline(always)]
pub(super) fn product<S: Simd>(simd: S, (a, b): (View, View), mut c: Target) {
    assert!(b.column_stride == 1 && b.columns >= S::F32_LANES, "rows of B that are at least a vector");
    // Either some rows of A or, where B is narrow, all of B stay in the cache, and the other factor is read once.
    let narrow = b.columns <= FEW_STRIPS * MAX_VECTORS * S::F32_LANES;
    let together = if narrow { TALL } else { (CACHED / a.columns).next_multiple_of(TALL).max(TALL) };
    for first in (0..a.rows).step_by(together) {
        let rows = first..a.rows.min(first + together);
        let mut column = 0;
        while column < b.columns {
            // A narrow strip at the end begins earlier, so that it is a vector wide.
            let start = column.min(b.columns - S::F32_LANES);
            let columns = (b.columns - start).min(MAX_VECTORS * S::F32_LANES);
            let strip = Strip { rows: rows.clone(), column: start, columns };
            match columns.div_ceil(S::F32_LANES) {
                1 => strip.run::<S, 1>(simd, (a, b), &mut c),
                2 => strip.run::<S, 2>(simd, (a, b), &mut c),
                _ => strip.run::<S, 3>(simd, (a, b), &mut c),
            }
            column = start + columns;
        }
    }
}

/// Some rows of C, from `column` on `columns` wide.
struct Strip {
    rows: Range<usize>,
    column: usize,
    columns: usize,
}

impl Strip {
    /// Walks down the strip tile by tile. A 16-register file holds 4 × 3 chains, a 32-register file 8 × 3.
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize>(self, simd: S, factors: (View, View), c: &mut Target) {
        let mut tile = Tile { row: self.rows.start, column: self.column, columns: self.columns };
        while tile.row < self.rows.end {
            let height = match self.rows.end - tile.row {
                _ if !(factors.0.row_stride == 1 || factors.0.column_stride == 1) => 1,
                TALL.. if S::F32_LANES == MAX_LANES => TALL,
                4.. => 4,
                fewer => fewer,
            };
            match height {
                TALL => tile.run::<S, TALL, VECTORS>(simd, factors, c),
                4 => tile.run::<S, 4, VECTORS>(simd, factors, c),
                3 => tile.run::<S, 3, VECTORS>(simd, factors, c),
                2 => tile.run::<S, 2, VECTORS>(simd, factors, c),
                _ => tile.run::<S, 1, VECTORS>(simd, factors, c),
            }
            tile.row += height;
        }
    }
}

/// One register tile of C: from (`row`, `column`) on, `columns` wide.
#[derive(Clone, Copy)]
struct Tile {
    row: usize,
    column: usize,
    columns: usize,
}

impl Tile {
    /// Runs `ROWS` × `VECTORS` vectors of chains over the inner index and stores them.
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize, const VECTORS: usize>(self, simd: S, (a, b): (View, View), c: &mut Target) {
        // Said here, it need not be asked of each vector.
        assert!(self.columns >= S::F32_LANES && self.columns > (VECTORS - 1) * S::F32_LANES, "a tile of {VECTORS} vectors");
        // Only the largest tile is worth a copy of the loop.
        let is_largest = ROWS == TALL && VECTORS == MAX_VECTORS;
        let chains = if is_largest && self.columns == VECTORS * S::F32_LANES {
            self.chains::<S, ROWS, VECTORS, true>(simd, a, b)
        } else {
            self.chains::<S, ROWS, VECTORS, false>(simd, a, b)
        };
        c.store::<S, ROWS, VECTORS>(&chains, self);
    }

    /// Runs the chains over the inner index. `WHOLE`: the vectors follow each other, none overlaps the one before it.
    #[inline(always)]
    fn chains<S: Simd, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(
        self,
        simd: S,
        a: View,
        b: View,
    ) -> [[S::f32s; VECTORS]; ROWS] {
        let mut chains = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let b_rows = &b.data[self.column..];
        let starts = starts::<S, VECTORS>(self.columns);
        if a.row_stride == 1 {
            let a_rows = &a.data[self.row..];
            for p in 0..a.columns {
                let a = a_rows[p * a.column_stride..].first_chunk::<ROWS>().expect("a step has a value for each row");
                let b_row = &b_rows[p * b.row_stride..][..self.columns];
                step::<S, ROWS, VECTORS, WHOLE>(simd, |i| a[i], (b_row, starts), &mut chains);
            }
        } else if ROWS > 1 || a.column_stride == 1 {
            let rows: [&[f32]; ROWS] = std::array::from_fn(|i| &a.data[(self.row + i) * a.row_stride..][..a.columns]);
            for p in 0..a.columns {
                #[cfg(feature = "fault-in-a-product")]
                let p = if p < 2 && a.columns > 1 { 1 - p } else { p };
                let b_row = &b_rows[p * b.row_stride..][..self.columns];
                step::<S, ROWS, VECTORS, WHOLE>(simd, |i| rows[i][p], (b_row, starts), &mut chains);
            }
        } else {
            for p in 0..a.columns {
                let b_row = &b_rows[p * b.row_stride..][..self.columns];
                step::<S, ROWS, VECTORS, WHOLE>(simd, |_| a.at(self.row, p), (b_row, starts), &mut chains);
            }
        }
        chains
    }
}

/// Where each vector of a row of so many values begins: the last one ends with the row.
#[inline(always)]
pub(super) fn starts<S: Simd, const VECTORS: usize>(columns: usize) -> [usize; VECTORS] {
    let mut starts = [0; VECTORS];
    for v in 0..VECTORS {
        starts[v] = if v + 1 == VECTORS { columns - S::F32_LANES } else { v * S::F32_LANES };
    }
    starts
}

/// One step of every chain of a tile.
#[inline(always)]
fn step<S: Simd, const ROWS: usize, const VECTORS: usize, const WHOLE: bool>(
    simd: S,
    a: impl Fn(usize) -> f32,
    (b, starts): (&[f32], [usize; VECTORS]),
    chains: &mut [[S::f32s; VECTORS]; ROWS],
) {
    let mut vectors = [simd.splat_f32s(0.0); VECTORS];
    for v in 0..VECTORS {
        let start = if WHOLE { v * S::F32_LANES } else { starts[v] };
        vectors[v] = S::as_simd_f32s(&b[start..][..S::F32_LANES]).0[0];
    }
    for i in 0..ROWS {
        let a = simd.splat_f32s(a(i));
        for v in 0..VECTORS {
            chains[i][v] = multiply_add(simd, a, vectors[v], chains[i][v]);
        }
    }
}
