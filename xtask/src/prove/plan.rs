//! What is run on a platform: the quick goldens, and of long sections a few steps.

use super::platforms::Platform;
use common::registry::{Chapter, Edition, Section};
use std::path::PathBuf;

/// Sections that take too long under an emulator, with flags that leave a few steps of them: these are compared with the same flags on the
/// machine itself. Natively the quick goldens of these sections are compared too.
pub(super) const FEW_STEPS: &[(&str, &str)] = &[
    ("ch4-feedforward/activations", "--steps 100 --seeds 1"),
    ("ch4-feedforward/hidden-layers", "--epochs 3 --seeds 1"),
    ("ch4-feedforward/quadratic-or-cross-entropy", "--steps 20 --epochs 3 --seeds 1"),
    ("ch4-feedforward/exploding-gradient", "--steps 3"),
    ("ch4-feedforward/deep-relu", "--steps 3 --seeds 1"),
    ("mnist-mlp/train", "--images 8 --batch-size 8 --test-images 4 --epochs 1"),
    ("mnist-mlp/train", "--images 8 --batch-size 8 --test-images 4 --epochs 1 --taped"),
    ("mnist-mlp/predict", "--index 0"),
    ("mnist-mlp/dfn", "--images 64 --epochs 1 --hidden 4"),
    ("ch7-optimization/batch-norm", "--samples 20 --passes 3"),
    ("ch7-optimization/xavier", "--samples 20"),
    ("ch7-optimization/xavier-training", "--epochs 1"),
    ("ch7-optimization/he", "--samples 16 --epochs 1"),
    ("ch7-optimization/overfit", "--steps 20 --seeds 1"),
    ("ch7-optimization/l2", "--steps 20 --seeds 1"),
    ("ch7-optimization/l1", "--steps 20 --seeds 1"),
    ("ch7-optimization/weight-decay", "--steps 20 --seeds 1"),
    ("ch7-optimization/weight-decay-library", "--steps 20 --seeds 1"),
    ("ch7-optimization/dropout", "--steps 20 --seeds 1"),
    ("ch7-optimization/regularization-strength", "--steps 20 --seeds 1"),
    (
        "ch7-optimization/batch-size",
        "--batch-sizes 16,32 --lrs 0.01,0.02 --images 32 --test-images 4 --epochs 1 --extreme-images 16 --extreme-epochs 1",
    ),
    ("ch7-optimization/batch-size-iterations", "--batch-sizes 16,32 --lrs 0.01,0.02 --images 32 --test-images 4 --epochs 1"),
    ("ch7-optimization/batch-size-or-lr", "--images 128 --test-images 4 --epochs 1"),
    ("ch7-optimization/adamw", "--images 8 --batch-size 8 --test-images 4 --epochs 1"),
    ("ch7-optimization/adamw", "--images 8 --batch-size 8 --test-images 4 --epochs 1 --taped"),
    ("ch7-optimization/optimizers-mnist", "--images 8 --batch-size 8 --test-images 4 --epochs 1"),
    ("ch7-optimization/optimizers-mnist", "--images 8 --batch-size 8 --test-images 4 --epochs 1 --taped"),
    ("ch7-optimization/batch-norm-mnist", "--images 8 --batch-size 8 --test-images 4 --epochs 1"),
    ("ch7-optimization/batch-norm-mnist", "--images 8 --batch-size 8 --test-images 4 --epochs 1 --taped"),
    (
        "ch7-optimization/layer-norm-mnist",
        "--images 8 --batch-size 8 --test-images 4 --epochs 1 --small-images 8 --small-seeds 1",
    ),
    (
        "ch7-optimization/layer-norm-mnist",
        "--images 8 --batch-size 8 --test-images 4 --epochs 1 --small-images 8 --small-seeds 1 --taped",
    ),
];

/// A run of a section.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) chapter: &'static str,
    pub(super) section: &'static str,
    /// The folder under which the chapter's program puts its results; sections that read each other's results share one.
    pub(super) folder: &'static str,
    pub(super) flags: Vec<&'static str>,
    /// Whether it reads another one's results, and so runs after it.
    pub(super) is_later: bool,
    /// What it is compared with; none for a few steps, which are compared with those on the machine itself.
    pub(super) golden: Option<PathBuf>,
}

