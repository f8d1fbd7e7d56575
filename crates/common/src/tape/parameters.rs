//! Walks over the parameters of a dfdx model.

use super::{Device, Tensor, copy_values, values};
use crate::{
    parameters::{Initialization, Parameter, Parameters},
    rng::Stream,
    train::ParameterTensor,
};
use anyhow::{Error, Result, anyhow};
use dfdx::{
    nn::tensor_collection::{
        RecursiveWalker, TensorCollection, TensorOptions, TensorVisitor, ViewTensorMut, ViewTensorName, ViewTensorRef,
    },
    shapes::{HasShape, Shape},
    tensor::Gradients,
};

/// What is read of a model's parameters.
#[derive(Clone, Copy)]
pub(super) enum Read<'a> {
    /// The values of all, running statistics among them.
    All,
    /// The values of the trained ones.
    Trained,
    /// The gradients of the trained ones.
    Gradients(&'a Gradients<f32, Device>),
}

/// Copies what is asked for of the parameters of `model`.
///
/// # Panics
/// If a trained parameter has no gradient.
pub(super) fn read<M: TensorCollection<f32, Device>>(model: &M, what: Read) -> Parameters {
    let mut reader = Reader { what, parameters: Vec::new() };
    let walked = M::iter_tensors(&mut RecursiveWalker { m: (model, String::new()), f: &mut reader });
    debug_assert!(walked.is_ok(), "reading cannot fail");
    Parameters(reader.parameters)
}

struct Reader<'a> {
    what: Read<'a>,
    parameters: Vec<Parameter>,
}

impl TensorVisitor<f32, Device> for Reader<'_> {
    type Viewer = (ViewTensorRef, ViewTensorName);
    type Err = Error;
    type E2 = f32;
    type D2 = Device;

    fn visit<S: Shape>(
        &mut self,
        options: TensorOptions<S, f32, Device>,
        (tensor, name): (&Tensor<S>, String),
    ) -> Result<Option<Tensor<S>>> {
        let values = match self.what {
            Read::Trained | Read::Gradients(_) if !options.do_gradient_update => return Ok(None),
            Read::All | Read::Trained => values(tensor),
            Read::Gradients(gradients) => values(&gradients.get(tensor)),
        };
        let shape = tensor.shape().concrete().into_iter().collect();
        self.parameters.push(Parameter { name, shape, values });
        Ok(None)
    }
}

/// Shows the values of all parameters of `model`.
pub(super) fn look_at<M: TensorCollection<f32, Device>>(model: &M, look: &mut dyn FnMut(&[f32])) {
    let walked = M::iter_tensors(&mut RecursiveWalker { m: model, f: &mut Looker { look, values: Vec::new() } });
    debug_assert!(walked.is_ok(), "reading cannot fail");
}

struct Looker<'a> {
    look: &'a mut dyn FnMut(&[f32]),
    /// A copy of the tensor at hand, which itself lies on the device.
    values: Vec<f32>,
}

impl TensorVisitor<f32, Device> for Looker<'_> {
    type Viewer = ViewTensorRef;
    type Err = Error;
    type E2 = f32;
    type D2 = Device;

    fn visit<S: Shape>(&mut self, _: TensorOptions<S, f32, Device>, tensor: &Tensor<S>) -> Result<Option<Tensor<S>>> {
        copy_values(tensor, &mut self.values);
        (self.look)(&self.values);
        Ok(None)
    }
}

/// Overwrites all parameters of `model` by those of the same names.
pub(super) fn write<M: TensorCollection<f32, Device>>(model: &mut M, parameters: &Parameters) -> Result<()> {
    edit(model, |name, shape, values| {
        values.copy_from_slice(&parameters.get(name, shape)?.values);
        Ok(())
    })
}

/// Gives every weight and bias of `model` its first values, layer by layer, weights before biases; other parameters stay as they are.
pub(super) fn initialize<M: TensorCollection<f32, Device>>(
    model: &mut M,
    init: Initialization,
    stream: &mut Stream,
) -> Result<()> {
    edit(model, |name, shape, values| {
        if let Some(drawn) = init.first_values(name, shape, stream) {
            values.copy_from_slice(&drawn);
        }
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

/// Shows each trained parameter of `model` with its gradient, both to be changed.
pub(super) fn visit<M: TensorCollection<f32, Device>>(
    model: &mut M,
    gradients: &mut Gradients<f32, Device>,
    names: &[String],
    look: &mut dyn FnMut(ParameterTensor),
) -> Result<()> {
    let mut visitor = Visitor { gradients, names: names.iter(), look, values: Vec::new() };
    M::iter_tensors(&mut RecursiveWalker { m: model, f: &mut visitor })?;
    Ok(())
}

struct Visitor<'a> {
    gradients: &'a mut Gradients<f32, Device>,
    names: std::slice::Iter<'a, String>,
    look: &'a mut dyn FnMut(ParameterTensor),
    /// A copy of the tensor at hand, which itself lies on the device.
    values: Vec<f32>,
}

impl TensorVisitor<f32, Device> for Visitor<'_> {
    type Viewer = ViewTensorMut;
    type Err = Error;
    type E2 = f32;
    type D2 = Device;

    fn visit<S: Shape>(&mut self, options: TensorOptions<S, f32, Device>, tensor: &mut Tensor<S>) -> Result<Option<Tensor<S>>> {
        if !options.do_gradient_update {
            return Ok(None);
        }
        let Self { gradients, names, look, values } = self;
        let name = names.next().ok_or_else(|| anyhow!("a model has more parameters than gradients"))?;
        copy_values(tensor, values);
        #[cfg(not(feature = "cuda"))]
        look(ParameterTensor { name, values, gradient: gradients.get_or_alloc_mut(&*tensor)? });
        #[cfg(feature = "cuda")]
        {
            let mut gradient = super::values(&gradients.get(&*tensor));
            look(ParameterTensor { name, values, gradient: &mut gradient });
        }
        tensor.copy_from(values);
        Ok(None)
    }
}
