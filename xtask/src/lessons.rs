//! What the sections say: `tidy` reads every number of it in the section's goldens, or among the values that its source prints.
//!
//! Formulas and shapes stand between backticks, and are not results. A share or a large number in words ("one in six", "sixty") could
//! not be read so, and is refused.

use anyhow::Result;
use common::{
    published::{self, Entry},
    registry::{Chapter, Section},
};
use std::{collections::BTreeSet, fs, path::Path};

/// Characters that one or two sentences need.
const LONGEST: usize = 330;
/// Words before the number of a place in a source.
const PLACES: &[&str] =
    &["chapter", "section", "sections", "exercise", "exercises", "eq", "backward", "figure", "s0", "s1", "s2", "s3", "s4"];
/// Words between two numbers of places.
const BETWEEN_PLACES: &[&str] = &["and", "to", "or"];
/// Counts that a reader takes in at a glance.
const SMALL: &[&str] =
    &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty"];
/// Counts that are written in digits.
const LARGE: &[&str] = &["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred", "thousand", "million"];
/// Parts, which after "a" or a count are a share.
const PARTS: &[&str] = &[
    "third",
    "quarter",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "sixteenth",
    "twentieth",
    "thirtieth",
    "hundredth",
];

/// Each section says in one or two sentences what is seen, and gives no number as a result that neither its goldens nor its source
/// print.
pub(crate) fn check(root: &Path, chapters: &[Chapter]) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for chapter in chapters {
        let entries = published::parse(chapter.published)?;
        for section in &chapter.sections {
            let printed = Printed::of(root, chapter, section, &entries);
            let found = is_long(section).into_iter().chain(printed.lack(&docs(section.source)));
            complaints.extend(found.map(|complaint| format!("{} {}: {complaint}", chapter.name, section.id)));
        }
    }
    Ok(complaints)
}

/// What the goldens of a section and its source print.
pub(crate) struct Printed(String);

impl Printed {
    pub(crate) fn of(root: &Path, chapter: &Chapter, section: &Section, entries: &[Entry]) -> Self {
        Self::by_a_run(&[goldens(root, chapter, section), sources(entries, section)].concat())
    }

    /// What a run has printed.
    pub(crate) fn by_a_run(transcript: &str) -> Self {
        // `10,000` is found as it is written and as a number.
        Self(format!("{transcript}\n{}", transcript.replace(',', "")))
    }

    /// The numbers and shares of a text that it lacks, or that cannot be looked up there.
    pub(crate) fn lack(&self, text: &str) -> Vec<String> {
        unread(text, &self.0)
    }
}

/// The goldens of a section, up to where they repeat what is seen.
fn goldens(root: &Path, chapter: &Chapter, section: &Section) -> String {
    let folder = root.join("snapshots").join(chapter.name);
    let golden = |edition| fs::read_to_string(folder.join(section.golden(edition))).unwrap_or_default();
    let printed = |golden: String| golden.split("\n[Seen]").next().unwrap_or_default().to_owned();
    section.editions.iter().map(|edition| printed(golden(*edition))).collect()
}

/// What the section's source prints.
fn sources(entries: &[Entry], section: &Section) -> String {
    let of_section = entries.iter().filter(|entry| entry.section == section.id);
    of_section.map(|entry| format!("\n{}", entry.printed)).collect()
}

/// What is wrong with the length of what is seen.
fn is_long(section: &Section) -> Option<String> {
    let Some([seen, _]) = section.seen() else {
        return Some("its text has no paragraph that begins with \"Seen: \"".to_owned());
    };
    let length = seen.chars().count();
    (length > LONGEST).then(|| format!("what is seen takes {length} characters, more than {LONGEST}: leave one or two sentences"))
}

/// The text of a source file's doc comments after its title, without blocks and spans of code.
fn docs(source: &str) -> String {
    let comments = source.lines().filter_map(|line| line.trim_start().strip_prefix("//")?.strip_prefix(['!', '/']));
    let text = comments.skip(1).collect::<Vec<_>>().join("\n");
    let prose: String = text.split("```").step_by(2).collect();
    prose.split('`').step_by(2).collect::<Vec<_>>().join("code")
}

