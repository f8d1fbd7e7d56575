//! From the type of a tuple model to a list of layers.

use super::layer::{Layer, Place};
use crate::parameters::Parameter;
use std::ops::Range;

/// The shape of a sample between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Whatever the first layer asks for.
    Input,
    /// A row of this many features.
    Features(usize),
    /// An image.
    Image {
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
}

impl Shape {
    /// Values of a sample.
    ///
    /// # Panics
    /// If nothing is known yet.
    #[must_use]
    pub fn features(self) -> usize {
        match self {
            Self::Input => panic!("a model begins with a layer that knows the size of its input"),
            Self::Features(features) => features,
            Self::Image { channels, height, width } => channels * height * width,
        }
    }

    /// How a batch of such samples lies in memory.
    #[must_use]
    pub fn place(self) -> Place {
        if let Self::Image { .. } = self { Place::Lanes } else { Place::Rows }
    }
}

/// A parameter tensor's name and shape.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
}

impl Tensor {
    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A layer in its place.
#[derive(Debug)]
pub(super) struct Slot {
    /// Its name in the tuple, such as `1.0`.
    pub(super) name: String,
    pub(super) layer: Box<dyn Layer>,
    pub(super) tensors: Vec<Tensor>,
    /// Where its parameters lie.
    pub(super) range: Range<usize>,
}

impl Slot {
    /// The layer's part of `values`, laid end to end as the parameters are, as named tensors.
    pub(super) fn named(&self, values: &[f32]) -> Vec<Parameter> {
        let mut rest = &values[self.range.clone()];
        let named = self.tensors.iter().map(|tensor| {
            let (values, later) = rest.split_at(tensor.len());
            rest = later;
            Parameter { name: tensor.name.clone(), shape: tensor.shape.clone(), values: values.to_vec() }
        });
        named.collect()
    }
}

/// The layers of a model, while they are listed.
#[derive(Debug)]
pub struct Plan {
    path: Vec<String>,
    shape: Shape,
    slots: Vec<Slot>,
}

/// A layer or tuple of layers that can be unrolled.
pub trait Unroll {
    /// Appends its layers.
    fn unroll(plan: &mut Plan);
}

impl Plan {
    /// The layers of a model.
    #[must_use]
    pub fn of<M: Unroll>() -> Self {
        let mut plan = Self { path: Vec::new(), shape: Shape::Input, slots: Vec::new() };
        M::unroll(&mut plan);
        plan
    }

    /// The shape of a sample after the layers so far.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Appends a layer with the named parameter tensors, after which samples have the given shape.
    pub fn push(&mut self, layer: impl Layer + 'static, tensors: &[(&str, &[usize])], shape: Shape) {
        let name = self.path.join(".");
        let tensors: Vec<Tensor> =
            tensors.iter().map(|(tensor, shape)| Tensor { name: format!("{name}.{tensor}"), shape: shape.to_vec() }).collect();
        let start = self.parameters();
        let range = start..start + tensors.iter().map(Tensor::len).sum::<usize>();
        self.slots.push(Slot { name, layer: Box::new(layer), tensors, range });
        self.shape = shape;
    }

    /// Number of all parameters so far.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.slots.last().map_or(0, |slot| slot.range.end)
    }

    pub(super) fn into_slots(self) -> Vec<Slot> {
        self.slots
    }

    /// Unrolls the `index`-th part of a tuple.
    fn enter<M: Unroll>(&mut self, index: usize) {
        self.path.push(index.to_string());
        M::unroll(self);
        self.path.pop();
    }
}

/// Unrolls tuples part by part, as dfdx's own walk over them does.
macro_rules! tuples {
    ($($($part:ident $index:literal),+;)+) => {$(
        impl<$($part: Unroll),+> Unroll for ($($part,)+) {
            fn unroll(plan: &mut Plan) {
                $(plan.enter::<$part>($index);)+
            }
        }
    )+};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
}
