//! Batches on a CPU, and the one adapter that puts any [`Layer`] on dfdx's tape as one operation.
//!
//! Forward, it calls the layer's forward pass; on the way back, the layer's backward pass. A batch is a dfdx tensor, or a [`Flow`], whose values are
//! shared and never copied.

use super::{Device, DeviceError, Tensor, memory::Buffer};
use crate::{
    kernels::isa::Isa,
    layers::{self, Input, Layer, Output},
};
use dfdx::{
    shapes::{HasShape, Shape},
    tensor::{Gradients, NoneTape, PutTape, SplitTape, Tape, TensorFromVec},
};
use std::{cell::RefCell, ops::Deref, rc::Rc};

thread_local! {
    /// Where results live: to a CPU's tensors, a device is no more than a source of memory.
    static DEVICE: Device = Device::default();
}

/// A batch between two layers: rows one after the other, images [in lanes](crate::kernels::lanes).
#[derive(Debug, Clone)]
pub struct Flow<S, T = NoneTape> {
    shape: S,
    node: Node,
    tape: T,
}

/// The values of a [`Flow`], and the room where their gradient is collected.
#[derive(Debug, Clone)]
pub struct Node(Rc<Held>);

#[derive(Debug)]
struct Held {
    values: Buffer,
    /// Whether anybody asks for the gradient.
    is_tracked: bool,
    /// The gradient as far as it has arrived.
    gradient: RefCell<Option<Buffer>>,
}

impl Node {
    fn new(values: Buffer, is_tracked: bool) -> Self {
        Self(Rc::new(Held { values, is_tracked, gradient: RefCell::default() }))
    }
}

impl Deref for Node {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0.values
    }
}

/// A batch of rows whose gradient nobody asks for, with an empty tape.
#[allow(clippy::unnecessary_wraps, reason = "on a GPU it may fail")]
pub(super) fn constant<S: Shape, T: Tape<f32, Device>>(_: &Device, values: &[f32], shape: S) -> Result<Flow<S, T>, DeviceError> {
    let mut copy = Buffer::of(values.len());
    copy.copy_from_slice(values);
    Ok(Flow { shape, node: Node::new(copy, false), tape: T::default() })
}

impl<S, T> Flow<S, T> {
    /// Copies the values.
    ///
    /// # Panics
    /// If `values` has another length.
    pub fn copy_into(&self, values: &mut [f32]) {
        values.copy_from_slice(&self.node);
    }
}

/// A batch: a dfdx tensor of rows, or a [`Flow`].
pub trait Batch: Sized {
    /// Its shape.
    type Shape: Shape;
    /// Its tape.
    type Tape: Tape<f32, Device>;
    /// Its values, and the place of its gradient.
    type Key: Key;

    /// The shape.
    fn form(&self) -> Self::Shape;

    /// The number of its values.
    fn n_values(&self) -> usize;

    /// Key and tape.
    fn split(self) -> (Self::Key, Self::Tape);

    /// The key of a result.
    ///
    /// # Errors
    /// If the device fails.
    fn key(values: Buffer, shape: Self::Shape, is_tracked: bool) -> Result<Self::Key, DeviceError>;

    /// The result with its tape.
    fn join(key: Self::Key, shape: Self::Shape, tape: Self::Tape) -> Self;
}

/// The values of a batch, and the place of its gradient.
pub trait Key: Clone + 'static {
    /// The values, for whoever wants to keep them.
    type Values: Deref<Target = [f32]> + 'static;

    /// The values.
    fn values(&self) -> Self::Values;

    /// Whether anybody asks for the gradient.
    fn is_tracked(&self) -> bool;

    /// Lets `backward` compute the gradient and adds it to what has arrived; where nobody asks for one it is told so.
    ///
    /// # Errors
    /// If the device fails.
    fn add(&self, gradients: &mut Gradients<f32, Device>, backward: impl FnOnce(Option<&mut [f32]>)) -> Result<(), DeviceError>;

    /// Takes the gradient out; zeros if none has arrived.
    ///
    /// # Errors
    /// If the device fails.
    fn take(&self, gradients: &mut Gradients<f32, Device>) -> Result<Buffer, DeviceError>;
}

