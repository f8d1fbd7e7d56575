//! The variants of an experiment, trained side by side.

use super::Lab;
use crate::{
    data::{Batches, Dataset},
    machine::{Bar, Bars, side_by_side, threads},
    optim::Method,
    parameters::Parameters,
    train::{Checkpoint, CheckpointFile, Decision, Evaluation, History, Journal, Network, Progress, Trainer, TrainingConfig},
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// One way to train a network, beside others.
#[derive(Debug)]
pub struct Variant<N = Box<dyn Network>> {
    /// Its optimiser and learning rate, under the name that tells it from the others, such as `batch 16`; also the end of its
    /// checkpoint's name.
    pub method: Method,
    /// The flags that its bits depend on, but for the number of epochs.
    pub settings: String,
    /// The network as it starts.
    pub network: N,
    /// How an epoch visits the samples.
    pub batches: Batches,
}

/// What all variants of an experiment have in common.
#[derive(Debug, Clone, Copy)]
pub struct Experiment<'a> {
    /// What they learn from.
    pub train: &'a dyn Dataset,
    /// What they are tested on after the last step, unless they were already.
    pub test: &'a dyn Dataset,
    /// Passes over the training samples.
    pub n_epochs: usize,
    /// Whether to go on from what an interrupted run left.
    pub resume: bool,
}

/// The training run of a variant.
pub type VariantRun<'a, N = Box<dyn Network>> = Trainer<'a, N, VariantBar>;

/// A variant at its end.
#[derive(Debug)]
pub struct TrainedVariant<N = Box<dyn Network>> {
    /// The variant's name.
    pub name: String,
    /// The trained network.
    pub network: N,
    /// Its curves; tests are under the names of a development set.
    pub history: History,
}

impl<N> TrainedVariant<N> {
    /// The steps of an epoch.
    #[must_use]
    pub fn steps_per_epoch(&self) -> usize {
        self.history.train_loss.len() / self.history.epoch_loss.len().max(1)
    }

    /// What the last test found.
    #[must_use]
    pub fn test(&self) -> Evaluation {
        self.history.last_evaluation().unwrap_or(Evaluation { loss: f32::NAN, accuracy: f32::NAN })
    }
}

/// A variant about to be trained.
struct Prepared<N> {
    variant: Variant<N>,
    file: CheckpointFile,
    saved: Option<Checkpoint>,
    bar: VariantBar,
}

impl Lab {
    /// Runs the variants of an experiment in parallel, one per core as long as there are enough; gives what each leaves, in their order.
    ///
    /// # Errors
    /// The error of the first variant that failed.
    pub fn over_variants<A: Sync, T: Send>(&self, variants: &[A], run: impl Fn(&A) -> Result<T> + Sync) -> Result<Vec<T>> {
        side_by_side(variants.iter().collect(), threads(), run)
    }

    /// Trains the variants of an experiment in parallel, each by `train`, which is given its run and its learning rate; gives them in their order.
    /// Records their curves, traces and tests, and the fingerprint of all their parameters.
    ///
    /// After each epoch a variant leaves a checkpoint, from which a later run goes on with the same bits.
    ///
    /// # Errors
    /// The error of the first variant that failed; with `resume` also if there is nothing to go on from.
    pub fn train_variants<N: Network>(
        &mut self,
        variants: Vec<Variant<N>>,
        experiment: Experiment,
        train: impl Fn(&mut VariantRun<N>, f32) -> Result<()> + Sync,
    ) -> Result<Vec<TrainedVariant<N>>> {
        let prepared = self.prepare(variants, experiment)?;
        let files: Vec<PathBuf> = prepared.iter().map(|prepared| prepared.file.path.clone()).collect();
        let bars = self.shows_progress().then(Bars::new);
        let trained = side_by_side(prepared, threads(), |mut prepared| {
            if let Some(bars) = &bars {
                prepared.bar.show(bars, prepared.variant.batches.per_epoch(experiment.train.len()) * experiment.n_epochs);
            }
            let name = prepared.variant.method.name.clone();
            run(prepared, experiment, &train).context(name)
        });
        if let Some(bars) = bars {
            bars.clear();
        }
        let trained = trained?;
        for path in files {
            self.register_file(&path)?;
        }
        let mut all = Vec::new();
        for TrainedVariant { name, network, history } in &trained {
            self.curve(format!("{name} epoch loss"), (1..).zip(history.epoch_loss.iter().copied()));
            self.curve(format!("{name} test loss"), history.dev_loss.iter().copied());
            self.curve(format!("{name} test accuracy"), history.dev_score.iter().copied());
            self.trace(&format!("{}-", file_name(name)), history)?;
            all.extend(network.parameters().prefixed(name).0);
        }
        self.fingerprint(&Parameters(all));
        Ok(trained)
    }

