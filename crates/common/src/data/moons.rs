//! The two moons: two interleaved half circles with noise, book section 3.1.1 and 4.2.1.

use crate::{
    data::{Labels, Samples, Split},
    matrix::Matrix,
    rng::Stream,
};

/// The two half circles without noise: first ⌊n/2⌋ points (cos t, sin t) of class 0, then the others
/// (1 − cos t, 0.5 − sin t) of class 1, t evenly spaced from 0 to π in each.
#[must_use]
pub fn half_circles(n: usize) -> Samples {
    let upper = n / 2;
    let arc = |count: usize| (0..count).map(move |i| std::f64::consts::PI * i as f64 / (count.max(2) - 1) as f64);
    let points =
        arc(upper).map(|t| (libm::cos(t), libm::sin(t))).chain(arc(n - upper).map(|t| (1.0 - libm::cos(t), 0.5 - libm::sin(t))));
    let x = points.flat_map(|(x1, x2)| [x1 as f32, x2 as f32]).collect();
    let y = (0..n).map(|i| if i < upper { 0.0 } else { 1.0 }).collect();
    Samples { x: Matrix::new(n, 2, x), y: Labels::Values(Matrix::new(n, 1, y)) }
}

/// `n` noisy moons in random order: the half circles, shuffled, then a draw from N(0, `noise`²) added to each coordinate.
///
/// Uses the streams `"moons order"` and `"moons noise"` of `seed`.
#[must_use]
pub fn moons(n: usize, noise: f32, seed: u64) -> Samples {
    let order = Stream::new(seed, "moons order").permutation(n);
    let mut samples = half_circles(n).select(&order);
    let mut noises = Stream::new(seed, "moons noise");
    for x in samples.x.values_mut() {
        *x += noises.normal(0.0, noise);
    }
    samples
}

/// Standard deviation of the noise on the book's moons.
pub const NOISE: f32 = 0.5;

/// The book's Moon1000: 1000 samples, noise 0.5, cut into 640 for training, 160 for development and 200 for the test.
#[must_use]
pub fn moon1000(noise: f32, seed: u64) -> Split {
    let samples = moons(1000, noise, seed);
    Split::new(&samples, &(0..1000).collect::<Vec<_>>(), 640, 160)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_circles_begin_and_end_where_they_should() {
        let samples = half_circles(10);
        assert_eq!(samples.x.row(0), [1.0, 0.0]);
        assert_eq!(samples.x.row(5), [0.0, 0.5]);
        assert!((samples.x.row(9)[0] - 2.0).abs() < 1e-6 && (samples.x.row(9)[1] - 0.5).abs() < 1e-6);
    }

    #[test]
    fn classes_are_balanced_and_shuffled() {
        let split = moon1000(0.5, 0);
        let ones: usize = split.parts().iter().map(|(_, part)| part.y.classes().iter().sum::<usize>()).sum();
        assert_eq!(ones, 500);
        assert_ne!(&split.train.y.classes()[..6], [0; 6]);
        assert_eq!(split.parts().map(|(_, part)| part.len()), [640, 160, 200]);
    }

    #[test]
    fn the_noise_has_the_stated_deviation() {
        let order = Stream::new(3, "moons order").permutation(1000);
        let clean = half_circles(1000).select(&order);
        let samples = moons(1000, 0.5, 3);
        let noises: Vec<f64> = samples.x.values().iter().zip(clean.x.values()).map(|(a, b)| f64::from(a - b)).collect();
        let (mean, deviation) = crate::kernels::reduce::mean_and_deviation(&noises);
        assert!(mean.abs() < 0.05 && (deviation - 0.5).abs() < 0.03, "{mean} {deviation}");
    }
}