impl<S: Shape, T: Tape<f32, Device>> Batch for Tensor<S, T> {
    type Shape = S;
    type Tape = T;
    type Key = Tensor<S>;

    fn form(&self) -> S {
        *self.shape()
    }

    fn n_values(&self) -> usize {
        self.shape().num_elements()
    }

    fn split(self) -> (Tensor<S>, T) {
        self.split_tape()
    }

    fn key(values: Buffer, shape: S, _: bool) -> Result<Tensor<S>, DeviceError> {
        DEVICE.with(|device| device.try_tensor_from_vec(values.into_values(), shape))
    }

    fn join(key: Tensor<S>, _: S, tape: T) -> Self {
        key.put_tape(tape)
    }
}

impl<S: Shape> Key for Tensor<S> {
    type Values = Buffer;

    fn values(&self) -> Buffer {
        let mut values = Buffer::of(self.shape().num_elements());
        self.copy_into(&mut values);
        values
    }

    fn is_tracked(&self) -> bool {
        true
    }

    fn add(&self, gradients: &mut Gradients<f32, Device>, backward: impl FnOnce(Option<&mut [f32]>)) -> Result<(), DeviceError> {
        let sum = gradients.get_or_alloc_mut(self)?;
        let is_untouched = Isa::best().dispatch(|| sum.iter().fold(0, |bits, x| bits | x.to_bits()) == 0);
        if is_untouched {
            backward(Some(sum));
        } else {
            let mut gradient = Buffer::of(sum.len());
            backward(Some(&mut gradient));
            accumulate(sum, &gradient);
        }
        Ok(())
    }

    fn take(&self, gradients: &mut Gradients<f32, Device>) -> Result<Buffer, DeviceError> {
        Ok(std::mem::take(&mut **gradients.get_or_alloc_mut(self)?).into())
    }
}

impl<S: Shape, T: Tape<f32, Device>> Batch for Flow<S, T> {
    type Shape = S;
    type Tape = T;
    type Key = Node;

    fn form(&self) -> S {
        self.shape
    }

    fn n_values(&self) -> usize {
        self.node.len()
    }

    fn split(self) -> (Node, T) {
        (self.node, self.tape)
    }

    fn key(values: Buffer, _: S, is_tracked: bool) -> Result<Node, DeviceError> {
        Ok(Node::new(values, is_tracked))
    }

    fn join(node: Node, shape: S, tape: T) -> Self {
        Self { shape, node, tape }
    }
}

impl Key for Node {
    type Values = Self;

    fn values(&self) -> Self {
        self.clone()
    }

    fn is_tracked(&self) -> bool {
        self.0.is_tracked
    }

    fn add(&self, _: &mut Gradients<f32, Device>, backward: impl FnOnce(Option<&mut [f32]>)) -> Result<(), DeviceError> {
        if !self.0.is_tracked {
            backward(None);
            return Ok(());
        }
        let mut gradient = Buffer::of(self.len());
        backward(Some(&mut gradient));
        match &mut *self.0.gradient.borrow_mut() {
            Some(sum) => accumulate(sum, &gradient),
            none => *none = Some(gradient),
        }
        Ok(())
    }

    fn take(&self, _: &mut Gradients<f32, Device>) -> Result<Buffer, DeviceError> {
        Ok(self.0.gradient.take().unwrap_or_else(|| vec![0.0; self.len()].into()))
    }
}

/// Adds a gradient to what has arrived already. The first one is taken as it is, so that a negative zero keeps its sign.
fn accumulate(sum: &mut [f32], gradient: &[f32]) {
    for (sum, g) in sum.iter_mut().zip(gradient) {
        *sum = if *sum == 0.0 { *g } else { *sum + g };
    }
}

