//! `bench`: how long training takes, beside PyTorch and JAX where a `python3` with them is found.

pub(crate) mod instructions;
mod libraries;
mod peak;
mod signal;
mod workloads;

use crate::{reproduce::matches, say};
use anyhow::Result;
use common::{cli::UsageError, kernels::isa::Isa};
use libraries::{LIBRARIES, Python};
use std::process::ExitCode;
use workloads::{Data, WORKLOADS, Workload};

/// Which workloads are timed, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Time only workloads whose name matches, such as 'lenet-*'
    #[arg(long, value_name = "GLOB")]
    only: Option<String>,
    /// Runs of each workload, of which the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = common::cli::at_least_one)]
    runs: usize,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let chosen = choose(args.only.as_deref())?;
    let threads = rayon::current_num_threads();
    let peak = peak::flops();
    say(&format!("{}, {:?}, {threads} threads", processor(), Isa::best()));
    say(&format!("peak: {:.0} GFLOP/s, fused multiply-adds in registers on all threads", peak / 1e9));
    say(&format!("medians of {} runs, the libraries in turn; signal: from one core to another and back\n", args.runs));
    let data = Data::new();
    let mut others = LIBRARIES.map(|library| Python::start(&library, threads, &common::cli::data_folder()));
    say(&heads());
    for workload in chosen {
        let times = in_turn(workload, args.runs, &data, &mut others)?;
        say(&row(workload, &times, peak));
    }
    for (library, python) in LIBRARIES.iter().zip(&others) {
        if python.is_none() {
            let name = library.name;
            say(&format!("no python3 with {name} here: install it, or name one in PYTHON, to see {name}'s times beside ours"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the system calls the processor.
pub(crate) fn processor() -> String {
    let described = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = described.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned())
}

/// The workloads whose names match.
fn choose(only: Option<&str>) -> Result<Vec<&'static Workload>> {
    let chosen: Vec<_> = WORKLOADS.iter().filter(|workload| only.is_none_or(|glob| matches(glob, workload.name))).collect();
    if let (Some(glob), true) = (only, chosen.is_empty()) {
        let names: Vec<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
        return Err(UsageError(format!("no workload matches --only {glob}: expected one of {}", names.join(", "))).into());
    }
    Ok(chosen)
}

/// What the runs of a workload took, in the median.
struct Times {
    /// Seconds of ours.
    ours: f64,
    /// Seconds of each other library's.
    theirs: [Option<f64>; LIBRARIES.len()],
    /// Nanoseconds of a signal between two cores and back.
    signal: Option<f64>,
}

/// The times of a workload here and in the other libraries, each run once and then again: whatever slows the machine down for a while
/// does so to all of them.
fn in_turn(workload: &Workload, runs: usize, data: &Data, others: &mut [Option<Python>; LIBRARIES.len()]) -> Result<Times> {
    let (mut ours, mut theirs, mut signals) = (Vec::new(), LIBRARIES.map(|_| Vec::new()), Vec::new());
    for run in 0..runs {
        signals.extend(signal::nanoseconds());
        ours.push((workload.run)(data)?);
        for (library, times) in others.iter_mut().zip(&mut theirs) {
            // A library that failed once has no time.
            let Some(library) = library.as_mut().filter(|_| times.len() == run) else { continue };
            times.extend(library.seconds(workload.elsewhere).ok().flatten());
        }
    }
    let ours = median(runs, ours).unwrap_or(f64::NAN);
    Ok(Times { ours, theirs: theirs.map(|times| median(runs, times)), signal: median(runs, signals) })
}

/// The median of the times of so many runs; nothing if a run has none.
fn median(runs: usize, mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(runs / 2).copied().filter(|_| times.len() == runs)
}

fn heads() -> String {
    let others: String = LIBRARIES.iter().map(|library| format!(" {:>10} {:>7}", library.name, "ratio")).collect();
    format!("{:<62} {:>10}{others} {:>8} {:>8} {:>8}", "workload", "ours", "GFLOP/s", "of peak", "signal")
}

fn row(workload: &Workload, &Times { ours, theirs, signal }: &Times, peak: f64) -> String {
    let milliseconds = |seconds: f64| format!("{:.1} ms", 1e3 * seconds);
    let (flops, none) = (workload.flops() / ours, || "-".to_owned());
    let other = |theirs: Option<f64>| {
        let ratio = theirs.map_or_else(none, |theirs| format!("{:.2}", theirs / ours));
        format!(" {:>10} {ratio:>7}", theirs.map_or_else(none, milliseconds))
    };
    format!(
        "{:<62} {:>10}{} {:>8.1} {:>7.1}% {:>8}",
        format!("{}: {}", workload.name, workload.what),
        milliseconds(ours),
        theirs.map(other).concat(),
        flops / 1e9,
        100.0 * flops / peak,
        signal.map_or_else(none, |nanoseconds| format!("{nanoseconds:.0} ns"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_have_names_of_their_own() {
        let mut names: Vec<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), WORKLOADS.len());
    }

    #[test]
    fn a_glob_chooses_workloads() {
        let names = |only| choose(only).unwrap().iter().map(|workload| workload.name).collect::<Vec<_>>();
        assert_eq!(names(Some("lenet-*")), ["lenet-16", "lenet-64", "lenet-64-taped", "lenet-256"]);
        assert_eq!(names(None).len(), WORKLOADS.len());
        let error = choose(Some("lenet")).unwrap_err().to_string();
        assert!(error.contains("lenet-16"), "{error}");
    }

    #[test]
    fn a_row_says_how_many_times_as_long_others_take() {
        let workload = &WORKLOADS[0];
        let times = Times { ours: 0.5, theirs: [Some(1.25), None], signal: Some(104.6) };
        let row = row(workload, &times, 2.0 * workload.flops());
        assert!(row.contains("500.0 ms") && row.contains("1250.0 ms") && row.contains("2.50"), "{row}");
        assert!(row.contains("100.0%") && row.ends_with("105 ns"), "{row}");
    }

    #[test]
    fn the_median_counts() {
        assert_eq!(median(3, vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(3, vec![1.0, 2.0]), None);
        assert_eq!(median(3, Vec::new()), None);
    }
}