    /// The variants at their beginning, or where an interrupted run left them; one that it had not saved yet begins anew.
    fn prepare<N>(&self, variants: Vec<Variant<N>>, experiment: Experiment) -> Result<Vec<Prepared<N>>> {
        let mut prepared = Vec::new();
        for variant in variants {
            let path = self.settings.results.join(format!("resume-{}.safetensors", file_name(&variant.method.name)));
            if !experiment.resume {
                remove_checkpoint(&path)?;
            }
            let saved = path.exists().then(|| Checkpoint::read(&path)).transpose()?;
            let file = CheckpointFile { path, settings: variant.settings.clone() };
            let bar = VariantBar { name: variant.method.name.clone(), bar: None };
            prepared.push(Prepared { variant, file, saved, bar });
        }
        ensure!(
            !experiment.resume || prepared.iter().any(|prepared| prepared.saved.is_some()),
            "there is no {}: leave out --resume to train from the start",
            prepared.first().map_or_else(String::new, |prepared| prepared.file.path.display().to_string())
        );
        Ok(prepared)
    }
}

/// Trains a variant to its end.
fn run<N: Network>(
    Prepared { variant, file, saved, mut bar }: Prepared<N>,
    experiment: Experiment,
    train: &impl Fn(&mut VariantRun<N>, f32) -> Result<()>,
) -> Result<TrainedVariant<N>> {
    let Variant { method: Method { name, optimizer, learning_rate }, mut network, batches, .. } = variant;
    let config = TrainingConfig::new(experiment.n_epochs, batches, Decision::Argmax);
    let path = file.path.clone();
    let mut run = Trainer::new(&mut network, optimizer, experiment.train, config)?.journal(&mut bar).checkpoint(file);
    if let Some(saved) = saved {
        run.resume(saved).with_context(|| of_interrupted(&path))?;
    }
    train(&mut run, learning_rate)?;
    // The last test is not in the checkpoint: a run of more epochs that goes on from it has none there.
    if run.history().dev_loss.last().is_none_or(|(step, _)| *step != run.history().train_loss.len()) {
        run.evaluate(experiment.test)?;
    }
    let history = run.finish().history;
    Ok(TrainedVariant { name, network, history })
}

fn of_interrupted(path: &Path) -> String {
    format!("{} of the interrupted run", path.file_name().unwrap_or_default().to_string_lossy())
}

/// A variant's name as a part of the name of a file: what is neither letter, digit nor point becomes a hyphen.
#[must_use]
pub fn file_name(name: &str) -> String {
    let parts = name.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

/// Removes the checkpoint of an earlier run, so that it is not taken for one of this.
fn remove_checkpoint(checkpoint: &Path) -> Result<()> {
    let removed = fs::remove_file(checkpoint);
    let removed = removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) });
    removed.with_context(|| format!("cannot remove {}", checkpoint.display()))
}

/// The bar of a variant, which is told of each step.
#[derive(Debug)]
pub struct VariantBar {
    name: String,
    bar: Option<Bar>,
}

impl VariantBar {
    fn show(&mut self, bars: &Bars, steps: usize) {
        let bar = bars.add(Bar::new(steps, "steps"));
        bar.set_message(self.name.clone());
        self.bar = Some(bar);
    }
}

impl Journal for VariantBar {
    fn line(&mut self, _: &str) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, Progress { step, loss, .. }: Progress) {
        if let Some(bar) = &self.bar {
            bar.set_position(step);
            bar.set_message(format!("{}: loss {loss:.4}", self.name));
        }
    }
}
