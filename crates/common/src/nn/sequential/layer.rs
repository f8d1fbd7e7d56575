//! What a layer of an unrolled model can do.

use crate::{
    kernels::isa::Isa,
    parameters::{Parameter, Parameters},
};
use anyhow::Result;
use std::fmt::Debug;

/// A layer's parameters and its input.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The instructions to run on.
    pub isa: Isa,
    /// The layer's own parameters, laid end to end.
    pub parameters: &'a [f32],
    /// Its input.
    pub x: &'a [f32],
    /// Samples in the batch.
    pub samples: usize,
}

/// What comes back to a layer, and what it passes on.
#[derive(Debug)]
pub struct Backward<'a> {
    /// Its output.
    pub y: &'a [f32],
    /// The gradient of its output.
    pub dy: &'a [f32],
    /// The gradient of its input, to be overwritten; none if nobody asks for it.
    pub dx: Option<&'a mut Vec<f32>>,
    /// The gradients of its parameters, to be overwritten.
    pub dparameters: &'a mut [f32],
}

/// How the samples of a batch lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// One row of features a sample.
    Rows,
    /// Sixteen samples side by side, [`lanes`](crate::kernels::lanes).
    Lanes,
}

impl Place {
    /// Values that `samples` of `features` each take.
    #[must_use]
    pub fn size(self, samples: usize, features: usize) -> usize {
        match self {
            Self::Rows => samples * features,
            Self::Lanes => crate::kernels::lanes::size(samples, features),
        }
    }
}

/// A layer of an unrolled model.
pub trait Layer: Debug + Send + Sync {
    /// Values that its output for `samples` takes.
    fn size(&self, samples: usize) -> usize;

    /// Sets parameters that do not start at zero.
    fn start(&self, _parameters: &mut [f32]) {}

    /// Computes its output, as when the network is used.
    fn forward(&self, batch: Batch, y: &mut [f32]);

    /// Computes its output, as when the network is trained.
    fn learn(&mut self, batch: Batch, y: &mut [f32]) {
        self.forward(batch, y);
    }

    /// Computes the gradients of its input and of its parameters.
    fn backward(&mut self, batch: Batch, back: Backward);

    /// What it keeps from batch to batch and does not train.
    fn kept(&self, _name: &str) -> Vec<Parameter> {
        Vec::new()
    }

    /// Takes over what [`Layer::kept`] gave.
    ///
    /// # Errors
    /// If something is missing or has another shape.
    fn load(&mut self, _name: &str, _parameters: &Parameters) -> Result<()> {
        Ok(())
    }
}
