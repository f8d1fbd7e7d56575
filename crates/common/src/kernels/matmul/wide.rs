//! Products with many columns.
//!
//! A tile of C, up to 8 rows by 3 vectors, stays in registers while p runs. Lanes run across columns of C. Blocks of A and panels of
//! B are packed first, in the order in which the tiles read them, so that the inner loop reads memory straight on. The inner
//! index is cut every [`DEPTH`] steps and the rows every [`HEIGHT`], to keep what is packed in cache: chains are stored and
//! picked up again.
//!
//! Bound: arithmetic, for inner dimensions beyond about 50; the register tile does 24 multiply-adds for 11 loads.

#![allow(clippy::needless_range_loop, clippy::manual_memcpy, reason = "indices over constant ranges unroll into registers")]

use super::View;
use crate::kernels::fused::multiply_add;
use pulp::Simd;

/// Steps of the inner index between two visits to C.
const DEPTH: usize = 256;
/// Rows of A that are packed together.
const HEIGHT: usize = 128;
/// Rows of the largest register tile.
const MAX_ROWS: usize = 8;
/// Vectors in a row of the largest register tile.
const MAX_VECTORS: usize = 3;
/// Lanes of the widest vector.
const MAX_LANES: usize = 16;

/// A block of C: `rows` × `columns` from (`row`, `column`) on, and the steps of the inner index from `first` on.
#[derive(Clone, Copy)]
struct Block {
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
    first: usize,
    steps: usize,
}

/// Computes C = A·B block by block.
#[inline(always)]
pub(super) fn product<S: Simd>(simd: S, a: View, b: View, c: &mut [f32]) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let widest = MAX_VECTORS * S::F32_LANES;
    let depth = k.min(DEPTH);
    let mut a_block = vec![0.0; depth * m.min(HEIGHT)];
    let mut b_panel = vec![0.0; depth * widest.min(n.next_multiple_of(S::F32_LANES))];
    // An inner dimension of zero still has one block, which stores zeros.
    for first in (0..k.max(1)).step_by(DEPTH) {
        let steps = (k - first).min(DEPTH);
        for row in (0..m).step_by(HEIGHT) {
            let rows = (m - row).min(HEIGHT);
            let a_block = &mut a_block[..steps * rows];
            pack_rows::<S>(a, (row, rows), (first, steps), a_block);
            for column in (0..n).step_by(widest) {
                let columns = (n - column).min(widest);
                let block = Block { row, rows, column, columns, first, steps };
                let b_panel = &mut b_panel[..steps * columns.next_multiple_of(S::F32_LANES)];
                pack_columns(b, block, columns.next_multiple_of(S::F32_LANES), b_panel);
                tiles(simd, a_block, b_panel, block, (&mut *c, n));
            }
        }
    }
}

/// The height of the next tile, of `rows` that are left. A 16-register file holds 4 × 3 chains, a 32-register file 8 × 3.
#[inline(always)]
fn tile_height<S: Simd>(rows: usize) -> usize {
    match rows {
        MAX_ROWS.. if S::F32_LANES == MAX_LANES => MAX_ROWS,
        4.. => 4,
        _ => 1,
    }
}

/// Copies rows of A tile by tile, step after step within a tile.
fn pack_rows<S: Simd>(a: View, (row, rows): (usize, usize), (first, steps): (usize, usize), block: &mut [f32]) {
    let (mut done, mut rest) = (0, block);
    while done < rows {
        let height = tile_height::<S>(rows - done);
        let (tile, later) = std::mem::take(&mut rest).split_at_mut(height * steps);
        for i in 0..height {
            let start = (row + done + i) * a.row_stride + first * a.column_stride;
            let values = a.data[start..].iter().step_by(a.column_stride);
            for (slot, value) in tile[i..].iter_mut().step_by(height).zip(values) {
                *slot = *value;
            }
        }
        (done, rest) = (done + height, later);
    }
}

/// Copies columns of B side by side, `width` apart per step; what lies beyond the last column becomes zero.
fn pack_columns(b: View, block: Block, width: usize, panel: &mut [f32]) {
    for (step, slot) in panel.chunks_exact_mut(width).enumerate() {
        let start = (block.first + step) * b.row_stride + block.column * b.column_stride;
        let (inside, outside) = slot.split_at_mut(block.columns);
        if b.column_stride == 1 {
            inside.copy_from_slice(&b.data[start..start + block.columns]);
        } else {
            for (slot, value) in inside.iter_mut().zip(b.data[start..].iter().step_by(b.column_stride)) {
                *slot = *value;
            }
        }
        outside.fill(0.0);
    }
}

