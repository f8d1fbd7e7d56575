//! What a run leaves behind.

use super::{METRICS, TRANSCRIPT};
use crate::{files::short_sha256, language::Language};
use anyhow::{Context, Result};
use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

/// What stands in the metrics before the version, their last member, which a golden leaves out.
const VERSION: &str = ",\n  \"version\":";

/// What a run leaves.
#[derive(Debug, Clone)]
pub struct Report {
    /// Everything that the section printed.
    pub transcript: String,
    /// What it printed, and the names of numbers it recorded, that have no Chinese.
    pub untranslated: BTreeSet<String>,
    /// Name and short SHA-256 of each file that it wrote.
    pub files: Vec<(String, String)>,
    /// What did not hold: claims and published values.
    pub failures: Vec<String>,
}

impl Report {
    /// Reads what a run left in a folder that nothing else wrote to. Whether its claims held is in its exit code.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let transcript = folder.join(TRANSCRIPT);
        let transcript = fs::read_to_string(&transcript).with_context(|| format!("cannot read {}", transcript.display()))?;
        let translation = format!("{}.", Language::Chinese.suffix());
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // A golden locks a file in English; what it says in Chinese follows from that.
            if name != TRANSCRIPT && !name.contains(&translation) {
                let mut bytes = fs::read(entry.path()).with_context(|| format!("cannot read {name}"))?;
                if name == METRICS {
                    let metrics = String::from_utf8(bytes).with_context(|| format!("{name} is no text"))?;
                    bytes =
                        metrics.rsplit_once(VERSION).map_or(metrics.clone(), |(locked, _)| format!("{locked}\n}}")).into_bytes();
                }
                files.push((name, short_sha256(&bytes)));
            }
        }
        files.sort();
        Ok(Self { transcript, untranslated: BTreeSet::new(), files, failures: Vec::new() })
    }

    /// The text that a golden file locks: the transcript and a hash of each file.
    #[must_use]
    pub fn golden(&self) -> String {
        let width = self.files.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut text = self.transcript.clone();
        text.push_str("\nfiles\n");
        for (name, hash) in &self.files {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:width$}  sha256 {hash}");
        }
        text
    }
}
