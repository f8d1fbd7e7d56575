//! Activation functions and their derivatives, element by element.
//!
//! Contract: each value is the stated formula, evaluated left to right with the correctly rounded functions of
//! [`functions`] and IEEE additions, multiplications and comparisons. Where a function has a kink
//! the derivative there is given with it.

use crate::kernels::{functions, isa::Isa};
use pulp::{Simd, WithSimd};

/// An activation function a = f(z), with its parameter where it has one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Activation {
    /// f(z) = z.
    #[default]
    Identity,
    /// σ(z) = 1 / (1 + e^−z), eq. 4.4; σ′ = a (1 − a).
    Logistic,
    /// tanh z, eq. 4.5; tanh′ = 1 − a².
    Tanh,
    /// max(0, z), eq. 4.6; the derivative at 0 is 0.
    Relu,
    /// max(0, z) + slope · min(0, z), eq. 4.7; the derivative at 0 is the slope.
    LeakyRelu {
        /// The slope λ for z ≤ 0.
        slope: f32,
    },
    /// min(max(0.25 z + 0.5, 0), 1): the first-order expansion of σ at 0; the derivative at the corners is 0.
    HardLogistic,
    /// min(max(z, −1), 1): the first-order expansion of tanh at 0; the derivative at the corners is 0.
    HardTanh,
    /// z for z > 0, else alpha · (e^z − 1); the derivative at 0 is alpha, as in PyTorch.
    Elu {
        /// The limit −alpha for z → −∞.
        alpha: f32,
    },
    /// ln(1 + e^z); softplus′ = σ(z).
    Softplus,
    /// z · σ(beta · z).
    Swish {
        /// The steepness of the gate: 0 gives z / 2, large values approach the ReLU.
        beta: f32,
    },
}

impl Activation {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Logistic => "logistic",
            Self::Tanh => "tanh",
            Self::Relu => "ReLU",
            Self::LeakyRelu { .. } => "leaky ReLU",
            Self::HardLogistic => "hard logistic",
            Self::HardTanh => "hard tanh",
            Self::Elu { .. } => "ELU",
            Self::Softplus => "softplus",
            Self::Swish { .. } => "swish",
        }
    }

    /// Computes `a` = f(`z`), element by element.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn forward(self, isa: Isa, z: &[f32], a: &mut [f32]) {
        match self {
            Self::Identity => a.copy_from_slice(z),
            Self::Logistic => functions::logistic_slice(isa, z, a),
            Self::Tanh => functions::tanh_slice(isa, z, a),
            Self::Relu => functions::map(isa, |_, z| relu(z), z, a),
            Self::LeakyRelu { slope } => functions::map(isa, |_, z| if z > 0.0 { z } else { slope * z }, z, a),
            Self::HardLogistic => functions::map(isa, |_, z| (0.25 * z + 0.5).clamp(0.0, 1.0), z, a),
            Self::HardTanh => functions::map(isa, |_, z| z.clamp(-1.0, 1.0), z, a),
            Self::Elu { alpha } => functions::elu_slice(isa, alpha, z, a),
            Self::Softplus => functions::softplus_slice(isa, z, a),
            Self::Swish { beta } => functions::swish_slice(isa, beta, z, a),
        }
    }

    /// Computes `dz` = `da` · f′(`z`), element by element, given also `a` = f(`z`).
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn backward(self, isa: Isa, Activated { z, a }: Activated, da: &[f32], dz: &mut [f32]) {
        match self {
            Self::Identity => dz.copy_from_slice(da),
            Self::Logistic => chain_rule(isa, (a, da), dz, |a| a * (1.0 - a)),
            Self::Tanh => chain_rule(isa, (a, da), dz, |a| 1.0 - a * a),
            Self::Relu => chain_rule(isa, (z, da), dz, |z| if z > 0.0 { 1.0 } else { 0.0 }),
            Self::LeakyRelu { slope } => chain_rule(isa, (z, da), dz, |z| if z > 0.0 { 1.0 } else { slope }),
            Self::HardLogistic => chain_rule(isa, (z, da), dz, |z| if z.abs() < 2.0 { 0.25 } else { 0.0 }),
            Self::HardTanh => chain_rule(isa, (z, da), dz, |z| if z.abs() < 1.0 { 1.0 } else { 0.0 }),
            Self::Elu { alpha } => {
                functions::exp_slice(isa, z, dz);
                for ((dz, z), da) in dz.iter_mut().zip(z).zip(da) {
                    *dz = da * if *z > 0.0 { 1.0 } else { alpha * *dz };
                }
            }
            Self::Softplus => {
                functions::logistic_slice(isa, z, dz);
                for (dz, da) in dz.iter_mut().zip(da) {
                    *dz *= da;
                }
            }
            Self::Swish { beta } => {
                let scaled: Vec<f32> = z.iter().map(|z| beta * z).collect();
                functions::logistic_slice(isa, &scaled, dz);
                for ((dz, a), da) in dz.iter_mut().zip(a).zip(da) {
                    let gate = *dz;
                    *dz = da * (gate + (beta * a) * (1.0 - gate));
                }
            }
        }
    }
}

/// max(0, z): +0 for a zero of either sign, NaN for NaN.
#[inline(always)]
pub(crate) fn relu(z: f32) -> f32 {
    if z <= 0.0 { 0.0 } else { z }
}

/// What the forward pass of an activation leaves for the backward pass.
#[derive(Debug, Clone, Copy)]
pub struct Activated<'a> {
    /// The net input.
    pub z: &'a [f32],
    /// The activation f(z).
    pub a: &'a [f32],
}

/// dz = da · derivative(x), where x is whichever of z and a the derivative is written in.
fn chain_rule(isa: Isa, (x, da): (&[f32], &[f32]), dz: &mut [f32], derivative: impl Fn(f32) -> f32) {
    assert!(x.len() == da.len() && da.len() == dz.len(), "one gradient an activation");
    isa.dispatch(ChainRule { x, da, dz, derivative });
}

struct ChainRule<'a, F> {
    x: &'a [f32],
    da: &'a [f32],
    dz: &'a mut [f32],
    derivative: F,
}

impl<F: Fn(f32) -> f32> WithSimd for ChainRule<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for ((dz, da), x) in self.dz.iter_mut().zip(self.da).zip(self.x) {
            *dz = da * (self.derivative)(*x);
        }
    }
}
