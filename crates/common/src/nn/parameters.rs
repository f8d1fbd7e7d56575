//! Walks over the parameters of a dfdx model.

use crate::{
    ops::{Device, Tensor, values},
    optim::{Optimizer, Trainable},
    parameters::{Initialization, Parameter, Parameters},
    rng::Stream,
};
use anyhow::{Error, Result};
use dfdx::{
    nn::tensor_collection::{
        RecursiveWalker, TensorCollection, TensorOptions, TensorVisitor, ViewTensorMut, ViewTensorName, ViewTensorRef,
    },
    shapes::{HasShape, Shape},
    tensor::Gradients,
};

/// Copies all parameters of `model`, or their gradients if they are given.
///
/// # Panics
/// If a parameter has no gradient.
pub(super) fn read<M: TensorCollection<f32, Device>>(model: &M, gradients: Option<&Gradients<f32, Device>>) -> Parameters {
    let mut reader = Reader { gradients, parameters: Vec::new() };
    let walked = M::iter_tensors(&mut RecursiveWalker { m: (model, String::new()), f: &mut reader });
    debug_assert!(walked.is_ok(), "reading cannot fail");
    Parameters(reader.parameters)
}

struct Reader<'a> {
    gradients: Option<&'a Gradients<f32, Device>>,
    parameters: Vec<Parameter>,
}

impl TensorVisitor<f32, Device> for Reader<'_> {
    type Viewer = (ViewTensorRef, ViewTensorName);
    type Err = Error;
    type E2 = f32;
    type D2 = Device;

    fn visit<S: Shape>(
        &mut self,
        _: TensorOptions<S, f32, Device>,
        (tensor, name): (&Tensor<S>, String),
    ) -> Result<Option<Tensor<S>>> {
        let shape = tensor.shape().concrete().into_iter().collect();
        let values = self.gradients.map_or_else(|| values(tensor), |gradients| values(&gradients.get(tensor)));
        self.parameters.push(Parameter { name, shape, values });
        Ok(None)
    }
}

/// Overwrites all parameters of `model` by those of the same names.
pub(super) fn write<M: TensorCollection<f32, Device>>(model: &mut M, parameters: &Parameters) -> Result<()> {
    edit(model, |name, shape, tensor| {
        tensor.copy_from_slice(&parameters.get(name, shape)?.values);
        Ok(())
    })
}

/// Draws all parameters of `model` anew.
pub(super) fn initialize_with<M: TensorCollection<f32, Device>>(
    model: &mut M,
    init: Initialization,
    stream: &mut Stream,
) -> Result<()> {
    edit(model, |name, _, tensor| {
        let initializer = if name.ends_with("bias") { init.bias } else { init.weight };
        tensor.copy_from_slice(&initializer.draw(tensor.len(), stream));
        Ok(())
    })
}

fn edit<M: TensorCollection<f32, Device>>(
    model: &mut M,
    change: impl FnMut(&str, &[usize], &mut [f32]) -> Result<()>,
) -> Result<()> {
    M::iter_tensors(&mut RecursiveWalker { m: (model, String::new()), f: &mut Editor { change } })?;
    Ok(())
}

struct Editor<F> {
    change: F,
}

impl<F: FnMut(&str, &[usize], &mut [f32]) -> Result<()>> TensorVisitor<f32, Device> for Editor<F> {
    type Viewer = (ViewTensorMut, ViewTensorName);
    type Err = Error;
    type E2 = f32;
    type D2 = Device;

    fn visit<S: Shape>(
        &mut self,
        _: TensorOptions<S, f32, Device>,
        (tensor, name): (&mut Tensor<S>, String),
    ) -> Result<Option<Tensor<S>>> {
        let shape: Vec<usize> = tensor.shape().concrete().into_iter().collect();
        let mut edited = values(tensor);
        (self.change)(&name, &shape, &mut edited)?;
        tensor.copy_from(&edited);
        Ok(None)
    }
}

/// Lets `optimizer` move the trained parameters of `model` along their gradients, all in one step.
pub(super) fn update<M, O>(
    model: &mut M,
    gradients: &Gradients<f32, Device>,
    optimizer: &mut O,
    buffers: &mut Buffers,
) -> Result<()>
where
    M: TensorCollection<f32, Device>,
    O: Optimizer,
{
    buffers.clear();
    M::iter_tensors(&mut RecursiveWalker { m: &*model, f: &mut Gatherer { gradients, buffers } })?;
    buffers.step(optimizer);
    M::iter_tensors(&mut RecursiveWalker { m: model, f: &mut Scatterer { moved: &buffers.parameters } })?;
    Ok(())
}

/// Copies of the trained parameters and their gradients, laid end to end: the tensors themselves lie on the device.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    parameters: Vec<f32>,
    gradients: Vec<f32>,
    lengths: Vec<usize>,
}

impl Buffers {
    fn clear(&mut self) {
        self.parameters.clear();
        self.gradients.clear();
        self.lengths.clear();
    }

    /// Moves the copies.
    fn step(&mut self, optimizer: &mut impl Optimizer) {
        let (mut parameters, mut gradients) = (self.parameters.as_mut_slice(), self.gradients.as_slice());
        let tensors = self.lengths.iter().map(|&n| {
            let (parameter, gradient);
            (parameter, parameters) = std::mem::take(&mut parameters).split_at_mut(n);
            (gradient, gradients) = gradients.split_at(n);
            Trainable { parameter, gradient }
        });
        optimizer.step_tensors(&mut tensors.collect::<Vec<_>>());
    }
}

struct Gatherer<'a> {
    gradients: &'a Gradients<f32, Device>,
    buffers: &'a mut Buffers,
}

impl TensorVisitor<f32, Device> for Gatherer<'_> {
    type Viewer = ViewTensorRef;
    type Err = Error;
    type E2 = f32;
    type D2 = Device;

    fn visit<S: Shape>(&mut self, options: TensorOptions<S, f32, Device>, tensor: &Tensor<S>) -> Result<Option<Tensor<S>>> {
        if options.do_gradient_update {
            self.buffers.lengths.push(tensor.shape().num_elements());
            append(tensor, &mut self.buffers.parameters);
            append(&self.gradients.get(tensor), &mut self.buffers.gradients);
        }
        Ok(None)
    }
}

/// Appends the values of `tensor`.
fn append<S: Shape>(tensor: &Tensor<S>, values: &mut Vec<f32>) {
    let start = values.len();
    values.resize(start + tensor.shape().num_elements(), 0.0);
    tensor.copy_into(&mut values[start..]);
}

/// Writes values back, from the front of `moved`.
struct Scatterer<'a> {
    moved: &'a [f32],
}

impl TensorVisitor<f32, Device> for Scatterer<'_> {
    type Viewer = ViewTensorMut;
    type Err = Error;
    type E2 = f32;
    type D2 = Device;

    fn visit<S: Shape>(&mut self, options: TensorOptions<S, f32, Device>, tensor: &mut Tensor<S>) -> Result<Option<Tensor<S>>> {
        if options.do_gradient_update {
            let (values, rest) = self.moved.split_at(tensor.shape().num_elements());
            tensor.copy_from(values);
            self.moved = rest;
        }
        Ok(None)
    }
}
