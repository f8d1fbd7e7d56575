//! What a run leaves behind.

use std::fmt::Write as _;

/// What a run leaves.
#[derive(Debug, Clone)]
pub struct Report {
    /// Everything that the section printed.
    pub transcript: String,
    /// Name and short SHA-256 of each file that it wrote.
    pub files: Vec<(String, String)>,
    /// What did not hold: claims and published values.
    pub failures: Vec<String>,
}

impl Report {
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
