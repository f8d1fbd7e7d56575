//! The command line in another language.

use crate::{language::Language, registry::Chapter};
use clap::{Arg, ArgAction, Command};
use std::{env, ffi::OsString};

/// What a page of help in Chinese consists of.
const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// The language that a command line asks for, or else the environment: it is needed before the command line is parsed, for the help.
pub(super) fn asked_for(arguments: &[OsString]) -> Language {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let flag = words.windows(2).rev().find_map(|pair| (pair[0] == "--lang").then_some(pair[1]));
    let flag = flag.or_else(|| words.iter().rev().find_map(|word| word.strip_prefix("--lang=")));
    match flag {
        Some(code) => Language::ALL.into_iter().find(|language| language.code() == code).unwrap_or(Language::English),
        None => Language::of_environment(|name| env::var(name).ok()),
    }
}

/// The command of a chapter with its help in a language.
pub(super) fn spoken(command: Command, chapter: &Chapter, language: Language) -> Command {
    if language == Language::English {
        return command;
    }
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let command = names.into_iter().fold(in_chinese(command), |command, name| {
        command.mut_subcommand(&name, |subcommand| match chapter.section(&name) {
            Some(section) => section.described(in_chinese(subcommand), language),
            None => in_chinese(subcommand),
        })
    });
    command.subcommand_help_heading("命令")
}

/// A command with its own words and the help of its flags in Chinese.
fn in_chinese(command: Command) -> Command {
    let say = |text: &str| Language::Chinese.say(text).into_owned();
    let about = command.get_about().map(|about| say(&about.to_string()));
    let command = command.mut_args(|arg| {
        // The one heading that there is stands above the flags that every section takes.
        let heading = if arg.get_help_heading().is_some() { "通用选项" } else { "选项" };
        let help = arg.get_help().map(|help| say(&help.to_string()));
        arg.help_heading(heading).help(help.unwrap_or_default())
    });
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("显示帮助").help_heading("通用选项");
    command.about(about.unwrap_or_default()).help_template(TEMPLATE).disable_help_flag(true).arg(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_decides_on_the_language() {
        let language = |words: &[&str]| asked_for(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(language(&["ch4", "neuron", "--lang", "zh"]), Language::Chinese);
        assert_eq!(language(&["ch4", "--lang=zh", "neuron"]), Language::Chinese);
        assert_eq!(language(&["ch4", "--lang", "en"]), Language::English);
    }
}
