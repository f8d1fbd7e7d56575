//! The network that `train` trains and `predict` uses.

use common::{
    data::mnist::PixelScale,
    kernels::Loss,
    nn::{LeakyRelu, Sequential, builder::Linear},
    optim::{Adam, EpsPlacement, Sgd},
    parameters::{Initialization, Initializer},
    rng::Stream,
};

/// 784 pixels, hidden layers of 1500 and 500 leaky ReLUs of slope 0.01, ten logits.
pub(crate) type Mlp = (Linear<784, 1500>, LeakyRelu, Linear<1500, 500>, LeakyRelu, Linear<500, 10>);

/// The network with soft-max cross-entropy and Adam.
pub(crate) type Classifier = Sequential<Adam>;

/// Its inputs: pixels from −1 to 1.
pub(crate) const SCALE: PixelScale = PixelScale::Symmetric;

/// How the source's library starts a linear layer: uniform weights after Xavier, biases of zero.
const INIT: Initialization = Initialization { weight: Initializer::XavierUniform, bias: Initializer::ZEROS };

/// A classifier with the weights of `seed`. Adam's other settings are the library's: decay rates 0.9 and 0.999, ε = 1e-8 outside the root.
pub(crate) fn classifier(learning_rate: f32, seed: u64) -> Classifier {
    let adam = Adam::new(learning_rate, (0.9, 0.999), 1e-8).eps_placement(EpsPlacement::OutsideRoot);
    let mut network = Sequential::new::<Mlp>(Loss::SoftmaxCrossEntropy, adam);
    network.initialize(INIT, &mut Stream::new(seed, "weights"));
    network
}

/// A classifier of zeros, for parameters that are loaded.
pub(crate) fn untrained() -> Sequential<Sgd> {
    Sequential::new::<Mlp>(Loss::SoftmaxCrossEntropy, Sgd { learning_rate: 0.0 })
}
