//! Every backward pass against central differences of an independent forward pass in f64, written here as the textbook has it; and the
//! stated derivatives at the kinks, where differences say nothing.

#[path = "support/differences.rs"]
mod differences;

use common::{
    data::Labels,
    kernels::{Activation, Loss, activation::Activated, isa::Isa},
    matrix::Matrix,
    ops::{self, Device, Sliding},
    optim::Sgd,
    rng::Stream,
    scratch::{self, Linear, LinearGradients},
    train::Learner,
};
use dfdx::{
    shapes::{Axes4, Const, HasShape, Rank1, Rank4, Shape},
    tensor::{TensorFromVec, Trace},
    tensor_ops::{Backward, SumTo},
};
use differences::{H, check, differences, wide};

/// The activation functions as formulas.
fn activate(f: Activation, z: f64) -> f64 {
    let logistic = |z: f64| 1.0 / (1.0 + libm::exp(-z));
    match f {
        Activation::Identity => z,
        Activation::Logistic => logistic(z),
        Activation::Tanh => libm::tanh(z),
        Activation::Relu => z.max(0.0),
        Activation::LeakyRelu { slope } => z.max(0.0) + f64::from(slope) * z.min(0.0),
        Activation::HardLogistic => (0.25 * z + 0.5).clamp(0.0, 1.0),
        Activation::HardTanh => z.clamp(-1.0, 1.0),
        Activation::Elu { alpha } => {
            if z > 0.0 {
                z
            } else {
                f64::from(alpha) * libm::expm1(z)
            }
        }
        Activation::Softplus => libm::log1p(libm::exp(z)),
        Activation::Swish { beta } => z * logistic(f64::from(beta) * z),
    }
}

/// Each activation function, with several parameters where it has one.
const ACTIVATIONS: [Activation; 19] = [
    Activation::Identity,
    Activation::Logistic,
    Activation::Tanh,
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.0 },
    Activation::LeakyRelu { slope: 0.01 },
    Activation::LeakyRelu { slope: 0.1 },
    Activation::LeakyRelu { slope: 1.5 },
    Activation::HardLogistic,
    Activation::HardTanh,
    Activation::Elu { alpha: 0.3 },
    Activation::Elu { alpha: 1.0 },
    Activation::Elu { alpha: 2.0 },
    Activation::Softplus,
    Activation::Swish { beta: 0.0 },
    Activation::Swish { beta: 0.5 },
    Activation::Swish { beta: 1.0 },
    Activation::Swish { beta: 2.0 },
    Activation::Swish { beta: -1.0 },
];

/// Random net inputs that stay away from every kink.
fn net_inputs(n: usize) -> Vec<f32> {
    let mut stream = Stream::new(0, "net inputs");
    let near = |z: f32, kink: f32| (z.abs() - kink).abs() < 1e-3;
    std::iter::repeat_with(|| stream.uniform(-6.0, 6.0))
        .filter(|&z| ![0.0, 1.0, 2.0].iter().any(|&kink| near(z, kink)))
        .take(n)
        .collect()
}

fn backward(f: Activation, z: &[f32], da: &[f32]) -> Vec<f32> {
    let (mut a, mut dz) = (vec![f32::NAN; z.len()], vec![f32::NAN; z.len()]);
    f.forward(Isa::best(), z, &mut a);
    f.backward(Isa::best(), Activated { z, a: &a }, da, &mut dz);
    dz
}

#[test]
fn activations() {
    let z = net_inputs(301);
    let da = Stream::new(0, "da").normals(z.len(), 0.0, 1.0);
    for f in ACTIVATIONS {
        let expected: Vec<f64> =
            wide(&z).iter().zip(wide(&da)).map(|(z, da)| da * (activate(f, z + H) - activate(f, z - H)) / (2.0 * H)).collect();
        check(&format!("{f:?}"), &backward(f, &z, &da), &expected);
    }
}

#[test]
fn forward_values_are_the_formulas() {
    let z = net_inputs(301);
    for f in ACTIVATIONS {
        let mut a = vec![f32::NAN; z.len()];
        f.forward(Isa::best(), &z, &mut a);
        for (&z, &a) in z.iter().zip(&a) {
            let expected = activate(f, f64::from(z));
            assert!((f64::from(a) - expected).abs() <= 3e-7 * expected.abs().max(1.0), "{f:?} of {z}: {a}, expected {expected}");
        }
    }
}

