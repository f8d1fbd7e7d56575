//! What is timed: the trainings of the chapters.

use anyhow::Result;
use common::{
    cli,
    data::{Batches, Samples, Split, mnist, moons},
    kernels::{Activation, Loss},
    nn::{
        self, LeakyRelu, Logistic, Sequential, Tanh,
        builder::Linear,
        models::{ConvNetBatchNorm, LeNet},
        sequential::Unroll,
    },
    ops::Device,
    optim::{Adam, Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    rng::Stream,
    scratch::{Layer, Network},
    train::{Learner, Log, Metric, Silent, Ties, Training, train},
};
use dfdx::nn::DeviceBuildExt;
use std::{cell::OnceCell, time::Instant};

/// Images to train with, the first of MNIST.
const IMAGES: usize = 20_000;
/// Images of a LeNet training.
const LENET_IMAGES: usize = 12_800;

/// A training to be timed.
#[derive(Debug)]
pub(crate) struct Workload {
    /// What `--only` selects it by.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) what: &'static str,
    /// Its name in PyTorch's program.
    pub(crate) torch: &'static str,
    /// Samples that pass through the network.
    samples: usize,
    /// Multiply-adds of each layer for one sample.
    multiply_adds: &'static [usize],
    /// Seconds of one run; data and network are made before the clock starts.
    pub(crate) run: fn(&Data) -> Result<f64>,
}

impl Workload {
    /// Floating-point operations of the products: forward, for the gradient of the weights, and but for the first layer of the input.
    pub(crate) fn flops(&self) -> f64 {
        let all: usize = self.multiply_adds.iter().sum();
        2.0 * (3 * all - self.multiply_adds[0]) as f64 * self.samples as f64
    }
}

const LENET: &[usize] = &[6 * 9 * 784, 16 * 150 * 100, 400 * 120, 120 * 84, 84 * 10];

/// Everything that `bench` times.
pub(crate) const WORKLOADS: [Workload; 11] = [
    Workload {
        name: "moons-by-hand",
        what: "2-5-1, 1000 full batches, dev each, by hand",
        torch: "moons",
        samples: 640_000,
        multiply_adds: &[10, 5],
        run: moons_by_hand,
    },
    Workload {
        name: "moons-taped",
        what: "the same on the tape",
        torch: "moons",
        samples: 640_000,
        multiply_adds: &[10, 5],
        run: moons_taped,
    },
    Workload {
        name: "overfit",
        what: "2-20-3-1, 50,000 steps by hand, torch: tape",
        torch: "overfit",
        samples: 10_000_000,
        multiply_adds: &[40, 60, 3],
        run: overfit,
    },
    Workload {
        name: "overfit-by-hand",
        what: "the same, torch: by hand",
        torch: "overfit-by-hand",
        samples: 10_000_000,
        multiply_adds: &[40, 60, 3],
        run: overfit,
    },
    Workload {
        name: "mlp",
        what: "784-1500-500-10, Adam, batch 64, 100 steps",
        torch: "mlp",
        samples: 6400,
        multiply_adds: &[784 * 1500, 1500 * 500, 500 * 10],
        run: mlp,
    },
    Workload {
        name: "dfn",
        what: "784-200-10, SGD, batch 64, 20,000 images",
        torch: "dfn",
        samples: IMAGES,
        multiply_adds: &[784 * 200, 200 * 10],
        run: dfn,
    },
    Workload {
        name: "lenet-16",
        what: "LeNet, SGD, batch 16, 12,800 images",
        torch: "lenet-16",
        samples: LENET_IMAGES,
        multiply_adds: LENET,
        run: |data| lenet(data, 16),
    },
    Workload {
        name: "lenet-64",
        what: "LeNet, SGD, batch 64, 12,800 images",
        torch: "lenet-64",
        samples: LENET_IMAGES,
        multiply_adds: LENET,
        run: |data| lenet(data, 64),
    },
    Workload {
        name: "lenet-256",
        what: "LeNet, SGD, batch 256, 12,800 images",
        torch: "lenet-256",
        samples: LENET_IMAGES,
        multiply_adds: LENET,
        run: |data| lenet(data, 256),
    },
    Workload {
        name: "batch-norm",
        what: "conv net 20-20 + BN, Adam, batch 64, 100 steps",
        torch: "batch-norm",
        samples: 6400,
        multiply_adds: &[20 * 25 * 784, 20 * 500 * 196, 980 * 10],
        run: batch_norm,
    },
    Workload {
        name: "tanh",
        what: "2-300-500-700-400-1, SGD, batch 10, 20 steps",
        torch: "tanh",
        samples: 200,
        multiply_adds: &[2 * 300, 300 * 500, 500 * 700, 700 * 400, 400],
        run: tanh,
    },
];

/// Data sets, each read when it is first needed.
pub(crate) struct Data {
    moons: Split,
    digits: OnceCell<Samples>,
}

impl Data {
    pub(crate) fn new() -> Self {
        Self { moons: moons::moon1000(0.5, 0), digits: OnceCell::new() }
    }

    fn digits(&self) -> Result<&Samples> {
        if let Some(digits) = self.digits.get() {
            return Ok(digits);
        }
        let images = mnist::Images::train(&cli::data_folder())?;
        Ok(self.digits.get_or_init(|| images.samples(0..IMAGES, mnist::PixelScale::Unit)))
    }
}

const STANDARD_NORMAL: Initialization = Initialization { weight: Initializer::STANDARD_NORMAL, bias: Initializer::ZEROS };

fn weights() -> Stream {
    Stream::new(0, "weights")
}

/// A hand-derived network of the given sizes, one activation function for the hidden layers and one for the outputs.
fn network(sizes: &[usize], functions: (Activation, Activation), loss: Loss, learning_rate: f32) -> Network<Sgd> {
    let (mut stream, last) = (weights(), sizes.len() - 2);
    let layers = sizes.windows(2).enumerate().map(|(l, pair)| {
        let activation = if l == last { functions.1 } else { functions.0 };
        Layer::draw((pair[0], pair[1]), activation, STANDARD_NORMAL, &mut stream)
    });
    Network::new(layers.collect(), loss, Sgd { learning_rate })
}

/// An unrolled model with Xavier's weights.
fn unrolled<M: Unroll, O: Optimizer>(loss: Loss, optimizer: O) -> Sequential<O> {
    let mut model = Sequential::new::<M>(loss, optimizer);
    model.initialize(Initialization { weight: Initializer::XavierUniform, bias: Initializer::ZEROS }, &mut weights());
    model
}

/// Seconds of one step a batch, on a thread of the pool, where a course trains as well.
fn steps(learner: &mut (impl Learner + Send), samples: &Samples, batches: &[Vec<usize>]) -> Result<f64> {
    rayon::scope(|_| {
        let start = Instant::now();
        for rows in batches {
            let Samples { x, y } = samples.select(rows);
            learner.learn(&x, &y)?;
            learner.update()?;
        }
        Ok(start.elapsed().as_secs_f64())
    })
}

/// The first `n` rows in batches, in their order.
fn in_order(n: usize, size: usize) -> Vec<Vec<usize>> {
    (0..n / size).map(|batch| (batch * size..(batch + 1) * size).collect()).collect()
}

/// Seconds of the runner with 1000 full batches.
fn moons(data: &Data, mut learner: impl Learner) -> Result<f64> {
    let training = Training {
        n_epochs: 1000,
        batches: Batches::Full,
        evaluate_every: 1,
        log: Log::Epochs { every: 50 },
        metric: Metric::Probability,
        ties: Ties::First,
    };
    let start = Instant::now();
    train(&mut learner, &data.moons, training, &mut Silent)?;
    Ok(start.elapsed().as_secs_f64())
}

fn moons_by_hand(data: &Data) -> Result<f64> {
    moons(data, network(&[2, 5, 1], (Activation::Logistic, Activation::Logistic), Loss::BinaryCrossEntropy, 0.2))
}

fn moons_taped(data: &Data) -> Result<f64> {
    let mut mlp = Device::default().build_module::<(Linear<2, 5>, Logistic, Linear<5, 1>, Logistic), f32>();
    nn::initialize(&mut mlp, STANDARD_NORMAL, &mut weights())?;
    moons(data, nn::Network::<_, _, 2, 1>::new(mlp, Loss::BinaryCrossEntropy, Sgd { learning_rate: 0.2 }))
}

fn overfit(_: &Data) -> Result<f64> {
    let Samples { x, y } = moons::moons(300, 0.5, 0).select(&(0..200).collect::<Vec<_>>());
    let functions = (Activation::Relu, Activation::Identity);
    let mut network = network(&[2, 20, 3, 1], functions, Loss::BinaryCrossEntropyWithLogits, 0.2);
    let start = Instant::now();
    for _ in 0..50_000 {
        network.backpropagate(&x, &y);
        network.update()?;
    }
    Ok(start.elapsed().as_secs_f64())
}

fn mlp(data: &Data) -> Result<f64> {
    type Mlp = ((Linear<784, 1500>, LeakyRelu), (Linear<1500, 500>, LeakyRelu), Linear<500, 10>);
    let mut mlp = unrolled::<Mlp, _>(Loss::SoftmaxCrossEntropy, Adam::new(0.001, (0.9, 0.999), 1e-8));
    steps(&mut mlp, data.digits()?, &in_order(6400, 64))
}

fn dfn(data: &Data) -> Result<f64> {
    let functions = (Activation::Logistic, Activation::Identity);
    let mut network = network(&[784, 200, 10], functions, Loss::SoftmaxCrossEntropy, 0.01);
    let order = Stream::new(0, "shuffle").permutation(IMAGES);
    let batches: Vec<_> = order.chunks(64).map(<[usize]>::to_vec).collect();
    steps(&mut network, data.digits()?, &batches)
}

fn lenet(data: &Data, size: usize) -> Result<f64> {
    let sgd = Sgd { learning_rate: 0.01 * size as f32 / 16.0 };
    steps(&mut unrolled::<LeNet, _>(Loss::SoftmaxCrossEntropy, sgd), data.digits()?, &in_order(LENET_IMAGES, size))
}

fn batch_norm(data: &Data) -> Result<f64> {
    let adam = Adam::new(0.01, (0.9, 0.999), 1e-8);
    steps(&mut unrolled::<ConvNetBatchNorm, _>(Loss::SoftmaxCrossEntropy, adam), data.digits()?, &in_order(6400, 64))
}

fn tanh(_: &Data) -> Result<f64> {
    type First = ((Linear<2, 300>, Tanh), (Linear<300, 500>, Tanh), (Linear<500, 700>, Tanh));
    type Mlp = (First, (Linear<700, 400>, Tanh), Linear<400, 1>);
    let mut mlp = unrolled::<Mlp, _>(Loss::BinaryCrossEntropyWithLogits, Sgd { learning_rate: 0.005 });
    steps(&mut mlp, &moons::moons(200, 0.5, 0), &in_order(200, 10))
}
