//! Runs what was built on a platform and compares it with the golden files, and a few steps with those on the machine itself.

use super::{
    plan::{self, Job},
    platforms::{Platform, chosen},
    programs::{Build, KERNEL_TESTS, Programs, emptied},
    table::{Count, Found},
};
use crate::{reproduce::matches, root};
use anyhow::{Context, Result, bail, ensure};
use common::{golden, lab::Report, registry::Chapter};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
    thread,
};

/// What every platform is compared with.
#[derive(Debug)]
pub(super) struct Bench {
    chapters: Vec<Chapter>,
    out: PathBuf,
    workers: usize,
    /// Patterns of the runs that are compared; all if there is none.
    runs: Vec<String>,
    /// What the few steps of each long section leave on the machine itself, by path.
    few_steps: BTreeMap<String, String>,
}

impl Bench {
    /// Runs the few steps of every long section that is wanted on the machine itself.
    pub(super) fn new(chapters: Vec<Chapter>, out: PathBuf, workers: usize, runs: &[String]) -> Result<Self> {
        let native = chosen(&["native-1".to_owned()]);
        let programs = Programs::build(native[0], Build::default())?;
        let mut bench = Self { chapters, out, workers, runs: runs.to_vec(), few_steps: BTreeMap::new() };
        let mut jobs = plan::few_steps(&bench.chapters);
        jobs.retain(|job| bench.wants(job));
        let folder = emptied(&bench.out.join("few-steps"))?;
        let texts = bench.each(&jobs, |job| leaves(job, &programs, &folder));
        for (job, text) in jobs.iter().zip(texts) {
            let text = text.with_context(|| format!("{}, a few steps of it", job.path()))?;
            bench.few_steps.insert(job.path(), text);
        }
        Ok(bench)
    }

    fn wants(&self, job: &Job) -> bool {
        self.runs.is_empty() || self.runs.iter().any(|pattern| matches(pattern, &job.path()))
    }

    /// Runs the kernels' tests and all that is planned for a platform.
    pub(super) fn judge(&self, platform: &Platform, programs: &Programs) -> Result<Found> {
        let mut found = Found::default();
        for (name, filter) in KERNEL_TESTS {
            match tested(programs.test(name, filter)?) {
                Ok(tested) => {
                    found.tests.good += tested.count.good;
                    found.tests.all += tested.count.all;
                    found.faults.extend(tested.failed.iter().map(|test| format!("tests of {name}: {test} fails")));
                }
                Err(error) => found.faults.push(format!("tests of {name}: {error:#}")),
            }
        }
        let folder = emptied(&self.out.join(platform.name))?;
        let mut jobs = plan::jobs(&self.chapters, platform);
        jobs.retain(|job| self.wants(job));
        let outcomes = self.each(&jobs, |job| self.check(job, programs, &folder));
        for (job, outcome) in jobs.iter().zip(outcomes) {
            let count = if job.golden.is_some() { &mut found.goldens } else { &mut found.few_steps };
            count.add(outcome.is_ok());
            found.faults.extend(outcome.err().map(|error| format!("{}: {error:#}", job.path())));
        }
        Ok(found)
    }

    /// Runs a job and compares what it leaves with what it should.
    fn check(&self, job: &Job, programs: &Programs, folder: &Path) -> Result<()> {
        let found = leaves(job, programs, folder)?;
        let expected = match &job.golden {
            Some(golden) => golden::read(&root().join("snapshots").join(golden))?.context("there is no golden file")?,
            None => self.few_steps.get(&job.path()).context("the machine itself ran no such steps")?.clone(),
        };
        golden::compare(&expected, &found).map_or(Ok(()), |difference| bail!("{difference}"))
    }

    /// Does `work` for each job, several at a time, those that read another one's results after the others; gives the results in the
    /// jobs' order.
    fn each<T: Send>(&self, jobs: &[Job], work: impl Fn(&Job) -> T + Sync) -> Vec<T> {
        let (later, first): (Vec<_>, Vec<_>) = jobs.iter().enumerate().partition(|(_, job)| job.is_later);
        let done = Mutex::new(Vec::new());
        for wave in [first, later] {
            let queue = Mutex::new(wave.into_iter());
            // A poisoned lock means that another worker panicked; the queue itself is whole.
            let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let worker = || {
                while let Some((index, job)) = next() {
                    let result = work(job);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            };
            thread::scope(|scope| (0..self.workers).for_each(|_| drop(scope.spawn(worker))));
        }
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

/// Runs a job; gives the text that a golden file of it would hold.
fn leaves(job: &Job, programs: &Programs, folder: &Path) -> Result<String> {
    let out = folder.join(job.folder);
    let output = run(programs.section((job.chapter, job.section), &job.flags, &out)?)?;
    ensure!(output.is_success, "{}", output.last_line());
    Ok(Report::read(&out.join(job.chapter).join(job.section))?.golden())
}

/// What a program of tests found.
#[derive(Debug, PartialEq, Eq)]
struct Tested {
    count: Count,
    /// The names of the tests that failed.
    failed: Vec<String>,
}

/// Runs the tests of a program.
fn tested(command: Command) -> Result<Tested> {
    let output = run(command)?;
    match tested_of(&output.text) {
        Some(tested) if output.is_success == tested.failed.is_empty() => Ok(tested),
        _ => bail!("the program ended before its tests: {}", output.last_line()),
    }
}

/// What the text of a program of tests says; none if it says no result, or names other tests than it counts.
fn tested_of(text: &str) -> Option<Tested> {
    let count = text.lines().rev().find_map(count_of)?;
    let name = |line: &str| Some(line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.to_owned());
    let failed: Vec<String> = text.lines().filter_map(name).collect();
    (failed.len() == count.all - count.good).then_some(Tested { count, failed })
}

/// The count in a line such as `test result: FAILED. 3 passed; 1 failed; 0 ignored; …`.
fn count_of(line: &str) -> Option<Count> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |what: &str| counts.split("; ").find_map(|part| part.strip_suffix(what)?.trim().parse::<usize>().ok());
    let (good, bad) = (number("passed")?, number("failed")?);
    Some(Count { good, all: good + bad })
}

/// What a program printed.
struct Output {
    text: String,
    is_success: bool,
}

impl Output {
    fn lines(&self) -> std::str::Lines<'_> {
        self.text.lines()
    }

    fn last_line(&self) -> &str {
        self.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it printed nothing")
    }
}

fn run(mut command: Command) -> Result<Output> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot start {shown}"))?;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ok(Output { text, is_success: output.status.success() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_leaves_is_read_as_its_golden() {
        let chapters = crate::chapters();
        let section = chapters[0].section("neuron").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let results = folder.path().join("neuron");
        let report = chapters[0].run_edition(section, section.quick(), (&root().join("data"), &results)).unwrap();
        assert_eq!(Report::read(&results).unwrap().golden(), report.golden());
    }

    #[test]
    fn results_of_tests_are_counted() {
        let line = "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.02s";
        assert_eq!(count_of(line), Some(Count { good: 3, all: 4 }));
        assert_eq!(count_of("test a ... ok"), None);
    }

    #[test]
    fn tests_that_fail_are_named() {
        let text = "test a ... ok\ntest b::c ... FAILED\ntest result: FAILED. 1 passed; 1 failed; 0 ignored\n";
        let expected = Tested { count: Count { good: 1, all: 2 }, failed: vec!["b::c".to_owned()] };
        assert_eq!(tested_of(text), Some(expected));
        assert_eq!(tested_of("test result: FAILED. 1 passed; 1 failed; 0 ignored\n"), None);
    }
}
