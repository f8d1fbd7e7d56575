//! The layers of unrolled models, each around its kernels.

use super::{
    layer::{Backward, Batch, Layer, Place},
    plan::{Plan, Shape, Unroll},
};
use crate::{
    kernels::{
        Activation, Conv2d, MaxPool2d, View, activation::Activated, conv2d::ParameterGradients, lanes, matmul, max_pool::Pooled,
        reduce,
    },
    nn::{self, builder},
};

/// The affine map.
#[derive(Debug)]
struct Linear {
    inputs: usize,
    outputs: usize,
}

impl Layer for Linear {
    fn size(&self, samples: usize) -> usize {
        samples * self.outputs
    }

    fn forward(&self, batch: Batch, y: &mut [f32]) {
        let (weight, bias) = batch.parameters.split_at(self.inputs * self.outputs);
        let x = View::new(batch.x, batch.samples, self.inputs);
        matmul(batch.isa, x, View::new(weight, self.inputs, self.outputs), Some(bias), y);
    }

    fn backward(&mut self, batch: Batch, back: Backward) {
        let n = self.inputs * self.outputs;
        let dy = View::new(back.dy, batch.samples, self.outputs);
        if let Some(dx) = back.dx {
            let weight = View::new(&batch.parameters[..n], self.inputs, self.outputs);
            matmul(batch.isa, dy, weight.transposed(), None, dx);
        }
        let (dweight, dbias) = back.dparameters.split_at_mut(n);
        matmul(batch.isa, View::new(batch.x, batch.samples, self.inputs).transposed(), dy, None, dweight);
        dbias.copy_from_slice(&reduce::column_sums(batch.isa, back.dy, self.outputs));
    }
}

impl<const I: usize, const O: usize> Unroll for builder::Linear<I, O> {
    fn unroll(plan: &mut Plan) {
        assert!(
            plan.shape() == Shape::Input || plan.shape() == Shape::Features(I),
            "a linear layer of {I} inputs after {:?}",
            plan.shape()
        );
        plan.push(Linear { inputs: I, outputs: O }, &[("weight", &[I, O]), ("bias", &[O])], Shape::Features(O));
    }
}

/// An activation function, wherever the samples lie.
#[derive(Debug)]
struct Activate {
    f: Activation,
    features: usize,
    place: Place,
}

/// Values that a thread takes at a time: to wake one costs as much as some ten thousand.
const TOGETHER: usize = 1 << 17;

impl Layer for Activate {
    fn size(&self, samples: usize) -> usize {
        self.place.size(samples, self.features)
    }

    fn forward(&self, batch: Batch, y: &mut [f32]) {
        use rayon::prelude::*;
        let parts = batch.x.par_chunks(TOGETHER).zip(y.par_chunks_mut(TOGETHER));
        parts.for_each(|(z, a)| self.f.forward(batch.isa, z, a));
    }

    fn backward(&mut self, batch: Batch, back: Backward) {
        use rayon::prelude::*;
        let Some(dx) = back.dx else { return };
        let inputs = batch.x.par_chunks(TOGETHER).zip(back.y.par_chunks(TOGETHER));
        let gradients = back.dy.par_chunks(TOGETHER).zip(dx.par_chunks_mut(TOGETHER));
        inputs.zip(gradients).for_each(|((z, a), (da, dz))| self.f.backward(batch.isa, Activated { z, a }, da, dz));
    }
}

/// Unrolls activation layers with the parameters that they have unless set.
macro_rules! activations {
    ($($layer:ident)*) => {$(
        impl Unroll for nn::$layer {
            fn unroll(plan: &mut Plan) {
                let shape = plan.shape();
                let f = nn::$layer::default().into();
                plan.push(Activate { f, features: shape.features(), place: shape.place() }, &[], shape);
            }
        }
    )*};
}

activations! { Logistic Tanh Relu LeakyRelu HardLogistic HardTanh Elu Softplus Swish }

/// Rows of features become images.
#[derive(Debug)]
struct Image {
    features: usize,
}

impl Layer for Image {
    fn size(&self, samples: usize) -> usize {
        lanes::size(samples, self.features)
    }

