//! The generator of random numbers: what a seed and a name mean, for ever, and that the numbers are random enough.

use common::rng::Stream;
use proptest::prelude::*;

/// The first five draws of each kind from fresh streams; floats as their bits.
///
/// Computed by a separate implementation (Python: SHA-256, ChaCha8, the transforms as `common::rng` states them), so that they pin the
/// specification and not only the code.
struct Expected {
    seed: u64,
    name: &'static str,
    unit: [u32; 5],
    /// On [−2, 3).
    uniform: [u32; 5],
    /// Mean 1, deviation ½.
    normal: [u32; 5],
    /// Below 1000003.
    below: [u32; 5],
    /// Of twelve elements.
    permutation: [usize; 12],
}

const EXPECTED: [Expected; 4] = [
    Expected {
        seed: 0,
        name: "weights",
        unit: [0x3e1211dc, 0x3ee0b47a, 0x3e94cffe, 0x3e4ec7c8, 0x3f35a861],
        uniform: [0x3e470cc6, 0xbf7d8642, 0x4004c920, 0xbf6b1cc1, 0xbff7ea5b],
        normal: [0x3f5bc195, 0x3fa6a704, 0x3f9da457, 0x3f9ca419, 0x3fa8999f],
        below: [142646, 438878, 290650, 201934, 709602],
        permutation: [6, 9, 3, 0, 8, 10, 7, 5, 11, 2, 4, 1],
    },
    Expected {
        seed: 0,
        name: "shuffle",
        unit: [0x3f0c7cf2, 0x3f11bfc7, 0x3f230a4e, 0x3f3c22de, 0x3e8e692c],
        uniform: [0x3f58bee4, 0x3fd6572d, 0xbfaa0f31, 0xbfc4ec81, 0xbe8119af],
        normal: [0x3f9e9c11, 0x3f6e173a, 0x3f0fac9e, 0x3fde841f, 0x3f5941ff],
        below: [548783, 569334, 636877, 734909, 278146],
        permutation: [3, 7, 1, 4, 5, 8, 0, 2, 9, 10, 11, 6],
    },
    Expected {
        seed: 123456789012345,
        name: "weights",
        unit: [0x3c88da20, 0x3d7d3100, 0x3f61a180, 0x3e506c7c, 0x3f077719],
        uniform: [0xbfd87056, 0xbf7b7865, 0xbf1045c8, 0xbf23ae48, 0xbffd1863],
        normal: [0x3f07ed03, 0x3f6b35d7, 0x3effd7d8, 0x3fc91055, 0xbcd46f00],
        below: [16705, 61814, 881373, 203539, 529162],
        permutation: [5, 3, 10, 7, 9, 6, 2, 4, 1, 8, 11, 0],
    },
    Expected {
        seed: 123456789012345,
        name: "shuffle",
        unit: [0x3f4f7007, 0x3f0242a4, 0x3ed13c32, 0x3f266037, 0x3edc50d2],
        uniform: [0x3f0b4d38, 0x3f9ff08a, 0x401c30f0, 0x3fcd7b99, 0x3f1c2e2a],
        normal: [0x3f88411a, 0x3fa55cd3, 0x3fa234ee, 0x3fad2cab, 0x3f96c64f],
        below: [810305, 508830, 408663, 649907, 430305],
        permutation: [2, 11, 1, 0, 8, 7, 6, 3, 10, 4, 5, 9],
    },
];

/// Calls `draw` five times on a fresh stream.
fn five<T>(expected: &Expected, mut draw: impl FnMut(&mut Stream) -> T) -> [T; 5] {
    let mut stream = Stream::new(expected.seed, expected.name);
    [(); 5].map(|()| draw(&mut stream))
}

#[test]
fn seed_and_name_fix_every_draw() {
    for expected in &EXPECTED {
        let stream = format!("seed {}, {}", expected.seed, expected.name);
        assert_eq!(five(expected, |stream| stream.unit().to_bits()), expected.unit, "unit of {stream}");
        assert_eq!(five(expected, |stream| stream.uniform(-2.0, 3.0).to_bits()), expected.uniform, "uniform of {stream}");
        assert_eq!(five(expected, |stream| stream.normal(1.0, 0.5).to_bits()), expected.normal, "normal of {stream}");
        assert_eq!(five(expected, |stream| stream.below(1000003)), expected.below, "below of {stream}");
        assert_eq!(Stream::new(expected.seed, expected.name).permutation(12), expected.permutation, "permutation of {stream}");
    }
}

