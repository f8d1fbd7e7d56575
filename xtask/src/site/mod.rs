//! `site`: the book as pages, in English and Chinese, with the figures of a run; it is read without network or script.

mod documents;
mod front;
mod golden;
mod language;
mod ledger_page;
mod lesson;
mod markdown;
mod programs;
mod rules;
mod runner;
mod search;
mod section_page;
mod settings;
mod source;
pub(crate) mod tasks;
mod values;

pub(crate) use rules::complaints;

use crate::{
    chapters,
    ledger::Judgements,
    report::{self, Status},
    root, say,
};
use anyhow::{Context, Result, ensure};
use askama::Template;
use common::{
    cli::results_folder,
    files::write_whole,
    lab,
    registry::{Chapter, Edition, Section},
};
use documents::Document;
use front::FrontPage;
use golden::Golden;
use language::{Language, Place};
use ledger_page::LedgerPage;
use runner::Runner;
use search::Index;
use section_page::{Materials, Neighbour, SectionPage};
use source::Painter;
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The results to show; pages run their sections in the browser if `rustup target add wasm32-wasip1` was run
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder with the results of `reproduce-all` [default: results/, at the top of the workspace]
    folder: Option<PathBuf>,
    /// Do not compile the programs for the browser
    #[arg(long)]
    no_programs: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let results = args.folder.clone().unwrap_or_else(results_folder);
    let all = report::statuses(&results)?;
    ensure!(!all.is_empty(), "no results in {}: run `cargo xtask reproduce-all` first", results.display());
    if !args.no_programs {
        programs::build(&results.join(FOLDER))?;
    }
    let index = write(&results)?;
    let good = report::count_good(&all);
    say(&format!("{good} of {} runs are identical with their golden files\nsite: {}", all.len(), index.display()));
    Ok(if good == all.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The site's folder beside the results.
const FOLDER: &str = "site";
/// The figures, below the site's folder.
const FIGURES: &str = "figures";

/// The folder of what every page uses, below the workspace; its tests stay there.
const WEB: &str = "xtask/web";

/// Writes the site over the results that are there; gives its front page.
///
/// # Errors
/// If a text is missing or has another form, or a file cannot be written.
pub(crate) fn write(results: &Path) -> Result<PathBuf> {
    let (root, chapters) = (root(), chapters());
    let site =
        Site { folder: results.join(FOLDER), root: &root, results, chapters: &chapters, statuses: report::statuses(results)? };
    site.copy_assets(Path::new(""))?;
    site.copy_assets(Path::new("wasi-shim"))?;
    site.copy_figures()?;
    site.copy_data()?;
    let painter = Painter::new();
    for language in Language::ALL {
        site.write_language(language, &painter)?;
    }
    Ok(site.folder.join("index.html"))
}

/// The site that is being written.
struct Site<'a> {
    folder: PathBuf,
    root: &'a Path,
    results: &'a Path,
    chapters: &'a [Chapter],
    statuses: Vec<Status>,
}

