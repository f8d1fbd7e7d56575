//! `tidy`: the workspace's rules as code.

use crate::{bands, chapters, root, say};
use anyhow::{Context, Result};
use common::{
    published,
    registry::{Chapter, Section},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Lines beyond which a source file wants splitting.
const LONGEST_FILE: usize = 400;
/// Lines that a section fits in.
const LONGEST_SECTION: usize = 200;

pub(crate) fn run() -> Result<ExitCode> {
    let root = root();
    let mut complaints = Vec::new();
    let readme = fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    for chapter in chapters() {
        check_ledger(&chapter, &mut complaints)?;
        check_goldens(&root, &chapter, &mut complaints)?;
        for section in &chapter.sections {
            check_section(&root, &chapter, section, &readme, &mut complaints);
        }
        check_modules(&root, &chapter, &mut complaints)?;
    }
    bands::check(&root, &chapters(), &mut complaints)?;
    check_lengths(&root, &mut complaints)?;
    for complaint in &complaints {
        say(complaint);
    }
    say(&format!(
        "tidy: {}",
        if complaints.is_empty() { "nothing to complain of".to_owned() } else { format!("{} complaints", complaints.len()) }
    ));
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Each section has a row in the README that says what its `section()` says, a module of its name and a short file.
fn check_section(root: &Path, chapter: &Chapter, section: &Section, readme: &str, complaints: &mut Vec<String>) {
    let (name, id) = (chapter.name, section.id);
    let row = format!("| `{id}` | {} | {} |", section.book, section.summary);
    if !readme.contains(&row) {
        complaints.push(format!("README.md: {name} has no row {row}"));
    }
    let path = module_path(root, chapter, id);
    match fs::read_to_string(&path) {
        Err(_) => complaints.push(format!("{name} {id}: expected its module in {}", path.display())),
        Ok(text) if text.lines().count() > LONGEST_SECTION => {
            complaints.push(format!("{}: {} lines, more than {LONGEST_SECTION}", path.display(), text.lines().count()));
        }
        Ok(text) if !text.starts_with("//! ") => complaints.push(format!("{}: no module doc", path.display())),
        Ok(_) => {}
    }
}

fn module_path(root: &Path, chapter: &Chapter, id: &str) -> PathBuf {
    root.join("crates").join(chapter.name).join("src/sections").join(format!("{}.rs", id.replace('-', "_")))
}

/// No module without a section.
fn check_modules(root: &Path, chapter: &Chapter, complaints: &mut Vec<String>) -> Result<()> {
    let folder = root.join("crates").join(chapter.name).join("src/sections");
    let expected: BTreeSet<PathBuf> = chapter.sections.iter().map(|section| module_path(root, chapter, section.id)).collect();
    complaints.extend(files(&folder)?.difference(&expected).map(|path| format!("{}: no section of that name", path.display())));
    Ok(())
}

/// Each edition has its golden file, and no golden file is left over.
fn check_goldens(root: &Path, chapter: &Chapter, complaints: &mut Vec<String>) -> Result<()> {
    let folder = root.join("snapshots").join(chapter.name);
    let editions =
        |section: &Section| section.editions.iter().map(|edition| folder.join(section.golden(*edition))).collect::<Vec<_>>();
    let expected: BTreeSet<PathBuf> = chapter.sections.iter().flat_map(editions).collect();
    let found = files(&folder)?;
    complaints.extend(
        expected
            .difference(&found)
            .map(|path| format!("{}: missing; make it with `cargo xtask reproduce-all --bless`", path.display())),
    );
    complaints.extend(found.difference(&expected).map(|path| format!("{}: no section has this golden", path.display())));
    Ok(())
}

/// Each published value belongs to a section and can be read.
fn check_ledger(chapter: &Chapter, complaints: &mut Vec<String>) -> Result<()> {
    for entry in published::parse(chapter.published).with_context(|| format!("the ledger of {}", chapter.name))? {
        if chapter.section(&entry.section).is_none() {
            complaints.push(format!("published value {} of {}: no section {}", entry.metric, chapter.name, entry.section));
        }
    }
    Ok(())
}

/// No source file is too long to read in one sitting.
fn check_lengths(root: &Path, complaints: &mut Vec<String>) -> Result<()> {
    let mut folders = vec![root.join("crates"), root.join("xtask")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let lines = fs::read_to_string(&path)?.lines().count();
                if lines > LONGEST_FILE {
                    complaints.push(format!("{}: {lines} lines, more than {LONGEST_FILE}: split it by idea", path.display()));
                }
            }
        }
    }
    Ok(())
}

/// The files of a folder; none of a folder that is not there.
fn files(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    if !folder.exists() {
        return Ok(BTreeSet::new());
    }
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .filter(|path| path.as_ref().map_or(true, |path| path.is_file()))
        .collect()
}
