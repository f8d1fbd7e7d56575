//! What the flags of a run say, beside what they say in the book's run.

use clap::{Arg, ArgMatches, Command};
use std::fmt;

/// Flags that change nothing in what a run gives.
const SILENT: [&str; 2] = ["resume", "taped"];

/// A flag of a run with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hyperparameter {
    /// The flag's name without dashes.
    pub flag: String,
    /// What it says; nothing for a switch.
    pub value: String,
    /// What the book's run has in its place, if that is something else.
    pub replaces: Option<String>,
}

/// As on the command line.
impl fmt::Display for Hyperparameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--{}", self.flag)?;
        if self.value.is_empty() { Ok(()) } else { write!(f, " {}", self.value) }
    }
}

/// Every flag of `command` that has a value in `matches` and may change a result, in the order of its help.
pub(super) fn hyperparameters(command: &Command, matches: &ArgMatches) -> Vec<Hyperparameter> {
    // A command whose flags are all optional, as they are everywhere here, takes an empty command line.
    let defaults = command.clone().try_get_matches_from([command.get_name()]).unwrap_or_default();
    let hyperparameter = |arg: &Arg| {
        let flag = arg.get_long().filter(|flag| !SILENT.contains(flag))?.to_owned();
        let (value, default) = (value(arg, matches)?, value(arg, &defaults));
        // More seeds than one, and the source's own numbers, come beside what the book's run gives.
        let is_neutral = flag == "replay" || (flag == "seeds" && default.as_deref() == Some("1"));
        let replaces = (!is_neutral && default.as_ref() != Some(&value)).then(|| default.unwrap_or_else(|| "none".to_owned()));
        Some(Hyperparameter { flag, value, replaces })
    };
    command.get_arguments().filter_map(hyperparameter).collect()
}

/// What a flag says: its values, separated by commas, and nothing for a switch that is set.
fn value(arg: &Arg, matches: &ArgMatches) -> Option<String> {
    let id = arg.get_id().as_str();
    if !arg.get_action().takes_values() {
        let is_set = matches.try_get_one::<bool>(id).ok().flatten().copied().unwrap_or_default();
        return is_set.then(String::new);
    }
    let values = matches.try_get_raw(id).ok().flatten()?;
    Some(values.map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ArgAction;

    #[track_caller]
    fn check(flags: &[&str], shown: &str, replaced: &[&str]) {
        let command = Command::new("section")
            .arg(Arg::new("lr").long("lr").default_value("0.2"))
            .arg(Arg::new("rates").long("rates").value_delimiter(',').default_value("1,2"))
            .arg(Arg::new("seeds").long("seeds").default_value("1"))
            .arg(Arg::new("resume").long("resume").action(ArgAction::SetTrue))
            .arg(Arg::new("as-printed").long("as-printed").action(ArgAction::SetTrue))
            .arg(Arg::new("taped").long("taped").action(ArgAction::SetTrue));
        let matches = command.clone().try_get_matches_from([&["section"], flags].concat()).unwrap();
        let found = hyperparameters(&command, &matches);
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), shown);
        assert_eq!(found.into_iter().filter_map(|flag| flag.replaces).collect::<Vec<_>>(), replaced);
    }

    #[test]
    fn what_the_flags_say_stands_beside_what_the_book_has() {
        check(&[], "--lr 0.2 --rates 1,2 --seeds 1", &[]);
        check(&["--lr", "5"], "--lr 5 --rates 1,2 --seeds 1", &["0.2"]);
        check(&["--rates", "3,4", "--as-printed"], "--lr 0.2 --rates 3,4 --seeds 1 --as-printed", &["1,2", "none"]);
    }

    #[test]
    fn flags_that_change_no_number_replace_none() {
        check(&["--lr", "0.2", "--taped", "--resume", "--seeds", "5"], "--lr 0.2 --rates 1,2 --seeds 5", &[]);
    }
}
