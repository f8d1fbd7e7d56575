//! `fuzz-flags`: runs sections with random values for every flag. Each run is a result or an error with a message, within a minute
//! and 2 GB.

use crate::{
    chapters, root, say,
    watched::{End, chore, watch},
};
use anyhow::{Context, Result};
use clap::Arg;
use common::{
    registry::{Chapter, Section},
    rng::Stream,
};
use std::{
    collections::BTreeMap,
    process::ExitCode,
    time::{Duration, Instant},
};

/// How many runs, and of what
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Runs
    #[arg(long, default_value_t = 1000)]
    runs: usize,
    /// The first run: each draws by its own number
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// Seed of the values
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// How long a run may take.
const LONGEST: Duration = Duration::from_secs(60);
/// Exit codes that a run may end with.
const DOCUMENTED: [i32; 4] = [0, 1, 2, 130];
/// Flags that cost time or memory: each run has a small number of what they count, or one that must be refused.
const COSTS: &[&str] = &[
    "epochs", "steps", "seeds", "samples", "images", "hidden", "width", "layers", "bins", "passes", "towers", "units", "points",
];
/// What is no small number.
const ODD_COUNTS: &[&str] = &["0", "-1", "1.5", "1000000000", "18446744073709551615", "18446744073709551616", "", "many"];
/// Numbers at the ends of ranges, and what is none.
const ODD_NUMBERS: &[&str] = &[
    "-1",
    "0",
    "-0",
    "1",
    "0.99999994",
    "1e-45",
    "1e30",
    "-1e30",
    "3.4e38",
    "1e-8",
    "NaN",
    "inf",
    "-inf",
    "1e400",
    "",
    " ",
    "one",
    "１",
    "0x10",
    "1,2",
    "9223372036854775808",
];
/// Files, good and bad, from the top of the workspace.
const FILES: &[&str] = &[
    "data/iris/iris.csv",
    "fuzz/corpus/iris/utf16.csv",
    "fuzz/corpus/picture/grey.png",
    "fuzz/corpus/picture/start-of.jpg",
    "fuzz/corpus/checkpoint/model.safetensors",
    "missing",
    "data",
    "/dev/null",
    "Cargo.lock",
];

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let chapters = chapters();
    let sections: Vec<(&Chapter, &Section)> =
        chapters.iter().flat_map(|chapter| chapter.sections.iter().map(move |section| (chapter, section))).collect();
    let start = Instant::now();
    let (mut codes, mut faults) = (BTreeMap::<i32, usize>::new(), 0);
    let (mut slowest, mut largest) = ((Duration::ZERO, String::new()), (0, String::new()));
    for i in args.first..args.first + args.runs {
        let mut draws = Stream::new(args.seed, &format!("flags of run {i}"));
        let (chapter, section) = *pick(&sections, &mut draws);
        let line = line(chapter, section, &mut draws);
        let end = attempt(&line)?;
        let shown = line[1..].iter().map(|word| shown(word)).collect::<Vec<_>>().join(" ");
        if let Some(fault) = fault(&end) {
            faults += 1;
            say(&format!("run {i}: {fault}: {shown}"));
        }
        *codes.entry(end.code.unwrap_or(-1)).or_default() += 1;
        slowest = slowest.max((end.time, shown.clone()));
        largest = largest.max((end.memory, shown));
    }
    for (code, n) in &codes {
        say(&format!("exit code {code:>3}: {n:>6} runs"));
    }
    say(&format!("slowest: {:.1} s: {}", slowest.0.as_secs_f32(), slowest.1));
    say(&format!("largest: {} MB: {}", largest.0 / 1000, largest.1));
    say(&format!("{} runs, {faults} faults, {} s", args.runs, start.elapsed().as_secs()));
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a command line in a folder that goes with it.
fn attempt(line: &[String]) -> Result<End> {
    let folder = tempfile::tempdir().context("a folder for a run")?;
    let mut command = chore(line)?;
    command.arg("--out").arg(folder.path().join("results"));
    watch(&mut command, folder.path(), LONGEST, None)
}

