//! Who runs the layers of a dfdx model: the chain, or dfdx's tape.

use super::Lab;
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

impl Lab {
    /// The same bench with networks that are trained through the tape.
    #[must_use]
    pub fn on_tape(self, taped: bool) -> Self {
        Self { taped, ..self }
    }

    /// Whether networks are trained through the tape: with `--taped`, and on a GPU.
    #[must_use]
    pub fn is_taped(&self) -> bool {
        self.taped || cfg!(feature = "cuda")
    }

    /// A network of the dfdx tuple model `M` of `I` inputs and `C` outputs, with first values drawn from `weights`: as a
    /// chain, or, with `--taped` and on a GPU, on dfdx's tape. The bits are the same.
    ///
    /// # Errors
    /// If the device that tensors live on fails.
    pub fn network<M, const I: usize, const C: usize>(
        &self,
        loss: Loss,
        init: Initialization,
        weights: &mut Stream,
    ) -> Result<Box<dyn Network>>
    where
        M: InChain + BuildOnDevice<Device, f32>,
        tape::Model<M::Built, I, C>: Network,
        M::Built: TensorCollection<f32, Device> + 'static,
    {
        network::<M, I, C>(self.is_taped(), loss, init, weights)
    }
}

/// A network of the dfdx tuple model `M`, on the tape or as a chain.
///
/// # Errors
/// If the device that tensors live on fails.
pub fn network<M, const I: usize, const C: usize>(
    taped: bool,
    loss: Loss,
    init: Initialization,
    weights: &mut Stream,
) -> Result<Box<dyn Network>>
where
    M: InChain + BuildOnDevice<Device, f32>,
    tape::Model<M::Built, I, C>: Network,
    M::Built: TensorCollection<f32, Device> + 'static,
{
    if !taped {
        return Ok(Box::new(Chain::of::<M>(loss).initialized(init, weights)));
    }
    let mut model = Device::default().build_module::<M, f32>();
    tape::initialize(&mut model, init, weights)?;
    Ok(Box::new(tape::Model::<_, I, C>::new(model, loss)))
}
