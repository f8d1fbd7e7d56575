//! A training run that was interrupted and taken up again ends with the bits of one that was not.

use common::{
    chain::Chain,
    data::{Batches, Labels, Samples},
    kernels::Loss,
    matrix::Matrix,
    optim::{Adam, Optimizer},
    parameters::{Initialization, Initializer},
    rng::Stream,
    tape::{
        Relu,
        builder::{BatchNorm, Linear},
    },
    train::{Checkpoint, CheckpointFile, Decision, Journal, Log, Network, Outcome, Progress, Trainer, TrainingConfig},
};
use std::path::{Path, PathBuf};

type Net = (Linear<6, 8>, BatchNorm<8>, Relu, Linear<8, 3>);

fn network() -> Chain {
    let spread = Initializer::Normal { mean: 0.0, deviation: 0.5 };
    let init = Initialization { weight: spread, bias: spread };
    Chain::of::<Net>(Loss::SoftmaxCrossEntropy).initialized(init, &mut Stream::new(0, "weights"))
}

fn samples() -> Samples {
    let mut stream = Stream::new(1, "samples");
    let x = Matrix::new(70, 6, stream.normals(420, 0.0, 1.0));
    Samples { x, y: Labels::Classes((0..70).map(|_| stream.below(3) as usize).collect()) }
}

/// A journal that keeps its lines.
#[derive(Debug, Default, PartialEq)]
struct Lines(Vec<String>);

impl Journal for Lines {
    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        self.0.push(line.to_owned());
        Ok(())
    }

    fn progress(&mut self, _: Progress) {}
}

/// A run of so many epochs, from a checkpoint if one is given.
struct Run {
    n_epochs: usize,
    settings: &'static str,
    saved: Option<Checkpoint>,
    file: PathBuf,
}

impl Run {
    fn new(n_epochs: usize, folder: &Path) -> Self {
        Self { n_epochs, settings: "lr 0.01", saved: None, file: folder.join("resume.safetensors") }
    }

    /// The checkpoint of the last epoch.
    fn left(&self) -> Checkpoint {
        Checkpoint::read(&self.file).expect("a checkpoint")
    }

    /// Trains and evaluates after each epoch.
    fn train(&self, network: &mut Chain, lines: &mut Lines) -> anyhow::Result<Outcome> {
        let samples = samples();
        let batches = Batches::Shuffled { size: 16, stream: Box::new(Stream::new(0, "shuffle")) };
        let log = Some(Log::Tested { every: 3 });
        let config = TrainingConfig { log, ..TrainingConfig::new(self.n_epochs, batches, Decision::Argmax) };
        let adam = Optimizer::new(Adam::new(0.9, 0.999, 1e-8));
        let file = CheckpointFile { path: self.file.clone(), settings: self.settings.to_owned() };
        let mut run = Trainer::new(network, adam, &samples, config)?.journal(lines).checkpoint(file);
        if let Some(saved) = &self.saved {
            run.resume(saved.clone())?;
        }
        while let Some(step) = run.forward_backward()? {
            run.update(0.01)?;
            if step.ends_epoch {
                run.evaluate(&samples)?;
            }
        }
        Ok(run.finish())
    }
}

#[test]
fn a_resumed_run_ends_with_the_same_bits() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (mut whole, mut first, mut second) = (network(), network(), network());
    let (mut lines, mut lost, mut again) = (Lines::default(), Lines::default(), Lines::default());
    let uninterrupted = Run::new(4, folder.path());
    let expected = uninterrupted.train(&mut whole, &mut lines).expect("a run");

    // The journal tells of the epochs that are planned, so the interrupted run is one of two epochs.
    let interrupted = Run::new(2, other.path());
    interrupted.train(&mut first, &mut lost).expect("a run");
    let resumed = Run { saved: Some(interrupted.left()), ..Run::new(4, other.path()) };
    let outcome = resumed.train(&mut second, &mut again).expect("to go on");
    assert_eq!(again, lines);
    assert_eq!(outcome.history, expected.history);
    assert_eq!(second.parameters(), whole.parameters());
    assert_eq!(resumed.left().optimizer, uninterrupted.left().optimizer);
}

