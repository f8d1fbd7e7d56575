//! What the sections say is seen: `tidy` reads every number of it in the section's goldens.

use common::registry::{Chapter, Section};
use std::{fs, path::Path};

/// Characters that one or two sentences need.
const LONGEST: usize = 330;

/// Each section says in one or two sentences what is seen, with numbers only that its goldens print.
pub(crate) fn check(root: &Path, chapters: &[Chapter]) -> Vec<String> {
    let mut complaints = Vec::new();
    for chapter in chapters {
        for section in &chapter.sections {
            let complaint = complaint(section, &goldens(root, chapter, section));
            complaints.extend(complaint.map(|complaint| format!("{} {}: {complaint}", chapter.name, section.id)));
        }
    }
    complaints
}

/// The goldens of a section, up to where they repeat what is seen.
fn goldens(root: &Path, chapter: &Chapter, section: &Section) -> String {
    let folder = root.join("snapshots").join(chapter.name);
    let golden = |edition| fs::read_to_string(folder.join(section.golden(edition))).unwrap_or_default();
    let printed = |golden: String| golden.split("\n[Seen]").next().unwrap_or_default().to_owned();
    section.editions.iter().map(|edition| printed(golden(*edition))).collect()
}

/// What is wrong with what a section says is seen.
fn complaint(section: &Section, goldens: &str) -> Option<String> {
    let Some(seen) = section.seen() else {
        return Some("its text has no paragraph that begins with \"Seen: \"".to_owned());
    };
    let length = seen.chars().count();
    if length > LONGEST {
        return Some(format!("what is seen takes {length} characters, more than {LONGEST}: leave one or two sentences"));
    }
    let printed: Vec<&str> = numbers(goldens).collect();
    let unread = numbers(&seen).find(|number| !printed.iter().any(|printed| is_rounded(number, printed)))?;
    Some(format!("\"{unread}\" in what is seen stands in no golden of the section"))
}

/// The numbers of a text, without signs.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let tokens = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    tokens.map(|token| token.trim_matches('.')).filter(|token| token.parse::<f64>().is_ok())
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
    fn what_is_seen_was_printed() {
        assert_eq!(check(&root(), &chapters()), [""; 0]);
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
}
