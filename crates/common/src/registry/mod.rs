//! A chapter and its sections: one table from which the command line, the tests and `xtask` are made.

mod hyperparameters;
mod lesson;

pub use hyperparameters::Hyperparameter;

use crate::{
    lab::{Description, Driver, Lab, Report, Settings},
    language::Language,
    machine, published,
};
use anyhow::{Context, Result, bail};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use std::path::Path;

/// A chapter or case study: one binary crate.
#[derive(Debug)]
pub struct Chapter {
    /// The crate's name.
    pub name: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// The ledger of its published values, as CSV.
    pub published: &'static str,
    /// Its sections in the book's order.
    pub sections: Vec<Section>,
}

/// A section of the book: one subcommand.
pub struct Section {
    /// The subcommand.
    pub id: &'static str,
    /// The section's number in the book, or another source's name and the place in it ([`crate::sources`]).
    pub book: &'static str,
    /// Title.
    pub title: &'static str,
    /// What it shows, in a sentence or two.
    pub summary: &'static str,
    /// Its source file, which begins with the lesson.
    pub source: &'static str,
    /// Its page in Chinese, in Markdown.
    chinese: &'static str,
    /// The named sets of flags that goldens exist for; the first is the book's own, without flags.
    pub editions: Vec<Edition>,
    /// The section of the same chapter whose results this one reads.
    pub needs: Option<&'static str>,
    augment: fn(Command) -> Command,
    run: Box<Run>,
    replay: Option<Replay>,
    is_taped: bool,
}

/// What a section is about.
#[derive(Debug, Clone, Copy)]
pub struct Heading {
    /// The subcommand.
    pub id: &'static str,
    /// The section's number in the book, or another source's name and the place in it ([`crate::sources`]).
    pub book: &'static str,
    /// Title.
    pub title: &'static str,
    /// What it shows, in a sentence or two.
    pub summary: &'static str,
}

/// The run of a section on the source's own numbers.
struct Replay {
    help: &'static str,
    /// The flags that it leaves nothing to choose for.
    fixed: &'static [&'static str],
    run: Box<Run>,
}

/// A section's experiment, given the parsed command line.
type Run = dyn Fn(&ArgMatches, &mut Lab) -> Result<()> + Send + Sync;

/// The flag of a run on the source's own numbers.
const REPLAY: &str = "replay";
/// The flag of a run through the tape.
const TAPED: &str = "taped";

/// A run that is given its hyper-parameters parsed.
fn with_arguments<A: Args + FromArgMatches + 'static>(run: fn(&A, &mut Lab) -> Result<()>) -> Box<Run> {
    Box::new(move |matches, lab| run(&A::from_arg_matches(matches)?, lab))
}

/// A named set of flags of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// `full`, `quick`, `replay`, …
    pub name: &'static str,
    /// The flags that make it.
    pub flags: &'static [&'static str],
}

impl Edition {
    /// The book's hyper-parameters.
    pub const FULL: Self = Self { name: "full", flags: &[] };
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Section").field("id", &self.id).field("book", &self.book).finish_non_exhaustive()
    }
}

impl Section {
    /// A section whose hyper-parameters are `A`, run by `run`; given its source file, which begins with the lesson, and its page in
    /// Chinese.
    pub fn new<A: Args + FromArgMatches + 'static>(
        heading: Heading,
        [source, chinese]: [&'static str; 2],
        run: fn(&A, &mut Lab) -> Result<()>,
    ) -> Self {
        let Heading { id, book, title, summary } = heading;
        let (editions, augment, run) = (vec![Edition::FULL], A::augment_args, with_arguments(run));
        Self { id, book, title, summary, source, chinese, editions, needs: None, augment, run, replay: None, is_taped: false }
    }