#[test]
fn kinks_have_the_stated_derivatives() {
    let kinks: [(Activation, f32, f32); 12] = [
        (Activation::Relu, 0.0, 0.0),
        (Activation::Relu, -0.0, 0.0),
        (Activation::LeakyRelu { slope: 0.01 }, 0.0, 0.01),
        (Activation::LeakyRelu { slope: 0.1 }, -0.0, 0.1),
        (Activation::HardLogistic, 2.0, 0.0),
        (Activation::HardLogistic, -2.0, 0.0),
        (Activation::HardLogistic, 2.0f32.next_down(), 0.25),
        (Activation::HardTanh, 1.0, 0.0),
        (Activation::HardTanh, -1.0, 0.0),
        (Activation::HardTanh, (-1.0f32).next_up(), 1.0),
        (Activation::Elu { alpha: 1.0 }, 0.0, 1.0),
        // The derivative from the left, as in PyTorch.
        (Activation::Elu { alpha: 0.5 }, 0.0, 0.5),
    ];
    for (f, z, derivative) in kinks {
        assert_eq!(backward(f, &[z], &[3.0]), [3.0 * derivative], "{f:?} at {z}");
    }
}

/// Y = X W + b, one element after the other.
fn affine((n, inputs, outputs): (usize, usize, usize), x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let element = |i: usize, j: usize| bias[j] + (0..inputs).map(|p| x[i * inputs + p] * weight[p * outputs + j]).sum::<f64>();
    (0..n * outputs).map(|at| element(at / outputs, at % outputs)).collect()
}

#[test]
fn linear_layers() {
    for (n, inputs, outputs) in [(1, 1, 1), (7, 3, 4), (20, 5, 1), (33, 17, 9)] {
        let mut stream = Stream::new(1, &format!("{n} {inputs} {outputs}"));
        let [x, weight, bias, dy] = [n * inputs, inputs * outputs, outputs, n * outputs].map(|n| stream.normals(n, 0.0, 1.0));
        let (x64, weight64, bias64, dy64) = (wide(&x), wide(&weight), wide(&bias), wide(&dy));
        let shape = (n, inputs, outputs);
        let dot = |y: Vec<f64>| y.iter().zip(&dy64).map(|(y, dy)| y * dy).sum::<f64>();

        let linear = Linear { weight: Matrix::new(inputs, outputs, weight), bias };
        let (x, dy) = (Matrix::new(n, inputs, x), Matrix::new(n, outputs, dy));
        let LinearGradients { dweight, dbias } = linear.backward(&x, &dy);
        let dx = linear.backward_input(&dy);
        check(&format!("dx of {shape:?}"), dx.values(), &differences(&x64, |x| dot(affine(shape, x, &weight64, &bias64))));
        check(&format!("dw of {shape:?}"), dweight.values(), &differences(&weight64, |w| dot(affine(shape, &x64, w, &bias64))));
        check(&format!("db of {shape:?}"), &dbias, &differences(&bias64, |b| dot(affine(shape, &x64, &weight64, b))));
        let y = linear.forward(&x);
        check(&format!("y of {shape:?}"), y.values(), &affine(shape, &x64, &weight64, &bias64));
    }
}

/// The loss functions as formulas; of class labels, `y` holds a one in the column of the class.
fn loss(loss: Loss, x: &[f64], y: &[f64], n: usize) -> f64 {
    let samples = n as f64;
    let cross_entropy = |p: f64, y: f64| -(y * libm::log(p) + (1.0 - y) * libm::log(1.0 - p));
    let pairs = x.iter().copied().zip(y.iter().copied());
    match loss {
        Loss::BinaryCrossEntropy => pairs.map(|(p, y)| cross_entropy(p, y)).sum::<f64>() / samples,
        Loss::BinaryCrossEntropyWithLogits => {
            pairs.map(|(z, y)| cross_entropy(1.0 / (1.0 + libm::exp(-z)), y)).sum::<f64>() / samples
        }
        Loss::SoftmaxCrossEntropy => {
            let rows = x.chunks_exact(x.len() / n).zip(y.chunks_exact(x.len() / n));
            let row = |(z, y): (&[f64], &[f64])| {
                let total: f64 = z.iter().map(|&z| libm::exp(z)).sum();
                -z.iter().zip(y).map(|(&z, y)| y * libm::log(libm::exp(z) / total)).sum::<f64>()
            };
            rows.map(row).sum::<f64>() / samples
        }
        Loss::MeanSquaredError => pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>() / x.len() as f64,
        Loss::HalfSquaredError => pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>() / (2.0 * samples),
    }
}

