//! `interrupt`: kills runs at random moments, takes them up again, and compares what they leave with an unbroken run.

use crate::{
    say,
    watched::{End, chore, watch},
};
use anyhow::{Context, Result, ensure};
use common::{parameters::Parameters, rng::Stream, train::Checkpoint};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

/// How many kills, and of what
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Processes to kill
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Seed of the moments, signals and numbers of threads
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// What `reproduce-all --quick` runs while it is killed; `*` stands for anything
    #[arg(long, value_name = "GLOB", default_value = "iris/*")]
    only: String,
}

/// Faults after which no more are looked for: a program that cannot be started is killed never, and fails for ever.
const MOST_FAULTS: usize = 10;

/// A command that is killed.
struct Subject {
    name: &'static str,
    arguments: Vec<String>,
    /// Whether it goes on with `--resume`; otherwise it is started anew over what it left.
    resumes: bool,
}

/// Ctrl-C, a polite end, and one that leaves no time.
const SIGNALS: [&str; 3] = ["INT", "TERM", "KILL"];
/// Numbers of threads, of which each run has another one.
const THREADS: [usize; 4] = [1, 2, 3, 5];
/// A run that takes so long hangs, however busy the machine is.
const LONGEST: Duration = Duration::from_secs(600);
/// Exit code of a run that a signal has ended.
const INTERRUPTED: i32 = 130;
/// What tells a run that was killed before its first epoch was over.
const NOTHING_TO_RESUME: &str = "leave out --resume to train from the start";

/// Files by their path.
type Files = BTreeMap<String, Vec<u8>>;

/// What an unbroken run prints and leaves, and how long it takes.
struct Whole {
    stdout: String,
    files: Files,
    time: Duration,
}