#[test]
fn several_draws_at_once_are_the_draws_one_by_one() {
    let stream = || Stream::new(5, "weights");
    let (mut normals, mut uniforms) = (stream(), stream());
    let one_by_one: Vec<f32> = (0..100).map(|_| normals.normal(-1.0, 2.0)).collect();
    assert_eq!(stream().normals(100, -1.0, 2.0), one_by_one);
    let one_by_one: Vec<f32> = (0..100).map(|_| uniforms.uniform(-1.0, 2.0)).collect();
    assert_eq!(stream().uniforms(100, -1.0, 2.0), one_by_one);
}

#[test]
fn a_stream_is_not_moved_by_draws_from_another() {
    let alone = Stream::new(3, "weights").normals(200, 0.0, 1.0);
    let (mut weights, mut shuffle) = (Stream::new(3, "weights"), Stream::new(3, "shuffle"));
    let between: Vec<f32> = (0..200)
        .map(|i| {
            shuffle.permutation(i % 7 + 1);
            weights.normal(0.0, 1.0)
        })
        .collect();
    assert_eq!(between, alone);
}

/// Correlation of two samples of the uniform distribution on [0, 1).
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - 0.5) * (f64::from(*b) - 0.5));
    12.0 * products.sum::<f64>() / a.len() as f64
}

#[test]
fn streams_of_other_seeds_and_names_are_not_correlated() {
    let draws = |seed, name| Stream::new(seed, name).uniforms(40_000, 0.0, 1.0);
    let streams = [(0, "weights"), (1, "weights"), (0, "shuffle"), (256, "weights"), (0, ""), (0, "weight"), (0, "weights ")];
    let streams = streams.map(|(seed, name)| draws(seed, name));
    for (i, a) in streams.iter().enumerate() {
        for (j, b) in streams.iter().enumerate().skip(i + 1) {
            // Four standard deviations.
            assert!(correlation(a, b).abs() < 0.02, "streams {i} and {j}: {}", correlation(a, b));
        }
        assert!(correlation(a, &a[1..]).abs() < 0.02, "stream {i} and its next draws");
    }
}

/// Mean, variance and mean fourth power of the deviations.
fn moments(x: &[f32]) -> [f64; 3] {
    let n = x.len() as f64;
    let mean = x.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    let squares = || x.iter().map(|x| (f64::from(*x) - mean) * (f64::from(*x) - mean));
    [mean, squares().sum::<f64>() / n, squares().map(|square| square * square).sum::<f64>() / n]
}

#[track_caller]
fn check_moments(x: &[f32], expected: [f64; 3]) {
    for (ours, expected) in moments(x).into_iter().zip(expected) {
        assert!((ours - expected).abs() < 0.02, "moments {:?}, expected {expected:?}", moments(x));
    }
}

#[test]
fn normal_draws_have_the_moments_and_tails_of_the_normal_distribution() {
    let z = Stream::new(7, "normal").normals(200_000, 0.0, 1.0);
    let [mean, variance, fourth] = moments(&z);
    assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.015 && (fourth - 3.0).abs() < 0.1, "{mean} {variance} {fourth}");
    for (limit, share) in [(1.0, 0.3173), (1.96, 0.0500), (3.0, 0.0027)] {
        let beyond = z.iter().filter(|z| z.abs() > limit).count() as f64 / z.len() as f64;
        assert!((beyond - share).abs() < 4.0 * (share / z.len() as f64).sqrt(), "{beyond} beyond {limit}, expected {share}");
    }
}

#[test]
fn normal_draws_are_scaled_and_moved_in_f32() {
    let z = Stream::new(8, "normal").normals(1000, 0.0, 1.0);
    let moved: Vec<f32> = z.iter().map(|z| 2.5 + 0.3 * z).collect();
    assert_eq!(Stream::new(8, "normal").normals(1000, 2.5, 0.3), moved);
}

