//! What the texts of the pages must hold to.

use super::{documents, golden::Golden, language::Language, lesson::Lesson, markdown, settings};
use crate::lessons::{self, Printed};
use anyhow::{Context, Result};
use common::{
    files::short_sha256,
    published::{self, Entry},
    registry::{Chapter, Edition, Section},
};
use std::{collections::BTreeSet, fs, path::Path};

/// The picture of the README.
const PICTURE: &str = "docs/saddle-surface.gif";

/// The page whose numbers are counts of parameters, which a test computes.
const COUNTS: &str = "networks";

/// What is wrong with the texts: one that is missing, figures without captions, numbers or formulas that the two languages do not share.
///
/// # Errors
/// If a golden file is missing.
pub(crate) fn complaints(root: &Path, chapters: &[Chapter]) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for chapter in chapters {
        let entries = published::parse(chapter.published)?;
        for section in &chapter.sections {
            let found = of_section(root, (chapter, section), &entries)?;
            complaints.extend(found.into_iter().map(|complaint| format!("{} {}: {complaint}", chapter.name, section.id)));
        }
    }
    complaints.extend(picture(root, chapters)?);
    let printed = printed_anywhere(root, chapters)?;
    for name in documents::NAMES {
        let read = |language| documents::text(root, name, language);
        match (read(Language::English), read(Language::Chinese)) {
            (Ok(english), Ok(chinese)) => {
                let lacking = if *name == COUNTS { Vec::new() } else { printed.lack(&markdown::prose(&english)) };
                complaints.extend(lacking.iter().map(|complaint| format!("docs/site/{name}: {complaint}")));
                complaints.extend(unlike(&english, &chinese).map(|complaint| format!("docs/site/{name}: {complaint}")));
            }
            (english, chinese) => {
                complaints.extend([english, chinese].into_iter().filter_map(Result::err).map(|error| format!("{error:#}")));
            }
        }
    }
    Ok(complaints)
}

/// What all goldens, all sources and the documents on numbers and replays print.
fn printed_anywhere(root: &Path, chapters: &[Chapter]) -> Result<Printed> {
    let mut printed = String::new();
    for chapter in chapters {
        printed.push_str(chapter.published);
        for section in &chapter.sections {
            for &edition in &section.editions {
                printed.push_str(&Golden::read(root, chapter, section, edition)?.transcript);
                printed.push('\n');
            }
        }
    }
    for document in ["REPLAY.md", "NUMERICS.md"] {
        printed.push_str(&fs::read_to_string(root.join(document)).with_context(|| format!("cannot read {document}"))?);
    }
    Ok(Printed::by_a_run(&printed))
}

/// The picture of the README is that of the section.
fn picture(root: &Path, chapters: &[Chapter]) -> Result<Option<String>> {
    let shown = fs::read(root.join(PICTURE)).with_context(|| format!("cannot read {PICTURE}"))?;
    let name = PICTURE.rsplit('/').next().unwrap_or(PICTURE);
    let locked = format!("{} sha256 {}", name, short_sha256(&shown));
    let saddle = chapters.iter().find_map(|chapter| Some((chapter, chapter.section("saddle")?))).context("no section saddle")?;
    let golden = Golden::read(root, saddle.0, saddle.1, Edition::FULL)?;
    let is_locked = golden.locked.iter().any(|line| line.split_whitespace().eq(locked.split_whitespace()));
    Ok((!is_locked)
        .then(|| format!("{PICTURE} is not the figure that the golden file of saddle locks: copy it from its results")))
}

fn of_section(root: &Path, (chapter, section): (&Chapter, &Section), entries: &[Entry]) -> Result<Vec<String>> {
    let golden = Golden::read(root, chapter, section, Edition::FULL)?;
    let read = |language| Lesson::read(root, (chapter, section), language);
    let (english, chinese) = match (read(Language::English), read(Language::Chinese)) {
        (Ok(english), Ok(chinese)) => (english, chinese),
        (english, chinese) => {
            return Ok([english, chinese].into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect());
        }
    };
    let mut complaints = Vec::new();
    let drawn: BTreeSet<&str> = golden.figures().collect();
    for lesson in [&english, &chinese] {
        let captioned: BTreeSet<&str> = lesson.figures.iter().map(|figure| figure.file.as_str()).collect();
        complaints.extend(
            drawn.symmetric_difference(&captioned).map(|file| format!("{file} is a figure or has a caption, but not both")),
        );
    }
    if markdown::formulas(&english.formulas) != markdown::formulas(&chinese.formulas) {
        complaints.push("the formulas of the two languages differ".to_owned());
    }
    complaints.extend(Printed::of(root, chapter, section, entries).lack(&english.page_prose()));
    complaints.extend(differing(&lessons::numbers_of(&english.prose()), &lessons::numbers_of(&chinese.prose())));
    complaints.extend(untranslated(section, &golden));
    let flags = |lesson: &Lesson| lesson.tasks.iter().map(|task| task.flags.clone()).collect::<Vec<_>>();
    if flags(&english) != flags(&chinese) || english.tasks.is_empty() {
        complaints.push("the two languages need the same tasks, one at least".to_owned());
    }
    Ok(complaints)
}

