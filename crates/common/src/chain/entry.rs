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

/// A part of a pass: one layer, or two that are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stage {
    /// The number of the first layer.
    pub(super) first: usize,
    /// The number of the last layer.
    pub(super) last: usize,
}

impl Stage {
    /// One layer.
    pub(super) fn of(layer: usize) -> Self {
        Self { first: layer, last: layer }
    }

    fn is_merged(self) -> bool {
        self.first < self.last
    }
}

/// The stages of a pass in which nobody looks at the values between layers that can be merged.
pub(super) fn stages(entries: &[Entry]) -> Vec<Stage> {
    let merged = |l: usize| entries.get(l).is_some_and(|entry| entry.merged.is_some());
    let last = (0..entries.len()).filter(|&l| !merged(l + 1));
    last.map(|last| Stage { first: last - usize::from(merged(last)), last }).collect()
}

/// A layer in its place.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its name in the tuple or list, such as `1.0`.
    name: String,
    pub(super) layer: Box<dyn Layer>,
    /// What takes its place and that of the layer before it where nobody looks at the values between them.
    merged: Option<Box<dyn Layer>>,
    pub(super) tensors: Vec<TensorEntry>,
    /// Where its parameters lie.
    pub(super) range: Range<usize>,
}

impl Entry {
    /// The layer of a stage that ends here.
    pub(super) fn layer_of(&self, stage: Stage) -> &dyn Layer {
        self.merged.as_deref().filter(|_| stage.is_merged()).unwrap_or(&*self.layer)
    }

    /// The same, to change what it keeps.
    pub(super) fn layer_of_mut(&mut self, stage: Stage) -> &mut dyn Layer {
        match &mut self.merged {
            Some(merged) if stage.is_merged() => &mut **merged,
            _ => &mut *self.layer,
        }
    }
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
        let before = self.entries.last().filter(|before| before.merged.is_none());
        let merged = before.and_then(|before| layer.merged_with(&*before.layer));
        self.entries.push(Entry { name, layer, merged, tensors, range: start..end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::{Chain, image, max_pool2d, relu, tanh},
        kernels::Loss,
        matrix::Matrix,
    };

    #[test]
    fn only_a_relu_and_the_pooling_behind_it_are_one_stage() {
        let list = || [image(1, 8, 8), relu(), max_pool2d(2, 2), tanh(), max_pool2d(2, 2), relu(), max_pool2d(2, 1)];
        let all = stages(&entries(LayerSpec::Group(list().into())));
        let spans: Vec<_> = all.iter().map(|stage| (stage.first, stage.last)).collect();
        assert_eq!(spans, [(0, 0), (1, 2), (3, 3), (4, 4), (5, 5), (6, 6)]);
        let x = Matrix::new(1, 64, (0..64u8).map(|value| f32::from(value) - 32.0).collect());
        let mut chain = Chain::new(list(), Loss::MeanSquaredError);
        chain.forward_evaluation(&x);
        let (rectified, outputs) = (chain.output_of(1).to_vec(), chain.output_of(6).to_vec());
        assert_eq!(rectified.iter().fold(0.0f32, |largest, value| largest.max(*value)), 31.0);
        chain.forward_training(&x);
        assert!(chain.output_of(1).is_empty());
        assert_eq!(chain.output_of(6), outputs);
    }
}
