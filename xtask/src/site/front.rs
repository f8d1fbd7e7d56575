//! The front page.

use super::{
    Site,
    language::Place,
    ledger_page::{Count, LedgerPage},
    section_page::SectionPage,
};
use crate::{bench, report};
use anyhow::{Context, Result};
use askama::Template;
use sha2::{Digest, Sha256};
use std::{borrow::Cow, fmt::Write, fs, path::Path};

/// What all this is, and where everything stands.
#[derive(Template)]
#[template(path = "front.html")]
pub(super) struct FrontPage<'a> {
    pub(super) at: Place,
    tally: &'a [Count],
    chapters: Vec<ChapterList<'a>>,
    /// Runs whose results are there, and those of them that are as their golden files have them.
    runs: usize,
    good: usize,
    version: &'static str,
    fingerprint: String,
    processor: String,
    date: Option<String>,
}

struct ChapterList<'a> {
    title: Cow<'a, str>,
    entries: Vec<Entry<'a>>,
}

/// A section.
struct Entry<'a> {
    book: String,
    path: &'a str,
    title: &'a str,
    summary: &'a str,
    state: Option<State>,
}

/// How its runs ended.
struct State {
    name: &'static str,
    mark: &'static str,
}

impl<'a> FrontPage<'a> {
    pub(super) fn new(site: &Site<'a>, pages: &'a [SectionPage<'a>], ledger: &'a LedgerPage) -> Result<Self> {
        let at = Place::new(ledger.at.language, "index");
        let by_chapter = pages.chunk_by(|a, b| a.chapter.name == b.chapter.name);
        let chapters = by_chapter.map(|pages| ChapterList {
            title: at.language.say(pages[0].chapter.title),
            entries: pages.iter().map(|page| entry(page, &at)).collect(),
        });
        Ok(Self {
            chapters: chapters.collect(),
            tally: &ledger.tally,
            runs: site.statuses.len(),
            good: report::count_good(&site.statuses),
            version: env!("CARGO_PKG_VERSION"),
            fingerprint: fingerprint(&site.root.join("snapshots"))?,
            processor: bench::processor(),
            date: report::date(site.results),
            at,
        })
    }
}

fn entry<'a>(page: &'a SectionPage, at: &Place) -> Entry<'a> {
    let bad = page.states.iter().filter(|status| !status.outcome.is_good()).count();
    let state = match (page.states.len(), bad) {
        (0, _) => None,
        (_, 0) => Some(State { name: at.say("identical with its golden files", "与标准文件相同"), mark: "good" }),
        _ => Some(State { name: at.say("differs from its golden files", "与标准文件不同"), mark: "bad" }),
    };
    Entry { book: at.source(page.section.book), path: &page.at.path, title: page.title(), summary: page.summary(), state }
}

/// The hash of all golden files, in the order of their names.
fn fingerprint(snapshots: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    for folder in report::folders(snapshots)? {
        for file in report::entries(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            if file.extension().is_some_and(|extension| extension == "snap") {
                hash.update(fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
            }
        }
    }
    let mut text = String::new();
    for byte in &hash.finalize()[..8] {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}