/// The numbers and shares of a text that stand in nothing that was printed, or cannot be looked up there.
fn unread(text: &str, printed: &str) -> Vec<String> {
    let printed: Vec<&str> = numbers(printed).collect();
    let (mut before, mut is_place) = (Vec::<String>::new(), false);
    let mut complaints = Vec::new();
    for line in text.lines() {
        for (index, token) in line.split_whitespace().enumerate() {
            let word: String = token.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            let is_item = index == 0 && token.strip_suffix('.').is_some_and(|number| number.parse::<usize>().is_ok());
            is_place = PLACES.contains(&word.as_str())
                || (is_place && (starts_with_digit(token) || BETWEEN_PLACES.contains(&word.as_str())));
            if is_share(&word, &before) {
                complaints
                    .push(format!("\"{}{word}\" cannot be looked up: write it in digits, as a golden prints it", last(&before)));
            }
            // Names such as Moon1000 and f32 hold no results.
            let is_name = token.starts_with(char::is_alphabetic)
                && token.trim_end_matches([',', '.', ':', ';', ')']).chars().all(char::is_alphanumeric);
            let token = token.replace(',', "");
            let unread = numbers(&token).filter(|number| !printed.iter().any(|printed| is_rounded(number, printed)));
            complaints.extend(unread.filter(|_| !is_place && !is_item && !is_name).map(|number| {
                format!("\"{number}\" after \"{}\" stands neither in a golden nor among its source's values", last(&before))
            }));
            before.push(word);
        }
    }
    complaints
}

fn starts_with_digit(token: &str) -> bool {
    token.trim_start_matches('(').starts_with(|letter: char| letter.is_ascii_digit())
}

/// The last words before a number.
fn last(before: &[String]) -> String {
    before[before.len().saturating_sub(3)..].iter().flat_map(|word| [word, " "]).collect()
}

/// Whether a word ends a share ("a third", "four weights in five") or is a large count.
fn is_share(word: &str, before: &[String]) -> bool {
    let is = |words: &[&str], word: &String| words.contains(&word.as_str());
    let part = word.strip_suffix('s').unwrap_or(word);
    match before {
        _ if LARGE.contains(&part) => true,
        [.., count] if PARTS.contains(&part) => count == "a" || is(SMALL, count),
        [.., first, second, of] if word != "one" && SMALL.contains(&word) => {
            (of == "in" || of == "of") && (is(SMALL, first) || is(SMALL, second))
        }
        _ => false,
    }
}

/// The numbers of a text, without signs.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let tokens = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    tokens.map(|token| token.trim_matches('.')).filter(|token| token.parse::<f64>().is_ok())
}

/// The numbers of a text, each once, without the commas of thousands.
pub(crate) fn numbers_of(text: &str) -> BTreeSet<String> {
    numbers(&text.replace(',', "")).map(str::to_owned).collect()
}

/// Whether `number` is `printed`, rounded to its decimals where it has some, or as a percentage.
fn is_rounded(number: &str, printed: &str) -> bool {
    let Some((_, decimals)) = number.split_once('.') else {
        let percentage = printed.parse::<f64>().is_ok_and(|x| format!("{:.0}", 100.0 * x) == number);
        return number == printed || (printed.contains('.') && percentage);
    };
    printed.parse::<f64>().is_ok_and(|x| format!("{x:.*}", decimals.len()) == number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chapters, root};

    #[test]
    fn what_is_said_was_printed() {
        assert_eq!(check(&root(), &chapters()).unwrap(), [""; 0]);
    }

    #[test]
    fn numbers_are_read_rounded() {
        let check = |number, printed, expected| assert_eq!(is_rounded(number, printed), expected, "{number} {printed}");
        check("0.93", "0.9305", true);
        check("0.94", "0.9305", false);
        check("93", "0.9305", true);
        check("93", "93", true);
        check("9", "93", false);
        assert_eq!(numbers("with 0.5, 10⁸ or 20. Then").collect::<Vec<_>>(), ["0.5", "10", "20"]);
    }

    #[test]
    fn numbers_that_nobody_printed_are_found_in_every_doc_comment() {
        let check = |line: &str, expected: bool| {
            let source = format!("//! 4.1 · A title\n//!\n{line}\n");
            assert_eq!(unread(&docs(&source), "accuracy 0.81\nsamples 1000").is_empty(), !expected, "{line}");
        };
        check("//! it reaches 0.81 of 1,000 samples", false);
        check("//! it reaches 0.82", true);
        check("/// More: 17 of them", true);
        check("// no doc comment: 17", false);
        check("//! `784-200-10`, see section 7.6.3 (eq. 4.8; backward 4.19 and 4.20), S4 2.1", false);
        check("//! 1. see section 4.2, where 17 are left", true);
        check("//! 7. the first", false);
    }

    #[test]
    fn shares_in_words_are_refused() {
        let check = |text: &str, expected: bool| assert_eq!(unread(text, "").is_empty(), !expected, "{text}");
        check("with one unit in six", true);
        check("and four weights in five", true);
        check("needs sixty epochs", true);
        check("falls to a fifth", true);
        check("the fifth of three layers", false);
        check("ten hidden layers of five units", false);
    }
}
