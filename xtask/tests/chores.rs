//! What the real `xtask` does with goldens that differ, sections that fail, and flags that make no sense. Each test has a small
//! workspace of its own: the top of a workspace is where `data/PROVENANCE.md` lies.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../crates/common/testing/binary.rs"]
mod binary;

use binary::{Bench, End, FAILURE, USAGE};
use std::{fs, path::Path};

const XTASK: &str = env!("CARGO_BIN_EXE_xtask");
/// A golden that the tests break.
const MOONS: &str = "snapshots/ch4-feedforward/moons.snap";

/// A workspace with the flowers and without goldens.
fn workspace() -> Bench {
    let flowers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/iris/iris.csv");
    let bench = Bench::new();
    bench.write("data/PROVENANCE.md", "");
    bench.write("data/iris/iris.csv", fs::read(flowers).unwrap());
    bench
}

/// Runs a chore in the workspace; flags are separated by spaces.
fn xtask(bench: &Bench, flags: &str) -> End {
    End::of(&bench.command(XTASK).env("CARGO_MANIFEST_DIR", bench.path("")).args(flags.split(' ')).output().unwrap())
}

/// A workspace with the goldens of the sections that match.
fn blessed(glob: &str) -> Bench {
    let bench = workspace();
    xtask(&bench, &format!("reproduce-all --bless --only {glob}")).succeeds();
    bench
}

/// The sections that a run tells of as they end, with their states, in alphabetical order.
fn told(end: &End) -> Vec<(String, String)> {
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let (state, path) = (words.next()?, words.next()?);
        let is_state = ["identical", "differs", "new", "blessed", "failed"].contains(&state);
        (is_state && path.contains('/')).then(|| (path.to_owned(), state.to_owned()))
    };
    let mut told: Vec<_> = end.stdout.lines().filter_map(row).collect();
    told.sort();
    told
}

#[track_caller]
fn check_told(end: &End, expected: &[(&str, &str)]) {
    let told = told(end);
    let told: Vec<(&str, &str)> = told.iter().map(|(path, state)| (path.as_str(), state.as_str())).collect();
    assert_eq!(told, expected, "{}", end.stdout);
}

/// The run went to its end and found fault: what it found is in its table.
#[track_caller]
fn finds_fault(end: &End, parts: &[&str]) {
    assert_eq!((end.code, end.stderr.as_str()), (Some(FAILURE), ""), "{}", end.stdout);
    for part in parts {
        assert!(end.stdout.contains(part), "expected \"{part}\", found: {}", end.stdout);
    }
}

#[test]
fn a_golden_broken_by_a_digit_is_told_with_its_line() {
    let bench = blessed("ch4-feedforward/moons");
    let golden = bench.text(MOONS);
    let broken = golden.replacen("640", "641", 1);
    bench.write(MOONS, &broken);
    let body = |text: &str| text.lines().skip(4).map(str::to_owned).collect::<Vec<_>>();
    let (old, new) = (body(&broken), body(&golden));
    let place = (0..old.len()).find(|&i| old[i] != new[i]).unwrap();

    let end = xtask(&bench, "reproduce-all --only */moons");
    let named = format!("line {}: expected \"{}\", found \"{}\"", place + 1, old[place], new[place]);
    finds_fault(&end, &[&named, "0 of 1 identical or blessed"]);
    check_told(&end, &[("ch4-feedforward/moons", "differs")]);
    assert_eq!(bench.text(MOONS), broken);
}

#[test]
fn a_golden_that_is_missing_is_told_as_new_and_not_made() {
    let bench = workspace();
    let end = xtask(&bench, "reproduce-all --only */moons");
    finds_fault(&end, &["no golden file yet: accept it with --bless"]);
    check_told(&end, &[("ch4-feedforward/moons", "new")]);
    assert!(!bench.path(MOONS).exists());
}

#[test]
fn a_golden_without_its_header_is_named() {
    let bench = workspace();
    bench.write(MOONS, "half a gol");
    let end = xtask(&bench, "reproduce-all --only */moons");
    finds_fault(&end, &["snapshots/ch4-feedforward/moons.snap has no insta header"]);
    check_told(&end, &[("ch4-feedforward/moons", "failed")]);
}

#[test]
fn blessing_shows_what_changes_and_the_next_run_is_identical() {
    let bench = blessed("ch4-feedforward/moons");
    let golden = bench.text(MOONS);
    let broken = golden.replacen("640", "641", 1);
    bench.write(MOONS, &broken);
    let end = xtask(&bench, "reproduce-all --bless --only */moons");
    let line = |text: &str| text.lines().find(|line| line.starts_with("train ")).unwrap().to_owned();
    let shown = format!("── ch4-feedforward/moons, from line 4\n-{}\n+{}\n", line(&broken), line(&golden));
    assert!(end.succeeds().stdout.contains(&shown), "expected {shown}, found: {}", end.stdout);
    assert_eq!(bench.text(MOONS), golden);
    let end = xtask(&bench, "reproduce-all --only */moons");
    check_told(end.succeeds(), &[("ch4-feedforward/moons", "identical")]);
}

