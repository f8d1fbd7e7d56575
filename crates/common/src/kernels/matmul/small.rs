//! Products with small matrices: those of a layer of up to five inputs and five outputs, such as the book's 2-5-1.
//!
//! Both sizes of the matrix are constants of the compiled code, one copy for each pair. The loops below are then all there is to say: the
//! compiler unrolls a row, keeps the matrix in registers and turns several rows into vectors as they fit.
//!
//! Bound: moving the rows, and for gradients the latency of the chains, which all run in one pass.

#![allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]

use super::{ParameterGradients, View};
use crate::kernels::{fused::multiply_add_scalar, isa::Isa};
use pulp::{Simd, WithSimd};

/// Inputs and outputs up to which a matrix counts as small.
const MOST: usize = 5;

/// What is computed with a matrix of K rows and N columns, both known to the compiler.
trait Operation {
    fn run<S: Simd, const K: usize, const N: usize>(self);
}

/// Runs an operation for a matrix of `k` rows and `n` columns; gives whether it is small enough.
#[inline(always)]
fn with_sizes<S: Simd>((k, n): (usize, usize), operation: impl Operation) -> bool {
    match n {
        1 => with_columns::<S, 1>(k, operation),
        2 => with_columns::<S, 2>(k, operation),
        3 => with_columns::<S, 3>(k, operation),
        4 => with_columns::<S, 4>(k, operation),
        5 => with_columns::<S, MOST>(k, operation),
        _ => return false,
    }
    (1..=MOST).contains(&k)
}

#[inline(always)]
fn with_columns<S: Simd, const N: usize>(k: usize, operation: impl Operation) {
    match k {
        1 => operation.run::<S, 1, N>(),
        2 => operation.run::<S, 2, N>(),
        3 => operation.run::<S, 3, N>(),
        4 => operation.run::<S, 4, N>(),
        5 => operation.run::<S, MOST, N>(),
        _ => (),
    }
}

/// C = A·B + bias.
struct Product<'a> {
    a: View<'a>,
    b: View<'a>,
    bias: Option<&'a [f32]>,
    c: &'a mut [f32],
}

/// Computes C = A·B + bias if B is small and the rows of A follow each other; gives whether that is so.
#[inline(always)]
pub(super) fn product<S: Simd>(a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) -> bool {
    a.is_row_major() && with_sizes::<S>((b.rows, b.columns), Product { a, b, bias, c })
}

impl Operation for Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const K: usize, const N: usize>(self) {
        let b: [[f32; N]; K] = std::array::from_fn(|p| std::array::from_fn(|j| self.b.at(p, j)));
        // To add −0 changes nothing, not even the sign of a zero.
        let bias: [f32; N] = std::array::from_fn(|j| self.bias.map_or(-0.0, |bias| bias[j]));
        let (rows_of_a, _) = self.a.data.as_chunks::<K>();
        let (rows_of_c, _) = self.c.as_chunks_mut::<N>();
        for (c, a) in rows_of_c.iter_mut().zip(rows_of_a) {
            for j in 0..N {
                let mut chain = 0.0;
                for p in 0..K {
                    chain = multiply_add_scalar::<S>(a[p], b[p][j], chain);
                }
                c[j] = chain + bias[j];
            }
        }
    }
}

/// Computes the gradients of a small matrix and of its bias; gives whether it is small.
pub(super) fn gradients(isa: Isa, gradients: &mut ParameterGradients) -> bool {
    isa.dispatch(Gradients(gradients))
}

struct Gradients<'a, 'g>(&'g mut ParameterGradients<'a>);

impl WithSimd for Gradients<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let (inputs, outputs) = self.0.sizes();
        with_sizes::<S>((inputs, outputs), self)
    }
}

impl Operation for Gradients<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const K: usize, const N: usize>(self) {
        let ParameterGradients { x, dy, dweight: into_dweight, dbias: into_dbias } = self.0;
        let (mut dweight, mut dbias) = ([[0.0; N]; K], [0.0; N]);
        let (rows_of_x, _) = x.as_chunks::<K>();
        let (rows_of_dy, _) = dy.as_chunks::<N>();
        for (x, dy) in rows_of_x.iter().zip(rows_of_dy) {
            for i in 0..K {
                for j in 0..N {
                    dweight[i][j] = multiply_add_scalar::<S>(x[i], dy[j], dweight[i][j]);
                }
            }
            for j in 0..N {
                dbias[j] += dy[j];
            }
        }
        into_dweight.copy_from_slice(dweight.as_flattened());
        into_dbias.copy_from_slice(&dbias);
    }
}
