//! Sums, norms and other reductions.
//!
//! Contract: sixteen lanes, whatever the hardware's width. Element i goes to lane i mod 16, each lane is one chain in
//! increasing index order from zero, and the lanes are added as a tree: l + (l + 8), then + 4, + 2, + 1.
//! Bound: memory; compilers turn the lane loop into vector additions by themselves.

use crate::kernels::{View, isa::Isa, matmul};

const LANES: usize = 16;

/// Adds up the lanes as the contract's tree.
#[inline(always)]
pub(crate) fn tree<T: Copy + std::ops::Add<Output = T>>(mut lanes: [T; LANES]) -> T {
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = lanes[lane] + lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// Sums `x` in the contract's order, in f64.
#[must_use]
pub fn sum(x: &[f32]) -> f64 {
    let mut sum = Sum::default();
    sum.add(x);
    sum.total()
}

/// A [`sum`] of numbers that come block by block. Every block but the last must have a multiple of sixteen entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    lanes: [f64; LANES],
}

impl Sum {
    /// Adds the entries of a block.
    #[inline(always)]
    pub fn add(&mut self, block: &[f32]) {
        let (chunks, rest) = block.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, &x) in self.lanes.iter_mut().zip(chunk) {
                *lane += f64::from(x);
            }
        }
        for (lane, &x) in self.lanes.iter_mut().zip(rest) {
            *lane += f64::from(x);
        }
    }

    /// The sum of all blocks.
    #[must_use]
    pub fn total(self) -> f64 {
        tree(self.lanes)
    }
}

/// Σx², its squares and their sum in f64.
#[must_use]
pub fn sum_of_squares(x: &[f32]) -> f64 {
    let mut lanes = [0.0f64; LANES];
    for chunk in x.chunks(LANES) {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            // Exact: the square of an f32 fits an f64.
            *lane += f64::from(x) * f64::from(x);
        }
    }
    tree(lanes)
}

/// L2 norm √Σx², in f64 before it is rounded, so that norms down to 1e-38 keep all their digits.
#[must_use]
pub fn norm(x: &[f32]) -> f32 {
    sum_of_squares(x).sqrt() as f32
}

/// Mean and standard deviation (dividing by n) of `x` in f64; for tables over seeds.
#[must_use]
pub fn mean_and_deviation(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

/// Sums each column of the row-major `x` (rows × `columns`) as one chain over the rows: the product 1ᵀ·X.
#[must_use]
pub fn column_sums(isa: Isa, x: &[f32], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    column_sums_into(isa, x, &mut sums);
    sums
}

/// [`column_sums`] of as many columns as `sums` has entries.
pub fn column_sums_into(isa: Isa, x: &[f32], sums: &mut [f32]) {
    let columns = sums.len();
    let rows = x.len().checked_div(columns).unwrap_or_default();
    matmul(isa, View::ones(rows), View::new(x, rows, columns), None, sums);
}

/// Index of the largest value; the first one of several equals.
///
/// # Panics
/// If `x` is empty.
#[must_use]
pub fn argmax(x: &[f32]) -> usize {
    assert!(!x.is_empty(), "argmax of nothing");
    (1..x.len()).fold(0, |best, i| if x[i] > x[best] { i } else { best })
}

/// The largest |aᵢ − bᵢ|.
#[must_use]
pub fn largest_gap(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Whether two slices have the same bits.
#[must_use]
pub fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|x| x.to_bits()).eq(b.iter().map(|x| x.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract, element by element.
    fn reference_sum(x: &[f32]) -> f64 {
        let mut l = [0.0f64; 16];
        for i in 0..x.len() {
            l[i % 16] += f64::from(x[i]);
        }
        let pairs = |a: &[f64]| -> Vec<f64> { (0..a.len() / 2).map(|i| a[i] + a[i + a.len() / 2]).collect() };
        pairs(&pairs(&pairs(&pairs(&l))))[0]
    }

    #[test]
    fn sums_have_the_bits_of_the_reference() {
        let mut stream = crate::rng::Stream::new(1, "reduce");
        for n in (0..70).chain([640, 1000]) {
            let x: Vec<f32> = (0..n).map(|_| stream.normal(0.0, 1e3)).collect();
            assert_eq!(sum(&x).to_bits(), reference_sum(&x).to_bits(), "{n} values");
        }
    }

    #[test]
    fn norms_of_tiny_values_keep_their_digits() {
        assert_eq!(norm(&[3e-30, 4e-30]), 5e-30);
        assert_eq!(norm(&[0.0; 7]), 0.0);
    }

    #[test]
    fn the_first_of_equal_maxima_wins() {
        assert_eq!(argmax(&[1.0, 1.0, 0.0]), 0);
        assert_eq!(argmax(&[0.0, 2.0, 2.0]), 1);
        assert_eq!(argmax(&[-1.0, -1.0]), 0);
    }

    #[test]
    fn columns_are_summed_down_the_rows() {
        assert_eq!(column_sums(Isa::best(), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [5.0, 7.0, 9.0]);
    }
}