/// Walks down a block tile by tile.
#[inline(always)]
fn tiles<S: Simd>(simd: S, mut a: &[f32], b: &[f32], block: Block, (c, n): (&mut [f32], usize)) {
    let (end, mut tile) = (block.row + block.rows, block);
    while tile.row < end {
        let height = tile_height::<S>(end - tile.row);
        let (packed, later) = a.split_at(height * block.steps);
        let c = (&mut *c, n);
        match (height, block.columns.div_ceil(S::F32_LANES)) {
            (8, 1) => run_tile::<S, 8, 1>(simd, packed, b, tile, c),
            (8, 2) => run_tile::<S, 8, 2>(simd, packed, b, tile, c),
            (8, _) => run_tile::<S, 8, 3>(simd, packed, b, tile, c),
            (4, 1) => run_tile::<S, 4, 1>(simd, packed, b, tile, c),
            (4, 2) => run_tile::<S, 4, 2>(simd, packed, b, tile, c),
            (4, _) => run_tile::<S, 4, 3>(simd, packed, b, tile, c),
            (_, 1) => run_tile::<S, 1, 1>(simd, packed, b, tile, c),
            (_, 2) => run_tile::<S, 1, 2>(simd, packed, b, tile, c),
            _ => run_tile::<S, 1, 3>(simd, packed, b, tile, c),
        }
        tile.row += height;
        a = later;
    }
}

/// Runs `ROWS` × `VECTORS` vectors of chains over the steps of a block and stores them.
#[inline(always)]
fn run_tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    a: &[f32],
    b: &[f32],
    tile: Block,
    (c, n): (&mut [f32], usize),
) {
    let mut chains = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    if tile.first > 0 {
        load::<S, ROWS, VECTORS>(c, n, tile, &mut chains);
    }
    let (b, _) = S::as_simd_f32s(b);
    for (a, b) in a.chunks_exact(ROWS).zip(b.chunks_exact(VECTORS)) {
        for i in 0..ROWS {
            let a = simd.splat_f32s(a[i]);
            for v in 0..VECTORS {
                chains[i][v] = multiply_add(simd, a, b[v], chains[i][v]);
            }
        }
    }
    store::<S, ROWS, VECTORS>(c, n, tile, &chains);
}

/// Picks up chains that an earlier block left in C, `n` columns wide.
#[inline(always)]
fn load<S: Simd, const ROWS: usize, const VECTORS: usize>(
    c: &[f32],
    n: usize,
    tile: Block,
    chains: &mut [[S::f32s; VECTORS]; ROWS],
) {
    let mut lanes = [0.0; MAX_LANES];
    for i in 0..ROWS {
        for v in 0..VECTORS {
            let (start, count) = span::<S>(n, tile, i, v);
            for lane in 0..count {
                lanes[lane] = c[start + lane];
            }
            chains[i][v] = S::as_simd_f32s(&lanes).0[0];
        }
    }
}

/// Writes chains to C, `n` columns wide.
#[inline(always)]
fn store<S: Simd, const ROWS: usize, const VECTORS: usize>(
    c: &mut [f32],
    n: usize,
    tile: Block,
    chains: &[[S::f32s; VECTORS]; ROWS],
) {
    let mut lanes = [0.0; MAX_LANES];
    for i in 0..ROWS {
        for v in 0..VECTORS {
            let (start, count) = span::<S>(n, tile, i, v);
            if count == S::F32_LANES {
                S::as_mut_simd_f32s(&mut c[start..start + S::F32_LANES]).0[0] = chains[i][v];
                continue;
            }
            S::as_mut_simd_f32s(&mut lanes).0[0] = chains[i][v];
            for lane in 0..count {
                c[start + lane] = lanes[lane];
            }
        }
    }
}

/// Where vector `v` of row `i` of a tile begins in C, and how many of its lanes are columns.
#[inline(always)]
fn span<S: Simd>(n: usize, tile: Block, i: usize, v: usize) -> (usize, usize) {
    let column = v * S::F32_LANES;
    ((tile.row + i) * n + tile.column + column, (tile.columns - column).min(S::F32_LANES))
}
