//! The flags of a section, as its command line describes them.

use super::language::Language;
use clap::{Arg, Command, error::ErrorKind};
use common::registry::Section;

/// A flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its name without dashes.
    pub(super) flag: String,
    pub(super) kind: Kind,
    /// The book's value; nothing where there is none.
    pub(super) default: String,
    pub(super) help: String,
    /// Whether its value is a file, which a page cannot name.
    pub(super) is_file: bool,
    /// What it expects, in the words of its parser.
    pub(super) expected: String,
}

/// What a flag takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Switch,
    /// One of some words.
    Choice(Vec<String>),
    /// A value.
    Value,
}

impl Setting {
    pub(super) fn is_switch(&self) -> bool {
        self.kind == Kind::Switch
    }

    /// The same flag, described in a language.
    pub(super) fn said(self, language: Language) -> Self {
        let say = |english: &str| language.say(english).into_owned();
        Self { help: say(&self.help), expected: say(&self.expected), ..self }
    }

    /// The words to choose from.
    pub(super) fn choices(&self) -> &[String] {
        match &self.kind {
            Kind::Choice(choices) => choices,
            Kind::Switch | Kind::Value => &[],
        }
    }
}

/// The flags of a section, in the order of its help.
pub(super) fn settings(section: &Section) -> Vec<Setting> {
    let command = section.command();
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    shown.filter_map(|arg| setting(&command, arg)).collect()
}

fn setting(command: &Command, arg: &Arg) -> Option<Setting> {
    let flag = arg.get_long()?.to_owned();
    let choices: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let takes_several = arg.get_value_delimiter().is_some();
    let kind = match arg.get_action().takes_values() {
        false => Kind::Switch,
        true if choices.is_empty() || takes_several => Kind::Value,
        true => Kind::Choice(choices),
    };
    let defaults = arg.get_default_values().iter().map(|value| value.to_string_lossy());
    let default = if kind == Kind::Switch { String::new() } else { defaults.collect::<Vec<_>>().join(",") };
    let expected = if kind == Kind::Value { expected(command, &flag) } else { String::new() };
    let is_file = arg.get_value_names().into_iter().flatten().any(|name| name == "FILE");
    Some(Setting { is_file, default, help: arg.get_help().map(ToString::to_string).unwrap_or_default(), flag, kind, expected })
}

/// What a flag expects: what its parser answers to a value that no flag takes.
fn expected(command: &Command, flag: &str) -> String {
    let refused = command.clone().try_get_matches_from([command.get_name(), &format!("--{flag}=?")]);
    let reason = refused.err().filter(|error| error.kind() == ErrorKind::ValueValidation);
    let text = reason.and_then(|error| std::error::Error::source(&error).map(ToString::to_string)).unwrap_or_default();
    // What was found instead is of no interest here.
    let expected = text.split(", found ").next().unwrap_or_default();
    expected.trim_start_matches("expected ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chapters;

    #[test]
    fn flags_say_what_they_expect() {
        let chapters = chapters();
        let adam = chapters.iter().find_map(|chapter| chapter.section("adam")).unwrap();
        let found = settings(adam);
        let lr = found.iter().find(|setting| setting.flag == "lr").unwrap();
        assert_eq!((lr.default.as_str(), &lr.kind), ("0.1", &Kind::Value));
        assert!(lr.expected.contains("greater than 0"), "{lr:?}");
        assert!(found.iter().any(|setting| setting.flag == "as-printed" && setting.is_switch()));
    }
}
