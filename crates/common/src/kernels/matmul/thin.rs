//! Products with few columns: those of small networks.
//!
//! The number of columns is a constant of the compiled code, one copy for each; nothing is padded or masked.
//!
//! Where the rows of A are contiguous and many, lanes run down the rows: as many as a vector has lanes are read four places at a time and
//! turned into vectors, and each column of C is a chain of vectors. Otherwise a few rows of C, whole, stay in registers while p runs, and the
//! compiler turns a row into vectors as it fits.
//!
//! Bound: the latency of the chains where there are few rows, otherwise turning A.

#![allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]

use super::{Space, View, direct::MAX_LANES};
use crate::kernels::fused::{multiply_add, multiply_add_scalar};
use pulp::Simd;

/// Columns up to which a product counts as thin.
pub(super) const MAX_COLUMNS: usize = 16;
/// Steps of a chain that are few.
const FEW_STEPS: usize = 32;
/// Places of a row that are read at a time.
const TOGETHER: usize = 4;

/// Whether a product is faster with vectors of half the widest, as measured: where rows of nine to sixteen values, which fill one of those badly, are
/// written after few steps, or stay in registers.
pub(super) fn is_better_narrow(a: View, b: View) -> bool {
    let stays = a.is_transposed() && a.rows < MAX_LANES;
    (MAX_LANES / 2 + 1..=MAX_COLUMNS).contains(&b.columns) && (stays || !a.is_transposed() && a.columns <= FEW_STEPS)
}

/// Computes C = A·B + bias for up to [`MAX_COLUMNS`] columns.
#[inline(always)]
pub(super) fn product<S: Simd>(simd: S, a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) {
    match b.columns {
        1 => columns::<S, 1>(simd, a, b, bias, c),
        2 => columns::<S, 2>(simd, a, b, bias, c),
        3 => columns::<S, 3>(simd, a, b, bias, c),
        4 => columns::<S, 4>(simd, a, b, bias, c),
        5 => columns::<S, 5>(simd, a, b, bias, c),
        6 => columns::<S, 6>(simd, a, b, bias, c),
        7 => columns::<S, 7>(simd, a, b, bias, c),
        8 => columns::<S, 8>(simd, a, b, bias, c),
        9 => columns::<S, 9>(simd, a, b, bias, c),
        10 => columns::<S, 10>(simd, a, b, bias, c),
        11 => columns::<S, 11>(simd, a, b, bias, c),
        12 => columns::<S, 12>(simd, a, b, bias, c),
        13 => columns::<S, 13>(simd, a, b, bias, c),
        14 => columns::<S, 14>(simd, a, b, bias, c),
        15 => columns::<S, 15>(simd, a, b, bias, c),
        _ => columns::<S, 16>(simd, a, b, bias, c),
    }
}

/// The product for `N` columns: a vector of rows at a time, then four, two and one.
#[inline(always)]
fn columns<S: Simd, const N: usize>(simd: S, a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) {
    let mut space = Space::new();
    // Some columns of a wider matrix have its row stride.
    let b = if b.column_stride == 1 && b.row_stride == N { b } else { space.copy_of(b, N) };
    let (b, _) = b.data[..b.rows * N].as_chunks::<N>();
    let (c, _) = c.as_chunks_mut::<N>();
    let bias = bias.and_then(|bias| bias.first_chunk::<N>());
    let in_vectors = if a.column_stride == 1 && S::F32_LANES > 1 { c.len() / S::F32_LANES * S::F32_LANES } else { 0 };
    let (vectors, rest) = c.split_at_mut(in_vectors);
    for (i, c) in vectors.chunks_exact_mut(S::F32_LANES).enumerate() {
        let columns = vector_of_rows::<S, N>(simd, a, i * S::F32_LANES, b, bias);
        for (lane, c) in c.iter_mut().enumerate() {
            *c = std::array::from_fn(|j| columns[j][lane]);
        }
    }
    let (fours, rest) = rest.as_chunks_mut::<4>();
    let (twos, rest) = rest.as_chunks_mut::<2>();
    let (before_twos, before_rest) = (in_vectors + 4 * fours.len(), in_vectors + 4 * fours.len() + 2 * twos.len());
    for (i, c) in fours.iter_mut().enumerate() {
        *c = with_bias(rows::<S, 4, N>(a, in_vectors + 4 * i, b), bias);
    }
    for (i, c) in twos.iter_mut().enumerate() {
        *c = with_bias(rows::<S, 2, N>(a, before_twos + 2 * i, b), bias);
    }
    for (i, c) in rest.iter_mut().enumerate() {
        [*c] = with_bias(rows::<S, 1, N>(a, before_rest + i, b), bias);
    }
}

