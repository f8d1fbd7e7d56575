//! A training run that is interrupted and taken up again prints, and leaves, what an uninterrupted one does.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../common/testing/binary.rs"]
mod binary;

use binary::{Bench, End, FAILURE};
use std::{fs, path::Path};

const MNIST: &str = env!("CARGO_BIN_EXE_mnist-mlp");
/// Where the state of the last whole epoch is kept.
const STATE: &str = "results/mnist-mlp/train/resume.safetensors";

/// A short training run with further flags.
fn train(flags: &[&str]) -> Vec<String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let short = ["train", "--images", "320", "--test-images", "100", "--log-every", "2", "--data-dir", data.to_str().unwrap()];
    short.iter().chain(flags).map(|&flag| flag.to_owned()).collect()
}

/// What so many epochs without an interruption print and leave.
fn uninterrupted(epochs: usize) -> (String, Bench) {
    let bench = Bench::new();
    let end = bench.run(MNIST, &train(&["--epochs", &epochs.to_string()]));
    end.succeeds();
    (end.stdout, bench)
}

#[track_caller]
fn same_as_uninterrupted(end: &End, bench: &Bench, epochs: usize) {
    let (stdout, whole) = uninterrupted(epochs);
    end.succeeds();
    assert_eq!(end.stdout, stdout);
    assert!(bench.files("results") == whole.files("results"), "a file differs");
}

#[test]
fn more_epochs_continue_a_finished_run() {
    let bench = Bench::new();
    bench.run(MNIST, &train(&["--epochs", "1"])).succeeds();
    same_as_uninterrupted(&bench.run(MNIST, &train(&["--epochs", "3", "--resume"])), &bench, 3);
}

#[test]
fn a_finished_run_is_told_again() {
    let (stdout, bench) = uninterrupted(3);
    let end = bench.run(MNIST, &train(&["--epochs", "3", "--resume"]));
    end.succeeds();
    assert_eq!(end.stdout, stdout);
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_goes_on_with_the_same_bits() {
    use std::{
        process::{Command, Stdio},
        time::{Duration, Instant},
    };

    let bench = Bench::new();
    // Epochs without end: the signal comes in the middle of one.
    let flags = train(&["--epochs", "1000000", "--out", "results"]);
    let child = bench.command(MNIST).args(flags).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (state, start) = (bench.path(STATE), Instant::now());
    while !state.exists() {
        assert!(start.elapsed() < Duration::from_secs(120), "no epoch was finished");
        std::thread::sleep(Duration::from_millis(1));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let end = End::of(&child.wait_with_output().unwrap());
    assert_eq!(end.code, Some(130), "{}", end.stderr);
    assert!(bench.results().iter().all(|name| !name.contains("partial")), "{:?}", bench.results());

    // The epochs that were over when the signal came are told again; one more is trained.
    let told = bench.run(MNIST, &train(&["--epochs", "1", "--resume"]));
    let epochs = told.succeeds().stdout.matches("[Evaluate]").count() + 1;
    let resumed = bench.run(MNIST, &train(&["--epochs", &epochs.to_string(), "--resume"]));
    same_as_uninterrupted(&resumed, &bench, epochs);
}

#[test]
fn a_state_that_is_missing_damaged_or_of_another_run_is_refused() {
    let bench = Bench::new();
    let cure = "there is no resume.safetensors of the interrupted run: leave out --resume to train from the start";
    bench.run(MNIST, &train(&["--resume"])).fails(FAILURE, &[cure]).silent();

    bench.run(MNIST, &train(&["--epochs", "1"])).succeeds();
    let other = bench.run(MNIST, &train(&["--epochs", "2", "--resume", "--lr", "0.002"]));
    other.fails(
        FAILURE,
        &["resume.safetensors", "--lr 0.001", "not with --lr 0.002", "train from the start, or use its settings"],
    );

    let bytes = fs::read(bench.path(STATE)).unwrap();
    bench.write(STATE, &bytes[..bytes.len() / 2]);
    bench
        .run(MNIST, &train(&["--resume"]))
        .fails(FAILURE, &["resume.safetensors is not a whole safetensors checkpoint: leave out --resume to train from the start"])
        .silent();
}