#[test]
fn uniform_draws_fill_their_interval_evenly() {
    let x = Stream::new(9, "uniform").uniforms(100_000, -1.0, 1.0);
    check_moments(&x, [0.0, 1.0 / 3.0, 0.2]);
    let mut counts = [0u32; 20];
    for x in x {
        counts[((x + 1.0) * 10.0) as usize] += 1;
    }
    assert!(counts.iter().all(|count| (4700..5300).contains(count)), "{counts:?}");
}

#[test]
fn units_drawn_at_once_are_those_drawn_one_by_one() {
    for n in [0, 1, 63, 64, 255, 256, 257, 1000] {
        let (mut at_once, mut one_by_one) = (Stream::new(11, "units"), Stream::new(11, "units"));
        let mut units = vec![f32::NAN; n];
        // Begin within a block of the generator, and go on behind it.
        assert_eq!(at_once.unit(), one_by_one.unit());
        at_once.fill_units(&mut units);
        assert_eq!(units, (0..n).map(|_| one_by_one.unit()).collect::<Vec<_>>());
        assert_eq!(at_once.unit(), one_by_one.unit());
    }
}

#[test]
fn units_are_multiples_of_two_to_the_minus_24_fraction() {
    let mut stream = Stream::new(10, "unit");
    let units: Vec<f32> = (0..100_000).map(|_| stream.unit()).collect();
    assert!(units.iter().all(|u| (0.0..1.0).contains(u) && (u * 16777216.0).fract() == 0.0));
    assert!(units.iter().any(|u| (u * 8388608.0).fract() != 0.0), "the last of the 24 bits is never set");
    check_moments(&units, [0.5, 1.0 / 12.0, 1.0 / 80.0]);
}

#[test]
fn a_uniform_draw_that_would_round_to_the_open_end_stays_below_it() {
    // Between neighbouring floats half of all draws round up.
    for (low, high) in
        [(1.0, 1.0f32.next_up()), ((-1.0f32).next_down(), -1.0), (-f32::MIN_POSITIVE, 0.0), (16777215.0, 16777216.0)]
    {
        let mut stream = Stream::new(11, "uniform");
        for _ in 0..1000 {
            let x = stream.uniform(low, high);
            assert!(low <= x && x < high, "{x:e} is not in [{low:e}, {high:e})");
        }
    }
}

proptest! {
    #[test]
    fn uniform_draws_stay_in_their_interval(seed: u64, a in -1e30f32..1e30, b in prop_oneof![-1e30f32..1e30, -1f32..1.0]) {
        prop_assume!(a != b);
        let (low, high) = (a.min(b), a.max(b));
        for x in Stream::new(seed, "uniform").uniforms(100, low, high) {
            prop_assert!(low <= x && x < high, "{} is not in [{}, {})", x, low, high);
        }
    }

    #[test]
    fn draws_below_a_bound_are_below_it(seed: u64, bound in prop_oneof![1u32..20, 1u32..=u32::MAX]) {
        let mut stream = Stream::new(seed, "below");
        for _ in 0..100 {
            prop_assert!(stream.below(bound) < bound);
        }
    }

    #[test]
    fn permutations_hold_every_number_once(seed: u64, n in 0usize..300) {
        let mut order = Stream::new(seed, "shuffle").permutation(n);
        order.sort_unstable();
        prop_assert_eq!(order, (0..n).collect::<Vec<_>>());
    }
}

#[test]
fn draws_below_a_bound_are_even() {
    let mut stream = Stream::new(12, "below");
    let mut counts = [0u32; 7];
    (0..70_000).for_each(|_| counts[stream.below(7) as usize] += 1);
    assert!(counts.iter().all(|count| (9600..10400).contains(count)), "{counts:?}");
}

#[test]
fn every_permutation_of_four_is_as_likely() {
    let mut stream = Stream::new(13, "shuffle");
    let mut counts = std::collections::BTreeMap::new();
    (0..24_000).for_each(|_| *counts.entry(stream.permutation(4)).or_insert(0u32) += 1);
    assert_eq!(counts.len(), 24);
    assert!(counts.values().all(|count| (840..1160).contains(count)), "{counts:?}");
}
