use super::*;
use crate::{machine::with_threads, rng::Stream};

/// Values of many magnitudes, so that a wrong order of additions shows; zero in lanes without a sample.
fn images(samples: usize, features: usize, stream: &mut Stream) -> Vec<f32> {
    let values: Vec<f32> =
        (0..samples * features).map(|_| stream.normal(0.0, 1.0) * [1.0, 1e-3, 1e3][stream.below(3) as usize]).collect();
    let mut lanes = vec![0.0; lanes::size(samples, features)];
    lanes::from_rows(&values, features, &mut lanes);
    lanes
}

#[track_caller]
fn same(ours: &[f32], expected: &[f32], what: &str) {
    if let Some(at) = (0..expected.len()).find(|&i| ours[i].to_bits() != expected[i].to_bits()) {
        panic!("{what}, element {at}: {} instead of {}", ours[at], expected[at]);
    }
}

#[track_caller]
fn check(shape: Conv2d, samples: usize) {
    let mut stream = Stream::new(5, &format!("{shape:?} {samples}"));
    let (x, dy) = (images(samples, shape.in_features(), &mut stream), images(samples, shape.out_features(), &mut stream));
    let weight = stream.normals(shape.weights(), 0.0, 1.0);
    let bias = stream.normals(shape.out_channels, 0.0, 1.0);
    let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
    let (mut dweight, mut dbias) = (vec![0.0; weight.len()], vec![0.0; bias.len()]);
    reference::forward(&shape, samples, &x, (&weight, &bias), &mut y);
    reference::backward_input(&shape, samples, &dy, &weight, &mut dx);
    let gradients = ParameterGradients { dweight: &mut dweight, dbias: &mut dbias };
    reference::backward_parameters(&shape, samples, &x, &dy, gradients);
    for isa in Isa::available() {
        let what = |part| format!("{part} of {shape:?}, {samples} samples, {isa}");
        let mut ours = vec![f32::NAN; y.len()];
        shape.forward(isa, &x, &weight, &bias, &mut ours);
        let rows = |lanes: &[f32], features| {
            let mut rows = vec![0.0; samples * features];
            lanes::to_rows(lanes, features, &mut rows);
            rows
        };
        same(&rows(&ours, shape.out_features()), &rows(&y, shape.out_features()), &what("y"));
        let mut ours = vec![f32::NAN; dx.len()];
        shape.backward_input(isa, &dy, &weight, &mut ours);
        same(&ours, &dx, &what("dx"));
        let (mut our_weight, mut our_bias) = (vec![f32::NAN; weight.len()], vec![f32::NAN; bias.len()]);
        let gradients = ParameterGradients { dweight: &mut our_weight, dbias: &mut our_bias };
        shape.backward_parameters(isa, &x, &dy, gradients);
        same(&our_weight, &dweight, &what("dw"));
        same(&our_bias, &dbias, &what("db"));
    }
}

fn shape((in_channels, out_channels): (usize, usize), (height, width): (usize, usize), kernel: usize) -> Conv2d {
    Conv2d { in_channels, out_channels, height, width, kernel, stride: 1, padding: 0 }
}

#[test]
fn every_instruction_set_gives_the_bits_of_the_reference() {
    // Around every edge: tiles of 1, 2, 3, 4 channels, up to 7 columns, 5 taps and more.
    for (channels, image, kernel) in [
        ((1, 1), (1, 1), 1),
        ((1, 6), (8, 8), 3),
        ((2, 5), (5, 7), 2),
        ((3, 4), (6, 13), 5),
        ((4, 3), (9, 14), 4),
        ((5, 7), (7, 8), 7),
        ((7, 2), (6, 6), 6),
    ] {
        for padding in 0..kernel.min(3) {
            check(Conv2d { padding, ..shape(channels, image, kernel) }, 3);
        }
        check(Conv2d { stride: 2, padding: kernel / 2, ..shape(channels, image, kernel) }, 17);
        check(Conv2d { stride: 3, ..shape(channels, image, kernel) }, 2);
    }
}

#[test]
fn any_number_of_samples_and_threads_gives_the_same_bits() {
    for threads in [1, 2, 5] {
        with_threads(threads, || {
            for samples in [1, 15, 16, 17, 33] {
                check(Conv2d { padding: 1, ..shape((3, 6), (10, 10), 3) }, samples);
            }
            check(shape((6, 16), (14, 14), 5), 40);
        })
        .unwrap();
    }
}

#[test]
fn a_zero_gradient_is_positive() {
    let shape = shape((1, 1), (2, 2), 1);
    let dy = vec![-f32::from_bits(1); shape.out_features() * GROUP];
    for isa in Isa::available() {
        let mut dx = vec![f32::NAN; dy.len()];
        shape.backward_input(isa, &dy, &[1e-30], &mut dx);
        assert!(dx.iter().all(|x| x.to_bits() == 0), "{isa}: the product underflows to −0, which counts as +0");
    }
}
