//! What the real binary does with flags that make no sense, folders that cannot be written to, and readers that go away.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../common/testing/binary.rs"]
mod binary;

use binary::{Bench, End, FAILURE, USAGE};
use std::fs;

const CH4: &str = env!("CARGO_BIN_EXE_ch4-feedforward");
/// A run that trains, in a few milliseconds.
const SHORT: [&str; 3] = ["manual-mlp", "--epochs", "20"];
/// What a run that trains leaves.
const FILES: [&str; 14] = [
    "best-model.safetensors",
    "curves.svg",
    "curves.zh.svg",
    "fc1.safetensors",
    "fc2.safetensors",
    "metrics.json",
    "metrics.zh.json",
    "network.svg",
    "network.zh.svg",
    "regions.svg",
    "regions.zh.svg",
    "trace.txt",
    "transcript.txt",
    "transcript.zh.txt",
];
/// What it leaves when its figures cannot be written.
const NO_FIGURES: [&str; 5] = ["metrics.json", "metrics.zh.json", "trace.txt", "transcript.txt", "transcript.zh.txt"];

fn short<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    SHORT.iter().chain(flags).copied().collect()
}

fn result(name: &str) -> String {
    format!("ch4-feedforward/manual-mlp/{name}")
}

#[track_caller]
fn check_usage(flags: &str, parts: &[&str]) {
    let bench = Bench::new();
    let flags: Vec<&str> = flags.split(' ').collect();
    bench.run(CH4, &flags).fails(USAGE, parts).silent();
    assert_eq!(bench.results(), [""; 0]);
}

#[test]
fn wrong_usage_is_named_and_leaves_nothing() {
    check_usage("adam", &["unrecognized subcommand 'adam'"]);
    check_usage("moon", &["unrecognized subcommand 'moon'", "'moons'"]);
    check_usage("--sed 1 moons", &["--sed", "--seed"]);
    check_usage("moons --lr 0.1", &["unexpected argument '--lr'"]);
    check_usage("moons extra", &["unexpected argument 'extra'"]);
    check_usage("moons --noise", &["--noise"]);
    check_usage("manual-mlp --lr 0.1 --lr 0.2", &["--lr", "multiple times"]);
}

#[test]
fn hyper_parameters_that_make_no_sense_are_refused() {
    for section in ["manual-mlp", "autograd-mlp", "vanishing-gradient", "dying-relu"] {
        for lr in ["0", "-0.1", "-1", "NaN", "inf", "1e39", "fast"] {
            check_usage(&format!("{section} --lr {lr}"), &[&format!("'{lr}'"), "--lr <LR>", "expected a number greater than 0"]);
        }
        for n in ["0", "-1", "1.5", "ten", "99999999999999999999"] {
            let parts = [&format!("'{n}'")[..], "--seeds", "expected a whole number from 1 to 10000"];
            check_usage(&format!("{section} --seeds {n}"), &parts);
        }
        check_usage(&format!("{section} --replay --seeds 2"), &["--replay", "--seeds", "cannot be used with"]);
    }
    for n in ["0", "-5", "many"] {
        check_usage(
            &format!("manual-mlp --epochs {n}"),
            &[&format!("'{n}'"), "--epochs", "expected a whole number from 1 to 1000000"],
        );
        check_usage(
            &format!("autograd-mlp --log-every {n}"),
            &[&format!("'{n}'"), "--log-every", "expected a whole number of at least 1"],
        );
    }
    for noise in ["-1", "NaN", "inf"] {
        check_usage(&format!("moons --noise {noise}"), &[&format!("'{noise}'"), "--noise", "expected a number of at least 0"]);
    }
    for bias in ["NaN", "inf", "one"] {
        check_usage(&format!("vanishing-gradient --bias {bias}"), &[&format!("'{bias}'"), "--bias", "expected a finite number"]);
    }
    for hidden in ["0", "1000000000000", "18446744073709551615"] {
        check_usage(&format!("manual-mlp --hidden {hidden}"), &["--hidden", "expected a whole number from 1 to 2000"]);
    }
    for n in ["0", "-1", "1e4", "1000000000000"] {
        check_usage(&format!("init-histograms --samples {n}"), &["--samples", "expected a whole number from 1 to 1000000"]);
        check_usage(&format!("init-histograms --bins {n}"), &["--bins", "expected a whole number from 1 to 1000"]);
    }
    check_usage("zero-init --epochs 0", &["'0'", "--epochs", "expected a whole number from 1 to 1000000"]);
    check_usage("dying-relu --alpha 0", &["'0'", "--alpha", "expected a number greater than 0"]);
    check_usage("manual-mlp --replay --hidden 3", &["--replay", "--hidden"]);
    for hidden in ["0", "5-0", "5--3", "1001", "five"] {
        let parts = [&format!("'{hidden}'")[..], "--hidden", "expected a whole number from 1 to 1000"];
        check_usage(&format!("hidden-layers --hidden {hidden}"), &parts);
    }
    check_usage("universal-approximation --towers 5,0", &["'0'", "--towers", "expected a whole number from 1 to 10000"]);
    check_usage("exploding-gradient --max-norm 0", &["'0'", "--max-norm", "expected a number greater than 0"]);
}

