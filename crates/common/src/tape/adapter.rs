//! The one adapter that puts any [`Layer`] on dfdx's tape as one operation.
//!
//! Forward, it calls the layer's forward pass; on the way back, the layer's backward pass. Rows travel as dfdx tensors. Images travel in lanes, shared and
//! never copied, beside a token on the tape that collects their gradient ([`Images`](super::Images)).

use super::{Device, DeviceError, Tensor, memory::Buffer};
use crate::{
    kernels::isa::Isa,
    layers::{self, Input, Layer, Output},
};
use dfdx::{
    shapes::{HasShape, Shape},
    tensor::{Gradients, PutTape, SplitTape, Tape, TensorFromVec},
};
use std::sync::Arc;

/// A batch that goes into a layer.
pub(crate) trait Batch {
    /// The tape that it carries.
    type Tape: Tape<f32, Device>;
    /// What its gradient is filed under.
    type Key: InputKey;

    /// The values, the key, and the tape.
    fn split(self) -> (Arc<Buffer>, Self::Key, Self::Tape);
}

/// What the gradient of a layer's input is filed under.
pub(crate) trait InputKey: 'static {
    /// Lets `backward` compute the gradient, `n` values, and adds it to what has arrived; where nobody asks for one it is told so.
    fn add(
        &self,
        gradients: &mut Gradients<f32, Device>,
        n: usize,
        backward: impl FnOnce(Option<&mut [f32]>),
    ) -> Result<(), DeviceError>;
}

/// What the gradient of a layer's output is filed under.
pub(crate) trait OutputKey: Clone + 'static {
    /// The output with a tape.
    type On<T: Tape<f32, Device>>;
    /// What its values do not say: the shape.
    type Form;

    /// The key of an output, and its values where they are shared.
    fn make(device: &Device, values: Buffer, form: Self::Form) -> Result<(Self, Arc<Buffer>), DeviceError>;

    /// The output with its tape.
    fn on<T: Tape<f32, Device>>(self, shared: Arc<Buffer>, tape: T) -> Self::On<T>;

    /// The values once more.
    fn values(&self, shared: &Arc<Buffer>) -> Arc<Buffer>;

    /// Takes the gradient out.
    fn take(&self, gradients: &mut Gradients<f32, Device>) -> Result<Buffer, DeviceError>;
}

impl<S: Shape, T: Tape<f32, Device>> Batch for Tensor<S, T> {
    type Tape = T;
    type Key = Tensor<S>;

    fn split(self) -> (Arc<Buffer>, Tensor<S>, T) {
        let (tensor, tape) = self.split_tape();
        (Arc::new(copied(&tensor)), tensor, tape)
    }
}

impl<S: Shape> InputKey for Tensor<S> {
    fn add(
        &self,
        gradients: &mut Gradients<f32, Device>,
        n: usize,
        backward: impl FnOnce(Option<&mut [f32]>),
    ) -> Result<(), DeviceError> {
        let sum = gradients.get_or_alloc_mut(self)?;
        if is_untouched(sum) {
            backward(Some(sum));
        } else {
            let mut gradient = Buffer::of(n);
            backward(Some(&mut gradient));
            accumulate(sum, &gradient);
        }
        Ok(())
    }
}

impl<S: Shape> OutputKey for Tensor<S> {
    type On<T: Tape<f32, Device>> = Tensor<S, T>;
    type Form = S;

    fn make(device: &Device, values: Buffer, shape: S) -> Result<(Self, Arc<Buffer>), DeviceError> {
        Ok((device.try_tensor_from_vec(values.into_values(), shape)?, Arc::default()))
    }

    fn on<T: Tape<f32, Device>>(self, _: Arc<Buffer>, tape: T) -> Tensor<S, T> {
        self.put_tape(tape)
    }

    fn values(&self, _: &Arc<Buffer>) -> Arc<Buffer> {
        Arc::new(copied(self))
    }

    fn take(&self, gradients: &mut Gradients<f32, Device>) -> Result<Buffer, DeviceError> {
        Ok(std::mem::take(&mut **gradients.get_or_alloc_mut(self)?).into())
    }
}

/// A batch whose gradient nobody asks for, such as the inputs of a network that is trained.
#[derive(Debug, Clone)]
pub struct Constant<X>(pub X);

/// The key of a [`Constant`].
#[derive(Debug, Clone)]
pub(crate) struct Untracked;

impl<S: Shape, T: Tape<f32, Device>> Batch for Constant<Tensor<S, T>> {
    type Tape = T;
    type Key = Untracked;

    fn split(self) -> (Arc<Buffer>, Untracked, T) {
        let (values, _, tape) = self.0.split();
        (values, Untracked, tape)
    }
}

