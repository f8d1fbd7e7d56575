//! Chapter 7, appendix · Weight decay from the library
//!
//! The network of section 7.6 as a tuple of layers, its gradients from dfdx's tape, its update by dfdx's own gradient descent, whose L2 decay adds
//! λ θ to every gradient, biases included: θ ← θ − α (g + λ θ). With λ = 0.01 it adds 0.01 of each parameter to its gradient, where the L2
//! term of section 7.6.3 adds `λ / N = 0.0035` of each weight, and the decay of section 7.6.4 amounts to `β / α = 0.005` of each parameter.
//!
//! dfdx's update is additions and multiplications in a fixed order, so the bits hold: without decay, the network ends with the very
//! parameters that ours ends with by hand.
//!
//! Seen: the library's update and tape give the bits of those written by hand; with decay the gap between training and test
//! accuracy nearly closes.
//!
//! Departs from the book: nothing. Its appendix leaves the first weights to its library: Xavier's uniform distribution, biases zero.

use crate::{
    moons300::Moons,
    regularization_study::{Span, print_spans},
    regularizer::{LOSS, Settings},
    sections::overfit,
};
use anyhow::{Result, anyhow};
use clap::Args as ClapArgs;
use common::{
    cli::{self, non_negative},
    figures,
    lab::Lab,
    parameters::{Initialization, Initializer},
    plot::Regions,
    registry::{Heading, Section},
    rng::Stream,
    tape::{self, Device, Relu, builder},
    train::Network,
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
        book: "7, appendix",
        title: "Weight decay from the library",
        summary: "The same network as a dfdx model with dfdx's own gradient descent, without and with its L2 decay; without it the bits are those by hand.",
    };
    Section::new(heading, [include_str!("weight_decay_library.rs"), include_str!("weight_decay_library.zh.md")], run)
        .edition("quick", &["--steps", "5000", "--seeds", "2"])
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// λ of the update θ ← θ − α (g + λ θ)
    #[arg(long, default_value_t = 0.01, value_parser = non_negative)]
    lambda: f32,
    #[command(flatten)]
    settings: Settings,
}

/// Two `ReLU` layers and a logit.
type Mlp = (builder::Linear<2, 20>, Relu, builder::Linear<20, 3>, Relu, builder::Linear<3, 1>);
/// The model that dfdx makes of it, with its loss.
type Model = tape::Model<<Mlp as BuildOnDevice<Device, f32>>::Built, 2, 1>;

const INIT: Initialization = Initialization { weight: Initializer::XavierUniform, bias: Initializer::ZEROS };

/// Trains without and with decay.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let moons = Moons::new(lab.seed());
    let mut figure = figures::regions("Class boundaries");
    for decay in [None, Some(args.lambda)] {
        let network = train(decay, &args.settings, lab.seed())?;
        let name = name(decay);
        let [train, test] = moons.accuracies(&network)?;
        writeln!(lab, "{name}: [Train] accuracy: {train:.4}  [Test] accuracy: {test:.4}")?;
        lab.metric(format!("{name}, train accuracy"), train);
        lab.metric(format!("{name}, test accuracy"), test);
        figure = moons.panels(&name, &network)?.into_iter().fold(figure, Regions::panel);
        if decay.is_none() {
            let mut by_hand = overfit::Mlp::draw(INIT, lab.seed());
            for _ in 0..args.settings.steps {
                by_hand.step(&moons.train, args.settings.lr);
            }
            let same = by_hand.has_bits_of(&network.parameters());
            lab.claim_of_the_tape("without decay, dfdx's tape and update end with the bits of those written by hand", same);
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
fn train(decay: Option<f32>, settings: &Settings, seed: u64) -> Result<Model> {
    let (device, samples) = (Device::default(), Moons::new(seed).train);
    let mut model = device.build_module::<Mlp, f32>();
    tape::initialize(&mut model, INIT, &mut Stream::new(seed, "weights"))?;
    let weight_decay = decay.map(|lambda| WeightDecay::L2(f64::from(lambda)));
    let mut sgd = dfdx::optim::Sgd::new(&model, SgdConfig { lr: f64::from(settings.lr), momentum: None, weight_decay });
    let x = device.tensor_from_vec(samples.x.values().to_vec(), (samples.len(), Const::<2>));
    let mut gradients = model.alloc_grads();
    for _ in 0..settings.steps {
        let logits = model.forward(x.clone().traced(gradients));
        let loss = tape::loss(logits, &samples.y, LOSS).map_err(|error| anyhow!("the loss cannot be computed: {error:?}"))?;
        gradients = loss.backward();
        sgd.update(&mut model, &gradients).map_err(|error| anyhow!("dfdx's update failed: {error:?}"))?;
        model.zero_grads(&mut gradients);
    }
    Ok(Model::new(model, LOSS))
}

/// The accuracies over seeds.
fn span(args: &Args, lab: &mut Lab) -> Result<()> {
    let decays = [None, Some(args.lambda)];
    let run = |seed| {
        let accuracies = |decay| Moons::new(seed).accuracies(&train(decay, &args.settings, seed)?);
        Ok([accuracies(decays[0])?, accuracies(decays[1])?])
    };
    let runs = lab.each_seed(cli::seeds(lab.seed(), args.settings.seeds)?, run)?;
    let spans = [0, 1].map(|i| Span::new(name(decays[i]), runs.iter().map(|run| run[i])));
    print_spans(&spans, lab)?;
    let [without, with] = spans.map(|span| span.gap());
    lab.claim("over the seeds, the gap between training and test accuracy is smaller with decay", with < without);
    Ok(())
}