#[track_caller]
fn check_loss(function: Loss, outputs: &Matrix, labels: &Labels) {
    let (n, columns) = (outputs.rows(), outputs.columns());
    let targets = match labels {
        Labels::Values(values) => wide(values.values()),
        Labels::Classes(classes) => {
            classes.iter().flat_map(|&class| (0..columns).map(move |column| f64::from(u8::from(column == class)))).collect()
        }
    };
    let x = wide(outputs.values());
    let what = format!("{function:?}, {n} x {columns}");
    check(&format!("{what}, value"), &[scratch::loss(function, outputs, labels.targets())], &[loss(function, &x, &targets, n)]);
    let gradient = scratch::loss_backward(function, outputs, labels.targets());
    check(&what, gradient.values(), &differences(&x, |x| loss(function, x, &targets, n)));
}

#[test]
fn losses_of_values() {
    let mut stream = Stream::new(2, "losses");
    for (n, columns) in [(1, 1), (13, 1), (16, 3), (40, 2)] {
        let entries = n * columns;
        let matrix = |values: Vec<f32>| Matrix::new(n, columns, values);
        let targets = Labels::Values(matrix(stream.normals(entries, 0.0, 1.0)));
        let outputs = matrix(stream.normals(entries, 0.0, 1.0));
        check_loss(Loss::MeanSquaredError, &outputs, &targets);
        check_loss(Loss::HalfSquaredError, &outputs, &targets);
    }
}

#[test]
fn losses_of_two_classes() {
    let mut stream = Stream::new(3, "losses");
    for n in [1, 13, 40] {
        let matrix = |values: Vec<f32>| Matrix::new(n, 1, values);
        let hard = Labels::Values(matrix((0..n).map(|_| stream.below(2) as f32).collect()));
        let soft = Labels::Values(matrix(stream.uniforms(n, 0.0, 1.0)));
        for labels in [hard, soft] {
            check_loss(Loss::BinaryCrossEntropy, &matrix(stream.uniforms(n, 0.02, 0.98)), &labels);
            check_loss(Loss::BinaryCrossEntropyWithLogits, &matrix(stream.uniforms(n, -4.0, 4.0)), &labels);
        }
    }
}

#[test]
fn losses_of_classes() {
    let mut stream = Stream::new(4, "losses");
    for (n, n_classes) in [(1, 2), (13, 3), (40, 10)] {
        let classes = (0..n).map(|_| stream.below(n_classes as u32) as usize).collect();
        let logits = Matrix::new(n, n_classes, stream.uniforms(n * n_classes, -4.0, 4.0));
        check_loss(Loss::SoftmaxCrossEntropy, &logits, &Labels::Classes(classes));
    }
}

#[test]
fn saturated_probabilities_keep_the_cross_entropy_finite() {
    let (outputs, labels) =
        (Matrix::new(4, 1, vec![0.0, 1.0, 1.0, 0.0]), Labels::Values(Matrix::new(4, 1, vec![1.0, 0.0, 1.0, 0.0])));
    assert_eq!(scratch::loss(Loss::BinaryCrossEntropy, &outputs, labels.targets()), 50.0);
    let gradient = scratch::loss_backward(Loss::BinaryCrossEntropy, &outputs, labels.targets());
    assert_eq!(gradient.values(), [-1.0 / 1e-12 / 4.0, 1.0 / 1e-12 / 4.0, 0.0, 0.0]);
}

