//! How runs ended, as they leave it beside their results.

use anyhow::{Context, Result};
use common::{
    files::write_whole,
    registry::{Chapter, Edition, Section},
};
use serde::{Deserialize, Serialize};
use std::{
    fmt::{self, Display, Formatter},
    fs, io,
    path::{Path, PathBuf},
};

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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Status {
    chapter: String,
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    pub(crate) detail: String,
    place: usize,
}

impl Status {
    pub(crate) fn new(chapter: &Chapter, section: &Section, edition: Edition, outcome: Outcome, detail: String) -> Self {
        Self {
            chapter: chapter.name.to_owned(),
            name: section.name(edition),
            outcome,
            detail,
            place: chapter.sections.iter().position(|s| s.id == section.id).unwrap_or_default(),
        }
    }

    /// Whether it is of an edition of this section.
    pub(crate) fn is_of(&self, chapter: &Chapter, section: &Section) -> bool {
        self.chapter == chapter.name && self.name.split('.').next() == Some(section.id)
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

/// How each run ended whose results are there, in the book's order.
pub(crate) fn statuses(results: &Path) -> Result<Vec<Status>> {
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

pub(crate) fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    if !parent.exists() {
        return Ok(Vec::new());
    }
    let mut paths = entries(parent).with_context(|| format!("cannot read {}", parent.display()))?;
    paths.retain(|path| path.is_dir());
    Ok(paths)
}

/// What a folder holds, in order.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

pub(crate) fn count_good(all: &[Status]) -> usize {
    all.iter().filter(|status| status.outcome.is_good()).count()
}

/// When the last of the runs ended, in UTC; nothing where the files do not say.
pub(crate) fn date(results: &Path) -> Option<String> {
    let written = |status: PathBuf| fs::metadata(status).ok()?.modified().ok();
    let runs = folders(results).ok()?.into_iter().flat_map(|chapter| folders(&chapter).unwrap_or_default());
    let last = runs.filter_map(|run| written(run.join("status.json"))).max()?;
    humantime::format_rfc3339_seconds(last).to_string().split_once('T').map(|(date, _)| date.to_owned())
}
