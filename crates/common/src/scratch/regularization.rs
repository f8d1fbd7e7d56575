//! What keeps a network from fitting its training samples too closely, book section 7.6.

use super::{Dropout, Layer, LinearGradients, Masks};
use crate::kernels::reduce;

/// An L2 term in the loss, decay in the update, dropout behind the hidden layers: each alone or together.
#[derive(Debug, Clone, Default)]
pub struct Regularization {
    /// λ of the term (λ / 2N) Σ W² that is added to the loss of N samples, section 7.6.3. Biases do not count.
    pub l2: f32,
    /// β of the update θ ← (1 − β) θ − α g, section 7.6.4: of weights and biases, in every step, whatever the learning rate.
    pub weight_decay: f32,
    /// Dropout of each hidden layer's activations, section 7.6.5, with the source of its masks.
    pub dropout: Option<(Dropout, Masks)>,
}

impl Regularization {
    /// The loss with its term: the squares of a weight matrix are summed in sixteen lanes, the matrices in their order, all in f64;
    /// the term is rounded once.
    pub(super) fn penalized(&self, loss: f32, layers: &[Layer], n_samples: usize) -> f32 {
        if self.l2 == 0.0 {
            return loss;
        }
        let squares = layers.iter().fold(0.0, |sum, layer| sum + reduce::sum_of_squares(layer.linear.weight.values()));
        loss + (f64::from(self.l2) / (2.0 * n_samples as f64) * squares) as f32
    }

    /// The gradient of the term, added to that of the data: δW ← δW + (λ / N) W.
    pub(super) fn add_gradients(&self, layers: &[Layer], gradients: &mut [LinearGradients], n_samples: usize) {
        if self.l2 == 0.0 {
            return;
        }
        let factor = self.l2 / n_samples as f32;
        for (layer, LinearGradients { dweight, .. }) in layers.iter().zip(gradients) {
            for (g, w) in dweight.values_mut().iter_mut().zip(layer.linear.weight.values()) {
                *g += factor * w;
            }
        }
    }

    /// The first half of the update: θ ← (1 − β) θ. The optimiser's step is the other half.
    pub(super) fn decay(&self, layers: &mut [Layer]) {
        if self.weight_decay == 0.0 {
            return;
        }
        let kept = 1.0 - self.weight_decay;
        for layer in layers {
            for theta in layer.linear.weight.values_mut().iter_mut().chain(&mut layer.linear.bias) {
                *theta *= kept;
            }
        }
    }
}
