//! Appendix of 7.6 · Weight decay from the library
//!
//! The network of section 7.6 as a tuple of layers, its gradients from dfdx's tape, its update by dfdx's own gradient descent, whose L2 decay adds
//! λ θ to every gradient, biases included: θ ← θ − α (g + λ θ). λ = 0.01 at α = 0.2 costs each parameter 0.01, where the L2 term of section
//! 7.6.3 costs each weight 0.0035 and the decay of section 7.6.4 each parameter 0.005.
//!
//! dfdx's update is additions and multiplications in a fixed order, so the bits hold: without decay, the network ends with the very
//! parameters that ours ends with by hand.
//!
//! Departs from the book: nothing. Its appendix leaves the first weights to its library: Xavier's uniform distribution, biases zero.

use crate::moons300::Moons;
use anyhow::{Result, anyhow};
use clap::Args as ClapArgs;
use common::{
    cli::{self, at_least_one, non_negative, positive},
    kernels::{Activation, Loss, reduce},
    lab::{Column, Lab, Numbers},
    layers::{Activate, Linear, loss_backward},
    parameters::{Initialization, Initializer, Parameter, Parameters},
    plot::Regions,
    registry::{Heading, Section},
    rng::Stream,
    tape::{self, Device, Relu, builder},
    train::{Decision, Network, evaluate},
};
use dfdx::{
    nn::{BuildOnDevice, DeviceBuildExt, Module, ZeroGrads},
    optim::{Optimizer, SgdConfig, WeightDecay},
    shapes::Const,
    tensor::{TensorFromVec, Trace},
    tensor_ops::Backward,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "weight-decay-library",
        book: "7.6, appendix",
        title: "Weight decay from the library",
        summary: "The same network as a dfdx model with dfdx's own gradient descent, without and with its L2 decay; the bits are those by hand.",
    };
    Section::new(heading, run).edition("quick", &["--steps", "5000", "--seeds", "2"])
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    lr: f32,
    /// λ of the update θ ← θ − α (g + λ θ)
    #[arg(long, default_value_t = 0.01, value_parser = non_negative)]
    lambda: f32,
    /// Steps, each on all training samples
    #[arg(long, default_value_t = 50_000, value_parser = at_least_one)]
    steps: usize,
    /// Seeds to average over, one after the other from --seed on
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    seeds: usize,
}

/// Two `ReLU` layers and a logit.
type Mlp = (builder::Linear<2, 20>, Relu, builder::Linear<20, 3>, Relu, builder::Linear<3, 1>);
/// The model that dfdx makes of it, with its loss.
type Model = tape::Model<<Mlp as BuildOnDevice<Device, f32>>::Built, 2, 1>;

const INIT: Initialization = Initialization { weight: Initializer::XavierUniform, bias: Initializer::ZEROS };
const LOSS: Loss = Loss::BinaryCrossEntropyWithLogits;

/// Trains without and with decay.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let moons = Moons::new(lab.seed());
    let mut figure = Regions::new("Class boundaries and the probability of class 1", ("x₁", "x₂"), &["class 0", "class 1"]);
    for decay in [None, Some(args.lambda)] {
        let network = train(decay, args, &moons, lab.seed())?;
        let name = name(decay);
        let [train, test] = accuracies(&network, &moons)?;
        writeln!(lab, "{name}: [Train] accuracy: {train:.4}  [Test] accuracy: {test:.4}")?;
        lab.metric(format!("{name}, train accuracy"), train);
        lab.metric(format!("{name}, test accuracy"), test);
        figure = figure.panel(moons.panel(&name, &network)?);
        if decay.is_none() {
            let same = network.parameters().fingerprint() == by_hand(args, &moons, lab.seed()).fingerprint();
            lab.claim("without decay, dfdx's tape and update end with the bits of those written by hand", same);
        } else {
            lab.fingerprint(&network.parameters());
        }
    }
    lab.figure("boundary", &figure.render()?)?;
    span(args, lab)
}

fn name(decay: Option<f32>) -> String {
    decay.map_or_else(|| "without decay".to_owned(), |lambda| format!("decay, λ = {lambda}"))
}

