//! What a run prints, in each language.

use super::{Lab, table::width};
use crate::language::Language;
use std::{
    collections::BTreeSet,
    io::{self, Write as _},
};

/// The file with everything that a run printed.
pub const TRANSCRIPT: &str = "transcript.txt";

/// The name of the Chinese form of a file: `losses.zh.svg` for `losses.svg`.
#[must_use]
pub fn translated(name: &str) -> String {
    let suffix = Language::Chinese.suffix();
    name.rsplit_once('.').map_or_else(|| format!("{name}{suffix}"), |(stem, extension)| format!("{stem}{suffix}.{extension}"))
}

/// What has been printed so far.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    pub(super) english: String,
    pub(super) chinese: String,
    /// A line that has not ended yet: it is translated as a whole.
    line: String,
    /// What has no Chinese.
    pub(super) untranslated: BTreeSet<String>,
}

impl Transcript {
    /// Adds English text; gives the lines that it ends in Chinese.
    pub(super) fn push(&mut self, text: &str) -> String {
        let before = self.chinese.len();
        self.english.push_str(text);
        self.line.push_str(text);
        while let Some((line, rest)) = self.line.split_once('\n') {
            let (line, rest) = (line.to_owned(), rest.to_owned());
            let cells = cells(&line);
            for (_, cell) in &cells {
                self.note(cell);
            }
            self.chinese.extend([in_chinese(&cells).as_str(), "\n"]);
            self.line = rest;
        }
        self.chinese[before..].to_owned()
    }

    /// Takes note of what has no Chinese.
    fn note(&mut self, english: &str) {
        if !Language::is_known(english) {
            self.untranslated.insert(english.to_owned());
        }
    }
}

/// The parts of a line that two spaces or more set apart, with the columns that they begin in; a line that has a translation as a
/// whole is one part.
fn cells(line: &str) -> Vec<(usize, &str)> {
    let start = line.len() - line.trim_start().len();
    if Language::is_known(line.trim()) {
        return vec![(start, line.trim())];
    }
    let mut cells = Vec::new();
    let mut rest = line;
    while let Some(begin) = rest.find(|c: char| c != ' ') {
        let cell = &rest[begin..];
        let cell = cell.find("  ").map_or(cell, |end| &cell[..end]);
        rest = &rest[begin + cell.len()..];
        cells.push((width(&line[..line.len() - rest.len() - cell.len()]), cell));
    }
    cells
}

/// A line of these parts in Chinese: its first part begins where it does in English, the others end where they do, as heads of numbers.
fn in_chinese(cells: &[(usize, &str)]) -> String {
    let mut chinese = String::new();
    for &(column, cell) in cells {
        let said = Language::Chinese.say(cell);
        let before = if chinese.is_empty() {
            column
        } else {
            (column + width(cell)).saturating_sub(width(&chinese) + width(&said)).max(1)
        };
        chinese.push_str(&" ".repeat(before));
        chinese.push_str(&said);
    }
    chinese
}

impl Lab {
    /// Prints what is said in each language in its own way.
    pub(super) fn print(&mut self, [english, chinese]: &[String; 2]) {
        self.print_opening();
        self.transcript.english.push_str(english);
        self.transcript.chinese.push_str(chinese);
        self.echo(self.settings.language.choose(english, chinese));
    }

    /// The same, with the function that says it in a language.
    pub(super) fn print_in_each(&mut self, say: impl Fn(Language) -> String) {
        self.print(&Language::ALL.map(say));
    }

    /// Takes note of texts that have no Chinese.
    pub(super) fn note_words<'a>(&mut self, words: impl IntoIterator<Item = &'a str>) {
        for english in words {
            self.transcript.note(english);
        }
    }

    /// Prints the settings before all else.
    pub(super) fn print_opening(&mut self) {
        if let Some([english, chinese]) = self.opening.take() {
            self.transcript.english.push_str(&english);
            self.transcript.chinese.push_str(&chinese);
            self.echo(self.settings.language.choose(&english, &chinese));
        }
    }

    /// Shows a text to whoever watches.
    pub(super) fn echo(&mut self, text: &str) {
        if !self.settings.echo {
            return;
        }
        let print = || io::stdout().write_all(text.as_bytes());
        let printed = self.bar.as_ref().map_or_else(print, |bar| bar.suspend(print));
        if let Err(error) = printed {
            // The files are still wanted. Whoever reads may have seen enough (`| head`); any other failure is told at the end.
            self.settings.echo = false;
            self.unprinted = Some(error).filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_translated_when_they_end() {
        let mut transcript = Transcript::default();
        transcript.push("  learning ra");
        assert_eq!(transcript.chinese, "");
        transcript.push("te\nnobody knows these words\n");
        assert_eq!(transcript.chinese, "  学习率\nnobody knows these words\n");
        assert_eq!(transcript.untranslated.into_iter().collect::<Vec<_>>(), ["nobody knows these words"]);
        assert_eq!(transcript.english, "  learning rate\nnobody knows these words\n");
    }

    #[test]
    fn columns_stay_below_each_other() {
        let in_chinese = |line| in_chinese(&cells(line));
        assert_eq!(in_chinese("  epoch      accuracy"), "  回合         准确率");
        assert_eq!(in_chinese("  1             0.500"), "  1             0.500");
    }

    #[test]
    fn a_translation_lies_beside_its_file() {
        assert_eq!(translated("losses.svg"), "losses.zh.svg");
    }
}
