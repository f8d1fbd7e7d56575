//! Products with few columns: those of small networks.
//!
//! A few rows of C, whole, stay in registers while p runs. The number of columns is a constant of the compiled code, one copy for
//! each: the compiler turns a row into vectors as it fits, and nothing is padded, masked or packed.
//!
//! Bound: the latency of the chains where there are few rows, otherwise loading A.

#![allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]

use super::{Space, View};
use crate::kernels::fused::multiply_add_scalar;
use pulp::Simd;

/// Columns up to which a product counts as thin.
pub(super) const MAX_COLUMNS: usize = 16;

/// Computes C = A·B + bias for up to [`MAX_COLUMNS`] columns.
#[inline(always)]
pub(super) fn product<S: Simd>(a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) {
    match b.columns {
        1 => columns::<S, 1>(a, b, bias, c),
        2 => columns::<S, 2>(a, b, bias, c),
        3 => columns::<S, 3>(a, b, bias, c),
        4 => columns::<S, 4>(a, b, bias, c),
        5 => columns::<S, 5>(a, b, bias, c),
        6 => columns::<S, 6>(a, b, bias, c),
        7 => columns::<S, 7>(a, b, bias, c),
        8 => columns::<S, 8>(a, b, bias, c),
        9 => columns::<S, 9>(a, b, bias, c),
        10 => columns::<S, 10>(a, b, bias, c),
        11 => columns::<S, 11>(a, b, bias, c),
        12 => columns::<S, 12>(a, b, bias, c),
        13 => columns::<S, 13>(a, b, bias, c),
        14 => columns::<S, 14>(a, b, bias, c),
        15 => columns::<S, 15>(a, b, bias, c),
        _ => columns::<S, 16>(a, b, bias, c),
    }
}

/// The product for `N` columns, four rows at a time.
#[inline(always)]
fn columns<S: Simd, const N: usize>(a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) {
    let mut space = Space::new();
    // Some columns of a wider matrix have its row stride.
    let b = if b.column_stride == 1 && b.row_stride == N { b } else { b.contiguous_rows(N, &mut space) };
    let (b, _) = b.data[..b.rows * N].as_chunks::<N>();
    let (c, _) = c.as_chunks_mut::<N>();
    let (fours, rest) = c.as_chunks_mut::<4>();
    let (twos, rest) = rest.as_chunks_mut::<2>();
    let (in_fours, in_twos) = (4 * fours.len(), 2 * twos.len());
    let bias = bias.and_then(|bias| bias.first_chunk::<N>());
    for (i, c) in fours.iter_mut().enumerate() {
        *c = with_bias(rows::<S, 4, N>(a, 4 * i, b), bias);
    }
    for (i, c) in twos.iter_mut().enumerate() {
        *c = with_bias(rows::<S, 2, N>(a, in_fours + 2 * i, b), bias);
    }
    for (i, c) in rest.iter_mut().enumerate() {
        [*c] = with_bias(rows::<S, 1, N>(a, in_fours + in_twos + i, b), bias);
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