/// The help of flags and the claims that have no Chinese.
fn untranslated(section: &Section, golden: &Golden) -> Vec<String> {
    let settings = settings::settings(section);
    let help = settings.iter().flat_map(|setting| [setting.help.as_str(), &setting.expected]);
    let missing = help.chain(golden.claims()).filter(|sentence| !Language::is_known(sentence));
    missing.map(|sentence| format!("crates/common/languages: has no row \"{sentence}\"")).collect()
}

/// Where two documents are not translations of each other, as far as headings and tables can show.
fn unlike(english: &str, chinese: &str) -> Option<String> {
    let levels = |text| markdown::parts(text).iter().map(|part| part.level).collect::<Vec<_>>();
    let rows = |text: &str| text.lines().filter(|line| line.starts_with('|')).count();
    if levels(english) != levels(chinese) {
        return Some("the two languages have other headings".to_owned());
    }
    (rows(english) != rows(chinese)).then(|| "the tables of the two languages have other rows".to_owned())
}

/// The numbers that only one of two texts names.
fn differing(english: &BTreeSet<String>, chinese: &BTreeSet<String>) -> Vec<String> {
    let only = |number: &String, language| format!("only the {language} text names {number}");
    let english_only = english.difference(chinese).map(|number| only(number, "English"));
    english_only.chain(chinese.difference(english).map(|number| only(number, "Chinese"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chapters, root};

    #[test]
    fn the_texts_of_the_pages_are_whole() {
        assert_eq!(complaints(&root(), &chapters()).unwrap(), [""; 0]);
    }

    #[test]
    fn a_number_of_one_language_alone_is_found() {
        let numbers = |text| lessons::numbers_of(text);
        assert_eq!(differing(&numbers("3 of 0.5"), &numbers("0.5中的3")), [""; 0]);
        assert_eq!(differing(&numbers("3 of 0.5"), &numbers("0.5")), ["only the English text names 3"]);
    }

    #[test]
    fn documents_share_headings_and_rows() {
        assert_eq!(unlike("# A\n\n| a |\n| - |\n", "# 甲\n\n| 甲 |\n| - |\n"), None);
        assert!(unlike("# A\n\n## B\n", "# 甲\n").is_some());
    }

    /// The rows of the tables of a text, cell by cell.
    fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
        text.lines().filter(|line| line.starts_with('|')).map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
    }

    /// What a cell lists, in either language.
    fn listed(cell: &str) -> impl Iterator<Item = &str> {
        cell.split(", ").flat_map(|part| part.split(['、', '，']))
    }

    fn number(cell: &str) -> Option<usize> {
        cell.replace(',', "").parse().ok()
    }

    /// The parameters of linear layers of these widths, written `2-5-1`.
    fn parameters(widths: &str) -> Option<usize> {
        let widths: Vec<usize> = widths.split('-').map(|width| width.parse().ok()).collect::<Option<_>>()?;
        (widths.len() > 1).then(|| widths.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum())
    }

    #[test]
    fn the_parameters_of_the_networks_are_counted() {
        for language in Language::ALL {
            let text = documents::text(&root(), COUNTS, language).unwrap();
            let mut counted = 0;
            for row in rows(&text).filter(|row| row.len() == 6) {
                let found = listed(row[0]).map(parameters).collect::<Option<Vec<_>>>();
                if let Some(expected) = found {
                    assert_eq!(listed(row[4]).filter_map(number).collect::<Vec<_>>(), expected, "{}", row[0]);
                    counted += expected.len();
                }
            }
            assert_eq!(counted, 28, "{language:?}");
        }
    }

    #[test]
    fn the_layers_of_the_networks_add_up() {
        let text = documents::text(&root(), COUNTS, Language::English).unwrap();
        let (mut sums, mut tables) = (vec![0; 5], 0);
        for row in rows(&text) {
            if row[0] == "layer" {
                sums = vec![0; row.len()];
            } else if row[0] == "all" {
                let all = (2..row.len()).filter_map(|i| Some((number(row[i])?, sums[i])));
                assert!(all.clone().count() > 0);
                all.for_each(|(all, sum)| assert_eq!(all, sum));
                tables += 1;
            } else {
                sums.iter_mut().zip(&row).for_each(|(sum, cell)| *sum += number(cell).unwrap_or_default());
            }
        }
        assert_eq!(tables, 4);
    }
}
