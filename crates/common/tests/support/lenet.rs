//! [`LeNet`] against PyTorch: any images, parameters and learning rate.

use super::{SINGLE_PASS, check, check_pass, read};
use crate::{
    networks::{Given, LOSSES, Names, check_norms, named, norm},
    stepping::Stepping,
    support::{Tensor, Tolerance},
};
use common::{
    chain::{Chain, InChain},
    kernels::Loss,
    models::LeNet,
    optim::{Optimizer, Sgd},
    parameters::Parameters,
    tape::{
        self, Device, Flatten, Image, MaxPool2d, Relu,
        builder::{Conv2d, Linear},
    },
    train::Network,
};
use dfdx::nn::DeviceBuildExt;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

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

/// aᵀ · b of two tensors with a row per sample.
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

    /// One pass and a short training of `network`.
    #[track_caller]
    fn check(&self, mut network: impl Network) {
        let (images, labels) = (self.given.images(), self.given.labels());
        network.load(&self.first_parameters()).expect("parameters of the fixture's shapes");
        check_pass("outputs", network.outputs(&images).expect("outputs").values(), &self.logits_f64.data);
        let (learning_rate, losses) = self.training();
        let mut network = Stepping { network, optimizer: Optimizer::new(Sgd), learning_rate };
        let pass = network.learn(&images, &labels);
        check_pass("outputs in training", pass.outputs.values(), &self.logits_f64.data);
        check("loss", &[pass.loss], &[self.loss_f32], LOSSES);
        self.check_gradients(&network.network.gradients());
        for (step, loss) in losses.into_iter().enumerate() {
            let pass = network.learn(&images, &labels);
            check(&format!("loss of step {step}"), &[pass.loss], &[loss], LOSSES);
            network.update();
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
    fn check_activations<M: InChain>(&self, layer: &str) {
        let mut beginning = Chain::of::<M>(Loss::SoftmaxCrossEntropy);
        beginning.load(&self.first_parameters()).expect("parameters of the fixture's shapes");
        let ours = norm(beginning.outputs(&self.given.images()).expect("outputs").values());
        let tolerance = Tolerance { relative: SINGLE_PASS, absolute: 0.0 };
        check(&format!("norm of the output of {layer}"), &[ours], &[self.activation_norms_f32[layer]], tolerance);
    }
}

#[test]
fn lenet_as_a_chain_agrees() {
    let Some(fixture) = read::<LeNetFixture>("lenet.json") else { return };
    fixture.check(Chain::of::<LeNet>(Loss::SoftmaxCrossEntropy));
}

#[test]
fn the_taped_lenet_agrees() {
    let Some(fixture) = read::<LeNetFixture>("lenet.json") else { return };
    let model = Device::default().build_module::<LeNet, f32>();
    fixture.check(tape::Model::<_, 784, 10>::new(model, Loss::SoftmaxCrossEntropy));
}

#[test]
fn every_layer_of_lenet_agrees() {
    type First = Conv2d<1, 6, 3, 1, 1>;
    type FirstBlock = (First, Relu, MaxPool2d<2, 2>);
    type Second = Conv2d<6, 16, 5>;
    type SecondBlock = (Second, Relu, MaxPool2d<2, 2>);
    type Head = (Linear<400, 120>, Linear<120, 84>);
    let Some(fixture) = read::<LeNetFixture>("lenet.json") else { return };
    fixture.check_activations::<(Image<1, 28, 28>, (First,), Flatten<4704>)>("conv1");
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, Flatten<1176>)>("pool1");
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, (Second,), Flatten<1600>)>("conv2");
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, SecondBlock, Flatten<400>)>("pool2_flat");
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, SecondBlock, Flatten<400>, (Linear<400, 120>,))>("fc1");
    fixture.check_activations::<(Image<1, 28, 28>, FirstBlock, SecondBlock, Flatten<400>, Head)>("fc2");
    fixture.check_activations::<LeNet>("fc3");
}
