//! A tuple model with its loss and optimiser, trained through the tape.

use super::parameters::{Buffers, initialize_with, read, update, write};
use crate::{
    data::Labels,
    kernels::{Loss, reduce},
    matrix::Matrix,
    ops::{self, Device, DeviceError, Tensor, values},
    optim::Optimizer,
    parameters::{Initialization, Parameters},
    rng::Stream,
    train::{Learner, Pass},
};
use anyhow::Result;
use dfdx::{
    nn::{Module, ModuleMut, tensor_collection::TensorCollection},
    shapes::Const,
    tensor::{AsArray, Gradients, NoneTape, OwnedTape, PutTape, SplitTape, TensorFromVec, Trace},
    tensor_ops::Backward,
};

/// A batch of `C` features or outputs a sample.
type Batch<const C: usize, T = NoneTape> = Tensor<(usize, Const<C>), T>;
type OnTape = OwnedTape<f32, Device>;

/// A dfdx model of `I` inputs and `C` outputs with its loss and optimiser, book section 4.3.
///
/// It learns in training mode ([`ModuleMut`]): batches are normalised by their own statistics, units drop out. Its outputs are those of
/// evaluation mode ([`Module`]).
#[derive(Debug)]
pub struct Network<M, O, const I: usize, const C: usize> {
    model: M,
    loss: Loss,
    optimizer: O,
    device: Device,
    gradients: Gradients<f32, Device>,
    buffers: Buffers,
}

impl<M: TensorCollection<f32, Device>, O, const I: usize, const C: usize> Network<M, O, I, C> {
    /// Pairs a model with its loss and optimiser.
    #[must_use]
    pub fn new(model: M, loss: Loss, optimizer: O) -> Self {
        Self { model, loss, optimizer, device: Device::default(), gradients: Gradients::leaky(), buffers: Buffers::default() }
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The gradients of the last [`Learner::learn`], under the parameters' names.
    ///
    /// # Panics
    /// If nothing has been learnt yet.
    #[must_use]
    pub fn gradients(&self) -> Parameters {
        read(&self.model, Some(&self.gradients))
    }

    fn batch(&self, x: &Matrix) -> Result<Batch<I>> {
        self.device.try_tensor_from_vec(x.values().to_vec(), (x.rows(), Const::<I>)).map_err(failed)
    }
}

impl<M, O, const I: usize, const C: usize> Learner for Network<M, O, I, C>
where
    M: TensorCollection<f32, Device>
        + Module<Batch<I>, Output = Batch<C>, Error = DeviceError>
        + ModuleMut<Batch<I, OnTape>, Output = Batch<C, OnTape>, Error = DeviceError>,
    O: Optimizer,
{
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        let outputs = self.model.try_forward(self.batch(x)?).map_err(failed)?;
        Ok(Matrix::new(x.rows(), C, values(&outputs)))
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        crate::scratch::loss(self.loss, outputs, labels.targets())
    }

    fn learn(&mut self, x: &Matrix, labels: &Labels) -> Result<Pass> {
        let x_on_tape = self.batch(x)?.leaky_trace();
        let outputs = self.model.try_forward_mut(x_on_tape).map_err(failed)?;
        let (outputs, tape) = outputs.split_tape();
        let pass_outputs = Matrix::new(x.rows(), C, values(&outputs));
        let loss = ops::loss(outputs.put_tape(tape), labels, self.loss).map_err(failed)?;
        let value = loss.array();
        self.gradients = loss.try_backward().map_err(failed)?;
        Ok(Pass { loss: value, outputs: pass_outputs })
    }

    fn update(&mut self) -> Result<()> {
        update(&mut self.model, &self.gradients, &mut self.optimizer, &mut self.buffers)
    }

    fn parameters(&self) -> Parameters {
        read(&self.model, None)
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        write(&mut self.model, parameters)
    }

    fn weight_gradient_norms(&self) -> Vec<f32> {
        norms(&self.gradients(), "weight")
    }

    fn bias_gradient_norms(&self) -> Vec<f32> {
        norms(&self.gradients(), "bias")
    }
}

/// The L2 norm of each tensor whose name ends with `kind`.
pub(super) fn norms(gradients: &Parameters, kind: &str) -> Vec<f32> {
    gradients.0.iter().filter(|g| g.name.ends_with(kind)).map(|g| reduce::norm(&g.values)).collect()
}

/// The device's error, which does not implement the standard trait on every device.
#[allow(clippy::needless_pass_by_value, reason = "the signature that map_err asks for")]
fn failed(error: DeviceError) -> anyhow::Error {
    anyhow::anyhow!("the device that tensors live on failed: {error:?}")
}

/// Gives every weight and bias of `model` its first values, layer by layer, weights before biases; other parameters stay as they are.
pub fn initialize<M: TensorCollection<f32, Device>>(model: &mut M, init: Initialization, stream: &mut Stream) -> Result<()> {
    initialize_with(model, init, stream)
}
