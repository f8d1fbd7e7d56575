//! Loss functions.

#[cfg(not(feature = "cuda"))]
use super::{Batch, device::Key, memory::Buffer};
use super::{DeviceError, Rows, Tensor};
#[cfg(not(feature = "cuda"))]
use crate::kernels::{isa::Isa, loss::Outputs};
use crate::{data::Labels, kernels::Loss};
use dfdx::shapes::Rank0;
#[cfg(not(feature = "cuda"))]
use dfdx::tensor::Tape;
#[cfg(feature = "cuda")]
use dfdx::{
    shapes::{Axes2, Axis, Dim, HasShape},
    tensor::{TensorFromVec, WithEmptyTape},
    tensor_ops::{MeanTo, SumTo, TryAdd, TryDiv, TryMul, TrySub},
};

/// Computes a [`Loss`] of the outputs, batch × C; backward its gradient with respect to each output.
///
/// # Errors
/// If the device fails.
pub fn loss<const C: usize, X: Rows<C>>(outputs: X, labels: &Labels, loss: Loss) -> Result<Tensor<Rank0, X::Tape>, DeviceError> {
    #[cfg(not(feature = "cuda"))]
    {
        let (key, mut tape) = outputs.split();
        let (isa, values, targets) = (Isa::best(), key.values(), labels.targets());
        let outputs = Outputs { values: &values, columns: C };
        let mut value = Buffer::of(1);
        value[0] = loss.value(isa, outputs, targets);
        let value = <Tensor<Rank0> as Batch>::key(value, (), X::Tape::OWNS_TAPE)?;
        if X::Tape::OWNS_TAPE {
            let mut gradient = Buffer::of(values.len());
            loss.gradient(isa, outputs, targets, &mut gradient);
            let result = value.clone();
            tape.add_backward_op(move |gradients| {
                let dloss = result.take(gradients)?;
                let scale = dloss.first().copied().unwrap_or_default();
                key.add(gradients, |doutputs| {
                    for (d, g) in doutputs.unwrap_or_default().iter_mut().zip(&*gradient) {
                        *d = if scale == 1.0 { *g } else { *g * scale };
                    }
                })
            });
        }
        Ok(Tensor::join(value, (), tape))
    }
    #[cfg(feature = "cuda")]
    {
        let outputs = outputs.tensor();
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
}
