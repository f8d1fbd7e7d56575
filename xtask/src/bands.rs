//! The reference bands of the ledger, and the file that keeps how each was made: `tidy` compares them.

use anyhow::{Context, Result};
use common::{
    published::{self, Band, Class, Entry},
    registry::Chapter,
};
use serde::Deserialize;
use std::{collections::BTreeSet, fs, path::Path};

/// Where the scripts are that make bands, and what they made.
const FOLDER: &str = "published/reference";

/// What the scripts made.
#[derive(Debug, Deserialize)]
struct Made {
    bands: Vec<Row>,
}

/// A band as its script made it. Its settings are for readers.
#[derive(Debug, Clone, Deserialize)]
struct Row {
    chapter: String,
    section: String,
    metric: String,
    #[serde(flatten)]
    band: Band,
    script: String,
}

impl Row {
    fn is_of(&self, chapter: &str, entry: &Entry) -> bool {
        self.chapter == chapter && self.section == entry.section && self.metric == entry.metric
    }

    fn name(&self) -> String {
        format!("{} {}, {}", self.chapter, self.section, self.metric)
    }
}

/// The printed values of a chapter with its name.
type Ledger = (&'static str, Vec<Entry>);

/// Each band of the ledger is what its script made, and each that was made is in the ledger.
pub(crate) fn check(root: &Path, chapters: &[Chapter]) -> Result<Vec<String>> {
    let folder = root.join(FOLDER);
    let rows = read(&folder)?;
    let scripts: BTreeSet<&str> = rows.iter().map(|row| row.script.as_str()).collect();
    let missing = scripts.into_iter().filter(|script| !folder.join(script).is_file());
    let missing = missing.map(|script| format!("{FOLDER}/{script}: missing, though bands.json has bands of it"));
    Ok(differences(&rows, &ledgers(chapters)?).into_iter().chain(missing).collect())
}

fn read(folder: &Path) -> Result<Vec<Row>> {
    let path = folder.join("bands.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let made: Made = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
    Ok(made.bands)
}

fn ledgers(chapters: &[Chapter]) -> Result<Vec<Ledger>> {
    let ledger = |chapter: &Chapter| Ok((chapter.name, published::parse(chapter.published)?));
    chapters.iter().map(ledger).collect()
}

/// What is wrong with the rows, and between rows and ledgers.
fn differences(rows: &[Row], ledgers: &[Ledger]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let Band { n, mean, sd, min, max } = row.band;
        if n < 2 || sd < 0.0 || mean < min || mean > max {
            wrong.push(format!("{}: expected two seeds or more and min ≤ mean ≤ max, found {:?}", row.name(), row.band));
        }
        if rows[..i].iter().any(|other| other.name() == row.name()) {
            wrong.push(format!("{}: two rows in bands.json", row.name()));
        }
        let has_line =
            |(chapter, entries): &Ledger| entries.iter().any(|entry| may_have_band(entry) && row.is_of(chapter, entry));
        if !ledgers.iter().any(has_line) {
            wrong.push(format!("{}: a row in bands.json, but no line in the ledger", row.name()));
        }
    }
    for (chapter, entries) in ledgers {
        for entry in entries {
            let row = rows.iter().find(|row| may_have_band(entry) && row.is_of(chapter, entry));
            if let Some(difference) = difference(entry, row) {
                wrong.push(format!("{chapter} {}, {}: {difference}", entry.section, entry.metric));
            }
        }
    }
    wrong
}

/// A number that must agree in every digit needs no band.
fn may_have_band(entry: &Entry) -> bool {
    !matches!(entry.class, Class::Exact | Class::Stated)
}

/// What is wrong between a line of the ledger and the row of its metric.
fn difference(entry: &Entry, row: Option<&Row>) -> Option<String> {
    let numbers = [entry.mean, entry.sd, entry.min, entry.max];
    let is_empty = entry.n.is_none() && numbers.iter().all(Option::is_none);
    match (entry.reference(), row) {
        (None, _) if !is_empty => Some("its band lacks a number".to_owned()),
        (Some(_), None) => Some("a band, but no row in bands.json".to_owned()),
        (None, Some(_)) => Some("a row in bands.json, but no band: run published/reference/ledger.py".to_owned()),
        (Some(band), Some(row)) if !are_equal(&band, &row.band) => Some(format!(
            "expected the band that {} made, {:?}, found {band:?}: run published/reference/ledger.py",
            row.script, row.band
        )),
        _ => None,
    }
}

/// Whether two bands are equal in the six digits that bands are stated with: JSON and CSV may be read half a unit apart in the last place of an f64.
fn are_equal(a: &Band, b: &Band) -> bool {
    let digits = |band: &Band| [band.mean, band.sd, band.min, band.max].map(|x| format!("{x:.5e}"));
    a.n == b.n && digits(a) == digits(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chapters, root};

    fn made() -> (Vec<Row>, Vec<Ledger>) {
        (read(&root().join(FOLDER)).unwrap(), ledgers(&chapters()).unwrap())
    }

    #[test]
    fn every_band_is_the_one_that_its_script_made() {
        assert_eq!(check(&root(), &chapters()).unwrap(), [""; 0]);
    }

    #[track_caller]
    fn check_found(change: impl FnOnce(&mut Vec<Row>), found: &str) {
        let (mut rows, ledgers) = made();
        rows.sort_by_key(|row| row.metric != "test accuracy" || row.section != "dfn");
        change(&mut rows);
        let complaints = differences(&rows, &ledgers);
        assert_eq!(complaints.len(), 1, "{complaints:#?}");
        assert!(complaints[0].contains(found), "expected \"{found}\", found \"{}\"", complaints[0]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        check_found(|rows| rows[0].band.sd += 1e-6, "mnist-mlp dfn, test accuracy: expected the band that dfn.py made");
        check_found(|rows| drop(rows.remove(0)), "mnist-mlp dfn, test accuracy: a band, but no row in bands.json");
        check_found(|rows| rows.push(rows[0].clone()), "mnist-mlp dfn, test accuracy: two rows in bands.json");
        let other = |rows: &mut Vec<Row>| rows.push(Row { metric: "test loss".to_owned(), ..rows[0].clone() });
        check_found(other, "mnist-mlp dfn, test loss: a row in bands.json, but no line in the ledger");
    }

    #[test]
    fn a_mean_lies_between_the_extremes() {
        let (mut rows, _) = made();
        rows.truncate(1);
        rows[0].band.mean = rows[0].band.max + 1.0;
        assert!(differences(&rows, &[]).iter().any(|complaint| complaint.contains("min ≤ mean ≤ max")));
    }
}