#[test]
fn other_settings_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Run { settings: "lr 0.01, seed 0", ..Run::new(1, folder.path()) };
    begun.train(&mut network(), &mut Lines::default()).expect("a run");
    let other = Run { saved: Some(begun.left()), settings: "lr 0.02, seed 0", ..Run::new(2, folder.path()) };
    let error = other.train(&mut network(), &mut Lines::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "it was saved by a run with lr 0.01, seed 0, not with lr 0.02, seed 0: train from the start, or use its settings"
    );
}

#[test]
fn more_epochs_than_are_asked_for_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Run::new(2, folder.path());
    begun.train(&mut network(), &mut Lines::default()).expect("a run");
    let shorter = Run { saved: Some(begun.left()), ..Run::new(1, folder.path()) };
    let error = shorter.train(&mut network(), &mut Lines::default()).unwrap_err().to_string();
    assert_eq!(error, "it has trained for 2 epochs, more than 1: ask for at least 2 with --epochs");
}

/// Saves a run, changes the checkpoint by `change`, and reads it again.
#[track_caller]
fn check_refused(change: impl FnOnce(&mut Checkpoint), complaint: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Run::new(2, folder.path());
    begun.train(&mut network(), &mut Lines::default()).expect("a run");
    let mut saved = begun.left();
    change(&mut saved);
    std::fs::write(&begun.file, saved.to_safetensors().expect("bytes")).expect("a file");
    let error = format!("{:#}", Checkpoint::read(&begun.file).expect_err("a refusal"));
    let named =
        format!("{} is no checkpoint of a run: leave out --resume to train from the start: {complaint}", begun.file.display());
    assert_eq!(error, named);
}

#[test]
fn parts_that_were_not_saved_together_are_refused() {
    let after = "after 2 epochs of 10 steps in all, expected";
    check_refused(|saved| saved.epochs = 65_535, "after 65535 epochs of 10 steps in all, expected epoch loss of 65535, found 2");
    check_refused(|saved| saved.epochs = 0, "it is of a run before its first epoch");
    check_refused(|saved| saved.optimizer.steps = 9, &format!("{after} optimizer steps of 10, found 9"));
    check_refused(|saved| saved.history.train_score.truncate(3), &format!("{after} train score of 10, found 3"));
    check_refused(|saved| saved.history.trace.truncate(2), &format!("{after} trace of 3, found 2"));
    check_refused(|saved| saved.history.dev_loss[1].0 = 11, "expected dev steps that grow, up to 10");
    check_refused(
        |saved| {
            saved.history.train_loss.pop();
            saved.history.train_score.pop();
            saved.optimizer.steps -= 1;
        },
        "expected as many steps in each epoch, found 9 in 2 epochs",
    );
}

#[test]
fn a_checkpoint_of_epochs_of_another_length_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Run::new(1, folder.path());
    begun.train(&mut network(), &mut Lines::default()).expect("a run");
    let mut saved = begun.left();
    saved.history.train_loss.truncate(4);
    let other = Run { saved: Some(saved), ..Run::new(2, folder.path()) };
    let error = other.train(&mut network(), &mut Lines::default()).unwrap_err().to_string();
    assert_eq!(error, "it has 4 steps in 1 epochs, where this run has 5 in each: leave out --resume to train from the start");
}

#[test]
fn a_checkpoint_with_any_byte_changed_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Run::new(1, folder.path());
    begun.train(&mut network(), &mut Lines::default()).expect("a run");
    let whole = std::fs::read(&begun.file).expect("bytes");
    for place in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        std::fs::write(&begun.file, &changed).expect("a file");
        assert!(Checkpoint::read(&begun.file).is_err(), "byte {place}");
    }
}
