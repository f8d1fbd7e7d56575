//! What `docs/site/counterparts.md` says of dfdx 0.13 and of this workspace, where a test can tell.

use common::{layers, optim};
use dfdx::{
    losses::mse_loss,
    nn::{BuildOnDevice, DeviceBuildExt, Module, ModuleMut, builders, modules::LeakyReLU},
    optim::{AdamConfig, Momentum, Optimizer, RMSprop, RMSpropConfig, Sgd, SgdConfig},
    tensor::{AsArray, Cpu, Tensor, TensorFrom, Trace},
    tensor_ops::{Backward, SumTo},
};

#[track_caller]
fn near(ours: f32, expected: f32) {
    assert!((ours - expected).abs() < 1e-6, "{ours}, expected {expected}");
}

#[test]
fn defaults_are_those_of_the_page() {
    let adam = AdamConfig::default();
    assert_eq!((adam.lr, adam.betas, adam.eps), (1e-3, [0.9, 0.999], 1e-8));
    let rmsprop = RMSpropConfig::default();
    assert_eq!((rmsprop.lr, rmsprop.alpha, rmsprop.eps), (1e-2, 0.9, 1e-8));
    assert_eq!(SgdConfig::default().lr, 1e-2);
    near(LeakyReLU::<f32>::default().0, 0.05);
    assert_eq!([optim::EPSILON, layers::NORMALIZATION_EPSILON], [1e-7; 2]);
    assert_eq!([optim::RHO, optim::BETA, optim::BETA1, optim::BETA2], [0.9, 0.9, 0.9, 0.99]);
}

#[test]
fn leaky_relu_has_the_slope_one_at_zero() {
    let device = Cpu::default();
    let x: Tensor<_, f32, _> = device.tensor([0.0]);
    let gradients = LeakyReLU(0.05).forward(x.leaky_trace()).sum::<(), _>().backward();
    assert_eq!(gradients.get(&x).array(), [1.0]);
}

#[test]
fn batch_normalisation_keeps_the_unbiased_variance_with_a_momentum_of_a_tenth() {
    let device = Cpu::default();
    let mut layer = device.build_module::<builders::BatchNorm1D<1>, f32>();
    assert_eq!((layer.epsilon, layer.momentum), (1e-5, 0.1));
    let x: Tensor<_, f32, _> = device.tensor([[0.0], [2.0], [4.0], [6.0]]);
    let _ = layer.forward_mut(x.leaky_trace());
    near(layer.running_mean.array()[0], 0.1 * 3.0);
    near(layer.running_var.array()[0], 0.9 + 0.1 * 20.0 / 3.0);
}

/// A weight that starts at 1 and has the gradient 2 in every step: how far each of two steps moves it.
fn moves(mut step: impl FnMut(&mut Weight)) -> [f32; 2] {
    let mut weight = Cpu::default().build_module::<builders::Linear<1, 1>, f32>();
    let mut values = vec![1.0];
    for _ in 0..2 {
        weight.weight.copy_from(&[1.0]);
        weight.bias.copy_from(&[0.0]);
        step(&mut weight);
        values.push(weight.weight.array()[0][0]);
    }
    [1.0 - values[1], 1.0 - values[2]]
}

type Weight = <builders::Linear<1, 1> as BuildOnDevice<Cpu, f32>>::Built;

/// One update with the loss w², whose gradient at 1 is 2.
fn update(weight: &mut Weight, optimizer: &mut impl Optimizer<Weight, Cpu, f32>) {
    let device = Cpu::default();
    let x: Tensor<_, f32, _> = device.tensor([[1.0]]);
    let zero: Tensor<_, f32, _> = device.tensor([[0.0]]);
    let gradients = mse_loss(weight.forward(x.leaky_trace()), zero).backward();
    optimizer.update(weight, &gradients).expect("gradients of every tensor");
}

#[test]
fn the_mean_squares_of_rmsprop_start_at_one() {
    let mut optimizer = None;
    let [first, _] = moves(|weight| {
        let rmsprop = optimizer.get_or_insert_with(|| RMSprop::new(weight, RMSpropConfig::default()));
        update(weight, rmsprop);
    });
    near(first, 0.01 * 2.0 / (0.9f32 + 0.1 * 4.0).sqrt());
}

#[test]
fn momentum_remembers_gradients_and_no_moves() {
    let mut optimizer = None;
    let [first, second] = moves(|weight| {
        let config = SgdConfig { lr: 0.1, momentum: Some(Momentum::Classic(0.9)), weight_decay: None };
        let sgd: &mut Sgd<Weight, f32, Cpu> = optimizer.get_or_insert_with(|| Sgd::new(weight, config));
        sgd.cfg.lr /= 2.0;
        update(weight, sgd);
    });
    // v ← 0.9 v + g, θ ← θ − α v: the new rate applies to the whole memory.
    near(first, 0.05 * 2.0);
    near(second, 0.025 * (0.9 * 2.0 + 2.0));
}
