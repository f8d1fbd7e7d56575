//! What makes a run the book's own, whose claims must hold.

use super::{command, dispatch};
use crate::{
    lab::Lab,
    language::Language,
    registry::{Chapter, Heading, Section},
};
use anyhow::Result;

/// A hyper-parameter.
#[derive(Debug, Clone, clap::Args)]
struct Args {
    #[arg(long, default_value_t = 10)]
    steps: usize,
}

/// A chapter of one section, whose claim does not hold.
fn chapter() -> Chapter {
    #[expect(clippy::unnecessary_wraps, reason = "sections may fail")]
    fn run(_: &Args, lab: &mut Lab) -> Result<()> {
        lab.claim("this holds", false);
        Ok(())
    }
    let section = Section::new(Heading { id: "section", book: "1.1", title: "Title", summary: "Summary." }, ["", ""], run)
        .edition("quick", &["--steps", "1"]);
    Chapter { name: "chapter", title: "Title", published: "", sections: vec![section] }
}

#[track_caller]
fn check(flags: &str, strict: bool) {
    let results = tempfile::tempdir().unwrap();
    let out = ["--quiet", "--out", results.path().to_str().unwrap()];
    let line = std::iter::once("chapter").chain(flags.split(' ')).chain(out);
    let chapter = chapter();
    let matches = command(&chapter).try_get_matches_from(line).unwrap();
    assert_eq!(dispatch(&chapter, &matches, Language::English).is_err(), strict, "{flags}");
}

#[test]
fn claims_must_hold_in_the_books_own_run() {
    for flags in ["section", "section --quick", "all", "all --quick"] {
        check(flags, true);
    }
}

#[test]
fn claims_need_not_hold_with_another_seed_or_hyper_parameter() {
    for flags in ["section --seed 5", "section --steps 3", "section --quick --seed 5", "all --seed 5", "all --quick --seed 5"] {
        check(flags, false);
    }
}
