//! Activation layers.

#[cfg(not(feature = "cuda"))]
use super::Images;
use super::{Device, DeviceError, Tensor, operations};
use crate::kernels::Activation;
use dfdx::{
    nn::{Module, NonMutableModule, ZeroSizedModule},
    shapes::Shape,
    tensor::Tape,
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

impl<F: Function, S: Shape, T: Tape<f32, Device>> Module<Tensor<S, T>> for Elementwise<F> {
    type Output = Tensor<S, T>;
    type Error = DeviceError;

    fn try_forward(&self, z: Tensor<S, T>) -> Result<Self::Output, DeviceError> {
        operations::activate(z, self.f.activation())
    }
}

#[cfg(not(feature = "cuda"))]
impl<F: Function, B: dfdx::shapes::Dim, const C: usize, T: Tape<f32, Device>> Module<Images<B, C, T>> for Elementwise<F> {
    type Output = Images<B, C, T>;
    type Error = DeviceError;

    fn try_forward(&self, z: Images<B, C, T>) -> Result<Self::Output, DeviceError> {
        operations::activate_images(z, self.f.activation())
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