impl Site<'_> {
    /// Writes a file of the site.
    fn write(&self, file: impl AsRef<Path>, text: &str) -> Result<()> {
        let path = self.folder.join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        write_whole(&path, text.as_bytes())
    }

    fn write_page(&self, at: &Place, page: &impl Template) -> Result<()> {
        self.write(at.file(), &page.render().with_context(|| at.file())?)
    }

    /// Style sheets, scripts and licences of a folder below [`WEB`].
    fn copy_assets(&self, folder: &Path) -> Result<()> {
        for path in report::entries(&self.root.join(WEB).join(folder)).with_context(|| format!("cannot read {WEB}"))? {
            let is_asset = path.extension().is_none_or(|extension| ["css", "js", "svg"].iter().any(|known| extension == *known));
            let name = path.file_name().unwrap_or_default();
            if is_asset && path.is_file() {
                let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                self.write(Path::new("assets").join(folder).join(name), &text)?;
            }
        }
        Ok(())
    }

    /// The figures of each section's full run, or of its quick one where that is all there is.
    fn copy_figures(&self) -> Result<()> {
        for chapter in self.chapters {
            for section in &chapter.sections {
                let to = Path::new(FIGURES).join(chapter.name).join(section.id);
                let from = self.run_of(chapter, section);
                let golden = Golden::read(self.root, chapter, section, Edition::FULL)?;
                let figures = golden.figures().flat_map(|figure| [figure.to_owned(), lab::translated(figure)]);
                figures.into_iter().try_for_each(|figure| self.copy(&from.join(&figure), to.join(&figure)))?;
            }
        }
        Ok(())
    }

    /// The edition whose figures are shown.
    fn shown(&self, chapter: &Chapter, section: &Section) -> Edition {
        let is_there = |edition| self.results.join(chapter.name).join(section.name(edition)).exists();
        if is_there(Edition::FULL) || !is_there(section.quick()) { Edition::FULL } else { section.quick() }
    }

    /// The folder of the run whose figures are shown.
    fn run_of(&self, chapter: &Chapter, section: &Section) -> PathBuf {
        self.results.join(chapter.name).join(section.name(self.shown(chapter, section)))
    }

    /// A file beside the pages, copied there; nothing of one that is not there.
    fn copy(&self, from: &Path, to: impl AsRef<Path>) -> Result<()> {
        if !from.exists() {
            return Ok(());
        }
        let to = self.folder.join(to);
        fs::create_dir_all(to.parent().unwrap_or(&to))
            .with_context(|| format!("cannot create the folder of {}", to.display()))?;
        fs::copy(from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(())
    }

    /// What programs read on the pages: data, and the small network of `fast`, which reads digits on the page of `predict`.
    fn copy_data(&self) -> Result<()> {
        let left = |run: &str| self.results.join("mnist-mlp").join(run).join("model.safetensors");
        // A run in full is the better one.
        self.copy(&left("fast.quick"), runner::MODEL)?;
        self.copy(&left("fast"), runner::MODEL)?;
        runner::DATA.iter().flat_map(|(_, files)| *files).try_for_each(|file| self.copy(&self.root.join(file), file))
    }

    /// Writes all pages of a language.
    fn write_language(&self, language: Language, painter: &Painter) -> Result<()> {
        let mut index = Index::default();
        let mut pages = Vec::new();
        let mut judged = Vec::new();
        for chapter in self.chapters {
            let judgements = Judgements::read(chapter, self.results)?;
            let figures = self.folder.join(FIGURES);
            for section in &chapter.sections {
                let run = self.run_of(chapter, section);
                let materials = Materials { root: self.root, run: &run, figures: &figures, painter, judgements: &judgements };
                let mut page = SectionPage::new(&materials, (chapter, section), language)?;
                page.is_quick = self.shown(chapter, section) != Edition::FULL;
                page.runner = Runner::new(self, (chapter, section), language)?;
                page.states = self.statuses.iter().filter(|status| status.is_of(chapter, section)).cloned().collect();
                pages.push(page);
            }
            judged.push((chapter, judgements));
        }
        let neighbours: Vec<Neighbour> = pages.iter().map(SectionPage::neighbour).collect();
        for (i, page) in pages.iter_mut().enumerate() {
            page.previous = i.checked_sub(1).map(|before| neighbours[before].clone());
            page.next = neighbours.get(i + 1).cloned();
            index.add(&page.at, page.title(), &page.words);
            self.write_page(&page.at, page)?;
        }
        for document in Document::all(self.root, language)? {
            index.add(&document.at, &document.title, &document.words);
            self.write_page(&document.at, &document)?;
        }
        let ledger = LedgerPage::new(&judged, language)?;
        self.write_page(&ledger.at, &ledger)?;
        let front = FrontPage::new(self, &pages, &ledger)?;
        self.write_page(&front.at, &front)?;
        self.write(format!("assets/search.{}.js", language.tag()), &index.script()?)
    }
}
