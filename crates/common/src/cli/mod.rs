//! The command line that every chapter's binary shares.

mod language;
#[cfg(test)]
mod tests;
mod values;
mod workspace;

pub use values::{UsageError, at_least_one, finite, fraction, n_seeds, n_steps, n_units, non_negative, one_to, positive, seeds};
pub use workspace::{data_folder, results_folder};

use crate::{
    files::stop_writing,
    lab::Settings,
    language::Language,
    machine::{HAS_THREADS, Stopwatch, on_interruption},
    registry::{Chapter, Section, take_negative_numbers},
    sources,
};
use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use clap::{ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};
use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Exit status of wrong usage.
const USAGE: u8 = 2;
/// Exit status after Ctrl-C.
const INTERRUPTED: i32 = 130;
/// More threads than any machine has use for; starting very many takes minutes.
const MOST_THREADS: usize = 1024;

/// The flags that every section takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
struct Shared {
    /// Seed of every random stream
    #[arg(long, global = true, default_value_t = 0)]
    seed: u64,
    /// Folder for the results [default: results/, at the top of the workspace]
    #[arg(long, global = true, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Folder of the data sets [default: data/, at the top of the workspace]
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Threads to use; the results are the same bits for any number [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = one_to::<MOST_THREADS>)]
    threads: Option<usize>,
    /// Use the quick budget where a section has one: smaller numbers, the same code
    #[arg(long, global = true)]
    quick: bool,
    /// Language of the transcript and of the help [default: that of the environment]
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = Language::ALL.map(Language::code))]
    lang: Option<String>,
    /// Print nothing but errors; results are written all the same
    #[arg(long, global = true, conflicts_with = "json")]
    quiet: bool,
    /// Print the metrics as JSON instead of the transcript
    #[arg(long, global = true)]
    json: bool,
}

/// Runs a chapter's binary: parses the command line, runs what it asks for, turns errors into messages and exit codes
/// (2 for usage, 130 after Ctrl-C, 1 for the rest).
#[must_use]
pub fn main(chapter: &Chapter) -> ExitCode {
    main_with(chapter, std::env::args_os())
}

/// The same, for a command line that begins with the name of the program.
#[must_use]
pub fn main_with(chapter: &Chapter, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    stop_when_interrupted();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let language = language::asked_for(&arguments);
    let matches = language::spoken(command(chapter), chapter, language).get_matches_from(arguments);
    dispatch(chapter, &matches, language).map_or_else(|error| report(&error), |()| ExitCode::SUCCESS)
}

/// Says on the standard error what went wrong; gives the exit code (2 for usage, 1 for the rest).
#[must_use]
pub fn report(error: &Error) -> ExitCode {
    // Where not even the message can be written, the exit code says what there is to say.
    let _ = writeln!(io::stderr(), "error: {}", printable(error));
    if error.is::<UsageError>() || error.is::<clap::Error>() { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
}

/// A message whose control characters, which come from files and names of files, do nothing to the terminal.
fn printable(error: &Error) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.to_string() };
    format!("{error:#}").chars().map(shown).collect()
}

/// Ends the process with exit code 130 on Ctrl-C, once no file is half written.
pub fn stop_when_interrupted() {
    on_interruption(|| {
        let _no_file_is_half_written = stop_writing();
        let _ = writeln!(io::stderr(), "interrupted: finished files are kept, unfinished ones were not put in place");
        std::process::exit(INTERRUPTED);
    });
}

/// Prints to the standard output; that nobody reads it any more (`| head`) is no error.
///
/// # Errors
/// If it cannot be written to.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write to the standard output"),
        _ => Ok(()),
    }
}

/// The whole command line of a chapter.
#[must_use]
pub fn command(chapter: &Chapter) -> Command {
    let example = chapter.sections.first().map_or("list", |section| section.id);
    let examples = format!(
        "Examples:\n  cargo run -p {name} -- list\n  cargo run -p {name} -- {example}\n  cargo run -p {name} -- {example} --help",
        name = chapter.name
    );
    let sections = chapter.sections.iter().map(Section::command);
    // The flags first: they bring their own description of the command.
    let command = Shared::augment_args(Command::new(chapter.name))
        .about(chapter.title)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("list").about("List the sections with their places in the sources").after_help(sources::legend()),
        )
        .subcommand(Command::new("all").about("Run every section in the book's order"))
        .subcommands(sections)
        .after_help(examples);
    take_negative_numbers(command)
}

