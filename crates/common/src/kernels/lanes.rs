//! The layout of a batch of images: sixteen samples side by side.
//!
//! A batch of n samples of f features lies in ⌈n / 16⌉ groups. In a group the features follow each other, and each feature's sixteen
//! values, one per sample, are neighbours: feature j of sample s is at `((s / 16) * f + j) * 16 + s % 16`. Lanes past the last sample hold
//! zeros when they are made, and no kernel lets them touch a result.
//!
//! A kernel that does the same to every sample (convolution, pooling) then works on whole vectors whatever the size of the image, without
//! edges, shuffles or masks, on 4, 8 or 16 lanes of hardware alike.

use crate::machine::share_out;
use pulp::Simd;
use rayon::prelude::*;

/// Samples in a group.
pub const GROUP: usize = 16;
/// Features of a group that are moved together: their lines stay in the first cache.
const FEATURES_TOGETHER: usize = 64;
/// Values that a thread moves at least: a few microseconds.
const LEAST_VALUES: usize = 1 << 13;

/// Values that a batch of `samples` with `features` each takes in this layout.
#[must_use]
pub fn size(samples: usize, features: usize) -> usize {
    samples.div_ceil(GROUP) * features * GROUP
}

/// Lays `rows` (samples × `features`, row-major) out in groups.
///
/// # Panics
/// If `lanes` has not the [`size`] of the batch.
pub fn from_rows(rows: &[f32], features: usize, lanes: &mut [f32]) {
    assert_eq!(lanes.len(), size(samples(rows, features), features), "one group for every sixteen samples");
    if rows.is_empty() {
        return;
    }
    let group = features * GROUP;
    let groups = lanes.par_chunks_exact_mut(group).zip(rows.par_chunks(group));
    share_out(groups.with_min_len(LEAST_VALUES.div_ceil(group)), |(lanes, rows)| {
        if rows.len() < group {
            lanes.fill(0.0);
        }
        let (columns, _) = lanes.as_chunks_mut::<GROUP>();
        for (block, columns) in columns.chunks_mut(FEATURES_TOGETHER).enumerate() {
            for (lane, row) in rows.chunks_exact(features).enumerate() {
                for (column, x) in columns.iter_mut().zip(&row[block * FEATURES_TOGETHER..]) {
                    column[lane] = *x;
                }
            }
        }
    });
}

/// The same as a vector of its own.
#[must_use]
pub fn laid_out(rows: &[f32], features: usize) -> Vec<f32> {
    let mut lanes = vec![0.0; size(samples(rows, features), features)];
    from_rows(rows, features, &mut lanes);
    lanes
}

/// Gives the samples back as rows, without the lanes past the last one.
///
/// # Panics
/// If `lanes` has not the [`size`] of the batch.
pub fn to_rows(lanes: &[f32], features: usize, rows: &mut [f32]) {
    assert_eq!(lanes.len(), size(samples(rows, features), features), "one group for every sixteen samples");
    if rows.is_empty() {
        return;
    }
    let group = features * GROUP;
    let groups = lanes.par_chunks_exact(group).zip(rows.par_chunks_mut(group));
    share_out(groups.with_min_len(LEAST_VALUES.div_ceil(group)), |(lanes, rows)| {
        let (columns, _) = lanes.as_chunks::<GROUP>();
        for (block, columns) in columns.chunks(FEATURES_TOGETHER).enumerate() {
            for (lane, row) in rows.chunks_exact_mut(features).enumerate() {
                for (x, column) in row[block * FEATURES_TOGETHER..].iter_mut().zip(columns) {
                    *x = column[lane];
                }
            }
        }
    });
}

/// How many samples the rows are; none if they have no features.
fn samples(rows: &[f32], features: usize) -> usize {
    rows.len().checked_div(features).unwrap_or_default()
}

/// Vectors of `S` in a group's feature.
pub(crate) const fn vectors<S: Simd>() -> usize {
    GROUP / S::F32_LANES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were() {
        for samples in [1, 15, 16, 17, 40] {
            let rows: Vec<f32> = (0..samples * 3).map(|i| i as f32).collect();
            let mut lanes = vec![f32::NAN; size(samples, 3)];
            from_rows(&rows, 3, &mut lanes);
            assert_eq!(
                lanes[GROUP..][..samples.min(GROUP)].to_vec(),
                (0..samples.min(GROUP)).map(|s| rows[3 * s + 1]).collect::<Vec<_>>()
            );
            assert!(lanes.iter().all(|x| !x.is_nan()), "lanes without a sample are zero");
            let mut back = vec![f32::NAN; rows.len()];
            to_rows(&lanes, 3, &mut back);
            assert_eq!(back, rows);
        }
    }
}
