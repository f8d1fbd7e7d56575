//! What a page needs so that its section can be run in the browser.

use super::{golden::Golden, language::Language};
use anyhow::Result;
use common::registry::{Chapter, Edition, Section};
use std::path::Path;

/// Sections that read the files of MNIST, which are too large to be sent with a page.
const READS_MNIST: &[&str] = &[
    "batch-size",
    "batch-size-iterations",
    "batch-size-or-lr",
    "adamw",
    "optimizers-mnist",
    "batch-norm-mnist",
    "layer-norm-mnist",
];

/// A section that can be run on its page.
#[derive(Debug)]
pub(super) struct Runner {
    /// The edition that the form shows at first.
    pub(super) edition: Edition,
    pub(super) fingerprint: String,
    /// The section whose results this one reads, and the flags that it is run with first.
    pub(super) needs: &'static str,
    pub(super) needs_flags: String,
    /// The files of the golden file, each with its hash.
    pub(super) hashes: String,
    pub(super) strings: &'static str,
}

impl Runner {
    /// The runner of a section; none of one that takes long or reads MNIST.
    ///
    /// # Errors
    /// If a golden file is missing.
    pub(super) fn new(root: &Path, (chapter, section): (&Chapter, &Section), language: Language) -> Result<Option<Self>> {
        if chapter.name == "mnist-mlp" || READS_MNIST.contains(&section.id) {
            return Ok(None);
        }
        let edition = section.quick();
        let needed = chapter.needed(section, edition);
        let golden = Golden::read(root, chapter, section, edition)?;
        Ok(Some(Self {
            fingerprint: golden.fingerprint.clone(),
            needs: needed.map_or("", |(needed, _)| needed.id),
            needs_flags: needed.map(|(_, edition)| edition.flags.join(" ")).unwrap_or_default(),
            hashes: golden.hashes(),
            strings: strings(language),
            edition,
        }))
    }

    /// What a flag's field shows at first, where that is not the flag's default.
    pub(super) fn value(&self, flag: &str) -> Option<&'static str> {
        let wanted = format!("--{flag}");
        let place = self.edition.flags.iter().position(|&given| given == wanted)?;
        self.edition.flags.get(place + 1).copied().filter(|value| !value.starts_with("--"))
    }
}

/// What the page's script says, where it does not speak English.
fn strings(language: Language) -> &'static str {
    language.say("{}", include_str!("../../web/zh.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_speaks_both_languages() {
        let chinese: serde_json::Map<String, serde_json::Value> = serde_json::from_str(strings(Language::Chinese)).unwrap();
        let (_, english) = include_str!("../../web/dom.js").split_once("const ENGLISH = {\n").unwrap();
        let (english, _) = english.split_once("\n};").unwrap();
        let keys: Vec<&str> = english.lines().filter_map(|line| line.trim().split_once(": ")).map(|(key, _)| key).collect();
        assert_eq!(chinese.keys().map(String::as_str).collect::<Vec<_>>(), keys);
    }
}