    fn forward(&self, batch: Batch, y: &mut [f32]) {
        lanes::from_rows(batch.x, self.features, y);
    }

    fn backward(&mut self, _: Batch, back: Backward) {
        if let Some(dx) = back.dx {
            lanes::to_rows(back.dy, self.features, dx);
        }
    }
}

impl<const C: usize, const H: usize, const W: usize> Unroll for nn::Image<C, H, W> {
    fn unroll(plan: &mut Plan) {
        let shape = Shape::Image { channels: C, height: H, width: W };
        assert!(plan.shape() == Shape::Input || plan.shape() == Shape::Features(C * H * W), "an image after {:?}", plan.shape());
        plan.push(Image { features: C * H * W }, &[], shape);
    }
}

/// Images become rows of features.
#[derive(Debug)]
struct Flatten {
    features: usize,
}

impl Layer for Flatten {
    fn size(&self, samples: usize) -> usize {
        samples * self.features
    }

    fn forward(&self, batch: Batch, y: &mut [f32]) {
        lanes::to_rows(batch.x, self.features, y);
    }

    fn backward(&mut self, _: Batch, back: Backward) {
        if let Some(dx) = back.dx {
            lanes::from_rows(back.dy, self.features, dx);
        }
    }
}

impl<const F: usize> Unroll for nn::Flatten<F> {
    fn unroll(plan: &mut Plan) {
        assert_eq!(plan.shape().features(), F, "features of an image that becomes a row");
        plan.push(Flatten { features: F }, &[], Shape::Features(F));
    }
}

impl Layer for Conv2d {
    fn size(&self, samples: usize) -> usize {
        lanes::size(samples, self.out_features())
    }

    fn forward(&self, batch: Batch, y: &mut [f32]) {
        let (weight, bias) = batch.parameters.split_at(self.weights());
        Conv2d::forward(self, batch.isa, batch.x, weight, bias, y);
    }

    fn backward(&mut self, batch: Batch, back: Backward) {
        let (dweight, dbias) = back.dparameters.split_at_mut(self.weights());
        self.backward_parameters(batch.isa, batch.x, back.dy, ParameterGradients { dweight, dbias });
        if let Some(dx) = back.dx {
            self.backward_input(batch.isa, back.dy, &batch.parameters[..self.weights()], dx);
        }
    }
}

impl<const I: usize, const O: usize, const K: usize, const STRIDE: usize, const PADDING: usize> Unroll
    for builder::Conv2d<I, O, K, STRIDE, PADDING>
{
    fn unroll(plan: &mut Plan) {
        let Shape::Image { channels, height, width } = plan.shape() else { panic!("a convolution after {:?}", plan.shape()) };
        assert_eq!(channels, I, "channels of a convolution's image");
        let layer = Conv2d { in_channels: I, out_channels: O, height, width, kernel: K, stride: STRIDE, padding: PADDING };
        let shape = Shape::Image { channels: O, height: layer.out_height(), width: layer.out_width() };
        plan.push(layer, &[("weight", &[O, I, K, K]), ("bias", &[O])], shape);
    }
}

impl Layer for MaxPool2d {
    fn size(&self, samples: usize) -> usize {
        lanes::size(samples, self.out_features())
    }

    fn forward(&self, batch: Batch, y: &mut [f32]) {
        MaxPool2d::forward(self, batch.isa, batch.x, y);
    }

    fn backward(&mut self, batch: Batch, back: Backward) {
        if let Some(dx) = back.dx {
            MaxPool2d::backward(self, batch.isa, Pooled { x: batch.x, y: back.y }, back.dy, dx);
        }
    }
}

impl<const K: usize, const STRIDE: usize> Unroll for nn::MaxPool2d<K, STRIDE> {
    fn unroll(plan: &mut Plan) {
        let Shape::Image { channels, height, width } = plan.shape() else { panic!("a pooling after {:?}", plan.shape()) };
        let layer = MaxPool2d { channels, height, width, kernel: K, stride: STRIDE };
        let shape = Shape::Image { channels, height: layer.out_height(), width: layer.out_width() };
        plan.push(layer, &[], shape);
    }
}
