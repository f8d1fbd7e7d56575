//! Products of layers with up to three inputs or outputs and some vectors on the other side, such as 2-20 and 20-3.
//!
//! Lanes run along the wide side. Its number of vectors and the size of the other side are constants of the compiled code, one copy for each pair,
//! so that the matrix, or all chains of its gradient, stay in registers while the samples pass once. The last vector of a row ends with
//! the row: it overlaps the one before it, and what both compute is the same.
//!
//! Rows that are no multiple of the widest vectors straddle lines of the cache; so narrower ones are used here, which do so less often.
//!
//! Bound: moving the rows, and for gradients the latency of the chains.

#![allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]

use super::{ParameterGradients, View, direct::starts};
use crate::kernels::{fused::multiply_add, isa::Isa};
use pulp::{Simd, WithSimd};

/// Inputs or outputs that are few.
const MOST: usize = 3;
/// Vectors of the wide side.
const MOST_VECTORS: usize = 3;
/// Lanes of the vectors that are used.
const MOST_LANES: usize = 8;

/// What is computed with `FEW` values of one side and `VECTORS` vectors of the other.
trait Operation {
    fn run<S: Simd, const FEW: usize, const VECTORS: usize>(self, simd: S);
}

/// An operation and its sizes.
struct Sized<O> {
    few: usize,
    wide: usize,
    operation: O,
}

impl<O: Operation> Sized<O> {
    /// Runs the operation if its sizes are right for it; gives whether they are.
    fn run(self, isa: Isa) -> bool {
        // Asked first: most products have other sizes.
        self.few <= MOST && self.wide <= MOST_VECTORS * MOST_LANES && isa.up_to_256_bits().dispatch(self)
    }

    #[inline(always)]
    fn with_vectors<S: Simd, const VECTORS: usize>(self, simd: S) -> bool {
        match self.few {
            1 => self.operation.run::<S, 1, VECTORS>(simd),
            2 => self.operation.run::<S, 2, VECTORS>(simd),
            MOST => self.operation.run::<S, MOST, VECTORS>(simd),
            _ => return false,
        }
        true
    }
}

impl<O: Operation> WithSimd for Sized<O> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        if S::F32_LANES == 1 || self.wide < S::F32_LANES {
            return false;
        }
        match self.wide.div_ceil(S::F32_LANES) {
            1 => self.with_vectors::<S, 1>(simd),
            2 => self.with_vectors::<S, 2>(simd),
            MOST_VECTORS => self.with_vectors::<S, MOST_VECTORS>(simd),
            _ => false,
        }
    }
}

/// The vectors of a row.
#[inline(always)]
fn load<S: Simd, const VECTORS: usize>(simd: S, row: &[f32], starts: [usize; VECTORS]) -> [S::f32s; VECTORS] {
    let mut vectors = [simd.splat_f32s(0.0); VECTORS];
    for v in 0..VECTORS {
        vectors[v] = S::as_simd_f32s(&row[starts[v]..][..S::F32_LANES]).0[0];
    }
    vectors
}

/// Writes the vectors of a row.
#[inline(always)]
fn store<S: Simd, const VECTORS: usize>(vectors: [S::f32s; VECTORS], row: &mut [f32], starts: [usize; VECTORS]) {
    for v in 0..VECTORS {
        S::as_mut_simd_f32s(&mut row[starts[v]..][..S::F32_LANES]).0[0] = vectors[v];
    }
}

/// Computes C = A·B + bias if B has few rows and the rows of A follow each other; gives whether that is so.
pub(super) fn product(isa: Isa, a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) -> bool {
    a.is_row_major() && Sized { few: b.rows, wide: b.columns, operation: Product { a: a.data, b, bias, c } }.run(isa)
}

/// C = A·B + bias.
struct Product<'a> {
    a: &'a [f32],
    b: View<'a>,
    bias: Option<&'a [f32]>,
    c: &'a mut [f32],
}

