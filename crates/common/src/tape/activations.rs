//! Activation layers.

#[cfg(not(feature = "cuda"))]
use super::device::Operation;
use super::{Batch, DeviceError};
use crate::kernels::Activation;
#[cfg(not(feature = "cuda"))]
use crate::layers::{self, activation::ActivationLayer};
use dfdx::nn::{Module, NonMutableModule, ZeroSizedModule};
#[cfg(feature = "cuda")]
use dfdx::{
    tensor::WithEmptyTape,
    tensor_ops::{TryAdd, TryMul, TrySub},
};

/// An activation function as a type.
pub trait Function: Default {
    /// The function.
    fn activation(&self) -> Activation;
}

/// A layer that applies a function to every element.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Elementwise<F> {
    /// The function.
    pub f: F,
}

impl<F: Function> ZeroSizedModule for Elementwise<F> {}
impl<F: Function> NonMutableModule for Elementwise<F> {}

impl<F: Function, X: Batch> Module<X> for Elementwise<F> {
    type Output = X;
    type Error = DeviceError;

    fn try_forward(&self, z: X) -> Result<X, DeviceError> {
        #[cfg(not(feature = "cuda"))]
        {
            let (f, form, shape) = (self.f.activation(), z.form(), layers::Shape::Features(z.n_values()));
            Operation { layer: ActivationLayer { f, shape }, parameters: (), samples: 1 }.apply(z, form)
        }
        #[cfg(feature = "cuda")]
        {
            let z = z.tensor();
            let a = match self.f.activation() {
                Activation::Identity => Ok(z),
                Activation::Logistic => z.try_sigmoid(),
                Activation::Tanh => z.try_tanh(),
                Activation::Relu => z.try_relu(),
                Activation::LeakyRelu { slope } => {
                    let negative = z.with_empty_tape().try_negate()?.try_relu()?.try_mul(slope)?;
                    z.try_relu()?.try_sub(negative)
                }
                Activation::HardLogistic => z.try_mul(0.25)?.try_add(0.5)?.try_clamp(0.0, 1.0),
                Activation::HardTanh => z.try_clamp(-1.0, 1.0),
                Activation::Elu { alpha } => {
                    let below = z.with_empty_tape().try_clamp(f32::MIN, 0.0)?.try_exp()?.try_sub(1.0)?.try_mul(alpha)?;
                    z.try_relu()?.try_add(below)
                }
                Activation::Softplus => {
                    let bend = z.with_empty_tape().try_abs()?.try_negate()?.try_exp()?.try_add(1.0)?.try_ln()?;
                    z.try_relu()?.try_add(bend)
                }
                Activation::Swish { beta } => {
                    let gate = z.with_empty_tape().try_mul(beta)?.try_sigmoid()?;
                    z.try_mul(gate)
                }
            };
            a.map(X::of)
        }
    }
}

/// The logistic function, [`Activation::Logistic`].
pub type Logistic = Elementwise<functions::Logistic>;
/// The hyperbolic tangent, [`Activation::Tanh`].
pub type Tanh = Elementwise<functions::Tanh>;
/// The rectifier, [`Activation::Relu`].
pub type Relu = Elementwise<functions::Relu>;
/// The leaky rectifier, [`Activation::LeakyRelu`].
pub type LeakyRelu = Elementwise<functions::LeakyRelu>;
/// The piecewise linear logistic function, [`Activation::HardLogistic`].
pub type HardLogistic = Elementwise<functions::HardLogistic>;
/// The piecewise linear tanh, [`Activation::HardTanh`].
pub type HardTanh = Elementwise<functions::HardTanh>;
/// The exponential linear unit, [`Activation::Elu`].
pub type Elu = Elementwise<functions::Elu>;
/// The smooth rectifier, [`Activation::Softplus`].
pub type Softplus = Elementwise<functions::Softplus>;
/// The self-gated unit, [`Activation::Swish`].
pub type Swish = Elementwise<functions::Swish>;
/// A function that is chosen when the program runs; the identity unless set.
pub type Activate = Elementwise<Activation>;

impl Function for Activation {
    fn activation(&self) -> Activation {
        *self
    }
}

/// The functions as types.
pub mod functions {
    use super::Function;
    use crate::kernels::Activation;

    /// [`Activation::Logistic`].
    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    pub struct Logistic;

    /// [`Activation::Tanh`].
    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    pub struct Tanh;

    /// [`Activation::Relu`].
    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    pub struct Relu;

    /// [`Activation::LeakyRelu`].
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct LeakyRelu {
        /// Slope for negative inputs; 0.01 unless set.
        pub slope: f32,
    }

    impl Default for LeakyRelu {
        fn default() -> Self {
            Self { slope: 0.01 }
        }
    }

    /// [`Activation::HardLogistic`].
    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    pub struct HardLogistic;

    /// [`Activation::HardTanh`].
    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    pub struct HardTanh;

    /// [`Activation::Elu`].
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Elu {
        /// Minus the limit for very negative inputs; 1 unless set.
        pub alpha: f32,
    }

    impl Default for Elu {
        fn default() -> Self {
            Self { alpha: 1.0 }
        }
    }

    /// [`Activation::Softplus`].
    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    pub struct Softplus;

    /// [`Activation::Swish`].
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Swish {
        /// Steepness of the gate; 1 unless set.
        pub beta: f32,
    }

    impl Default for Swish {
        fn default() -> Self {
            Self { beta: 1.0 }
        }
    }

    impl Function for Logistic {
        fn activation(&self) -> Activation {
            Activation::Logistic
        }
    }

    impl Function for Tanh {
        fn activation(&self) -> Activation {
            Activation::Tanh
        }
    }

    impl Function for Relu {
        fn activation(&self) -> Activation {
            Activation::Relu
        }
    }

    impl Function for LeakyRelu {
        fn activation(&self) -> Activation {
            Activation::LeakyRelu { slope: self.slope }
        }
    }

    impl Function for HardLogistic {
        fn activation(&self) -> Activation {
            Activation::HardLogistic
        }
    }

    impl Function for HardTanh {
        fn activation(&self) -> Activation {
            Activation::HardTanh
        }
    }

    impl Function for Elu {
        fn activation(&self) -> Activation {
            Activation::Elu { alpha: self.alpha }
        }
    }

    impl Function for Softplus {
        fn activation(&self) -> Activation {
            Activation::Softplus
        }
    }

    impl Function for Swish {
        fn activation(&self) -> Activation {
            Activation::Swish { beta: self.beta }
        }
    }
}