impl InputKey for Untracked {
    fn add(
        &self,
        _: &mut Gradients<f32, Device>,
        _: usize,
        backward: impl FnOnce(Option<&mut [f32]>),
    ) -> Result<(), DeviceError> {
        backward(None);
        Ok(())
    }
}

/// A copy of the values of a tensor, which must be contiguous: every tensor that our operations and layers make is.
fn copied<S: Shape, T>(tensor: &Tensor<S, T>) -> Buffer {
    let mut values = Buffer::of(tensor.shape().num_elements());
    tensor.copy_into(&mut values);
    values
}

/// Whether no gradient has arrived yet: all bits are 0.
fn is_untouched(sum: &[f32]) -> bool {
    Isa::best().dispatch(|| sum.iter().fold(0, |bits, x| bits | x.to_bits()) == 0)
}

/// Adds a gradient to what has arrived already. The first one is taken as it is, so that a negative zero keeps its sign.
pub(super) fn accumulate(sum: &mut [f32], gradient: &[f32]) {
    for (sum, g) in sum.iter_mut().zip(gradient) {
        *sum = if *sum == 0.0 { *g } else { *sum + g };
    }
}

/// The parameter tensors of a layer, in their order.
pub(crate) trait ParameterTensors: 'static {
    /// All values, laid end to end.
    fn values(&self) -> Buffer;

    /// Adds the gradients, laid end to end.
    fn add(&self, gradients: &mut Gradients<f32, Device>, dparameters: &[f32]) -> Result<(), DeviceError>;
}

impl ParameterTensors for () {
    fn values(&self) -> Buffer {
        Buffer::default()
    }

    fn add(&self, _: &mut Gradients<f32, Device>, _: &[f32]) -> Result<(), DeviceError> {
        Ok(())
    }
}

impl<A: Shape, B: Shape> ParameterTensors for (Tensor<A>, Tensor<B>) {
    fn values(&self) -> Buffer {
        let first = self.0.shape().num_elements();
        let mut values = Buffer::of(first + self.1.shape().num_elements());
        self.0.copy_into(&mut values[..first]);
        self.1.copy_into(&mut values[first..]);
        values
    }

    fn add(&self, gradients: &mut Gradients<f32, Device>, dparameters: &[f32]) -> Result<(), DeviceError> {
        let (first, second) = dparameters.split_at(self.0.shape().num_elements());
        accumulate(gradients.get_or_alloc_mut(&self.0)?, first);
        accumulate(gradients.get_or_alloc_mut(&self.1)?, second);
        Ok(())
    }
}

/// A layer, and where its parameters are.
pub(crate) struct Operation<L, P> {
    pub(crate) layer: L,
    pub(crate) parameters: P,
    pub(crate) samples: usize,
}

impl<L: Layer + 'static, P: ParameterTensors> Operation<L, P> {
    /// Runs the layer on `x` and leaves its backward pass on the tape. A batch with a tape is a training batch.
    pub(crate) fn apply<B: Batch, K: OutputKey>(
        self,
        device: &Device,
        x: B,
        form: K::Form,
    ) -> Result<K::On<B::Tape>, DeviceError> {
        self.apply_and_look::<B, K>(device, x, form, |_| ())
    }

    /// The same, and a look at the layer after its forward pass.
    pub(crate) fn apply_and_look<B: Batch, K: OutputKey>(
        self,
        device: &Device,
        x: B,
        form: K::Form,
        look: impl FnOnce(&L),
    ) -> Result<K::On<B::Tape>, DeviceError> {
        let Self { mut layer, parameters, samples } = self;
        let (x, x_key, mut tape) = x.split();
        let parameter_values = parameters.values();
        let mut y = Buffer::of(layer.output_shape().size(samples));
        let input = Input { parameters: &parameter_values, x: &x, samples };
        if B::Tape::OWNS_TAPE {
            layer.forward_training(input, &mut y);
        } else {
            layer.forward(input, &mut y);
        }
        look(&layer);
        let (y_key, y) = K::make(device, y, form)?;
        if !B::Tape::OWNS_TAPE {
            return Ok(y_key.on(y, tape));
        }
        let (output, shared) = (y_key.clone(), Arc::clone(&y));
        tape.add_backward_op(move |gradients| {
            let dy = output.take(gradients)?;
            let y = if layer.reads_output() { output.values(&shared) } else { Arc::default() };
            let input = Input { parameters: &parameter_values, x: &x, samples };
            let mut dparameters = Buffer::of(parameter_values.len());
            x_key.add(gradients, x.len(), |dx| {
                layer.backward(input, Output { y: &y, dy: &dy }, layers::Gradients { dx, dparameters: &mut dparameters });
            })?;
            parameters.add(gradients, &dparameters)
        });
        Ok(y_key.on(y, tape))
    }
}
