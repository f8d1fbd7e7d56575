//! Normalisation and dropout on the tape: gradients against central differences of the textbook's formulas in f64, training and evaluation
//! mode, and what a network saves of them.

#[path = "support/differences.rs"]
mod differences;

use common::{
    data::Labels,
    kernels::Loss,
    matrix::Matrix,
    nn,
    ops::{self, Device},
    optim::Sgd,
    parameters::{Initialization, Initializer},
    rng::Stream,
    train::Learner,
};
use dfdx::{
    nn::{DeviceBuildExt, Module, ModuleMut},
    shapes::{Axes2, Axes4, Const, Rank2, Rank4, Shape},
    tensor::{AsArray, TensorFrom, TensorFromVec, Trace},
    tensor_ops::{Backward, SumTo},
};
use differences::{check, differences, wide};

const EPS: f32 = 1e-3;

/// y = γ (x − μ) / √(σ² + ε) + β over each set of entries; `parameter` tells which γ and β an entry has.
fn normalize(x: &[f64], sets: &[Vec<usize>], parameter: impl Fn(usize) -> usize, (gamma, beta): (&[f64], &[f64])) -> Vec<f64> {
    let mut y = vec![f64::NAN; x.len()];
    for set in sets {
        let n = set.len() as f64;
        let mean = set.iter().map(|i| x[*i]).sum::<f64>() / n;
        let variance = set.iter().map(|i| (x[*i] - mean) * (x[*i] - mean)).sum::<f64>() / n;
        for &i in set {
            let normalized = (x[i] - mean) / (variance + f64::from(EPS)).sqrt();
            y[i] = gamma[parameter(i)] * normalized + beta[parameter(i)];
        }
    }
    y
}

/// The entries that `of` sends to the same number.
fn sets(n: usize, of: impl Fn(usize) -> usize) -> Vec<Vec<usize>> {
    let count = (0..n).map(&of).max().map_or(0, |last| last + 1);
    (0..count).map(|set| (0..n).filter(|i| of(*i) == set).collect()).collect()
}

/// What a layer gave: y, dx, dγ, dβ for Σ y · dy.
type Pass = [Vec<f32>; 4];

/// Compares a pass with the formula and its differences.
fn check_pass(what: &str, pass: &Pass, sets: &[Vec<usize>], parameter: impl Fn(usize) -> usize + Copy) {
    let n = pass[0].len();
    let (x, dy) = (wide(&draws("x", n)), wide(&draws("dy", n)));
    let parameters = pass[2].len();
    let (gamma, beta) = (wide(&draws("gamma", parameters)), wide(&draws("beta", parameters)));
    let loss = |y: Vec<f64>| y.iter().zip(&dy).map(|(y, dy)| y * dy).sum::<f64>();
    check(&format!("y of {what}"), &pass[0], &normalize(&x, sets, parameter, (&gamma, &beta)));
    let dx = differences(&x, |x| loss(normalize(x, sets, parameter, (&gamma, &beta))));
    check(&format!("dx of {what}"), &pass[1], &dx);
    let dgamma = differences(&gamma, |gamma| loss(normalize(&x, sets, parameter, (gamma, &beta))));
    check(&format!("dgamma of {what}"), &pass[2], &dgamma);
    let dbeta = differences(&beta, |beta| loss(normalize(&x, sets, parameter, (&gamma, beta))));
    check(&format!("dbeta of {what}"), &pass[3], &dbeta);
}

fn draws(name: &str, n: usize) -> Vec<f32> {
    Stream::new(7, name).normals(n, 0.5, 1.0)
}

fn tensor<S: Shape>(name: &str, shape: S) -> ops::Tensor<S> {
    Device::default().tensor_from_vec(draws(name, shape.num_elements()), shape)
}

/// Runs a layer, given as a macro because its parameters are fields, on `x` and back from Σ y · dy.
macro_rules! pass {
    ($layer:ident, $shape:expr, $axes:ty) => {{
        $layer.gamma.copy_from(&draws("gamma", $layer.gamma.as_vec().len()));
        $layer.beta.copy_from(&draws("beta", $layer.beta.as_vec().len()));
        $layer.eps = EPS;
        let x = tensor("x", $shape);
        let y = $layer.forward_mut(x.leaky_trace());
        let y_values = y.as_vec();
        let loss = (y * tensor("dy", $shape)).sum::<(), $axes>();
        let gradients = loss.backward();
        let pass: Pass =
            [y_values, gradients.get(&x).as_vec(), gradients.get(&$layer.gamma).as_vec(), gradients.get(&$layer.beta).as_vec()];
        pass
    }};
}

#[test]
fn batch_normalization_of_rows_has_the_gradients_of_its_formula() {
    let mut layer = Device::default().build_module::<nn::builder::BatchNorm<3>, f32>();
    let pass = pass!(layer, (19usize, Const::<3>), Axes2<0, 1>);
    check_pass("rows", &pass, &sets(57, |i| i % 3), |i| i % 3);
}

#[test]
fn batch_normalization_of_images_has_the_gradients_of_its_formula() {
    let mut layer = Device::default().build_module::<nn::builder::BatchNorm<2>, f32>();
    let pass = pass!(layer, (5usize, Const::<2>, 2usize, 3usize), Axes4<0, 1, 2, 3>);
    check_pass("images", &pass, &sets(60, |i| i / 6 % 2), |i| i / 6 % 2);
}

