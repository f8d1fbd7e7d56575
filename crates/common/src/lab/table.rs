//! Tables and paragraphs.

use super::Lab;
use crate::language::Language;
use anyhow::Result;
use std::borrow::Cow;

/// Characters of a paragraph's longest line.
const LINE: usize = 100;

/// The columns of a terminal that a text takes: a Chinese character takes two.
pub(super) fn width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// A paragraph behind a tag, in lines that begin below its first word.
pub(super) fn paragraph(tag: &str, text: &str, language: Language) -> String {
    let (tag, indent) = (format!("{tag} "), " ".repeat(width(tag) + 1));
    let layout = textwrap::Options::new(LINE).initial_indent(&tag).subsequent_indent(&indent).break_words(false);
    // A flag such as --test-images stays whole.
    let layout = layout.word_splitter(textwrap::WordSplitter::NoHyphenation);
    let layout = layout
        .word_separator(language.choose(textwrap::WordSeparator::AsciiSpace, textwrap::WordSeparator::UnicodeBreakProperties));
    textwrap::fill(text, layout) + "\n"
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    head: String,
    is_left: bool,
}

impl Column {
    /// A column of words.
    pub fn text(head: impl Into<String>) -> Self {
        Self { head: head.into(), is_left: true }
    }

    /// A column of numbers, flush right.
    pub fn number(head: impl Into<String>) -> Self {
        Self { head: head.into(), is_left: false }
    }

    /// A column of words, and columns of numbers behind it.
    pub fn labelled<H: Into<String>>(label: impl Into<String>, numbers: impl IntoIterator<Item = H>) -> Vec<Self> {
        [Self::text(label)].into_iter().chain(numbers.into_iter().map(Self::number)).collect()
    }

    fn cell(&self, text: &str, columns: usize) -> String {
        let space = " ".repeat(columns.saturating_sub(width(text)));
        if self.is_left { format!("{text}{space}") } else { format!("{space}{text}") }
    }
}

/// A row of a table: its label, and the cells behind it.
pub fn row(label: impl Into<String>, cells: impl IntoIterator<Item = String>) -> Vec<String> {
    [label.into()].into_iter().chain(cells).collect()
}

/// A table as text.
fn layout(columns: &[Column], rows: &[Vec<String>], language: Language) -> String {
    let rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(|cell| language.say(cell)).collect()).collect();
    let widest = |c: usize| rows.iter().map(|row| width(&row[c])).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    let line = |row: &Vec<Cow<str>>| {
        let cells = columns.iter().zip(row).zip(&widths).map(|((column, cell), width)| column.cell(cell, *width));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

impl Lab {
    /// Prints a table: heads, then rows, each column as wide as its widest cell. A number that is none, such as 0 / 0, is said to be
    /// undefined.
    ///
    /// # Errors
    /// If it cannot be written.
    ///
    /// # Panics
    /// If a row has not one cell per column.
    pub fn table(&mut self, columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
        let heads: Vec<String> = columns.iter().map(|column| column.head.clone()).collect();
        let mut rows: Vec<Vec<String>> = std::iter::once(heads).chain(rows).collect();
        for cell in rows.iter_mut().flatten().filter(|cell| *cell == "NaN") {
            "undefined".clone_into(cell);
        }
        for row in &rows {
            assert_eq!(row.len(), columns.len(), "cells of a table's row {row:?}");
        }
        self.note_words(rows.iter().flatten().map(String::as_str));
        self.print_in_each(|language| layout(columns, &rows, language));
        Ok(())
    }
}
