//! Layers as a chain's list names them: each learns the shape of its input from the layer before it.

use crate::{
    kernels::{Activation, Conv2d, MaxPool2d},
    layers::{
        Layer, Masks, Shape,
        activation::ActivationLayer,
        batch_norm,
        batch_norm::BatchNormLayer,
        conv2d::Conv2dLayer,
        dropout::DropoutLayer,
        images::{ImagesToRows, RowsToImages},
        layer_norm::LayerNormLayer,
        linear::LinearLayer,
    },
};
use std::fmt;

/// A layer that makes itself once it knows the shape of its input, or several in a row that count as one place in the names of tensors.
pub enum LayerSpec {
    /// A layer, given the shape of a sample behind the one before; none if it is the first.
    Layer(Box<dyn FnOnce(Option<Shape>) -> Box<dyn Layer>>),
    /// Several in a row.
    Group(Vec<LayerSpec>),
}

impl fmt::Debug for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layer(_) => f.write_str("Layer"),
            Self::Group(members) => f.debug_tuple("Group").field(members).finish(),
        }
    }
}

/// Several layers in a row, which count as one place in the names of tensors, as a tuple within a tuple does.
pub fn group(layers: impl IntoIterator<Item = LayerSpec>) -> LayerSpec {
    LayerSpec::Group(layers.into_iter().collect())
}

/// A layer of another kind, given the shape of its input.
///
/// # Panics
/// If it is the first of a chain.
pub fn custom<L: Layer + 'static>(make: impl FnOnce(Shape) -> L + 'static) -> LayerSpec {
    LayerSpec::Layer(Box::new(|shape| {
        let shape = shape.expect("a chain begins with a layer that knows the shape of its input");
        Box::new(make(shape))
    }))
}

/// A layer of another kind that knows its input.
pub fn layer<L: Layer + 'static>(layer: L) -> LayerSpec {
    LayerSpec::Layer(Box::new(move |_| Box::new(layer)))
}

/// A layer that knows the number of its inputs.
fn of_features<L: Layer + 'static>(features: usize, name: &'static str, layer: L) -> LayerSpec {
    LayerSpec::Layer(Box::new(move |shape| {
        let fits = shape.is_none_or(|shape| shape == Shape::Features(features));
        assert!(fits, "{name} of {features} features after {shape:?}");
        Box::new(layer)
    }))
}

/// An affine layer Y = X W + b.
#[must_use]
pub fn linear(fan_in: usize, fan_out: usize) -> LayerSpec {
    of_features(fan_in, "a linear layer", LinearLayer { fan_in, fan_out })
}

/// An activation function.
#[must_use]
pub fn activation(f: Activation) -> LayerSpec {
    custom(move |shape| ActivationLayer { f, shape })
}

/// The logistic function.
#[must_use]
pub fn logistic() -> LayerSpec {
    activation(Activation::Logistic)
}

/// The hyperbolic tangent.
#[must_use]
pub fn tanh() -> LayerSpec {
    activation(Activation::Tanh)
}

/// The rectifier.
#[must_use]
pub fn relu() -> LayerSpec {
    activation(Activation::Relu)
}

/// The leaky rectifier with the given slope for z ≤ 0.
#[must_use]
pub fn leaky_relu(slope: f32) -> LayerSpec {
    activation(Activation::LeakyRelu { slope })
}

/// Batch normalisation of each feature of a row, or each channel of an image.
#[must_use]
pub fn batch_norm(settings: batch_norm::Settings) -> LayerSpec {
    custom(move |shape| BatchNormLayer::new(shape, settings))
}

/// Layer normalisation: one γ and β for each feature of a row, one for all values of an image.
#[must_use]
pub fn layer_norm(eps: f32) -> LayerSpec {
    custom(move |shape| LayerNormLayer::new(shape, eps))
}

/// Dropout of rows: in training each value is dropped with probability `rate`.
///
/// # Panics
/// If it follows images.
#[must_use]
pub fn dropout(rate: f32, masks: Masks) -> LayerSpec {
    custom(move |shape| {
        assert!(matches!(shape, Shape::Features(_)), "dropout of rows after {shape:?}");
        DropoutLayer::new(shape.features(), rate, masks)
    })
}

/// Rows of features become images.
#[must_use]
pub fn image(channels: usize, height: usize, width: usize) -> LayerSpec {
    let image = Shape::Image { channels, height, width };
    of_features(image.features(), "an image", RowsToImages { image })
}

/// Images become rows of features.
///
/// # Panics
/// If it follows rows.
#[must_use]
pub fn flatten() -> LayerSpec {
    custom(|shape| {
        assert!(matches!(shape, Shape::Image { .. }), "what is flattened is an image, not {shape:?}");
        ImagesToRows { features: shape.features() }
    })
}

/// A convolution by `out_channels` kernels of `kernel` × `kernel`, `stride` apart, the image surrounded by `padding` zeros.
///
/// # Panics
/// If it follows rows.
#[must_use]
pub fn conv2d(out_channels: usize, kernel: usize, stride: usize, padding: usize) -> LayerSpec {
    custom(move |shape| {
        let Shape::Image { channels: in_channels, height, width } = shape else { panic!("a convolution after {shape:?}") };
        Conv2dLayer::new(Conv2d { in_channels, out_channels, height, width, kernel, stride, padding })
    })
}

/// The largest value of each window of `kernel` × `kernel`, `stride` apart.
///
/// # Panics
/// If it follows rows.
#[must_use]
pub fn max_pool2d(kernel: usize, stride: usize) -> LayerSpec {
    custom(move |shape| {
        let Shape::Image { channels, height, width } = shape else { panic!("a pooling after {shape:?}") };
        MaxPool2d { channels, height, width, kernel, stride }
    })
}