#[test]
fn blessing_does_not_accept_a_claim_that_fails() {
    let bench = blessed("iris/explore");
    let golden = bench.text("snapshots/iris/explore.snap");
    let fewer: String = bench.text("data/iris/iris.csv").split_inclusive('\n').take(150).collect();
    bench.write("data/iris/iris.csv", fewer);
    let end = xtask(&bench, "reproduce-all --bless --only iris/explore");
    finds_fault(&end, &["the claim does not hold: each species has 50 flowers"]);
    assert_eq!(bench.text("snapshots/iris/explore.snap"), golden);
}

#[test]
fn a_section_that_fails_does_not_stop_the_others() {
    let bench = blessed("*r*/*ra*i*n* --skip */exploding* --skip */quadratic* --skip *.taped");
    fs::remove_file(bench.path("data/iris/iris.csv")).unwrap();
    let end = xtask(&bench, "reproduce-all --jobs 1 --only *r*/*ra*i*n* --skip */exploding* --skip */quadratic* --skip *.taped");
    finds_fault(&end, &["/data/iris/iris.csv: give the folder that holds iris/iris.csv with --data-dir", "3 of 5 identical"]);
    let gradients = ["", ".replay", ".seeds"].map(|edition| format!("ch4-feedforward/vanishing-gradient{edition}"));
    let [full, replay, seeds] = gradients.each_ref().map(|path| (path.as_str(), "identical"));
    check_told(&end, &[full, replay, seeds, ("iris/train", "failed"), ("iris/train.seeds", "failed")]);
    assert!(bench.text("results/iris/train/status.json").contains("\"failed\""));
    assert!(bench.text("results/ch4-feedforward/vanishing-gradient/status.json").contains("\"identical\""));
}

#[test]
fn a_section_reads_no_results_of_an_earlier_run() {
    let bench = blessed("iris/*");
    let model = "results/iris/train/best-model.safetensors";
    let trained = fs::read(bench.path(model)).unwrap();
    bench.write(model, "another model");
    let end = xtask(&bench, "reproduce-all --only iris/predict");
    check_told(end.succeeds(), &[("iris/predict", "identical")]);
    assert!(fs::read(bench.path(model)).unwrap() == trained);
}

#[track_caller]
fn check_usage(flags: &str, parts: &[&str]) {
    let bench = workspace();
    xtask(&bench, flags).fails(USAGE, parts).silent();
    assert!(!bench.path("results").exists());
}

#[test]
fn wrong_usage_is_named_and_leaves_nothing() {
    check_usage("reproduce", &["unrecognized subcommand 'reproduce'", "reproduce-all"]);
    for shard in ["0/2", "3/2", "1", "1/0", "a/b"] {
        check_usage(
            &format!("reproduce-all --shard {shard}"),
            &["--shard", shard, "expected i/n with i from 1 to n, such as 2/4"],
        );
    }
    check_usage("reproduce-all --jobs 0", &["--jobs", "expected a whole number of at least 1"]);
    check_usage(
        "reproduce-all --only iris",
        &["error: no section matches --only iris: expected crate/section, such as 'iris/*'"],
    );
    check_usage("reproduce-all --only iris/adam", &["no section matches --only iris/adam"]);
    check_usage("reproduce-all --only iris/explore --shard 2/2", &["error: --shard 2/2 is empty: there is 1 section to run\n"]);
    check_usage("compare results", &["<B>"]);
}

#[test]
fn parts_cover_every_section_once_and_make_one_site() {
    let bench = blessed("iris/*");
    let parts = [("1/2", "first"), ("2/2", "second")].map(|(part, folder)| {
        let end = xtask(&bench, &format!("reproduce-all --only iris/* --shard {part} --out {folder}"));
        told(end.succeeds())
    });
    let mut told = parts.concat();
    told.sort();
    let expected = ["iris/explore", "iris/predict", "iris/train", "iris/train.seeds", "iris/train.taped"];
    assert_eq!(told, expected.map(|path| (path.to_owned(), "identical".to_owned())));

    for (name, bytes) in bench.files("first").into_iter().chain(bench.files("second")) {
        bench.write(&format!("merged/{name}"), bytes);
    }
    // The texts of the pages are those of the real workspace.
    let end = End::of(&bench.command(XTASK).args(["site", "--no-programs", "merged"]).output().unwrap());
    assert_eq!(end.succeeds().stdout, "5 of 5 runs are identical with their golden files\nsite: merged/site/index.html\n");
    for index in ["merged/site/index.html", "merged/site/zh/index.html"] {
        assert!(bench.text(index).contains(" 5 / 5 "), "{index}");
        assert_eq!(bench.text(index).matches("iris/train.html\"").count(), 1, "{index}");
    }
    let page = bench.text("merged/site/zh/iris/train.html");
    assert!(page.contains("<math") && page.contains("figures/iris/train/curves.zh.svg") && page.contains("运行记录"), "{page}");
    assert!(bench.text("merged/site/figures/iris/train/curves.svg").starts_with("<svg"));
}

