//! The convolutional networks of chapter 7 against PyTorch: any images, parameters, number of channels and learning rate.

use super::{SINGLE_PASS, check, check_pass, read};
use crate::support::{Tensor, Tolerance};
use common::{
    data::Labels,
    kernels::Loss,
    matrix::Matrix,
    nn::{
        self, Flatten, Image, MaxPool2d, Relu, Sequential,
        builder::{BatchNorm, Conv2d, Linear},
        models::LeNet,
    },
    ops::Device,
    optim::Sgd,
    parameters::{Parameter, Parameters},
    train::Learner,
};
use dfdx::nn::DeviceBuildExt;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Losses.
const LOSSES: Tolerance = Tolerance { relative: 2e-5, absolute: 1e-6 };
/// Parameters after training.
const PARAMETERS: Tolerance = Tolerance { relative: 0.0, absolute: 5e-5 };

/// A network that shows its gradients: unrolled or taped.
trait Trained: Learner {
    fn all_gradients(&self) -> Parameters;
}

impl Trained for Sequential<Sgd> {
    fn all_gradients(&self) -> Parameters {
        self.gradients()
    }
}

impl<M, const I: usize, const C: usize> Trained for nn::Network<M, Sgd, I, C>
where
    Self: Learner,
    M: dfdx::nn::tensor_collection::TensorCollection<f32, Device>,
{
    fn all_gradients(&self) -> Parameters {
        self.gradients()
    }
}

/// Images and parameters that fixtures of networks share.
#[derive(Deserialize)]
struct Given {
    images_u8: Tensor,
    labels: Vec<usize>,
    param_scale: f64,
    params_int: BTreeMap<String, Tensor>,
}

/// Where a tuple model has the tensors that fixtures name.
type Names = &'static [(&'static str, &'static str)];

/// Our name of a tensor.
fn place(names: Names, name: &str) -> &'static str {
    names.iter().find(|(theirs, _)| *theirs == name).unwrap_or_else(|| panic!("there is no tensor {name}")).1
}

/// The tensor that a fixture calls `name`.
#[track_caller]
fn named<'a>(parameters: &'a Parameters, names: Names, name: &str) -> &'a [f32] {
    let place = place(names, name);
    let found = parameters.0.iter().find(|parameter| parameter.name == place);
    &found.unwrap_or_else(|| panic!("a tensor {place}")).values
}

impl Given {
    fn images(&self) -> Matrix {
        let pixels = self.images_u8.values().iter().map(|x| x / 255.0).collect();
        Matrix::new(self.images_u8.shape[0], self.images_u8.shape[1], pixels)
    }

    fn labels(&self) -> Labels {
        Labels::Classes(self.labels.clone())
    }

    /// The first parameters, with the shapes that the fixture gives them.
    fn parameters(&self, names: Names) -> Parameters {
        let parameter = |(name, tensor): (&String, &Tensor)| {
            let values = tensor.values().iter().map(|x| x * self.param_scale as f32).collect();
            Parameter { name: place(names, name).to_owned(), shape: tensor.shape.clone(), values }
        };
        Parameters(self.params_int.iter().map(parameter).collect())
    }
}

/// L2 norm.
fn norm(values: &[f32]) -> f32 {
    values.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt() as f32
}

/// Compares the norms of gradients with both those of f32 and, ten times the gap between the two allowed, of f64.
#[track_caller]
fn check_norms(
    gradients: &Parameters,
    names: Names,
    (f32s, f64s): (&BTreeMap<String, f64>, &BTreeMap<String, f64>),
    skip: &[&str],
) {
    assert!(!f32s.is_empty(), "norms of gradients");
    for (name, expected) in f32s.iter().filter(|(name, _)| !skip.contains(&name.as_str())) {
        let gap = f64s.get(name).map_or(0.0, |exact| (expected - exact).abs());
        let tolerance = Tolerance { relative: SINGLE_PASS, absolute: 10.0 * gap };
        check(&format!("norm of the gradient of {name}"), &[norm(named(gradients, names, name))], &[*expected], tolerance);
    }
}