#[inline(always)]
fn with_bias<const ROWS: usize, const N: usize>(mut chains: [[f32; N]; ROWS], bias: Option<&[f32; N]>) -> [[f32; N]; ROWS] {
    if let Some(bias) = bias {
        for chain in &mut chains {
            for j in 0..N {
                chain[j] += bias[j];
            }
        }
    }
    chains
}

/// As many rows of C as a vector has lanes, from `row` on: for each column a chain of vectors.
#[inline(always)]
fn vector_of_rows<S: Simd, const N: usize>(
    simd: S,
    a: View,
    row: usize,
    b: &[[f32; N]],
    bias: Option<&[f32; N]>,
) -> [[f32; MAX_LANES]; N] {
    let mut chains = [simd.splat_f32s(0.0); N];
    let mut rows: [&[f32]; MAX_LANES] = [&[]; MAX_LANES];
    for lane in 0..S::F32_LANES {
        rows[lane] = &a.data[(row + lane) * a.row_stride..][..a.columns];
    }
    let (fours, rest) = b.as_chunks::<TOGETHER>();
    for (i, b) in fours.iter().enumerate() {
        let mut places = [[0.0; MAX_LANES]; TOGETHER];
        for lane in 0..S::F32_LANES {
            let values =
                rows[lane][TOGETHER * i..].first_chunk::<TOGETHER>().expect("a row of A has as many places as B has rows");
            for p in 0..TOGETHER {
                places[p][lane] = values[p];
            }
        }
        for p in 0..TOGETHER {
            step::<S, N>(simd, &places[p], &b[p], &mut chains);
        }
    }
    for (i, b) in rest.iter().enumerate() {
        let mut place = [0.0; MAX_LANES];
        for lane in 0..S::F32_LANES {
            place[lane] = rows[lane][TOGETHER * fours.len() + i];
        }
        step::<S, N>(simd, &place, b, &mut chains);
    }
    if let Some(bias) = bias {
        for j in 0..N {
            chains[j] = simd.add_f32s(chains[j], simd.splat_f32s(bias[j]));
        }
    }
    let mut columns = [[0.0; MAX_LANES]; N];
    for j in 0..N {
        S::as_mut_simd_f32s(&mut columns[j]).0[0] = chains[j];
    }
    columns
}

/// One step of every chain: the same place of several rows times a row of B.
#[inline(always)]
fn step<S: Simd, const N: usize>(simd: S, place: &[f32; MAX_LANES], b: &[f32; N], chains: &mut [S::f32s; N]) {
    let place = S::as_simd_f32s(place).0[0];
    for j in 0..N {
        chains[j] = multiply_add(simd, place, simd.splat_f32s(b[j]), chains[j]);
    }
}

/// `ROWS` rows of C from `row` on.
#[inline(always)]
fn rows<S: Simd, const ROWS: usize, const N: usize>(a: View, row: usize, b: &[[f32; N]]) -> [[f32; N]; ROWS] {
    let mut chains = [[0.0; N]; ROWS];
    let a_rows = &a.data[row * a.row_stride..];
    for (p, b) in b.iter().enumerate() {
        let a_column = &a_rows[p * a.column_stride..];
        for i in 0..ROWS {
            let a = a_column[i * a.row_stride];
            for j in 0..N {
                chains[i][j] = multiply_add_scalar::<S>(a, b[j], chains[i][j]);
            }
        }
    }
    chains
}
