//! A chain and the same model on the tape are one network: from equal weights and data every loss, output, gradient and parameter agrees
//! to the bit at every step, whatever the number of threads.

#[path = "support/stepping.rs"]
mod stepping;

use common::{
    chain::{Chain, InChain},
    data::{Labels, Samples},
    kernels::Loss,
    machine::with_threads,
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer, Parameters},
    rng::Stream,
    tape::{
        self, Device, Flatten, Image, LeakyRelu, Logistic, MaxPool2d, Relu, Tanh,
        builder::{BatchNorm, Conv2d, LayerNorm, LayerNorm2d, Linear},
    },
    train::Network,
};
use dfdx::{
    nn::{BuildOnDevice, DeviceBuildExt, tensor_collection::TensorCollection},
    prelude::BuildModule,
};
use stepping::Stepping;

/// Steps of each run.
const STEPS: usize = 4;

/// Samples with `features` and one of `classes`.
fn samples(n: usize, features: usize, classes: usize) -> Samples {
    let mut stream = Stream::new(3, "samples");
    let x = Matrix::new(n, features, stream.normals(n * features, 0.0, 1.0));
    Samples { x, y: Labels::Classes((0..n).map(|_| stream.below(classes as u32) as usize).collect()) }
}

/// Trains both models side by side on `batches` of samples.
#[track_caller]
fn check<B: BuildOnDevice<Device, f32> + InChain, const I: usize, const C: usize>(batches: &[usize])
where
    B::Built: TensorCollection<f32, Device> + BuildModule<Device, f32>,
    tape::Model<B::Built, I, C>: Network,
{
    let init = Initializer::Normal { mean: 0.0, deviation: 0.3 };
    let init = Initialization { weight: init, bias: init };
    let loss = Loss::SoftmaxCrossEntropy;
    let mut model = Device::default().build_module::<B, f32>();
    tape::initialize(&mut model, init, &mut Stream::new(2, "weights")).expect("weights");
    let taped = tape::Model::<_, I, C>::new(model, loss);
    let chain = Chain::of::<B>(loss).initialized(init, &mut Stream::new(2, "weights"));
    same(&chain.parameters(), &taped.parameters(), "first parameters");
    let mut taped = Stepping { network: taped, optimizer: Optimizer::new(Sgd), learning_rate: 0.05 };
    let mut chain = Stepping { network: chain, optimizer: Optimizer::new(Sgd), learning_rate: 0.05 };
    for step in 0..STEPS {
        let Samples { x, y } = samples(batches[step % batches.len()], I, C);
        let (a, b) = (chain.learn(&x, &y), taped.learn(&x, &y));
        assert_eq!(a.loss.to_bits(), b.loss.to_bits(), "loss of step {step}");
        assert_eq!(bits(a.outputs.values()), bits(b.outputs.values()), "outputs of step {step}");
        same(&chain.network.gradients(), &taped.network.gradients(), &format!("gradients of step {step}"));
        chain.update();
        taped.update();
        same(&chain.network.parameters(), &taped.network.parameters(), &format!("parameters after step {step}"));
    }
    let Samples { x, .. } = samples(300, I, C);
    let (a, b) = (chain.network.outputs(&x).expect("outputs"), taped.network.outputs(&x).expect("outputs"));
    assert_eq!(bits(a.values()), bits(b.values()), "outputs in use");
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[track_caller]
fn same(a: &Parameters, b: &Parameters, what: &str) {
    let names = |p: &Parameters| p.0.iter().map(|t| (t.name.clone(), t.shape.clone())).collect::<Vec<_>>();
    assert_eq!(names(a), names(b), "{what}");
    for (a, b) in a.0.iter().zip(&b.0) {
        assert_eq!(bits(&a.values), bits(&b.values), "{what}: {}", a.name);
    }
}

/// Runs `check` in pools of several threads.
fn in_pools(check: impl Fn() + Sync + Send) {
    for threads in [1, 2, 5] {
        with_threads(threads, &check).expect("a thread pool");
    }
}

#[test]
fn a_convolutional_network() {
    type Net =
        (Image<2, 9, 8>, (Conv2d<2, 5, 3, 1, 1>, Relu, MaxPool2d<2, 2>), (Conv2d<5, 6, 3, 2>, Tanh), Flatten<6>, Linear<6, 4>);
    in_pools(|| check::<Net, 144, 4>(&[5, 16, 37, 1]));
}

#[test]
fn a_network_of_rows() {
    type Net = ((Linear<20, 33>, LeakyRelu), (Linear<33, 17>, Logistic), Linear<17, 10>);
    in_pools(|| check::<Net, 20, 10>(&[64, 7]));
}

#[test]
fn a_network_with_batch_normalisation() {
    type Block = (Conv2d<1, 5, 3, 1, 1>, BatchNorm<5>, Relu, MaxPool2d<2, 2>);
    type Net = (Image<1, 6, 6>, Block, Flatten<45>, (Linear<45, 12>, BatchNorm<12>, Tanh), Linear<12, 4>);
    in_pools(|| check::<Net, 36, 4>(&[5, 16, 37, 3]));
}

#[test]
fn a_network_with_layer_normalisation() {
    type Block = (Conv2d<1, 5, 3, 1, 1>, LayerNorm2d, Relu, MaxPool2d<2, 2>);
    type Net = (Image<1, 6, 6>, Block, Flatten<45>, (Linear<45, 12>, LayerNorm<12>, Tanh), Linear<12, 4>);
    in_pools(|| check::<Net, 36, 4>(&[5, 16, 37, 3]));
}
