//! Products with many columns.
//!
//! A tile of C, up to 8 rows by 3 vectors, stays in registers while p runs. Lanes run across columns of C. Rows of A are read
//! where they lie; columns of B are packed side by side. The inner index is cut every [`DEPTH`] steps to keep the packed
//! columns in cache: the chains are stored and picked up again.
//!
//! Bound: arithmetic, for inner dimensions beyond about 50; the register tile does 24 multiply-adds for 11 loads.

#![allow(clippy::needless_range_loop, clippy::manual_memcpy, reason = "indices over constant ranges unroll into registers")]

use super::View;
use crate::kernels::fused::fused_multiply_add;
use pulp::Simd;

/// Steps of the inner index between two visits to C.
const DEPTH: usize = 256;
/// Rows of the largest register tile.
const MAX_ROWS: usize = 8;
/// Vectors in a row of the largest register tile.
const MAX_VECTORS: usize = 3;
/// Lanes of the widest vector.
const MAX_LANES: usize = 16;

/// The place of a tile in C and its part of the inner index.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    column: usize,
    columns: usize,
    first: usize,
}

/// Walks over C panel by panel: up to three vectors of columns, and [`DEPTH`] steps of the inner index, at a time.
#[inline(always)]
pub(super) fn product<S: Simd>(simd: S, a: View, b: View, c: &mut [f32]) {
    let (k, n) = (a.columns, b.columns);
    let widest = MAX_VECTORS * S::F32_LANES;
    let mut packed = vec![0.0; k.min(DEPTH) * widest.min(n.next_multiple_of(S::F32_LANES))];
    for column in (0..n).step_by(widest) {
        let columns = (n - column).min(widest);
        let width = columns.next_multiple_of(S::F32_LANES);
        let mut first = 0;
        loop {
            let steps = (k - first).min(DEPTH);
            let place = Place { row: 0, column, columns, first };
            let packed = &mut packed[..steps * width];
            pack(b, place, width, packed);
            panel(simd, a, packed, place, (&mut *c, n));
            first += steps;
            if first >= k {
                break;
            }
        }
    }
}

/// Copies the columns of a panel side by side, `width` apart a step; what lies beyond the last column becomes zero.
fn pack(b: View, place: Place, width: usize, panel: &mut [f32]) {
    for (step, slot) in panel.chunks_exact_mut(width).enumerate() {
        let start = (place.first + step) * b.row_stride + place.column * b.column_stride;
        for (j, value) in slot[..place.columns].iter_mut().enumerate() {
            *value = b.data[start + j * b.column_stride];
        }
        slot[place.columns..].fill(0.0);
    }
}

/// Walks down a panel tile by tile: 8, 4 or 1 rows high.
#[inline(always)]
fn panel<S: Simd>(simd: S, a: View, b: &[f32], mut place: Place, (c, n): (&mut [f32], usize)) {
    // A 16-register file holds 4 × 3 chains, a 32-register file 8 × 3.
    let tallest = if S::F32_LANES == MAX_LANES { MAX_ROWS } else { MAX_ROWS / 2 };
    while place.row < a.rows {
        let rows = (a.rows - place.row).min(tallest);
        place.row += match (rows, place.columns.div_ceil(S::F32_LANES)) {
            (8.., 1) => tile::<S, 8, 1>(simd, a, b, place, (&mut *c, n)),
            (8.., 2) => tile::<S, 8, 2>(simd, a, b, place, (&mut *c, n)),
            (8.., _) => tile::<S, 8, 3>(simd, a, b, place, (&mut *c, n)),
            (4.., 1) => tile::<S, 4, 1>(simd, a, b, place, (&mut *c, n)),
            (4.., 2) => tile::<S, 4, 2>(simd, a, b, place, (&mut *c, n)),
            (4.., _) => tile::<S, 4, 3>(simd, a, b, place, (&mut *c, n)),
            (_, 1) => tile::<S, 1, 1>(simd, a, b, place, (&mut *c, n)),
            (_, 2) => tile::<S, 1, 2>(simd, a, b, place, (&mut *c, n)),
            _ => tile::<S, 1, 3>(simd, a, b, place, (&mut *c, n)),
        };
    }
}

/// Runs `ROWS` × `VECTORS` vectors of chains over the steps of a panel and stores them; gives the number of rows.
#[inline(always)]
fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    a: View,
    b: &[f32],
    place: Place,
    (c, n): (&mut [f32], usize),
) -> usize {
    let mut chains = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    if place.first > 0 {
        load::<S, ROWS, VECTORS>(c, n, place, &mut chains);
    }
    let a_rows = &a.data[place.row * a.row_stride + place.first * a.column_stride..];
    let (b, _) = S::as_simd_f32s(b);
    for (step, b) in b.chunks_exact(VECTORS).enumerate() {
        for i in 0..ROWS {
            let a = simd.splat_f32s(a_rows[i * a.row_stride + step * a.column_stride]);
            for v in 0..VECTORS {
                chains[i][v] = multiply_add(simd, a, b[v], chains[i][v]);
            }
        }
    }
    store::<S, ROWS, VECTORS>(c, n, place, &chains);
    ROWS
}

/// Picks up chains that an earlier panel left in C, `n` columns wide.
#[inline(always)]
fn load<S: Simd, const ROWS: usize, const VECTORS: usize>(
    c: &[f32],
    n: usize,
    place: Place,
    chains: &mut [[S::f32s; VECTORS]; ROWS],
) {
    let mut lanes = [0.0; MAX_LANES];
    for i in 0..ROWS {
        for v in 0..VECTORS {
            let (start, count) = span::<S>(n, place, i, v);
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
    place: Place,
    chains: &[[S::f32s; VECTORS]; ROWS],
) {
    let mut lanes = [0.0; MAX_LANES];
    for i in 0..ROWS {
        for v in 0..VECTORS {
            let (start, count) = span::<S>(n, place, i, v);
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
fn span<S: Simd>(n: usize, place: Place, i: usize, v: usize) -> (usize, usize) {
    let column = v * S::F32_LANES;
    ((place.row + i) * n + place.column + column, (place.columns - column).min(S::F32_LANES))
}

/// fma(a, b, c) in every lane; on one lane, where the hardware may have none, the emulated one.
#[inline(always)]
fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::F32_LANES == 1 {
        let lane = |x| simd.reduce_sum_f32s(x);
        simd.splat_f32s(fused_multiply_add(lane(a), lane(b), lane(c)))
    } else {
        simd.mul_add_f32s(a, b, c)
    }
}
