//! `instructions`: how many instructions a step of each workload takes, which, unlike time, is the same on a busy machine.
//!
//! Valgrind's callgrind counts them on one thread. It knows no AVX-512, so these are the instructions of AVX2 and fused multiply-add.
//! Another compiler chooses others: the file names the one that it counts for, and with another one nothing fails.

use super::{
    choose,
    workloads::{Data, WORKLOADS, Workload},
};
use crate::{root, say};
use anyhow::{Context, Result, bail, ensure};
use common::files;
use rayon::prelude::*;
use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::{Command, ExitCode},
};

/// By how much a count may differ from the committed one.
const TOLERANCE: f64 = 0.05;
/// Steps of which the mean is taken.
const STEPS: usize = 4;
/// The function in which instructions are counted.
const COUNTED: &str = "*workloads::train*";
const HEAD: &str = "workload,instructions per step by ";

/// Which workloads are counted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Count only workloads whose name matches, such as 'lenet-*'
    #[arg(long, value_name = "GLOB")]
    only: Option<String>,
    /// Write the counts to xtask/instructions.csv instead of comparing them with it
    #[arg(long)]
    bless: bool,
    /// Run a workload once: what is counted
    #[arg(long, value_name = "NAME", hide = true)]
    run: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if let Some(name) = &args.run {
        let workload = WORKLOADS.iter().find(|workload| workload.name == name).context("no such workload")?;
        (workload.run)(&Data::for_steps(STEPS))?;
        return Ok(ExitCode::SUCCESS);
    }
    let csv = fs::read_to_string(path()).unwrap_or_default();
    let mut committed = read(&csv)?;
    let compiler = compiler()?;
    let chosen = choose(args.only.as_deref())?;
    say(&format!("{:<16} {:>14} {:>14} {:>8}", "workload", "per step", "committed", "change"));
    let counts: Vec<Result<u64>> = chosen.par_iter().map(|workload| count(workload)).collect();
    let mut differ = 0;
    for (workload, found) in chosen.iter().zip(counts) {
        let found = found? / STEPS as u64;
        let before = committed.insert(workload.name.to_owned(), found);
        differ += usize::from(!before.is_some_and(|before| is_close(found, before)));
        say(&row(workload.name, found, before));
    }
    if args.bless {
        files::write_whole(&path(), text(&committed, &compiler).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if csv.lines().next() != Some(&format!("{HEAD}{compiler}")) {
        say(&format!("not compared: the committed counts are those of another compiler than {compiler}"));
        return Ok(ExitCode::SUCCESS);
    }
    if differ > 0 {
        say(&format!(
            "{differ} of {} differ by more than {:.0} %: if that is meant, cargo xtask instructions --bless",
            chosen.len(),
            100.0 * TOLERANCE
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Instructions of the training of a workload.
fn count(workload: &Workload) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", &format!("--toggle-collect={COUNTED}")]);
    valgrind.arg(env::current_exe()?).args(["instructions", "--run", workload.name]).env("RAYON_NUM_THREADS", "1");
    let output = valgrind.output().context("cannot start valgrind: install it (apt-get install valgrind)")?;
    let printed = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {printed}", workload.name);
    collected(&printed).with_context(|| format!("{}: callgrind counted nothing: {printed}", workload.name))
}

/// The count in a line such as `==1== Collected : 27018`.
fn collected(printed: &str) -> Option<u64> {
    let count = printed.lines().find_map(|line| line.split_once("Collected : "))?.1;
    count.trim().parse().ok().filter(|count| *count > 0)
}

fn is_close(found: u64, before: u64) -> bool {
    (found as f64 / before as f64 - 1.0).abs() <= TOLERANCE
}

fn row(name: &str, found: u64, before: Option<u64>) -> String {
    let (committed, change) = before.map_or_else(
        || ("-".to_owned(), "-".to_owned()),
        |before| (before.to_string(), format!("{:+.1} %", 100.0 * (found as f64 / before as f64 - 1.0))),
    );
    format!("{name:<16} {found:>14} {committed:>14} {change:>8}")
}

fn path() -> PathBuf {
    root().join("xtask/instructions.csv")
}

/// What the compiler calls itself.
fn compiler() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().context("cannot start rustc")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn text(counts: &BTreeMap<String, u64>, compiler: &str) -> String {
    let lines = counts.iter().map(|(name, count)| format!("{name},{count}\n"));
    format!("{HEAD}{compiler}\n{}", lines.collect::<String>())
}

fn read(csv: &str) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for line in csv.lines().skip(1) {
        let Some((name, count)) = line.split_once(',') else { bail!("xtask/instructions.csv: {line:?} is no name and count") };
        counts.insert(name.to_owned(), count.parse().with_context(|| format!("xtask/instructions.csv: {line:?}"))?);
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_has_a_committed_count() {
        let committed = read(&fs::read_to_string(path()).unwrap()).unwrap();
        let names: Vec<_> = committed.keys().map(String::as_str).collect();
        let mut workloads: Vec<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
        workloads.sort_unstable();
        assert_eq!(names, workloads);
        assert_eq!(read(&text(&committed, "rustc")).unwrap(), committed);
    }

    #[test]
    fn what_callgrind_counted_is_read() {
        assert_eq!(collected("==1== Events    : Ir\n==1== Collected : 27018\n"), Some(27018));
        assert_eq!(collected("==1== Collected : 0\n"), None);
    }

    #[test]
    fn four_percent_are_close() {
        assert!(is_close(104, 100) && is_close(96, 100) && !is_close(106, 100) && !is_close(94, 100));
    }
}