#[test]
fn shared_flags_that_make_no_sense_are_refused() {
    for n in ["0", "-1", "1000000", "two"] {
        check_usage(&format!("moons --threads {n}"), &[&format!("'{n}'"), "--threads", "expected a whole number from 1 to 1024"]);
    }
    for seed in ["-1", "1.5", "18446744073709551616"] {
        check_usage(&format!("moons --seed {seed}"), &[&format!("'{seed}'"), "--seed"]);
    }
    check_usage("moons --quiet --json", &["--quiet", "--json", "cannot be used with"]);
    check_usage("manual-mlp --quick --epochs 3", &["--quick chooses the hyper-parameters itself: leave out --quick or --epochs"]);
    let largest = u64::MAX;
    for section in ["manual-mlp", "autograd-mlp", "vanishing-gradient", "dying-relu"] {
        let parts = [&format!("--seed {largest} with --seeds 2 goes past the largest seed {largest}: choose a smaller seed")[..]];
        check_usage(&format!("{section} --seed {largest} --seeds 2"), &parts);
    }
    Bench::new().run(CH4, &["moons", "--seed", &largest.to_string()]).succeeds();
}

#[test]
fn no_section_at_all_shows_the_help() {
    let end = End::of(&Bench::new().command(CH4).output().unwrap());
    assert_eq!((end.code, end.stdout.as_str()), (Some(USAGE), ""));
    assert!(end.stderr.starts_with("Chapter 4: feed-forward neural networks\n\nUsage: ch4-feedforward"), "{}", end.stderr);
    assert!(end.stderr.contains("cargo run -p ch4-feedforward -- neuron"), "{}", end.stderr);
}

#[test]
fn a_results_folder_that_cannot_be_made_is_named() {
    let bench = Bench::new();
    bench.write("file", "mine");
    let mut places = vec!["file", "file/below"];
    if cfg!(target_os = "linux") {
        // Not even root can make these.
        places.extend(["/proc/results", "/dev/full/results", "/sys/results"]);
    }
    for place in places {
        let end = End::of(&bench.command(CH4).args(SHORT).args(["--out", place]).output().unwrap());
        let named = format!("cannot write results to {place}/ch4-feedforward/manual-mlp: choose another folder with --out: ");
        end.fails(FAILURE, &[&named]).silent();
    }
    assert_eq!(bench.files("").into_iter().collect::<Vec<_>>(), [("file".to_owned(), b"mine".to_vec())]);
}

#[test]
fn a_file_that_cannot_be_put_in_place_is_named_and_the_others_are_kept() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path(&format!("results/{}", result("curves.svg")))).unwrap();
    bench.run(CH4, &SHORT).fails(FAILURE, &["cannot write results/ch4-feedforward/manual-mlp/curves.svg: "]);
    assert_eq!(bench.results(), NO_FIGURES.map(result));
}

#[test]
fn a_run_that_fails_at_once_leaves_earlier_results_alone() {
    let bench = Bench::new();
    bench.run(CH4, &SHORT).succeeds();
    let before = bench.files("results");
    let largest = u64::MAX.to_string();
    bench.run(CH4, &short(&["--seed", &largest, "--seeds", "2"])).fails(USAGE, &["--seed"]).silent();
    assert_eq!(bench.files("results"), before);
}

