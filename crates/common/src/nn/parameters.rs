//! Walks over the parameters of a dfdx model.

use crate::{
    ops::{Device, Tensor, values},
    optim::Optimizer,
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
    edit(model, |name, shape, tensor| {
        let initializer = if name.ends_with("bias") { init.bias } else { init.weight };
        tensor.copy_from_slice(&initializer.draw(shape, stream));
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

/// Lets `optimizer` move each trained parameter of `model` along its gradient.
pub(super) fn update<M, O>(model: &mut M, gradients: &Gradients<f32, Device>, optimizer: &mut O) -> Result<()>
where
    M: TensorCollection<f32, Device>,
    O: Optimizer,
{
    M::iter_tensors(&mut RecursiveWalker { m: model, f: &mut Updater { gradients, optimizer } })?;
    Ok(())
}

struct Updater<'a, O> {
    gradients: &'a Gradients<f32, Device>,
    optimizer: &'a mut O,
}

impl<O: Optimizer> TensorVisitor<f32, Device> for Updater<'_, O> {
    type Viewer = ViewTensorMut;
    type Err = Error;
    type E2 = f32;
    type D2 = Device;

    fn visit<S: Shape>(&mut self, options: TensorOptions<S, f32, Device>, tensor: &mut Tensor<S>) -> Result<Option<Tensor<S>>> {
        if options.do_gradient_update {
            let mut parameter = values(tensor);
            self.optimizer.update(&mut parameter, &values(&self.gradients.get(tensor)));
            tensor.copy_from(&parameter);
        }
        Ok(None)
    }
}
