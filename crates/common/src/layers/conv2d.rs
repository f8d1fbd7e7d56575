//! Convolution of images with square kernels, book section 5.1; the formulas are those of [`Conv2d`].
//!
//! | tensor | shape |
//! | --- | --- |
//! | x | batch × in × height × width, in lanes |
//! | `weight` | out × in × kernel × kernel |
//! | `bias` | out |
//! | y | batch × out × rows × columns, in lanes |

use super::{Gradients, Input, Layer, Output, Shape, TensorShape};
use crate::kernels::{Conv2d, conv2d::ParameterGradients, isa::Isa};

impl Layer for Conv2d {
    fn output_shape(&self) -> Shape {
        Shape::Image { channels: self.out_channels, height: self.out_height(), width: self.out_width() }
    }

    fn caption(&self) -> String {
        format!("convolution {0} × {0}", self.kernel)
    }

    fn parameter_shapes(&self) -> Vec<TensorShape> {
        let weight = vec![self.out_channels, self.in_channels, self.kernel, self.kernel];
        vec![("weight", weight), ("bias", vec![self.out_channels])]
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        let (weight, bias) = input.parameters.split_at(self.weights());
        Conv2d::forward(self, Isa::best(), input.x, weight, bias, y);
    }

    fn backward(&mut self, input: Input, Output { dy, .. }: Output, gradients: Gradients) {
        let (dweight, dbias) = gradients.dparameters.split_at_mut(self.weights());
        self.backward_parameters(Isa::best(), input.x, dy, ParameterGradients { dweight, dbias });
        if let Some(dx) = gradients.dx {
            self.backward_input(Isa::best(), dy, &input.parameters[..self.weights()], dx);
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
        check_layer(&format!("{layer:?}"), &mut layer.clone(), of, n, forward);
    }
}
