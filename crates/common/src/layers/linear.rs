//! The linear layer, book section 4.2.2.1.
//!
//! ```text
//! Y = X W + b                            eq. 4.8
//! δX = δY Wᵀ                             eq. 4.19
//! δW = Xᵀ δY,   δb = 1ᵀ δY               eq. 4.22, 4.23
//! ```
//!
//! | tensor | shape |
//! | --- | --- |
//! | X | batch × fan-in |
//! | W (`weight`) | fan-in × fan-out |
//! | b (`bias`) | fan-out |
//! | Y | batch × fan-out |

use super::{Gradients, Input, Layer, Output, Shape, TensorShape};
use crate::{
    kernels::{
        View,
        isa::Isa,
        matmul::{ParameterGradients, matmul, parameter_gradients},
    },
    matrix::Matrix,
    parameters::Initialization,
    rng::Stream,
};

/// A linear layer whose parameters lie elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinearLayer {
    /// Inputs.
    pub(crate) fan_in: usize,
    /// Outputs.
    pub(crate) fan_out: usize,
}

impl LinearLayer {
    /// Computes Y = X W + b.
    fn affine(self, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        matmul(Isa::best(), rows(x, self.fan_in), self.weight(weight), Some(bias), y);
    }

    /// Computes δX = δY Wᵀ.
    fn input_gradient(self, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        matmul(Isa::best(), rows(dy, self.fan_out), self.weight(weight).transposed(), None, dx);
    }

    fn weight(self, weight: &[f32]) -> View<'_> {
        View::new(weight, self.fan_in, self.fan_out)
    }
}

/// A batch of rows of so many columns.
fn rows(values: &[f32], columns: usize) -> View<'_> {
    View::new(values, values.len() / columns, columns)
}

impl Layer for LinearLayer {
    fn output_shape(&self) -> Shape {
        Shape::Features(self.fan_out)
    }

    fn caption(&self) -> String {
        "linear".to_owned()
    }

    fn parameter_shapes(&self) -> Vec<TensorShape> {
        vec![("weight", vec![self.fan_in, self.fan_out]), ("bias", vec![self.fan_out])]
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        let (weight, bias) = input.parameters.split_at(self.fan_in * self.fan_out);
        self.affine(input.x, weight, bias, y);
    }

    fn backward(&mut self, input: Input, Output { dy, .. }: Output, gradients: Gradients) {
        let weights = self.fan_in * self.fan_out;
        if let Some(dx) = gradients.dx {
            self.input_gradient(dy, &input.parameters[..weights], dx);
        }
        let (dweight, dbias) = gradients.dparameters.split_at_mut(weights);
        parameter_gradients(Isa::best(), ParameterGradients { x: input.x, dy, dweight, dbias });
    }
}

/// A linear layer with its parameters, for networks that are written out by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// W, fan-in × fan-out.
    pub weight: Matrix,
    /// b.
    pub bias: Vec<f32>,
}

/// The gradients of a linear layer's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearGradients {
    /// ∂R/∂W.
    pub dweight: Matrix,
    /// ∂R/∂b.
    pub dbias: Vec<f32>,
}

impl Linear {
    /// A layer of `fan_in` inputs and `fan_out` outputs whose weight, then bias, is drawn from `stream`.
    #[must_use]
    pub fn draw(fan_in: usize, fan_out: usize, init: Initialization, stream: &mut Stream) -> Self {
        let weight = Matrix::new(fan_in, fan_out, init.weight.draw(&[fan_in, fan_out], stream));
        Self { weight, bias: init.bias.draw(&[fan_out], stream) }
    }

    /// Computes Y = X W + b, eq. 4.8.
    ///
    /// # Panics
    /// If `x` has another number of columns than the weight has rows.
    #[must_use]
    pub fn forward(&self, x: &Matrix) -> Matrix {
        assert_eq!(x.columns(), self.weight.rows(), "features of a linear layer's input");
        let mut y = Matrix::zeros(x.rows(), self.bias.len());
        self.layer().affine(x.values(), self.weight.values(), &self.bias, y.values_mut());
        y
    }

    /// Computes the gradients of the parameters, δW = Xᵀ δY and δb = 1ᵀ δY, eq. 4.22 and 4.23.
    ///
    /// # Panics
    /// If the shapes do not fit together.
    #[must_use]
    pub fn backward(&self, x: &Matrix, dy: &Matrix) -> LinearGradients {
        let (mut dweight, mut dbias) = (Matrix::zeros(self.weight.rows(), self.weight.columns()), vec![0.0; self.bias.len()]);
        let (x, dy) = (x.values(), dy.values());
        parameter_gradients(Isa::best(), ParameterGradients { x, dy, dweight: dweight.values_mut(), dbias: &mut dbias });
        LinearGradients { dweight, dbias }
    }

    /// Computes the gradient of the input, δX = δY Wᵀ, eq. 4.19.
    ///
    /// # Panics
    /// If the shapes do not fit together.
    #[must_use]
    pub fn backward_input(&self, dy: &Matrix) -> Matrix {
        let mut dx = Matrix::zeros(dy.rows(), self.weight.rows());
        self.layer().input_gradient(dy.values(), self.weight.values(), dx.values_mut());
        dx
    }

    /// One step of gradient descent, θ ← θ − α g, for weight and bias.
    pub fn descend(&mut self, learning_rate: f32, LinearGradients { dweight, dbias }: &LinearGradients) {
        let parameters = self.weight.values_mut().iter_mut().chain(&mut self.bias);
        for (theta, g) in parameters.zip(dweight.values().iter().chain(dbias)) {
            *theta -= learning_rate * g;
        }
    }

    fn layer(&self) -> LinearLayer {
        LinearLayer { fan_in: self.weight.rows(), fan_out: self.weight.columns() }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::check_layer, *};

    /// Y = X W + b, one element after the other.
    fn affine(x: &[f64], parameters: &[f64], fan_in: usize, fan_out: usize) -> Vec<f64> {
        let (weight, bias) = parameters.split_at(fan_in * fan_out);
        let element = |x: &[f64], j: usize| bias[j] + (0..fan_in).map(|p| x[p] * weight[p * fan_out + j]).sum::<f64>();
        x.chunks(fan_in).flat_map(|x| (0..fan_out).map(move |j| element(x, j))).collect()
    }

    #[test]
    fn gradients_are_those_of_the_formula() {
        for (n, fan_in, fan_out) in [(1, 1, 1), (7, 3, 4), (20, 5, 1), (33, 17, 9)] {
            let mut layer = LinearLayer { fan_in, fan_out };
            let forward = |x: &[f64], parameters: &[f64]| affine(x, parameters, fan_in, fan_out);
            check_layer(&format!("{fan_in} x {fan_out}"), &mut layer, Shape::Features(fan_in), n, forward);
        }
    }

    #[test]
    fn a_step_of_gradient_descent_moves_weight_and_bias() {
        let mut linear = Linear { weight: Matrix::new(2, 1, vec![1.0, 2.0]), bias: vec![3.0] };
        let gradients = LinearGradients { dweight: Matrix::new(2, 1, vec![4.0, -8.0]), dbias: vec![2.0] };
        linear.descend(0.25, &gradients);
        assert_eq!((linear.weight.values(), linear.bias.as_slice()), (&[0.0, 4.0][..], &[2.5][..]));
    }
}
