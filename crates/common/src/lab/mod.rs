//! The bench that a section runs on: all it sees of the outside world.

mod claims;
mod description;
mod driver;
mod ledger;
mod metrics;
mod progress;
mod report;
mod seeds;
mod table;
mod transcript;
mod variants;

pub use description::Description;
pub use driver::Driver;
pub use report::Report;
pub use seeds::{Numbers, spans};
pub use table::{Column, row};
pub use transcript::{TRANSCRIPT, translated};

pub use variants::{Experiment, TrainedVariant, Variant, VariantBar, VariantRun, file_name};

use crate::{
    files::{Claimed, claim, short_sha256, write_whole},
    language::Language,
    machine::{Bar, Stopwatch},
    parameters::Parameters,
    published::{Band, Entry},
    rng::Stream,
    train::{Evaluation, History},
    value::Value,
};
use anyhow::{Context, Result};
use claims::Finding;
use serde_json::Value as Json;
use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
    path::{Path, PathBuf},
};
use transcript::Transcript;

/// Where a section runs and where its results go.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of every random stream.
    pub seed: u64,
    /// Folder of the data sets.
    pub data: PathBuf,
    /// Folder that the section's results are written to.
    pub results: PathBuf,
    /// Whether the transcript also goes to the standard output.
    pub echo: bool,
    /// The language that it does so in.
    pub language: Language,
    /// Whether the section fails when a claim does not hold: yes for the book's hyper-parameters, no for others.
    pub strict: bool,
}

/// The file with everything that a run recorded.
const METRICS: &str = "metrics.json";

/// The bench.
#[derive(Debug)]
pub struct Lab {
    settings: Settings,
    /// Until the run is over, its results folder is its own.
    _claimed: Claimed,
    description: Description,
    transcript: Transcript,
    /// The settings, until something is printed behind them: a run that fails before prints nothing but its error.
    opening: Option<[String; 2]>,
    metrics: Vec<(String, Value)>,
    curves: Vec<(String, Vec<(usize, f32)>)>,
    bands: Vec<(String, Band)>,
    verdicts: Vec<Json>,
    sequences: Vec<(String, Vec<String>)>,
    claims: Vec<(String, Finding)>,
    fingerprint: Option<String>,
    files: Vec<(String, String)>,
    bar: Option<Bar>,
    unprinted: Option<io::Error>,
}

impl Lab {
    /// A bench for a run; creates the results folder.
    ///
    /// # Errors
    /// If the folder cannot be created or written to, or another run writes to it.
    pub fn new(settings: Settings, description: Description) -> Result<Self> {
        let claimed = claim(&settings.results)?;
        Ok(Self {
            _claimed: claimed,
            opening: Some(Language::ALL.map(|language| description.opening(settings.seed, language))),
            settings,
            description,
            transcript: Transcript::default(),
            metrics: Vec::new(),
            curves: Vec::new(),
            bands: Vec::new(),
            verdicts: Vec::new(),
            sequences: Vec::new(),
            claims: Vec::new(),
            fingerprint: None,
            files: Vec::new(),
            bar: None,
            unprinted: None,
        })
    }