    /// The same section, which with `--replay` is run on the source's own numbers by `run`; `help` describes the flag, and the flags in
    /// `fixed` cannot stand beside it.
    #[must_use]
    pub fn replayed<A: Args + FromArgMatches + 'static>(
        mut self,
        help: &'static str,
        fixed: &'static [&'static str],
        run: fn(&A, &mut Lab) -> Result<()>,
    ) -> Self {
        self.replay = Some(Replay { help, fixed, run: with_arguments(run) });
        self.edition("replay", &["--replay"])
    }

    /// The same section, which with `--taped` trains its networks through dfdx's tape; the edition `taped` does so for as few steps as `flags` say.
    #[must_use]
    pub fn taped(mut self, flags: &'static [&'static str]) -> Self {
        self.is_taped = true;
        self.edition("taped", flags)
    }

    /// The same section with one more edition that goldens lock.
    #[must_use]
    pub fn edition(mut self, name: &'static str, flags: &'static [&'static str]) -> Self {
        self.editions.push(Edition { name, flags });
        self
    }

    /// The same section, which reads the results of another one.
    #[must_use]
    pub fn after(mut self, id: &'static str) -> Self {
        self.needs = Some(id);
        self
    }

    /// Its title in a language.
    #[must_use]
    pub fn title(&self, language: Language) -> &'static str {
        language.choose(self.title, lesson::chinese_heading(self.chinese).0)
    }

    /// The section's command: its help is the table of its hyper-parameters.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = (self.augment)(Command::new(self.id));
        if let Some(Replay { help, fixed, .. }) = &self.replay {
            let flag = Arg::new(REPLAY).long(REPLAY).help(*help).action(ArgAction::SetTrue);
            command = command.arg(flag.conflicts_with_all(fixed.iter()));
        }
        if self.is_taped {
            let help = "Train through dfdx's tape: the same bits, more slowly";
            command = command.arg(Arg::new(TAPED).long(TAPED).help(help).action(ArgAction::SetTrue));
        }
        self.described(take_negative_numbers(command), Language::English).next_help_heading("Everywhere")
    }

    /// The same command with the lesson of a language.
    #[must_use]
    pub(crate) fn described(&self, command: Command, language: Language) -> Command {
        let about = format!("{} · {}", self.book, self.title(language));
        let (summary, lesson) = match language {
            Language::English => (self.summary, lesson::text(self.source)),
            Language::Chinese => (lesson::chinese_heading(self.chinese).1, lesson::chinese_text(self.chinese)),
        };
        command.about(about.clone()).long_about(format!("{about}\n\n{summary}\n\n{lesson}"))
    }

    /// The edition that quick runs use: `quick` where there is one, otherwise the full one.
    #[must_use]
    pub fn quick(&self) -> Edition {
        self.editions.iter().copied().find(|edition| edition.name == "quick").unwrap_or(Edition::FULL)
    }

    /// What the flags of a run say, in the order of the section's help.
    fn hyperparameters(&self, matches: &ArgMatches) -> Vec<Hyperparameter> {
        hyperparameters::hyperparameters(&self.command(), matches)
    }

    /// What is seen in its results with the book's hyper-parameters, in English and in Chinese.
    #[must_use]
    pub fn seen(&self) -> Option<[String; 2]> {
        let english = lesson::seen(self.source)?;
        Some([english.clone(), lesson::chinese_seen(self.chinese).unwrap_or(english)])
    }

    /// The edition whose flags say what these hyper-parameters say.
    fn edition_of(&self, hyperparameters: &[Hyperparameter]) -> Option<Edition> {
        let says_the_same = |edition: &Edition| {
            let flags = std::iter::once(self.id).chain(edition.flags.iter().copied());
            let matches = self.command().try_get_matches_from(flags);
            matches.is_ok_and(|matches| self.hyperparameters(&matches) == hyperparameters)
        };
        self.editions.iter().copied().find(says_the_same)
    }

    /// The name of an edition: that of its results folder.
    #[must_use]
    pub fn name(&self, edition: Edition) -> String {
        if edition == Edition::FULL { self.id.to_owned() } else { format!("{}.{}", self.id, edition.name) }
    }

    /// The name of an edition's golden file.
    #[must_use]
    pub fn golden(&self, edition: Edition) -> String {
        format!("{}.snap", self.name(edition))
    }
}

/// The same command, which takes `-1` after a flag for its value: the message then says what the flag expects.
pub(crate) fn take_negative_numbers(command: Command) -> Command {
    command.mut_args(|arg| {
        let takes_values = arg.get_action().takes_values();
        arg.allow_negative_numbers(takes_values)
    })
}

impl Chapter {
    /// The section of the given id.
    #[must_use]
    pub fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.id == id)
    }

    /// Runs a section with parsed hyper-parameters.
    ///
    /// # Errors
    /// Whatever stops the section; what it had recorded by then is written all the same.
    pub fn run(&self, section: &Section, matches: &ArgMatches, settings: Settings) -> Result<Report> {
        let mut published = published::parse(self.published)?;
        published.retain(|entry| entry.section == section.id);
        let is_set = |flag| matches.try_get_one::<bool>(flag).ok().flatten().copied().unwrap_or_default();
        let driver = if is_set(TAPED) || cfg!(feature = "cuda") { Driver::Tape } else { Driver::Chain };
        let hyperparameters = section.hyperparameters(matches);
        let edition = section.edition_of(&hyperparameters).map(|edition| edition.name);
        let is_replay = is_set(REPLAY);
        let description = Description {
            chapter: self.name,
            section: section.id,
            edition,
            hyperparameters,
            published,
            is_replay,
            driver,
            seen: section.seen(),
        };
        let mut lab = Lab::new(settings, description)?;
        let run = section.replay.as_ref().filter(|_| is_replay).map_or(&section.run, |replay| &replay.run);
        match machine::awake(|| run(matches, &mut lab)) {
            Ok(()) => lab.finish(),
            Err(error) => {
                // The first error is the one to report.
                let _ = lab.abandon();
                Err(error)
            }
        }
    }

    /// The section and edition whose results an edition of `section` reads: a quick one is content with a quick one.
    #[must_use]
    pub fn needed(&self, section: &Section, edition: Edition) -> Option<(&Section, Edition)> {
        let needed = self.section(section.needs?)?;
        let is_quick = edition != Edition::FULL && edition == section.quick();
        Some((needed, if is_quick { needed.quick() } else { Edition::FULL }))
    }

    /// Runs one edition of a section quietly, its results in `results`, its data from `data`; first the section that it needs, if
    /// that one has left no results beside it.
    ///
    /// # Errors
    /// If the edition's flags are none of the section's, the section fails, or one of its claims does not hold.
    pub fn run_edition(&self, section: &Section, edition: Edition, (data, results): (&Path, &Path)) -> Result<Report> {
        if let Some((needed, edition)) = self.needed(section, edition) {
            let folder = results.with_file_name(needed.name(edition));
            if !folder.exists() {
                self.run_edition(needed, edition, (data, &folder))?;
            }
        }
        let flags = std::iter::once(section.id).chain(edition.flags.iter().copied());
        let matches = section.command().try_get_matches_from(flags).context("the flags of an edition")?;
        let settings = Settings {
            seed: 0,
            data: data.to_owned(),
            results: results.to_owned(),
            echo: false,
            language: Language::English,
            strict: true,
        };
        let report = self.run(section, &matches, settings)?;
        if let Some(failure) = report.failures.first() {
            bail!("{failure}");
        }
        Ok(report)
    }
}
