//! All that a run needs to go on after an interruption with the bits that it would have had.

use super::History;
use crate::{
    optim::State,
    parameters::{Parameter, Parameters},
    storage::{File, Stored, Values},
};
use anyhow::{Context, Result, bail};
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

impl Checkpoint {
    /// The checkpoint as the bytes of a safetensors file: numbers as f32 tensors, counts and hashes as u64 tensors, the settings as text.
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
        File { tensors, texts: BTreeMap::from([(SETTINGS.to_owned(), settings.clone())]) }.to_bytes()
    }

    /// Reads what [`Checkpoint::to_safetensors`] gave.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or lacks something.
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_file(File::read(path)?).with_context(|| format!("{} is no checkpoint of a run", path.display()))
    }

    fn from_file(File { mut tensors, mut texts }: File) -> Result<Self> {
        let mut take = |name: &str| {
            let place = tensors.iter().position(|tensor| tensor.name == name);
            place.map(|place| tensors.remove(place).values).with_context(|| format!("expected a tensor {name}, found none"))
        };
        let (steps, epochs) = (first(whole_numbers(take("optimizer steps")?)?)?, first(whole_numbers(take("epochs")?)?)?);
        let dev_steps: Vec<usize> = whole_numbers(take("dev steps")?)?.into_iter().map(|step| step as usize).collect();
        let mut history = History {
            train_loss: numbers(take("train loss")?)?,
            train_score: numbers(take("train score")?)?,
            epoch_loss: numbers(take("epoch loss")?)?,
            dev_loss: dev_steps.iter().copied().zip(numbers(take("dev loss")?)?).collect(),
            dev_score: dev_steps.iter().copied().zip(numbers(take("dev score")?)?).collect(),
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
        Ok(Self { network, optimizer: State { steps, vectors }, history, epochs: epochs as usize, settings })
    }
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
