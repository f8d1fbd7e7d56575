//! Dropout.

#[cfg(not(feature = "cuda"))]
use super::device::Operation;
use super::{Batch, Device, DeviceError};
#[cfg(not(feature = "cuda"))]
use crate::layers::dropout::DropoutLayer;
use crate::{layers::Masks, rng::Stream};
use dfdx::{
    nn::{Module, ModuleMut, ZeroSizedModule},
    shapes::{Const, Dim},
    tensor::{NoneTape, OwnedTape},
};
#[cfg(feature = "cuda")]
use dfdx::{
    shapes::{HasShape, Shape},
    tensor::TensorFromVec,
    tensor_ops::TryMul,
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

impl<X: Batch<Tape = NoneTape>> Module<X> for Dropout {
    type Output = X;
    type Error = DeviceError;

    fn try_forward(&self, x: X) -> Result<X, DeviceError> {
        Ok(x)
    }
}

impl<B: Dim, const F: usize, X: Batch<Shape = (B, Const<F>), Tape = OwnedTape<f32, Device>>> ModuleMut<X> for Dropout {
    type Output = X;
    type Error = DeviceError;

    fn try_forward_mut(&mut self, x: X) -> Result<X, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let (form, layer) = (x.form(), DropoutLayer::new(x.n_values(), self.rate, self.masks.clone()));
            Operation { layer, parameters: (), samples: 1 }.apply(x, form)
        }
        #[cfg(feature = "cuda")]
        {
            let (x, mut keep) = (x.tensor(), Vec::new());
            self.masks.next(self.rate, x.shape().num_elements(), &mut keep);
            let scale = 1.0 / (1.0 - self.rate);
            let factors = keep.iter().map(|keep| if *keep { scale } else { 0.0 }).collect();
            let factors = x.device().try_tensor_from_vec(factors, *x.shape())?;
            x.try_mul(factors).map(X::of)
        }
    }
}
