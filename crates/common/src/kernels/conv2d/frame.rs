//! Zeros around images, and between their values.

use super::{Conv2d, LEAST_VALUES};
use crate::kernels::{Buffer, lanes::GROUP};
use crate::machine::share_out;
use rayon::prelude::*;

/// Planes of one group with zeros around their rows and columns, and between them where they are spread out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Rows and columns of a plane.
    pub(super) plane: (usize, usize),
    /// Distance of neighbours in the frame.
    pub(super) stride: usize,
    /// Zero rows above and below.
    pub(super) rows: (usize, usize),
    /// Zero columns to the left and to the right.
    pub(super) columns: (usize, usize),
}

impl Frame {
    /// Zeros on every side.
    pub(super) fn around(shape: &Conv2d) -> Self {
        let sides = (shape.padding, shape.padding);
        Self { plane: (shape.height, shape.width), stride: 1, rows: sides, columns: sides }
    }

    /// Rows and columns of a framed plane.
    pub(super) fn outer(&self) -> (usize, usize) {
        let around = |length, (before, after)| before + (length - 1) * self.stride + 1 + after;
        (around(self.plane.0, self.rows), around(self.plane.1, self.columns))
    }

    /// Values of a plane of a group without its frame and with it.
    fn sizes(&self) -> (usize, usize) {
        let outer = self.outer();
        (self.plane.0 * self.plane.1 * GROUP, outer.0 * outer.1 * GROUP)
    }

    /// Writes the framed planes.
    pub(super) fn write(&self, planes: &[f32], framed: &mut Buffer) {
        let (inside, all) = self.sizes();
        let framed = framed.of_size(planes.len() / inside * all);
        for (plane, framed) in planes.chunks_exact(inside).zip(framed.chunks_exact_mut(all)) {
            self.write_plane(plane, framed);
        }
    }

    /// The same, shared out among the threads.
    pub(super) fn write_together(&self, planes: &[f32], framed: &mut Buffer) {
        let (inside, all) = self.sizes();
        let framed = framed.of_size(planes.len() / inside * all).par_chunks_exact_mut(all);
        let planes = planes.par_chunks_exact(inside).zip(framed).with_min_len(LEAST_VALUES.div_ceil(all));
        share_out(planes, |(plane, framed)| self.write_plane(plane, framed));
    }

    /// Writes a framed plane.
    fn write_plane(&self, plane: &[f32], framed: &mut [f32]) {
        for (at, framed) in framed.chunks_exact_mut(self.outer().1 * GROUP).enumerate() {
            self.write_line(plane, at, framed);
        }
    }

    /// Writes line number `at` of a framed plane.
    fn write_line(&self, plane: &[f32], at: usize, framed: &mut [f32]) {
        let row = at.checked_sub(self.rows.0).filter(|row| row.is_multiple_of(self.stride)).map(|row| row / self.stride);
        let Some(row) = row.filter(|row| *row < self.plane.0) else { return framed.fill(0.0) };
        let line = &plane[row * self.plane.1 * GROUP..][..self.plane.1 * GROUP];
        let (left, inside) = framed.split_at_mut(self.columns.0 * GROUP);
        left.fill(0.0);
        if self.stride == 1 {
            let (inside, right) = inside.split_at_mut(line.len());
            inside.copy_from_slice(line);
            return right.fill(0.0);
        }
        inside.fill(0.0);
        for (values, place) in line.chunks_exact(GROUP).zip(inside.chunks_exact_mut(GROUP).step_by(self.stride)) {
            place.copy_from_slice(values);
        }
    }
}
