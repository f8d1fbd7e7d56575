//! Products of matrices that the first cache does not hold.
//!
//! A panel of B, a strip of columns times some places of the inner index, is copied so that a tile reads it from one end to the other, and
//! stays in the first cache while the tiles of many rows use it. Lanes run across the columns; a tile of C, some rows by up to 3 vectors,
//! stays in registers while p runs over the panel. Its chains then wait in memory for the next panel: to store a chain and to load it again
//! changes no bit of it. The last vector of a row is filled up with zeros that are never stored. C may be written transposed, so that a product
//! of which A has the contiguous rows is computed as Cᵀ = Bᵀ·Aᵀ; a fused multiply-add does not care which factor comes first.
//!
//! Bound: arithmetic.

#![allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]

use super::{Space, View, direct::MAX_LANES};
use crate::kernels::fused::multiply_add;
use pulp::Simd;
use std::ops::Range;

/// Vectors in a row of a register tile.
const MAX_VECTORS: usize = 3;
/// Rows of a register tile where there are 32 registers, and where there are 16.
const ROWS: [usize; 2] = [8, 6];
const MAX_ROWS: usize = 24;
/// Values of a panel: three quarters of a small first cache.
const PANEL: usize = 4608;
/// Values of A that stay in the second cache.
const CACHED: usize = 1 << 16;

/// Where C is written: element (i, j) at `i * row_stride + j * column_stride`.
pub(super) struct Target<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

/// Computes C = A·B.
#[inline(always)]
pub(super) fn product<S: Simd>(simd: S, (a, b): (View, View), c: Target) {
    let (mut panels, mut waiting) = (Space::new(), Space::new());
    let vectors = b.columns.div_ceil(S::F32_LANES);
    let widest = if S::F32_LANES < MAX_LANES { 2 } else { MAX_VECTORS };
    let strips = vectors.div_ceil(widest);
    let depth = PANEL / (widest * S::F32_LANES);
    let panels_deep = a.columns.div_ceil(depth);
    let waiting = if panels_deep > 1 { waiting.of(a.rows * vectors * S::F32_LANES) } else { &mut [] };
    let panel = panels.of(PANEL);
    let together = (CACHED / depth.min(a.columns)).next_multiple_of(MAX_ROWS);
    let mut product = Product { a, b, c, waiting };
    for deep in 0..panels_deep {
        let places = deep * a.columns / panels_deep..(deep + 1) * a.columns / panels_deep;
        for first in (0..a.rows).step_by(together) {
            let rows = first..a.rows.min(first + together);
            for strip in 0..strips {
                let (start, end) = (strip * vectors / strips, (strip + 1) * vectors / strips);
                let part = Part { rows: rows.clone(), places: places.clone(), vector: start };
                match end - start {
                    3 => product.strip::<S, 3>(simd, part, panel),
                    2 => product.strip::<S, 2>(simd, part, panel),
                    _ => product.strip::<S, 1>(simd, part, panel),
                }
            }
        }
    }
}

struct Product<'a, 'c> {
    a: View<'a>,
    b: View<'a>,
    c: Target<'c>,
    waiting: &'c mut [f32],
}

/// Some rows of C, some places of the inner index, and the first vector of a strip.
struct Part {
    rows: Range<usize>,
    places: Range<usize>,
    vector: usize,
}