#[test]
fn numbers_that_are_none_are_named_in_tables() {
    for (flags, name) in [
        ("exploding-gradient --layers 38 --width 32 --steps 3", "not finite"),
        ("dying-relu --weight-sd 1e-13 --bias=-5e15", "undefined"),
        ("vanishing-gradient --bias 7.5e9", "undefined"),
    ] {
        let end = Bench::new().run(CH4, &flags.split(' ').collect::<Vec<_>>());
        let stdout = &end.succeeds().stdout;
        assert!(stdout.contains(name) && !stdout.contains("NaN"), "{flags}: {stdout}");
    }
}

#[test]
fn norms_that_are_not_finite_are_not_drawn() {
    let bench = Bench::new();
    let end = bench.run(CH4, &["vanishing-gradient", "--weight-sd", "3e38"]);
    end.fails(FAILURE, &["the norm of layer 1 with ", "choose a smaller --weight-sd or --bias"]).silent();
    assert_eq!(bench.results(), [""; 0]);
}

#[test]
fn the_transcript_is_what_was_printed() {
    let bench = Bench::new();
    let end = bench.run(CH4, &SHORT);
    end.succeeds();
    assert_eq!(end.stdout, bench.text("results/ch4-feedforward/manual-mlp/transcript.txt"));
    assert_eq!(bench.results(), FILES.map(result));
}

#[test]
fn quiet_runs_print_nothing_and_write_the_same_files() {
    let (loud, quiet) = (Bench::new(), Bench::new());
    loud.run(CH4, &SHORT).succeeds();
    quiet.run(CH4, &short(&["--quiet"])).succeeds().silent();
    assert!(loud.files("results") == quiet.files("results"));
}

