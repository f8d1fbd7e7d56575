//! `tasks`: runs what the pages propose to try, and reads every number of the outcomes in what the runs print.

use super::{
    language::Language,
    lesson::{Lesson, Task},
    markdown,
};
use crate::{chapters, lessons::Printed, reproduce::matches, root, say};
use anyhow::{Context, Result};
use clap::{Arg, Command, value_parser};
use common::{
    cli::data_folder,
    lab::Settings,
    registry::{Chapter, Section},
};
use rayon::prelude::*;
use std::{path::Path, process::ExitCode};

/// Which sections' tasks to run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only sections whose `crate/section` matches; `*` stands for anything
    #[arg(long, value_name = "GLOB")]
    only: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (root, chapters) = (root(), chapters());
    let sections: Vec<(&Chapter, &Section)> = chapters
        .iter()
        .flat_map(|chapter| chapter.sections.iter().map(move |section| (chapter, section)))
        .filter(|(chapter, section)| {
            args.only.as_ref().is_none_or(|glob| matches(glob, &format!("{}/{}", chapter.name, section.id)))
        })
        .collect();
    let tried: Vec<(usize, Vec<String>)> =
        sections.par_iter().map(|&(chapter, section)| of_section(&root, chapter, section)).collect::<Result<_>>()?;
    let (n_tasks, complaints) =
        tried.into_iter().fold((0, Vec::new()), |(n, all), (more, found)| (n + more, [all, found].concat()));
    for complaint in &complaints {
        say(complaint);
    }
    say(&format!("{n_tasks} tasks of {} sections, {} complaints", sections.len(), complaints.len()));
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the tasks of a section; gives their number, and what is wrong with their outcomes.
fn of_section(root: &Path, chapter: &Chapter, section: &Section) -> Result<(usize, Vec<String>)> {
    let lessons = Language::ALL.map(|language| Lesson::read(root, (chapter, section), language));
    let [english, chinese] = lessons;
    let (english, chinese) = (english?, chinese?);
    let mut complaints = Vec::new();
    for (task, translated) in english.tasks.iter().zip(&chinese.tasks) {
        let printed =
            transcript(chapter, section, task).with_context(|| format!("{} {} {}", chapter.name, section.id, task.flags))?;
        let printed = Printed::by_a_run(&printed);
        for outcome in [&task.outcome, &translated.outcome] {
            let lacking = printed.lack(&markdown::prose(outcome));
            complaints.extend(
                lacking.into_iter().map(|complaint| format!("{} {} {}: {complaint}", chapter.name, section.id, task.flags)),
            );
        }
    }
    Ok((english.tasks.len(), complaints))
}

/// What the run of a task prints; first the section that it needs is run, with its quick settings.
fn transcript(chapter: &Chapter, section: &Section, task: &Task) -> Result<String> {
    let folder = tempfile::tempdir().context("a folder for the results")?;
    if let Some(needed) = section.needs.and_then(|id| chapter.section(id)) {
        run_with(chapter, needed, needed.quick().flags, folder.path())?;
    }
    run_with(chapter, section, &task.flags.split_whitespace().collect::<Vec<_>>(), folder.path())
}

fn run_with(chapter: &Chapter, section: &Section, flags: &[&str], folder: &Path) -> Result<String> {
    let matches = command(section).try_get_matches_from(std::iter::once(&section.id).chain(flags))?;
    let seed = matches.get_one("seed").copied().unwrap_or_default();
    let settings = Settings {
        seed,
        data: data_folder(),
        results: folder.join(section.id),
        echo: false,
        language: Language::English,
        strict: false,
    };
    Ok(chapter.run(section, &matches, settings)?.golden())
}

/// The section's command with the flags of every section that a task may name; the number of threads changes nothing.
fn command(section: &Section) -> Command {
    let number = |name| Arg::new(name).long(name).value_parser(value_parser!(u64));
    section.command().args([number("seed"), number("threads")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_that_no_run_prints_is_found() {
        let chapters = chapters();
        let chapter = &chapters[0];
        let section = chapter.section("neuron").unwrap();
        let task = |outcome: &str| Task {
            flags: "--seed 1 --threads 1".to_owned(),
            question: String::new(),
            outcome: outcome.to_owned(),
        };
        let lacking =
            |task: &Task| Printed::by_a_run(&transcript(chapter, section, task).unwrap()).lack(&markdown::prose(&task.outcome));
        assert_eq!(lacking(&task("The first is 0.96947348.")), [""; 0]);
        assert_eq!(lacking(&task("The first is 0.96947349.")).len(), 1);
    }
}
