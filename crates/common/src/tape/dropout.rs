//! Dropout.

use super::{Device, DeviceError, Tensor, operations};
use crate::{layers::Masks, rng::Stream};
use dfdx::{
    nn::{Module, ModuleMut, ZeroSizedModule},
    shapes::Shape,
    tensor::OwnedTape,
};

/// Inverted dropout, book section 7.6.5: in training mode ([`ModuleMut`]) each value is dropped with a probability of `rate`, and the others
/// are divided by 1 − rate; in evaluation mode ([`Module`]) all pass.
///
/// Built with a rate of 0.5 and the stream `"dropout"` of seed 0: give each such layer of a model a rate, and all of them one source of masks.
#[derive(Debug, Clone)]
pub struct Dropout {
    /// The probability of a value to be dropped, in [0, 1).
    pub rate: f32,
    /// Where the masks come from.
    pub masks: Masks,
}

impl Default for Dropout {
    fn default() -> Self {
        Self { rate: 0.5, masks: Masks::drawn(Stream::new(0, "dropout")) }
    }
}

impl ZeroSizedModule for Dropout {}

impl<S: Shape> Module<Tensor<S>> for Dropout {
    type Output = Tensor<S>;
    type Error = DeviceError;

    fn try_forward(&self, x: Tensor<S>) -> Result<Self::Output, DeviceError> {
        Ok(x)
    }
}

impl<S: Shape> ModuleMut<Tensor<S, OwnedTape<f32, Device>>> for Dropout {
    type Output = Tensor<S, OwnedTape<f32, Device>>;
    type Error = DeviceError;

    fn try_forward_mut(&mut self, x: Tensor<S, OwnedTape<f32, Device>>) -> Result<Self::Output, DeviceError> {
        operations::dropout(x, self.rate, &self.masks)
    }
}
