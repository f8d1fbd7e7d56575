//! Rows side by side, the order in which a register tile reads the weights of its channels.

use super::MAX_CHANNELS;

/// Writes up to [`MAX_CHANNELS`] rows of `length` values side by side: the first value of each, then the second of each, and so on.
pub(super) fn interleave(rows: &[f32], length: usize, to: &mut [f32]) {
    match rows.len() / length {
        MAX_CHANNELS => columns::<MAX_CHANNELS>(rows, length, to),
        3 => columns::<3>(rows, length, to),
        2 => columns::<2>(rows, length, to),
        _ => to.copy_from_slice(rows),
    }
}

/// The same for `N` rows, which the compiler turns into vectors.
fn columns<const N: usize>(rows: &[f32], length: usize, to: &mut [f32]) {
    let rows: [&[f32]; N] = std::array::from_fn(|n| &rows[n * length..][..length]);
    let (to, _) = to.as_chunks_mut::<N>();
    for (at, to) in to.iter_mut().enumerate().take(length) {
        *to = rows.map(|row| row[at]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_lies_together() {
        for rows in 1..=MAX_CHANNELS {
            let values: Vec<f32> = (0..5 * rows).map(|i| i as f32).collect();
            let mut columns = vec![-1.0; values.len()];
            interleave(&values, 5, &mut columns);
            let expected: Vec<f32> = (0..5).flat_map(|at| (0..rows).map(move |row| (row * 5 + at) as f32)).collect();
            assert_eq!(columns, expected, "{rows} rows");
        }
    }
}