#[test]
fn a_site_over_nothing_or_damage_is_an_error() {
    let bench = blessed("*/moons");
    let end = xtask(&bench, "site elsewhere");
    end.fails(FAILURE, &["error: no results in elsewhere: run `cargo xtask reproduce-all` first\n"]).silent();
    bench.write("results/ch4-feedforward/moons/status.json", "{\"chapter\":");
    let named = "results/ch4-feedforward/moons/status.json is damaged: run the section again with `cargo xtask reproduce-all`";
    xtask(&bench, "site results").fails(FAILURE, &[named]).silent();
}

#[test]
fn a_results_folder_that_cannot_be_made_is_named() {
    let bench = workspace();
    bench.write("file", "mine");
    let end = xtask(&bench, "reproduce-all --only */moons --out file");
    end.fails(FAILURE, &["error: cannot write results to file: choose another folder with --out: "]).silent();
    assert_eq!(bench.text("file"), "mine");
}

#[test]
fn two_runs_are_compared_epoch_by_epoch() {
    let bench = workspace();
    let chapter = ch4_feedforward::chapter();
    let section = chapter.section("manual-mlp").unwrap();
    let run = |folder: &str, seed: u64, flags: &str| {
        let matches = section.command().try_get_matches_from(["manual-mlp"].into_iter().chain(flags.split(' '))).unwrap();
        let (data, results) = (bench.path("data"), bench.path(folder));
        let settings = common::lab::Settings {
            seed,
            data,
            results,
            echo: false,
            language: common::language::Language::English,
            strict: false,
        };
        chapter.run(section, &matches, settings).unwrap();
    };
    run("a", 0, "--epochs 5");
    run("same", 0, "--epochs 5");
    run("seed", 1, "--epochs 5");
    run("rate", 0, "--epochs 5 --lr 0.1");
    run("longer", 0, "--epochs 6");

    let end = xtask(&bench, "compare a same");
    assert_eq!(end.succeeds().stdout, "every parameter has the same bits before training and after every epoch\n");
    finds_fault(
        &xtask(&bench, "compare a seed"),
        &["the runs diverge at epoch 0 (0: before training), first in tensor ", " ulps"],
    );
    finds_fault(
        &xtask(&bench, "compare a rate"),
        &["the runs diverge at epoch 1 (0: before training), first in tensor ", " ulps"],
    );
    xtask(&bench, "compare a longer").fails(FAILURE, &["the runs agree for 5 epochs, then one goes on"]).silent();
}

#[test]
fn a_folder_without_a_trace_is_named() {
    let bench = workspace();
    bench.write("a/trace.txt", "0 w=1\n");
    bench.write("empty/trace.txt", "");
    for (flags, named) in [("a missing", "missing"), ("missing a", "missing"), ("a data", "data")] {
        let named = format!("error: cannot read {named}/trace.txt: name the results folder of a section that trains: ");
        xtask(&bench, &format!("compare {flags}")).fails(FAILURE, &[&named]).silent();
    }
    let end = xtask(&bench, "compare empty empty");
    end.fails(FAILURE, &["error: empty/trace.txt is empty: run the section again\n"]).silent();
}

#[test]
#[cfg(unix)]
fn a_reader_that_has_seen_enough_is_no_error() {
    let bench = blessed("*r*/*ra*i*n* --skip */exploding* --skip */quadratic* --skip *.taped");
    let mut reader = std::process::Command::new("true").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let closed = reader.stdin.take().unwrap();
    reader.wait().unwrap();
    let flags =
        ["reproduce-all", "--only", "*r*/*ra*i*n*", "--skip", "*/exploding*", "--skip", "*/quadratic*", "--skip", "*.taped"];
    let output = bench.command(XTASK).env("CARGO_MANIFEST_DIR", bench.path("")).args(flags).stdout(closed).output().unwrap();
    End::of(&output).succeeds();
    assert!(bench.text("results/iris/train/status.json").contains("\"identical\""));
}