/// Trains a model by dfdx's own gradient descent.
fn train(decay: Option<f32>, args: &Args, moons: &Moons, seed: u64) -> Result<Model> {
    let device = Device::default();
    let mut model = device.build_module::<Mlp, f32>();
    tape::initialize(&mut model, INIT, &mut Stream::new(seed, "weights"))?;
    let weight_decay = decay.map(|lambda| WeightDecay::L2(f64::from(lambda)));
    let mut sgd = dfdx::optim::Sgd::new(&model, SgdConfig { lr: f64::from(args.lr), momentum: None, weight_decay });
    let x = device.tensor_from_vec(moons.train.x.values().to_vec(), (moons.train.len(), Const::<2>));
    let mut gradients = model.alloc_grads();
    for _ in 0..args.steps {
        let logits = model.forward(x.clone().traced(gradients));
        let loss = tape::loss(logits, &moons.train.y, LOSS).map_err(|error| anyhow!("the loss cannot be computed: {error:?}"))?;
        gradients = loss.backward();
        sgd.update(&mut model, &gradients).map_err(|error| anyhow!("dfdx's update failed: {error:?}"))?;
        model.zero_grads(&mut gradients);
    }
    Ok(Model::new(model, LOSS))
}

/// The parameters that the network ends with where both passes are written by hand.
fn by_hand(args: &Args, moons: &Moons, seed: u64) -> Parameters {
    let (x, relu, mut weights) = (&moons.train.x, Activate(Activation::Relu), Stream::new(seed, "weights"));
    let [mut layer1, mut layer2, mut layer3] = [(2, 20), (20, 3), (3, 1)].map(|(i, o)| Linear::draw(i, o, INIT, &mut weights));
    for _ in 0..args.steps {
        let z1 = layer1.forward(x);
        let a1 = relu.forward(&z1);
        let z2 = layer2.forward(&a1);
        let a2 = relu.forward(&z2);
        let z3 = layer3.forward(&a2);
        let dz3 = loss_backward(LOSS, &z3, moons.train.y.targets());
        let dz2 = relu.backward(&z2, &a2, &layer3.backward_input(&dz3));
        let dz1 = relu.backward(&z1, &a1, &layer2.backward_input(&dz2));
        let gradients = [layer1.backward(x, &dz1), layer2.backward(&a1, &dz2), layer3.backward(&a2, &dz3)];
        for (layer, gradients) in [&mut layer1, &mut layer2, &mut layer3].into_iter().zip(&gradients) {
            layer.descend(args.lr, gradients);
        }
    }
    let tensors = [(0, layer1), (2, layer2), (4, layer3)].into_iter().flat_map(|(place, Linear { weight, bias })| {
        let shape = vec![weight.rows(), weight.columns()];
        let weight = Parameter { name: format!("{place}.weight"), shape, values: weight.values().to_vec() };
        [weight, Parameter { name: format!("{place}.bias"), shape: vec![bias.len()], values: bias }]
    });
    Parameters(tensors.collect())
}

/// Accuracy on the training and the test samples.
fn accuracies(network: &dyn Network, moons: &Moons) -> Result<[f32; 2]> {
    let accuracy = |samples| evaluate(network, samples, Decision::Logit).map(|evaluation| evaluation.accuracy);
    Ok([accuracy(&moons.train)?, accuracy(&moons.test)?])
}

/// The accuracies over seeds.
fn span(args: &Args, lab: &mut Lab) -> Result<()> {
    let run = |seed| {
        let moons = Moons::new(seed);
        let mut numbers = Numbers::new();
        for decay in [None, Some(args.lambda)] {
            let accuracies = accuracies(&train(decay, args, &moons, seed)?, &moons)?;
            numbers.extend(["train", "test"].iter().zip(accuracies).map(|(part, x)| (format!("{}, {part}", name(decay)), x)));
        }
        Ok(numbers)
    };
    let runs = lab.over_seeds(cli::seeds(lab.seed(), args.seeds)?, run)?;
    let title = format!("over {} seeds", args.seeds);
    let (mut gaps, mut rows) = (Vec::new(), Vec::new());
    for (i, decay) in [None, Some(args.lambda)].into_iter().enumerate() {
        let values = |part: usize| runs.iter().map(|numbers| f64::from(numbers[2 * i + part].1)).collect::<Vec<_>>();
        let [train, test] = [0, 1].map(|part| reduce::mean_and_deviation(&values(part)));
        let cell = |(mean, deviation): (f64, f64)| format!("{mean:.4} ± {deviation:.4}");
        gaps.push(train.0 - test.0);
        rows.push(vec![name(decay), cell(train), cell(test), format!("{:.4}", train.0 - test.0)]);
    }
    writeln!(lab)?;
    lab.table(&Column::labelled(title, ["train accuracy", "test accuracy", "gap"]), rows)?;
    lab.claim("over the seeds, the gap between training and test accuracy is smaller with decay", gaps[1] < gaps[0]);
    Ok(())
}
