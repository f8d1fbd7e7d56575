//! The classifier of the case study.

use anyhow::Result;
use common::{
    kernels::Loss,
    nn::{Logistic, Network, builder::Linear, initialize},
    ops::Device,
    optim::Sgd,
    parameters::{Initialization, Initializer},
    rng::Stream,
};
use dfdx::nn::{BuildOnDevice, DeviceBuildExt};

/// Four measurements, six hidden units, three classes.
type Mlp = (Linear<4, 6>, Logistic, Linear<6, 3>);

/// The network with soft-max cross-entropy and gradient descent.
pub(crate) type Classifier = Network<<Mlp as BuildOnDevice<Device, f32>>::Built, Sgd, 4, 3>;

/// Weights from N(0, 0.01²), biases 1.
const INIT: Initialization =
    Initialization { weight: Initializer::Normal { mean: 0.0, deviation: 0.01 }, bias: Initializer::Constant(1.0) };

/// A classifier with the weights of `seed`.
pub(crate) fn classifier(learning_rate: f32, seed: u64) -> Result<Classifier> {
    let mut mlp = Device::default().build_module::<Mlp, f32>();
    initialize(&mut mlp, INIT, &mut Stream::new(seed, "weights"))?;
    Ok(Network::new(mlp, Loss::SoftmaxCrossEntropy, Sgd { learning_rate }))
}
