//! Activation functions, element by element, book section 4.2.2.2.
//!
//! ```text
//! a = f(z)                               eq. 4.9
//! δz = δa ⊙ f′(z)                        eq. 4.16, there for the logistic function
//! ```
//!
//! z, a and their gradients have one shape: a batch of rows, or of images.

use super::{Gradients, Input, Layer, Output, Shape};
use crate::{
    kernels::{Activation, activation::Activated, isa::Isa},
    machine::share_out,
    matrix::Matrix,
};
use rayon::prelude::*;

/// Values that are computed together.
const TOGETHER: usize = 1 << 12;
/// How many times as many a thread takes at least: a few microseconds of work.
const LEAST: usize = 4;

/// An activation function behind samples of a given shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ActivationLayer {
    /// The function.
    pub(crate) f: Activation,
    /// The shape of a sample.
    pub(crate) shape: Shape,
}

impl Layer for ActivationLayer {
    fn output_shape(&self) -> Shape {
        self.shape
    }

    fn caption(&self) -> String {
        self.f.name().to_owned()
    }

    fn forward(&self, input: Input, a: &mut [f32]) {
        let z = input.x;
        let chunks = z.par_chunks(TOGETHER).zip(a.par_chunks_mut(TOGETHER));
        share_out(chunks.with_min_len(LEAST), |(z, a)| self.f.forward(Isa::best(), z, a));
    }

    fn backward(&mut self, input: Input, Output { y: a, dy: da }: Output, gradients: Gradients) {
        let Some(dz) = gradients.dx else { return };
        let z = input.x;
        // An output that is not read may not be there: then z stands in its place.
        let a = if self.reads_output() { a } else { z };
        let activated = z.par_chunks(TOGETHER).zip(a.par_chunks(TOGETHER));
        let gradients = da.par_chunks(TOGETHER).zip(dz.par_chunks_mut(TOGETHER));
        share_out(activated.zip(gradients).with_min_len(LEAST), |((z, a), (da, dz))| {
            self.f.backward(Isa::best(), Activated { z, a }, da, dz);
        });
    }

    fn reads_output(&self) -> bool {
        matches!(self.f, Activation::Logistic | Activation::Tanh | Activation::Swish { .. })
    }

    fn activation(&self) -> Option<Activation> {
        Some(self.f)
    }
}

/// An activation function, for networks that are written out by hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Activate(pub Activation);

impl Activate {
    /// Computes a = f(z), eq. 4.9.
    #[must_use]
    pub fn forward(self, z: &Matrix) -> Matrix {
        let mut a = Matrix::zeros(z.rows(), z.columns());
        self.0.forward(Isa::best(), z.values(), a.values_mut());
        a
    }

    /// Computes δz = δa ⊙ f′(z), eq. 4.16, there for the logistic function, given also a = f(z).
    ///
    /// # Panics
    /// If the shapes differ.
    #[must_use]
    pub fn backward(self, z: &Matrix, a: &Matrix, da: &Matrix) -> Matrix {
        let mut dz = Matrix::zeros(z.rows(), z.columns());
        self.0.backward(Isa::best(), Activated { z: z.values(), a: a.values() }, da.values(), dz.values_mut());
        dz
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{H, check, check_layer, wide},
        *,
    };
    use crate::rng::Stream;

    /// The activation functions as formulas.
    pub(crate) fn formula(f: Activation, z: f64) -> f64 {
        let logistic = |z: f64| 1.0 / (1.0 + libm::exp(-z));
        match f {
            Activation::Identity => z,
            Activation::Logistic => logistic(z),
            Activation::Tanh => libm::tanh(z),
            Activation::Relu => z.max(0.0),
            Activation::LeakyRelu { slope } => z.max(0.0) + f64::from(slope) * z.min(0.0),
            Activation::HardLogistic => (0.25 * z + 0.5).clamp(0.0, 1.0),
            Activation::HardTanh => z.clamp(-1.0, 1.0),
            Activation::Elu { alpha } => {
                if z > 0.0 {
                    z
                } else {
                    f64::from(alpha) * libm::expm1(z)
                }
            }
            Activation::Softplus => libm::log1p(libm::exp(z)),
            Activation::Swish { beta } => z * logistic(f64::from(beta) * z),
        }
    }

