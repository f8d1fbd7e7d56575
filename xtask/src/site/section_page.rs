//! The page of a section.

use super::{
    golden::Golden,
    language::{Language, Place},
    lesson::{self, Lesson},
    markdown,
    runner::Runner,
    settings::{self, Setting},
    source::Painter,
    values::Row,
};
use crate::{ledger::Judgements, report::Status};
use anyhow::{Context, Result};
use askama::Template;
use common::{
    lab, published,
    registry::{Chapter, Edition, Section},
};
use std::{fs, path::Path};

/// A section's page, ready for its template.
#[derive(Template)]
#[template(path = "section.html")]
pub(super) struct SectionPage<'a> {
    pub(super) at: Place,
    title: String,
    description: String,
    pub(super) chapter: &'a Chapter,
    pub(super) section: &'a Section,
    lesson: Html,
    settings: Vec<Setting>,
    /// What the full edition claims, and what holds.
    claims: Vec<String>,
    editions: Vec<EditionRow>,
    rows: Vec<Row>,
    transcript_language: Language,
    transcript: String,
    source: String,
    pub(super) previous: Option<Neighbour>,
    pub(super) next: Option<Neighbour>,
    pub(super) runner: Option<Runner>,
    /// Whether the figures are those of a quick run.
    pub(super) is_quick: bool,
    /// How its runs ended.
    pub(super) states: Vec<Status>,
    /// Its words, for the search.
    pub(super) words: String,
}

/// The parts of a lesson as HTML.
struct Html {
    summary: String,
    question: String,
    body: String,
    seen: String,
    departures: String,
    formulas: String,
    figures: Vec<FigureHtml>,
    tasks: Vec<TaskHtml>,
}

/// A figure with its caption, which also stands in for it where it cannot be seen.
struct FigureHtml {
    file: String,
    path: String,
    caption: String,
    alt: String,
}

struct TaskHtml {
    flags: String,
    /// The flags as the address of a page names them.
    address: String,
    question: String,
    outcome: String,
}

/// A named set of flags with what its golden file locks.
struct EditionRow {
    name: &'static str,
    flags: String,
    fingerprint: String,
}

/// The page of the section before or after.
#[derive(Debug, Clone)]
pub(super) struct Neighbour {
    pub(super) path: String,
    pub(super) title: String,
}

/// What all pages of sections are made of.
pub(super) struct Materials<'a> {
    pub(super) root: &'a Path,
    /// The folder of what its run has left.
    pub(super) run: &'a Path,
    /// The folder of the figures that there are.
    pub(super) figures: &'a Path,
    pub(super) painter: &'a Painter,
    pub(super) judgements: &'a Judgements,
}

impl<'a> SectionPage<'a> {
    /// The page of a section in a language.
    ///
    /// # Errors
    /// If a text or a golden file is missing, or a formula is none.
    pub(super) fn new(materials: &Materials, (chapter, section): (&'a Chapter, &'a Section), language: Language) -> Result<Self> {
        let &Materials { root, run, figures, painter, judgements } = materials;
        let at = Place::new(language, format!("{}/{}", chapter.name, section.id));
        let lesson = Lesson::read(root, (chapter, section), language)?;
        let golden = Golden::read(root, chapter, section, Edition::FULL)?;
        let entries = published::parse(chapter.published)?;
        let of_section = entries.iter().filter(|entry| entry.section == section.id);
        let editions = section.editions.iter().map(|&edition| {
            let fingerprint = Golden::read(root, chapter, section, edition)?.fingerprint;
            Ok(EditionRow { name: edition.name, flags: edition.flags.join(" "), fingerprint })
        });
        let in_chinese = chinese_transcript(run, &golden).filter(|_| language == Language::Chinese);
        let (transcript_language, transcript) =
            in_chinese.map_or_else(|| (Language::English, golden.transcript.clone()), |transcript| (language, transcript));
        Ok(Self {
            title: lesson.title.clone(),
            description: markdown::plain(&lesson.summary),
            lesson: Html::new(&lesson, &figures.join(&at.path), &at).with_context(|| at.file())?,
            settings: settings::settings(section).into_iter().map(|setting| setting.said(language)).collect(),
            claims: golden.claims().map(|claim| language.say(claim).into_owned()).collect(),
            editions: editions.collect::<Result<_>>()?,
            rows: of_section.map(|entry| Row::new(entry, &judgements.of(entry), language)).collect(),
            transcript_language,
            transcript,
            source: painter.rust(section.source)?,
            previous: None,
            next: None,
            runner: None,
            is_quick: false,
            states: Vec::new(),
            words: [lesson.summary.as_str(), &lesson.prose()].join("\n"),
            at,
            chapter,
            section,
        })
    }

