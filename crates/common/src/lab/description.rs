//! What a run is: enough to run it again.

use super::{
    Driver,
    table::{paragraph, width},
};
use crate::{language::Language, published::Entry, registry::Hyperparameter};
use serde_json::{Map, Value as Json, json};

/// Between a flag and its value, which stay in one line.
const NO_BREAK: char = '\u{a0}';

/// What runs, with what, and what the sources print for it.
#[derive(Debug, Clone)]
pub struct Description {
    /// The crate's name.
    pub chapter: &'static str,
    /// The section's id.
    pub section: &'static str,
    /// The edition that has these hyper-parameters, if one has.
    pub edition: Option<&'static str>,
    /// What the flags say.
    pub hyperparameters: Vec<Hyperparameter>,
    /// The printed values of the section.
    pub published: Vec<Entry>,
    /// Whether this is a run on the source's own numbers: they are compared digit by digit.
    pub is_replay: bool,
    /// What trains the networks.
    pub driver: Driver,
    /// What is seen with the book's settings, in English and in Chinese.
    pub seen: Option<[String; 2]>,
}

impl Description {
    /// The settings that a transcript begins with, in lines; those that replace the book's once more, beside the book's.
    pub(super) fn opening(&self, seed: u64, language: Language) -> String {
        let flags = self.hyperparameters.iter().map(ToString::to_string).chain([format!("--seed {seed}")]);
        let flags: Vec<_> = flags.map(|flag| flag.replace(' ', &NO_BREAK.to_string())).collect();
        let tag = format!("[{}]", language.say("Settings"));
        let settings = paragraph(&tag, &flags.join(" "), language).replace(NO_BREAK, " ");
        let differing = self.differing().map(|differing| {
            let text = format!("{}{}{differing}", language.say("not the book's"), language.choose(": ", "："));
            paragraph(&" ".repeat(width(&tag)), &text, language)
        });
        format!("{settings}{}\n", differing.unwrap_or_default())
    }

    /// The settings that replace the book's, with the book's in brackets; nothing if none does.
    pub(super) fn differing(&self) -> Option<String> {
        let differing = self.hyperparameters.iter().filter_map(|flag| Some(format!("{flag} ({})", flag.replaces.as_ref()?)));
        Some(differing.collect::<Vec<_>>().join(", ")).filter(|differing| !differing.is_empty())
    }

    /// What is seen, for the end of a transcript.
    pub(super) fn ending(&self) -> Option<[String; 2]> {
        let seen = self.seen.as_ref()?;
        let is_the_books = self.differing().is_none();
        let ending = |language: Language| {
            let [english, chinese] = seen;
            let condition =
                if is_the_books { "" } else { language.choose("With the book's settings: ", "用书中的设置：") };
            let text = format!("{condition}{}", language.choose(english, chinese));
            format!("\n{}", paragraph(&format!("[{}]", language.say("Seen")), &text, language))
        };
        Some(Language::ALL.map(ending))
    }

    /// Chapter, section, edition and settings as JSON.
    pub(super) fn json(&self) -> Map<String, Json> {
        let settings = self.hyperparameters.iter().map(|flag| {
            let value = if flag.value.is_empty() { json!(true) } else { json!(flag.value) };
            (flag.flag.clone(), value)
        });
        let strings = [("chapter", Some(self.chapter)), ("section", Some(self.section)), ("edition", self.edition)];
        let mut run: Map<String, Json> = strings.map(|(name, text)| (name.to_owned(), json!(text))).into_iter().collect();
        run.insert("settings".to_owned(), Json::Object(settings.collect()));
        run
    }
}