/// A fixture of [`LeNet`].
#[derive(Deserialize)]
struct LeNetFixture {
    #[serde(flatten)]
    given: Given,
    logits_f64: Tensor,
    loss_f32: f64,
    activation_norms_f32: BTreeMap<String, f64>,
    grad_norms_f32: BTreeMap<String, f64>,
    grad_norms_f64: BTreeMap<String, f64>,
    grads_f64: BTreeMap<String, Tensor>,
    fc1_input_f64: Tensor,
    fc1_delta_f64: Tensor,
    fc2_input_f64: Tensor,
    fc2_delta_f64: Tensor,
    fc1_w_grad_samples_f64: Vec<Sample>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// One entry of a gradient.
#[derive(Deserialize)]
struct Sample {
    row: usize,
    col: usize,
    value: f64,
}

const LENET: Names = &[
    ("conv1_w", "1.0.weight"),
    ("conv1_b", "1.0.bias"),
    ("conv2_w", "2.0.weight"),
    ("conv2_b", "2.0.bias"),
    ("fc1_w", "4.0.weight"),
    ("fc1_b", "4.0.bias"),
    ("fc2_w", "4.1.weight"),
    ("fc2_b", "4.1.bias"),
    ("fc3_w", "4.2.weight"),
    ("fc3_b", "4.2.bias"),
];

/// aᵀ · b of two tensors with a row a sample.
fn product(a: &Tensor, b: &Tensor) -> Vec<f64> {
    let (samples, rows, columns) = (a.shape[0], a.shape[1], b.shape[1]);
    let entry = |i: usize, j: usize| (0..samples).map(|s| a.data[s * rows + i] * b.data[s * columns + j]).sum();
    (0..rows * columns).map(|at| entry(at / columns, at % columns)).collect()
}

impl LeNetFixture {
    /// The learning rate and the losses of a short training, `sgd_lr<rate>_losses_f32`.
    fn training(&self) -> (f32, Vec<f64>) {
        let rate = |key: &str| key.strip_prefix("sgd_lr")?.strip_suffix("_losses_f32")?.parse::<f32>().ok();
        let found = self.rest.iter().find_map(|(key, losses)| Some((rate(key)?, losses)));
        let (rate, losses) = found.expect("losses of a training");
        (rate, serde_json::from_value(losses.clone()).expect("losses"))
    }

    fn first_parameters(&self) -> Parameters {
        self.given.parameters(LENET)
    }

    /// One pass and a short training of `network`, which learns at the rate of the fixture.
    #[track_caller]
    fn check(&self, mut network: impl Trained) {
        let (images, labels) = (self.given.images(), self.given.labels());
        network.load(&self.first_parameters()).expect("parameters of the fixture's shapes");
        check_pass("outputs", network.outputs(&images).expect("outputs").values(), &self.logits_f64.data);
        let pass = network.learn(&images, &labels).expect("a pass");
        check_pass("outputs in training", pass.outputs.values(), &self.logits_f64.data);
        check("loss", &[pass.loss], &[self.loss_f32], LOSSES);
        self.check_gradients(&network.all_gradients());
        for (step, loss) in self.training().1.into_iter().enumerate() {
            let pass = network.learn(&images, &labels).expect("a pass");
            check(&format!("loss of step {step}"), &[pass.loss], &[loss], LOSSES);
            network.update().expect("an update");
        }
    }

    #[track_caller]
    fn check_gradients(&self, gradients: &Parameters) {
        check_norms(gradients, LENET, (&self.grad_norms_f32, &self.grad_norms_f64), &[]);
        for (name, expected) in &self.grads_f64 {
            check_pass(&format!("gradient of {name}"), named(gradients, LENET, name), &expected.data);
        }
        let fc1_w = named(gradients, LENET, "fc1_w");
        let expected = product(&self.fc1_input_f64, &self.fc1_delta_f64);
        check_pass("gradient of fc1_w", fc1_w, &expected);
        let (columns, largest) = (self.fc1_delta_f64.shape[1], expected.iter().fold(0.0f64, |largest, x| largest.max(x.abs())));
        for Sample { row, col, value } in &self.fc1_w_grad_samples_f64 {
            let tolerance = Tolerance { relative: 0.0, absolute: SINGLE_PASS * largest };
            check(&format!("gradient of fc1_w, {row} x {col}"), &[fc1_w[row * columns + col]], &[*value], tolerance);
        }
        let expected = product(&self.fc2_input_f64, &self.fc2_delta_f64);
        check_pass("gradient of fc2_w", named(gradients, LENET, "fc2_w"), &expected);
    }

