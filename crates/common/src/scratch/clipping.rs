//! Gradient clipping.

use super::LinearGradients;
use crate::kernels::reduce;

/// A limit on the gradients of a network, the cure of exploding ones (exercise of book section 4.4.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clipping {
    /// g ← g · min(1, limit / ‖g‖), where g is all gradients as one vector: its direction stays.
    Norm(f32),
    /// Each entry is cut off to [−limit, limit]: the direction changes.
    Value(f32),
}

impl Clipping {
    /// Limits the gradients of all layers.
    ///
    /// The norm is that of the norms of the tensors, weight then bias of each layer, each rounded to f32. Gradients whose norm is not
    /// finite stay as they are.
    pub fn apply(self, gradients: &mut [LinearGradients]) {
        match self {
            Self::Norm(limit) => {
                let norm = total_norm(gradients);
                if norm.is_finite() && norm > limit {
                    let factor = limit / norm;
                    each(gradients, |g| g * factor);
                }
            }
            Self::Value(limit) => each(gradients, |g| g.clamp(-limit, limit)),
        }
    }
}

/// ‖g‖ of all gradients as one vector.
fn total_norm(gradients: &[LinearGradients]) -> f32 {
    let norms: Vec<f32> =
        gradients.iter().flat_map(|layer| [reduce::norm(layer.dweight.values()), reduce::norm(&layer.dbias)]).collect();
    reduce::norm(&norms)
}

fn each(gradients: &mut [LinearGradients], f: impl Fn(f32) -> f32) {
    for LinearGradients { dweight, dbias } in gradients {
        for g in dweight.values_mut().iter_mut().chain(dbias) {
            *g = f(*g);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;

    /// Two layers with gradients (3, 4) and (0, 12): norms 5 and 12, together 13.
    fn gradients() -> Vec<LinearGradients> {
        let layer = |weight: f32, bias: f32| LinearGradients { dweight: Matrix::new(1, 1, vec![weight]), dbias: vec![bias] };
        vec![layer(3.0, 4.0), layer(0.0, -12.0)]
    }

    fn entries(gradients: &[LinearGradients]) -> Vec<f32> {
        gradients.iter().flat_map(|layer| [layer.dweight.values()[0], layer.dbias[0]]).collect()
    }

    #[track_caller]
    fn check(clipping: Clipping, expected: [f32; 4]) {
        let mut gradients = gradients();
        clipping.apply(&mut gradients);
        assert_eq!(entries(&gradients), expected);
    }

    #[test]
    fn a_norm_above_the_limit_is_scaled_to_it() {
        check(Clipping::Norm(6.5), [1.5, 2.0, 0.0, -6.0]);
    }

    #[test]
    fn a_norm_within_the_limit_stays() {
        check(Clipping::Norm(13.0), [3.0, 4.0, 0.0, -12.0]);
    }

    #[test]
    fn entries_are_cut_off_on_both_sides() {
        check(Clipping::Value(3.5), [3.0, 3.5, 0.0, -3.5]);
    }
}
