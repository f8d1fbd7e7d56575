//! What is timed: the trainings of the chapters.

use anyhow::Result;
use common::{
    chain::{Chain, InChain, linear, logistic, relu},
    cli,
    data::{Batches, Samples, Split, mnist, moons},
    kernels::Loss,
    models::{ConvNetBatchNorm, LeNet},
    optim::{Adam, Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    rng::Stream,
    tape::{self, Device, LeakyRelu, Logistic, Tanh, builder::Linear},
    train::{Decision, Network, Record, Trainer, TrainingConfig},
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
pub(crate) const WORKLOADS: [Workload; 12] = [
    Workload {
        name: "moons",
        what: "2-5-1, 1000 full batches, dev each",
        torch: "moons",
        samples: 640_000,
        multiply_adds: &[10, 5],
        run: moons_chain,
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
        what: "2-20-3-1, 50,000 steps, torch: tape",
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
        name: "lenet-64-taped",
        what: "the same on the tape",
        torch: "lenet-64",
        samples: LENET_IMAGES,
        multiply_adds: LENET,
        run: lenet_taped,
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

/// As PyTorch's layers start, but for the biases.
const XAVIER: Initialization = Initialization { weight: Initializer::XavierUniform, bias: Initializer::ZEROS };

fn weights() -> Stream {
    Stream::new(0, "weights")
}

/// A model as a chain.
fn chain<M: InChain>(loss: Loss) -> Chain {
    Chain::of::<M>(loss).initialized(XAVIER, &mut weights())
}

/// How a network is trained.
struct Plan<'a> {
    optimizer: Optimizer,
    learning_rate: f32,
    samples: &'a Samples,
    batches: Batches,
}

/// Seconds of a training that keeps no trace.
fn seconds<N: Network>(make: impl FnOnce() -> Result<N> + Send, plan: Plan) -> Result<f64> {
    // On a thread of the pool, where sections train as well.
    rayon::scope(|_| {
        let Plan { optimizer, learning_rate, samples, batches } = plan;
        let record = Record::Losses { every: 100 };
        let config = TrainingConfig { record, ..TrainingConfig::new(1, batches, Decision::Argmax) };
        let mut network = make()?;
        let mut run = Trainer::new(&mut network, optimizer, samples, config)?;
        let start = Instant::now();
        while run.forward_backward()?.is_some() {
            run.update(learning_rate)?;
        }
        Ok(start.elapsed().as_secs_f64())
    })
}

/// The first `n` rows in batches, in their order.
fn in_order(n: usize, size: usize) -> Batches {
    let rows = (0..n / size).map(|batch| (batch * size..(batch + 1) * size).collect());
    Batches::Given { rows: rows.collect(), per_epoch: n / size }
}

/// Seconds of 1000 full batches with all that is kept of them.
fn moons(data: &Data, mut network: impl Network) -> Result<f64> {
    let config = TrainingConfig::new(1000, Batches::Full, Decision::Probability);
    let start = Instant::now();
    let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), &data.moons.train, config)?;
    while run.forward_backward()?.is_some() {
        run.update(0.2)?;
        run.evaluate(&data.moons.dev)?;
    }
    Ok(start.elapsed().as_secs_f64())
}

/// The network of the moons.
type MoonsMlp = (Linear<2, 5>, Logistic, Linear<5, 1>, Logistic);

fn moons_chain(data: &Data) -> Result<f64> {
    let layers = [linear(2, 5), logistic(), linear(5, 1), logistic()];
    moons(data, Chain::new(layers, Loss::BinaryCrossEntropy).initialized(Initialization::STANDARD_NORMAL, &mut weights()))
}

fn moons_taped(data: &Data) -> Result<f64> {
    let mut mlp = Device::default().build_module::<MoonsMlp, f32>();
    tape::initialize(&mut mlp, Initialization::STANDARD_NORMAL, &mut weights())?;
    moons(data, tape::Model::<_, 2, 1>::new(mlp, Loss::BinaryCrossEntropy))
}

fn overfit(_: &Data) -> Result<f64> {
    let samples = moons::moons(300, 0.5, 0).select(&(0..200).collect::<Vec<_>>());
    let layers = [linear(2, 20), relu(), linear(20, 3), relu(), linear(3, 1)];
    let mut network =
        Chain::new(layers, Loss::BinaryCrossEntropyWithLogits).initialized(Initialization::STANDARD_NORMAL, &mut weights());
    let record = Record::Losses { every: 100 };
    let config = TrainingConfig { record, ..TrainingConfig::new(50_000, Batches::Full, Decision::Logit) };
    let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), &samples, config)?;
    let start = Instant::now();
    while run.forward_backward()?.is_some() {
        run.update(0.2)?;
    }
    Ok(start.elapsed().as_secs_f64())
}

