//! MNIST as it lies in `data/`: counts, sums and rows that another reader found.
#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

#[allow(dead_code, reason = "each test uses a part of it")]
mod support;

use common::data::mnist::{Images, N_PIXELS, PixelScale, SIDE};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

#[track_caller]
fn check(images: &Images, fixture: &Value, part: &str) {
    let number = |value: &Value| value.as_u64().unwrap();
    assert_eq!(images.len() as u64, number(&fixture[format!("{part}_images")]));
    let sum = |pixels: &[u8]| pixels.iter().map(|&x| u64::from(x)).sum::<u64>();
    let total: u64 = (0..images.len()).map(|image| sum(images.pixels(image))).sum();
    assert_eq!(total, number(&fixture[format!("{part}_pixel_sum")]));
    for (digit, count) in fixture[format!("{part}_label_counts")].as_array().unwrap().iter().enumerate() {
        assert_eq!(images.labels().iter().filter(|&&label| usize::from(label) == digit).count() as u64, number(count));
    }
    for image in fixture[format!("{part}_checks")].as_array().unwrap() {
        let index = number(&image["index"]) as usize;
        assert_eq!(images.label(index) as u64, number(&image["label"]));
        assert_eq!(sum(images.pixels(index)), number(&image["pixel_sum"]));
        let row: Vec<u64> = image["row14"].as_array().unwrap().iter().map(number).collect();
        let found: Vec<u64> = images.pixels(index)[14 * SIDE..][..SIDE].iter().map(|&x| u64::from(x)).collect();
        assert_eq!(found, row);
    }
}

#[test]
fn the_images_are_those_that_another_reader_finds() {
    let Some(fixture) = support::read::<Value>("data_metrics.json") else { return };
    let fixture = &fixture["mnist"];
    check(&Images::train(&data()).unwrap(), fixture, "train");
    check(&Images::test(&data()).unwrap(), fixture, "test");
}

#[test]
fn samples_are_the_images_asked_for_in_their_order() {
    let images = Images::test(&data()).unwrap();
    let samples = images.samples([9999, 0, 0], PixelScale::Unit);
    assert_eq!((samples.x.rows(), samples.x.columns()), (3, N_PIXELS));
    assert_eq!(samples.y.classes(), [6, 7, 7]);
    assert_eq!(samples.x.row(1), samples.x.row(2));
    let bright: Vec<f32> = images.pixels(9999).iter().map(|&x| f32::from(x) / 255.0).collect();
    assert_eq!(samples.x.row(0), bright);
}

#[test]
fn scales_round_where_their_sources_do() {
    for x in 0..=u8::MAX {
        let unit = PixelScale::Unit.apply(x);
        assert_eq!(unit, (f64::from(x) / 255.0) as f32);
        // x − 127.5 is exact, so one rounding remains.
        assert_eq!(PixelScale::Symmetric.apply(x), ((f64::from(x) - 127.5) / 127.5) as f32);
        assert_eq!(PixelScale::SymmetricFromUnit.apply(x), (unit - 0.5) * 2.0);
    }
    for scale in [PixelScale::Symmetric, PixelScale::SymmetricFromUnit] {
        assert_eq!((scale.apply(0), scale.apply(255)), (-1.0, 1.0));
    }
    let apart = (0..=u8::MAX).filter(|&x| PixelScale::Symmetric.apply(x) != PixelScale::SymmetricFromUnit.apply(x)).count();
    assert!(apart > 0, "one scale would do");
}
