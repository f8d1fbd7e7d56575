//! Gradients by central differences in f64, and how close ours must be to them.

/// Half the distance of a central difference.
pub(crate) const H: f64 = 1e-6;
/// Largest error, relative to the largest entry of a gradient.
const TOLERANCE: f64 = 1e-5;

pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// The gradient of `f` at `x` by central differences.
pub(crate) fn differences(x: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let moved = |i: usize, by: f64| {
        let mut x = x.to_vec();
        x[i] += by;
        f(&x)
    };
    (0..x.len()).map(|i| (moved(i, H) - moved(i, -H)) / (2.0 * H)).collect()
}

#[track_caller]
pub(crate) fn check(what: &str, ours: &[f32], expected: &[f64]) {
    assert_eq!(ours.len(), expected.len(), "{what}: number of entries");
    let largest = expected.iter().fold(0.0f64, |largest, d| largest.max(d.abs()));
    assert!(largest > 0.0, "{what}: a gradient of zeros shows nothing");
    for (i, (&ours, expected)) in ours.iter().zip(expected).enumerate() {
        let gap = (f64::from(ours) - expected).abs();
        assert!(gap <= TOLERANCE * largest, "{what}, entry {i}: {ours} differs from {expected} (largest {largest})");
    }
}
