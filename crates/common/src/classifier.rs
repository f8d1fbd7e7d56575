//! A classifier that a section has trained, loaded to answer.

use crate::{
    chain::{Chain, InChain},
    kernels::{
        Loss,
        activation::Activation,
        isa::Isa,
        loss::{Outputs, softmax},
        reduce,
    },
    lab::Lab,
    layers::Shape,
    matrix::Matrix,
    parameters::Parameters,
    train::Network,
};
use anyhow::{Context, Result, ensure};
use std::path::Path;

/// What a crate's section `train` leaves.
#[derive(Debug, Clone, Copy)]
pub struct Trained {
    /// The crate.
    pub chapter: &'static str,
    /// The name of the checkpoint.
    pub model: &'static str,
}

/// The feature maps of a layer: how its filters respond to a sample, one map each.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMaps {
    /// Rows and columns of a map.
    pub size: (usize, usize),
    /// The values of each map, row by row.
    pub maps: Vec<Vec<f32>>,
}

/// A network of one logit per class, from its checkpoint.
#[derive(Debug)]
pub struct Classifier {
    path: String,
    parameters: Parameters,
    network: Chain,
}

impl Classifier {
    /// Loads the dfdx tuple model `M` from `checkpoint`, by default what was `trained`.
    ///
    /// # Errors
    /// If there is no checkpoint, or it cannot be read, or is another model's.
    pub fn load<M: InChain>(trained: Trained, checkpoint: Option<&Path>, lab: &Lab) -> Result<Self> {
        let Trained { chapter, model } = trained;
        let left = lab.results_of("train").join(format!("{model}.safetensors"));
        let checkpoint = checkpoint.unwrap_or(&left);
        let path = checkpoint.display().to_string();
        ensure!(
            checkpoint.exists(),
            "there is no checkpoint {path}: train one with `cargo run -p {chapter} -- train`, or name one with --checkpoint"
        );
        let (parameters, mut network) = (Parameters::read(checkpoint)?, Chain::of::<M>(Loss::SoftmaxCrossEntropy));
        network.load(&parameters).with_context(|| of_another_model(&path))?;
        Ok(Self { path, parameters, network })
    }

    /// What else the checkpoint holds.
    ///
    /// # Errors
    /// If `what` fails; then the checkpoint is another model's.
    pub fn take<T>(&self, what: impl FnOnce(&Parameters) -> Result<T>) -> Result<T> {
        what(&self.parameters).with_context(|| of_another_model(&self.path))
    }

    /// The soft-max probability of each class, for each row of `x`; claims that those of each `sample` add up to 1.
    ///
    /// # Errors
    /// If the network cannot be run.
    pub fn probabilities(&self, x: &Matrix, sample: &str, lab: &mut Lab) -> Result<Matrix> {
        let logits = self.network.outputs(x)?;
        let mut probabilities = Matrix::zeros(x.rows(), logits.columns());
        let outputs = Outputs { values: logits.values(), columns: logits.columns() };
        softmax(Isa::best(), outputs, probabilities.values_mut());
        let gaps = probabilities.iter_rows().map(|row| (reduce::sum(row) - 1.0).abs() as f32);
        let largest_gap = gaps.fold(0.0, f32::max);
        lab.fingerprint(&self.parameters);
        lab.claim(format!("the probabilities of each {sample} add up to 1"), largest_gap < 1e-6);
        Ok(probabilities)
    }

    /// The feature maps behind each activation, for one sample; none of a network without images.
    #[must_use]
    pub fn feature_maps(&self, sample: &[f32]) -> Vec<FeatureMaps> {
        let of_images = |(layer, (caption, shape, _)): (usize, (String, Shape, &[f32]))| match shape {
            Shape::Image { height, width, .. } if caption == Activation::Relu.name() => Some((layer, (height, width))),
            _ => None,
        };
        let layers: Vec<_> = self.network.outline().enumerate().filter_map(of_images).collect();
        if layers.is_empty() {
            return Vec::new();
        }
        let mut network = self.network.clone();
        network.forward_evaluation(&Matrix::new(1, sample.len(), sample.to_vec()));
        layers.into_iter().map(|(layer, size)| FeatureMaps { size, maps: network.images_of_first(layer) }).collect()
    }
}

fn of_another_model(path: &str) -> String {
    format!("{path} is not a checkpoint of this classifier: name one that `train` wrote with --checkpoint")
}