/// The backward passes in a row: every parameter of a network of four kinds of layer.
#[test]
fn a_whole_network() {
    const N: usize = 11;
    let shapes = [
        (3, 5, Activation::Tanh),
        (5, 4, Activation::Swish { beta: 1.0 }),
        (4, 4, Activation::Softplus),
        (4, 3, Activation::Identity),
    ];
    let mut stream = Stream::new(5, "network");
    let x = Matrix::new(N, 3, stream.normals(N * 3, 0.0, 1.0));
    let classes: Vec<usize> = (0..N).map(|_| stream.below(3) as usize).collect();
    let layers: Vec<scratch::Layer> = shapes
        .iter()
        .map(|&(inputs, outputs, activation)| {
            let weight = Matrix::new(inputs, outputs, stream.normals(inputs * outputs, 0.0, 1.0));
            scratch::Layer { linear: Linear { weight, bias: stream.normals(outputs, 0.0, 1.0) }, activation }
        })
        .collect();

    let mut network = scratch::Network::new(layers.clone(), Loss::SoftmaxCrossEntropy, Sgd { learning_rate: 0.1 });
    let labels = Labels::Classes(classes.clone());
    network.learn(&x, &labels).expect("a step");

    let targets: Vec<f64> =
        classes.iter().flat_map(|&class| (0..3).map(move |column| f64::from(u8::from(column == class)))).collect();
    let loss_of = |parameters: &[f64]| {
        let (mut a, mut rest) = (wide(x.values()), parameters);
        for &(inputs, outputs, f) in &shapes {
            let (weight, others) = rest.split_at(inputs * outputs);
            let (bias, others) = others.split_at(outputs);
            a = affine((N, inputs, outputs), &a, weight, bias).into_iter().map(|z| activate(f, z)).collect();
            rest = others;
        }
        loss(Loss::SoftmaxCrossEntropy, &a, &targets, N)
    };
    let parameters: Vec<f64> = network.parameters().0.iter().flat_map(|parameter| wide(&parameter.values)).collect();
    let gradients: Vec<f32> =
        network.gradients().iter().flat_map(|LinearGradients { dweight, dbias }| [dweight.values(), dbias].concat()).collect();
    check("a network's gradients", &gradients, &differences(&parameters, loss_of));
}

/// Samples, channels, rows and columns of images, or a place in them.
type Images = (usize, usize, usize, usize);

/// The value of an image at a place of the padded one.
fn pixel(x: &[f64], (_, channels, height, width): Images, (s, c, i, j): Images, padding: usize) -> f64 {
    let inside = |at: usize, length: usize| at.checked_sub(padding).filter(|at| *at < length);
    let place = inside(i, height).zip(inside(j, width));
    place.map_or(0.0, |(i, j)| x[((s * channels + c) * height + i) * width + j])
}

/// Every (sample, channel, row, column) of the results of a sliding kernel or window.
fn results((samples, _, height, width): Images, channels: usize, sliding: Sliding) -> Vec<Images> {
    let Sliding { kernel, stride, padding } = sliding;
    let count = |length: usize| (length + 2 * padding - kernel) / stride + 1;
    let places = |s, o| (0..count(height)).flat_map(move |i| (0..count(width)).map(move |j| (s, o, i, j)));
    (0..samples).flat_map(|s| (0..channels).flat_map(move |o| places(s, o))).collect()
}

/// A convolution as the textbook has it.
fn convolve(x: &[f64], shape: Images, (weight, bias): (&[f64], &[f64]), sliding: Sliding) -> Vec<f64> {
    let (Sliding { kernel: k, stride, padding }, channels) = (sliding, shape.1);
    let result = |(s, o, i, j): Images| {
        let tap = |at: usize| {
            let (c, u, v) = (at / (k * k), at / k % k, at % k);
            weight[o * channels * k * k + at] * pixel(x, shape, (s, c, i * stride + u, j * stride + v), padding)
        };
        bias[o] + (0..channels * k * k).map(tap).sum::<f64>()
    };
    results(shape, bias.len(), sliding).into_iter().map(result).collect()
}

/// Max-pooling as the textbook has it.
fn pool(x: &[f64], shape: Images, sliding: Sliding) -> Vec<f64> {
    let Sliding { kernel: k, stride, padding } = sliding;
    let result = |(s, c, i, j): Images| {
        let places = (0..k * k).map(|at| (s, c, i * stride + at / k, j * stride + at % k));
        places.map(|place| pixel(x, shape, place, padding)).fold(f64::NEG_INFINITY, f64::max)
    };
    results(shape, shape.1, sliding).into_iter().map(result).collect()
}

