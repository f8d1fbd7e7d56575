//! `ledger`: every value that the sources print, with what became of it.

use crate::{chapters, say};
use anyhow::{Context, Result, bail};
use common::{
    cli,
    published::{self, Class, Entry, Outcome},
    registry::Chapter,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Which values to show, and from which results
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only the totals of each source
    #[arg(long)]
    totals: bool,
    /// Folder with the results of `reproduce-all` [default: results/, at the top of the workspace]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let results = args.out.clone().unwrap_or_else(cli::results_folder);
    let mut totals = BTreeMap::<String, Total>::new();
    for chapter in chapters() {
        let judgements = Judgements::read(&chapter, &results)?;
        if let Some(missing) = &judgements.missing {
            bail!("no {}: run `cargo xtask reproduce-all` first", missing.display());
        }
        for entry in published::parse(chapter.published)? {
            let Judged { outcome, ours, verdict } = judgements.of(&entry);
            if !args.totals {
                let Entry { stands_in, section, metric, printed, class, .. } = &entry;
                say(&format!("{stands_in}\t{section}\t{metric}\t{printed}\t{ours}\t{class}\t{verdict}"));
            }
            let source = entry.stands_in.split(' ').next().unwrap_or_default();
            totals.entry(source.to_owned()).or_default().add(&entry, outcome);
        }
    }
    print_totals(&totals);
    Ok(ExitCode::SUCCESS)
}

/// What a run's `metrics.json` says about the ledger.
#[derive(Debug, Deserialize)]
struct Metrics {
    verdicts: Vec<Judgement>,
}

/// What a run says about a line of the ledger.
#[derive(Debug, Clone, Deserialize)]
struct Judgement {
    metric: String,
    printed: String,
    ours: Option<serde_json::Value>,
    outcome: Outcome,
    verdict: String,
}

/// What became of a line of the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    /// Our value; nothing for a statement.
    pub(crate) ours: String,
    pub(crate) verdict: String,
}

/// What the runs of a chapter say; a replay comes before the run on our own numbers.
#[derive(Default)]
pub(crate) struct Judgements {
    by_section: BTreeMap<&'static str, Vec<Judgement>>,
    /// The first run that has left nothing.
    missing: Option<PathBuf>,
}

impl Judgements {
    /// What the full editions and the replays of a chapter say, as far as their results are there.
    ///
    /// # Errors
    /// If one is damaged.
    pub(crate) fn read(chapter: &Chapter, results: &Path) -> Result<Self> {
        let mut judgements = Self::default();
        for section in &chapter.sections {
            let of_section = judgements.by_section.entry(section.id).or_default();
            for edition in section.editions.iter().filter(|edition| ["full", "replay"].contains(&edition.name)) {
                let path = results.join(chapter.name).join(section.name(*edition)).join("metrics.json");
                match read(&path)? {
                    Some(metrics) => of_section.extend(metrics.verdicts),
                    None => judgements.missing = judgements.missing.or(Some(path)),
                }
            }
        }
        Ok(judgements)
    }

    /// What became of a line of the ledger.
    pub(crate) fn of(&self, entry: &Entry) -> Judged {
        let judgements = self.by_section.get(entry.section.as_str()).map(Vec::as_slice).unwrap_or_default();
        let of_entry = judgements.iter().filter(|found| found.metric == entry.metric && found.printed == entry.printed);
        // The best outcome counts: a digit that a replay gives needs no band.
        let Some(found) = of_entry.min_by_key(|found| found.outcome) else {
            let (outcome, verdict) = match entry.class {
                Class::NotReproducible => (Outcome::NotReproducible, "not reproducible"),
                _ => (Outcome::NotCompared, "not compared"),
            };
            return Judged { outcome, ours: String::new(), verdict: verdict.to_owned() };
        };
        let ours = found.ours.as_ref().map(ToString::to_string).unwrap_or_default();
        Judged { outcome: found.outcome, ours, verdict: found.verdict.clone() }
    }
}

/// What a run has left; nothing if it was not run.
fn read(path: &Path) -> Result<Option<Metrics>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let damaged = || format!("{} is damaged: run `cargo xtask reproduce-all` again", path.display());
    serde_json::from_str(&text).with_context(damaged)
}

/// What became of the values of one source.
#[derive(Debug, Default)]
struct Total {
    numbers: usize,
    statements: usize,
    outcomes: BTreeMap<Outcome, usize>,
}

impl Total {
    fn add(&mut self, entry: &Entry, outcome: Outcome) {
        if entry.is_in_words() {
            self.statements += 1;
        } else {
            self.numbers += entry.printed.split(' ').count();
        }
        *self.outcomes.entry(outcome).or_default() += 1;
    }
}

/// The columns of the totals: an outcome, and what it is called.
const OUTCOMES: [(Outcome, &str); 8] = [
    (Outcome::Identical, "every digit"),
    (Outcome::Differing, "other digits"),
    (Outcome::Inside, "inside"),
    (Outcome::Outside, "outside"),
    (Outcome::Confirmed, "confirmed"),
    (Outcome::Refuted, "refuted"),
    (Outcome::NotReproducible, "not reproducible"),
    (Outcome::NotCompared, "not compared"),
];

fn print_totals(totals: &BTreeMap<String, Total>) {
    let heads: Vec<&str> = ["source", "numbers", "statements"].into_iter().chain(OUTCOMES.map(|(_, name)| name)).collect();
    say(&format!("\n{}", heads.join("  ")));
    for (source, total) in totals {
        let counts = OUTCOMES.map(|(outcome, _)| total.outcomes.get(&outcome).copied().unwrap_or_default());
        let counts = [total.numbers, total.statements].into_iter().chain(counts).map(|count| count.to_string());
        let cells = [source.clone()].into_iter().chain(counts).zip(&heads);
        let cells: Vec<String> = cells.map(|(cell, head)| format!("{cell:>width$}", width = head.chars().count())).collect();
        say(&cells.join("  "));
    }
}
