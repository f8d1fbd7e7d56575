//! The backward passes in a row: every parameter of networks of several kinds of layer against central differences of the loss, an
//! independent forward pass in f64. (Each layer by itself is tested beside it.)

use common::{
    chain::{Chain, LayerSpec, activation, dropout, group, linear},
    data::Labels,
    kernels::{Activation, Loss},
    layers::Masks,
    matrix::Matrix,
    parameters::{Initialization, Initializer, Parameters},
    rng::Stream,
    train::Network,
};

/// Samples.
const N: usize = 11;
/// Half the distance of a central difference.
const H: f64 = 1e-6;

/// Units of each layer and the function behind it; all are differentiable everywhere.
const LAYERS: [(usize, usize, Activation); 4] = [
    (3, 5, Activation::Tanh),
    (5, 4, Activation::Swish { beta: 1.0 }),
    (4, 4, Activation::Softplus),
    (4, 3, Activation::Identity),
];

fn function(f: Activation, z: f64) -> f64 {
    match f {
        Activation::Tanh => libm::tanh(z),
        Activation::Swish { .. } => z / (1.0 + libm::exp(-z)),
        Activation::Softplus => libm::log1p(libm::exp(z)),
        _ => z,
    }
}

/// A network with dropout behind its hidden layers, where masks are given.
fn network(masks: Option<&(f32, Masks)>) -> Chain {
    let layers = LAYERS.iter().flat_map(|&(fan_in, fan_out, f)| -> [LayerSpec; 2] {
        let behind = match masks {
            Some((rate, masks)) if f != Activation::Identity => group([activation(f), dropout(*rate, masks.clone())]),
            _ => activation(f),
        };
        [linear(fan_in, fan_out), behind]
    });
    let spread = Initializer::STANDARD_NORMAL;
    let init = Initialization { weight: spread, bias: spread };
    Chain::new(layers.collect::<Vec<_>>(), Loss::SoftmaxCrossEntropy).initialized(init, &mut Stream::new(5, "weights"))
}

fn samples() -> (Matrix, Vec<usize>) {
    let mut stream = Stream::new(5, "samples");
    (Matrix::new(N, 3, stream.normals(N * 3, 0.0, 1.0)), (0..N).map(|_| stream.below(3) as usize).collect())
}

/// The loss as the textbook has it.
fn loss(parameters: &[f64], rate: f64, masks: &[Vec<bool>]) -> f64 {
    let (x, classes) = samples();
    let mut a: Vec<f64> = x.values().iter().map(|x| f64::from(*x)).collect();
    let mut rest = parameters;
    for (l, (fan_in, fan_out, f)) in LAYERS.into_iter().enumerate() {
        let (weight, others) = rest.split_at(fan_in * fan_out);
        let (bias, others) = others.split_at(fan_out);
        rest = others;
        let unit = |a: &[f64], j: usize| bias[j] + (0..fan_in).map(|i| a[i] * weight[i * fan_out + j]).sum::<f64>();
        let z = a.chunks(fan_in).flat_map(|a| (0..fan_out).map(move |j| unit(a, j)));
        let kept = |i: usize| masks.get(l).map_or(1.0, |keep| if keep[i] { 1.0 / (1.0 - rate) } else { 0.0 });
        a = z.enumerate().map(|(i, z)| function(f, z) * kept(i)).collect();
    }
    let terms = a.chunks(3).zip(classes).map(|(z, class)| {
        let total: f64 = z.iter().map(|z| libm::exp(*z)).sum();
        libm::log(total) - z[class]
    });
    terms.sum::<f64>() / N as f64
}

fn flat(parameters: &Parameters) -> Vec<f32> {
    parameters.0.iter().flat_map(|parameter| parameter.values.clone()).collect()
}

#[track_caller]
fn check(rate: f32, masks: &[Vec<bool>]) {
    let given = (!masks.is_empty()).then(|| (rate, Masks::given(masks.to_vec())));
    let mut network = network(given.as_ref());
    let (x, classes) = samples();
    let labels = Labels::Classes(classes);
    network.forward_backward(&x, &labels).expect("a pass");
    let parameters: Vec<f64> = flat(&network.parameters()).into_iter().map(f64::from).collect();
    let rate = f64::from(rate);
    let (ours, expected) = (network.loss(network.batch_outputs(), &labels), loss(&parameters, rate, masks));
    assert!((f64::from(ours) - expected).abs() < 1e-6 * expected, "loss {ours}, expected {expected}");
    for (i, gradient) in flat(&network.gradients()).into_iter().enumerate() {
        let moved = |by: f64| {
            let mut parameters = parameters.clone();
            parameters[i] += by;
            loss(&parameters, rate, masks)
        };
        let expected = (moved(H) - moved(-H)) / (2.0 * H);
        assert!((f64::from(gradient) - expected).abs() < 4e-6, "gradient {i}: {gradient}, expected {expected}");
    }
}

/// Masks of a step for the three hidden layers.
fn masks(stream: &mut Stream, rate: f32) -> Vec<Vec<bool>> {
    [5, 4, 4].map(|columns| (0..N * columns).map(|_| stream.unit() >= rate).collect()).to_vec()
}

#[test]
fn gradients_of_a_network_are_those_of_its_loss() {
    check(0.0, &[]);
}

#[test]
fn gradients_with_dropout_are_those_of_the_masked_loss() {
    check(0.3, &masks(&mut Stream::new(3, "masks"), 0.3));
}

#[test]
fn each_step_draws_its_masks_layer_by_layer() {
    let (x, classes) = samples();
    let labels = Labels::Classes(classes);
    let mut stream = Stream::new(5, "dropout");
    let two_steps = [masks(&mut stream, 0.4), masks(&mut stream, 0.4)].concat();
    let gradients = |masks| {
        let mut network = network(Some(&(0.4, masks)));
        network.forward_backward(&x, &labels).expect("a pass");
        network.forward_backward(&x, &labels).expect("a pass");
        (network.gradients(), network.outputs(&x).expect("outputs"))
    };
    let (drawn, outputs) = gradients(Masks::drawn(Stream::new(5, "dropout")));
    assert_eq!(drawn, gradients(Masks::given(two_steps)).0);
    assert_eq!(outputs, network(None).outputs(&x).expect("outputs"), "a network in use drops nothing");
}
