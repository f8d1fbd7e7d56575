//! Where results may lie, and whose a results folder is.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../common/testing/binary.rs"]
mod binary;

use binary::{Bench, End, FAILURE};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Stdio,
};

const IRIS: &str = env!("CARGO_BIN_EXE_iris");

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").canonicalize().unwrap()
}

/// Trains for so many epochs, with results in `out`.
fn train(bench: &Bench, epochs: &str, out: &str) -> End {
    let mut command = bench.command(IRIS);
    command.args(["train", "--epochs", epochs, "--out", out, "--data-dir"]).arg(data());
    End::of(&command.output().unwrap())
}

#[test]
fn a_folder_may_have_any_name_and_be_a_link() {
    let bench = Bench::new();
    train(&bench, "2", "plain").succeeds();
    let expected = bench.files("plain");
    fs::create_dir(bench.path("elsewhere")).unwrap();
    symlink("elsewhere", bench.path("link")).unwrap();
    for out in ["with spaces", "#1 & 100%", "%20%s", "结果", "-dash", "'quoted\"", "link", "link/deeper"] {
        let mut command = bench.command(IRIS);
        command.args(["train", "--epochs", "2", &format!("--out={out}"), "--data-dir"]).arg(data());
        End::of(&command.output().unwrap()).succeeds();
        let found: Vec<_> = bench.files(out).into_iter().filter(|(name, _)| name.starts_with("iris/")).collect();
        assert!(found.into_iter().eq(expected.clone()), "{out}");
    }
    assert!(bench.path("link").is_symlink() && bench.path("elsewhere/deeper/iris/train/metrics.json").exists());
}

#[test]
fn a_second_run_on_a_folder_is_told_and_the_first_goes_on() {
    let bench = Bench::new();
    let mut command = bench.command(IRIS);
    command.args(["train", "--epochs", "1000000", "--log-every", "1", "--out", "results", "--data-dir"]).arg(data());
    let mut first = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(first.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told = "error: another run is writing its results to results/iris/train: \
                wait until it is over, or choose another folder with --out\n";
    train(&bench, "2", "results").fails(FAILURE, &[told]).silent();
    train(&bench, "2", "other").succeeds();
    first.kill().unwrap();
    first.wait().unwrap();
    train(&bench, "2", "results").succeeds();
    assert!(bench.files("results") == bench.files("other"));
}

#[test]
fn a_folder_that_may_not_be_written_to_is_named_with_the_cure() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("results/iris/train")).unwrap();
    let folder = bench.path("results/iris/train");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    // Who may write anywhere, as root may, is asked to do without.
    let mut command = if fs::write(folder.join("probe"), b"").is_ok() {
        fs::remove_file(folder.join("probe")).unwrap();
        let mut command = bench.command("setpriv");
        command.args(["--bounding-set=-dac_override", "--inh-caps=-dac_override", IRIS]);
        command
    } else {
        bench.command(IRIS)
    };
    let output = command.args(["train", "--epochs", "2", "--out", "results", "--data-dir"]).arg(data()).output();
    let Ok(output) = output else {
        return eprintln!("SKIPPED: the tests run as a user who may write anywhere, and setpriv is not there");
    };
    let cure = "error: cannot write results to results/iris/train: choose another folder with --out: ";
    End::of(&output).fails(FAILURE, &[cure, "denied"]).silent();
}
