//! The source's own random numbers: its generators against the recovered draws, its data set against the exact one.

mod support;

use common::{
    data::Samples,
    replay::{self, Draws},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use support::{Tensor, Tolerance, check, read};

#[derive(Deserialize)]
struct Generator {
    cases: Vec<Draw>,
}

/// One random call: the `call`-th since the seed was set.
#[derive(Deserialize)]
struct Draw {
    seed: u64,
    call: usize,
    size: usize,
    raw: Vec<u64>,
    normal_f32: Tensor,
    uniform_f32: Tensor,
}

fn calls() -> Vec<Draw> {
    let Some(Generator { cases }) = read("paddle_gpu_rng.json") else { return Vec::new() };
    assert!(!cases.is_empty(), "no draws");
    cases
}

#[test]
fn uniform_draws_are_the_sources_to_the_bit() {
    for Draw { seed, call, size, uniform_f32, .. } in calls() {
        assert_eq!(Draws::new(seed).uniform(call, size), uniform_f32.values(), "seed {seed}, call {call}");
    }
}

#[test]
fn uniform_draws_come_from_the_sources_states() {
    for Draw { seed, call, size, raw, .. } in calls() {
        let states: Vec<f64> = raw.iter().map(|&raw| raw as f64 / 2147483646.0).collect();
        let tolerance = Tolerance { relative: 6e-8, absolute: 0.0 };
        check(&format!("seed {seed}, call {call}"), &Draws::new(seed).uniform(call, size), &states, tolerance);
    }
}

#[test]
fn normal_draws_are_the_sources() {
    // The source's GPU computes the quantile in f32.
    let tolerance = Tolerance { relative: 2e-6, absolute: 0.0 };
    for Draw { seed, call, size, normal_f32, .. } in calls() {
        let ours = Draws::new(seed).normal(call, size, 0.0, 1.0);
        check(&format!("seed {seed}, call {call}"), &ours, &normal_f32.data, tolerance);
    }
}

#[test]
fn normal_draws_are_scaled_and_moved() {
    for Draw { seed, call, size, .. } in calls() {
        let standard = Draws::new(seed).normal(call, size, 0.0, 1.0);
        let moved: Vec<f32> = standard.iter().map(|z| z * 0.01 + 1.0).collect();
        assert_eq!(Draws::new(seed).normal(call, size, 1.0, 0.01), moved, "seed {seed}, call {call}");
    }
}

#[test]
fn permutations_are_the_sources() {
    let Some(permutations) = read::<BTreeMap<String, Vec<usize>>>("replay/paddle_permutations.json") else { return };
    assert!(!permutations.is_empty(), "no permutations");
    for (name, expected) in permutations {
        // seed102_n1000
        let (seed, n) = name.strip_prefix("seed").and_then(|rest| rest.split_once("_n")).expect("a seed and a number");
        let (seed, n) = (seed.parse().expect("a seed"), n.parse().expect("a number"));
        assert_eq!(replay::permutation(seed, n), expected, "{name}");
    }
}

#[derive(Deserialize)]
struct Moon1000 {
    x_dev: Tensor,
    y_dev: Tensor,
    x_test: Tensor,
    y_test: Tensor,
    cases: Vec<Training>,
}

#[derive(Deserialize)]
struct Training {
    x: Tensor,
    y: Tensor,
}

#[test]
fn moon1000_is_the_sources() {
    let Some(Moon1000 { x_dev, y_dev, x_test, y_test, cases }) = read("seed000_exact.json") else { return };
    let split = replay::moon1000();
    let Training { x, y } = &cases[0];
    check_samples("train", &split.train, x, y);
    check_samples("dev", &split.dev, &x_dev, &y_dev);
    check_samples("test", &split.test, &x_test, &y_test);
}

/// Coordinates within one rounding of the fixture's, whose half circles were computed in f32; labels equal.
#[track_caller]
fn check_samples(part: &str, ours: &Samples, x: &Tensor, y: &Tensor) {
    let expected = x.matrix();
    assert_eq!((ours.x.rows(), ours.x.columns()), (expected.rows(), expected.columns()), "{part}: size");
    check(part, ours.x.values(), &x.data, Tolerance { relative: 0.0, absolute: 3e-7 });
    let classes: Vec<usize> = y.values().iter().map(|&y| y as usize).collect();
    assert_eq!(ours.y.classes(), classes, "{part}: classes");
}

#[test]
fn moon1000_has_the_sources_class_counts() {
    let ones = replay::moon1000().parts().map(|(_, part)| part.y.classes().iter().sum::<usize>());
    assert_eq!(ones, [328, 78, 94]);
}
