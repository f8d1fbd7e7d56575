//! All that a run needs to go on after an interruption with the bits that it would have had.

use super::History;
use crate::{
    optim::State,
    parameters::{Parameter, Parameters},
};
use anyhow::{Context, Result};

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

impl Checkpoint {
    /// The checkpoint as named tensors.
    #[must_use]
    pub fn to_parameters(&self) -> Parameters {
        let vector = |name: &str, values: Vec<f32>| Parameter { name: name.to_owned(), shape: vec![values.len()], values };
        let numbers = |points: &[(usize, f32)]| points.iter().flat_map(|(step, y)| with(whole(*step as u64), *y)).collect();
        let renamed = |tensor: &Parameter| Parameter { name: format!("{MODEL}{}", tensor.name), ..tensor.clone() };
        let mut saved: Vec<Parameter> = self.network.0.iter().map(renamed).collect();
        let State { steps, vectors } = &self.optimizer;
        // A file keeps its tensors in the order of their names; the number keeps these in theirs.
        let numbered =
            vectors.iter().enumerate().map(|(i, (name, values))| vector(&format!("{OPTIMIZER}{i}.{name}"), values.clone()));
        saved.extend(numbered);
        let steps = if vectors.first().is_some_and(|(name, _)| name == "mean gradients") { *steps } else { 0 };
        saved.extend([
            vector("optimizer steps", whole(steps).to_vec()),
            vector("epochs", whole(self.epochs as u64).to_vec()),
            vector("settings", self.settings.bytes().map(f32::from).collect()),
            vector("train loss", self.history.train_loss.clone()),
            vector("train score", self.history.train_score.clone()),
            vector("epoch loss", self.history.epoch_loss.clone()),
            vector("dev loss", numbers(&self.history.dev_loss)),
            vector("dev score", numbers(&self.history.dev_score)),
            vector("trace", self.history.trace.iter().flatten().flat_map(|hash| whole(*hash)).collect()),
        ]);
        Parameters(saved)
    }

    /// Reads what [`Checkpoint::to_parameters`] gave.
    ///
    /// # Errors
    /// If something is missing.
    pub fn from_parameters(saved: &Parameters) -> Result<Self> {
        let vector = |name: &str| {
            let found = saved.0.iter().find(|parameter| parameter.name == name);
            found.map(|parameter| parameter.values.as_slice()).with_context(|| format!("expected a tensor {name}, found none"))
        };
        let network = Parameters(unprefixed(MODEL, saved));
        let named = |tensor: Parameter| (tensor.name.split_once('.').map_or("", |(_, name)| name).to_owned(), tensor.values);
        let vectors = unprefixed(OPTIMIZER, saved).into_iter().map(named).collect();
        let points = |name: &str| {
            let rows = vector(name)?.as_chunks::<5>().0;
            Ok::<_, anyhow::Error>(rows.iter().map(|row| (number(&row[..4]) as usize, row[4])).collect())
        };
        let tensors: Vec<String> = network.0.iter().map(|tensor| tensor.name.clone()).collect();
        let hashes: Vec<u64> = vector("trace")?.as_chunks::<4>().0.iter().map(|parts| number(parts)).collect();
        let history = History {
            train_loss: vector("train loss")?.to_vec(),
            train_score: vector("train score")?.to_vec(),
            epoch_loss: vector("epoch loss")?.to_vec(),
            dev_loss: points("dev loss")?,
            dev_score: points("dev score")?,
            trace: hashes.chunks(tensors.len().max(1)).map(<[u64]>::to_vec).collect(),
            tensors,
        };
        Ok(Self {
            network,
            optimizer: State { steps: number(vector("optimizer steps")?), vectors },
            history,
            epochs: number(vector("epochs")?) as usize,
            settings: vector("settings")?.iter().map(|byte| char::from(*byte as u8)).collect(),
        })
    }
}

/// A whole number in four parts of 16 bits, each exact in f32.
fn whole(x: u64) -> [f32; 4] {
    [48, 32, 16, 0].map(|shift| f32::from((x >> shift) as u16))
}

/// A whole number and another number.
fn with(whole: [f32; 4], y: f32) -> [f32; 5] {
    [whole[0], whole[1], whole[2], whole[3], y]
}

/// The number that [`whole`] took apart.
fn number(parts: &[f32]) -> u64 {
    parts.iter().fold(0, |x, part| x << 16 | *part as u64)
}

fn unprefixed(prefix: &str, parameters: &Parameters) -> Vec<Parameter> {
    let matching = parameters.0.iter().filter_map(|tensor| {
        let name = tensor.name.strip_prefix(prefix)?.to_owned();
        Some(Parameter { name, ..tensor.clone() })
    });
    matching.collect()
}
