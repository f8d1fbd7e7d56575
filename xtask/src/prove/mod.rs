//! `prove`: the same bits on every platform that can be had on this machine.

mod faults;
mod judge;
mod machine;
mod plan;
mod platforms;
mod programs;
mod table;

use crate::{chapters, say};
use anyhow::{Result, bail};
use common::{
    cli::{UsageError, at_least_one, results_folder},
    files,
};
use judge::Bench;
use platforms::Platform;
use programs::Build;
use std::{path::PathBuf, process::ExitCode, time::Instant};
use table::Row;

/// Which platforms to show the same bits on
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only platforms whose name matches; `*` stands for anything; may be given several times
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// Only runs whose crate/section.edition matches, beside the kernels' tests; may be given several times
    #[arg(long, value_name = "GLOB", conflicts_with = "faults")]
    runs: Vec<String>,
    /// List the platforms and what each needs
    #[arg(long)]
    list: bool,
    /// Fail if a platform cannot be had
    #[arg(long)]
    strict: bool,
    /// Show instead that faults put in on purpose are found: two additions swapped, a constant of exp off by one unit
    #[arg(long, conflicts_with_all = ["only", "list", "strict"])]
    faults: bool,
    /// Programs to run at a time [default: one a core]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    jobs: Option<usize>,
    /// Folder for the results and the table [default: results/prove, at the top of the workspace]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let chosen = platforms::chosen(&args.only);
    if chosen.is_empty() {
        return Err(UsageError("no platform matches --only: see cargo xtask prove --list".to_owned()).into());
    }
    if args.list {
        for platform in chosen {
            list(platform);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let out = args.out.clone().unwrap_or_else(|| results_folder().join("prove"));
    let _claimed = files::claim(&out)?;
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    if args.faults {
        return faults::run(&out, jobs);
    }
    let bench = Bench::new(chapters(), out.clone(), jobs, &args.runs)?;
    let rows: Vec<Row> = chosen.into_iter().map(|platform| row(platform, &bench)).collect();
    let table = table::table(&rows);
    say(&format!("\n{table}"));
    files::write_whole(&out.join("platforms.md"), table.as_bytes())?;
    let is_good = |row: &Row| row.found.as_ref().map_or(!args.strict, table::Found::is_good);
    Ok(if rows.iter().all(is_good) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(platform: &Platform) {
    let packages: Vec<&str> = platform.needs.iter().map(|need| need.package).collect();
    let needs = [platform.target.unwrap_or_default(), &packages.join(" ")].join(" ");
    say(&format!("{:<16} {}", platform.name, platform.how));
    if !needs.trim().is_empty() {
        say(&format!("{:<16} needs {}", "", needs.trim()));
    }
}

/// Shows a platform, or says why it cannot be had.
fn row(platform: &'static Platform, bench: &Bench) -> Row {
    let start = Instant::now();
    say(&format!("== {}: {}", platform.name, platform.how));
    let found = attempt(platform, bench).map_err(|error| format!("{error:#}"));
    match &found {
        Ok(found) => {
            found.faults.iter().for_each(|fault| say(&format!("  {fault}")));
            say(&format!("  {}", if found.is_good() { "the same bits" } else { "NOT THE SAME" }));
        }
        Err(why) => say(&format!("  NOT SHOWN: {} {why}", platform.name)),
    }
    Row { name: platform.name, how: platform.how, found, seconds: start.elapsed().as_secs() }
}

fn attempt(platform: &'static Platform, bench: &Bench) -> Result<table::Found> {
    machine::prepare(platform)?;
    match programs::Programs::build(platform, Build::default()) {
        Ok(programs) => bench.judge(platform, &programs),
        Err(error) => bail!("{error:#}"),
    }
}
