//! Convolution of images with square kernels, book section 5.1; the formulas are those of [`Conv2d`].
//!
//! | tensor | shape |
//! | --- | --- |
//! | x | batch × in × height × width, in lanes |
//! | `weight` | out × in × kernel × kernel |
//! | `bias` | out |
//! | y | batch × out × rows × columns, in lanes |

use super::{Gradients, Input, Layer, Output, Shape, TensorShape};
use crate::kernels::{Buffer, Conv2d, conv2d::ParameterGradients, isa::Isa};

/// A convolution.
#[derive(Debug, Clone)]
pub(crate) struct Conv2dLayer {
    shape: Conv2d,
    /// The images of the last training batch, surrounded by their zeros, if there are any to surround them by.
    surrounded: Buffer,
}

impl Conv2dLayer {
    /// A convolution of the given shape.
    pub(crate) fn new(shape: Conv2d) -> Self {
        Self { shape, surrounded: Buffer::default() }
    }

    /// What the training batch `x` is convolved as.
    fn seen<'a>(&'a self, x: &'a [f32]) -> &'a [f32] {
        if self.shape.padding > 0 { &self.surrounded } else { x }
    }
}

impl Layer for Conv2dLayer {
    fn output_shape(&self) -> Shape {
        let Conv2d { out_channels: channels, .. } = self.shape;
        Shape::Image { channels, height: self.shape.out_height(), width: self.shape.out_width() }
    }

    fn caption(&self) -> String {
        format!("convolution {0} × {0}", self.shape.kernel)
    }

    fn parameter_shapes(&self) -> Vec<TensorShape> {
        let Conv2d { in_channels, out_channels, kernel, .. } = self.shape;
        vec![("weight", vec![out_channels, in_channels, kernel, kernel]), ("bias", vec![out_channels])]
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        let (weight, bias) = input.parameters.split_at(self.shape.weights());
        self.shape.forward(Isa::best(), input.x, weight, bias, y);
    }

    fn forward_training(&mut self, input: Input, y: &mut [f32]) {
        if self.shape.padding > 0 {
            self.shape.surround(input.x, &mut self.surrounded);
        }
        let (weight, bias) = input.parameters.split_at(self.shape.weights());
        self.shape.surrounded().forward(Isa::best(), self.seen(input.x), weight, bias, y);
    }

    fn backward(&mut self, input: Input, Output { dy, .. }: Output, gradients: Gradients) {
        let (dweight, dbias) = gradients.dparameters.split_at_mut(self.shape.weights());
        let parameters = ParameterGradients { dweight, dbias };
        self.shape.surrounded().backward_parameters(Isa::best(), self.seen(input.x), dy, parameters);
        if let Some(dx) = gradients.dx {
            self.shape.backward_input(Isa::best(), dy, &input.parameters[..self.shape.weights()], dx);
        }
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
        let layer = |in_channels, out_channels, height, width| {
            move |kernel, stride, padding| Conv2d { in_channels, out_channels, height, width, kernel, stride, padding }
        };
        check(layer(1, 1, 1, 1)(1, 1, 0), 1);
        check(layer(1, 6, 6, 6)(3, 1, 1), 2);
        check(layer(3, 2, 7, 5)(3, 2, 1), 3);
        check(layer(2, 5, 9, 8)(5, 3, 2), 1);
        check(layer(2, 3, 4, 3)(2, 1, 0), 17);
    }

    /// A convolution as the textbook has it.
    #[track_caller]
    fn check(layer: Conv2d, n: usize) {
        let Conv2d { in_channels, out_channels, height, width, kernel: k, stride, padding } = layer;
        let forward = |x: &[f64], parameters: &[f64]| {
            let (weight, bias) = parameters.split_at(out_channels * in_channels * k * k);
            let result = |[s, o, i, j]: [usize; 4]| {
                let tap = |at: usize| {
                    let place = [s, at / (k * k), i * stride + at / k % k, j * stride + at % k];
                    weight[o * in_channels * k * k + at] * pixel(x, [n, in_channels, height, width], place, padding)
                };
                bias[o] + (0..in_channels * k * k).map(tap).sum::<f64>()
            };
            places([n, out_channels, layer.out_height(), layer.out_width()]).into_iter().map(result).collect()
        };
        let of = Shape::Image { channels: in_channels, height, width };
        check_layer(&format!("{layer:?}"), &mut Conv2dLayer::new(layer), of, n, forward);
    }
}
