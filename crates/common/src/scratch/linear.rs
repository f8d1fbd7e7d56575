//! The linear layer.

use crate::{
    kernels::{isa::Isa, matmul, reduce},
    matrix::Matrix,
};

/// An affine layer Y = X W + b, book section 4.2.2.1, eq. 4.8.
///
/// | tensor | shape |
/// | --- | --- |
/// | `weight` | inputs × outputs |
/// | `bias` | outputs |
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// W.
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

impl LinearGradients {
    /// Zeros in the shape of the parameters of `linear`.
    #[must_use]
    pub fn zeros(linear: &Linear) -> Self {
        Self { dweight: Matrix::zeros(linear.weight.rows(), linear.weight.columns()), dbias: vec![0.0; linear.bias.len()] }
    }

    /// [`Linear::backward`], into memory that is there already.
    pub(super) fn compute(&mut self, x: &Matrix, dy: &Matrix) {
        matmul(Isa::best(), x.view().transposed(), dy.view(), None, self.dweight.values_mut());
        reduce::column_sums_into(Isa::best(), dy.values(), &mut self.dbias);
    }
}

impl Linear {
    /// Computes Y = X W + b, eq. 4.8.
    ///
    /// # Panics
    /// If `x` has another number of columns than the weight has rows.
    #[must_use]
    pub fn forward(&self, x: &Matrix) -> Matrix {
        let mut y = Matrix::zeros(0, 0);
        self.forward_into(x, &mut y);
        y
    }

    /// Computes the gradients of the parameters: δW = Xᵀ δY and δb = 1ᵀ δY, eq. 4.22 and 4.23.
    ///
    /// # Panics
    /// If the shapes do not fit together.
    #[must_use]
    pub fn backward(&self, x: &Matrix, dy: &Matrix) -> LinearGradients {
        let mut gradients = LinearGradients::zeros(self);
        gradients.compute(x, dy);
        gradients
    }

    /// Computes the gradient of the input: δX = δY Wᵀ, eq. 4.19.
    ///
    /// # Panics
    /// If the shapes do not fit together.
    #[must_use]
    pub fn backward_input(&self, dy: &Matrix) -> Matrix {
        let mut dx = Matrix::zeros(0, 0);
        self.backward_input_into(dy, &mut dx);
        dx
    }

    /// [`Linear::forward`], into memory that is there already.
    pub(super) fn forward_into(&self, x: &Matrix, y: &mut Matrix) {
        y.reshape(x.rows(), self.bias.len());
        matmul(Isa::best(), x.view(), self.weight.view(), Some(&self.bias), y.values_mut());
    }

    /// [`Linear::backward_input`], into memory that is there already.
    pub(super) fn backward_input_into(&self, dy: &Matrix, dx: &mut Matrix) {
        dx.reshape(dy.rows(), self.weight.rows());
        matmul(Isa::best(), dy.view(), self.weight.view().transposed(), None, dx.values_mut());
    }
}
