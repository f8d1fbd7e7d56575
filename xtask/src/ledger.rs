//! `ledger`: every value that the sources print, with what became of it.

use crate::{chapters, say};
use anyhow::{Context, Result, bail};
use common::{
    cli,
    published::{self, Class, Entry, Outcome},
    registry::{Chapter, Section},
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
        for entry in published::parse(chapter.published)? {
            let (outcome, line) = judgements.of(&entry);
            if !args.totals {
                say(&format!("{}\t{}\t{}\t{line}", entry.stands_in, entry.section, entry.metric));
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

/// What the runs of a chapter say, by section; a replay comes before the run on our own numbers.
struct Judgements(BTreeMap<&'static str, Vec<Judgement>>);

impl Judgements {
    fn read(chapter: &Chapter, results: &Path) -> Result<Self> {
        let read = |section: &Section| Ok((section.id, read(section, &results.join(chapter.name))?));
        chapter.sections.iter().map(read).collect::<Result<_>>().map(Self)
    }

    /// The outcome of a line of the ledger, and what to print of it.
    fn of(&self, entry: &Entry) -> (Outcome, String) {
        let judgements = self.0.get(entry.section.as_str()).map(Vec::as_slice).unwrap_or_default();
        let of_entry = judgements.iter().filter(|found| found.metric == entry.metric && found.printed == entry.printed);
        // The best outcome counts: a digit that a replay gives needs no band.
        let Some(found) = of_entry.min_by_key(|found| found.outcome) else {
            let (outcome, text) = match entry.class {
                Class::NotReproducible => (Outcome::NotReproducible, "not reproducible"),
                _ => (Outcome::NotCompared, "not compared"),
            };
            return (outcome, format!("{}\t\t{}\t{text}", entry.printed, entry.class));
        };
        let ours = found.ours.as_ref().map(ToString::to_string).unwrap_or_default();
        (found.outcome, format!("{}\t{ours}\t{}\t{}", entry.printed, entry.class, found.verdict))
    }
}

/// What the full edition and the replay of a section say.
fn read(section: &Section, results: &Path) -> Result<Vec<Judgement>> {
    let mut judgements = Vec::new();
    let told = section.editions.iter().filter(|edition| ["full", "replay"].contains(&edition.name));
    for edition in told {
        let path = results.join(section.name(*edition)).join("metrics.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("no {}: run `cargo xtask reproduce-all` first", path.display())
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let metrics: Metrics = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged: run `cargo xtask reproduce-all` again", path.display()))?;
        judgements.extend(metrics.verdicts);
    }
    Ok(judgements)
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
