//! Runs of several arms that were interrupted go on with the same bits.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../common/testing/binary.rs"]
mod binary;

use binary::{Bench, End, FAILURE};
use std::{collections::BTreeMap, path::Path};

const CH7: &str = env!("CARGO_BIN_EXE_ch7-optimization");
/// Two arms on a few images.
const ARMS: &[&str] =
    &["batch-size", "--batch-sizes", "16,32", "--lrs", "0.01,0.02", "--images", "320", "--test-images", "100", "--epochs"];
/// An optimiser that remembers, moving averages, a stream of orders, tests between the epochs.
const NORMALIZED: &[&str] =
    &["batch-norm-mnist", "--images", "200", "--test-images", "50", "--batch-size", "20", "--evaluate-every", "4", "--epochs"];

fn run(bench: &Bench, section: &[&str], epochs: &str, more: &[&str]) -> End {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let flags = [section, &[epochs, "--data-dir", data.to_str().unwrap()], more].concat();
    bench.run(CH7, &flags)
}

/// What an uninterrupted run prints and leaves.
fn whole(section: &[&str], epochs: &str) -> (String, BTreeMap<String, Vec<u8>>) {
    let bench = Bench::new();
    let end = run(&bench, section, epochs, &[]);
    (end.succeeds().stdout.clone(), bench.files("results"))
}

#[track_caller]
fn check_going_on(section: &[&str]) {
    let (stdout, files) = whole(section, "3");
    let bench = Bench::new();
    run(&bench, section, "1", &[]).succeeds();
    let end = run(&bench, section, "3", &["--resume"]);
    assert_eq!(end.succeeds().stdout, stdout);
    assert!(stdout.contains("[Fingerprint]") && bench.files("results") == files);
    // Nothing is left to do, and the transcript is the same once more.
    assert_eq!(run(&bench, section, "3", &["--resume"]).succeeds().stdout, stdout);
}

#[test]
fn a_resumed_run_has_the_transcript_and_files_of_a_whole_one() {
    check_going_on(ARMS);
    check_going_on(NORMALIZED);
}

#[test]
fn an_arm_without_a_checkpoint_begins_anew() {
    let (stdout, files) = whole(ARMS, "2");
    let bench = Bench::new();
    run(&bench, ARMS, "2", &[]).succeeds();
    std::fs::remove_file(bench.path("results/ch7-optimization/batch-size/resume-batch-32-lr-0.02.safetensors")).unwrap();
    assert_eq!(run(&bench, ARMS, "2", &["--resume"]).succeeds().stdout, stdout);
    assert!(bench.files("results") == files);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |threads| {
        let bench = Bench::new();
        let end = run(&bench, ARMS, "1", &["--threads", threads]);
        (end.succeeds().stdout.clone(), bench.files("results"))
    };
    let [one, two, five] = ["1", "2", "5"].map(run);
    assert!(one == two && one == five);
}

#[test]
fn what_is_no_checkpoint_of_this_run_is_named_with_the_cure() {
    let bench = Bench::new();
    let first = "results/ch7-optimization/batch-size/resume-batch-16-lr-0.01.safetensors";
    let missing = format!("there is no {first}: leave out --resume to train from the start\n");
    run(&bench, ARMS, "2", &["--resume"]).fails(FAILURE, &[&missing]).silent();

    run(&bench, ARMS, "2", &[]).succeeds();
    let other = run(&bench, ARMS, "2", &["--resume", "--seed", "1"]);
    other.fails(FAILURE, &["of the interrupted run: it was saved by a run with", "train from the start, or use its settings"]);
    let fewer = run(&bench, ARMS, "1", &["--resume"]);
    fewer.fails(FAILURE, &["it has trained for 2 epochs, more than 1: ask for at least 2 with --epochs"]).silent();

    let saved = std::fs::read(bench.path(first)).unwrap();
    for length in [0, 7, saved.len() / 2, saved.len() - 1] {
        bench.write(first, &saved[..length]);
        let damaged = format!("{first} is not a whole safetensors checkpoint: leave out --resume to train from the start: ");
        run(&bench, ARMS, "2", &["--resume"]).fails(FAILURE, &[&damaged]).silent();
    }
}