impl Product<'_, '_> {
    #[inline(always)]
    fn strip<S: Simd, const VECTORS: usize>(&mut self, simd: S, part: Part, panel: &mut [f32]) {
        let width = VECTORS * S::F32_LANES;
        let panel = &mut panel[..part.places.len() * width];
        let first = part.vector * S::F32_LANES;
        let columns = width.min(self.b.columns - first);
        pack::<S, VECTORS>(self.b, &part.places, first..first + columns, width, panel);
        let panel = S::as_simd_f32s(panel).0.as_chunks::<VECTORS>().0;
        let mut row = part.rows.start;
        while row < part.rows.end {
            let tall = ROWS[usize::from(S::F32_LANES < MAX_LANES)];
            let height = match part.rows.end - row {
                left if left >= tall => tall,
                4.. => 4,
                fewer => fewer,
            };
            let tile = Tile { row, column: first, columns, places: part.places.clone() };
            match height {
                8 => self.tile::<S, 8, VECTORS>(simd, tile, panel),
                6 => self.tile::<S, 6, VECTORS>(simd, tile, panel),
                4 => self.tile::<S, 4, VECTORS>(simd, tile, panel),
                3 => self.tile::<S, 3, VECTORS>(simd, tile, panel),
                2 => self.tile::<S, 2, VECTORS>(simd, tile, panel),
                _ => self.tile::<S, 1, VECTORS>(simd, tile, panel),
            }
            row += height;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, simd: S, tile: Tile, panel: &[[S::f32s; VECTORS]]) {
        let Self { a, b, c, waiting } = self;
        // The chains of a tile wait side by side: those of its rows, and of the strips before it in these rows.
        let width = b.columns.next_multiple_of(S::F32_LANES);
        let place = tile.row * width + tile.column * ROWS;
        let mut here = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let is_only = tile.places.len() == a.columns;
        let slot: &mut [[S::f32s; VECTORS]] = if is_only {
            &mut here
        } else {
            S::as_mut_simd_f32s(&mut waiting[place..][..ROWS * VECTORS * S::F32_LANES]).0.as_chunks_mut::<VECTORS>().0
        };
        let Some(slot) = slot.first_chunk_mut::<ROWS>() else { return };
        if tile.places.start == 0 && !is_only {
            *slot = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        }
        if a.row_stride == 1 {
            let columns = a.data[tile.row + tile.places.start * a.column_stride..].chunks(a.column_stride);
            let mut chains = *slot;
            for (b, a) in panel.iter().zip(columns) {
                let Some(a) = a.first_chunk::<ROWS>() else { return };
                step::<S, ROWS, VECTORS>(simd, |i| a[i], b, &mut chains);
            }
            *slot = chains;
        } else {
            let steps = panel.len();
            let rows: [&[f32]; ROWS] =
                std::array::from_fn(|i| &a.data[(tile.row + i) * a.row_stride + tile.places.start..][..steps]);
            let mut chains = *slot;
            for p in 0..steps {
                step::<S, ROWS, VECTORS>(simd, |i| rows[i][p], &panel[p], &mut chains);
            }
            *slot = chains;
        }
        if tile.places.end == a.columns {
            c.store::<S, ROWS, VECTORS>(slot, &tile);
        }
    }
}

struct Tile {
    row: usize,
    column: usize,
    columns: usize,
    places: Range<usize>,
}

impl Target<'_> {
    #[inline(always)]
    fn store<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, chains: &[[S::f32s; VECTORS]; ROWS], tile: &Tile) {
        let first = tile.row * self.row_stride + tile.column * self.column_stride;
        if self.column_stride == 1 {
            for i in 0..ROWS {
                let row = &mut self.values[first + i * self.row_stride..][..tile.columns];
                if tile.columns == VECTORS * S::F32_LANES {
                    for v in 0..VECTORS {
                        S::as_mut_simd_f32s(row).0[v] = chains[i][v];
                    }
                } else {
                    for v in 0..VECTORS {
                        let mut lanes = [0.0; MAX_LANES];
                        S::as_mut_simd_f32s(&mut lanes).0[0] = chains[i][v];
                        for (c, lane) in row.iter_mut().skip(v * S::F32_LANES).zip(&lanes[..S::F32_LANES]) {
                            *c = *lane;
                        }
                    }
                }
            }
            return;
        }
        for v in 0..VECTORS {
            let mut rows = [[0.0; MAX_LANES]; ROWS];
            for i in 0..ROWS {
                S::as_mut_simd_f32s(&mut rows[i]).0[0] = chains[i][v];
            }
            let start = v * S::F32_LANES;
            for lane in 0..S::F32_LANES.min(tile.columns - start) {
                let target = &mut self.values[first + (start + lane) * self.column_stride..][..ROWS];
                for i in 0..ROWS {
                    target[i] = rows[i][lane];
                }
            }
        }
    }
}

#[inline(always)]
fn pack<S: Simd, const VECTORS: usize>(b: View, places: &Range<usize>, columns: Range<usize>, width: usize, panel: &mut [f32]) {
    if columns.len() < width {
        panel.fill(0.0);
    }
    if b.column_stride == 1 && columns.len() == width {
        let panel = S::as_mut_simd_f32s(panel).0.as_chunks_mut::<VECTORS>().0;
        for (p, panel) in places.clone().zip(panel) {
            let row = &b.data[p * b.row_stride..][columns.start..columns.end];
            for v in 0..VECTORS {
                panel[v] = S::as_simd_f32s(row).0[v];
            }
        }
    } else if b.column_stride == 1 {
        for (p, panel) in places.clone().zip(panel.chunks_exact_mut(width)) {
            panel[..columns.len()].copy_from_slice(&b.data[p * b.row_stride..][columns.clone()]);
        }
    } else {
        for (j, column) in columns.enumerate() {
            let values = b.data[column * b.column_stride + places.start * b.row_stride..].iter().step_by(b.row_stride);
            for (panel, value) in panel[j..].iter_mut().step_by(width).zip(values) {
                *panel = *value;
            }
        }
    }
}

/// One step of every chain of a tile.
#[inline(always)]
fn step<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    a: impl Fn(usize) -> f32,
    b: &[S::f32s; VECTORS],
    chains: &mut [[S::f32s; VECTORS]; ROWS],
) {
    for i in 0..ROWS {
        let a = simd.splat_f32s(a(i));
        for v in 0..VECTORS {
            chains[i][v] = multiply_add(simd, a, b[v], chains[i][v]);
        }
    }
}
