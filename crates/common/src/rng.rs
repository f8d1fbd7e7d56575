//! Random numbers: ChaCha8, keyed by a seed and the name of a stream.
//!
//! Every purpose has a stream of its own (`"weights"`, `"moons"`, `"shuffle"`), so that a draw added in one place
//! moves nothing elsewhere. The transforms from bits to numbers are specified here and use exact operations only, so
//! that a seed means the same numbers on every machine.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use sha2::{Digest, Sha256};

/// A named stream of random numbers.
///
/// ```
/// use common::rng::Stream;
///
/// let mut weights = Stream::new(0, "weights");
/// let first = weights.normal(0.0, 1.0);
/// assert_eq!(first, Stream::new(0, "weights").normal(0.0, 1.0));
/// assert_ne!(first, Stream::new(1, "weights").normal(0.0, 1.0));
/// ```
#[derive(Debug, Clone)]
pub struct Stream {
    bits: ChaCha8Rng,
}

impl Stream {
    /// The stream `name` of `seed`. Its ChaCha8 key is the SHA-256 of the seed (eight bytes, little-endian) followed by
    /// the name.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        let key = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(name).finalize();
        Self { bits: ChaCha8Rng::from_seed(key.into()) }
    }

    /// A number drawn uniformly from the 2^24 multiples of 2^-24 in [0, 1).
    pub fn unit(&mut self) -> f32 {
        to_unit(self.bits.next_u32())
    }

    /// Fills `units` with the draws of [`Stream::unit`], all at once.
    pub fn fill_units(&mut self, units: &mut [f32]) {
        const BLOCK: usize = 256;
        let mut bytes = [0; 4 * BLOCK];
        for block in units.chunks_mut(BLOCK) {
            let bytes = &mut bytes[..4 * block.len()];
            self.bits.fill_bytes(bytes);
            for (unit, bytes) in block.iter_mut().zip(bytes.as_chunks().0) {
                *unit = to_unit(u32::from_le_bytes(*bytes));
            }
        }
    }

    /// A number drawn uniformly from [low, high): low + (high − low)·u, computed in f64 and rounded once to f32.
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        let u = (self.bits.next_u64() >> 11) as f64 / 9007199254740992.0;
        let (low, high) = (f64::from(low), f64::from(high));
        let x = (low + (high - low) * u) as f32;
        // Rounding may reach the open end.
        if f64::from(x) < high { x } else { (high as f32).next_down() }
    }

    /// A number drawn from the normal distribution with the given mean and standard deviation.
    ///
    /// mean + deviation·z, where z is half of a Box–Muller pair by Marsaglia's polar method in f64; z is rounded to f32
    /// first. Its logarithm is `libm::log`, one fixed sequence of IEEE operations.
    pub fn normal(&mut self, mean: f32, deviation: f32) -> f32 {
        loop {
            let [a, b] = [(); 2].map(|()| (self.bits.next_u64() >> 11) as f64 / 4503599627370496.0 - 1.0);
            let square = a * a + b * b;
            if square > 0.0 && square < 1.0 {
                let z = a * (-2.0 * libm::log(square) / square).sqrt();
                return mean + deviation * (z as f32);
            }
        }
    }

    /// A whole number drawn uniformly from 0 .. `bound`, without bias (Lemire's multiplication with rejection).
    ///
    /// # Panics
    /// If `bound` is zero.
    pub fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "a draw from nothing");
        let reject_below = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.bits.next_u32()) * u64::from(bound);
            if product as u32 >= reject_below {
                return (product >> 32) as u32;
            }
        }
    }

    /// A random order of 0 .. `n` (Fisher–Yates, from the last place down).
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            order.swap(last, self.below(last as u32 + 1) as usize);
        }
        order
    }

    /// `n` draws from the normal distribution.
    pub fn normals(&mut self, n: usize, mean: f32, deviation: f32) -> Vec<f32> {
        (0..n).map(|_| self.normal(mean, deviation)).collect()
    }

    /// `n` draws from [low, high).
    pub fn uniforms(&mut self, n: usize, low: f32, high: f32) -> Vec<f32> {
        (0..n).map(|_| self.uniform(low, high)).collect()
    }
}

/// The upper 24 bits as a fraction of 2^24.
fn to_unit(bits: u32) -> f32 {
    (bits >> 8) as f32 * (0.5 / 8388608.0)
}
