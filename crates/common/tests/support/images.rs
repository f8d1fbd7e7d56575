//! Convolution and pooling against PyTorch: cases of any shape.

use super::{cases, check_pass};
use crate::support::Tensor;
use common::kernels::{Conv2d, MaxPool2d, conv2d::ParameterGradients, isa::Isa, lanes, max_pool::Pooled};
use serde::Deserialize;

fn in_lanes(rows: &[f32], features: usize) -> Vec<f32> {
    let mut laid_out = vec![f32::NAN; lanes::size(rows.len() / features, features)];
    lanes::from_rows(rows, features, &mut laid_out);
    laid_out
}

fn in_rows(laid_out: &[f32], samples: usize, features: usize) -> Vec<f32> {
    let mut rows = vec![f32::NAN; samples * features];
    lanes::to_rows(laid_out, features, &mut rows);
    rows
}

#[derive(Deserialize)]
struct ConvolutionCase {
    stride: usize,
    padding: usize,
    x: Tensor,
    w: Tensor,
    b: Tensor,
    dy: Tensor,
    y_f64: Tensor,
    dx_f64: Tensor,
    dw_f64: Tensor,
    db_f64: Tensor,
}

impl ConvolutionCase {
    fn shape(&self) -> Conv2d {
        let [_, in_channels, height, width] = self.x.shape[..] else { panic!("images of shape {:?}", self.x.shape) };
        let [out_channels, _, kernel, columns] = self.w.shape[..] else { panic!("kernels of shape {:?}", self.w.shape) };
        assert_eq!(kernel, columns, "kernels are square");
        Conv2d { in_channels, out_channels, height, width, kernel, stride: self.stride, padding: self.padding }
    }

    #[track_caller]
    fn check(&self) {
        let (shape, samples, isa) = (self.shape(), self.x.shape[0], Isa::best());
        assert_eq!(self.y_f64.shape, [samples, shape.out_channels, shape.out_height(), shape.out_width()], "shape of y");
        let (x, weight, bias) = (in_lanes(&self.x.values(), shape.in_features()), self.w.values(), self.b.values());
        let mut y = vec![f32::NAN; lanes::size(samples, shape.out_features())];
        shape.forward(isa, &x, &weight, &bias, &mut y);
        check_pass(&format!("{shape:?}, y"), &in_rows(&y, samples, shape.out_features()), &self.y_f64.data);

        let dy = in_lanes(&self.dy.values(), shape.out_features());
        let (mut dx, mut dweight, mut dbias) = (vec![f32::NAN; x.len()], weight.clone(), bias.clone());
        shape.backward_input(isa, &dy, &weight, &mut dx);
        check_pass(&format!("{shape:?}, dx"), &in_rows(&dx, samples, shape.in_features()), &self.dx_f64.data);
        shape.backward_parameters(isa, &x, &dy, ParameterGradients { dweight: &mut dweight, dbias: &mut dbias });
        check_pass(&format!("{shape:?}, dw"), &dweight, &self.dw_f64.data);
        check_pass(&format!("{shape:?}, db"), &dbias, &self.db_f64.data);
    }
}

#[test]
fn convolutions_agree() {
    cases::<ConvolutionCase>("conv2d").iter().for_each(ConvolutionCase::check);
}

#[derive(Deserialize)]
struct PoolingCase {
    kernel: usize,
    stride: usize,
    x: Tensor,
    y: Tensor,
    argmax_flat_hw: Tensor,
    dy: Tensor,
    dx: Tensor,
}

impl PoolingCase {
    #[track_caller]
    fn check(&self) {
        let [samples, channels, height, width] = self.x.shape[..] else { panic!("images of shape {:?}", self.x.shape) };
        let shape = MaxPool2d { channels, height, width, kernel: self.kernel, stride: self.stride };
        assert_eq!(self.y.shape, [samples, channels, shape.out_height(), shape.out_width()], "shape of y");
        let (from, to) = (shape.in_features(), shape.out_features());
        let x = in_lanes(&self.x.values(), from);
        let mut y = vec![f32::NAN; lanes::size(samples, to)];
        shape.forward(Isa::best(), &x, &mut y);
        assert_eq!(in_rows(&y, samples, to), self.y.values(), "{shape:?}: nothing is rounded");
        let backward = |dy: &[f32]| {
            let mut dx = vec![f32::NAN; x.len()];
            shape.backward(Isa::best(), Pooled { x: &x, y: &y }, &in_lanes(dy, to), &mut dx);
            in_rows(&dx, samples, from)
        };
        check_pass(&format!("{shape:?}, dx"), &backward(&self.dy.values()), &self.dx.data);
        for (result, place) in self.argmax_flat_hw.data.iter().enumerate() {
            let mut one = vec![0.0; samples * to];
            one[result] = 1.0;
            let found = backward(&one).iter().position(|dx| *dx == 1.0).expect("a place that takes the gradient");
            assert_eq!(found % (height * width), *place as usize, "{shape:?}: place of maximum {result}");
        }
    }
}

#[test]
fn max_pooling_agrees() {
    cases::<PoolingCase>("maxpool2d").iter().for_each(PoolingCase::check);
}
