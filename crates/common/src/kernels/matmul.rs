//! Matrix products.
//!
//! Contract: each element of C is one chain over the inner index p = 0, 1, 2, …, one fused multiply-add per step, from zero,
//! then one addition of the bias:
//!
//! ```text
//! c ← 0;   c ← fma(A[i,p], B[p,j], c) for p = 0 … k−1;   C[i,j] = c + bias[j]
//! ```
//!
//! Four fast versions: `small` where B is at most 5 × 5, as in the book's first networks; `few` where one side of B is up to three and the other up to
//! 24; `thin` for up to 16 columns; `direct` for all others, on B where it lies or, where its columns are contiguous, on a copy of the
//! smaller factor. All keep several chains in registers and never split one, so that neither blocking nor the number of threads
//! changes a bit.

mod direct;
mod few;
mod small;
#[cfg(test)]
mod tests;
mod thin;

use crate::kernels::{Buffer, fused::fused_multiply_add, isa::Isa, reduce::column_sums_into};
use crate::machine::{PIECES, share_out, share_out_with, threads};
use direct::Target;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// Multiply-adds below which a product stays on one thread: ten microseconds of work.
const PARALLEL_FROM: usize = 1 << 19;
/// Multiply-adds of a piece where threads share a product by columns, unless one of them had no piece then.
const PIECE_OF_COLUMNS: usize = 1 << 19;
/// The same where they share it by rows.
const PIECE_OF_ROWS: usize = 1 << 20;
/// Threads share a product by multiples of this many rows: the tallest register tile.
const TILE_ROWS: usize = 8;
/// Rows of A up to which threads share a product by columns.
const MOST_ROWS: usize = 128;
/// They share columns by multiples of this many where there are many for each: the widest register tile.
const TILE_COLUMNS: usize = 48;
/// Columns for each thread that are many: a tile more or less is a small part of them.
const MANY_COLUMNS: usize = 8 * TILE_COLUMNS;
/// Where there are fewer they share them by multiples of this many: the widest vector.
const VECTOR_COLUMNS: usize = 16;
/// Values of a B whose columns are contiguous up to which it is copied rather than A.
const FEW_VALUES: usize = 1 << 13;

/// A matrix seen through strides: rows × columns, element (i, j) at `i * row_stride + j * column_stride`.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> View<'a> {
    /// A row-major matrix of `rows` × `columns`.
    ///
    /// # Panics
    /// If `data` does not hold exactly `rows * columns` values.
    #[must_use]
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a {rows} x {columns} matrix");
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// A row of `columns` ones: the same number, seen again and again.
    pub(crate) fn ones(columns: usize) -> View<'static> {
        View { data: &[1.0], rows: 1, columns, row_stride: 0, column_stride: 0 }
    }

    /// The transpose, without moving data.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        self.data[row * self.row_stride + column * self.column_stride]
    }

    /// Whether the values of a column, but not those of a row, lie side by side.
    fn is_transposed(&self) -> bool {
        self.row_stride == 1 && self.column_stride != 1
    }

    /// Whether its values lie row after row.
    fn is_row_major(&self) -> bool {
        self.row_stride == self.columns && (self.column_stride == 1 || self.columns == 1)
    }

    /// Copies the matrix to `copy`, row after row, each filled up with zeros to `width`.
    #[inline(always)]
    fn copy_rows(self, width: usize, copy: &mut [f32]) {
        for (row, copy) in copy.chunks_exact_mut(width).enumerate() {
            let (inside, outside) = copy.split_at_mut(self.columns);
            let values = self.data[row * self.row_stride..].iter().step_by(self.column_stride);
            for (copy, value) in inside.iter_mut().zip(values) {
                *copy = *value;
            }
            outside.fill(0.0);
        }
    }

    /// Whether it is the other one, not one of the same values.
    fn is(self, other: Self) -> bool {
        let shape = |view: Self| (view.rows, view.columns, view.row_stride, view.column_stride);
        std::ptr::eq(self.data, other.data) && shape(self) == shape(other)
    }

    /// Columns `first .. first + count`.
    fn column_range(self, first: usize, count: usize) -> Self {
        Self { data: self.from(first * self.column_stride), columns: count, ..self }
    }

    /// Rows `first .. first + count`.
    fn row_range(self, first: usize, count: usize) -> Self {
        Self { data: self.from(first * self.row_stride), rows: count, ..self }
    }

    /// The values from one on; a matrix without rows or columns has none.
    fn from(&self, first: usize) -> &'a [f32] {
        self.data.get(first..).unwrap_or_default()
    }
}

/// The contract itself: C = A·B + bias, one element after the other.
pub fn reference(a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) {
    for i in 0..a.rows {
        for j in 0..b.columns {
            let chain = (0..a.columns).fold(0.0f32, |sum, p| fused_multiply_add(a.at(i, p), b.at(p, j), sum));
            c[i * b.columns + j] = bias.map_or(chain, |bias| chain + bias[j]);
        }
    }
}

