//! What the tests of layers share: gradients by central differences of an independent forward pass in f64, and any layer on dfdx's tape.

use super::{Gradients, Input, Layer, Output, Shape};
use crate::{kernels::lanes, rng::Stream};

/// Half the distance of a central difference.
pub(crate) const H: f64 = 1e-6;
/// Largest error, relative to the largest entry of a gradient.
const TOLERANCE: f64 = 1e-5;

pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

/// The gradient of `f` at `x` by central differences.
pub(crate) fn differences(x: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let moved = |i: usize, by: f64| {
        let mut x = x.to_vec();
        x[i] += by;
        f(&x)
    };
    (0..x.len()).map(|i| (moved(i, H) - moved(i, -H)) / (2.0 * H)).collect()
}

#[track_caller]
pub(crate) fn check(what: &str, ours: &[f32], expected: &[f64]) {
    assert_eq!(ours.len(), expected.len(), "{what}: number of entries");
    let largest = expected.iter().fold(0.0f64, |largest, d| largest.max(d.abs()));
    assert!(largest > 0.0, "{what}: a gradient of zeros shows nothing");
    for (i, (&ours, expected)) in ours.iter().zip(expected).enumerate() {
        let gap = (f64::from(ours) - expected).abs();
        assert!(gap <= TOLERANCE * largest, "{what}, entry {i}: {ours} differs from {expected} (largest {largest})");
    }
}

/// Draws from N(0, 1).
pub(crate) fn draws(name: &str, n: usize) -> Vec<f32> {
    Stream::new(6, name).normals(n, 0.0, 1.0)
}

/// What a layer gave for drawn inputs, as rows: outputs, and the gradients of Σ y · dy.
struct Pass {
    x: Vec<f32>,
    parameters: Vec<f32>,
    dy: Vec<f32>,
    y: Vec<f32>,
    dx: Vec<f32>,
    dparameters: Vec<f32>,
}

/// A batch in the layout of the given shape.
fn lay_out(shape: Shape, rows: &[f32]) -> Vec<f32> {
    match shape {
        Shape::Features(_) => rows.to_vec(),
        Shape::Image { .. } => lanes::laid_out(rows, shape.features()),
    }
}

/// A batch of `n` samples as rows.
fn as_rows(shape: Shape, n: usize, values: &[f32]) -> Vec<f32> {
    let mut rows = vec![f32::NAN; n * shape.features()];
    match shape {
        Shape::Features(_) => rows.copy_from_slice(values),
        Shape::Image { .. } => lanes::to_rows(values, shape.features(), &mut rows),
    }
    rows
}

/// Runs a layer forward and back on `n` samples.
fn pass(layer: &mut impl Layer, of: Shape, n: usize) -> Pass {
    let to = layer.output_shape();
    let n_parameters = layer.parameter_shapes().iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
    let (x, dy) = (draws("x", n * of.features()), draws("dy", n * to.features()));
    let parameters = draws("parameters", n_parameters);
    let (x_there, dy_there) = (lay_out(of, &x), lay_out(to, &dy));
    let input = Input { parameters: &parameters, x: &x_there, samples: n };
    let (mut y, mut dx) = (vec![f32::NAN; to.size(n)], vec![f32::NAN; of.size(n)]);
    let mut dparameters = vec![f32::NAN; n_parameters];
    layer.forward_training(input, &mut y);
    // On the tape, an output that is not read is not there.
    let read = if layer.reads_output() { y.as_slice() } else { &[] };
    let gradients = Gradients { dx: Some(&mut dx), dparameters: &mut dparameters };
    layer.backward(input, Output { y: read, dy: &dy_there }, gradients);
    // Whoever does not want the gradient of the input gets the same gradients of the parameters.
    let mut alone = vec![f32::NAN; n_parameters];
    layer.backward(input, Output { y: read, dy: &dy_there }, Gradients { dx: None, dparameters: &mut alone });
    assert_eq!(alone, dparameters, "gradients of the parameters alone");
    let (y, dx) = (as_rows(to, n, &y), as_rows(of, n, &dx));
    Pass { x, parameters, dy, y, dx, dparameters }
}

/// Compares what a layer gives for `n` samples, forward in training and back, with `forward`, the textbook's formula for y given x and the
/// parameters, all as rows.
#[track_caller]
pub(crate) fn check_layer(what: &str, layer: &mut impl Layer, of: Shape, n: usize, forward: impl Fn(&[f64], &[f64]) -> Vec<f64>) {
    let Pass { x, parameters, dy, y, dx, dparameters } = pass(layer, of, n);
    let (x, parameters, dy) = (wide(&x), wide(&parameters), wide(&dy));
    let dot = |y: Vec<f64>| y.iter().zip(&dy).map(|(y, dy)| y * dy).sum::<f64>();
    check(&format!("y of {what}"), &y, &forward(&x, &parameters));
    check(&format!("dx of {what}"), &dx, &differences(&x, |x| dot(forward(x, &parameters))));
    if !parameters.is_empty() {
        let expected = differences(&parameters, |parameters| dot(forward(&x, parameters)));
        check(&format!("gradients of the parameters of {what}"), &dparameters, &expected);
    }
}

/// Samples, channels, rows and columns of images, or a place in them.
pub(crate) type Place = [usize; 4];

/// The value of an image at a place of the padded one.
pub(crate) fn pixel(x: &[f64], shape: Place, [s, c, i, j]: Place, padding: usize) -> f64 {
    let [_, channels, height, width] = shape;
    let inside = |at: usize, length: usize| at.checked_sub(padding).filter(|at| *at < length);
    let place = inside(i, height).zip(inside(j, width));
    place.map_or(0.0, |(i, j)| x[((s * channels + c) * height + i) * width + j])
}

/// Every place of images of the given shape, in order.
pub(crate) fn places([samples, channels, height, width]: Place) -> Vec<Place> {
    let rows = move |s, c| (0..height).flat_map(move |i| (0..width).map(move |j| [s, c, i, j]));
    (0..samples).flat_map(|s| (0..channels).flat_map(move |c| rows(s, c))).collect()
}

/// y = γ (x − μ) / √(σ² + ε) + β over each set of entries; `parameter` tells which γ and β an entry has.
pub(crate) fn normalize(
    x: &[f64],
    parameters: &[f64],
    eps: f64,
    set: impl Fn(usize) -> usize,
    parameter: impl Fn(usize) -> usize,
) -> Vec<f64> {
    let (gamma, beta) = parameters.split_at(parameters.len() / 2);
    let mut y = vec![f64::NAN; x.len()];
    let sets = (0..x.len()).map(&set).max().map_or(0, |last| last + 1);
    for number in 0..sets {
        let entries: Vec<usize> = (0..x.len()).filter(|i| set(*i) == number).collect();
        let n = entries.len() as f64;
        let mean = entries.iter().map(|i| x[*i]).sum::<f64>() / n;
        let variance = entries.iter().map(|i| (x[*i] - mean) * (x[*i] - mean)).sum::<f64>() / n;
        for i in entries {
            y[i] = gamma[parameter(i)] * ((x[i] - mean) / (variance + eps).sqrt()) + beta[parameter(i)];
        }
    }
    y
}