/// What must not be.
fn fault(end: &End) -> Option<String> {
    if let Some(limit) = end.stopped_at {
        return Some(format!("it takes more {limit}"));
    }
    let is_documented = end.code.is_some_and(|code| DOCUMENTED.contains(&code));
    if !is_documented || end.stderr.contains("panicked") {
        return Some(format!("exit code {:?}, {}", end.code, end.stderr.trim_end()));
    }
    // In JSON, which is for programs, "NaN" is the name.
    let is_unnamed = |line: &&str| line.contains("NaN") && !line.contains("diverged") && !line.contains("\"NaN\"");
    if let Some(line) = end.stdout.lines().find(is_unnamed).filter(|_| end.code == Some(0)) {
        return Some(format!("it prints NaN and does not say why: {line}"));
    }
    let fails = end.code != Some(0);
    (fails && !end.stderr.starts_with("error: ")).then(|| format!("no message: {}", end.stderr.trim_end()))
}

/// A command line of a section: small numbers of what costs, and now and then a value of another flag.
fn line(chapter: &Chapter, section: &Section, draws: &mut Stream) -> Vec<String> {
    let mut line = vec!["section".to_owned(), chapter.name.to_owned(), section.id.to_owned()];
    // One odd value is enough for a refusal: most runs have none, so that they get as far as the section.
    let is_odd = draws.below(3) == 0;
    let (count, number) = if is_odd { (odd_count as Draw, odd_number as Draw) } else { (count as Draw, number as Draw) };
    for arg in section.command().get_arguments() {
        let Some(name) = arg.get_long() else { continue };
        let values: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        if !arg.get_action().takes_values() {
            if draws.below(6) == 0 {
                line.push(format!("--{name}"));
            }
        } else if COSTS.iter().any(|cost| name.ends_with(cost)) {
            line.push(format!("--{name}={}", list(arg, draws, count)));
        } else if draws.below(3) == 0 {
            let value = if takes_file(arg) {
                root().join(pick(FILES, draws)).display().to_string()
            } else if values.is_empty() || (is_odd && draws.below(4) == 0) {
                list(arg, draws, number)
            } else {
                list(arg, draws, |draws| pick(&values, draws).clone())
            };
            line.push(format!("--{name}={value}"));
        }
    }
    for (name, values) in [("seed", ["1", "18446744073709551615", "7"]), ("threads", ["1", "3", "16"])] {
        if draws.below(4) == 0 {
            line.push(format!("--{name}={}", pick(&values, draws)));
        }
    }
    for name in ["quiet", "json", "quick"] {
        if draws.below(12) == 0 {
            line.push(format!("--{name}"));
        }
    }
    line
}

fn takes_file(arg: &Arg) -> bool {
    arg.get_value_names().into_iter().flatten().any(|name| name == "FILE")
}

/// One to three values where the flag takes several, otherwise one.
fn list(arg: &Arg, draws: &mut Stream, value: impl Fn(&mut Stream) -> String) -> String {
    let n = if arg.get_value_delimiter().is_some() { 1 + draws.below(3) } else { 1 };
    (0..n).map(|_| value(draws)).collect::<Vec<_>>().join(",")
}

/// A value of a flag.
type Draw = fn(&mut Stream) -> String;

/// A small number of what costs time or memory.
fn count(draws: &mut Stream) -> String {
    (1 + draws.below(40)).to_string()
}

/// A small number of what costs time or memory, or one that is refused.
fn odd_count(draws: &mut Stream) -> String {
    if draws.below(8) == 0 { (*pick(ODD_COUNTS, draws)).to_owned() } else { count(draws) }
}

/// A number as a hyper-parameter may be: whole, a share, or a rate.
fn number(draws: &mut Stream) -> String {
    match draws.below(4) {
        0 => (1 + draws.below(20)).to_string(),
        1 => format!("1e-{}", draws.below(8)),
        _ => draws.unit().to_string(),
    }
}

/// A number of any size and sign, whole or not, or something that is none.
fn odd_number(draws: &mut Stream) -> String {
    match draws.below(3) {
        0 => (*pick(ODD_NUMBERS, draws)).to_owned(),
        1 => number(draws),
        _ => {
            let (mantissa, exponent) = (draws.uniform(-10.0, 10.0), i64::from(draws.below(40)) - 20);
            format!("{mantissa}e{exponent}")
        }
    }
}

fn pick<'a, T>(values: &'a [T], draws: &mut Stream) -> &'a T {
    &values[draws.below(values.len() as u32) as usize]
}

/// A word of a command line, as a shell takes it.
fn shown(word: &str) -> String {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_=./,".contains(c));
    if is_plain { word.to_owned() } else { format!("'{word}'") }
}