    /// The seed of every random stream.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.settings.seed
    }

    /// What trains this run's networks: the tape with `--taped` and on a GPU, otherwise the chain.
    #[must_use]
    pub fn driver(&self) -> Driver {
        self.description.driver
    }

    /// The random stream of the given name.
    #[must_use]
    pub fn stream(&self, name: &str) -> Stream {
        Stream::new(self.settings.seed, name)
    }

    /// The folder of the data sets.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.settings.data
    }

    /// The folder that the section's results are written to.
    #[must_use]
    pub fn results(&self) -> &Path {
        &self.settings.results
    }

    /// The folder of the results of another section of the same crate, such as the one that trains a model.
    #[must_use]
    pub fn results_of(&self, section: &str) -> PathBuf {
        let own = &self.settings.results;
        // Where editions lie side by side, a quick one reads those of a quick one.
        let same_edition = own.extension().map(|edition| own.with_file_name(section).with_extension(edition));
        same_edition.filter(|folder| folder.exists()).unwrap_or_else(|| own.with_file_name(section))
    }

    /// Runs `work` and tells whoever watches a terminal how long it took; a time is never part of a transcript.
    pub fn timed<T>(&mut self, what: &str, work: impl FnOnce() -> T) -> T {
        let watch = Stopwatch::start();
        let result = work();
        if let Some(time) = watch.elapsed().filter(|_| self.shows_progress()) {
            // A time that cannot be shown is not missed.
            let _ = writeln!(io::stderr(), "{what}: {:.3} s", time.as_secs_f32());
        }
        result
    }

    /// Whether this is a run on the source's own numbers.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.description.is_replay
    }

    /// The numbers that the sources print under the name of a metric or sequence, in the order of the ledger.
    ///
    /// # Errors
    /// If one is not a number.
    pub fn printed(&self, metric: &str) -> Result<Vec<f64>> {
        let values = self.description.published.iter().filter(|entry| entry.metric == metric).map(Entry::values);
        Ok(values.collect::<Result<Vec<_>>>()?.concat())
    }

    /// The reference band of a metric of this section, if the ledger has one.
    #[must_use]
    pub fn reference(&self, metric: &str) -> Option<Band> {
        self.description.published.iter().filter(|entry| entry.metric == metric).find_map(Entry::reference)
    }

    /// The names of all numbers that the sources print, in the order of the ledger.
    pub fn printed_names(&self) -> impl Iterator<Item = &str> {
        self.description.published.iter().map(|entry| entry.metric.as_str())
    }

    /// Records a named number.
    pub fn metric(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.metrics([(name, value)]);
    }

    /// Records several named numbers.
    pub fn metrics<S: Into<String>, V: Into<Value>>(&mut self, numbers: impl IntoIterator<Item = (S, V)>) {
        self.metrics.extend(numbers.into_iter().map(|(name, value)| (name.into(), value.into())));
    }

    /// Prints what an evaluation on the test samples gave and records it as `test accuracy` and `test loss`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn test(&mut self, Evaluation { loss, accuracy }: Evaluation) -> Result<()> {
        writeln!(self, "[Test] score/loss: {accuracy:.4}/{loss:.4}")?;
        self.metric("test accuracy", accuracy);
        self.metric("test loss", loss);
        Ok(())
    }

    /// Records a named sequence of numbers in the form they are printed in; a replay compares it with the source's place by place.
    pub fn sequence(&mut self, name: impl Into<String>, numbers: Vec<String>) {
        self.sequences.push((name.into(), numbers));
    }

    /// Records a named curve of (step, value) points.
    pub fn curve(&mut self, name: impl Into<String>, points: impl IntoIterator<Item = (usize, f32)>) {
        self.curves.push((name.into(), points.into_iter().collect()));
    }

    /// Records the curves of a training run, their names beginning with `prefix`, and its trace as a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn history(&mut self, prefix: &str, history: &History) -> Result<()> {
        let numbered = |values: &[f32]| values.iter().copied().enumerate().collect::<Vec<_>>();
        self.curve(format!("{prefix}train loss"), numbered(&history.train_loss));
        self.curve(format!("{prefix}train score"), numbered(&history.train_score));
        self.curve(format!("{prefix}dev loss"), history.dev_loss.iter().copied());
        self.curve(format!("{prefix}dev score"), history.dev_score.iter().copied());
        self.trace(prefix, history)
    }

    /// Writes the trace of a training run, a hash of each parameter tensor after each epoch, as `<prefix>trace.txt`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn trace(&mut self, prefix: &str, history: &History) -> Result<()> {
        let mut trace = String::new();
        for (epoch, hashes) in history.trace.iter().enumerate() {
            write!(trace, "{epoch}")?;
            for (name, hash) in history.tensors.iter().zip(hashes) {
                write!(trace, " {name}={hash:016x}")?;
            }
            trace.push('\n');
        }
        self.file(&format!("{prefix}trace.txt").replace(' ', "-"), trace.as_bytes())?;
        Ok(())
    }

    /// Writes a figure as `<name>.svg`, and with Chinese words as `<name>.zh.svg`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn figure(&mut self, name: &str, svg: &crate::plot::Svg) -> Result<()> {
        self.file(&format!("{name}.svg"), svg.as_str().as_bytes())?;
        self.translation(&format!("{name}.svg"), svg.chinese().as_bytes())
    }

    /// Writes an animation as `<name>.gif`, and with Chinese words as `<name>.zh.gif`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn animation(&mut self, name: &str, gif: &crate::plot::Gif) -> Result<()> {
        self.file(&format!("{name}.gif"), gif.bytes(Language::English))?;
        self.translation(&format!("{name}.gif"), gif.bytes(Language::Chinese))
    }

    /// Writes the Chinese form of a file beside it. It says the same in other words, and a golden has no hash of it.
    fn translation(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write_whole(&self.settings.results.join(translated(name)), bytes)
    }

    /// Writes parameters as `<name>.safetensors`; gives its path.
    ///
    /// # Errors
    /// If the parameters cannot be encoded, or the file not be written.
    pub fn checkpoint(&mut self, name: &str, parameters: &Parameters) -> Result<PathBuf> {
        self.file(&format!("{name}.safetensors"), &parameters.to_safetensors()?)
    }

    /// Writes a file into the results folder, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn file(&mut self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.settings.results.join(name);
        write_whole(&path, bytes)?;
        self.note_file(name, bytes);
        Ok(path)
    }

    fn note_file(&mut self, name: &str, bytes: &[u8]) {
        self.files.retain(|(written, _)| written != name);
        self.files.push((name.to_owned(), short_sha256(bytes)));
    }

    /// Takes note of a file that a run has written into the results folder by itself, such as its checkpoint.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn register_file(&mut self, path: &Path) -> Result<()> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        self.note_file(&path.file_name().unwrap_or_default().to_string_lossy(), &bytes);
        Ok(())
    }

    /// States the parameters that training ended with, or the data that a section shows, for the fingerprint in the last line.
    pub fn fingerprint(&mut self, parameters: &Parameters) {
        self.fingerprint = Some(parameters.fingerprint());
    }

    /// Ends the run: prints claims, published values and fingerprint, writes transcript and metrics.
    ///
    /// # Errors
    /// If the ledger has no number where ours is compared with it, or transcript, metrics or standard output cannot be written.
    pub fn finish(mut self) -> Result<Report> {
        self.clear_bar();
        let mut failures = self.print_claims();
        failures.extend(self.print_ledger()?);
        if let Some(ending) = self.description.ending() {
            self.print(&ending);
        }
        if let Some(fingerprint) = self.fingerprint.take() {
            self.print_in_each(|language| format!("\n[{}] {fingerprint}\n", language.say("Fingerprint")));
        }
        self.write_results()?;
        if let Some(error) = self.unprinted {
            let folder = self.settings.results.display();
            return Err(error).with_context(|| format!("cannot write to the standard output; the results are in {folder}"));
        }
        if !self.settings.strict {
            failures.clear();
        }
        let untranslated = self.untranslated_names().into_iter().chain(self.transcript.untranslated).collect();
        Ok(Report { transcript: self.transcript.english, untranslated, files: self.files, failures })
    }

    /// Ends a run that failed: keeps what there is. A run that failed before it had anything to keep leaves the results of an
    /// earlier one alone.
    ///
    /// # Errors
    /// If the transcript or the metrics cannot be written.
    pub fn abandon(mut self) -> Result<()> {
        self.clear_bar();
        let nothing = self.transcript.english.is_empty() && self.metrics.is_empty() && self.files.is_empty();
        if nothing { Ok(()) } else { self.write_results() }
    }

    fn write_results(&mut self) -> Result<()> {
        let mut results = self.json();
        let locked = serde_json::to_vec_pretty(&results).context("metrics as JSON")?;
        results.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        self.file(METRICS, &serde_json::to_vec_pretty(&results).context("metrics as JSON")?)?;
        // The hash that a golden locks leaves out the version: a new one changes no result.
        self.note_file(METRICS, &locked);
        self.translation(METRICS, &serde_json::to_vec_pretty(&self.json_in_chinese()).context("metrics as JSON")?)?;
        write_whole(&self.settings.results.join(TRANSCRIPT), self.transcript.english.as_bytes())?;
        self.translation(TRANSCRIPT, self.transcript.chinese.as_bytes())?;
        self.files.sort();
        Ok(())
    }
}

/// Prints into the transcript and, unless it is silent, to the standard output.
impl fmt::Write for Lab {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.print_opening();
        let chinese = self.transcript.push(text);
        self.echo(self.settings.language.choose(text, &chinese));
        Ok(())
    }
}
