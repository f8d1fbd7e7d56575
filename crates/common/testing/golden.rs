//! The golden test of a chapter: every edition of every section prints the transcript and writes the files that `snapshots/` holds.
//!
//! Included by each chapter's `tests/golden.rs`. A section with a quick edition runs that one here; `cargo xtask reproduce-all` runs the
//! full one.

use common::{
    golden,
    language::Language,
    plot::Svg,
    registry::{Chapter, Edition, Section},
};
use libtest_mimic::{Arguments, Failed, Trial};
use std::{fs, path::Path, process::ExitCode, sync::Arc};

/// The flag that sends a section's networks through dfdx's tape.
const TAPED: &str = "--taped";

/// Runs the golden tests of `chapter`.
pub(crate) fn main(chapter: Chapter) -> ExitCode {
    let chapter = Arc::new(chapter);
    let mut trials = Vec::new();
    for (index, section) in chapter.sections.iter().enumerate() {
        let has_quick = section.quick() != Edition::FULL;
        for edition in section.editions.iter().copied().filter(|edition| !(has_quick && *edition == Edition::FULL)) {
            let name = section.golden(edition).trim_end_matches(".snap").to_owned();
            if edition.flags.contains(&TAPED) {
                let chapter = Arc::clone(&chapter);
                let trial = move || check_without_tape(&chapter, &chapter.sections[index], edition);
                trials.push(Trial::test(format!("{name} without the tape"), trial));
            }
            let chapter = Arc::clone(&chapter);
            trials.push(Trial::test(name, move || check(&chapter, &chapter.sections[index], edition)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn check(chapter: &Chapter, section: &Section, edition: Edition) -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let results = tempfile::tempdir()?;
    let folder = results.path().join(chapter.name).join(section.name(edition));
    let report = chapter.run_edition(section, edition, (&root.join("data"), &folder))?;
    check_figures(&folder)?;
    let untranslated: Vec<_> = report.untranslated.iter().map(String::as_str).collect();
    if !untranslated.is_empty() {
        return Err(format!("no Chinese in crates/common/languages for: {}", untranslated.join(" | ")).into());
    }
    let snapshots = root.join("snapshots").join(chapter.name);
    let file = section.golden(edition);
    let name = file.trim_end_matches(".snap");
    let found = report.golden();
    let description = format!("{} · {}", section.book, section.title);
    let compare = || {
        insta::with_settings!({
            snapshot_path => &snapshots,
            prepend_module_to_snapshot => false,
            omit_expression => true,
            description => &description,
        }, {
            insta::assert_snapshot!(name, &found);
        });
    };
    match golden::difference(&snapshots.join(&file), &found)? {
        None => {
            compare();
            Ok(())
        }
        // insta shows the whole diff and keeps the new text beside the old; the message names the first line.
        Some(difference) => {
            let _ = std::panic::catch_unwind(compare);
            Err(format!("{} {name}: {difference}", chapter.name).into())
        }
    }
}

/// Width in pixels of a figure on a telephone, and the least size of text that can be read there.
const TELEPHONE: f64 = 390.0;
const LEGIBLE: f64 = 9.0;

/// No text in a figure becomes too small to be read where the figure is scaled down to a telephone, and none lacks its
/// Chinese.
fn check_figures(folder: &Path) -> Result<(), Failed> {
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            let document = fs::read_to_string(&path)?;
            let is_chinese = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(Language::Chinese.suffix()));
            if !is_chinese && let Some(words) = Svg::untranslated(&document) {
                return Err(format!("no Chinese in crates/common/languages for: {words}, in {}", path.display()).into());
            }
            let size = Svg::smallest_text(&document, TELEPHONE);
            if size.is_none_or(|size| size < LEGIBLE) {
                return Err(format!("{}: text of {size:?} pixels on a telephone", path.display()).into());
            }
        }
    }
    Ok(())
}

/// The same flags but for `--taped` print the same transcript and write the same files.
fn check_without_tape(chapter: &Chapter, section: &Section, edition: Edition) -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let results = tempfile::tempdir()?;
    let folder = results.path().join(chapter.name).join(section.name(edition));
    let flags: Vec<&'static str> = edition.flags.iter().copied().filter(|flag| *flag != TAPED).collect();
    let by_chain = Edition { flags: Vec::leak(flags), ..edition };
    let report = chapter.run_edition(section, by_chain, (&root.join("data"), &folder))?;
    let taped = root.join("snapshots").join(chapter.name).join(section.golden(edition));
    match golden::difference(&taped, &report.golden())? {
        None => Ok(()),
        Some(difference) => Err(format!("{} {} without {TAPED}: {difference}", chapter.name, section.id).into()),
    }
}
