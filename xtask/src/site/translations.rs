//! What the programs say in English, in Chinese: the help of flags, claims, and statements of the sources.

use super::language::Language;
use anyhow::{Context, Result};
use std::{collections::BTreeMap, path::Path};

/// Sentences by their English wording.
pub(super) struct Translations(BTreeMap<String, String>);

impl Translations {
    /// Reads the tables in `docs/site`.
    ///
    /// # Errors
    /// If one is missing or no table of two columns.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut sentences = BTreeMap::new();
        for name in ["settings", "claims"] {
            let file = format!("docs/site/{name}.zh.csv");
            let mut table = csv::Reader::from_path(root.join(&file)).with_context(|| format!("cannot read {file}"))?;
            for row in table.deserialize() {
                let (english, chinese): (String, String) = row.with_context(|| file.clone())?;
                sentences.insert(english, chinese);
            }
        }
        Ok(Self(sentences))
    }

    /// A sentence in a language; in English where it has not been translated.
    pub(super) fn say<'a>(&'a self, english: &'a str, language: Language) -> &'a str {
        match language {
            Language::English => english,
            Language::Chinese => self.0.get(english).map_or(english, String::as_str),
        }
    }

    /// Whether a sentence has been translated.
    pub(super) fn has(&self, english: &str) -> bool {
        english.is_empty() || self.0.contains_key(english)
    }
}
