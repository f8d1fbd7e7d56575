//! The classifier of the case study.

use common::{
    data::mnist::{N_DIGITS, N_PIXELS, PixelScale},
    kernels::{Activation, Loss},
    optim::Optimizer,
    parameters::Initialization,
    rng::Stream,
    scratch::{Layer, Network},
};

/// How pixels become inputs: from −1 to 1.
pub(crate) const SCALE: PixelScale = PixelScale::Symmetric;
/// Outputs of the two hidden layers.
const HIDDEN: [usize; 2] = [1500, 500];
/// The slope of leaky ReLU for negative net inputs.
const LEAKY: Activation = Activation::LeakyRelu { slope: 0.01 };

/// The network 784-1500-500-10 with leaky ReLU and soft-max cross-entropy, its parameters drawn from `stream`.
pub(crate) fn classifier<O: Optimizer>(init: Initialization, optimizer: O, stream: &mut Stream) -> Network<O> {
    let layers = [((N_PIXELS, HIDDEN[0]), LEAKY), ((HIDDEN[0], HIDDEN[1]), LEAKY), ((HIDDEN[1], N_DIGITS), Activation::Identity)];
    let layers = layers.into_iter().map(|(size, activation)| Layer::draw(size, activation, init, stream)).collect();
    Network::new(layers, Loss::SoftmaxCrossEntropy, optimizer)
}