fn dispatch(chapter: &Chapter, matches: &ArgMatches, language: Language) -> Result<()> {
    let Some((name, matches)) = matches.subcommand() else { return Ok(()) };
    let shared = Shared::from_arg_matches(matches)?;
    if let Some(threads) = shared.threads.filter(|_| HAS_THREADS) {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    match name {
        "list" => list(chapter, language),
        "all" => all(chapter, matches, (&shared, language)),
        id => {
            let section = chapter.section(id).ok_or_else(|| anyhow!("no section {id}"))?;
            run(chapter, section, (matches, matches), (&shared, language))
        }
    }
}

fn list(chapter: &Chapter, language: Language) -> Result<()> {
    let widest =
        |text: fn(&Section) -> &str| chapter.sections.iter().map(|section| text(section).len()).max().unwrap_or_default();
    let (ids, books) = (widest(|section| section.id), widest(|section| section.book));
    let lines = chapter.sections.iter().map(|section| {
        let (Section { id, book, .. }, title) = (section, section.title(language));
        format!("{id:ids$}  {book:books$}  {title}\n")
    });
    print(&lines.collect::<String>())
}

fn all(chapter: &Chapter, given: &ArgMatches, (shared, language): (&Shared, Language)) -> Result<()> {
    let mut failed = Vec::new();
    for section in &chapter.sections {
        if !shared.quiet && !shared.json {
            print(&format!("══ {} · {} ({})\n\n", section.book, section.title(language), section.id))?;
        }
        let matches = section.command().try_get_matches_from([section.id])?;
        if let Err(error) = run(chapter, section, (&matches, given), (shared, language)) {
            let _ = writeln!(io::stderr(), "error: {}: {}", section.id, printable(&error));
            failed.push(section.id);
        }
        if !shared.quiet && !shared.json {
            print("\n")?;
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("these sections failed: {}", failed.join(", ")) }
}

/// Runs a section with its hyper-parameters `matches`; `given` is what the command line says.
fn run(
    chapter: &Chapter,
    section: &Section,
    (matches, given): (&ArgMatches, &ArgMatches),
    (shared, language): (&Shared, Language),
) -> Result<()> {
    if shared.quick
        && let Some(flag) = chosen_flag(section, matches)
    {
        return Err(UsageError(format!("--quick chooses the hyper-parameters itself: leave out --quick or --{flag}")).into());
    }
    let quick = shared.quick.then(|| section.quick().flags);
    let requick =
        quick.map(|flags| section.command().try_get_matches_from(std::iter::once(&section.id).chain(flags))).transpose()?;
    let results = shared.out.clone().unwrap_or_else(results_folder).join(chapter.name).join(section.id);
    let settings = Settings {
        seed: shared.seed,
        data: shared.data_dir.clone().unwrap_or_else(data_folder),
        results: results.clone(),
        echo: !shared.quiet && !shared.json,
        language,
        strict: is_the_books(given),
    };
    let watch = Stopwatch::start();
    let report = chapter.run(section, requick.as_ref().unwrap_or(matches), settings)?;
    if shared.json {
        let path = results.join("metrics.json");
        let metrics = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        print(&format!("{metrics}\n"))?;
    }
    if let Some(time) = watch.elapsed().filter(|_| io::stderr().is_terminal() && !shared.quiet) {
        let names: Vec<&str> = report.files.iter().map(|(name, _)| name.as_str()).collect();
        let _ = writeln!(io::stderr(), "\n{:.2} s; in {}: {}", time.as_secs_f32(), results.display(), names.join(", "));
    }
    ensure!(report.failures.is_empty(), report.failures.join("; "));
    Ok(())
}

/// The first hyper-parameter that a flag sets.
fn chosen_flag(section: &Section, matches: &ArgMatches) -> Option<String> {
    let command = section.command();
    let chosen =
        command.get_arguments().find(|arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine));
    chosen.map(|arg| arg.get_long().unwrap_or_else(|| arg.get_id().as_str()).to_owned())
}

/// Whether no flag changes what the book's run computes.
fn is_the_books(matches: &ArgMatches) -> bool {
    const NEUTRAL: [&str; 9] = ["out", "data_dir", "threads", "quick", "quiet", "json", "lang", "resume", "taped"];
    let chosen = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    matches.ids().map(clap::Id::as_str).all(|id| NEUTRAL.contains(&id) || !chosen(id))
}