#[cfg(unix)]
#[test]
fn a_run_stopped_by_a_signal_goes_on() {
    use std::{process::Command, process::Stdio, thread, time::Duration};
    let (stdout, _) = whole(ARMS, "40");
    let bench = Bench::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let mut command = bench.command(CH7);
    command.args(ARMS).args(["40", "--out", "results", "--data-dir"]).arg(data);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let first = bench.path("results/ch7-optimization/batch-size/resume-batch-16-lr-0.01.safetensors");
    while !first.exists() && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    // The run may have ended by itself: then there is nothing to interrupt, and the rest holds all the same.
    let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).stderr(Stdio::null()).status().unwrap();
    child.wait().unwrap();
    assert_eq!(run(&bench, ARMS, "40", &["--resume"]).succeeds().stdout, stdout);
}

/// On a disk in a name space of its own that becomes larger when it is full.
#[cfg(target_os = "linux")]
#[test]
fn a_run_that_filled_the_disk_goes_on_when_there_is_room() {
    let (stdout, files) = whole(ARMS, "3");
    let bench = Bench::new();
    std::fs::create_dir(bench.path("disk")).unwrap();
    // Two checkpoints of 250 kB each fit, a third beside them does not.
    let script = "mount -t tmpfs -o size=540k none disk || exit 77; \"$@\" >/dev/null && exit 78; find disk -name '*.partial' >&2; \
                  mount -o remount,size=8m disk || exit 77; \"$@\" --resume; code=$?; cp -r disk copy; exit $code";
    let mut unshare = bench.command("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", CH7]).args(ARMS);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let end = unshare.args(["3", "--out", "disk", "--data-dir"]).arg(data).output().map(|output| End::of(&output));
    let Some(end) = end.ok().filter(|end| end.code != Some(77) && !end.stderr.starts_with("unshare")) else {
        return eprintln!("SKIPPED: this machine does not let us mount a small disk");
    };
    assert_eq!((end.code, &end.stdout), (Some(0), &stdout), "{}", end.stderr);
    assert!(end.stderr.contains("No space left on device") && !end.stderr.contains("\ndisk"), "{}", end.stderr);
    assert!(bench.files("copy") == files);
}

/// A rename whose bytes are not on the disk yet leaves an empty checkpoint after a power cut.
#[cfg(target_os = "linux")]
#[test]
fn a_checkpoint_is_on_the_disk_before_its_name_is() {
    use std::process::Command;
    let bench = Bench::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let mut traced = Command::new("strace");
    traced.current_dir(bench.path("")).args(["-f", "-y", "-o", "calls", "-e", "trace=fsync,rename,renameat,renameat2", CH7]);
    traced.args(ARMS).args(["1", "--quiet", "--out", "results", "--data-dir"]).arg(data);
    if !traced.status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: strace is not there or may not trace: apt-get install strace");
        return;
    }
    let calls = bench.text("calls");
    let calls: Vec<&str> = calls.lines().collect();
    let renames: Vec<usize> =
        (0..calls.len()).filter(|&i| calls[i].contains(" rename") && calls[i].contains("resume-")).collect();
    assert!(!renames.is_empty(), "no checkpoint was renamed:\n{}", calls.join("\n"));
    for i in renames {
        // Threads take turns in the list, and a call that lasts stands there twice: begun and resumed.
        let thread = calls[i].split_whitespace().next();
        let of_thread = |call: &&&str| call.split_whitespace().next() == thread && !call.contains("resumed>");
        let before = calls[..i].iter().rev().find(of_thread);
        let after = calls[i + 1..].iter().find(of_thread);
        assert!(
            before.is_some_and(|call| call.contains("fsync(") && call.contains(".partial>")),
            "not synced before: {}",
            calls[i]
        );
        assert!(
            after.is_some_and(|call| call.contains("fsync(") && call.contains("/batch-size>")),
            "folder not synced after: {}",
            calls[i]
        );
    }
}
