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
    best_model,
    gradient_norms::{Column, Hidden},
    sections::{autograd_mlp, dying_relu, leaky_relu, manual_mlp, neuron, vanishing_gradient, zero_init},
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
        for (place, y) in y.values().iter().enumerate() {
            lab.metric(format!("y, row {}, column {}", place / COLUMNS + 1, place % COLUMNS + 1), *y);
        }
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
    let mut network = replay::network(&layers, OPERATORS, draws)?;
    let run = Trainer::new(&mut network, sgd(OPERATORS), &split.train, args.config())?;
    let outcome = manual_mlp::train(run.journal(lab), args.lr, &split.dev)?;
    let test = best_model::show(&mut network, &outcome, &split, lab)?;
    for (name, value) in best_model::numbers(&outcome, args.log_every, test) {
        lab.metric(name, value);
    }
    manual_mlp::claim(&outcome, lab);
    Ok(())
}

/// The whole training of section 4.3, with the library's operators, from the two draws that follow those of section 4.2.
pub(crate) fn autograd_mlp(args: &autograd_mlp::Args, lab: &mut Lab) -> Result<()> {
    let (split, draws) = (replay::moon1000(), Draws::new(replay::SEED_OF_TRAINING));
    let layers = [SourceLayer::logistic(2, 2, 5), SourceLayer::logistic(3, 5, 1)];
    let mut network = replay::network(&layers, Operators::Library, draws)?;
    let run = Trainer::new(&mut network, sgd(Operators::Library), &split.train, args.config())?;
    let outcome = manual_mlp::train(run.journal(lab), args.lr, &split.dev)?;
    let test = best_model::show(&mut network, &outcome, &split, lab)?;
    for (name, value) in best_model::numbers(&outcome, args.log_every, test) {
        lab.metric(name, value);
    }
    manual_mlp::claim(&outcome, lab);
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

/// A step of the network 2-3-3-3-3-1 on the source's data.
struct FiveLayers<'a> {
    split: &'a Split,
    weight_sd: f32,
    bias: f32,
    lr: f32,
}

impl FiveLayers<'_> {
    /// The step with the named hidden activation and the weights of five calls from `first_call` on.
    fn column(&self, Hidden { name, f }: Hidden, first_call: usize) -> Result<Column> {
        let layer = |l: usize, fan_in, fan_out, activation| SourceLayer {
            call: first_call + l,
            fan_in,
            fan_out,
            deviation: self.weight_sd,
            bias: self.bias,
            activation,
        };
        let layers =
            [layer(0, 2, 3, f), layer(1, 3, 3, f), layer(2, 3, 3, f), layer(3, 3, 3, f), layer(4, 3, 1, Activation::Logistic)];
        let mut network = replay::network(&layers, Operators::Library, Draws::new(replay::SEED_OF_DATA))?;
        let step = vanishing_gradient::first_step(&mut network, sgd(Operators::Library), self.lr, self.split)?;
        Ok(Column { name, step })
    }
}

/// The step with the book's two activation functions, from the same weights.
pub(crate) fn vanishing_gradient(args: &vanishing_gradient::Args, lab: &mut Lab) -> Result<()> {
    let split = replay::moon1000();
    let network = FiveLayers { split: &split, weight_sd: args.weight_sd, bias: args.bias, lr: args.lr };
    let [logistic, relu, ..] = args.activations();
    vanishing_gradient::show(&[network.column(logistic, 5)?, network.column(relu, 5)?], lab)
}

/// The step with ReLU and with leaky ReLU, each from weights of its own; the source does not run ELU.
pub(crate) fn dying_relu(args: &dying_relu::Args, lab: &mut Lab) -> Result<()> {
    let split = replay::moon1000();
    let network = FiveLayers { split: &split, weight_sd: args.weight_sd, bias: args.bias, lr: args.lr };
    let [relu, leaky, _] = args.activations();
    dying_relu::show(&[network.column(relu, 15)?, network.column(leaky, 25)?], &split, lab)
}
