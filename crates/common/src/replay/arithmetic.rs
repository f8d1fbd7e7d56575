//! How the source's GPU rounded, multiplied and added.

use crate::{
    kernels::{isa::Isa, matmul},
    matrix::Matrix,
};

/// Rounds to TF32: 10 explicit mantissa bits, to the nearest, ties away from zero.
#[must_use]
pub fn tf32(x: f32) -> f32 {
    if x.is_finite() { f32::from_bits(x.to_bits().wrapping_add(0x1000) & !0x1fff) } else { x }
}

/// Computes A·B + bias, both operands rounded to TF32, each element one f32 chain.
///
/// # Panics
/// If the shapes do not fit together.
#[must_use]
pub fn tf32_product(a: &Matrix, b: &Matrix, bias: &[f32]) -> Matrix {
    let mut c = Matrix::zeros(a.rows(), b.columns());
    matmul(Isa::best(), a.map(tf32).view(), b.map(tf32).view(), Some(bias), c.values_mut());
    c
}

/// Computes A·b + bias for a single column b in f32, each element a sum in f64 that is rounded once.
pub(super) fn narrow_product(a: &Matrix, b: &Matrix, bias: f32) -> Matrix {
    let dot = |row: &[f32]| row.iter().zip(b.values()).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32;
    Matrix::new(a.rows(), 1, a.iter_rows().map(|row| dot(row) + bias).collect())
}

/// Partial sums that the source's weight gradients are cut in.
const PARTIAL_SUMS: usize = 8;
/// Products that a tensor core adds to its accumulator at a time.
const BLOCK: usize = 4;
/// Bits below the largest exponent that a tensor core keeps while it adds.
const KEPT_BITS: i32 = 24;

/// Computes A·B as the tensor cores did for weight gradients.
///
/// Operands are rounded to TF32. The inner index is cut in eight; in each part, blocks of four products are added to the accumulator: all five terms
/// are cut off 24 bits below the largest exponent among them, added exactly, and the sum cut off to f32. The eight sums
/// are added in order.
pub(super) fn tensor_core_product(a: &Matrix, b: &Matrix) -> Matrix {
    let (a, columns) = (a.map(tf32), b.map(tf32).transposed());
    let part = a.columns().div_ceil(PARTIAL_SUMS);
    let dot = |row: &[f32], column: &[f32]| {
        let parts = row.chunks(part).zip(column.chunks(part)).map(|(row, column)| {
            row.chunks(BLOCK).zip(column.chunks(BLOCK)).fold(0.0, |sum, (row, column)| add_block(sum, row, column))
        });
        parts.reduce(|sum, part| sum + part).unwrap_or_default()
    };
    let values = a.iter_rows().flat_map(|row| columns.iter_rows().map(move |column| dot(row, column))).collect();
    Matrix::new(a.rows(), columns.rows(), values)
}

/// Adds the products of `a` and `b` to `sum` in one step of a tensor core.
fn add_block(sum: f32, a: &[f32], b: &[f32]) -> f32 {
    let pairs = || a.iter().zip(b).filter(|(a, b)| **a != 0.0 && **b != 0.0);
    let largest = pairs().map(|(a, b)| exponent(*a) + exponent(*b)).chain((sum != 0.0).then(|| exponent(sum))).max();
    let Some(largest) = largest else { return 0.0 };
    let (up, down) = (power_of_two(KEPT_BITS - largest), power_of_two(largest - KEPT_BITS));
    let terms = pairs().map(|(a, b)| (f64::from(*a) * f64::from(*b) * up).trunc());
    toward_zero(((f64::from(sum) * up).trunc() + terms.sum::<f64>()) * down)
}

/// The exponent field of `x` as a power of two.
fn exponent(x: f32) -> i32 {
    i32::from((x.to_bits() >> 23) as u8) - 127
}

/// 2^n for |n| < 1023, exactly.
fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((1023 + i64::from(n)) as u64) << 52)
}

/// Rounds to f32 towards zero.
fn toward_zero(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest).abs() > x.abs() { f32::from_bits(nearest.to_bits() - 1) } else { nearest }
}

/// Sums each column: blocks of 16 rows, each one chain, then the blocks in order.
pub(super) fn block_sums(x: &Matrix) -> Vec<f32> {
    let mut total = vec![0.0f32; x.columns()];
    for block in x.values().chunks(16 * x.columns()) {
        for (total, sum) in total.iter_mut().zip(crate::kernels::reduce::column_sums(Isa::best(), block, x.columns())) {
            *total += sum;
        }
    }
    total
}

/// The mean as one block of 256 GPU threads computes it: terms times 1/n, one chain a thread, a tree over each 32
/// threads, then the groups in order.
pub(super) fn mean(terms: &[f32]) -> f32 {
    const THREADS: usize = 256;
    const WARP: usize = 32;
    let scale = (1.0 / terms.len() as f64) as f32;
    let mut sums = [0.0f32; THREADS];
    for chunk in terms.chunks(THREADS) {
        for (sum, term) in sums.iter_mut().zip(chunk) {
            *sum += term * scale;
        }
    }
    let mut total: Option<f32> = None;
    for warp in sums.chunks(WARP) {
        let mut level = warp.to_vec();
        while level.len() > 1 {
            level = level.chunks(2).map(|pair| pair[0] + pair[1]).collect();
        }
        total = Some(total.map_or(level[0], |total| total + level[0]));
    }
    total.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tf32_keeps_ten_bits() {
        assert_eq!(tf32(1.0), 1.0);
        assert_eq!(tf32(1.0 + 2.0f32 * f32::EPSILON), 1.0);
        let step = 1.0 / 1024.0;
        assert_eq!(tf32(1.0 + step), 1.0 + step);
        assert_eq!(tf32(1.0 + 0.5 * step), 1.0 + step);
        assert_eq!(tf32(-1.0 - 0.5 * step), -1.0 - step);
        assert_eq!(tf32(1.0 + 0.499 * step), 1.0);
    }

    #[test]
    fn a_block_cuts_off_what_is_far_below_its_largest_term() {
        assert_eq!(add_block(1.0, &[power_of_two(-20) as f32], &[1.0]), 1.0 + power_of_two(-20) as f32);
        assert_eq!(add_block(1.0, &[power_of_two(-25) as f32; 4], &[1.0; 4]), 1.0);
        assert_eq!(add_block(0.0, &[0.0; 4], &[1.0; 4]), 0.0);
    }

    #[test]
    fn the_mean_is_a_mean() {
        let terms: Vec<f32> = (0..640).map(|i| i as f32).collect();
        assert!((mean(&terms) - 319.5).abs() < 1e-3);
        assert_eq!(block_sums(&Matrix::new(640, 1, vec![1.0; 640])), [640.0]);
    }
}
