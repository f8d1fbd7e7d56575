//! From the type of a dfdx tuple model to the layers of a chain.

use super::layers::{LayerSpec, activation, batch_norm, conv2d, custom, flatten, group, image, layer_norm, linear, max_pool2d};
use crate::{
    layers::{NORMALIZATION_EPSILON, Shape, batch_norm::Settings, layer_norm::LayerNormLayer},
    tape::{Elementwise, Flatten, Function, Image, MaxPool2d, builder},
};

/// A layer or tuple of layers as a dfdx model's type names it. Layers have the settings that they have unless set.
pub trait InChain {
    /// The same in a chain.
    fn layers() -> LayerSpec;
}

impl<const I: usize, const O: usize> InChain for builder::Linear<I, O> {
    fn layers() -> LayerSpec {
        linear(I, O)
    }
}

impl<F: Function> InChain for Elementwise<F> {
    fn layers() -> LayerSpec {
        activation(F::default().activation())
    }
}

impl<const C: usize, const H: usize, const W: usize> InChain for Image<C, H, W> {
    fn layers() -> LayerSpec {
        image(C, H, W)
    }
}

impl<const F: usize> InChain for Flatten<F> {
    fn layers() -> LayerSpec {
        flatten()
    }
}

impl<const I: usize, const O: usize, const K: usize, const STRIDE: usize, const PADDING: usize> InChain
    for builder::Conv2d<I, O, K, STRIDE, PADDING>
{
    fn layers() -> LayerSpec {
        conv2d(O, K, STRIDE, PADDING)
    }
}

impl<const K: usize, const STRIDE: usize> InChain for MaxPool2d<K, STRIDE> {
    fn layers() -> LayerSpec {
        max_pool2d(K, STRIDE)
    }
}

impl<const C: usize> InChain for builder::BatchNorm<C> {
    fn layers() -> LayerSpec {
        batch_norm(Settings::BOOK)
    }
}

impl<const F: usize> InChain for builder::LayerNorm<F> {
    fn layers() -> LayerSpec {
        custom(|shape| {
            assert_eq!(shape, Shape::Features(F), "features of a layer normalisation");
            LayerNormLayer::new(shape, NORMALIZATION_EPSILON)
        })
    }
}

impl InChain for builder::LayerNorm2d {
    fn layers() -> LayerSpec {
        layer_norm(NORMALIZATION_EPSILON)
    }
}

/// Tuples part by part, as dfdx's own walk over them goes.
macro_rules! tuples {
    ($($($part:ident),+;)+) => {$(
        impl<$($part: InChain),+> InChain for ($($part,)+) {
            fn layers() -> LayerSpec {
                group([$($part::layers()),+])
            }
        }
    )+};
}

tuples! {
    A;
    A, B;
    A, B, C;
    A, B, C, D;
    A, B, C, D, E;
    A, B, C, D, E, F;
}
