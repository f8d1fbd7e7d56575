//! The book's hand-derived operators: a forward and a backward pass each, no tape.
//!
//! An operator keeps no state between the two passes: what the backward pass needs it is given.

mod clipping;
mod linear;
mod network;

pub use clipping::Clipping;
pub use linear::{Linear, LinearGradients};
pub use network::{Layer, Network};
pub(crate) use network::{load_into, parameters_of};

use crate::{
    kernels::{
        Activation, Loss,
        activation::Activated,
        isa::Isa,
        loss::{Outputs, Targets},
    },
    matrix::Matrix,
};

/// Computes a = f(z), book section 4.2.2.2.
#[must_use]
pub fn activate(f: Activation, z: &Matrix) -> Matrix {
    let mut a = Matrix::zeros(z.rows(), z.columns());
    f.forward(Isa::best(), z.values(), a.values_mut());
    a
}

/// Computes dz = da ⊙ f′(z), book section 4.2.4.3, eq. 4.16.
#[must_use]
pub fn activate_backward(f: Activation, z: &Matrix, a: &Matrix, da: &Matrix) -> Matrix {
    let mut dz = Matrix::zeros(z.rows(), z.columns());
    let activated = Activated { z: z.values(), a: a.values() };
    f.backward(Isa::best(), activated, da.values(), dz.values_mut());
    dz
}

/// Computes the loss of `outputs`, one row a sample.
#[must_use]
pub fn loss(loss: Loss, outputs: &Matrix, targets: Targets) -> f32 {
    loss.value(Isa::best(), rows(outputs), targets)
}

/// Computes the gradient of the loss with respect to `outputs`, book section 4.2.4.2, eq. 4.11.
#[must_use]
pub fn loss_backward(loss: Loss, outputs: &Matrix, targets: Targets) -> Matrix {
    let mut doutputs = Matrix::zeros(outputs.rows(), outputs.columns());
    loss.gradient(Isa::best(), rows(outputs), targets, doutputs.values_mut());
    doutputs
}

fn rows(outputs: &Matrix) -> Outputs<'_> {
    Outputs { values: outputs.values(), columns: outputs.columns() }
}
