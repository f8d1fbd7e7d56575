//! Gradient clipping.

use super::Network;
use crate::kernels::reduce;
use anyhow::Result;

/// A limit on the gradients of a network, the remedy for exploding ones (S3, its closing question).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clipping {
    /// g ← g · min(1, limit / ‖g‖), where g is all gradients as one vector: its direction stays.
    Norm(f32),
    /// Each entry is cut off to [−limit, limit]: the direction changes.
    Value(f32),
}

impl Clipping {
    /// Limits the gradients of all layers, between backward pass and update.
    ///
    /// The norm is that of the norms of the tensors, each rounded to f32. Gradients whose norm is not finite stay as they are.
    ///
    /// # Errors
    /// If the device that tensors live on fails.
    pub fn apply(self, network: &mut dyn Network) -> Result<()> {
        match self {
            Self::Norm(limit) => {
                let mut norms = Vec::new();
                network.visit_parameters(&mut |tensor| norms.push(reduce::norm(tensor.gradient)))?;
                let norm = reduce::norm(&norms);
                if norm.is_finite() && norm > limit {
                    let factor = limit / norm;
                    each(network, |g| g * factor)?;
                }
                Ok(())
            }
            Self::Value(limit) => each(network, |g| g.clamp(-limit, limit)),
        }
    }
}

fn each(network: &mut dyn Network, f: impl Fn(f32) -> f32) -> Result<()> {
    network.visit_parameters(&mut |tensor| {
        for g in tensor.gradient {
            *g = f(*g);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::{Chain, linear},
        kernels::Loss,
    };

    /// Two layers with gradients (3, 4) and (0, −12): norms 5 and 12, together 13.
    #[track_caller]
    fn check(clipping: Clipping, expected: [f32; 4]) {
        let mut network = Chain::new([linear(1, 1), linear(1, 1)], Loss::HalfSquaredError);
        let mut gradients = [3.0, 4.0, 0.0, -12.0].into_iter();
        network.visit_parameters(&mut |tensor| tensor.gradient.fill_with(|| gradients.next().expect("four"))).expect("memory");
        clipping.apply(&mut network).expect("memory");
        assert_eq!(network.gradients().0.iter().flat_map(|tensor| tensor.values.clone()).collect::<Vec<_>>(), expected);
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
