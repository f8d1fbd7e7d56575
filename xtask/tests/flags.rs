//! Every flag of every section with values at and beyond the ends of its range.

use clap::{Arg, ArgMatches};
use common::{
    lab::Settings,
    language::Language,
    registry::{Chapter, Section},
};
use rayon::prelude::*;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Values at the ends of ranges, one or another of which each flag takes.
const VALUES: &[&str] = &["-1", "0", "1", "0.99999994", "1e-45", "1e30", "-1e30", "3.4e38", "18446744073709551615"];
/// Values that are numbers of no hyper-parameter.
const NO_NUMBERS: &[&str] = &["NaN", "inf", "-inf", "1e400", "3.5e38", "", " ", "-", "one", "０"];
/// Whole numbers that no machine has memory or time for.
const TOO_MANY: &[&str] = &["1000000000", "9223372036854775808", "18446744073709551615", "18446744073709551616"];

/// The flags of a section that take numbers: what takes a file, or one of a few words, is left out.
fn numeric(section: &Section) -> Vec<Arg> {
    let command = section.command();
    let arguments = command.get_arguments().filter(|arg| {
        let names: Vec<String> = arg.get_value_names().into_iter().flatten().map(ToString::to_string).collect();
        arg.get_action().takes_values() && arg.get_possible_values().is_empty() && names != ["FILE"]
    });
    arguments.cloned().collect()
}

fn long(arg: &Arg) -> &str {
    arg.get_long().unwrap_or_default()
}

/// The hyper-parameters of a command line; nothing if it is refused.
fn parsed(section: &Section, flags: &[String]) -> Option<ArgMatches> {
    let line = std::iter::once(section.id.to_owned()).chain(flags.iter().cloned());
    section.command().try_get_matches_from(line).ok()
}

/// Whether a flag counts what costs memory or time; a batch is held to the data, and a period is no cost.
fn counts(arg: &Arg) -> bool {
    const COSTS: &[&str] =
        &["epochs", "steps", "seeds", "samples", "images", "hidden", "width", "layers", "bins", "passes", "towers"];
    COSTS.iter().any(|cost| long(arg).ends_with(cost))
}

/// A parser refuses what is no number, and more than can be had.
fn check_ranges(chapter: &Chapter) {
    for section in &chapter.sections {
        for arg in numeric(section) {
            let refused = NO_NUMBERS.iter().chain(TOO_MANY.iter().filter(|_| counts(&arg)));
            for value in refused {
                let flag = format!("--{}={value}", long(&arg));
                assert!(parsed(section, std::slice::from_ref(&flag)).is_none(), "{} {} takes {flag}", chapter.name, section.id);
            }
        }
    }
}

/// The smallest budget of a section, without the flag that is tried.
fn tiny(section: &Section, tried: &str) -> Vec<String> {
    let budget = |name: &str| match name {
        "images" => Some("256"),
        _ if name.ends_with("images") => Some("64"),
        "hidden" | "hidden-layers" | "width" | "lrs" | "batch-sizes" => None,
        _ if ["epochs", "steps", "seeds"].iter().any(|cost| name.ends_with(cost)) => Some("1"),
        _ => None,
    };
    let arguments = numeric(section);
    let names = arguments.iter().map(long).filter(|name| *name != tried);
    names.filter_map(|name| budget(name).map(|value| format!("--{name}={value}"))).collect()
}

/// Runs each section with each value that the parser of one of its flags takes, but for large counts. Whatever comes of it, it is
/// a result or an error with a message.
fn check_runs(chapter: &Chapter) {
    let mut cases = Vec::new();
    for section in &chapter.sections {
        for arg in numeric(section) {
            for value in VALUES.iter().filter(|value| !counts(&arg) || value.len() == 1) {
                let mut flags = tiny(section, long(&arg));
                flags.push(format!("--{}={value}", long(&arg)));
                if let Some(matches) = parsed(section, &flags) {
                    cases.push((section, flags.join(" "), matches));
                }
            }
        }
    }
    let panics: Vec<String> =
        cases.par_iter().filter_map(|(section, flags, matches)| panic_of(chapter, section, flags, matches)).collect();
    assert!(panics.is_empty(), "{} of {} runs panicked:\n{}", panics.len(), cases.len(), panics.join("\n"));
}

/// The command line, if its run panics.
fn panic_of(chapter: &Chapter, section: &Section, flags: &str, matches: &ArgMatches) -> Option<String> {
    let results = tempfile::tempdir().expect("a folder");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    let settings = Settings {
        seed: 0,
        data,
        results: results.path().join(section.id),
        echo: false,
        language: Language::English,
        strict: false,
    };
    let run = catch_unwind(AssertUnwindSafe(|| chapter.run(section, matches, settings)));
    match run {
        Ok(Err(error)) if error.to_string().is_empty() => Some(format!("{} {flags}: an error without a message", section.id)),
        Ok(_) => None,
        Err(_) => Some(format!("{} {flags}", section.id)),
    }
}

fn chapters() -> [Chapter; 4] {
    [ch4_feedforward::chapter(), ch7_optimization::chapter(), iris::chapter(), mnist_mlp::chapter()]
}

#[test]
fn every_flag_has_its_range() {
    chapters().iter().for_each(check_ranges);
}

#[test]
fn no_value_that_is_taken_makes_a_run_panic() {
    chapters().iter().for_each(check_runs);
}
