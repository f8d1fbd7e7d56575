//! The pages beside the sections: what the sources have wrong, what was replayed, names in other libraries.

use super::{
    language::{Language, Place},
    markdown,
};
use anyhow::{Context, Result};
use askama::Template;
use pulldown_cmark::HeadingLevel;
use std::{fs, path::Path};

/// Their names; the texts are in `docs/site`.
pub(super) const NAMES: &[&str] = &["errata", "replay", "counterparts", "networks", "numerics", "glossary"];

/// A page of text.
#[derive(Template)]
#[template(path = "document.html")]
pub(super) struct Document {
    pub(super) at: Place,
    pub(super) title: String,
    body: String,
    /// Its words, for the search.
    pub(super) words: String,
}

impl Document {
    /// All of a language.
    ///
    /// # Errors
    /// If one is missing or does not begin with its title.
    pub(super) fn all(root: &Path, language: Language) -> Result<Vec<Self>> {
        NAMES.iter().map(|name| Self::read(root, name, language)).collect()
    }

    fn read(root: &Path, name: &str, language: Language) -> Result<Self> {
        let text = text(root, name, language)?;
        let at = Place::new(language, name);
        let parts = markdown::parts(&text);
        let title = parts.first().filter(|part| part.level == HeadingLevel::H1).with_context(|| format!("{name}: no title"))?;
        let (_, body) = text.split_once('\n').unwrap_or_default();
        Ok(Self { title: title.heading.to_owned(), body: markdown::html(body, &at)?, words: markdown::plain(body), at })
    }
}

/// The text of a page.
///
/// # Errors
/// If it is missing.
pub(super) fn text(root: &Path, name: &str, language: Language) -> Result<String> {
    let file = format!("docs/site/{name}{}.md", language.suffix());
    fs::read_to_string(root.join(&file)).with_context(|| format!("cannot read {file}"))
}
