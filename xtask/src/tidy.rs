//! `tidy`: the workspace's rules as code.

use crate::{bands, chapters, lessons, order, root, say, site};
use anyhow::{Context, Result};
use common::{
    published::{self, Class},
    registry::{Chapter, Section},
    sources::{SOURCES, Source},
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
        complaints.extend(check_ledger(&root, &chapter)?);
        complaints.extend(check_goldens(&root, &chapter)?);
        complaints.extend(chapter.sections.iter().flat_map(|section| check_section(&root, &chapter, section, &readme)));
        complaints.extend(check_modules(&root, &chapter)?);
    }
    complaints.extend(check_sources(&root)?);
    complaints.extend(order::check(&root)?);
    complaints.extend(lessons::check(&root, &chapters())?);
    complaints.extend(site::complaints(&root, &chapters())?);
    complaints.extend(bands::check(&root, &chapters())?);
    complaints.extend(check_lengths(&root)?);
    for complaint in &complaints {
        say(complaint);
    }
    if complaints.is_empty() {
        say("tidy: nothing to complain of");
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("tidy: {} complaints", complaints.len()));
    Ok(ExitCode::FAILURE)
}

/// Each source has a row in the README and in the ledger's page, and its name in the Chinese README.
fn check_sources(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for page in ["README.md", "published/README.md", "README.zh.md"] {
        let text = fs::read_to_string(root.join(page)).with_context(|| format!("cannot read {page}"))?;
        for Source { name, called, about } in SOURCES {
            let in_chinese = page.ends_with(".zh.md");
            let row = if in_chinese { format!("| {name} | ") } else { format!("| {name} | {called} | {about} |") };
            if !text.contains(&row) {
                complaints.push(format!("{page}: has no row {row}"));
            }
        }
    }
    Ok(complaints)
}

/// Each section has a row in the README that says what its `section()` says, a module of its name and a short file.
fn check_section(root: &Path, chapter: &Chapter, section: &Section, readme: &str) -> Vec<String> {
    let (name, id) = (chapter.name, section.id);
    let row = format!("| `{id}` | {} | {} |", section.book, section.summary);
    let no_row = (!readme.contains(&row)).then(|| format!("README.md: {name} has no row {row}"));
    let path = module_path(root, chapter, id);
    let shown = path.display();
    let about_module = match fs::read_to_string(&path) {
        Err(_) => Some(format!("{name} {id}: expected its module in {shown}")),
        Ok(text) if text.lines().count() > LONGEST_SECTION => {
            Some(format!("{shown}: {} lines, more than {LONGEST_SECTION}", text.lines().count()))
        }
        Ok(text) => (!text.starts_with("//! ")).then(|| format!("{shown}: no module doc")),
    };
    no_row.into_iter().chain(about_module).collect()
}

fn module_path(root: &Path, chapter: &Chapter, id: &str) -> PathBuf {
    root.join("crates").join(chapter.name).join("src/sections").join(format!("{}.rs", id.replace('-', "_")))
}

/// No module without a section.
fn check_modules(root: &Path, chapter: &Chapter) -> Result<Vec<String>> {
    let expected: BTreeSet<PathBuf> = chapter.sections.iter().map(|section| module_path(root, chapter, section.id)).collect();
    let mut found = files(&root.join("crates").join(chapter.name).join("src/sections"))?;
    // The texts of the pages are beside the modules; `site::complaints` looks for them.
    found.retain(|path| path.extension().is_none_or(|extension| extension != "md") || !expected_text(&expected, path));
    Ok(found.difference(&expected).map(|path| format!("{}: no section of that name", path.display())).collect())
}

/// Whether a text is that of a module's page.
fn expected_text(modules: &BTreeSet<PathBuf>, path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    name.is_some_and(|name| modules.contains(&path.with_file_name(format!("{name}.rs"))))
}

/// Each edition has its golden file, and no golden file is left over.
fn check_goldens(root: &Path, chapter: &Chapter) -> Result<Vec<String>> {
    let folder = root.join("snapshots").join(chapter.name);
    let goldens = |section: &Section| section.editions.iter().map(|edition| section.golden(*edition)).collect::<Vec<_>>();
    let expected: BTreeSet<PathBuf> = chapter.sections.iter().flat_map(goldens).map(|golden| folder.join(golden)).collect();
    let found = files(&folder)?;
    let missing = |path: &PathBuf| format!("{}: missing; make it with `cargo xtask reproduce-all --bless`", path.display());
    let left_over = |path: &PathBuf| format!("{}: no section has this golden", path.display());
    Ok(expected.difference(&found).map(missing).chain(found.difference(&expected).map(left_over)).collect())
}

/// Each published value belongs to a section, can be read and has a name of its own; each statement belongs to a claim that holds in
/// the section's golden.
fn check_ledger(root: &Path, chapter: &Chapter) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    let mut names = BTreeSet::new();
    for entry in published::parse(chapter.published).with_context(|| format!("the ledger of {}", chapter.name))? {
        let Some(section) = chapter.section(&entry.section) else {
            complaints.push(format!("published value {} of {}: no section {}", entry.metric, chapter.name, entry.section));
            continue;
        };
        if !entry.is_in_words() && !names.insert((entry.section.clone(), entry.metric.clone())) {
            complaints.push(format!("published/{}.csv: {} has two values of {}", chapter.name, entry.section, entry.metric));
        }
        let is_decided = matches!(entry.class, Class::Confirmed | Class::Refuted);
        if is_decided && !claims(root, chapter, section).contains(&entry.metric) {
            complaints.push(format!(
                "published/{}.csv: \"{}\" is no claim that holds in {}",
                chapter.name, entry.metric, entry.section
            ));
        }
    }
    Ok(complaints)
}

/// The claims that hold in a section's goldens.
fn claims(root: &Path, chapter: &Chapter, section: &Section) -> BTreeSet<String> {
    let mut claims = BTreeSet::new();
    for edition in &section.editions {
        let path = root.join("snapshots").join(chapter.name).join(section.golden(*edition));
        let Ok(golden) = fs::read_to_string(path) else { continue };
        let holding = golden.lines().filter_map(|line| line.strip_prefix("[Claim] ")?.strip_suffix(": holds"));
        claims.extend(holding.map(str::to_owned));
    }
    claims
}

/// No source file is too long to read in one sitting.
fn check_lengths(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for path in source_files(vec![root.join("crates"), root.join("xtask")])? {
        let lines = fs::read_to_string(&path)?.lines().count();
        if lines > LONGEST_FILE {
            complaints.push(format!("{}: {lines} lines, more than {LONGEST_FILE}: split it by idea", path.display()));
        }
    }
    Ok(complaints)
}

/// The source files in folders and in the folders within.
pub(crate) fn source_files(mut folders: Vec<PathBuf>) -> Result<BTreeSet<PathBuf>> {
    let mut paths = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                paths.insert(path);
            }
        }
    }
    Ok(paths)
}

/// The files of a folder; none of a folder that is not there.
fn files(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    if !folder.exists() {
        return Ok(BTreeSet::new());
    }
    let mut paths: BTreeSet<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.retain(|path| path.is_file());
    Ok(paths)
}
