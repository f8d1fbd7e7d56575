//! The text of a section's page: what the section's source file says, and the two files beside it.

use super::{
    language::Language,
    markdown::{self, Part},
};
use anyhow::{Context, Result, bail, ensure};
use common::registry::{Chapter, Section};
use pulldown_cmark::HeadingLevel;
use std::{fs, path::Path};

/// What a section's page says in one language, in Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Lesson {
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) question: String,
    /// What to know.
    pub(super) body: String,
    /// What is seen in the results.
    pub(super) seen: String,
    /// Where the section departs from its source; nothing if it does not.
    pub(super) departures: String,
    pub(super) formulas: String,
    pub(super) figures: Vec<Figure>,
    pub(super) tasks: Vec<Task>,
}

/// A figure in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) file: String,
    pub(super) caption: String,
}

/// Something to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Task {
    /// The flags, as typed.
    pub(super) flags: String,
    pub(super) question: String,
    pub(super) outcome: String,
}

impl Lesson {
    /// The text of a section in a language.
    ///
    /// # Errors
    /// If a file is missing, or a part of it, or has another form.
    pub(super) fn read(root: &Path, (chapter, section): (&Chapter, &Section), language: Language) -> Result<Self> {
        let file = format!("crates/{}/src/sections/{}{}.md", chapter.name, section.id.replace('-', "_"), language.suffix());
        let text = fs::read_to_string(root.join(&file)).with_context(|| format!("cannot read {file}"))?;
        let mut lesson = Self::default();
        if language == Language::English {
            section.title.clone_into(&mut lesson.title);
            section.summary.clone_into(&mut lesson.summary);
            lesson.add_body(&doc_comment(section.source), language);
        }
        lesson.add(&markdown::parts(&text), language).context(file)?;
        Ok(lesson)
    }

    /// Adds what a file says.
    fn add(&mut self, parts: &[Part], language: Language) -> Result<()> {
        let mut chapter = "";
        for &Part { level, heading, text } in parts {
            let is = |english, chinese| heading == language.choose(english, chinese);
            match level {
                HeadingLevel::H1 if language == Language::Chinese => {
                    (self.title, self.summary) = (heading.to_owned(), text.to_owned());
                }
                HeadingLevel::H2 => {
                    chapter = heading;
                    if is("Question", "问题") {
                        text.clone_into(&mut self.question);
                    } else if is("Formulas", "公式") {
                        text.clone_into(&mut self.formulas);
                    } else if heading == "正文" {
                        self.add_body(text, language);
                    } else {
                        ensure!(is("Figures", "图") || is("Tasks", "练习"), "there is no part \"{heading}\"");
                        ensure!(text.is_empty(), "\"{heading}\" has text before its first part");
                    }
                }
                HeadingLevel::H3 if chapter == language.choose("Figures", "图") => {
                    self.figures.push(Figure { file: heading.to_owned(), caption: text.to_owned() });
                }
                HeadingLevel::H3 if chapter == language.choose("Tasks", "练习") => self.tasks.push(task(heading, text)?),
                _ => bail!("the heading \"{heading}\" is out of place"),
            }
        }
        let wanted = [("a title", &self.title), ("a summary", &self.summary), ("a question", &self.question)];
        let wanted =
            wanted.into_iter().chain([("a lesson", &self.body), ("what is seen", &self.seen), ("formulas", &self.formulas)]);
        for (name, text) in wanted {
            ensure!(!text.is_empty(), "{name} is missing");
        }
        Ok(())
    }

    /// Adds the lesson proper, and takes from it what is seen and where it departs from its source.
    fn add_body(&mut self, text: &str, language: Language) {
        let mut is_departure = false;
        for block in markdown::blocks(text) {
            // A list goes with the paragraph that announces it.
            is_departure = is_departing(block, language) || (is_departure && block.starts_with(['*', '-', '1']));
            let seen = block.strip_prefix(language.choose("Seen: ", "所见："));
            let into = match seen {
                Some(_) => &mut self.seen,
                None if is_departure => &mut self.departures,
                // The formulas of the page say it better.
                None if block.starts_with("```text") => continue,
                None => &mut self.body,
            };
            let block = seen.unwrap_or(block);
            into.push_str(block);
            into.push_str("\n\n");
        }
        self.seen = capitalised(&self.seen);
    }