/// Computes C = A·B, or C = A·B + bias with the bias added to every row.
///
/// | tensor | shape |
/// | --- | --- |
/// | `a` | m × k |
/// | `b` | k × n |
/// | `bias` | n |
/// | `c` | m × n, row-major, overwritten |
///
/// # Panics
/// If the shapes do not fit together.
pub fn matmul(isa: Isa, a: View, b: View, bias: Option<&[f32]>, c: &mut [f32]) {
    assert_eq!(a.columns, b.rows, "inner dimensions of a product");
    assert_eq!(c.len(), a.rows * b.columns, "size of a product");
    assert!(bias.is_none_or(|bias| bias.len() == b.columns), "one bias per column");
    let (threads, work) = (threads(), a.rows * a.columns * b.columns);
    // As many for each thread.
    let pieces = |most: usize| threads * (most / threads).clamp(1, PIECES);
    if threads == 1 || work < PARALLEL_FROM {
        Block { a, b, bias, c }.compute(isa, None);
    } else if a.rows <= MOST_ROWS && b.columns >= threads * TILE_COLUMNS {
        by_columns(isa, (a, b), bias, c, pieces((work / PIECE_OF_COLUMNS).min(b.columns / TILE_COLUMNS)));
    } else {
        by_rows(isa, (a, b), bias, c, pieces(work / PIECE_OF_ROWS));
    }
}

/// The gradients of a linear layer's parameters, and what they are computed from.
#[derive(Debug)]
pub struct ParameterGradients<'a> {
    /// X: samples × inputs.
    pub x: &'a [f32],
    /// δY: samples × outputs.
    pub dy: &'a [f32],
    /// δW: inputs × outputs, overwritten.
    pub dweight: &'a mut [f32],
    /// δb: one for each output, overwritten.
    pub dbias: &'a mut [f32],
}

impl ParameterGradients<'_> {
    /// Inputs and outputs of the layer.
    fn sizes(&self) -> (usize, usize) {
        let outputs = self.dbias.len();
        (self.dweight.len().checked_div(outputs).unwrap_or_default(), outputs)
    }
}

/// Computes δW = Xᵀ·δY and δb = 1ᵀ·δY, the bits of two products.
///
/// # Panics
/// If the shapes do not fit together.
pub fn parameter_gradients(isa: Isa, mut gradients: ParameterGradients) {
    let (inputs, outputs) = gradients.sizes();
    let samples = gradients.dy.len().checked_div(outputs).unwrap_or_default();
    let (x, dy) = (View::new(gradients.x, samples, inputs), View::new(gradients.dy, samples, outputs));
    if small::gradients(isa, &mut gradients) || few::gradients(isa, &mut gradients) {
        return;
    }
    matmul(isa, x.transposed(), dy, None, gradients.dweight);
    column_sums_into(isa, dy.data, gradients.dbias);
}

/// Shares a product by rows, in so many pieces.
fn by_rows(isa: Isa, (a, b): (View, View), bias: Option<&[f32]>, mut c: &mut [f32], pieces: usize) {
    let blocks: Vec<_> = ranges(a.rows, TILE_ROWS, pieces)
        .map(|rows| Block {
            a: a.row_range(rows.start, rows.len()),
            b,
            bias,
            c: c.split_off_mut(..rows.len() * b.columns).unwrap_or_default(),
        })
        .collect();
    share_out(blocks.into_par_iter(), |block| block.compute(isa, None));
}

/// Shares a product by columns, in so many pieces: of a large B, each thread reads its own columns only.
fn by_columns(isa: Isa, (a, b): (View, View), bias: Option<&[f32]>, c: &mut [f32], pieces: usize) {
    let unit = if b.columns < MANY_COLUMNS * threads() { VECTOR_COLUMNS } else { TILE_COLUMNS };
    let mut blocks: Vec<_> = ranges(b.columns, unit, pieces).map(|columns| (columns, Vec::with_capacity(a.rows))).collect();
    for mut row in c.chunks_exact_mut(b.columns) {
        for (columns, rows) in &mut blocks {
            rows.extend(row.split_off_mut(..columns.len()));
        }
    }
    let space = || (Buffer::default(), Space::new());
    share_out_with(blocks.par_iter_mut(), space, |(values, space), (columns, rows)| {
        let values = values.of_size(rows.len() * columns.len());
        let bias = bias.map(|bias| &bias[columns.clone()]);
        Block { a, b: b.column_range(columns.start, columns.len()), bias, c: &mut *values }.compute(isa, Some(space));
        for (row, values) in rows.iter_mut().zip(values.chunks_exact(columns.len())) {
            row.copy_from_slice(values);
        }
    });
}

/// Cuts `0 .. n` into so many ranges of as many times `unit`, give or take one; the last may end earlier.
fn ranges(n: usize, unit: usize, pieces: usize) -> impl Iterator<Item = Range<usize>> {
    let end = move |piece: usize| (n.div_ceil(unit) * piece / pieces * unit).min(n);
    (0..pieces).map(move |piece| end(piece)..end(piece + 1)).filter(|range| !range.is_empty())
}

