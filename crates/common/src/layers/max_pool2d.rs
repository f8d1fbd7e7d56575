//! The largest value of each window of an image, book section 5.1; the formulas are those of [`MaxPool2d`].
//!
//! x and y are batches of images, in lanes; there are no parameters.

use super::{Gradients, Input, Layer, Output, Shape};
use crate::kernels::{
    Activation, MaxPool2d,
    isa::Isa,
    max_pool::{Pooled, ReluMaxPool2d},
};

impl Layer for MaxPool2d {
    fn output_shape(&self) -> Shape {
        Shape::Image { channels: self.channels, height: self.out_height(), width: self.out_width() }
    }

    fn caption(&self) -> String {
        format!("max-pooling {0} × {0}", self.kernel)
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        MaxPool2d::forward(self, Isa::best(), input.x, y);
    }

    fn backward(&mut self, input: Input, Output { y, dy }: Output, gradients: Gradients) {
        if let Some(dx) = gradients.dx {
            MaxPool2d::backward(self, Isa::best(), Pooled { x: input.x, y }, dy, dx);
        }
    }

    fn reads_output(&self) -> bool {
        true
    }

    fn merged_with(&self, before: &dyn Layer) -> Option<Box<dyn Layer>> {
        let behind_relu = self.behind_relu().filter(|_| before.activation() == Some(Activation::Relu))?;
        Some(Box::new(behind_relu))
    }
}

impl Layer for ReluMaxPool2d {
    fn output_shape(&self) -> Shape {
        self.shape().output_shape()
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        ReluMaxPool2d::forward(self, Isa::best(), input.x, y);
    }

    fn backward(&mut self, input: Input, Output { y, dy }: Output, gradients: Gradients) {
        if let Some(dx) = gradients.dx {
            ReluMaxPool2d::backward(self, Isa::best(), Pooled { x: input.x, y }, dy, dx);
        }
    }

    fn reads_output(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{check_layer, pixel, places},
        *,
    };

    #[test]
    fn gradients_are_those_of_the_formula() {
        let layer = |height, width, kernel, stride| MaxPool2d { channels: 3, height, width, kernel, stride };
        check(layer(6, 6, 2, 2), 2);
        check(layer(7, 9, 3, 2), 1);
        check(layer(5, 4, 3, 1), 17);
        check(layer(8, 5, 2, 3), 1);
    }

    /// Max-pooling as the textbook has it.
    #[track_caller]
    fn check(layer: MaxPool2d, n: usize) {
        let MaxPool2d { channels, height, width, kernel: k, stride } = layer;
        let forward = |x: &[f64], _: &[f64]| {
            let result = |[s, c, i, j]: [usize; 4]| {
                let window = (0..k * k).map(|at| [s, c, i * stride + at / k, j * stride + at % k]);
                window.map(|place| pixel(x, [n, channels, height, width], place, 0)).fold(f64::NEG_INFINITY, f64::max)
            };
            places([n, channels, layer.out_height(), layer.out_width()]).into_iter().map(result).collect()
        };
        check_layer(&format!("{layer:?}"), &mut layer.clone(), Shape::Image { channels, height, width }, n, forward);
    }
}
