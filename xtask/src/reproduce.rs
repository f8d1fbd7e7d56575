//! `reproduce-all`: runs every section, compares with the goldens, leaves a report.

use crate::{
    chapters,
    report::{Outcome, Status},
    root, say, site,
};
use anyhow::{Context, Result, bail};
use common::{
    cli::{UsageError, at_least_one, data_folder, results_folder},
    files, golden,
    machine::side_by_side,
    registry::{Chapter, Edition, Section},
};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    collections::BTreeSet,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What to run and how to judge it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Use the quick budget where a section has one
    #[arg(long)]
    quick: bool,
    /// Only sections whose `crate/section` matches; `*` stands for anything
    #[arg(long, value_name = "GLOB")]
    only: Option<String>,
    /// Not the sections whose `crate/section` matches; may be given several times
    #[arg(long, value_name = "GLOB")]
    skip: Vec<String>,
    /// Sections to run at a time [default: one per core]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    jobs: Option<usize>,
    /// Accept what differs as the new goldens, after showing it
    #[arg(long)]
    bless: bool,
    /// Run part `i` of `n` of the sections, as `i/n`; the results folders of all parts can be copied together
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Folder for results and report [default: results/, at the top of the workspace]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parts.filter(|(i, n)| (1..=*n).contains(i)).ok_or_else(|| "expected i/n with i from 1 to n, such as 2/4".to_owned())
}

/// One edition of a section to run.
struct Job<'a> {
    chapter: &'a Chapter,
    section: &'a Section,
    edition: Edition,
}

impl Job<'_> {
    fn path(&self) -> String {
        format!("{}/{}", self.chapter.name, self.section.name(self.edition))
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let chapters = chapters();
    let jobs = choose(&chapters, args)?;
    let out = args.out.clone().unwrap_or_else(results_folder);
    let _claimed = files::claim(&out)?;
    let at_a_time = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let start = Instant::now();
    let bar = ProgressBar::new(jobs.len() as u64)
        .with_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} sections  {msg}").context("the style of the bar")?);

    // A section that reads another one's results runs after all that do not.
    let (later, first): (Vec<_>, Vec<_>) = jobs.iter().partition(|job| job.section.needs.is_some());
    let mut rows: Vec<Status> = Vec::new();
    for wave in [first, later] {
        // A section that ran to its end has written results of this run.
        let done: BTreeSet<String> = rows.iter().filter(|status| status.outcome != Outcome::Failed).map(Status::path).collect();
        rows.extend(run_wave(wave, at_a_time, &|job| attempt(job, args, &out, &done), &out, &bar)?);
    }
    bar.finish_and_clear();
    let bad = summarise(&rows, start.elapsed());
    // A section that is being written has no text for its page yet; its run is judged all the same.
    say(&match site::write(&out) {
        Ok(index) => format!("site: {}", index.display()),
        Err(error) => format!("no site: {error:#}"),
    });
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The editions that the flags ask for.
///
/// # Errors
/// If there are none.
fn choose<'a>(chapters: &'a [Chapter], args: &Args) -> Result<Vec<Job<'a>>, UsageError> {
    let mut jobs = Vec::new();
    for chapter in chapters {
        for section in &chapter.sections {
            let unwanted = if args.quick && section.quick() != Edition::FULL { "full" } else { "quick" };
            let editions = section.editions.iter().filter(|edition| edition.name != unwanted);
            jobs.extend(editions.map(|&edition| Job { chapter, section, edition }));
        }
    }
    jobs.retain(|job| args.only.as_ref().is_none_or(|glob| matches(glob, &job.path())));
    jobs.retain(|job| !args.skip.iter().any(|glob| matches(glob, &job.path())));
    if let (Some(glob), true) = (&args.only, jobs.is_empty()) {
        return Err(UsageError(format!(
            "no section matches --only {glob}: expected crate/section, such as 'iris/*' or 'ch4-feedforward/moons'"
        )));
    }
    let (i, n) = args.shard.unwrap_or((1, 1));
    if i > jobs.len() {
        let count = if jobs.len() == 1 { "is 1 section".to_owned() } else { format!("are {} sections", jobs.len()) };
        return Err(UsageError(format!("--shard {i}/{n} is empty: there {count} to run")));
    }
    Ok(jobs.into_iter().skip(i - 1).step_by(n).collect())
}

/// Whether `text` matches a pattern in which `*` stands for any characters.
pub(crate) fn matches(glob: &str, text: &str) -> bool {
    match glob.split_once('*') {
        None => glob == text,
        Some((head, tail)) => text
            .strip_prefix(head)
            .is_some_and(|rest| (0..=rest.len()).filter(|&i| rest.is_char_boundary(i)).any(|i| matches(tail, &rest[i..]))),
    }
}

