//! All that a run needs to go on after an interruption with the bits that it would have had.

use super::History;
use crate::{
    optim::State,
    parameters::{Parameter, Parameters},
    storage::{File, Stored, Values},
};
use anyhow::{Context, Result, bail, ensure};
use std::{collections::BTreeMap, path::Path};

/// A run after one of its epochs.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The network.
    pub network: Parameters,
    /// Its optimiser.
    pub optimizer: State,
    /// The curves so far.
    pub history: History,
    /// Epochs that are done.
    pub epochs: usize,
    /// In words, what the run's bits depend on, but for the number of epochs.
    pub settings: String,
}

/// What the names of the network's tensors begin with.
const MODEL: &str = "model.";
/// What the names of the optimiser's vectors begin with.
const OPTIMIZER: &str = "optimizer.";
/// The key of the settings.
const SETTINGS: &str = "settings";
/// The key of the hash of everything else.
const SHA256: &str = "sha256";
/// What to do about a checkpoint that cannot be used.
const CURE: &str = "leave out --resume to train from the start";

impl Checkpoint {
    /// The checkpoint as the bytes of a safetensors file: numbers as f32 tensors, counts and hashes as u64 tensors, the settings as text,
    /// and the SHA-256 of the same file without it.
    ///
    /// # Errors
    /// If two tensors have the same name.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        let Self { network, optimizer: State { steps, vectors }, history, epochs, settings } = self;
        let mut tensors = network.stored(MODEL);
        // A file keeps its tensors in the order of their names; the number keeps these in theirs.
        let numbered = vectors.iter().enumerate();
        tensors.extend(numbered.map(|(i, (name, values))| Stored::numbers(&format!("{OPTIMIZER}{i}.{name}"), values.clone())));
        let steps_of = |points: &[(usize, f32)]| points.iter().map(|(step, _)| *step as u64).collect();
        let values_of = |points: &[(usize, f32)]| points.iter().map(|(_, value)| *value).collect();
        tensors.extend([
            Stored::whole_numbers("optimizer steps", vec![*steps]),
            Stored::whole_numbers("epochs", vec![*epochs as u64]),
            Stored::numbers("train loss", history.train_loss.clone()),
            Stored::numbers("train score", history.train_score.clone()),
            Stored::numbers("epoch loss", history.epoch_loss.clone()),
            Stored::whole_numbers("dev steps", steps_of(&history.dev_loss)),
            Stored::numbers("dev loss", values_of(&history.dev_loss)),
            Stored::numbers("dev score", values_of(&history.dev_score)),
            Stored::whole_numbers("trace", history.trace.concat()),
        ]);
        let mut file = File { tensors, texts: BTreeMap::from([(SETTINGS.to_owned(), settings.clone())]) };
        let sha256 = file.sha256()?;
        file.texts.insert(SHA256.to_owned(), sha256);
        file.to_bytes()
    }

    /// Reads what [`Checkpoint::to_safetensors`] gave.
    ///
    /// # Errors
    /// If the file cannot be read, was changed, lacks something, or has parts that do not belong together.
    pub fn read(path: &Path) -> Result<Self> {
        let read = |file| Self::from_file(file).and_then(|checkpoint| checkpoint.check().map(|()| checkpoint));
        read(File::read(path, CURE)?).with_context(|| format!("{} is no checkpoint of a run: {CURE}", path.display()))
    }

    /// Refuses parts that cannot have been saved together.
    fn check(&self) -> Result<()> {
        let Self { history: History { train_loss, train_score, epoch_loss, dev_loss, trace, tensors, .. }, epochs, .. } = self;
        let (epochs, steps) = (*epochs, train_loss.len());
        ensure!(epochs > 0, "it is of a run before its first epoch");
        for (name, found, expected) in [
            ("epoch loss", epoch_loss.len(), epochs),
            ("train score", train_score.len(), steps),
            ("trace", trace.len(), epochs + 1),
            ("optimizer steps", self.optimizer.steps as usize, steps),
        ] {
            ensure!(
                found == expected,
                "after {epochs} epochs of {steps} steps in all, expected {name} of {expected}, found {found}"
            );
        }
        ensure!(steps.is_multiple_of(epochs), "expected as many steps in each epoch, found {steps} in {epochs} epochs");
        ensure!(trace.iter().all(|hashes| hashes.len() == tensors.len()), "expected a hash of each tensor in the trace");
        ensure!(
            dev_loss.iter().all(|(step, _)| *step <= steps) && dev_loss.is_sorted_by(|a, b| a.0 <= b.0),
            "expected dev steps that grow, up to {steps}"
        );
        Ok(())
    }

    fn from_file(mut file: File) -> Result<Self> {
        let sha256 = file.texts.remove(SHA256).with_context(|| format!("expected a text {SHA256}, found none"))?;
        ensure!(file.sha256()? == sha256, "its contents are not those that were saved: it was changed or damaged");
        let File { mut tensors, mut texts } = file;
        let mut take = |name: &str| {
            let place = tensors.iter().position(|tensor| tensor.name == name);
            place.map(|place| tensors.remove(place).values).with_context(|| format!("expected a tensor {name}, found none"))
        };
        let (steps, epochs) = (first(whole_numbers(take("optimizer steps")?)?)?, first(whole_numbers(take("epochs")?)?)?);
        let epochs = usize::try_from(epochs)?;
        let dev_steps: Vec<usize> = whole_numbers(take("dev steps")?)?.into_iter().map(|step| step as usize).collect();
        let mut history = History {
            train_loss: numbers(take("train loss")?)?,
            train_score: numbers(take("train score")?)?,
            epoch_loss: numbers(take("epoch loss")?)?,
            dev_loss: points(&dev_steps, numbers(take("dev loss")?)?)?,
            dev_score: points(&dev_steps, numbers(take("dev score")?)?)?,
            ..History::default()
        };
        let trace = whole_numbers(take("trace")?)?;
        let (mut network, mut vectors) = (Parameters::default(), Vec::new());
        for Stored { name, shape, values } in tensors {
            if let Some(name) = name.strip_prefix(MODEL) {
                network.0.push(Parameter { name: name.to_owned(), shape, values: numbers(values)? });
            } else if let Some((_, name)) = name.strip_prefix(OPTIMIZER).and_then(|name| name.split_once('.')) {
                vectors.push((name.to_owned(), numbers(values)?));
            }
        }
        history.tensors = network.0.iter().map(|tensor| tensor.name.clone()).collect();
        history.trace = trace.chunks(history.tensors.len().max(1)).map(<[u64]>::to_vec).collect();
        let settings = texts.remove(SETTINGS).with_context(|| format!("expected a text {SETTINGS}, found none"))?;
        Ok(Self { network, optimizer: State { steps, vectors }, history, epochs, settings })
    }
}

/// Values with their steps.
fn points(steps: &[usize], values: Vec<f32>) -> Result<Vec<(usize, f32)>> {
    ensure!(steps.len() == values.len(), "expected a value of each of {} evaluations, found {}", steps.len(), values.len());
    Ok(steps.iter().copied().zip(values).collect())
}

fn numbers(values: Values) -> Result<Vec<f32>> {
    match values {
        Values::F32(values) => Ok(values),
        Values::U64(_) => bail!("expected f32 values, found u64"),
    }
}

fn whole_numbers(values: Values) -> Result<Vec<u64>> {
    match values {
        Values::U64(values) => Ok(values),
        Values::F32(_) => bail!("expected u64 values, found f32"),
    }
}

fn first(values: Vec<u64>) -> Result<u64> {
    values.into_iter().next().context("expected a number, found none")
}