    /// All its text outside the tasks.
    pub(super) fn prose(&self) -> String {
        let lesson = [&self.body, &self.seen, &self.departures].map(|text| markdown::prose(text));
        [lesson.join("\n"), self.page_prose()].join("\n")
    }

    /// Its text that is written for the page alone, outside the tasks.
    pub(super) fn page_prose(&self) -> String {
        let captions = self.figures.iter().map(|figure| figure.caption.as_str());
        [self.question.as_str(), &self.formulas].into_iter().chain(captions).map(markdown::prose).collect::<Vec<_>>().join("\n")
    }
}

/// Whether a paragraph says where the section departs from its source.
fn is_departing(paragraph: &str, language: Language) -> bool {
    match language {
        Language::English => paragraph.starts_with("Departs from "),
        Language::Chinese => {
            paragraph.starts_with('与') && paragraph.split('。').next().is_some_and(|first| first.contains("不同："))
        }
    }
}

/// A task: a question, and its outcome as a quotation.
fn task(flags: &str, text: &str) -> Result<Task> {
    let (outcome, question): (Vec<&str>, Vec<&str>) =
        markdown::blocks(text).into_iter().partition(|block| block.starts_with('>'));
    ensure!(
        !question.is_empty() && !outcome.is_empty(),
        "the task {flags} lacks its question or its outcome, which begins with \">\""
    );
    let quoted = outcome.iter().flat_map(|block| block.lines()).map(|line| line.trim_start_matches('>').trim_start());
    Ok(Task {
        flags: flags.trim_matches('`').to_owned(),
        question: question.join("\n\n"),
        outcome: quoted.collect::<Vec<_>>().join("\n"),
    })
}

/// The comment that a source file begins with, after its title.
fn doc_comment(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.skip(1).collect::<Vec<_>>().join("\n")
}

/// The text with a capital first letter.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &str = "## Question\n\nWhy?\n\n## Formulas\n\n$$a$$\n\n## Figures\n\n### a.svg\n\nIt.\n\n## Tasks\n\n### --lr 2\n\nWhat?\n\n> It: 7.\n";

    #[test]
    fn a_lesson_is_read_part_by_part() {
        let mut lesson = Lesson { title: "T".to_owned(), summary: "S".to_owned(), ..Lesson::default() };
        let source = "//! 4.1 · T\n//!\n//! What.\n//!\n//! ```text\n//! a\n//! ```\n//!\n//! Seen: it\n//! falls.\n//!\n//! Departs from the book:\n//!\n//! * here\n\nuse x;\n";
        lesson.add_body(&doc_comment(source), Language::English);
        lesson.add(&markdown::parts(ENGLISH), Language::English).unwrap();
        assert_eq!((lesson.body.trim(), lesson.seen.trim()), ("What.", "It\nfalls."));
        assert_eq!(lesson.departures.trim(), "Departs from the book:\n\n* here");
        assert_eq!(lesson.figures, [Figure { file: "a.svg".to_owned(), caption: "It.".to_owned() }]);
        assert_eq!(
            lesson.tasks,
            [Task { flags: "--lr 2".to_owned(), question: "What?".to_owned(), outcome: "It: 7.".to_owned() }]
        );
        assert!(lesson.prose().contains("falls") && !lesson.prose().contains('7'));
    }

    #[test]
    fn a_chinese_lesson_holds_all_in_one_file() {
        let text =
            "# 题\n\n概要。\n\n## 问题\n\n为何？\n\n## 正文\n\n如此。\n\n所见：下降。\n\n与书不同：无。\n\n## 公式\n\n$$a$$\n";
        let mut lesson = Lesson::default();
        lesson.add(&markdown::parts(text), Language::Chinese).unwrap();
        assert_eq!((lesson.title.as_str(), lesson.summary.as_str()), ("题", "概要。"));
        assert_eq!((lesson.body.trim(), lesson.seen.trim(), lesson.departures.trim()), ("如此。", "下降。", "与书不同：无。"));
    }

    #[test]
    fn what_is_missing_or_out_of_place_is_named() {
        let check = |text: &str, expected: &str| {
            let error = Lesson::default().add(&markdown::parts(text), Language::English).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(ENGLISH, "a title is missing");
        check("## Fingers\n", "there is no part \"Fingers\"");
        check("### a.svg\n", "out of place");
        check("## Tasks\n\n### --lr 2\n\nWhat?\n", "lacks its question or its outcome");
    }
}
