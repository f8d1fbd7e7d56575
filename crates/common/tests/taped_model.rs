//! A model on the tape in its two modes, and what a network saves of it.

use common::{
    data::Labels,
    kernels::Loss,
    matrix::Matrix,
    parameters::{Initialization, Initializer},
    rng::Stream,
    tape::{self, Device},
    train::Network,
};
use dfdx::{
    nn::{DeviceBuildExt, Module, ModuleMut},
    shapes::{Const, Rank1, Rank2},
    tensor::{AsArray, TensorFrom, TensorFromVec, Trace},
    tensor_ops::Backward,
};

fn draws(name: &str, n: usize) -> Vec<f32> {
    Stream::new(7, name).normals(n, 0.5, 1.0)
}

#[test]
fn normalization_takes_the_statistics_of_the_batch_in_training_and_running_ones_in_use() {
    let device = Device::default();
    let mut layer = device.build_module::<tape::builder::BatchNorm<1>, f32>();
    layer.running_mean = device.tensor([3.0]);
    layer.running_variance = device.tensor([4.0]);
    layer.eps = 0.0;
    let x: tape::Tensor<Rank2<2, 1>> = device.tensor([[3.0], [5.0]]);
    assert_eq!(layer.forward(x.clone()).array(), [[0.0], [1.0]]);
    assert_eq!(layer.forward_mut(x.leaky_trace()).array(), [[-1.0], [1.0]]);
    let near = |tensor: &tape::Tensor<Rank1<1>>, x: f32| (tensor.array()[0] - x).abs() < 1e-6;
    assert!(near(&layer.running_mean, 3.1) && near(&layer.running_variance, 3.7), "{layer:?}");
}

#[test]
fn dropout_acts_in_training_only() {
    let device = Device::default();
    let mut layer = tape::Dropout::default();
    let ones: tape::Tensor<Rank2<8, 8>> = device.tensor([[1.0; 8]; 8]);
    assert_eq!(layer.forward(ones.clone()).array(), [[1.0; 8]; 8]);
    let [first, second] = [(); 2].map(|()| layer.forward_mut(ones.leaky_trace()).array());
    assert_ne!(first, second);
}

/// A tensor that is used twice has the sum of two gradients.
#[test]
fn gradients_of_a_tensor_that_is_used_twice_are_added() {
    let device = Device::default();
    let x = device.tensor_from_vec(draws("x", 6), (3, Const::<2>));
    let layer = |weight| tape::Linear { weight, bias: device.tensor([0.0, 0.0]) };
    let weight: tape::Tensor<Rank2<2, 2>> = device.tensor([[0.5, -1.0], [2.0, 0.25]]);
    let (linear, other) = (layer(weight.clone()), layer(device.tensor(weight.array())));
    let labels = Labels::Values(Matrix::new(3, 2, draws("y", 6)));
    let gradient = |twice: bool| {
        let y = linear.forward(x.leaky_trace());
        let y = if twice { linear.forward(y) } else { y };
        tape::loss(y, &labels, Loss::HalfSquaredError).expect("a loss").backward().get(&weight).as_vec()
    };
    let inner = {
        let y = linear.forward(other.forward(x.leaky_trace()));
        let gradients = tape::loss(y, &labels, Loss::HalfSquaredError).expect("a loss").backward();
        let (first, second) = (gradients.get(&other.weight).as_vec(), gradients.get(&weight).as_vec());
        first.iter().zip(second).map(|(a, b)| a + b).collect::<Vec<_>>()
    };
    assert_eq!(gradient(true), inner);
    assert_ne!(gradient(true), gradient(false));
}

type Mlp = (tape::builder::Linear<2, 4>, tape::builder::BatchNorm<4>, tape::Tanh, tape::Dropout, tape::builder::Linear<4, 1>);
type Built = (
    tape::Linear<2, 4, f32, Device>,
    tape::BatchNorm<4, f32, Device>,
    tape::Tanh,
    tape::Dropout,
    tape::Linear<4, 1, f32, Device>,
);

fn network() -> tape::Model<Built, 2, 1> {
    let mut model = Device::default().build_module::<Mlp, f32>();
    let init = Initialization { weight: Initializer::STANDARD_NORMAL, bias: Initializer::ZEROS };
    tape::initialize(&mut model, init, &mut Stream::new(0, "weights")).expect("first values");
    tape::Model::new(model, Loss::MeanSquaredError)
}

#[test]
fn a_network_learns_in_training_mode_and_saves_its_running_statistics() {
    let mut network = network();
    let names: Vec<String> = network.parameters().0.into_iter().map(|parameter| parameter.name).collect();
    let expected = ["0.weight", "0.bias", "1.gamma", "1.beta", "1.running_mean", "1.running_variance", "4.weight", "4.bias"];
    assert_eq!(names, expected);
    assert_eq!(network.parameters().get("1.gamma", &[4]).expect("gamma").values, [1.0; 4], "γ is not drawn");

    let (x, y) = (Matrix::new(20, 2, draws("x", 40)), Labels::Values(Matrix::new(20, 1, draws("y", 20))));
    network.forward_backward(&x, &y).expect("a pass");
    let running = network.parameters().get("1.running_mean", &[4]).expect("a running mean").values.clone();
    assert!(running.iter().all(|mean| *mean != 0.0), "{running:?}");
    assert_eq!(network.gradients().0.len(), 6, "running statistics have no gradient");
    assert_eq!(network.outputs(&x).expect("outputs"), network.outputs(&x).expect("outputs"), "no mask in evaluation");

    let mut other = self::network();
    other.load(&network.parameters()).expect("the same model");
    assert_eq!(other.outputs(&x).expect("outputs"), network.outputs(&x).expect("outputs"));
}
