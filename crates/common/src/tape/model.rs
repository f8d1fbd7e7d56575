//! A tuple model with its loss, trained through the tape.

use super::{
    Device, DeviceError, Flow,
    device::constant,
    parameters::{self, Read, read, visit, write},
    values,
};
use crate::{
    data::Labels,
    kernels::Loss,
    layers,
    matrix::Matrix,
    parameters::{Initialization, Parameters},
    rng::Stream,
    train::{Movable, Network, ParameterTensor},
};
use anyhow::Result;
use dfdx::{
    nn::{Module, ModuleMut, tensor_collection::TensorCollection},
    shapes::Const,
    tensor::{Gradients, NoneTape, OwnedTape, Tape},
    tensor_ops::Backward,
};

/// A batch of `C` features or outputs a sample.
type Batch<const C: usize, T = NoneTape> = Flow<(usize, Const<C>), T>;
type OnTape = OwnedTape<f32, Device>;

/// A dfdx model of `I` inputs and `C` outputs with its loss, book section 4.3.
///
/// It learns in training mode ([`ModuleMut`]): batches are normalised by their own statistics, units drop out. Its outputs are those of
/// evaluation mode ([`Module`]).
#[derive(Debug)]
pub struct Model<M, const I: usize, const C: usize> {
    module: M,
    /// The names of the trained parameters.
    names: Vec<String>,
    loss: Loss,
    device: Device,
    gradients: Gradients<f32, Device>,
    outputs: Matrix,
    batch_loss: f32,
}

impl<M: TensorCollection<f32, Device>, const I: usize, const C: usize> Model<M, I, C> {
    /// Pairs a model with its loss.
    #[must_use]
    pub fn new(model: M, loss: Loss) -> Self {
        let device = Device::default();
        let outputs = Matrix::zeros(0, C);
        let names = read(&model, Read::Trained).0.into_iter().map(|parameter| parameter.name).collect();
        Self { module: model, names, loss, device, gradients: Gradients::leaky(), outputs, batch_loss: f32::NAN }
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.module
    }

    fn batch<T: Tape<f32, Device>>(&self, x: &Matrix) -> Result<Batch<I, T>> {
        constant(&self.device, x.values(), (x.rows(), Const)).map_err(failed)
    }
}

impl<M, const I: usize, const C: usize> Network for Model<M, I, C>
where
    M: TensorCollection<f32, Device>
        + Module<Batch<I>, Output = Batch<C>, Error = DeviceError>
        + ModuleMut<Batch<I, OnTape>, Output = Batch<C, OnTape>, Error = DeviceError>
        + Movable,
{
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        let outputs = self.module.try_forward(self.batch::<NoneTape>(x)?).map_err(failed)?;
        let mut rows = Matrix::zeros(x.rows(), C);
        outputs.copy_into(rows.values_mut());
        Ok(rows)
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        layers::loss(self.loss, outputs, labels.targets())
    }

    fn forward_backward(&mut self, x: &Matrix, labels: &Labels) -> Result<()> {
        let outputs = self.module.try_forward_mut(self.batch::<OnTape>(x)?).map_err(failed)?;
        self.outputs.reshape(x.rows(), C);
        outputs.copy_into(self.outputs.values_mut());
        let loss = super::loss(outputs, labels, self.loss).map_err(failed)?;
        self.batch_loss = values(&loss)[0];
        self.gradients = loss.try_backward().map_err(failed)?;
        Ok(())
    }

    fn batch_outputs(&self) -> &Matrix {
        &self.outputs
    }

    fn batch_loss(&self, _: &Labels) -> f32 {
        self.batch_loss
    }

    fn visit_parameters(&mut self, look: &mut dyn FnMut(ParameterTensor)) -> Result<()> {
        visit(&mut self.module, &mut self.gradients, &self.names, look)
    }

    fn parameters(&self) -> Parameters {
        read(&self.module, Read::All)
    }

    fn look_at_values(&self, look: &mut dyn FnMut(&[f32])) {
        parameters::look_at(&self.module, look);
    }

    fn gradients(&self) -> Parameters {
        read(&self.module, Read::Gradients(&self.gradients))
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        write(&mut self.module, parameters)
    }
}

/// The device's error, which does not implement the standard trait on every device.
#[allow(clippy::needless_pass_by_value, reason = "the signature that map_err asks for")]
pub(super) fn failed(error: DeviceError) -> anyhow::Error {
    anyhow::anyhow!("the device that tensors live on failed: {error:?}")
}

/// Gives every weight and bias of `model` its first values, layer by layer, weights before biases; other parameters stay as they are.
///
/// # Errors
/// If the device fails.
pub fn initialize<M: TensorCollection<f32, Device>>(model: &mut M, init: Initialization, stream: &mut Stream) -> Result<()> {
    parameters::initialize(model, init, stream)
}
