//! What a golden file locks: the transcript of a run, and the names of the files that it leaves.

use anyhow::{Context, Result};
use common::{
    golden,
    registry::{Chapter, Edition, Section},
};
use std::path::Path;

/// A golden file, taken apart.
#[derive(Debug, PartialEq, Eq, Default)]
pub(super) struct Golden {
    pub(super) transcript: String,
    pub(super) files: Vec<String>,
    /// The files' lines, each with its hash.
    pub(super) locked: Vec<String>,
    /// The hash of the run's final weights; nothing where it has none.
    pub(super) fingerprint: String,
}

impl Golden {
    /// The golden file of an edition.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn read(root: &Path, chapter: &Chapter, section: &Section, edition: Edition) -> Result<Self> {
        let path = root.join("snapshots").join(chapter.name).join(section.golden(edition));
        let text = golden::read(&path)?.with_context(|| format!("there is no {}", path.display()))?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let (transcript, files) = text.rsplit_once("\nfiles\n").unwrap_or((text, ""));
        let fingerprint = transcript.lines().find_map(|line| line.strip_prefix("[Fingerprint] ")).unwrap_or_default();
        let locked: Vec<String> = files.lines().map(str::to_owned).collect();
        let files = locked.iter().filter_map(|line| line.split_whitespace().next());
        Self {
            transcript: transcript.trim().to_owned(),
            files: files.map(str::to_owned).collect(),
            locked: locked.clone(),
            fingerprint: fingerprint.trim().to_owned(),
        }
    }

    /// The files with their hashes, as `name:hash name:hash …`.
    pub(super) fn hashes(&self) -> String {
        let pairs = self.locked.iter().filter_map(|line| line.split_once(" sha256 "));
        pairs.map(|(name, hash)| format!("{}:{hash}", name.trim())).collect::<Vec<_>>().join(" ")
    }

    /// The claims that hold.
    pub(super) fn claims(&self) -> impl Iterator<Item = &str> {
        self.transcript.lines().filter_map(|line| line.strip_prefix("[Claim] ")?.strip_suffix(": holds"))
    }

    /// The pictures among the files.
    pub(super) fn figures(&self) -> impl Iterator<Item = &str> {
        let is_picture = |file: &&str| [".svg", ".gif", ".png"].iter().any(|extension| file.ends_with(extension));
        self.files.iter().map(String::as_str).filter(is_picture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_golden_is_a_transcript_and_files() {
        let golden = Golden::parse("loss 1\n\n[Fingerprint] 12ab\n\nfiles\na.svg         sha256 00\nmetrics.json  sha256 11\n");
        assert_eq!((golden.transcript.as_str(), golden.fingerprint.as_str()), ("loss 1\n\n[Fingerprint] 12ab", "12ab"));
        assert_eq!(golden.hashes(), "a.svg:00 metrics.json:11");
        assert_eq!(golden.figures().collect::<Vec<_>>(), ["a.svg"]);
    }
}
