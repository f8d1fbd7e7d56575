//! Activation layers.

use crate::{
    kernels::Activation,
    ops::{self, Device, DeviceError, Tensor},
};
use dfdx::{
    nn::{Module, NonMutableModule, ZeroSizedModule},
    shapes::Shape,
    tensor::Tape,
};

/// An activation layer's function.
trait Function {
    fn function(&self) -> Activation;
}

/// Makes a layer of each type: its forward pass applies its function to every element.
macro_rules! layers {
    ($($layer:ident => $function:expr;)*) => {$(
        impl Function for $layer {
            fn function(&self) -> Activation {
                let function: fn(&Self) -> Activation = $function;
                function(self)
            }
        }
        impl From<$layer> for Activation {
            fn from(layer: $layer) -> Self {
                layer.function()
            }
        }
        impl ZeroSizedModule for $layer {}
        impl NonMutableModule for $layer {}
        impl<S: Shape, T: Tape<f32, Device>> Module<Tensor<S, T>> for $layer {
            type Output = Tensor<S, T>;
            type Error = DeviceError;
            fn try_forward(&self, z: Tensor<S, T>) -> Result<Self::Output, DeviceError> {
                ops::activate(z, self.function())
            }
        }
    )*};
}

layers! {
    Logistic => |_| Activation::Logistic;
    Tanh => |_| Activation::Tanh;
    Relu => |_| Activation::Relu;
    LeakyRelu => |layer| Activation::LeakyRelu { slope: layer.slope };
    HardLogistic => |_| Activation::HardLogistic;
    HardTanh => |_| Activation::HardTanh;
    Elu => |layer| Activation::Elu { alpha: layer.alpha };
    Softplus => |_| Activation::Softplus;
    Swish => |layer| Activation::Swish { beta: layer.beta };
    Activate => |layer| layer.f;
}

/// The logistic function, [`Activation::Logistic`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Logistic;

/// The hyperbolic tangent, [`Activation::Tanh`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tanh;

/// The rectifier, [`Activation::Relu`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Relu;

/// The leaky rectifier, [`Activation::LeakyRelu`].
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

/// The piecewise linear logistic function, [`Activation::HardLogistic`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HardLogistic;

/// The piecewise linear tanh, [`Activation::HardTanh`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HardTanh;

/// The exponential linear unit, [`Activation::Elu`].
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

/// The smooth rectifier, [`Activation::Softplus`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Softplus;

/// The self-gated unit, [`Activation::Swish`].
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

/// An activation layer whose function is chosen when the program runs; the identity unless set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Activate {
    /// The function.
    pub f: Activation,
}

impl Default for Activate {
    fn default() -> Self {
        Self { f: Activation::Identity }
    }
}