#[test]
fn json_is_the_metrics_file() {
    let bench = Bench::new();
    let end = bench.run(CH4, &short(&["--json"]));
    end.succeeds();
    assert_eq!(end.stdout, bench.text("results/ch4-feedforward/manual-mlp/metrics.json") + "\n");
    let json: serde_json::Value = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(json["seed"], 0);
    assert_eq!(json["curves"]["train loss"]["value"].as_array().unwrap().len(), 20);
    assert!(json["metrics"]["test accuracy"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_seed_means_the_same_bytes_and_another_seed_others() {
    let run = |seed| {
        let bench = Bench::new();
        bench.run(CH4, &short(&["--seed", seed])).succeeds();
        bench.files("results")
    };
    let [first, again, other] = ["7", "7", "8"].map(run);
    assert!(first == again);
    let same: Vec<&String> = first.iter().filter(|(name, bytes)| other[*name] == **bytes).map(|(name, _)| name).collect();
    assert_eq!(same, [""; 0]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |threads| {
        let bench = Bench::new();
        let end = bench.run(CH4, &short(&["--seeds", "6", "--threads", threads]));
        end.succeeds();
        (end.stdout, bench.files("results"))
    };
    let [one, two, five] = ["1", "2", "5"].map(run);
    assert!(one == two && one == five);
}

#[test]
fn a_claim_that_fails_is_only_printed_for_hyper_parameters_that_are_not_the_books() {
    let bench = Bench::new();
    let end = bench.run(CH4, &["manual-mlp", "--epochs", "1"]);
    end.succeeds();
    assert!(end.stdout.contains("[Claim]") && end.stdout.contains(": DOES NOT HOLD"), "{}", end.stdout);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::{
        fs::File,
        io::{BufRead, BufReader, Read},
        process::{Child, Command, Stdio},
        time::{Duration, Instant},
    };

    /// Starts a run and waits for its first line: it is under way.
    fn start(bench: &Bench, flags: &[&str]) -> (Child, BufReader<std::process::ChildStdout>) {
        let mut command = bench.command(CH4);
        let mut child =
            command.args(flags).args(["--out", "results"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        (child, stdout)
    }

    #[track_caller]
    fn check_interruption(signal: &str, flags: &[&str]) {
        let bench = Bench::new();
        bench.run(CH4, &SHORT).succeeds();
        let before = bench.files("results");
        let (mut child, mut stdout) = start(&bench, flags);
        // Whoever waits for the run must not keep it from printing.
        let reader = std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        std::thread::sleep(Duration::from_millis(100));
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let start = Instant::now();
        let status = child.wait().unwrap();
        assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
        reader.join().unwrap().unwrap();
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(status.code(), Some(130), "{stderr}");
        assert_eq!(stderr, "interrupted: finished files are kept, unfinished ones were not put in place\n");
        assert!(bench.files("results") == before, "{:?}", bench.results());
    }

    #[test]
    fn an_interrupted_run_ends_at_once_and_leaves_no_half_files() {
        check_interruption("-INT", &["manual-mlp", "--epochs", "1000000"]);
        check_interruption("-TERM", &["autograd-mlp", "--epochs", "1000000", "--log-every", "10000000"]);
    }

    /// Interrupts runs while they write one file after the other: each file is whole, and none has a name of its own making.
    #[test]
    fn an_interruption_between_two_files_leaves_whole_ones() {
        let whole = Bench::new();
        whole.run(CH4, &["moons"]).succeeds();
        let whole = whole.files("results");
        for round in 0..12 {
            let bench = Bench::new();
            let (mut child, _stdout) = start(&bench, &["moons"]);
            std::thread::sleep(Duration::from_micros(100 * round));
            // The run may have ended by itself: then there is nobody to interrupt.
            let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).stderr(Stdio::null()).status().unwrap();
            assert!([Some(0), Some(130)].contains(&child.wait().unwrap().code()));
            for (name, bytes) in bench.files("results") {
                assert!(whole.get(&name) == Some(&bytes), "round {round}: {name}");
            }
        }
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_no_error() {
        for flags in [&["manual-mlp", "--epochs", "2000", "--log-every", "1"][..], &["all"]] {
            let bench = Bench::new();
            let (child, stdout) = start(&bench, flags);
            drop(stdout);
            End::of(&child.wait_with_output().unwrap()).succeeds();
            assert!(FILES.iter().all(|name| bench.results().contains(&result(name))), "{:?}", bench.results());
        }
    }

    #[test]
    fn nobody_reading_at_all_is_no_error() {
        for flags in [&["list"][..], &["moons", "--json"], &["moons"]] {
            let bench = Bench::new();
            let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
            let pipe = reader.stdin.take().unwrap();
            reader.wait().unwrap();
            let output = bench.command(CH4).args(flags).args(["--out", "results"]).stdout(pipe).output().unwrap();
            End::of(&output).succeeds();
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_standard_output_that_is_full_is_named_and_the_files_are_written() {
        for (flags, named) in [
            (
                &SHORT[..],
                "cannot write to the standard output; the results are in results/ch4-feedforward/manual-mlp: No space left",
            ),
            (&short(&["--json"]), "cannot write to the standard output: No space left"),
        ] {
            let bench = Bench::new();
            let full = File::options().write(true).open("/dev/full").unwrap();
            let output = bench.command(CH4).args(flags).args(["--out", "results"]).stdout(full).output().unwrap();
            End::of(&output).fails(FAILURE, &[named]);
            assert_eq!(bench.results(), FILES.map(result));
        }
    }

    /// No file may grow beyond 8 blocks of 512 bytes: as on a disk that fills up, writing stops in the middle of a file.
    #[test]
    fn a_file_that_cannot_be_written_to_its_end_is_named_and_removed() {
        let bench = Bench::new();
        let limited = "trap '' XFSZ; ulimit -f 8; exec \"$@\"";
        let output =
            bench.command("sh").args(["-c", limited, "sh", CH4]).args(SHORT).args(["--out", "results"]).output().unwrap();
        End::of(&output).fails(FAILURE, &["cannot write results/ch4-feedforward/manual-mlp/curves.svg: File too large"]);
        assert_eq!(bench.results(), NO_FIGURES.map(result));
    }

    /// On a disk of 12 KiB in a name space of its own; where the machine does not let us mount one, there is nothing to test.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_named_and_holds_whole_files_only() {
        let bench = Bench::new();
        fs::create_dir(bench.path("disk")).unwrap();
        let script = "mount -t tmpfs -o size=12k none disk || exit 77; \"$@\" --out disk; code=$?; find disk -type f; exit $code";
        let mut unshare = bench.command("unshare");
        unshare.args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
            CH4,
            "manual-mlp",
            "--epochs",
            "20",
            "--quiet",
        ]);
        let end = unshare.output().map(|output| End::of(&output));
        let Some(end) = end.ok().filter(|end| end.code != Some(77) && !end.stderr.starts_with("unshare")) else {
            return eprintln!("skipped: this machine does not let us mount a small disk");
        };
        end.fails(FAILURE, &["cannot write disk/ch4-feedforward/manual-mlp/", "No space left on device"]);
        assert!(end.stdout.contains("trace.txt") && !end.stdout.contains("partial"), "{}", end.stdout);
    }
}
