//! Who runs the layers of a dfdx model.

use crate::{
    chain::{Chain, InChain},
    kernels::Loss,
    parameters::Initialization,
    rng::Stream,
    tape::{self, Device},
    train::Network,
};
use anyhow::Result;
use dfdx::nn::{BuildOnDevice, DeviceBuildExt, tensor_collection::TensorCollection};

/// What trains a dfdx tuple model; the bits are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// The chain.
    Chain,
    /// dfdx's tape.
    Tape,
}

impl Driver {
    /// A network of the dfdx tuple model `M` of `I` inputs and `C` outputs, with first values drawn from `weights`.
    ///
    /// # Errors
    /// If the device that tensors live on fails.
    pub fn network<M, const I: usize, const C: usize>(
        self,
        loss: Loss,
        init: Initialization,
        weights: &mut Stream,
    ) -> Result<Box<dyn Network>>
    where
        M: InChain + BuildOnDevice<Device, f32>,
        tape::Model<M::Built, I, C>: Network,
        M::Built: TensorCollection<f32, Device> + 'static,
    {
        if self == Self::Chain {
            return Ok(Box::new(Chain::of::<M>(loss).initialized(init, weights)));
        }
        let mut model = Device::default().build_module::<M, f32>();
        tape::initialize(&mut model, init, weights)?;
        Ok(Box::new(tape::Model::<_, I, C>::new(model, loss)))
    }
}