/// Runs jobs that do not depend on each other, so many at a time; prints each as it ends.
///
/// # Errors
/// If threads cannot be started.
fn run_wave(
    jobs: Vec<&Job>,
    at_a_time: usize,
    attempt: &(dyn Fn(&Job) -> Result<(Outcome, String)> + Sync),
    out: &Path,
    bar: &ProgressBar,
) -> Result<Vec<Status>> {
    side_by_side(jobs, at_a_time, |job| {
        bar.set_message(job.path());
        let start = Instant::now();
        // A section that panics fails like any other; nothing of it is used afterwards.
        let failed = |error: anyhow::Error| (Outcome::Failed, format!("{error:#}"));
        let (outcome, detail) = panic::catch_unwind(AssertUnwindSafe(|| attempt(job)))
            .unwrap_or_else(|_| bail!("the section panicked; its message stands above"))
            .unwrap_or_else(failed);
        let mut status = Status::new(job.chapter, job.section, job.edition, outcome, detail);
        if let Err(error) = status.write(out) {
            (status.outcome, status.detail) = failed(error);
        }
        bar.inc(1);
        let (outcome, path, seconds) = (status.outcome, status.path(), start.elapsed().as_secs_f32());
        bar.suspend(|| say(&format!("{outcome:<9} {path:<40} {seconds:>8.2} s  {}", status.detail)));
        Ok(status)
    })
}

/// Runs a job and compares it with its golden file; first the section that it needs, unless that one is among the `done`: results of an
/// earlier run may be those of other flags.
fn attempt(job: &Job, args: &Args, out: &Path, done: &BTreeSet<String>) -> Result<(Outcome, String)> {
    if let Some((section, edition)) = job.chapter.needed(job.section, job.edition) {
        let needed = Job { chapter: job.chapter, section, edition };
        if !done.contains(&needed.path()) {
            // Two that need the same one run it in turn: its folder is one run's at a time.
            static IN_TURN: Mutex<()> = Mutex::new(());
            let _turn = IN_TURN.lock().unwrap_or_else(PoisonError::into_inner);
            let run = job.chapter.run_edition(needed.section, needed.edition, (&data_folder(), &out.join(needed.path())));
            run.with_context(|| format!("{}, whose results this one reads", needed.path()))?;
        }
    }
    let report = job.chapter.run_edition(job.section, job.edition, (&data_folder(), &out.join(job.path())))?;
    let found = report.golden();
    let path = root().join("snapshots").join(job.chapter.name).join(job.section.golden(job.edition));
    let expected = golden::read(&path)?;
    let Some(difference) = golden::difference(&path, &found)? else { return Ok((Outcome::Identical, String::new())) };
    if !args.bless {
        let new = || (Outcome::New, "no golden file yet: accept it with --bless".to_owned());
        return Ok(expected.map_or_else(new, |_| (Outcome::Differs, difference.to_string())));
    }
    show(&job.path(), &expected.unwrap_or_default(), &found);
    golden::accept(&path, &format!("{} · {}", job.section.book, job.section.title), &found)?;
    Ok((Outcome::Blessed, String::new()))
}

/// Shows what of a golden file is about to change: all between the lines that stay the same at its start and at its end.
fn show(path: &str, expected: &str, found: &str) {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.trim_end().lines().collect(), found.trim_end().lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    say(&format!("── {path}, from line {}", start + 1));
    for line in &old[start..old.len() - end] {
        say(&format!("-{line}"));
    }
    for line in &new[start..new.len() - end] {
        say(&format!("+{line}"));
    }
}

/// Prints the table of what was not identical; gives their number.
fn summarise(rows: &[Status], time: Duration) -> usize {
    let bad: Vec<&Status> = rows.iter().filter(|status| !status.outcome.is_good()).collect();
    say(&format!("\n{} of {} identical or blessed in {:.1} s", rows.len() - bad.len(), rows.len(), time.as_secs_f32()));
    for status in &bad {
        say(&format!("  {}: {} {}", status.path(), status.outcome, status.detail));
    }
    bad.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_shells_do() {
        assert!(matches("ch4-*/manual*", "ch4-feedforward/manual-mlp"));
        assert!(matches("*", "iris/train"));
        assert!(!matches("iris", "iris/train"));
        assert!(!matches("*adam", "ch7-optimization/adamw"));
    }

    #[test]
    fn parts_cover_every_section_once() {
        let chapters = chapters();
        let chosen = |shard| {
            let args = Args { quick: false, only: None, skip: Vec::new(), jobs: None, bless: false, shard, out: None };
            choose(&chapters, &args).unwrap().iter().map(Job::path).collect::<Vec<_>>()
        };
        let all = chosen(None);
        for n in 1..=all.len() {
            let mut parts: Vec<String> = (1..=n).flat_map(|i| chosen(Some((i, n)))).collect();
            parts.sort_by_key(|path| all.iter().position(|other| other == path));
            assert_eq!(parts, all, "{n} parts");
        }
    }

    #[test]
    fn shards_are_parsed_or_refused() {
        assert_eq!(shard("2/4"), Ok((2, 4)));
        for text in ["0/4", "5/4", "2", "a/b", ""] {
            assert!(shard(text).is_err(), "{text}");
        }
    }
}