    /// The page as a neighbour of another one.
    pub(super) fn neighbour(&self) -> Neighbour {
        Neighbour { path: self.at.path.clone(), title: self.title.clone() }
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// The section's summary.
    pub(super) fn summary(&self) -> &str {
        &self.lesson.summary
    }
}

impl Html {
    /// The lesson on the page at `at`, with the figures that are in a folder.
    fn new(lesson: &Lesson, folder: &Path, at: &Place) -> Result<Self> {
        let html = |text: &str| markdown::html(text, at);
        let figures = lesson.figures.iter().filter(|figure| folder.join(&figure.file).exists());
        let figures = figures.map(|lesson::Figure { file, caption }| {
            let alt = markdown::plain(caption);
            let translated =
                Some(lab::translated(file)).filter(|file| at.language == Language::Chinese && folder.join(file).exists());
            let path = format!("{}figures/{}/{}", at.root(), at.path, translated.as_ref().unwrap_or(file));
            Ok(FigureHtml { file: file.clone(), path, caption: html(caption)?, alt })
        });
        let tasks = lesson.tasks.iter().map(|lesson::Task { flags, question, outcome }| {
            let address = address(flags);
            Ok(TaskHtml { flags: flags.clone(), address, question: html(question)?, outcome: html(outcome)? })
        });
        Ok(Self {
            summary: html(&lesson.summary)?,
            question: html(&lesson.question)?,
            body: html(&lesson.body)?,
            seen: html(&lesson.seen)?,
            departures: html(&lesson.departures)?,
            formulas: html(&lesson.formulas)?,
            figures: figures.collect::<Result<_>>()?,
            tasks: tasks.collect::<Result<_>>()?,
        })
    }
}

/// What a run printed in Chinese, if it is the run that the golden file locks.
fn chinese_transcript(run: &Path, golden: &Golden) -> Option<String> {
    let text = |name: &str| Some(fs::read_to_string(run.join(name)).ok()?.trim().to_owned());
    text(lab::TRANSCRIPT).filter(|english| *english == golden.transcript)?;
    text(&lab::translated(lab::TRANSCRIPT))
}

/// Flags as the address of a run names them: `--lr 0.5 --replay` becomes `lr=0.5&replay`.
fn address(flags: &str) -> String {
    let flags = flags.trim_start_matches("--").split(" --");
    let escaped = |value: &str| value.trim().replace('%', "%25").replace('&', "%26").replace(' ', "%20");
    flags
        .map(|flag| {
            flag.split_once([' ', '=']).map_or_else(|| flag.to_owned(), |(flag, value)| format!("{flag}={}", escaped(value)))
        })
        .collect::<Vec<_>>()
        .join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_transcript_is_that_of_the_golden_run() {
        let run = tempfile::tempdir().unwrap();
        fs::write(run.path().join("transcript.txt"), "loss 1\n").unwrap();
        fs::write(run.path().join("transcript.zh.txt"), "损失1\n").unwrap();
        let found =
            |transcript: &str| chinese_transcript(run.path(), &Golden { transcript: transcript.to_owned(), ..Golden::default() });
        assert_eq!(found("loss 1").as_deref(), Some("损失1"));
        assert_eq!(found("loss 2"), None);
    }

    #[test]
    fn flags_become_an_address() {
        assert_eq!(address("--lr 0.5 --replay --beta1=-1"), "lr=0.5&replay&beta1=-1");
    }
}