fn dot(y: &[f64], dy: &[f64]) -> f64 {
    y.iter().zip(dy).map(|(y, dy)| y * dy).sum()
}

fn draws(name: &str, n: usize) -> Vec<f32> {
    Stream::new(6, name).normals(n, 0.0, 1.0)
}

fn tensor<S: Shape>(name: &str, shape: S) -> ops::Tensor<S> {
    Device::default().tensor_from_vec(draws(name, shape.num_elements()), shape)
}

/// A convolution on the tape and back from Σ y · dy.
#[track_caller]
fn check_convolution<const I: usize, const O: usize, const K: usize>(
    (samples, height, width): (usize, usize, usize),
    (stride, padding): (usize, usize),
) {
    let (shape, sliding) = ((samples, I, height, width), Sliding { kernel: K, stride, padding });
    let x = tensor("x", (samples, Const::<I>, height, width));
    let weight: ops::Tensor<Rank4<O, I, K, K>> = tensor("weight", Default::default());
    let bias: ops::Tensor<Rank1<O>> = tensor("bias", Default::default());
    let y = ops::conv2d(x.leaky_trace(), (&weight, &bias), sliding).expect("memory");
    let (y_values, dy) = (y.as_vec(), tensor("dy", *y.shape()));
    let gradients = (y * dy.clone()).sum::<(), Axes4<0, 1, 2, 3>>().backward();

    let what = |part: &str| format!("{part} of {shape:?}, {O} kernels, {sliding:?}");
    let [x64, weight64, bias64, dy64] = [x.as_vec(), weight.as_vec(), bias.as_vec(), dy.as_vec()].map(|values| wide(&values));
    check(&what("y"), &y_values, &convolve(&x64, shape, (&weight64, &bias64), sliding));
    let dx = differences(&x64, |x| dot(&convolve(x, shape, (&weight64, &bias64), sliding), &dy64));
    check(&what("dx"), &gradients.get(&x).as_vec(), &dx);
    let dweight = differences(&weight64, |weight| dot(&convolve(&x64, shape, (weight, &bias64), sliding), &dy64));
    check(&what("dw"), &gradients.get(&weight).as_vec(), &dweight);
    let dbias = differences(&bias64, |bias| dot(&convolve(&x64, shape, (&weight64, bias), sliding), &dy64));
    check(&what("db"), &gradients.get(&bias).as_vec(), &dbias);
}

#[test]
fn convolutions() {
    check_convolution::<1, 1, 1>((1, 1, 1), (1, 0));
    check_convolution::<1, 6, 3>((2, 6, 6), (1, 1));
    check_convolution::<3, 2, 3>((3, 7, 5), (2, 1));
    check_convolution::<2, 5, 5>((1, 9, 8), (3, 2));
    check_convolution::<2, 3, 2>((17, 4, 3), (1, 0));
}

#[test]
fn max_pooling() {
    for (shape, kernel, stride) in [((2, 3, 6, 6), 2, 2), ((1, 3, 7, 9), 3, 2), ((17, 3, 5, 4), 3, 1), ((1, 3, 8, 5), 2, 3)] {
        let (samples, _, height, width) = shape;
        let sliding = Sliding { kernel, stride, padding: 0 };
        let x = tensor("x", (samples, Const::<3>, height, width));
        let y = ops::max_pool2d(x.leaky_trace(), sliding).expect("memory");
        let (y_values, dy) = (y.as_vec(), tensor("dy", *y.shape()));
        let gradients = (y * dy.clone()).sum::<(), Axes4<0, 1, 2, 3>>().backward();

        let (x64, dy64, what) = (wide(&x.as_vec()), wide(&dy.as_vec()), format!("{shape:?}, {sliding:?}"));
        check(&format!("y of {what}"), &y_values, &pool(&x64, shape, sliding));
        let dx = differences(&x64, |x| dot(&pool(x, shape, sliding), &dy64));
        check(&format!("dx of {what}"), &gradients.get(&x).as_vec(), &dx);
    }
}
