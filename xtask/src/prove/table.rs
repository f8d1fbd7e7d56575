//! The table at the end.

use std::fmt::Write as _;

/// How many of so many things came out as they should.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) good: usize,
    pub(super) all: usize,
}

impl Count {
    pub(super) fn add(&mut self, is_good: bool) {
        self.all += 1;
        self.good += usize::from(is_good);
    }

    fn is_whole(self) -> bool {
        self.good == self.all
    }

    fn cell(self) -> String {
        format!("{} of {}", self.good, self.all)
    }
}

/// What was found on a platform.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tests: Count,
    pub(super) goldens: Count,
    pub(super) few_steps: Count,
    /// What went wrong, a line each.
    pub(super) faults: Vec<String>,
}

impl Found {
    pub(super) fn is_good(&self) -> bool {
        let were_run = self.tests.all > 0 && self.goldens.all + self.few_steps.all > 0;
        were_run && self.faults.is_empty() && [self.tests, self.goldens, self.few_steps].into_iter().all(Count::is_whole)
    }
}

/// A platform's line.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) how: &'static str,
    /// What was found; why it cannot be had.
    pub(super) found: Result<Found, String>,
    pub(super) seconds: u64,
}

/// The table, as Markdown with its columns aligned.
pub(super) fn table(rows: &[Row]) -> String {
    let heading = ["platform", "how", "kernels' tests", "goldens identical", "few steps identical", "time"];
    let mut lines = vec![heading.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let widths: [usize; 6] = std::array::from_fn(|i| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or_default());
    lines.insert(1, widths.map(|width| "-".repeat(width)));
    let mut text = String::new();
    for line in &lines {
        for (cell, width) in line.iter().zip(widths) {
            // Writing to a string cannot fail.
            let _ = write!(text, "| {cell:<width$} ");
        }
        text.push_str("|\n");
    }
    text
}

fn cells(row: &Row) -> [String; 6] {
    let [tests, goldens, few] = match &row.found {
        Ok(found) => [found.tests, found.goldens, found.few_steps].map(Count::cell),
        Err(why) => [format!("not to be had: {why}"), "–".to_owned(), "–".to_owned()],
    };
    [row.name.to_owned(), row.how.to_owned(), tests, goldens, few, format!("{} s", row.seconds)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(good: usize) -> Found {
        let count = Count { good, all: 2 };
        Found { tests: count, goldens: count, few_steps: count, faults: Vec::new() }
    }

    #[test]
    fn a_platform_is_good_if_all_of_it_is() {
        assert!(found(2).is_good());
        assert!(!found(1).is_good());
        assert!(!Found::default().is_good(), "nothing was run");
        assert!(!Found { faults: vec!["a test failed".to_owned()], ..found(2) }.is_good());
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [
            Row { name: "native-1", how: "natively", found: Ok(found(2)), seconds: 5 },
            Row { name: "vax", how: "–", found: Err("needs a VAX".to_owned()), seconds: 0 },
        ];
        let text = table(&rows);
        assert_eq!(
            text.lines().nth(2),
            Some("| native-1 | natively | 2 of 2                     | 2 of 2            | 2 of 2              | 5 s  |")
        );
        assert!(text.lines().all(|line| line.chars().count() == text.lines().next().unwrap().chars().count()), "{text}");
    }
}