impl Job {
    /// `crate/section.edition`.
    pub(super) fn path(&self) -> String {
        let Self { chapter, section, folder, .. } = self;
        if *folder == QUICK { format!("{chapter}/{section}") } else { format!("{chapter}/{section}.{folder}") }
    }
}

/// The folder of quick editions, and of full ones where there is no quick one.
const QUICK: &str = "quick";

/// What runs on a platform, in the order of the book.
pub(super) fn jobs(chapters: &[Chapter], platform: &Platform) -> Vec<Job> {
    let mut jobs = few_steps(chapters);
    for chapter in chapters {
        for section in &chapter.sections {
            let is_long = is_long(chapter, section) && platform.is_slow();
            let editions = section.editions.iter().copied().filter(|edition| wanted(section, *edition, platform, is_long));
            jobs.extend(editions.map(|edition| of_edition(chapter, section, edition)));
        }
    }
    jobs
}

/// Whether a few steps stand for a section where it takes long.
fn is_long(chapter: &Chapter, section: &Section) -> bool {
    FEW_STEPS.iter().any(|(path, _)| *path == format!("{}/{}", chapter.name, section.id))
}

/// Runs over many seeds repeat the same arithmetic: an emulator does without them.
fn wanted(section: &Section, edition: Edition, platform: &Platform, is_long: bool) -> bool {
    let is_full = edition == Edition::FULL && section.quick() != Edition::FULL;
    let is_short = !is_long || edition.name == "replay";
    !is_full && is_short && !(platform.is_slow() && edition.name == "seeds")
}

fn of_edition(chapter: &Chapter, section: &Section, edition: Edition) -> Job {
    Job {
        chapter: chapter.name,
        section: section.id,
        folder: if edition == section.quick() { QUICK } else { edition.name },
        flags: edition.flags.to_vec(),
        is_later: section.needs.is_some(),
        golden: Some(PathBuf::from(chapter.name).join(section.golden(edition))),
    }
}

/// The few steps of every long section.
pub(super) fn few_steps(chapters: &[Chapter]) -> Vec<Job> {
    let known = |&(path, flags): &(&'static str, &'static str)| {
        let (chapter, section) = path.split_once('/')?;
        let is_later = chapters.iter().find(|it| it.name == chapter)?.section(section)?.needs.is_some();
        let flags: Vec<&str> = flags.split(' ').collect();
        let folder = if flags.contains(&"--taped") { "few-taped" } else { "few" };
        Some(Job { chapter, section, folder, flags, is_later, golden: None })
    };
    FEW_STEPS.iter().filter_map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::platforms::PLATFORMS, *};
    use crate::chapters;
    use std::collections::BTreeSet;

    #[test]
    fn every_section_takes_part_on_every_platform() {
        let chapters = chapters();
        for platform in PLATFORMS {
            let run: BTreeSet<String> =
                jobs(&chapters, platform).iter().map(|job| format!("{}/{}", job.chapter, job.section)).collect();
            for chapter in &chapters {
                for section in &chapter.sections {
                    assert!(run.contains(&format!("{}/{}", chapter.name, section.id)), "{} on {}", section.id, platform.name);
                }
            }
        }
    }

    #[test]
    fn every_few_steps_are_those_of_a_section_that_takes_the_flags() {
        let chapters = chapters();
        assert_eq!(few_steps(&chapters).len(), FEW_STEPS.len());
        for job in few_steps(&chapters) {
            let section = chapters.iter().find(|chapter| chapter.name == job.chapter).unwrap().section(job.section).unwrap();
            let parsed = section.command().try_get_matches_from(std::iter::once(job.section).chain(job.flags.iter().copied()));
            assert!(parsed.is_ok(), "{}: {}", job.path(), parsed.unwrap_err());
        }
    }

    #[test]
    fn no_two_jobs_share_a_folder() {
        let jobs = jobs(&chapters(), &PLATFORMS[0]);
        let folders: BTreeSet<_> = jobs.iter().map(|job| (job.folder, job.chapter, job.section)).collect();
        assert_eq!(folders.len(), jobs.len());
    }
}
