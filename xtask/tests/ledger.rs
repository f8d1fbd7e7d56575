//! What `xtask ledger` counts, of results whose verdicts are those that the committed goldens show.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../crates/common/testing/binary.rs"]
mod binary;

use binary::{Bench, End};
use common::{
    golden,
    published::{Class, Entry, parse},
    registry::Chapter,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};

fn chapters() -> [Chapter; 4] {
    [ch4_feedforward::chapter(), iris::chapter(), mnist_mlp::chapter(), ch7_optimization::chapter()]
}

/// The entries of all chapters.
fn entries() -> Vec<Entry> {
    chapters().iter().flat_map(|chapter| parse(chapter.published).unwrap()).collect()
}

/// The name of the source that printed it.
fn source(entry: &Entry) -> String {
    entry.stands_in.split(' ').next().unwrap().to_owned()
}

/// What a golden says of its section's entries.
fn verdicts(golden: &str, entries: &[Entry]) -> Vec<Value> {
    // A long statement is broken into lines, at hyphens as well.
    let words = |text: &str| text.split_whitespace().collect::<String>();
    let told = words(golden);
    let says = |entry: &&Entry| {
        let Entry { stands_in, printed, class, .. } = entry;
        told.contains(&words(&format!("{stands_in} says: \"{printed}\": {class}")))
    };
    let in_words = entries.iter().filter(|entry| entry.is_in_words()).filter(says);
    let mut verdicts: Vec<Value> = in_words.map(|entry| verdict(entry, &entry.class.to_string())).collect();

    // The rows of a table have the order of the ledger, where some entries are left out.
    let mut left = entries.iter();
    let table = golden.lines().skip_while(|line| !["[Published]", "[Replay]"].contains(line)).take_while(|line| !line.is_empty());
    for row in table {
        let cells: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let is_row_of = |entry: &&Entry| entry.metric == cells[0] && !entry.is_in_words();
        if cells.len() > 3 && entries.iter().any(|entry| is_row_of(&entry)) {
            verdicts.push(verdict(left.find(is_row_of).unwrap(), cells[cells.len() - 1]));
        }
    }
    let sequence = |entry: &Entry| golden.lines().find_map(|line| line.strip_prefix(&format!("{}: ", entry.metric)));
    verdicts.extend(
        entries.iter().filter_map(|entry| Some(verdict(entry, sequence(entry).filter(|text| text.ends_with("differ"))?))),
    );
    verdicts
}

/// A verdict as a run's `metrics.json` has it.
fn verdict(entry: &Entry, text: &str) -> Value {
    let outcome = match text {
        "confirmed" | "refuted" => text,
        "not reproducible" => "not-reproducible",
        "both inside" => "inside",
        _ if text.contains("outside") => "outside",
        _ if text == "the one digit" || text.starts_with("all ") || text.ends_with(" 0 differ") => "identical",
        _ if text.ends_with("digits") || text.ends_with("differ") => "differing",
        _ => panic!("\"{text}\" is no verdict on {}", entry.metric),
    };
    json!({ "metric": entry.metric, "printed": entry.printed, "ours": null, "outcome": outcome, "verdict": text })
}

/// Results with the verdicts of all goldens, but for those on a metric of that name.
fn results(without: &str) -> Bench {
    let bench = Bench::new();
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots");
    for chapter in chapters() {
        let entries = parse(chapter.published).unwrap();
        for section in &chapter.sections {
            let own: Vec<Entry> = entries.iter().filter(|entry| entry.section == section.id).cloned().collect();
            for edition in section.editions.iter().filter(|edition| ["full", "replay"].contains(&edition.name)) {
                let text = golden::read(&snapshots.join(chapter.name).join(section.golden(*edition))).unwrap().unwrap();
                let told = verdicts(&text, &own).into_iter().filter(|verdict| verdict["metric"] != without).collect::<Vec<_>>();
                let path = format!("results/{}/{}/metrics.json", chapter.name, section.name(*edition));
                bench.write(&path, json!({ "verdicts": told }).to_string());
            }
        }
    }
    bench
}

fn ledger(bench: &Bench) -> End {
    let end = bench.run(env!("CARGO_BIN_EXE_xtask"), &["ledger"]);
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""));
    end
}

/// The totals of each source, by the heads of their columns.
fn totals(end: &End) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut lines = end.stdout.lines().skip_while(|line| !line.starts_with("source  "));
    let heads: Vec<String> = lines.next().unwrap().split("  ").map(str::to_owned).collect();
    let row = |line: &str| {
        let mut cells = line.split_whitespace();
        let source = cells.next().unwrap().to_owned();
        let counts: Vec<usize> = cells.map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(counts.len(), heads.len() - 1, "{line}");
        (source, heads[1..].iter().cloned().zip(counts).collect())
    };
    lines.map(row).collect()
}

/// Outcomes of all kinds make up the entries, and the numbers and statements are those of the ledger.
#[track_caller]
fn adds_up(totals: &BTreeMap<String, BTreeMap<String, usize>>) {
    let mut expected = BTreeMap::<String, [usize; 3]>::new();
    for entry in entries() {
        let [numbers, statements, lines] = expected.entry(source(&entry)).or_default();
        *lines += 1;
        if entry.is_in_words() { *statements += 1 } else { *numbers += entry.printed.split(' ').count() }
    }
    let found = |counts: &BTreeMap<String, usize>| {
        let [numbers, statements] = ["numbers", "statements"].map(|head| counts[head]);
        [numbers, statements, counts.values().sum::<usize>() - numbers - statements]
    };
    let found: BTreeMap<String, [usize; 3]> = totals.iter().map(|(source, counts)| (source.clone(), found(counts))).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_printed_value_has_a_class_and_an_outcome() {
    let end = ledger(&results(""));
    let lines: Vec<Vec<&str>> =
        end.stdout.lines().take_while(|line| !line.is_empty()).map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), entries().len());
    let classes = [Class::Exact, Class::Stated, Class::Banded, Class::Confirmed, Class::Refuted, Class::NotReproducible]
        .map(|c| c.to_string());
    for line in lines {
        let [.., class, verdict] = line[..] else { panic!("{line:?}") };
        assert!(classes.contains(&class.to_owned()) && !verdict.is_empty(), "{line:?}");
    }
}

#[test]
fn totals_add_up_and_nothing_is_left_uncompared() {
    let totals = totals(&ledger(&results("")));
    adds_up(&totals);
    for (source, counts) in &totals {
        assert_eq!(counts["not compared"], 0, "{source}");
    }
}

#[test]
fn what_no_run_mentions_is_counted_as_not_compared() {
    let totals = totals(&ledger(&results("delta, epoch 10001")));
    adds_up(&totals);
    assert_eq!(totals["S4"]["not compared"], 1);
}
