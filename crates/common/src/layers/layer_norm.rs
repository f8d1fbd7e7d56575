//! Layer normalisation of rows and of images, book section 7.5.2; the formulas are those of [`kernels::layer_norm`].
//!
//! ```text
//! y = γ (x − μ) / √(σ² + ε) + β
//! ```
//!
//! with mean μ and biased variance σ² of one sample over all its features: no sample depends on another, in training and in use alike.
//!
//! | tensor | shape | at first |
//! | --- | --- | --- |
//! | x, y | rows of features, or images in lanes | |
//! | `gamma`, `beta` | features, or one number for all | 1, 0 |

use super::{Gradients, Input, Layer, Output, Shape, TensorShape};
use crate::kernels::{self, batch_norm::Statistics, isa::Isa, layer_norm::Saved};

/// A layer normalisation.
#[derive(Debug, Clone)]
pub(crate) struct LayerNormLayer {
    shape: Shape,
    eps: f32,
    /// Whether there is one γ and one β for all features.
    shared: bool,
    /// Those of the last training batch.
    statistics: Vec<Statistics>,
}

impl LayerNormLayer {
    /// A layer with one γ and β for each feature of a row, or one for all values of an image.
    pub(crate) fn new(shape: Shape, eps: f32) -> Self {
        let shared = matches!(shape, Shape::Image { .. });
        Self { shape, eps, shared, statistics: Vec::new() }
    }

    fn kernel<'a>(&self, input: &Input<'a>) -> kernels::layer_norm::LayerNorm<'a> {
        let (gamma, beta) = input.parameters.split_at(self.parameters());
        kernels::layer_norm::LayerNorm { features: self.shape.features(), eps: self.eps, gamma, beta }
    }

    /// Numbers in γ.
    fn parameters(&self) -> usize {
        if self.shared { 1 } else { self.shape.features() }
    }
}

impl Layer for LayerNormLayer {
    fn output_shape(&self) -> Shape {
        self.shape
    }

    fn caption(&self) -> String {
        "layer normalisation".to_owned()
    }

    fn parameter_shapes(&self) -> Vec<TensorShape> {
        let shape = if self.shared { Vec::new() } else { vec![self.shape.features()] };
        vec![("gamma", shape.clone()), ("beta", shape)]
    }

    fn initialize(&self, parameters: &mut [f32]) {
        parameters[..self.parameters()].fill(1.0);
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        Self::new(self.shape, self.eps).forward_training(input, y);
    }

    fn forward_training(&mut self, input: Input, y: &mut [f32]) {
        let kernel = self.kernel(&input);
        self.statistics.resize(input.samples, Statistics::default());
        match self.shape {
            Shape::Features(_) => kernel.forward(Isa::best(), input.x, &mut self.statistics, y),
            Shape::Image { .. } => kernel.forward_images(Isa::best(), input.x, &mut self.statistics, y),
        }
    }

    fn backward(&mut self, input: Input, Output { dy, .. }: Output, Gradients { dx, dparameters }: Gradients) {
        let (kernel, saved) = (self.kernel(&input), Saved { x: input.x, statistics: &self.statistics });
        let (dgamma, dbeta) = dparameters.split_at_mut(self.parameters());
        let mut unasked = Vec::new();
        let dx = dx.unwrap_or_else(|| {
            unasked.resize(dy.len(), 0.0);
            &mut unasked
        });
        let gradients = kernels::layer_norm::Gradients { dx, dgamma, dbeta };
        match self.shape {
            Shape::Features(_) => kernel.backward(Isa::best(), saved, dy, gradients),
            Shape::Image { .. } => kernel.backward_images(Isa::best(), saved, dy, gradients),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{check_layer, normalize},
        *,
    };

    #[test]
    fn gradients_are_those_of_the_formula() {
        const EPS: f32 = 1e-3;
        let rows = Shape::Features(19);
        let forward = |x: &[f64], parameters: &[f64]| normalize(x, parameters, f64::from(EPS), |i| i / 19, |i| i % 19);
        check_layer("rows", &mut LayerNormLayer::new(rows, EPS), rows, 4, forward);
        let images = Shape::Image { channels: 2, height: 2, width: 5 };
        let forward = |x: &[f64], parameters: &[f64]| normalize(x, parameters, f64::from(EPS), |i| i / 20, |_| 0);
        check_layer("images", &mut LayerNormLayer::new(images, EPS), images, 18, forward);
    }
}
