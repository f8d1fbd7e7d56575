//! The page with every value that the sources print.

use super::{
    language::{Language, Place},
    values::{self, Row},
};
use crate::ledger::Judgements;
use anyhow::Result;
use askama::Template;
use common::{
    published::{self, Outcome},
    registry::Chapter,
};
use std::collections::BTreeMap;

/// The ledger, ready for its template.
#[derive(Template)]
#[template(path = "ledger.html")]
pub(super) struct LedgerPage {
    pub(super) at: Place,
    pub(super) tally: Vec<Count>,
    groups: Vec<Group>,
}

/// The values of a chapter.
struct Group {
    chapter: &'static str,
    rows: Vec<Row>,
}

/// How many lines ended so.
#[derive(Debug, Clone)]
pub(super) struct Count {
    pub(super) lines: usize,
    pub(super) name: &'static str,
    pub(super) mark: &'static str,
}

impl LedgerPage {
    /// The ledger in a language.
    ///
    /// # Errors
    /// If a ledger cannot be read.
    pub(super) fn new(judged: &[(&Chapter, Judgements)], language: Language) -> Result<Self> {
        let mut counts = BTreeMap::<Outcome, usize>::new();
        let mut groups = Vec::new();
        for (chapter, judgements) in judged {
            let mut rows = Vec::new();
            for entry in published::parse(chapter.published)? {
                let found = judgements.of(&entry);
                *counts.entry(found.outcome).or_default() += 1;
                rows.push(Row::new(&entry, &found, language));
            }
            groups.push(Group { chapter: chapter.name, rows });
        }
        let tally = counts.into_iter().map(|(outcome, lines)| {
            let (name, mark) = values::outcome(outcome, language);
            Count { lines, name, mark }
        });
        Ok(Self { at: Place::new(language, "ledger"), tally: tally.collect(), groups })
    }
}