fn subjects(only: &str) -> [Subject; 3] {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let arms = "section ch7-optimization batch-size --batch-sizes 16,32 --lrs 0.01,0.02 --images 128 --test-images 10 --epochs 5 \
                --extreme-images 16 --extreme-epochs 1";
    let mlp = "section mnist-mlp train --images 320 --test-images 50 --log-every 2 --epochs 5";
    let all = [words("reproduce-all --quick --only"), vec![only.to_owned()]].concat();
    [
        Subject { name: "train", arguments: words(mlp), resumes: true },
        Subject { name: "batch-size", arguments: words(arms), resumes: true },
        Subject { name: "reproduce-all", arguments: all, resumes: false },
    ]
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    ensure!(cfg!(unix), "signals are sent on Unix only");
    let start = Instant::now();
    let mut draws = Stream::new(args.seed, "interruptions");
    let mut kills: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let subjects = subjects(&args.only);
    let wholes = subjects.iter().map(unbroken).collect::<Result<Vec<_>>>()?;
    let (mut rounds, mut faults) = (0, Vec::new());
    while kills.values().sum::<usize>() < args.kills && faults.len() < MOST_FAULTS {
        let i = rounds % subjects.len();
        rounds += 1;
        let mut told = String::new();
        let outcome = round(&subjects[i], &wholes[i], &mut draws, |signal, line| {
            *kills.entry((subjects[i].name, signal)).or_default() += 1;
            told.push_str(line);
        });
        if let Err(fault) = outcome {
            let fault = format!("round {rounds}, {}: {fault:#}; before:{told}", subjects[i].name);
            say(&fault);
            faults.push(fault);
        }
    }
    for ((subject, signal), n) in &kills {
        say(&format!("{subject:<14} SIG{signal:<5} {n:>5} kills"));
    }
    let n: usize = kills.values().sum();
    say(&format!("{n} kills in {rounds} rounds, {} faults, {} s", faults.len(), start.elapsed().as_secs()));
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a subject to its end.
fn unbroken(subject: &Subject) -> Result<Whole> {
    let folder = tempfile::tempdir().context("a folder for a run")?;
    let end = start(subject, folder.path(), THREADS[1], false, None)?;
    ensure!(end.code == Some(0), "{}: the unbroken run fails: {}{}", subject.name, end.stdout, end.stderr);
    Ok(Whole { stdout: end.stdout, files: files(&folder.path().join("results"))?, time: end.time })
}

/// Kills a run once to three times, takes it up again each time, and compares its end with the unbroken run's.
fn round(subject: &Subject, whole: &Whole, draws: &mut Stream, mut told: impl FnMut(&'static str, &str)) -> Result<()> {
    let folder = tempfile::tempdir().context("a folder for a run")?;
    let results = folder.path().join("results");
    let mut was_killed_at_once = false;
    for _ in 0..=draws.below(3) {
        let signal = SIGNALS[draws.below(SIGNALS.len() as u32) as usize];
        let threads = THREADS[draws.below(THREADS.len() as u32) as usize];
        let after = whole.time.mul_f32(draws.uniform(0.0, 1.0));
        let resume = subject.resumes && has_state(&files(&results)?);
        let end = start(subject, folder.path(), threads, resume, Some((signal, after)))?;
        if end.code != Some(0) {
            told(signal, &format!(" SIG{signal} after {} ms with {threads} threads", after.as_millis()));
        }
        was_killed_at_once |= signal == "KILL";
        let found = files(&results)?;
        check_code(&end, signal, found.is_empty())?;
        check_whole(&found, whole, &results, was_killed_at_once)?;
    }
    let threads = THREADS[draws.below(THREADS.len() as u32) as usize];
    let resume = subject.resumes && has_state(&files(&results)?);
    let mut end = start(subject, folder.path(), threads, resume, None)?;
    if resume && end.code == Some(1) && end.stderr.contains(NOTHING_TO_RESUME) {
        end = start(subject, folder.path(), threads, false, None)?;
    }
    ensure!(end.code == Some(0), "taken up again it ends with {:?}: {}", end.code, end.stderr.trim_end());
    ensure!(!subject.resumes || end.stdout == whole.stdout, "taken up again it prints something else than an unbroken run");
    let found = files(&results)?;
    let names: Vec<&String> =
        found.keys().chain(whole.files.keys()).filter(|name| found.get(*name) != whole.files.get(*name)).collect();
    ensure!(names.is_empty(), "taken up again it leaves other files than an unbroken run: {names:?}");
    Ok(())
}

fn start(subject: &Subject, folder: &Path, threads: usize, resume: bool, signal: Option<(&str, Duration)>) -> Result<End> {
    let mut command = chore(&subject.arguments)?;
    command.arg("--out").arg(folder.join("results")).env("RAYON_NUM_THREADS", threads.to_string());
    if resume {
        command.arg("--resume");
    }
    let end = watch(&mut command, folder, LONGEST, signal)?;
    ensure!(end.stopped_at.is_none(), "it takes more {}", end.stopped_at.unwrap_or_default());
    Ok(end)
}

/// Whether there is anything that a run could go on with.
fn has_state(files: &Files) -> bool {
    files.keys().any(|name| name.rsplit('/').next().is_some_and(|name| name.starts_with("resume")))
}

/// A run ends as documented: with 130 once it listens to signals, by the signal before that or if it is not asked, with 0 if it was
/// faster, with 1 if it had nothing to go on with.
fn check_code(end: &End, signal: &str, has_left_nothing: bool) -> Result<()> {
    let fits = match end.code {
        Some(0) => true,
        Some(1) => end.stderr.contains(NOTHING_TO_RESUME),
        Some(INTERRUPTED) => signal != "KILL" && end.stderr.contains("interrupted: "),
        None => signal == "KILL" || has_left_nothing,
        _ => false,
    };
    ensure!(fits, "after SIG{signal} it ends with {:?}: {}", end.code, end.stderr.trim_end());
    Ok(())
}

/// Every file under a final name is whole: a checkpoint can be read, anything else is what an unbroken run leaves.
fn check_whole(found: &Files, whole: &Whole, results: &Path, may_be_unfinished: bool) -> Result<()> {
    for (path, bytes) in found {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.starts_with('.') {
            ensure!(may_be_unfinished, "{path} is left half written");
        } else if name.ends_with(".safetensors") {
            let file = results.join(path);
            let is_state = name.starts_with("resume");
            let read = if is_state { Checkpoint::read(&file).map(|_| ()) } else { Parameters::read(&file).map(|_| ()) };
            read.with_context(|| format!("{path} is not whole"))?;
        } else {
            ensure!(whole.files.get(path) == Some(bytes), "{path} is not what an unbroken run leaves");
        }
    }
    Ok(())
}

/// Every file below a folder; none if there is no such folder.
fn files(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}
