//! What is timed: the trainings of the chapters.

use anyhow::Result;
use common::{
    chain::{Chain, InChain, linear, logistic, relu},
    cli,
    data::{Batches, Labels, Samples, Split, mnist, moons},
    kernels::Loss,
    lab::Driver,
    machine::awake,
    matrix::Matrix,
    models::{ConvNetBatchNorm, LeNet, SmallConvNet},
    optim::{Adam, Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    rng::Stream,
    tape::{LeakyRelu, Logistic, Tanh, builder::Linear},
    train::{Decision, Journal, Network, Record, Trainer, TrainingConfig},
};
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
    /// Its name in the other libraries' programs.
    pub(crate) elsewhere: &'static str,
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

/// A workload: its name, what it is, its name in the other libraries' programs, its size, one run.
const fn workload(
    name: &'static str,
    what: &'static str,
    elsewhere: &'static str,
    (samples, multiply_adds): Size,
    run: fn(&Data) -> Result<f64>,
) -> Workload {
    Workload { name, what, elsewhere, samples, multiply_adds, run }
}

/// Samples that pass through a network, and the multiply-adds of each of its layers for one of them.
type Size = (usize, &'static [usize]);

const MOONS: Size = (640_000, &[10, 5]);
const OVERFIT: Size = (10_000_000, &[40, 60, 3]);
const MLP: Size = (6400, &[784 * 1500, 1500 * 500, 500 * 10]);
const DFN: Size = (IMAGES, &[784 * 200, 200 * 10]);
const LENET: Size = (LENET_IMAGES, &[6 * 9 * 784, 16 * 150 * 100, 400 * 120, 120 * 84, 84 * 10]);
const BATCH_NORM: Size = (6400, &[20 * 25 * 784, 20 * 500 * 196, 980 * 10]);
const FAST: Size = (LENET_IMAGES, &[8 * 25 * 576, 24 * 200 * 64, 384 * 10]);
const TANH: Size = (200, &[2 * 300, 300 * 500, 500 * 700, 700 * 400, 400]);

/// Everything that `bench` times.
pub(crate) const WORKLOADS: [Workload; 13] = [
    workload("moons", "2-5-1, 1000 full batches, dev each", "moons", MOONS, |data| moons(data, Driver::Chain)),
    workload("moons-taped", "the same on the tape", "moons", MOONS, |data| moons(data, Driver::Tape)),
    workload("overfit", "2-20-3-1, 50,000 steps, torch: tape", "overfit", OVERFIT, overfit),
    workload("overfit-by-hand", "the same, torch: by hand", "overfit-by-hand", OVERFIT, overfit),
    workload("mlp", "784-1500-500-10, Adam, batch 64, 100 steps", "mlp", MLP, mlp),
    workload("dfn", "784-200-10, SGD, batch 64, 20,000 images", "dfn", DFN, dfn),
    workload("lenet-16", "LeNet, SGD, batch 16, 12,800 images", "lenet-16", LENET, |data| lenet(data, Driver::Chain, 16)),
    workload("lenet-64", "LeNet, SGD, batch 64, 12,800 images", "lenet-64", LENET, |data| lenet(data, Driver::Chain, 64)),
    workload("lenet-64-taped", "the same on the tape", "lenet-64", LENET, |data| lenet(data, Driver::Tape, 64)),
    workload("lenet-256", "LeNet, SGD, batch 256, 12,800 images", "lenet-256", LENET, |data| lenet(data, Driver::Chain, 256)),
    workload("batch-norm", "conv net 20-20 + BN, Adam, batch 64, 100 steps", "batch-norm", BATCH_NORM, batch_norm),
    workload("fast", "small conv net + BN, Adam, batch 64, 12,800 images", "fast", FAST, fast),
    workload("tanh", "2-300-500-700-400-1, SGD, batch 10, 20 steps", "tanh", TANH, tanh),
];

/// Data sets, each read when it is first needed.
pub(crate) struct Data {
    moons: Split,
    digits: OnceCell<Samples>,
    /// Where a training is broken off.
    most_steps: Option<usize>,
}

impl Data {
    pub(crate) fn new() -> Self {
        Self { moons: moons::moon1000(0.5, 0), digits: OnceCell::new(), most_steps: None }
    }

    /// Data for trainings of so many steps whose results do not matter: in place of digits, images that need not be read.
    pub(crate) fn for_steps(steps: usize) -> Self {
        let pixels = (0..IMAGES * 784).map(|pixel| (pixel % 251) as f32 / 250.0).collect();
        let images =
            Samples { x: Matrix::new(IMAGES, 784, pixels), y: Labels::Classes((0..IMAGES).map(|image| image % 10).collect()) };
        Self { digits: OnceCell::from(images), most_steps: Some(steps), ..Self::new() }
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
fn chain<M: InChain>(loss: Loss) -> impl FnOnce() -> Result<Chain> + Send {
    move || Ok(Chain::of::<M>(loss).initialized(XAVIER, &mut weights()))
}

/// How a network is trained.
struct Plan<'a> {
    optimizer: Optimizer,
    learning_rate: f32,
    samples: &'a Samples,
    /// What is evaluated after each step.
    dev: Option<&'a Samples>,
    config: TrainingConfig,
}

impl<'a> Plan<'a> {
    /// One epoch that keeps no trace.
    fn new(optimizer: Optimizer, learning_rate: f32, samples: &'a Samples, batches: Batches) -> Self {
        let config = TrainingConfig { record: SPARSE, ..TrainingConfig::new(1, batches, Decision::Argmax) };
        Self { optimizer, learning_rate, samples, dev: None, config }
    }

    /// Seconds of the training.
    fn seconds<N: Network>(self, data: &Data, make: impl FnOnce() -> Result<N> + Send) -> Result<f64> {
        let Self { learning_rate, dev, .. } = self;
        let steps = Steps { learning_rate, dev, most: data.most_steps };
        // On a thread of the pool, where sections train as well.
        awake(|| {
            let mut network = make()?;
            let run = Trainer::new(&mut network, self.optimizer, self.samples, self.config)?;
            train(run, &steps)
        })
    }
}

/// Seconds of a training that is set up. Instructions are counted in here, and it must be found by its name.
#[inline(never)]
fn train<N: Network, J: Journal>(mut run: Trainer<N, J>, steps: &Steps) -> Result<f64> {
    let start = Instant::now();
    let mut done = 0;
    while steps.most.is_none_or(|most| done < most) && run.forward_backward()?.is_some() {
        run.update(steps.learning_rate)?;
        if let Some(dev) = steps.dev {
            run.evaluate(dev)?;
        }
        done += 1;
    }
    Ok(start.elapsed().as_secs_f64())
}

/// What is done in each step, and how often at most.
struct Steps<'a> {
    learning_rate: f32,
    dev: Option<&'a Samples>,
    most: Option<usize>,
}

/// No trace, and few losses.
const SPARSE: Record = Record::Losses { every: 100 };

/// The first `n` rows in batches, in their order.
fn in_order(n: usize, size: usize) -> Batches {
    let rows = (0..n / size).map(|batch| (batch * size..(batch + 1) * size).collect());
    Batches::Given { rows: rows.collect(), per_epoch: n / size }
}

/// 1000 full batches with all that is kept of them.
fn moons(data: &Data, driver: Driver) -> Result<f64> {
    type Mlp = (Linear<2, 5>, Logistic, Linear<5, 1>, Logistic);
    let Split { train, dev, .. } = &data.moons;
    let config = TrainingConfig::new(1000, Batches::Full, Decision::Probability);
    let plan = Plan { optimizer: Optimizer::new(Sgd), learning_rate: 0.2, samples: train, dev: Some(dev), config };
    plan.seconds(data, || driver.network::<Mlp, 2, 1>(Loss::BinaryCrossEntropy, Initialization::STANDARD_NORMAL, &mut weights()))
}

fn overfit(data: &Data) -> Result<f64> {
    let samples = moons::moons(300, 0.5, 0).select(&(0..200).collect::<Vec<_>>());
    let layers = || [linear(2, 20), relu(), linear(20, 3), relu(), linear(3, 1)];
    let network = || Chain::new(layers(), Loss::BinaryCrossEntropyWithLogits);
    let config = TrainingConfig { record: SPARSE, ..TrainingConfig::new(50_000, Batches::Full, Decision::Logit) };
    let plan = Plan { optimizer: Optimizer::new(Sgd), learning_rate: 0.2, samples: &samples, dev: None, config };
    plan.seconds(data, || Ok(network().initialized(Initialization::STANDARD_NORMAL, &mut weights())))
}

fn mlp(data: &Data) -> Result<f64> {
    type Mlp = ((Linear<784, 1500>, LeakyRelu), (Linear<1500, 500>, LeakyRelu), Linear<500, 10>);
    let plan = Plan::new(Optimizer::new(Adam::new(0.9, 0.999, 1e-8)), 0.001, data.digits()?, in_order(6400, 64));
    plan.seconds(data, chain::<Mlp>(Loss::SoftmaxCrossEntropy))
}

fn dfn(data: &Data) -> Result<f64> {
    let network = || Chain::new([linear(784, 200), logistic(), linear(200, 10)], Loss::SoftmaxCrossEntropy);
    let batches = Batches::Shuffled { size: 64, stream: Box::new(Stream::new(0, "shuffle")) };
    let plan = Plan::new(Optimizer::new(Sgd), 0.01, data.digits()?, batches);
    plan.seconds(data, || Ok(network().initialized(Initialization::STANDARD_NORMAL, &mut weights())))
}

/// LeNet learns at a rate in proportion to the batch.
fn lenet(data: &Data, driver: Driver, size: usize) -> Result<f64> {
    let learning_rate = 0.01 * size as f32 / 16.0;
    let plan = Plan::new(Optimizer::new(Sgd), learning_rate, data.digits()?, in_order(LENET_IMAGES, size));
    plan.seconds(data, || driver.network::<LeNet, 784, 10>(Loss::SoftmaxCrossEntropy, XAVIER, &mut weights()))
}

fn batch_norm(data: &Data) -> Result<f64> {
    let plan = Plan::new(Optimizer::new(Adam::new(0.9, 0.999, 1e-8)), 0.01, data.digits()?, in_order(6400, 64));
    plan.seconds(data, chain::<ConvNetBatchNorm>(Loss::SoftmaxCrossEntropy))
}

fn fast(data: &Data) -> Result<f64> {
    let plan = Plan::new(Optimizer::new(Adam::new(0.9, 0.999, 1e-8)), 0.01, data.digits()?, in_order(LENET_IMAGES, 64));
    plan.seconds(data, chain::<SmallConvNet>(Loss::SoftmaxCrossEntropy))
}

fn tanh(data: &Data) -> Result<f64> {
    type First = ((Linear<2, 300>, Tanh), (Linear<300, 500>, Tanh), (Linear<500, 700>, Tanh));
    type Mlp = (First, (Linear<700, 400>, Tanh), Linear<400, 1>);
    let samples = moons::moons(200, 0.5, 0);
    let plan = Plan::new(Optimizer::new(Sgd), 0.005, &samples, in_order(200, 10));
    plan.seconds(data, chain::<Mlp>(Loss::BinaryCrossEntropyWithLogits))
}
