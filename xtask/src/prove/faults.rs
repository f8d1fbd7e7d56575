//! Faults put in on purpose, each by a feature of `common`: the kernels' tests and the golden files must find them, and `compare` must
//! name where.

use super::{
    judge::Bench,
    platforms::chosen,
    programs::{Build, Programs},
};
use crate::{chapters, compare, root, say};
use anyhow::{Context, Result};
use std::{path::Path, process::ExitCode};

/// The features, and what each does.
const FAULTS: &[(&str, &str)] = &[
    ("fault-in-a-product", "the first two additions of each chain of a matrix product are swapped"),
    ("fault-in-exp", "the high part of ln 2 is off by one unit in the last of its 42 bits"),
];
/// A section that trains with soft-max and by small products.
const TRAINS: (&str, &str) = ("mnist-mlp", "train");

pub(super) fn run(out: &Path, workers: usize) -> Result<ExitCode> {
    let bench = Bench::new(chapters(), out.to_owned(), workers, &[])?;
    let native = chosen(&["native-2".to_owned()])[0];
    let sound = Programs::build(native, Build::default())?;
    let expected = out.join("sound");
    train(&sound, &expected)?;
    let mut is_found = true;
    for (feature, what) in FAULTS {
        say(&format!("== {feature}: {what}"));
        let target = root().join("target/faults");
        let faulty = Programs::build(native, Build { feature: Some(feature), folder: Some(&target) })?;
        let found = bench.judge(native, &faulty)?;
        let red = |count: super::table::Count| count.all - count.good;
        say(&format!(
            "  red: {} of {} kernels' tests, {} of {} goldens",
            red(found.tests),
            found.tests.all,
            red(found.goldens),
            found.goldens.all
        ));
        let folder = out.join(feature);
        train(&faulty, &folder)?;
        let difference = compare::difference(&results(&expected), &results(&folder))?;
        let named = difference.as_ref().map(|(epoch, tensor)| format!("epoch {epoch} (0: before training), tensor {tensor}"));
        say(&format!("  compare: {}", named.unwrap_or_else(|| "no difference".to_owned())));
        is_found &= red(found.tests) > 0 && red(found.goldens) > 0 && difference.is_some();
    }
    Ok(if is_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Trains the section that `compare` looks at; that a claim may not hold is no matter.
fn train(programs: &Programs, out: &Path) -> Result<()> {
    programs.section(TRAINS, &["--quick"], out)?.output().map(drop).context("cannot start a chapter's program")
}

fn results(out: &Path) -> std::path::PathBuf {
    out.join(TRAINS.0).join(TRAINS.1)
}
