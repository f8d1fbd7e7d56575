//! The languages that programs speak: English, and Chinese for those who read the book in its own.
//!
//! What a program says is written in English where it is said. The tables in `languages/` hold the Chinese for it, with `#` for
//! every number, so that one row serves a line whatever its numbers are.

mod numbers;

use numbers::Numbers;
use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};
use textwrap::WordSeparator;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, which all else is made from.
    English,
    /// Chinese in simplified characters.
    Chinese,
}

/// The tables of two columns, English and Chinese.
const TABLES: [&str; 3] = [
    include_str!("../../languages/claims.zh.csv"),
    include_str!("../../languages/settings.zh.csv"),
    include_str!("../../languages/words.zh.csv"),
];

/// The Chinese for each English template.
static CHINESE: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let rows = TABLES.into_iter().flat_map(rows);
    // The tables are part of the program, and a test reads each row.
    rows.filter_map(Result::ok).map(|(english, chinese)| (Numbers::of(&english).template, chinese)).collect()
});

fn rows(table: &'static str) -> impl Iterator<Item = csv::Result<(String, String)>> {
    csv::Reader::from_reader(table.as_bytes()).into_deserialize()
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The language of somebody whose environment has these values of `LC_ALL`, `LC_MESSAGES` and `LANG`, the first that is set
    /// deciding.
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
        if set.is_some_and(|value| value.starts_with("zh")) { Self::Chinese } else { Self::English }
    }

    /// Its code, as `--lang` takes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.choose("en", "zh")
    }

    /// Its tag, as HTML names it.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.choose("en", "zh-Hans")
    }

    /// What stands before the extension in the names of its files.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        self.choose("", ".zh")
    }

    /// The other language.
    #[must_use]
    pub fn other(self) -> Self {
        self.choose(Self::Chinese, Self::English)
    }

    /// Where its lines may be broken: at spaces alone, so that an English formula stays whole where it can; Chinese has none.
    pub(crate) fn word_separator(self) -> WordSeparator {
        self.choose(WordSeparator::AsciiSpace, WordSeparator::UnicodeBreakProperties)
    }

    /// What is said in this language, of the same in both.
    pub fn choose<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// An English text in this language: as a whole, or else part by part; what has no row in the tables stays as it is.
    #[must_use]
    pub fn say(self, english: &str) -> Cow<'_, str> {
        match self {
            Self::English => Cow::Borrowed(english),
            Self::Chinese => Cow::Owned(chinese(english).unwrap_or_else(|| english.to_owned())),
        }
    }

    /// Whether the whole text, or each of its parts, has a row in the tables, or needs none: a number, a symbol, a formula.
    #[must_use]
    pub fn is_known(english: &str) -> bool {
        chinese(english).is_some()
    }
}

/// How the parts of a text are set apart in English, and in Chinese.
const SEPARATORS: [(&str, &str); 3] = [(": ", "："), (", ", "，"), (" − ", " − ")];

fn chinese(english: &str) -> Option<String> {
    let numbers = Numbers::of(english);
    if let Some(chinese) = CHINESE.get(&numbers.template) {
        return Some(numbers.filled_into(chinese));
    }
    if !has_words(&numbers.template) {
        return Some(english.to_owned());
    }
    SEPARATORS.into_iter().find_map(|(separator, chinese_separator)| {
        let (first, rest) = english.split_once(separator)?;
        Some([chinese(first)?, chinese(rest)?].join(chinese_separator))
    })
}

/// Whether a text has a word: two letters in a row.
fn has_words(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| pair.iter().all(u8::is_ascii_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        for row in TABLES.into_iter().flat_map(rows) {
            let (english, chinese) = &row.unwrap();
            assert!(!chinese.trim().is_empty(), "{english}");
            let filled = Numbers::of(english).filled_into(chinese);
            assert!(
                !filled.contains('#') || english.matches('#').count() == chinese.matches('#').count(),
                "{english}: {chinese}"
            );
        }
    }

    #[test]
    fn the_environment_names_a_language() {
        let language = |set: &'static [(&'static str, &'static str)]| {
            Language::of_environment(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(language(&[]), Language::English);
        assert_eq!(language(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(language(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]), Language::English);
        assert_eq!(language(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")]), Language::Chinese);
    }

    #[test]
    fn a_text_is_said_whole_or_in_parts() {
        let said = |text| Language::Chinese.say(text).into_owned();
        assert_eq!(said("learning rate"), "学习率");
        assert_eq!(said("test accuracy, epoch 3"), "测试准确率，第3个回合");
        assert_eq!(said("no such words, epoch 3"), "no such words, epoch 3");
        assert_eq!(said("x₁ = -0.5"), "x₁ = -0.5");
        assert_eq!(Language::English.say("learning rate"), "learning rate");
    }
}
