//! The linear layer.

use crate::{
    kernels::{View, isa::Isa, matmul, reduce},
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

impl Linear {
    /// Computes Y = X W + b, eq. 4.8.
    ///
    /// # Panics
    /// If `x` has another number of columns than the weight has rows.
    #[must_use]
    pub fn forward(&self, x: &Matrix) -> Matrix {
        let mut y = Matrix::zeros(x.rows(), self.bias.len());
        matmul(Isa::best(), x.view(), self.weight.view(), Some(&self.bias), y.values_mut());
        y
    }

    /// Computes the gradients of the parameters: δW = Xᵀ δY and δb = 1ᵀ δY, eq. 4.22 and 4.23.
    ///
    /// # Panics
    /// If the shapes do not fit together.
    #[must_use]
    pub fn backward(&self, x: &Matrix, dy: &Matrix) -> LinearGradients {
        let mut dweight = Matrix::zeros(self.weight.rows(), self.weight.columns());
        matmul(Isa::best(), x.view().transposed(), dy.view(), None, dweight.values_mut());
        LinearGradients { dweight, dbias: reduce::column_sums(Isa::best(), dy.values(), dy.columns()) }
    }

    /// Computes the gradient of the input: δX = δY Wᵀ, eq. 4.19.
    ///
    /// # Panics
    /// If the shapes do not fit together.
    #[must_use]
    pub fn backward_input(&self, dy: &Matrix) -> Matrix {
        let mut dx = Matrix::zeros(dy.rows(), self.weight.rows());
        let weight: View = self.weight.view();
        matmul(Isa::best(), dy.view(), weight.transposed(), None, dx.values_mut());
        dx
    }
}
