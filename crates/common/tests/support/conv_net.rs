//! Two convolutions, plain and with batch normalisation, against PyTorch: any images, parameters, number of channels and learning rate.

use super::{check, check_pass, read};
use crate::{
    networks::{Given, LOSSES, Names, check_norms, named},
    stepping::Stepping,
    support::{Tensor, Tolerance},
};
use common::{
    chain::{Chain, batch_norm, conv2d, flatten, group, image, linear, max_pool2d, relu},
    kernels::{Loss, batch_norm::Averaging},
    layers::batch_norm::Settings,
    optim::{Optimizer, Sgd},
    parameters::Parameters,
    tape::{
        self, Device, Flatten, Image, MaxPool2d, Relu,
        builder::{BatchNorm, Conv2d, Linear},
    },
    train::Network,
};
use dfdx::nn::DeviceBuildExt;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Parameters after training.
const PARAMETERS: Tolerance = Tolerance { relative: 0.0, absolute: 5e-5 };

/// A fixture of two convolutions, without and with batch normalisation.
#[derive(Deserialize)]
struct ConvNetFixture {
    #[serde(flatten)]
    given: Given,
    channels: usize,
    bn_eps: f64,
    bn_momentum_keep: f64,
    lr: f64,
    steps: usize,
    plain_f32: ConvNetRun,
    plain_f64: ConvNetRun,
    bn_f32: ConvNetRun,
    bn_f64: ConvNetRun,
}

/// What one run leaves.
#[derive(Deserialize)]
struct ConvNetRun {
    logits_first: Tensor,
    grad_norms_first: BTreeMap<String, f64>,
    #[serde(default)]
    grads_first: BTreeMap<String, Tensor>,
    losses: Vec<f64>,
    final_params: BTreeMap<String, Tensor>,
    #[serde(default)]
    running: Vec<Running>,
    eval_logits_biased_running_var: Option<Tensor>,
}

/// The running statistics of one layer after the last step.
#[derive(Deserialize)]
struct Running {
    mean: Tensor,
    var_unbiased: Tensor,
    var_biased: Tensor,
}

type Plain<const C: usize, const F: usize> = (
    Image<1, 28, 28>,
    (Conv2d<1, C, 5, 1, 2>, Relu, MaxPool2d<2, 2>),
    (Conv2d<C, C, 5, 1, 2>, Relu, MaxPool2d<2, 2>),
    Flatten<F>,
    Linear<F, 10>,
);
type Normalized<const C: usize, const F: usize> = (
    Image<1, 28, 28>,
    (Conv2d<1, C, 5, 1, 2>, BatchNorm<C>, Relu, MaxPool2d<2, 2>),
    (Conv2d<C, C, 5, 1, 2>, BatchNorm<C>, Relu, MaxPool2d<2, 2>),
    Flatten<F>,
    Linear<F, 10>,
);

const CONV_NET: Names = &[
    ("conv1_w", "1.0.weight"),
    ("conv1_b", "1.0.bias"),
    ("gamma1", "1.1.gamma"),
    ("beta1", "1.1.beta"),
    ("conv2_w", "2.0.weight"),
    ("conv2_b", "2.0.bias"),
    ("gamma2", "2.1.gamma"),
    ("beta2", "2.1.beta"),
    ("fc_w", "4.weight"),
    ("fc_b", "4.bias"),
];
/// Biases that a batch normalisation takes away again: their gradients are nothing but noise.
const WITHOUT_EFFECT: [&str; 2] = ["conv1_b", "conv2_b"];

impl ConvNetFixture {
    fn stepping<N: Network>(&self, network: N) -> Stepping<N> {
        Stepping { network, optimizer: Optimizer::new(Sgd), learning_rate: self.lr as f32 }
    }

    /// Trains `network` and compares what it leaves with the runs in both precisions, but for the tensors to `skip`.
    #[track_caller]
    fn check<N: Network>(&self, network: &mut Stepping<N>, (f32s, f64s): (&ConvNetRun, &ConvNetRun), skip: &[&str]) {
        let (images, labels) = (self.given.images(), self.given.labels());
        let mut losses = Vec::new();
        for step in 0..self.steps {
            let pass = network.learn(&images, &labels);
            if step == 0 {
                check_pass("first outputs", pass.outputs.values(), &f32s.logits_first.data);
                let gradients = network.network.gradients();
                check_norms(&gradients, CONV_NET, (&f32s.grad_norms_first, &f64s.grad_norms_first), skip);
                for (name, expected) in f64s.grads_first.iter().filter(|(name, _)| !skip.contains(&name.as_str())) {
                    check_pass(&format!("gradient of {name}"), named(&gradients, CONV_NET, name), &expected.data);
                }
            }
            losses.push(pass.loss);
            network.update();
        }
        check("losses", &losses, &f32s.losses, LOSSES);
        let parameters = network.network.parameters();
        for run in [f32s, f64s] {
            for (name, expected) in run.final_params.iter().filter(|(name, _)| !skip.contains(&name.as_str())) {
                check(&format!("{name} at the end"), named(&parameters, CONV_NET, name), &expected.data, PARAMETERS);
            }
        }
    }

