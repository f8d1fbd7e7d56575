//! Activation functions.

use super::{Device, DeviceError, Tensor};
use crate::kernels::Activation;
use dfdx::{shapes::Shape, tensor::Tape};

/// Computes a = f(z) element by element; backward dz = da ⊙ f′(z), book eq. 4.9 and 4.16.
#[cfg(not(feature = "cuda"))]
pub fn activate<S: Shape, T: Tape<f32, Device>>(z: Tensor<S, T>, f: Activation) -> Result<Tensor<S, T>, DeviceError> {
    use super::{accumulate, values};
    use crate::kernels::{activation::Activated, isa::Isa};
    use dfdx::{
        shapes::HasShape,
        tensor::{PutTape, SplitTape, TensorFromVec},
    };

    let isa = Isa::best();
    let (z, mut tape) = z.split_tape();
    let z_values = values(&z);
    let mut a_values = vec![0.0; z_values.len()];
    f.forward(isa, &z_values, &mut a_values);
    let a = z.device().try_tensor_from_vec(a_values.clone(), *z.shape())?;

    let output = a.clone();
    tape.add_backward_op(move |gradients| {
        let da = std::mem::take(&mut **gradients.get_or_alloc_mut(&output)?);
        let mut dz = vec![0.0; da.len()];
        f.backward(isa, Activated { z: &z_values, a: &a_values }, &da, &mut dz);
        accumulate(gradients.get_or_alloc_mut(&z)?, &dz);
        Ok(())
    });
    Ok(a.put_tape(tape))
}

/// Computes a = f(z) element by element, composed of dfdx's operations.
#[cfg(feature = "cuda")]
#[allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU")]
pub fn activate<S: Shape, T: Tape<f32, Device>>(z: Tensor<S, T>, f: Activation) -> Result<Tensor<S, T>, DeviceError> {
    use dfdx::{
        tensor::WithEmptyTape,
        tensor_ops::{TryAdd, TryMul, TrySub},
    };

    match f {
        Activation::Identity => Ok(z),
        Activation::Logistic => z.try_sigmoid(),
        Activation::Tanh => z.try_tanh(),
        Activation::Relu => z.try_relu(),
        Activation::LeakyRelu { slope } => {
            let negative = z.with_empty_tape().try_negate()?.try_relu()?.try_mul(slope)?;
            z.try_relu()?.try_sub(negative)
        }
        Activation::HardLogistic => z.try_mul(0.25)?.try_add(0.5)?.try_clamp(0.0, 1.0),
        Activation::HardTanh => z.try_clamp(-1.0, 1.0),
        Activation::Elu { alpha } => {
            let below = z.with_empty_tape().try_clamp(f32::MIN, 0.0)?.try_exp()?.try_sub(1.0)?.try_mul(alpha)?;
            z.try_relu()?.try_add(below)
        }
        Activation::Softplus => {
            let bend = z.with_empty_tape().try_abs()?.try_negate()?.try_exp()?.try_add(1.0)?.try_ln()?;
            z.try_relu()?.try_add(bend)
        }
        Activation::Swish { beta } => {
            let gate = z.with_empty_tape().try_mul(beta)?.try_sigmoid()?;
            z.try_mul(gate)
        }
    }
}
