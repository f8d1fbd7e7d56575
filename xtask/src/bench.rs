//! `bench`: how long training takes, beside PyTorch where a `python3` with torch is found.

mod peak;
mod torch;
mod workloads;

use crate::{reproduce::matches, say};
use anyhow::Result;
use common::cli::UsageError;
use std::process::ExitCode;
use torch::Torch;
use workloads::{Data, WORKLOADS, Workload};

/// Which workloads are timed, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Time only workloads whose name matches, such as 'lenet-*'
    #[arg(long, value_name = "GLOB")]
    only: Option<String>,
    /// Runs of each workload; the fastest counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = common::cli::at_least_one)]
    runs: usize,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let chosen = choose(args.only.as_deref())?;
    let threads = rayon::current_num_threads();
    let peak = peak::flops();
    say(&format!("{threads} threads; peak: {:.0} GFLOP/s, fused multiply-adds in registers on all of them", peak / 1e9));
    let (data, mut torch) = (Data::new(), Torch::start(threads, &common::cli::data_folder()));
    let names = "workload";
    say(&format!("\n{names:<62} {:>10} {:>10} {:>7} {:>8} {:>8}", "ours", "PyTorch", "ratio", "GFLOP/s", "of peak"));
    for workload in chosen {
        let ours = fastest(args.runs, || (workload.run)(&data))?;
        let theirs = torch.as_mut().and_then(|torch| fastest(args.runs, || torch.seconds(workload.torch)).ok());
        say(&row(workload, (ours, theirs), peak));
    }
    if torch.is_none() {
        say("no python3 with torch here: install it, or name one in PYTHON, to see PyTorch's times beside ours");
    }
    Ok(ExitCode::SUCCESS)
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

/// The shortest of several times.
fn fastest(runs: usize, mut seconds: impl FnMut() -> Result<f64>) -> Result<f64> {
    (0..runs).try_fold(f64::INFINITY, |best, _| Ok(best.min(seconds()?)))
}

fn row(workload: &Workload, (ours, theirs): (f64, Option<f64>), peak: f64) -> String {
    let milliseconds = |seconds: f64| format!("{:.1} ms", 1e3 * seconds);
    let (flops, none) = (workload.flops() / ours, || "-".to_owned());
    format!(
        "{:<62} {:>10} {:>10} {:>7} {:>8.1} {:>7.1}%",
        format!("{}: {}", workload.name, workload.what),
        milliseconds(ours),
        theirs.map_or_else(none, milliseconds),
        theirs.map_or_else(none, |theirs| format!("1/{:.1}", theirs / ours)),
        flops / 1e9,
        100.0 * flops / peak
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
    fn a_row_says_how_many_times_faster() {
        let workload = &WORKLOADS[0];
        let row = row(workload, (0.5, Some(1.25)), 2.0 * workload.flops());
        assert!(row.contains("500.0 ms") && row.contains("1250.0 ms") && row.contains("1/2.5"), "{row}");
        assert!(row.ends_with("100.0%"), "{row}");
    }

    #[test]
    fn the_fastest_run_counts() {
        let mut times = [3.0, 1.0, 2.0].into_iter();
        assert_eq!(fastest(3, || Ok(times.next().unwrap())).unwrap(), 1.0);
    }
}
