//! A matrix of f32 values: one row per sample, as the book writes batches.

use crate::{
    kernels::{View, loss::Outputs},
    machine::share_out,
};
use rayon::prelude::*;

/// Values that a thread copies at least: a few microseconds.
const LEAST_VALUES: usize = 1 << 13;

/// A row-major matrix.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Matrix {
    /// A matrix of the given values, row after row.
    ///
    /// # Panics
    /// If there are not exactly `rows * columns` values.
    #[must_use]
    pub fn new(rows: usize, columns: usize, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), rows * columns, "a {rows} x {columns} matrix");
        Self { rows, columns, values }
    }

    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self::new(rows, columns, vec![0.0; rows * columns])
    }

    /// Number of rows: samples.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: features or outputs.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// All values, row after row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, row after row, to be changed.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Makes room for another shape, whose values are to be overwritten: what they are before is not said. The memory is used again.
    pub fn reshape(&mut self, rows: usize, columns: usize) {
        (self.rows, self.columns) = (rows, columns);
        self.values.resize(rows * columns, 0.0);
    }

    /// One row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..][..self.columns]
    }

    /// Each row in turn.
    #[must_use]
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.columns)
    }

    /// One column.
    pub fn column(&self, column: usize) -> impl Iterator<Item = f32> + '_ {
        self.iter_rows().map(move |row| row[column])
    }

    /// The rows of the given indices, in their order.
    ///
    /// # Panics
    /// If an index is beyond the last row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut selected = Self::default();
        self.select_into(rows, &mut selected);
        selected
    }

    /// The same in place of another matrix, whose memory is used again.
    pub(crate) fn select_into(&self, rows: &[usize], selected: &mut Self) {
        selected.reshape(rows.len(), self.columns);
        selected.write_rows(rows, |row, copy| copy.copy_from_slice(self.row(row)));
    }

    /// Lets `write` make each row of one of `sources`, in their order; threads share the rows.
    pub(crate) fn write_rows(&mut self, sources: &[usize], write: impl Fn(usize, &mut [f32]) + Sync) {
        let columns = self.columns.max(1);
        let rows = self.values.par_chunks_exact_mut(columns).zip(sources).with_min_len(LEAST_VALUES.div_ceil(columns));
        share_out(rows, |(row, source)| write(*source, row));
    }

    /// The transpose, as a matrix of its own.
    #[must_use]
    pub fn transposed(&self) -> Self {
        Self::new(self.columns, self.rows, (0..self.columns).flat_map(|column| self.column(column)).collect())
    }

    /// The matrix as an operand of a product.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View::new(&self.values, self.rows, self.columns)
    }

    /// The matrix as the outputs of a network.
    #[must_use]
    pub fn outputs(&self) -> Outputs<'_> {
        Outputs { values: &self.values, columns: self.columns }
    }

    /// A matrix of the same shape with `f` applied to each value.
    #[must_use]
    pub fn map(&self, f: impl Fn(f32) -> f32) -> Self {
        Self::new(self.rows, self.columns, self.values.iter().map(|&x| f(x)).collect())
    }
}
