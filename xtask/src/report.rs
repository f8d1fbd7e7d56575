//! The report: a small static site over the results folders, without network or script.

use crate::say;
use anyhow::{Context, Result, ensure};
use common::{
    cli::results_folder,
    files::write_whole,
    registry::{Chapter, Edition, Section},
    sources::{SOURCES, Source, UNNAMED},
};
use serde::{Deserialize, Serialize};
use std::{
    fmt::{self, Display, Formatter, Write},
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Results that `reproduce-all` left
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the results [default: results/, at the top of the workspace]
    folder: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let results = args.folder.clone().unwrap_or_else(results_folder);
    let all = statuses(&results)?;
    ensure!(!all.is_empty(), "no results in {}: run `cargo xtask reproduce-all` first", results.display());
    let good = count_good(&all);
    say(&format!("{good} of {} runs are identical with their golden files\nreport: {}", all.len(), write(&results)?.display()));
    Ok(if good == all.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Identical,
    Differs,
    New,
    Blessed,
    Failed,
}

impl Outcome {
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Identical | Self::Blessed)
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}").to_lowercase())
    }
}

/// How a section's last run ended, as `status.json` beside its results; folders of several machines can be copied together.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    chapter: String,
    chapter_title: String,
    name: String,
    book: String,
    title: String,
    summary: String,
    flags: String,
    pub(crate) outcome: Outcome,
    pub(crate) detail: String,
    place: usize,
}

impl Status {
    pub(crate) fn new(chapter: &Chapter, section: &Section, edition: Edition, outcome: Outcome, detail: String) -> Self {
        Self {
            chapter: chapter.name.to_owned(),
            chapter_title: chapter.title.to_owned(),
            name: section.name(edition),
            book: section.book.to_owned(),
            title: section.title.to_owned(),
            summary: section.summary.to_owned(),
            flags: edition.flags.join(" "),
            outcome,
            detail,
            place: chapter.sections.iter().position(|s| s.id == section.id).unwrap_or_default(),
        }
    }

    /// The path of its results: `crate/section`.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.chapter, self.name)
    }

    pub(crate) fn write(&self, results: &Path) -> Result<()> {
        let folder = results.join(self.path());
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        write_whole(&folder.join("status.json"), &serde_json::to_vec_pretty(self)?)
    }
}

const STYLE: &str = "
body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1,h2{font-weight:600;line-height:1.2}a{color:#8e004d}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
pre{background:#f7f5f6;padding:1rem;overflow-x:auto;font-size:13px;line-height:1.4}
img{max-width:100%;height:auto;display:block;margin:1rem 0}
.identical,.blessed{color:#2a7d4f}.differs,.failed,.new{color:#c0392b;font-weight:600}";

/// Writes a page for each results folder and the front page over all of them; gives the front page's path.
pub(crate) fn write(results: &Path) -> Result<PathBuf> {
    let all = statuses(results)?;
    for status in &all {
        let folder = results.join(status.path());
        write_whole(&folder.join("index.html"), section_page(status, &folder)?.as_bytes())?;
    }
    let index = results.join("index.html");
    write_whole(&index, front_page(&all)?.as_bytes())?;
    Ok(index)
}

/// How each run ended whose results are there, in the book's order.
fn statuses(results: &Path) -> Result<Vec<Status>> {
    let mut all = Vec::new();
    for chapter in folders(results)? {
        for folder in folders(&chapter)? {
            let path = folder.join("status.json");
            if let Ok(text) = fs::read(&path) {
                let status: Status = serde_json::from_slice(&text).with_context(|| {
                    format!("{} is damaged: run the section again with `cargo xtask reproduce-all`", path.display())
                })?;
                all.push(status);
            }
        }
    }
    all.sort_by(|a, b| (&a.chapter, a.place, &a.name).cmp(&(&b.chapter, b.place, &b.name)));
    Ok(all)
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    if !parent.exists() {
        return Ok(Vec::new());
    }
    let mut paths = entries(parent).with_context(|| format!("cannot read {}", parent.display()))?;
    paths.retain(|path| path.is_dir());
    Ok(paths)
}

/// What a folder holds, in order.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn count_good(all: &[Status]) -> usize {
    all.iter().filter(|status| status.outcome.is_good()).count()
}

fn front_page(all: &[Status]) -> Result<String> {
    let good = count_good(all);
    let mut body = format!(
        "<h1>Every experiment, reproduced</h1>\n<p>{good} of {} runs are identical with their golden files.</p>\n",
        all.len()
    );
    for chapter in all.chunk_by(|a, b| a.chapter == b.chapter) {
        writeln!(
            body,
            "<h2>{}</h2>\n<table><tr><th>source</th><th></th><th>run</th><th>state</th></tr>",
            escape(&chapter[0].chapter_title)
        )?;
        for Status { chapter, name, book, title, outcome, detail, .. } in chapter {
            writeln!(
                body,
                "<tr><td>{book}</td><td>{}</td><td><a href=\"{chapter}/{name}/index.html\">{name}</a></td><td class=\"{outcome}\">{outcome} {}</td></tr>",
                escape(title),
                escape(detail)
            )?;
        }
        body.push_str("</table>\n");
    }
    body.push_str(&sources());
    Ok(page("Every experiment, reproduced", &body))
}

/// What the names in the first columns mean.
fn sources() -> String {
    let row = |Source { name, called, about }: Source| format!("<tr><td>{name}</td><td>{called}</td><td>{about}</td></tr>\n");
    format!("<h2>Sources</h2>\n<p>{UNNAMED}</p>\n<table>\n{}</table>\n", SOURCES.map(row).concat())
}

fn section_page(status: &Status, folder: &Path) -> Result<String> {
    let Status { chapter, name, book, title, summary, flags, outcome, detail, .. } = status;
    let section = name.split('.').next().unwrap_or(name);
    let mut body = format!(
        "<p><a href=\"../../index.html\">All sections</a></p>\n<h1>{book} · {}</h1>\n<p>{}</p>\n\
         <pre>cargo run -p {chapter} -- {section} {flags}</pre>\n<p class=\"{outcome}\">{outcome} {}</p>\n",
        escape(title),
        escape(summary),
        escape(detail)
    );
    let paths = entries(folder)?;
    let names = paths.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy());
    let names: Vec<_> = names.collect();
    for figure in names.iter().filter(|name| matches!(extension(name), "svg" | "gif")) {
        writeln!(body, "<img src=\"{figure}\" alt=\"figure {figure}\">")?;
    }
    if let Ok(transcript) = fs::read_to_string(folder.join("transcript.txt")) {
        writeln!(body, "<h2>Transcript</h2>\n<pre>{}</pre>", escape(&transcript))?;
    }
    body.push_str("<h2>Files</h2>\n<ul>\n");
    for file in names.iter().filter(|name| extension(name) != "html" && !name.starts_with('.')) {
        writeln!(body, "<li><a href=\"{file}\">{file}</a></li>")?;
    }
    body.push_str("</ul>\n");
    Ok(page(title, &body))
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{}</title><style>{STYLE}</style></head><body>\n{body}</body></html>\n",
        escape(title)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
