//! 4.3 · The same network through the tape
//!
//! The two-layer network of section 4.2 as a tuple of predefined layers; dfdx's tape computes the gradients. Seeds and streams are those of
//! `manual-mlp`, and so are all results, to the last bit: backpropagation by hand and by tape is the same arithmetic.
//!
//! The loop with dfdx's own tape and optimiser is written out at the end. The run that is shown drives the same layers without a tape, which is
//! faster; with `--taped` it takes the tape as well.
//!
//! Seen: the tape and dfdx's own optimiser end with the bits that the book's hand-written backward pass gives. Automatic
//! differentiation spares the derivation; it does not change the result.
//!
//! `--replay` trains on the source's own random numbers, in the arithmetic of its GPU, and compares the log digit by digit.
//!
//! Departs from the book: nothing. Its runs of sections 4.2 and 4.3 differ in their random weights, not in how the gradients come about.

use super::manual_mlp::Training;
use crate::replays;
use anyhow::{Result, anyhow};
use common::{
    cli,
    data::{Samples, moons},
    kernels::Loss,
    lab::Lab,
    parameters::{Initialization, Parameters},
    registry::{Heading, Section},
    rng::Stream,
    tape::{self, Device, Logistic, builder::Linear},
    train::Network,
};
use dfdx::{
    nn::{DeviceBuildExt, ModuleMut, ZeroGrads},
    optim::{Optimizer as _, SgdConfig},
    shapes::Const,
    tensor::{TensorFromVec, Trace},
    tensor_ops::Backward,
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "autograd-mlp",
        book: "4.3",
        title: "The same network through the tape",
        summary: "The two-layer network of predefined layers, its gradients computed by dfdx's tape: the same bits as by hand.",
    };
    let help = "Train on the source's own data and weights, in its own arithmetic";
    Section::new(heading, [include_str!("autograd_mlp.rs"), include_str!("autograd_mlp.zh.md")], run)
        .replayed(help, &["noise", "seeds"], replays::autograd_mlp)
        .edition("seeds", &["--seeds", "40"])
        .taped(&["--epochs", "100", "--taped"])
}

/// Two inputs, five hidden units, one probability.
pub(crate) type Mlp = (Linear<2, 5>, Logistic, Linear<5, 1>, Logistic);

/// Trains and tests the network, with the hyper-parameters of section 4.2.
pub(crate) fn run(args: &Training, lab: &mut Lab) -> Result<()> {
    let seeds = cli::seeds(lab.seed(), args.seeds)?;
    let driver = lab.driver();
    let mlp = |seed| driver.network::<Mlp, 2, 1>(LOSS, Initialization::STANDARD_NORMAL, &mut Stream::new(seed, "weights"));
    let (_, end) = args.over_seeds(seeds, mlp, lab)?;
    let train = moons::moon1000(args.noise, lab.seed()).train;
    let same = with_dfdx(args, &train, &mut lab.stream("weights"))?.fingerprint() == end;
    lab.claim_of_the_tape("dfdx's own loop and optimiser end with the same bits in every parameter", same);
    Ok(())
}

/// The same steps as dfdx's own examples write them; gives the parameters after the last.
fn with_dfdx(args: &Training, train: &Samples, weights: &mut Stream) -> Result<Parameters> {
    let device = Device::default();
    let mut mlp = device.build_module::<Mlp, f32>();
    tape::initialize(&mut mlp, Initialization::STANDARD_NORMAL, weights)?;
    let mut sgd = dfdx::optim::Sgd::new(&mlp, SgdConfig { lr: f64::from(args.lr), momentum: None, weight_decay: None });
    let x = device.tensor_from_vec(train.x.values().to_vec(), (train.len(), Const::<2>));
    let mut gradients = mlp.alloc_grads();
    for _ in 0..args.epochs {
        let probabilities = mlp.forward_mut(x.trace(gradients));
        let loss = tape::loss(probabilities, &train.y, LOSS).map_err(failed)?;
        gradients = loss.backward();
        sgd.update(&mut mlp, &gradients).map_err(failed)?;
        mlp.zero_grads(&mut gradients);
    }
    Ok(tape::Model::<_, 2, 1>::new(mlp, LOSS).parameters())
}

/// An error of dfdx, which does not implement the standard trait.
fn failed(error: impl std::fmt::Debug) -> anyhow::Error {
    anyhow!("dfdx failed: {error:?}")
}

/// What is minimised.
pub(crate) const LOSS: Loss = Loss::BinaryCrossEntropy;