#[test]
fn layer_normalization_of_rows_has_the_gradients_of_its_formula() {
    let mut layer = Device::default().build_module::<nn::builder::LayerNorm<19>, f32>();
    let pass = pass!(layer, (4usize, Const::<19>), Axes2<0, 1>);
    check_pass("rows", &pass, &sets(76, |i| i / 19), |i| i % 19);
}

#[test]
fn layer_normalization_of_images_has_the_gradients_of_its_formula() {
    let mut layer = Device::default().build_module::<nn::builder::LayerNorm2d, f32>();
    let pass = pass!(layer, (3usize, 2usize, 2usize, 5usize), Axes4<0, 1, 2, 3>);
    check_pass("images", &pass, &sets(60, |i| i / 20), |_| 0);
}

#[test]
fn dropout_passes_gradients_where_it_passes_values() {
    let keep: Vec<bool> = (0..15).map(|i| i % 4 != 1).collect();
    let (x, dy) = (tensor("x", (5usize, Const::<3>)), tensor("dy", (5usize, Const::<3>)));
    let y = ops::dropout(x.leaky_trace(), 0.3, keep.clone()).expect("an output");
    let dropped = |values: Vec<f32>| -> Vec<f64> {
        values.into_iter().zip(&keep).map(|(x, keep)| if *keep { f64::from(x) / 0.7 } else { 0.0 }).collect()
    };
    check("y", &y.as_vec(), &dropped(x.as_vec()));
    let gradients = (y * dy.clone()).sum::<(), Axes2<0, 1>>().backward();
    check("dx", &gradients.get(&x).as_vec(), &dropped(dy.as_vec()));
}

#[test]
fn dropout_acts_in_training_only_and_draws_anew_each_time() {
    let device = Device::default();
    let mut layer = nn::Dropout { rate: 0.5, stream: Stream::new(0, "dropout") };
    let ones: ops::Tensor<Rank2<8, 8>> = device.tensor([[1.0; 8]; 8]);
    assert_eq!(layer.forward(ones.clone()).array(), [[1.0; 8]; 8]);
    let [first, second] = [(); 2].map(|()| layer.forward_mut(ones.leaky_trace()).array());
    assert_ne!(first, second);
    assert!(first.iter().flatten().all(|x| [0.0, 2.0].contains(x)), "{first:?}");
}

#[test]
fn batch_normalization_uses_running_statistics_in_evaluation() {
    let device = Device::default();
    let mut layer = device.build_module::<nn::builder::BatchNorm<1>, f32>();
    layer.running_mean = device.tensor([3.0]);
    layer.running_variance = device.tensor([4.0]);
    layer.eps = 0.0;
    let x: ops::Tensor<Rank4<1, 1, 1, 2>> = device.tensor([[[[3.0, 5.0]]]]);
    assert_eq!(layer.forward(x).array(), [[[[0.0, 1.0]]]]);
    // Mean 4, variance 1: the running mean moves a tenth of the way, the biased variance too.
    let mut trained = layer.clone();
    trained.forward_mut(device.tensor([[3.0], [5.0]]).leaky_trace());
    check("running", &[trained.running_mean.array()[0], trained.running_variance.array()[0]], &[3.1, 3.7]);
    layer.correction = 1;
    layer.forward_mut(device.tensor([[3.0], [5.0]]).leaky_trace());
    check("running, unbiased", &layer.running_variance.array(), &[3.8]);
}

type Mlp = (nn::builder::Linear<2, 4>, nn::builder::BatchNorm<4>, nn::Tanh, nn::Dropout, nn::builder::Linear<4, 1>);
type Built = (nn::Linear<2, 4, f32, Device>, nn::BatchNorm<4, f32, Device>, nn::Tanh, nn::Dropout, nn::Linear<4, 1, f32, Device>);

fn network() -> nn::Network<Built, Sgd, 2, 1> {
    let mut model = Device::default().build_module::<Mlp, f32>();
    let init = Initialization { weight: Initializer::STANDARD_NORMAL, bias: Initializer::ZEROS };
    nn::initialize(&mut model, init, &mut Stream::new(0, "weights")).expect("first values");
    nn::Network::new(model, Loss::MeanSquaredError, Sgd { learning_rate: 0.1 })
}

#[test]
fn a_network_learns_in_training_mode_and_saves_its_running_statistics() {
    let mut network = network();
    let names: Vec<String> = network.parameters().0.into_iter().map(|parameter| parameter.name).collect();
    let expected = ["0.weight", "0.bias", "1.gamma", "1.beta", "1.running_mean", "1.running_variance", "4.weight", "4.bias"];
    assert_eq!(names, expected);
    assert_eq!(network.parameters().get("1.gamma", &[4]).expect("gamma").values, [1.0; 4], "γ is not drawn");

    let (x, y) = (Matrix::new(20, 2, draws("x", 40)), Labels::Values(Matrix::new(20, 1, draws("y", 20))));
    network.learn(&x, &y).expect("a step");
    network.update().expect("an update");
    let running = network.parameters().get("1.running_mean", &[4]).expect("a running mean").values.clone();
    assert!(running.iter().all(|mean| *mean != 0.0), "{running:?}");
    assert_eq!(network.gradients().0.len(), 6, "running statistics have no gradient");
    assert_eq!(network.outputs(&x).expect("outputs"), network.outputs(&x).expect("outputs"), "no mask in evaluation");

    let mut other = self::network();
    other.load(&network.parameters()).expect("the same model");
    assert_eq!(other.outputs(&x).expect("outputs"), network.outputs(&x).expect("outputs"));
}