fn mlp(data: &Data) -> Result<f64> {
    type Mlp = ((Linear<784, 1500>, LeakyRelu), (Linear<1500, 500>, LeakyRelu), Linear<500, 10>);
    let optimizer = Optimizer::new(Adam::new(0.9, 0.999, 1e-8));
    let plan = Plan { optimizer, learning_rate: 0.001, samples: data.digits()?, batches: in_order(6400, 64) };
    seconds(|| Ok(chain::<Mlp>(Loss::SoftmaxCrossEntropy)), plan)
}

fn dfn(data: &Data) -> Result<f64> {
    let layers = || [linear(784, 200), logistic(), linear(200, 10)];
    let network = || Chain::new(layers(), Loss::SoftmaxCrossEntropy);
    let batches = Batches::Shuffled { size: 64, stream: Box::new(Stream::new(0, "shuffle")) };
    let plan = Plan { optimizer: Optimizer::new(Sgd), learning_rate: 0.01, samples: data.digits()?, batches };
    seconds(|| Ok(network().initialized(Initialization::STANDARD_NORMAL, &mut weights())), plan)
}

/// LeNet learns at a rate in proportion to the batch.
fn lenet_plan(data: &Data, size: usize) -> Result<Plan<'_>> {
    let learning_rate = 0.01 * size as f32 / 16.0;
    Ok(Plan { optimizer: Optimizer::new(Sgd), learning_rate, samples: data.digits()?, batches: in_order(LENET_IMAGES, size) })
}

fn lenet(data: &Data, size: usize) -> Result<f64> {
    seconds(|| Ok(chain::<LeNet>(Loss::SoftmaxCrossEntropy)), lenet_plan(data, size)?)
}

fn lenet_taped(data: &Data) -> Result<f64> {
    let network = || {
        let mut model = Device::default().build_module::<LeNet, f32>();
        tape::initialize(&mut model, XAVIER, &mut weights())?;
        Ok(tape::Model::<_, 784, 10>::new(model, Loss::SoftmaxCrossEntropy))
    };
    seconds(network, lenet_plan(data, 64)?)
}

fn batch_norm(data: &Data) -> Result<f64> {
    let optimizer = Optimizer::new(Adam::new(0.9, 0.999, 1e-8));
    let plan = Plan { optimizer, learning_rate: 0.01, samples: data.digits()?, batches: in_order(6400, 64) };
    seconds(|| Ok(chain::<ConvNetBatchNorm>(Loss::SoftmaxCrossEntropy)), plan)
}

fn tanh(_: &Data) -> Result<f64> {
    type First = ((Linear<2, 300>, Tanh), (Linear<300, 500>, Tanh), (Linear<500, 700>, Tanh));
    type Mlp = (First, (Linear<700, 400>, Tanh), Linear<400, 1>);
    let samples = moons::moons(200, 0.5, 0);
    let plan = Plan { optimizer: Optimizer::new(Sgd), learning_rate: 0.005, samples: &samples, batches: in_order(200, 10) };
    seconds(|| Ok(chain::<Mlp>(Loss::BinaryCrossEntropyWithLogits)), plan)
}
