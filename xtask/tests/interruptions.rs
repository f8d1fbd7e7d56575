//! A few of the kills and of the random command lines that `interrupt` and `fuzz-flags` can do by the thousand.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

use std::process::Command;

#[track_caller]
fn check(flags: &[&str], told: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(flags).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success() && stdout.contains(told), "{stdout}{stderr}");
}

#[test]
fn killed_runs_go_on_and_leave_what_unbroken_ones_do() {
    check(&["interrupt", "--kills", "6"], ", 0 faults, ");
}

#[test]
fn random_flags_give_results_or_messages() {
    check(&["fuzz-flags", "--runs", "100"], "100 runs, 0 faults, ");
}