impl Operation for Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const FEW: usize, const VECTORS: usize>(self, simd: S) {
        let Self { a, b, bias, c } = self;
        let starts = starts::<S, VECTORS>(b.columns);
        let mut copy = [0.0; MOST * MOST_VECTORS * MOST_LANES];
        let copy = &mut copy[..FEW * b.columns];
        b.copy_rows(b.columns, copy);
        let mut rows_of_b = [[simd.splat_f32s(0.0); VECTORS]; FEW];
        for (vectors, row) in rows_of_b.iter_mut().zip(copy.chunks_exact(b.columns)) {
            *vectors = load(simd, row, starts);
        }
        // To add −0 changes nothing, not even the sign of a zero.
        let bias = bias.map_or([simd.splat_f32s(-0.0); VECTORS], |bias| load(simd, bias, starts));
        let (rows_of_a, _) = a.as_chunks::<FEW>();
        for (c, a) in c.chunks_exact_mut(b.columns).zip(rows_of_a) {
            let mut chains = [simd.splat_f32s(0.0); VECTORS];
            for p in 0..FEW {
                let a = simd.splat_f32s(a[p]);
                for v in 0..VECTORS {
                    chains[v] = multiply_add(simd, a, rows_of_b[p][v], chains[v]);
                }
            }
            for v in 0..VECTORS {
                chains[v] = simd.add_f32s(chains[v], bias[v]);
            }
            store::<S, VECTORS>(chains, c, starts);
        }
    }
}

/// Computes the gradients of a matrix with few rows or columns and of its bias; gives whether it is one.
pub(super) fn gradients(isa: Isa, gradients: &mut ParameterGradients) -> bool {
    let (inputs, outputs) = gradients.sizes();
    if inputs <= outputs {
        Sized { few: inputs, wide: outputs, operation: OfFewInputs(gradients) }.run(isa)
    } else {
        Sized { few: outputs, wide: inputs, operation: OfFewOutputs(gradients) }.run(isa)
    }
}

struct OfFewInputs<'a, 'g>(&'g mut ParameterGradients<'a>);

impl Operation for OfFewInputs<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const FEW: usize, const VECTORS: usize>(self, simd: S) {
        let ParameterGradients { x, dy, dweight, dbias } = self.0;
        let outputs = dbias.len();
        let starts = starts::<S, VECTORS>(outputs);
        let mut chains = [[simd.splat_f32s(0.0); VECTORS]; FEW];
        let mut sums = [simd.splat_f32s(0.0); VECTORS];
        let (rows_of_x, _) = x.as_chunks::<FEW>();
        for (x, dy) in rows_of_x.iter().zip(dy.chunks_exact(outputs)) {
            let dy = load(simd, dy, starts);
            step(simd, x, dy, &mut chains);
            for v in 0..VECTORS {
                sums[v] = simd.add_f32s(sums[v], dy[v]);
            }
        }
        for (chains, row) in chains.into_iter().zip(dweight.chunks_exact_mut(outputs)) {
            store::<S, VECTORS>(chains, row, starts);
        }
        store::<S, VECTORS>(sums, dbias, starts);
    }
}

struct OfFewOutputs<'a, 'g>(&'g mut ParameterGradients<'a>);

impl Operation for OfFewOutputs<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const FEW: usize, const VECTORS: usize>(self, simd: S) {
        let ParameterGradients { x, dy, dweight, dbias } = self.0;
        let inputs = dweight.len() / FEW;
        let starts = starts::<S, VECTORS>(inputs);
        let mut chains = [[simd.splat_f32s(0.0); VECTORS]; FEW];
        let mut sums = [0.0; FEW];
        let (rows_of_dy, _) = dy.as_chunks::<FEW>();
        for (x, dy) in x.chunks_exact(inputs).zip(rows_of_dy) {
            step(simd, dy, load(simd, x, starts), &mut chains);
            for j in 0..FEW {
                sums[j] += dy[j];
            }
        }
        let mut columns = [[0.0; MOST_VECTORS * MOST_LANES]; FEW];
        for j in 0..FEW {
            store::<S, VECTORS>(chains[j], &mut columns[j], starts);
        }
        for (i, row) in dweight.as_chunks_mut::<FEW>().0.iter_mut().enumerate() {
            for j in 0..FEW {
                row[j] = columns[j][i];
            }
        }
        dbias.copy_from_slice(&sums);
    }
}

/// One step of every chain: the values of the few times the vectors of the others.
#[inline(always)]
fn step<S: Simd, const FEW: usize, const VECTORS: usize>(
    simd: S,
    few: &[f32; FEW],
    wide: [S::f32s; VECTORS],
    chains: &mut [[S::f32s; VECTORS]; FEW],
) {
    for i in 0..FEW {
        let value = simd.splat_f32s(few[i]);
        for v in 0..VECTORS {
            chains[i][v] = multiply_add(simd, value, wide[v], chains[i][v]);
        }
    }
}