/// A product, or a piece of one: C, whole rows, lies by itself.
struct Block<'a, 'c> {
    a: View<'a>,
    b: View<'a>,
    bias: Option<&'a [f32]>,
    c: &'c mut [f32],
}

impl<'a> Block<'a, '_> {
    /// Computes it, by one copy of the compiled code, wherever that is called from. The space may hold the copy that it needs.
    #[inline(never)]
    fn compute(self, isa: Isa, space: Option<&mut Space<'a>>) {
        if few::product(isa, self.a, self.b, self.bias, self.c) {
            return;
        }
        let isa = if thin::is_better_narrow(self.a, self.b) { isa.up_to_256_bits() } else { isa };
        isa.dispatch(Computation { block: self, space });
    }
}

/// A block under way.
struct Computation<'a, 'c, 'space> {
    block: Block<'a, 'c>,
    /// Made when it is needed: most products of small networks need none.
    space: Option<&'space mut Space<'a>>,
}

impl WithSimd for Computation<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { block: Block { a, b, bias, c }, space } = self;
        if c.is_empty() {
            return;
        }
        if a.columns == 0 {
            c.fill(0.0);
            return add_bias(bias, b.columns, c);
        }
        if small::product::<S>(a, b, bias, c) {
            return;
        }
        let mut own;
        let space = if let Some(space) = space {
            space
        } else {
            own = Space::new();
            &mut own
        };
        // One call of a function that is compiled into this one.
        let (factors, target) = match Form::of::<S>(a, b) {
            Form::Thin => return thin::product(simd, a, b, bias, c),
            Form::OneColumn => {
                thin::product(simd, b.transposed(), a.transposed(), None, c);
                return add_bias(bias, 1, c);
            }
            Form::Direct => ((a, b), Target::of(c, b.columns)),
            Form::DirectCopied => ((a, space.copy_of(b, b.columns)), Target::of(c, b.columns)),
            Form::Transposed => ((b.transposed(), a.transposed()), Target::transposed(c, a.rows)),
            Form::TransposedCopied => {
                let columns_of_a = space.copy_of(a.transposed(), a.rows.max(S::F32_LANES));
                ((b.transposed(), columns_of_a), Target::transposed(c, a.rows))
            }
        };
        direct::product(simd, factors, target);
        add_bias(bias, b.columns, c);
    }
}

/// Room for a copy of a matrix: on the stack if it is small, so that a step of a small network allocates nothing.
struct Space<'a> {
    stack: [f32; 256],
    heap: Buffer,
    /// Of which there is a copy.
    copied: Option<View<'a>>,
}

impl<'a> Space<'a> {
    #[inline(always)]
    fn new() -> Self {
        Self { stack: [0.0; 256], heap: Buffer::default(), copied: None }
    }

    /// A copy of the matrix, each row filled up with zeros to `width`. That of the matrix before serves again if it is the same.
    #[inline(always)]
    fn copy_of(&mut self, matrix: View<'a>, width: usize) -> View<'_> {
        let size = matrix.rows * width;
        let copy = if size > self.stack.len() { self.heap.of_size(size) } else { &mut self.stack[..size] };
        if !self.copied.is_some_and(|copied| copied.is(matrix)) {
            matrix.copy_rows(width, copy);
            self.copied = Some(matrix);
        }
        View::new(copy, matrix.rows, width)
    }
}

/// Adds the bias to every row of C.
#[inline(always)]
fn add_bias(bias: Option<&[f32]>, columns: usize, c: &mut [f32]) {
    let Some(bias) = bias else { return };
    for row in c.chunks_exact_mut(columns) {
        for (c, b) in row.iter_mut().zip(bias) {
            *c += b;
        }
    }
}

/// How a product is computed; the bits are the same.
enum Form {
    /// A few rows of C at a time, whole.
    Thin,
    /// The same, for a single column of C, which is written like a row: Cᵀ = Bᵀ·Aᵀ.
    OneColumn,
    /// Lanes along the rows of B, where they lie.
    Direct,
    /// The same with a copy of B.
    DirectCopied,
    /// Cᵀ = Bᵀ·Aᵀ: lanes along the columns of A, where they lie.
    Transposed,
    /// The same with a copy of Aᵀ.
    TransposedCopied,
}

impl Form {
    /// The fastest way, as measured.
    #[inline(always)]
    fn of<S: Simd>(a: View, b: View) -> Self {
        if b.columns <= thin::MAX_COLUMNS {
            return match a.rows {
                m if a.is_transposed() && m >= S::F32_LANES => Self::Transposed,
                m if a.is_transposed() && m <= thin::MAX_COLUMNS && b.columns == 1 => Self::OneColumn,
                _ => Self::Thin,
            };
        }
        match b.column_stride {
            1 => Self::Direct,
            _ if b.rows * b.columns <= FEW_VALUES => Self::DirectCopied,
            _ => Self::TransposedCopied,
        }
    }
}
