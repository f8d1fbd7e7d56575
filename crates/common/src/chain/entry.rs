//! A layer in its place: its name, its tensors, where its parameters lie.

use super::LayerSpec;
use crate::{
    layers::{Layer, Shape},
    parameters::{Parameter, Parameters},
};
use anyhow::Result;
use std::ops::Range;

/// A parameter tensor and where it lies.
#[derive(Debug, Clone)]
pub(super) struct TensorEntry {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) range: Range<usize>,
}

impl TensorEntry {
    /// The tensor with the given values.
    pub(super) fn named(&self, values: &[f32]) -> Parameter {
        Parameter { name: self.name.clone(), shape: self.shape.clone(), values: values.to_vec() }
    }
}

/// A layer in its place.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its name in the tuple or list, such as `1.0`.
    name: String,
    pub(super) layer: Box<dyn Layer>,
    pub(super) tensors: Vec<TensorEntry>,
    /// Where its parameters lie.
    pub(super) range: Range<usize>,
}

impl Entry {
    /// What the layer keeps and does not train.
    pub(super) fn buffers(&self) -> impl Iterator<Item = Parameter> {
        let named = |(name, values): (&str, &[f32])| Parameter {
            name: format!("{}.{name}", self.name),
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        self.layer.buffers().into_iter().map(named).collect::<Vec<_>>().into_iter()
    }

    /// Takes over what [`Entry::buffers`] gave.
    pub(super) fn load_buffers(&mut self, parameters: &Parameters) -> Result<()> {
        for (name, values) in self.layer.buffers_mut() {
            values.copy_from_slice(&parameters.get(&format!("{}.{name}", self.name), &[values.len()])?.values);
        }
        Ok(())
    }
}

/// The layers of a list or tuple, each in its place.
///
/// # Panics
/// If the layers do not fit together.
pub(super) fn entries(layers: LayerSpec) -> Vec<Entry> {
    let mut builder = Builder { path: Vec::new(), shape: None, entries: Vec::new() };
    builder.add(layers);
    builder.entries
}

struct Builder {
    path: Vec<String>,
    /// The shape of a sample behind the layers so far; none before the first.
    shape: Option<Shape>,
    entries: Vec<Entry>,
}

impl Builder {
    fn add(&mut self, layers: LayerSpec) {
        match layers {
            LayerSpec::Layer(make) => self.push(make(self.shape)),
            LayerSpec::Group(members) => {
                for (index, member) in members.into_iter().enumerate() {
                    self.path.push(index.to_string());
                    self.add(member);
                    self.path.pop();
                }
            }
        }
    }

    fn push(&mut self, layer: Box<dyn Layer>) {
        let name = self.path.join(".");
        let start = self.entries.last().map_or(0, |entry| entry.range.end);
        let mut end = start;
        let mut tensors = Vec::new();
        for (tensor, shape) in layer.parameter_shapes() {
            let range = end..end + shape.iter().product::<usize>();
            end = range.end;
            tensors.push(TensorEntry { name: format!("{name}.{tensor}"), shape, range });
        }
        self.shape = Some(layer.output_shape());
        self.entries.push(Entry { name, layer, tensors, range: start..end });
    }
}
