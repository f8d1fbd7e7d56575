//! L2 term, weight decay and dropout of the hand-derived network: gradients against central differences in f64, updates and masks
//! against their definitions.

use common::{
    data::Labels,
    kernels::{Activation, Loss},
    matrix::Matrix,
    optim::Sgd,
    parameters::{Initialization, Initializer},
    rng::Stream,
    scratch::{Dropout, Layer, Linear, LinearGradients, Masks, Network, Regularization},
    train::Learner,
};

/// Samples.
const N: usize = 9;
/// A network of softplus units: differentiable everywhere.
const SHAPES: [(usize, usize); 3] = [(2, 5), (5, 3), (3, 1)];
const LEARNING_RATE: f32 = 0.25;

fn layers() -> Vec<Layer> {
    let spread = Initializer::Normal { mean: 0.0, deviation: 1.0 };
    let (init, mut stream) = (Initialization { weight: spread, bias: spread }, Stream::new(1, "weights"));
    let activation = |outputs| if outputs == 1 { Activation::Identity } else { Activation::Softplus };
    SHAPES.iter().map(|&shape| Layer::draw(shape, activation(shape.1), init, &mut stream)).collect()
}

fn samples() -> (Matrix, Labels) {
    let mut stream = Stream::new(2, "samples");
    let y = (0..N).map(|_| if stream.unit() < 0.5 { 0.0 } else { 1.0 }).collect();
    (Matrix::new(N, 2, stream.normals(N * 2, 0.0, 1.0)), Labels::Values(Matrix::new(N, 1, y)))
}

fn network(regularization: Regularization) -> Network<Sgd> {
    let sgd = Sgd { learning_rate: LEARNING_RATE };
    Network::new(layers(), Loss::BinaryCrossEntropyWithLogits, sgd).regularized(regularization)
}

fn flat(layers: &[Layer]) -> Vec<f32> {
    layers.iter().flat_map(|Layer { linear: Linear { weight, bias }, .. }| [weight.values(), bias].concat()).collect()
}

fn flat_gradients(network: &Network<Sgd>) -> Vec<f32> {
    network.gradients().iter().flat_map(|LinearGradients { dweight, dbias }| [dweight.values(), dbias].concat()).collect()
}

/// The regularised loss as the book has it, in f64.
fn loss(parameters: &[f64], (l2, rate): (f64, f64), masks: &[Matrix]) -> f64 {
    let (x, y) = samples();
    let (mut rest, mut squares) = (parameters, 0.0);
    let mut a: Vec<Vec<f64>> = x.iter_rows().map(|row| row.iter().copied().map(f64::from).collect()).collect();
    for (l, &(inputs, outputs)) in SHAPES.iter().enumerate() {
        let (weight, others) = rest.split_at(inputs * outputs);
        let (bias, others) = others.split_at(outputs);
        rest = others;
        squares += weight.iter().map(|w| w * w).sum::<f64>();
        for (sample, a) in a.iter_mut().enumerate() {
            let unit = |j: usize| {
                let z: f64 = bias[j] + (0..inputs).map(|i| a[i] * weight[i * outputs + j]).sum::<f64>();
                match masks.get(l) {
                    None if l + 1 == SHAPES.len() => z,
                    None => libm::log1p(libm::exp(z)),
                    Some(mask) => libm::log1p(libm::exp(z)) * f64::from(mask.row(sample)[j]) / (1.0 - rate),
                }
            };
            *a = (0..outputs).map(unit).collect();
        }
    }
    let Labels::Values(y) = y else { panic!("values") };
    let terms = a.iter().zip(y.values()).map(|(z, y)| libm::log1p(libm::exp(z[0])) - f64::from(*y) * z[0]);
    terms.sum::<f64>() / N as f64 + l2 / (2.0 * N as f64) * squares
}

