//! What the search of the pages looks through.

use super::language::Place;
use anyhow::Result;
use serde::Serialize;

/// The words of the pages of a language.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Index(Vec<Entry>);

/// A page as the search finds it.
#[derive(Debug, Serialize)]
struct Entry {
    title: String,
    path: String,
    text: String,
}

impl Index {
    pub(super) fn add(&mut self, at: &Place, title: &str, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.0.push(Entry { title: title.to_owned(), path: at.file(), text });
    }

    /// A script that leaves the index to the page; a script, since a page that is read from a file may load nothing else.
    ///
    /// # Errors
    /// Never, for text.
    pub(super) fn script(&self) -> Result<String> {
        Ok(format!("window.searchIndex = {};\n", serde_json::to_string(self)?))
    }
}