    /// Compares the norm of what `M`, the network up to and with some layer, gives.
    #[track_caller]
    fn check_activations<M: nn::sequential::Unroll>(&self, layer: &str) {
        let mut beginning = Sequential::new::<M>(Loss::SoftmaxCrossEntropy, Sgd { learning_rate: 0.0 });
        beginning.load(&self.first_parameters()).expect("parameters of the fixture's shapes");
        let ours = norm(beginning.outputs(&self.given.images()).expect("outputs").values());
        let tolerance = Tolerance { relative: SINGLE_PASS, absolute: 0.0 };
        check(&format!("norm of the output of {layer}"), &[ours], &[self.activation_norms_f32[layer]], tolerance);
    }
}

#[test]
fn the_unrolled_lenet_agrees() {
    let Some(fixture) = read::<LeNetFixture>("lenet.json") else { return };
    fixture.check(Sequential::new::<LeNet>(Loss::SoftmaxCrossEntropy, Sgd { learning_rate: fixture.training().0 }));
}

#[test]
fn the_taped_lenet_agrees() {
    let Some(fixture) = read::<LeNetFixture>("lenet.json") else { return };
    let sgd = Sgd { learning_rate: fixture.training().0 };
    let model = Device::default().build_module::<LeNet, f32>();
    fixture.check(nn::Network::<_, _, 784, 10>::new(model, Loss::SoftmaxCrossEntropy, sgd));
}

#[test]
fn every_layer_of_lenet_agrees() {
    type First = Conv2d<1, 6, 3, 1, 1>;
    type FirstBlock = (First, Relu, MaxPool2d<2, 2>);
    type Second = Conv2d<6, 16, 5>;
    type SecondBlock = (Second, Relu, MaxPool2d<2, 2>);
    let Some(fixture) = read::<LeNetFixture>("lenet.json") else { return };
    fixture.check_activations::<(Image<1, 28, 28>, (First,), Flatten<4704>)>("conv1");
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, Flatten<1176>)>("pool1");
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, (Second,), Flatten<1600>)>("conv2");
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, SecondBlock, Flatten<400>)>("pool2_flat");
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, SecondBlock, Flatten<400>, (Linear<400, 120>,))>("fc1");
    type Head = (Linear<400, 120>, Linear<120, 84>);
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, SecondBlock, Flatten<400>, Head)>("fc2");
    fixture.check_activations::<LeNet>("fc3");
}

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
    fn sgd(&self) -> Sgd {
        Sgd { learning_rate: self.lr as f32 }
    }

    /// Trains `network` and compares what it leaves with the runs in both precisions, but for the tensors to `skip`.
    #[track_caller]
    fn check(&self, network: &mut dyn Trained, (f32s, f64s): (&ConvNetRun, &ConvNetRun), skip: &[&str]) {
        let (images, labels) = (self.given.images(), self.given.labels());
        let mut losses = Vec::new();
        for step in 0..self.steps {
            let pass = network.learn(&images, &labels).expect("a pass");
            if step == 0 {
                check_pass("first outputs", pass.outputs.values(), &f32s.logits_first.data);
                let gradients = network.all_gradients();
                check_norms(&gradients, CONV_NET, (&f32s.grad_norms_first, &f64s.grad_norms_first), skip);
                for (name, expected) in f64s.grads_first.iter().filter(|(name, _)| !skip.contains(&name.as_str())) {
                    check_pass(&format!("gradient of {name}"), named(&gradients, CONV_NET, name), &expected.data);
                }
            }
            losses.push(pass.loss);
            network.update().expect("an update");
        }
        check("losses", &losses, &f32s.losses, LOSSES);
        let parameters = network.parameters();
        for run in [f32s, f64s] {
            for (name, expected) in run.final_params.iter().filter(|(name, _)| !skip.contains(&name.as_str())) {
                check(&format!("{name} at the end"), named(&parameters, CONV_NET, name), &expected.data, PARAMETERS);
            }
        }
    }

    /// The first parameters, γ = 1, β = 0 and the running statistics where `network` has them.
    fn start(&self, network: &mut dyn Trained) {
        let given = self.given.parameters(CONV_NET).0;
        let kept = network.parameters().0.into_iter().filter(|own| given.iter().all(|given| given.name != own.name));
        network.load(&Parameters(given.iter().cloned().chain(kept).collect())).expect("parameters of the fixture's shapes");
    }

    #[track_caller]
    fn check_plain(&self, mut network: impl Trained) {
        self.start(&mut network);
        self.check(&mut network, (&self.plain_f32, &self.plain_f64), &[]);
    }

    #[track_caller]
    fn check_normalized(&self, mut network: impl Trained, unbiased: bool) {
        self.start(&mut network);
        self.check(&mut network, (&self.bn_f32, &self.bn_f64), &WITHOUT_EFFECT);
        let parameters = network.parameters();
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
            let outputs = network.outputs(&self.given.images()).expect("outputs");
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
fn the_unrolled_convolutional_network_agrees() {
    let Some(fixture) = read::<ConvNetFixture>("conv_bn_net.json") else { return };
    macro_rules! check_channels {
        ($c:literal) => {
            fixture.check_plain(Sequential::new::<Plain<$c, { 49 * $c }>>(Loss::SoftmaxCrossEntropy, fixture.sgd()))
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
            fixture.check_plain(nn::Network::<_, _, 784, 10>::new(model, Loss::SoftmaxCrossEntropy, fixture.sgd()));
        }};
    }
    with_channels!(fixture.channels, check_channels);
}

/// On the tape, where ε and the kind of the running variance can be set; that unrolled models do the same is tested with the book's.
#[test]
fn the_convolutional_network_with_batch_normalization_agrees() {
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
                let network = nn::Network::<_, _, 784, 10>::new(model, Loss::SoftmaxCrossEntropy, fixture.sgd());
                fixture.check_normalized(network, unbiased);
            }
        };
    }
    with_channels!(fixture.channels, check_channels);
}
