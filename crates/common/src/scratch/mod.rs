//! The book's hand-derived operators: a forward and a backward pass each, no tape.
//!
//! An operator keeps no state between the two passes: what the backward pass needs it is given.

mod clipping;
mod dropout;
mod linear;
mod network;
mod passes;
mod regularization;

pub use clipping::Clipping;
pub use dropout::{Dropout, Masks};
pub use linear::{Linear, LinearGradients};
pub use network::{Layer, Network};
pub(crate) use network::{load_into, parameters_of};
pub use regularization::Regularization;

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
    let mut a = Matrix::zeros(0, 0);
    activate_into(f, z, &mut a);
    a
}

/// Computes dz = da ⊙ f′(z), book section 4.2.4.3, eq. 4.16.
#[must_use]
pub fn activate_backward(f: Activation, z: &Matrix, a: &Matrix, da: &Matrix) -> Matrix {
    let mut dz = Matrix::zeros(0, 0);
    activate_backward_into(f, (z, a), da, &mut dz);
    dz
}

/// [`activate`], into memory that is there already.
fn activate_into(f: Activation, z: &Matrix, a: &mut Matrix) {
    a.reshape(z.rows(), z.columns());
    f.forward(Isa::best(), z.values(), a.values_mut());
}

/// [`activate_backward`], into memory that is there already.
fn activate_backward_into(f: Activation, (z, a): (&Matrix, &Matrix), da: &Matrix, dz: &mut Matrix) {
    dz.reshape(z.rows(), z.columns());
    let activated = Activated { z: z.values(), a: a.values() };
    f.backward(Isa::best(), activated, da.values(), dz.values_mut());
}

/// Computes the loss of `outputs`, one row a sample.
#[must_use]
pub fn loss(loss: Loss, outputs: &Matrix, targets: Targets) -> f32 {
    loss.value(Isa::best(), rows(outputs), targets)
}

/// Computes the gradient of the loss with respect to `outputs`, book section 4.2.4.2, eq. 4.11.
#[must_use]
pub fn loss_backward(loss: Loss, outputs: &Matrix, targets: Targets) -> Matrix {
    let mut doutputs = Matrix::zeros(0, 0);
    loss_backward_into(loss, outputs, targets, &mut doutputs);
    doutputs
}

/// [`loss_backward`], into memory that is there already.
fn loss_backward_into(loss: Loss, outputs: &Matrix, targets: Targets, doutputs: &mut Matrix) {
    doutputs.reshape(outputs.rows(), outputs.columns());
    loss.gradient(Isa::best(), rows(outputs), targets, doutputs.values_mut());
}

fn rows(outputs: &Matrix) -> Outputs<'_> {
    Outputs { values: outputs.values(), columns: outputs.columns() }
}
