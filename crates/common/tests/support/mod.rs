//! Fixtures: where they are, how they are read, and how close is close enough.

use common::matrix::Matrix;
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The environment variable that names another folder of fixtures, of the same schema.
const OTHER_FOLDER: &str = "PARITY_FIXTURES";

/// A tensor as fixtures write it, row-major.
#[derive(Deserialize)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    dtype: String,
    pub(crate) data: Vec<f64>,
}

impl Tensor {
    /// The values in f32: exact, though they are printed with nine digits.
    pub(crate) fn values(&self) -> Vec<f32> {
        assert_eq!(self.data.len(), self.shape.iter().product::<usize>(), "a tensor of shape {:?}", self.shape);
        assert!(self.dtype == "f32" || self.dtype == "int", "expected f32 or int values, found {}", self.dtype);
        self.data.iter().map(|&value| value as f32).collect()
    }

    /// The values as a matrix: the first dimension counts its rows.
    pub(crate) fn matrix(&self) -> Matrix {
        let rows = self.shape[0];
        Matrix::new(rows, self.shape[1..].iter().product(), self.values())
    }
}

/// Reads a fixture file; nothing if another folder is asked for and does not have it.
#[track_caller]
pub(crate) fn read<T: DeserializeOwned>(file: &str) -> Option<T> {
    let (folder, ours) = folder();
    let path = folder.join(file);
    if !ours && !path.exists() {
        note(&format!("{}: no such fixture, skipped", path.display()));
        return None;
    }
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Tells whoever runs the tests what was not compared.
#[expect(clippy::print_stderr, reason = "tests have no other place for a note")]
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// The folder of the fixtures, and whether it is the one beside the tests.
fn folder() -> (PathBuf, bool) {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("tests are started by cargo"));
    let Some(other) = env::var_os(OTHER_FOLDER) else { return (package.join("tests/fixtures"), true) };
    // Cargo starts tests in the package's folder; a relative path was probably meant from the workspace's.
    let places = [package.as_path(), &package.join("../..")].map(|base| base.join(&other));
    let found = places.into_iter().find(|place| holds_json(place));
    (found.unwrap_or_else(|| panic!("{OTHER_FOLDER}={}: no folder of .json files", Path::new(&other).display())), false)
}

fn holds_json(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| entry.path().extension().is_some_and(|extension| extension == "json"))
}

/// How far a value may lie from the expected one: |ours − expected| ≤ relative · |expected| + absolute.
#[derive(Clone, Copy)]
pub(crate) struct Tolerance {
    pub(crate) relative: f64,
    pub(crate) absolute: f64,
}

/// Asserts that each value is as close to the expected one as the tolerance says.
#[track_caller]
pub(crate) fn check(what: &str, ours: &[f32], expected: &[f64], Tolerance { relative, absolute }: Tolerance) {
    assert_eq!(ours.len(), expected.len(), "{what}: number of values");
    for (i, (&ours, &expected)) in ours.iter().zip(expected).enumerate() {
        let (gap, allowed) = ((f64::from(ours) - expected).abs(), relative * expected.abs() + absolute);
        assert!(gap <= allowed, "{what}, entry {i}: {ours} differs from {expected} by {gap:e}, more than {allowed:e}");
    }
}
