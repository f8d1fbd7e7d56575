//! How a network does on a data set.

use super::{Decision, Network};
use crate::data::Dataset;
use anyhow::Result;

/// Loss and accuracy of a network on a data set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The mean loss.
    pub loss: f32,
    /// The share of samples whose class is right.
    pub accuracy: f32,
}

/// Samples that are evaluated at once.
const EVALUATED_TOGETHER: usize = 1000;

/// Evaluates a network on a data set.
///
/// The loss is the mean of the losses of 1000 samples at a time, each weighted by its samples, in f64.
///
/// # Errors
/// If the network cannot be evaluated.
pub fn evaluate(network: &dyn Network, data: &dyn Dataset, decision: Decision) -> Result<Evaluation> {
    let (mut right, mut sum) = (0, 0.0f64);
    data.in_parts(EVALUATED_TOGETHER, &mut |part| {
        let outputs = network.outputs(&part.x)?;
        right += decision.count_right(&outputs, &part.y);
        sum += f64::from(network.loss(&outputs, &part.y)) * part.len() as f64;
        Ok(())
    })?;
    let n = data.len().max(1);
    Ok(Evaluation { loss: (sum / n as f64) as f32, accuracy: right as f32 / n as f32 })
}

/// The class that a network gives each sample of a data set.
///
/// # Errors
/// If the network cannot be evaluated.
pub fn predict(network: &dyn Network, data: &dyn Dataset, decision: Decision) -> Result<Vec<usize>> {
    let mut classes = Vec::with_capacity(data.len());
    data.in_parts(EVALUATED_TOGETHER, &mut |part| {
        classes.extend(decision.classes(&network.outputs(&part.x)?));
        Ok(())
    })?;
    Ok(classes)
}
