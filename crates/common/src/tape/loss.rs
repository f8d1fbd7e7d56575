//! Loss functions.

use super::{Device, DeviceError, Tensor};
use crate::{data::Labels, kernels::Loss};
use dfdx::{
    shapes::{Const, Dim, Rank0},
    tensor::Tape,
};

/// Computes a [`Loss`] of the outputs, batch × C; backward its gradient with respect to each output.
#[cfg(not(feature = "cuda"))]
pub fn loss<B: Dim, const C: usize, T: Tape<f32, Device>>(
    outputs: Tensor<(B, Const<C>), T>,
    labels: &Labels,
    loss: Loss,
) -> Result<Tensor<Rank0, T>, DeviceError> {
    use super::{adapter::accumulate, values};
    use crate::kernels::{isa::Isa, loss::Outputs};
    use dfdx::tensor::{PutTape, SplitTape, TensorFromVec};

    let isa = Isa::best();
    let (outputs, mut tape) = outputs.split_tape();
    let rows = values(&outputs);
    let value = loss.value(isa, Outputs { values: &rows, columns: C }, labels.targets());
    let value = outputs.device().try_tensor_from_vec(vec![value], ())?;

    let result = value.clone();
    let mut doutputs = vec![0.0; rows.len()];
    if T::OWNS_TAPE {
        loss.gradient(isa, Outputs { values: &rows, columns: C }, labels.targets(), &mut doutputs);
    }
    tape.add_backward_op(move |gradients| {
        let dloss = std::mem::take(&mut **gradients.get_or_alloc_mut(&result)?);
        let scale = dloss.first().copied().unwrap_or_default();
        if scale != 1.0 {
            for d in &mut doutputs {
                *d *= scale;
            }
        }
        accumulate(gradients.get_or_alloc_mut(&outputs)?, &doutputs);
        Ok(())
    });
    Ok(value.put_tape(tape))
}

/// Computes a [`Loss`] of the outputs, batch × C, composed of dfdx's operations.
#[cfg(feature = "cuda")]
#[allow(clippy::disallowed_methods, reason = "bits are not promised on a GPU")]
pub fn loss<B: Dim, const C: usize, T: Tape<f32, Device>>(
    outputs: Tensor<(B, Const<C>), T>,
    labels: &Labels,
    loss: Loss,
) -> Result<Tensor<Rank0, T>, DeviceError> {
    use dfdx::{
        shapes::{Axes2, Axis, HasShape},
        tensor::{TensorFromVec, WithEmptyTape},
        tensor_ops::{MeanTo, SumTo, TryAdd, TryDiv, TryMul, TrySub},
    };

    let shape = *outputs.shape();
    let n = shape.0.size() as f32;
    let targets = match labels {
        Labels::Values(values) => values.values().to_vec(),
        Labels::Classes(classes) => {
            let mut one_hot = vec![0.0; classes.len() * C];
            for (row, class) in one_hot.chunks_exact_mut(C).zip(classes) {
                row[*class] = 1.0;
            }
            one_hot
        }
    };
    let targets = outputs.device().try_tensor_from_vec(targets, shape)?;
    match loss {
        Loss::BinaryCrossEntropy => {
            let rest = outputs.with_empty_tape().try_negate()?.try_add(1.0)?.try_ln()?.try_clamp(-100.0, 0.0)?;
            let others = targets.clone().try_negate()?.try_add(1.0)?;
            let terms = outputs.try_ln()?.try_clamp(-100.0, 0.0)?.try_mul(targets)?.try_add(rest.try_mul(others)?)?;
            terms.try_sum::<_, Axes2<0, 1>>()?.try_div(-n)
        }
        Loss::BinaryCrossEntropyWithLogits => {
            let bend = outputs.with_empty_tape().try_abs()?.try_negate()?.try_exp()?.try_add(1.0)?.try_ln()?;
            let product = outputs.with_empty_tape().try_mul(targets)?;
            outputs.try_relu()?.try_sub(product)?.try_add(bend)?.try_sum::<_, Axes2<0, 1>>()?.try_div(n)
        }
        Loss::SoftmaxCrossEntropy => {
            outputs.try_log_softmax::<Axis<1>>()?.try_mul(targets)?.try_sum::<_, Axes2<0, 1>>()?.try_div(-n)
        }
        Loss::MeanSquaredError => outputs.try_sub(targets)?.try_square()?.try_mean::<_, Axes2<0, 1>>(),
        Loss::HalfSquaredError => outputs.try_sub(targets)?.try_square()?.try_sum::<_, Axes2<0, 1>>()?.try_div(2.0 * n),
    }
}