    /// Each activation function, with several parameters where it has one.
    const ACTIVATIONS: [Activation; 19] = [
        Activation::Identity,
        Activation::Logistic,
        Activation::Tanh,
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.0 },
        Activation::LeakyRelu { slope: 0.01 },
        Activation::LeakyRelu { slope: 0.1 },
        Activation::LeakyRelu { slope: 1.5 },
        Activation::HardLogistic,
        Activation::HardTanh,
        Activation::Elu { alpha: 0.3 },
        Activation::Elu { alpha: 1.0 },
        Activation::Elu { alpha: 2.0 },
        Activation::Softplus,
        Activation::Swish { beta: 0.0 },
        Activation::Swish { beta: 0.5 },
        Activation::Swish { beta: 1.0 },
        Activation::Swish { beta: 2.0 },
        Activation::Swish { beta: -1.0 },
    ];

    /// Random net inputs that stay away from every kink.
    fn net_inputs(n: usize) -> Vec<f32> {
        let mut stream = Stream::new(0, "net inputs");
        let near = |z: f32, kink: f32| (z.abs() - kink).abs() < 1e-3;
        std::iter::repeat_with(|| stream.uniform(-6.0, 6.0))
            .filter(|&z| ![0.0, 1.0, 2.0].iter().any(|&kink| near(z, kink)))
            .take(n)
            .collect()
    }

    fn backward(f: Activation, z: &[f32], da: &[f32]) -> Vec<f32> {
        let (mut a, mut dz) = (vec![f32::NAN; z.len()], vec![f32::NAN; z.len()]);
        f.forward(Isa::best(), z, &mut a);
        f.backward(Isa::best(), Activated { z, a: &a }, da, &mut dz);
        dz
    }

    #[test]
    fn activations() {
        let z = net_inputs(301);
        let da = Stream::new(0, "da").normals(z.len(), 0.0, 1.0);
        for f in ACTIVATIONS {
            let expected: Vec<f64> =
                wide(&z).iter().zip(wide(&da)).map(|(z, da)| da * (formula(f, z + H) - formula(f, z - H)) / (2.0 * H)).collect();
            check(&format!("{f:?}"), &backward(f, &z, &da), &expected);
        }
    }

    #[test]
    fn forward_values_are_the_formulas() {
        let z = net_inputs(301);
        for f in ACTIVATIONS {
            let mut a = vec![f32::NAN; z.len()];
            f.forward(Isa::best(), &z, &mut a);
            for (&z, &a) in z.iter().zip(&a) {
                let expected = formula(f, f64::from(z));
                assert!(
                    (f64::from(a) - expected).abs() <= 3e-7 * expected.abs().max(1.0),
                    "{f:?} of {z}: {a}, expected {expected}"
                );
            }
        }
    }

    #[test]
    fn kinks_have_the_stated_derivatives() {
        let kinks: [(Activation, f32, f32); 12] = [
            (Activation::Relu, 0.0, 0.0),
            (Activation::Relu, -0.0, 0.0),
            (Activation::LeakyRelu { slope: 0.01 }, 0.0, 0.01),
            (Activation::LeakyRelu { slope: 0.1 }, -0.0, 0.1),
            (Activation::HardLogistic, 2.0, 0.0),
            (Activation::HardLogistic, -2.0, 0.0),
            (Activation::HardLogistic, 2.0f32.next_down(), 0.25),
            (Activation::HardTanh, 1.0, 0.0),
            (Activation::HardTanh, -1.0, 0.0),
            (Activation::HardTanh, (-1.0f32).next_up(), 1.0),
            (Activation::Elu { alpha: 1.0 }, 0.0, 1.0),
            // The derivative from the left, as in PyTorch.
            (Activation::Elu { alpha: 0.5 }, 0.0, 0.5),
        ];
        for (f, z, derivative) in kinks {
            assert_eq!(backward(f, &[z], &[3.0]), [3.0 * derivative], "{f:?} at {z}");
        }
    }

    #[test]
    fn a_layer_shares_long_vectors_out() {
        let (features, n) = (TOGETHER / 4 + 3, 5);
        let draw = |name| Matrix::new(n, features, Stream::new(0, name).normals(features * n, 0.0, 1.0));
        let (z, da) = (draw("z"), draw("da"));
        for f in [Activation::Tanh, Activation::Relu] {
            let mut layer = ActivationLayer { f, shape: Shape::Features(features) };
            let [mut a, mut dz] = [(); 2].map(|()| vec![f32::NAN; z.values().len()]);
            let input = Input { parameters: &[], x: z.values(), samples: n };
            layer.forward_training(input, &mut a);
            let read = if layer.reads_output() { a.as_slice() } else { &[] };
            let gradients = Gradients { dx: Some(&mut dz), dparameters: &mut [] };
            layer.backward(input, Output { y: read, dy: da.values() }, gradients);
            let whole = Activate(f).forward(&z);
            assert_eq!(a, whole.values(), "{f:?}");
            assert_eq!(dz, Activate(f).backward(&z, &whole, &da).values(), "{f:?}");
        }
    }

    #[test]
    fn a_layer_has_the_gradients_of_its_formula() {
        let image = Shape::Image { channels: 3, height: 2, width: 5 };
        for shape in [Shape::Features(7), image] {
            for f in [Activation::Tanh, Activation::Softplus] {
                let mut layer = ActivationLayer { f, shape };
                let forward = |z: &[f64], _: &[f64]| z.iter().map(|z| formula(f, *z)).collect();
                check_layer(&format!("{f:?} of {shape:?}"), &mut layer, shape, 18, forward);
            }
        }
    }
}