/// The parameter tensors of a layer, in their order.
pub(super) trait ParameterTensors {
    /// The same, as the tape keeps them.
    type Kept: 'static;

    /// All values, laid end to end.
    fn values(&self) -> Buffer;

    /// What the gradients are filed under.
    fn kept(self) -> Self::Kept;

    /// Adds the gradients, laid end to end.
    fn add(kept: &Self::Kept, gradients: &mut Gradients<f32, Device>, dparameters: &[f32]) -> Result<(), DeviceError>;
}

impl ParameterTensors for () {
    type Kept = ();

    fn values(&self) -> Buffer {
        Buffer::default()
    }

    fn kept(self) {}

    fn add((): &(), _: &mut Gradients<f32, Device>, _: &[f32]) -> Result<(), DeviceError> {
        Ok(())
    }
}

impl<A: Shape, B: Shape> ParameterTensors for (&Tensor<A>, &Tensor<B>) {
    type Kept = (Tensor<A>, Tensor<B>);

    fn values(&self) -> Buffer {
        let first = self.0.shape().num_elements();
        let mut values = Buffer::of(first + self.1.shape().num_elements());
        self.0.copy_into(&mut values[..first]);
        self.1.copy_into(&mut values[first..]);
        values
    }

    fn kept(self) -> Self::Kept {
        (self.0.clone(), self.1.clone())
    }

    fn add((a, b): &Self::Kept, gradients: &mut Gradients<f32, Device>, dparameters: &[f32]) -> Result<(), DeviceError> {
        let (first, second) = dparameters.split_at(a.shape().num_elements());
        accumulate(gradients.get_or_alloc_mut(a)?, first);
        accumulate(gradients.get_or_alloc_mut(b)?, second);
        Ok(())
    }
}

/// A layer, where its parameters are, and how many samples it is given.
pub(super) struct Operation<L, P> {
    pub(super) layer: L,
    pub(super) parameters: P,
    pub(super) samples: usize,
}

impl<L: Layer + 'static, P: ParameterTensors> Operation<L, P> {
    /// Runs the layer on `x` and leaves its backward pass on the tape. A batch with a tape is a training batch.
    pub(super) fn apply<X: Batch, Y: Batch<Tape = X::Tape>>(self, x: X, shape: Y::Shape) -> Result<Y, DeviceError> {
        self.apply_and_look(x, shape, |_| ())
    }

    /// The same, and a look at the layer after its forward pass.
    pub(super) fn apply_and_look<X: Batch, Y: Batch<Tape = X::Tape>>(
        self,
        x: X,
        shape: Y::Shape,
        look: impl FnOnce(&L),
    ) -> Result<Y, DeviceError> {
        let Self { mut layer, parameters, samples } = self;
        let (x_key, mut tape) = x.split();
        let (x, parameter_values) = (x_key.values(), parameters.values());
        let mut y = Buffer::of(layer.output_shape().size(samples));
        let input = Input { parameters: &parameter_values, x: &x, samples };
        if X::Tape::OWNS_TAPE {
            layer.forward_training(input, &mut y);
        } else {
            layer.forward(input, &mut y);
        }
        look(&layer);
        let is_tracked = X::Tape::OWNS_TAPE && (x_key.is_tracked() || !parameter_values.is_empty());
        let y_key = Y::key(y, shape, is_tracked)?;
        if is_tracked {
            let (output, parameters) = (y_key.clone(), parameters.kept());
            tape.add_backward_op(move |gradients| {
                let dy = output.take(gradients)?;
                let y = layer.reads_output().then(|| output.values());
                let y = y.as_deref().unwrap_or_default();
                let input = Input { parameters: &parameter_values, x: &x, samples };
                let mut dparameters = Buffer::of(parameter_values.len());
                x_key.add(gradients, |dx| {
                    layer.backward(input, Output { y, dy: &dy }, layers::Gradients { dx, dparameters: &mut dparameters });
                })?;
                P::add(&parameters, gradients, &dparameters)
            });
        }
        Ok(Y::join(y_key, shape, tape))
    }
}