#[track_caller]
fn check(l2: f32, dropout: Option<f32>) {
    let masks: Vec<Matrix> = dropout.map_or_else(Vec::new, |rate| {
        let mut stream = Stream::new(3, "masks");
        SHAPES[..2].iter().map(|shape| Dropout { rate }.mask((N, shape.1), &mut stream)).collect()
    });
    let given = dropout.map(|rate| (Dropout { rate }, Masks::Given(masks.clone().into_iter())));
    let mut network = network(Regularization { l2, weight_decay: 0.0, dropout: given });
    let (x, y) = samples();
    let ours = network.learn(&x, &y).expect("a step").loss;

    let parameters: Vec<f64> = flat(&layers()).into_iter().map(f64::from).collect();
    let settings = (f64::from(l2), f64::from(dropout.unwrap_or_default()));
    let expected = loss(&parameters, settings, &masks);
    assert!((f64::from(ours) - expected).abs() < 1e-6 * expected, "loss {ours}, expected {expected}");
    for (i, gradient) in flat_gradients(&network).into_iter().enumerate() {
        let moved = |by: f64| {
            let mut parameters = parameters.clone();
            parameters[i] += by;
            loss(&parameters, settings, &masks)
        };
        let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
        assert!((f64::from(gradient) - expected).abs() < 2e-6, "gradient {i}: {gradient}, expected {expected}");
    }
}

#[test]
fn gradients_are_those_of_the_regularized_loss() {
    check(0.0, None);
    check(0.7, None);
    check(0.0, Some(0.3));
    check(0.7, Some(0.5));
}

#[test]
fn decay_shrinks_every_parameter_before_the_step() {
    let (x, y) = samples();
    let mut network = network(Regularization { weight_decay: 0.125, ..Regularization::default() });
    network.learn(&x, &y).expect("a step");
    let gradients = flat_gradients(&network);
    network.update().expect("an update");
    for ((after, before), g) in flat(network.layers()).into_iter().zip(flat(&layers())).zip(gradients) {
        assert_eq!(after, 0.875 * before - LEARNING_RATE * g);
    }
}

#[test]
fn a_mask_keeps_what_is_drawn_at_or_above_the_rate() {
    let draws: Vec<f32> = (0..3000)
        .map({
            let mut stream = Stream::new(4, "dropout");
            move |_| stream.unit()
        })
        .collect();
    for rate in [0.0, 0.3, draws[17], 0.99] {
        let mask = Dropout { rate }.mask((60, 50), &mut Stream::new(4, "dropout"));
        let expected: Vec<f32> = draws.iter().map(|&u| f32::from(u8::from(u >= rate))).collect();
        assert_eq!(mask.values(), expected, "rate {rate}");
    }
}

#[test]
fn each_step_draws_its_masks_layer_by_layer() {
    let (x, y) = samples();
    let dropout = Dropout { rate: 0.4 };
    let mut stream = Stream::new(5, "dropout");
    let masks: Vec<Matrix> = [5, 3, 5, 3].iter().map(|&columns| dropout.mask((N, columns), &mut stream)).collect();
    let run = |masks| {
        let mut network = network(Regularization { dropout: Some((dropout, masks)), ..Regularization::default() });
        for _ in 0..2 {
            network.learn(&x, &y).expect("a step");
            network.update().expect("an update");
        }
        network
    };
    let (drawn, given) = (run(Masks::Drawn(Box::new(Stream::new(5, "dropout")))), run(Masks::Given(masks.into_iter())));
    assert_eq!(drawn.parameters().fingerprint(), given.parameters().fingerprint());
    let plain = network(Regularization::default()).outputs(&x).expect("outputs");
    let fresh =
        network(Regularization { dropout: Some((dropout, Masks::Given(Vec::new().into_iter()))), ..Regularization::default() });
    assert_eq!(fresh.outputs(&x).expect("outputs"), plain, "a network in use drops nothing");
}

#[test]
fn a_value_that_is_not_finite_stays_visible() {
    let x = Matrix::new(1, 3, vec![f32::INFINITY, f32::NAN, 1.0]);
    let y = Dropout { rate: 0.5 }.forward(&x, &Matrix::zeros(1, 3));
    assert!(y.values()[0].is_nan() && y.values()[1].is_nan() && y.values()[2] == 0.0);
}