    /// The first parameters, γ = 1, β = 0 and the running statistics where `network` has them.
    fn start(&self, network: &mut impl Network) {
        let given = self.given.parameters(CONV_NET).0;
        let kept = network.parameters().0.into_iter().filter(|own| given.iter().all(|given| given.name != own.name));
        network.load(&Parameters(given.iter().cloned().chain(kept).collect())).expect("parameters of the fixture's shapes");
    }

    #[track_caller]
    fn check_plain(&self, mut network: impl Network) {
        self.start(&mut network);
        let mut network = self.stepping(network);
        self.check(&mut network, (&self.plain_f32, &self.plain_f64), &[]);
    }

    #[track_caller]
    fn check_normalized(&self, mut network: impl Network, unbiased: bool) {
        self.start(&mut network);
        let mut network = self.stepping(network);
        self.check(&mut network, (&self.bn_f32, &self.bn_f64), &WITHOUT_EFFECT);
        let parameters = network.network.parameters();
        for (block, expected) in self.bn_f32.running.iter().enumerate() {
            let tensor = |name: &str| {
                let name = format!("{}.1.{name}", block + 1);
                parameters.0.iter().find(|parameter| parameter.name == name).expect("running statistics").values.clone()
            };
            check(&format!("running mean {block}"), &tensor("running_mean"), &expected.mean.data, PARAMETERS);
            let variance = if unbiased { &expected.var_unbiased } else { &expected.var_biased };
            check(&format!("running variance {block}"), &tensor("running_variance"), &variance.data, PARAMETERS);
        }
        if let (false, Some(expected)) = (unbiased, &self.bn_f32.eval_logits_biased_running_var) {
            let outputs = network.network.outputs(&self.given.images()).expect("outputs");
            let largest = expected.data.iter().fold(1.0f64, |largest, x| largest.max(x.abs()));
            let tolerance = Tolerance { relative: 0.0, absolute: PARAMETERS.absolute * largest };
            check("outputs in evaluation", outputs.values(), &expected.data, tolerance);
        }
    }
}

/// Runs `check!` with the number of channels as a constant: types of layers cannot wait for a fixture.
macro_rules! with_channels {
    ($channels:expr, $check:ident) => {
        match $channels {
            2 => $check!(2),
            3 => $check!(3),
            4 => $check!(4),
            5 => $check!(5),
            6 => $check!(6),
            8 => $check!(8),
            10 => $check!(10),
            16 => $check!(16),
            20 => $check!(20),
            other => panic!("add {other} to the numbers of channels here"),
        }
    };
}

#[test]
fn the_convolutional_network_as_a_chain_agrees() {
    let Some(fixture) = read::<ConvNetFixture>("conv_bn_net.json") else { return };
    macro_rules! check_channels {
        ($c:literal) => {
            fixture.check_plain(Chain::of::<Plain<$c, { 49 * $c }>>(Loss::SoftmaxCrossEntropy))
        };
    }
    with_channels!(fixture.channels, check_channels);
}

#[test]
fn the_taped_convolutional_network_agrees() {
    let Some(fixture) = read::<ConvNetFixture>("conv_bn_net.json") else { return };
    macro_rules! check_channels {
        ($c:literal) => {{
            let model = Device::default().build_module::<Plain<$c, { 49 * $c }>, f32>();
            fixture.check_plain(tape::Model::<_, 784, 10>::new(model, Loss::SoftmaxCrossEntropy));
        }};
    }
    with_channels!(fixture.channels, check_channels);
}

#[test]
fn the_convolutional_network_with_batch_normalization_as_a_chain_agrees() {
    let Some(fixture) = read::<ConvNetFixture>("conv_bn_net.json") else { return };
    for unbiased in [false, true] {
        let averaging = Averaging { momentum: fixture.bn_momentum_keep as f32, unbiased };
        let settings = Settings { eps: fixture.bn_eps as f32, averaging };
        let channels = fixture.channels;
        let block = || group([conv2d(channels, 5, 1, 2), batch_norm(settings), relu(), max_pool2d(2, 2)]);
        let layers = [image(1, 28, 28), block(), block(), flatten(), linear(49 * channels, 10)];
        fixture.check_normalized(Chain::new(layers, Loss::SoftmaxCrossEntropy), unbiased);
    }
}

#[test]
fn the_taped_convolutional_network_with_batch_normalization_agrees() {
    let Some(fixture) = read::<ConvNetFixture>("conv_bn_net.json") else { return };
    macro_rules! check_channels {
        ($c:literal) => {
            for unbiased in [false, true] {
                let mut model = Device::default().build_module::<Normalized<$c, { 49 * $c }>, f32>();
                for norm in [&mut model.1.1, &mut model.2.1] {
                    norm.eps = fixture.bn_eps as f32;
                    norm.momentum = fixture.bn_momentum_keep as f32;
                    norm.correction = u8::from(unbiased);
                }
                let network = tape::Model::<_, 784, 10>::new(model, Loss::SoftmaxCrossEntropy);
                fixture.check_normalized(network, unbiased);
            }
        };
    }
    with_channels!(fixture.channels, check_channels);
}
