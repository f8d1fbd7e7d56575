//! The sections on the source's own numbers: its data, its random weights, the arithmetic of its GPU.
//!
//! | section | what the source drew, and prints |
//! | --- | --- |
//! | `neuron` | calls 30 to 32 of seed 102; inputs, weights, bias, z |
//! | `leaky-relu` | call 0 of seed 10; the outputs |
//! | `manual-mlp` | calls 34 to 36 of seed 102 for one sample; calls 0 and 1 of seed 123; losses, accuracies, the test |
//! | `autograd-mlp` | calls 2 and 3 of seed 123; the same |
//! | `zero-init` | no weights; the parameters before each update |
//! | `vanishing-gradient` | calls 5 to 9 of seed 102 for each activation function; the norms of the gradients |
//! | `dying-relu` | calls 15 to 19 and 25 to 29 of seed 102; the same |

use crate::{
    gradient_norms::{Column, FiveLayers, Hidden},
    sections::{dying_relu, leaky_relu, manual_mlp, neuron, vanishing_gradient, zero_init},
};
use anyhow::Result;
use common::{
    data::Split,
    kernels::Activation,
    lab::Lab,
    layers::Linear,
    matrix::Matrix,
    optim::Optimizer,
    replay::{self, Draws, Operators, SourceLayer, SourceSgd},
    train::{Network, Trainer},
};

/// The source's gradient descent.
fn sgd(operators: Operators) -> Optimizer {
    Optimizer::new(SourceSgd { operators })
}

/// The net inputs in TF32, which keeps 10 bits after the leading one: z differs from the f32 result from the fourth digit on, and comes out as it was
/// printed. Of the inputs one weight, w₂, is printed one unit in the last place below ours: a division in f32 would give it, where
/// [`Draws::uniform`] divides in f64.
pub(crate) fn neuron(_: &neuron::Args, lab: &mut Lab) -> Result<()> {
    const FEATURES: usize = neuron::FEATURES;
    let draws = Draws::new(replay::SEED_OF_DATA);
    let x = Matrix::new(2, FEATURES, draws.uniform(30, 2 * FEATURES));
    let weight = Matrix::new(FEATURES, 1, draws.uniform(31, FEATURES));
    let neuron = Linear { weight, bias: draws.uniform(32, 1) };
    let z = replay::tf32_product(&x, &neuron.weight, &neuron.bias);
    neuron::compare(&x, &neuron, Some(("z in TF32", &z)), lab)
}

/// All inputs are positive, so that the outputs are the inputs.
pub(crate) fn leaky_relu(args: &leaky_relu::Args, lab: &mut Lab) -> Result<()> {
    const SEED: u64 = 10;
    const ROWS: usize = leaky_relu::ROWS;
    const COLUMNS: usize = leaky_relu::COLUMNS;
    let x = Matrix::new(ROWS, COLUMNS, Draws::new(SEED).uniform(0, ROWS * COLUMNS));
    leaky_relu::compare(args, &x, lab, |y, lab| {
        let name = |place| format!("y, row {}, column {}", place / COLUMNS + 1, place % COLUMNS + 1);
        lab.metrics(y.values().iter().enumerate().map(|(place, y)| (name(place), *y)));
    })
}

/// The output for one sample, then the whole training of section 4.2, with hand-written operators.
pub(crate) fn manual_mlp(args: &manual_mlp::Args, lab: &mut Lab) -> Result<()> {
    const OPERATORS: Operators = Operators::HandWritten;
    let draws = Draws::new(replay::SEED_OF_DATA);
    let demo = replay::network(&[SourceLayer::logistic(34, 5, 10), SourceLayer::logistic(35, 10, 1)], OPERATORS, draws)?;
    manual_mlp::show_one_sample(&demo.outputs(&Matrix::new(1, 5, draws.uniform(36, 5)))?, lab)?;

    let (split, draws) = (replay::moon1000(), Draws::new(replay::SEED_OF_TRAINING));
    let layers = [SourceLayer::logistic(0, 2, 5), SourceLayer::logistic(1, 5, 1)];
    args.training.show(replay::network(&layers, OPERATORS, draws)?, sgd(OPERATORS), &split, lab)?;
    Ok(())
}

/// The whole training of section 4.3, with the library's operators, from the two draws that follow those of section 4.2.
pub(crate) fn autograd_mlp(args: &manual_mlp::Training, lab: &mut Lab) -> Result<()> {
    let (split, draws) = (replay::moon1000(), Draws::new(replay::SEED_OF_TRAINING));
    let layers = [SourceLayer::logistic(2, 2, 5), SourceLayer::logistic(3, 5, 1)];
    args.show(replay::network(&layers, Operators::Library, draws)?, sgd(Operators::Library), &split, lab)?;
    Ok(())
}

/// Zeros instead of draws.
pub(crate) fn zero_init(args: &zero_init::Args, lab: &mut Lab) -> Result<()> {
    let split = replay::moon1000();
    let zeros = |fan_in, fan_out| SourceLayer { deviation: 0.0, ..SourceLayer::logistic(0, fan_in, fan_out) };
    let layers = [zeros(2, zero_init::HIDDEN), zeros(zero_init::HIDDEN, 1)];
    let mut network = replay::network(&layers, Operators::Library, Draws::new(replay::SEED_OF_TRAINING))?;
    let run = Trainer::new(&mut network, sgd(Operators::Library), &split.train, args.config())?;
    let training = zero_init::watch(run.journal(lab), args.lr, &split.dev)?;
    zero_init::show(&training, &split, lab)
}

/// A step of the network 2-3-3-3-3-1 on the source's data, with the weights of five calls from `first_call` on.
fn column(five_layers: FiveLayers, hidden: Hidden, first_call: usize, split: &Split) -> Result<Column> {
    let FiveLayers { weight_sd: deviation, bias, .. } = five_layers;
    let layer = |(l, activation)| SourceLayer {
        call: first_call + l,
        fan_in: if l == 0 { 2 } else { 3 },
        fan_out: if l == 4 { 1 } else { 3 },
        deviation,
        bias,
        activation,
    };
    let functions = [hidden.f, hidden.f, hidden.f, hidden.f, Activation::Logistic];
    let layers: Vec<SourceLayer> = functions.into_iter().enumerate().map(layer).collect();
    let mut network = replay::network(&layers, Operators::Library, Draws::new(replay::SEED_OF_DATA))?;
    five_layers.step(hidden, &mut network, sgd(Operators::Library), split)
}

/// The step with the book's two activation functions, from the same weights.
pub(crate) fn vanishing_gradient(args: &vanishing_gradient::Args, lab: &mut Lab) -> Result<()> {
    let (five_layers, split) = (args.five_layers(), replay::moon1000());
    let [logistic, relu, ..] = args.activations();
    vanishing_gradient::show(&[column(five_layers, logistic, 5, &split)?, column(five_layers, relu, 5, &split)?], lab)
}

/// The step with ReLU and with leaky ReLU, each from weights of its own; the source does not run ELU.
pub(crate) fn dying_relu(args: &dying_relu::Args, lab: &mut Lab) -> Result<()> {
    let (five_layers, split) = (args.five_layers(), replay::moon1000());
    let [relu, leaky, ..] = args.activations();
    dying_relu::show(&[column(five_layers, relu, 15, &split)?, column(five_layers, leaky, 25, &split)?], &split, lab)
}
