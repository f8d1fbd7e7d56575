//! Hidden units that only this chapter has: PReLU and maxout.
//!
//! ```text
//! PReLU    a = z where z > 0, else s·z           δz = δa where z > 0, else s·δa;   δs = Σ δa·z over all z ≤ 0
//! maxout   a = max(z, z′)                        δz = δa where z ≥ z′, else 0;     δz′ = δa − δz
//! ```

use common::{
    chain::{LayerSpec, custom},
    kernels::reduce,
    layers::{Gradients, Input, Layer, Output, Shape},
};

/// PReLU, a leaky ReLU whose slope is learnt, one number for a layer; it starts at `first_slope`.
pub(crate) fn prelu(first_slope: f32) -> LayerSpec {
    custom(move |shape| PRelu { shape, first_slope })
}

#[derive(Debug, Clone)]
struct PRelu {
    shape: Shape,
    first_slope: f32,
}

impl Layer for PRelu {
    fn output_shape(&self) -> Shape {
        self.shape
    }

    fn parameter_shapes(&self) -> Vec<(&'static str, Vec<usize>)> {
        vec![("slope", vec![1])]
    }

    fn initialize(&self, parameters: &mut [f32]) {
        parameters[0] = self.first_slope;
    }

    fn forward(&self, input: Input, a: &mut [f32]) {
        let slope = input.parameters[0];
        for (a, &z) in a.iter_mut().zip(input.x) {
            *a = if z > 0.0 { z } else { slope * z };
        }
    }

    fn backward(&mut self, input: Input, Output { dy: da, .. }: Output, gradients: Gradients) {
        let slope = input.parameters[0];
        if let Some(dz) = gradients.dx {
            for ((dz, &da), &z) in dz.iter_mut().zip(da).zip(input.x) {
                *dz = if z > 0.0 { da } else { slope * da };
            }
        }
        let terms: Vec<f32> = input.x.iter().zip(da).map(|(&z, &da)| if z > 0.0 { 0.0 } else { da * z }).collect();
        gradients.dparameters[0] = reduce::sum(&terms) as f32;
    }
}

/// Maxout of two: the first half of a row of net inputs holds each unit's z, the second its z′.
pub(crate) fn maxout() -> LayerSpec {
    custom(|shape| Maxout { units: shape.features() / 2 })
}

#[derive(Debug, Clone)]
struct Maxout {
    units: usize,
}

impl Layer for Maxout {
    fn output_shape(&self) -> Shape {
        Shape::Features(self.units)
    }

    fn forward(&self, input: Input, a: &mut [f32]) {
        for (a, z) in a.chunks_exact_mut(self.units).zip(input.x.chunks_exact(2 * self.units)) {
            let (first, second) = z.split_at(self.units);
            for ((a, &z), &other) in a.iter_mut().zip(first).zip(second) {
                *a = if z >= other { z } else { other };
            }
        }
    }

    fn backward(&mut self, input: Input, Output { dy: da, .. }: Output, gradients: Gradients) {
        let Some(dz) = gradients.dx else { return };
        let rows = input.x.chunks_exact(2 * self.units).zip(dz.chunks_exact_mut(2 * self.units));
        for ((z, dz), da) in rows.zip(da.chunks_exact(self.units)) {
            for (unit, &da) in da.iter().enumerate() {
                let is_first = z[unit] >= z[unit + self.units];
                dz[unit] = if is_first { da } else { 0.0 };
                dz[unit + self.units] = if is_first { 0.0 } else { da };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::{
        chain::{Chain, linear},
        data::Labels,
        kernels::Loss,
        matrix::Matrix,
        parameters::Initialization,
        rng::Stream,
        train::Network,
    };

    /// The loss of a network with one parameter moved.
    fn moved(network: &Chain, x: &Matrix, y: &Labels, (name, place): (&str, usize), by: f32) -> f64 {
        let mut network = network.clone();
        let moving = network.visit_parameters(&mut |tensor| {
            if tensor.name == name {
                tensor.values[place] += by;
            }
        });
        moving.unwrap();
        f64::from(network.loss(&network.outputs(x).unwrap(), y))
    }

    #[track_caller]
    fn check(layers: impl IntoIterator<Item = LayerSpec>, tensors: &[(&str, &[usize])]) {
        const H: f32 = 1e-3;
        let x = Matrix::new(40, 2, Stream::new(0, "x").normals(80, 0.0, 1.0));
        let y = Labels::Values(Matrix::new(40, 1, (0..40u8).map(|i| f32::from(i % 2)).collect()));
        let mut network = Chain::new(layers, Loss::BinaryCrossEntropyWithLogits)
            .initialized(Initialization::STANDARD_NORMAL, &mut Stream::new(0, "weights"));
        network.forward_backward(&x, &y).unwrap();
        for (name, shape) in tensors {
            let gradients = network.gradients().get(name, shape).unwrap().values.clone();
            assert!(gradients.iter().any(|gradient| gradient.abs() > 1e-2), "{name}: {gradients:?}");
            for (place, ours) in gradients.into_iter().enumerate() {
                let at = |by| moved(&network, &x, &y, (name, place), by);
                let expected = (at(H) - at(-H)) / (2.0 * f64::from(H));
                assert!((f64::from(ours) - expected).abs() < 1e-3, "{name} {place}: {ours}, expected {expected}");
            }
        }
    }

    #[test]
    fn gradients_of_prelu_are_central_differences() {
        check([linear(2, 4), prelu(0.25), linear(4, 1)], &[("0.weight", &[2, 4]), ("1.slope", &[1]), ("2.weight", &[4, 1])]);
    }

    #[test]
    fn gradients_of_maxout_are_central_differences() {
        check([linear(2, 8), maxout(), linear(4, 1)], &[("0.weight", &[2, 8]), ("0.bias", &[8]), ("2.weight", &[4, 1])]);
    }
}
