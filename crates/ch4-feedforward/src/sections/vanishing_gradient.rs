//! 4.4.2 · Vanishing gradients
//!
//! A network 2-3-3-3-3-1 with small weights takes one step on Moon1000. On the way back the error passes through each layer's weights and is
//! multiplied by f′(z) (eq. 4.16 and 4.19): with the logistic function f′ ≤ 1/4, so the gradient shrinks from layer to layer. With
//! ReLU f′ is 1 where a unit is active, and only the small weights shrink it: a layer of three weights of size 0.01 costs a factor of about
//! 1/(0.01 √3) = 58, and with f′ ≈ 0.2 one of about 300. Figure 4.4 shows the L2 norm of each layer's
//! weight gradient; leaky ReLU and tanh are shown beside the book's two. With biases of 1 every unit is active, so that leaky
//! ReLU gives the very numbers of ReLU.
//!
//! `--replay` takes the source's own data and weights, in the arithmetic of its GPU, and compares the norms digit by digit.

use crate::{
    gradient_norms::{self, Column, FiveLayers, Hidden, print_table},
    replays,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{Chain, activation, group, linear, logistic},
    cli::{self, at_least_one, finite, non_negative, positive},
    data::{Batches, Split, moons},
    kernels::{Activation, Loss},
    lab::{Driver, Lab},
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    plot::{Dash, Marker},
    registry::{Heading, Section},
    rng::Stream,
    tape::{self, Activate, Device, Logistic, builder::Linear},
    train::{Decision, Network, Trainer, TrainingConfig, evaluate},
};
use dfdx::nn::DeviceBuildExt;
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "vanishing-gradient",
        book: "4.4.2",
        title: "Vanishing gradients",
        summary: "One step of a five-layer network with small weights: the norm of each layer's weight gradient, with logistic and with \
                  other hidden activations.",
    };
    let help = "Take the source's own data and weights, in its own arithmetic";
    Section::new(heading, include_str!("vanishing_gradient.rs"), run)
        .replayed(help, &["weight_sd", "bias", "slope", "seeds"], replays::vanishing_gradient)
        .edition("seeds", &["--seeds", "40"])
        .taped(&["--taped"])
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Standard deviation of the initial weights
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    weight_sd: f32,
    /// Initial value of every bias
    #[arg(long, default_value_t = 1.0, value_parser = finite)]
    bias: f32,
    /// Learning rate of the one step
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    /// Slope of the leaky ReLU
    #[arg(long, default_value_t = 0.01, value_parser = non_negative)]
    slope: f32,
    /// Repeat with this many seeds, one after the other from --seed on, and show what the norms span
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    seeds: usize,
}

/// Leaky ReLU lies on ReLU: its dashes let it show through.
const LOOKS: [(Marker, Dash); 4] = [
    (Marker::Disc, Dash::Solid),
    (Marker::Square, Dash::Solid),
    (Marker::Triangle, Dash::Dashed),
    (Marker::Diamond, Dash::Dotted),
];

/// Prints and draws the norm of each layer's weight gradient.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let seeds = cli::seeds(lab.seed(), args.seeds)?;
    let (five_layers, driver) = (args.five_layers(), lab.driver());
    let columns = |seed, hidden: &[Hidden]| five_layers.columns(hidden, seed, driver);
    show(&columns(lab.seed(), &args.activations())?, lab)?;
    if args.seeds > 1 {
        // The ledger has bands for the book's two activation functions.
        let books = &args.activations()[..2];
        lab.over_seeds(seeds, |seed| Ok(columns(seed, books)?.iter().flat_map(Column::numbers).collect()))?;
    }
    Ok(())
}

impl Args {
    pub(crate) fn five_layers(&self) -> FiveLayers {
        FiveLayers { weight_sd: self.weight_sd, bias: self.bias, lr: self.lr }
    }

    pub(crate) fn activations(&self) -> [Hidden; 4] {
        [
            Hidden { name: "logistic", f: Activation::Logistic },
            Hidden { name: "ReLU", f: Activation::Relu },
            Hidden { name: "leaky ReLU", f: Activation::LeakyRelu { slope: self.slope } },
            Hidden { name: "tanh", f: Activation::Tanh },
        ]
    }
}

/// Four hidden layers of three units, one probability.
type Mlp = (
    (Linear<2, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 1>, Logistic),
);

impl FiveLayers {
    /// The step with each of some hidden activations, on the moons of a seed, from weights of the same.
    pub(crate) fn columns(&self, hidden: &[Hidden], seed: u64, driver: Driver) -> Result<Vec<Column>> {
        let split = moons::moon1000(0.5, seed);
        let column = |hidden: &Hidden| {
            let mut mlp = self.network(hidden.f, &mut Stream::new(seed, "weights"), driver)?;
            self.step(*hidden, &mut mlp, Optimizer::new(Sgd), &split)
        };
        hidden.iter().map(column).collect()
    }

    /// The network with a hidden activation function that is chosen when the program runs: a chain, or the same layers on the tape.
    fn network(&self, f: Activation, weights: &mut Stream, driver: Driver) -> Result<Box<dyn Network>> {
        let loss = Loss::BinaryCrossEntropy;
        let weight = Initializer::Normal { mean: 0.0, deviation: self.weight_sd };
        let init = Initialization { weight, bias: Initializer::Constant(self.bias) };
        if driver == Driver::Chain {
            let hidden = |fan_in| group([linear(fan_in, 3), activation(f)]);
            let layers = [hidden(2), hidden(3), hidden(3), hidden(3), group([linear(3, 1), logistic()])];
            return Ok(Box::new(Chain::new(layers, loss).initialized(init, weights)));
        }
        let mut mlp = Device::default().build_module::<Mlp, f32>();
        for layer in [&mut mlp.0.1, &mut mlp.1.1, &mut mlp.2.1, &mut mlp.3.1] {
            layer.f = f;
        }
        tape::initialize(&mut mlp, init, weights)?;
        Ok(Box::new(tape::Model::<_, 2, 1>::new(mlp, loss)))
    }

    /// One step of gradient descent on all samples.
    pub(crate) fn step<N: Network>(&self, hidden: Hidden, network: &mut N, rule: Optimizer, split: &Split) -> Result<Column> {
        let config = TrainingConfig::new(1, Batches::Full, Decision::Probability);
        let mut run = Trainer::new(network, rule, &split.train, config)?;
        let Some(step) = run.forward_backward()? else { unreachable!("a run of one epoch has a step") };
        let gradients = run.network().gradients();
        // Norms that are not finite are told of where they are shown.
        if step.loss.is_finite() {
            run.update(self.lr)?;
        }
        Ok(Column {
            name: hidden.name,
            weights: gradients.norms("weight"),
            biases: gradients.norms("bias"),
            loss: step.loss,
            dev_accuracy: evaluate(network, &split.dev, Decision::Probability)?.accuracy,
            parameters: network.parameters(),
        })
    }
}

/// Prints and draws the norms.
pub(crate) fn show(columns: &[Column], lab: &mut Lab) -> Result<()> {
    gradient_norms::print(columns, lab)?;
    print_rest(columns, lab)?;
    lab.figure("norms", &gradient_norms::figure("Weight gradients fade towards the input", columns, &LOOKS)?)?;
    claim(columns, lab);
    Ok(())
}

/// The factors, and the accuracy on the development set after the step.
fn print_rest(columns: &[Column], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nMean factor that a layer costs, accuracy on the development set after the step")?;
    print_table(columns, [("fades", Column::factor), ("score", |column| column.dev_accuracy)], lab)?;
    for column in columns {
        lab.metric(format!("{}, mean factor a layer", column.name), column.factor());
        lab.metric(format!("{}, dev accuracy", column.name), column.dev_accuracy);
    }
    Ok(())
}

/// What the section is there to show.
fn claim(columns: &[Column], lab: &mut Lab) {
    let fades = columns.iter().all(|column| column.weights.is_sorted());
    lab.claim("the norms fall from each layer to the one before it, for every activation", fades);
    let column = |name| columns.iter().find(|column| column.name == name);
    let first = |name| column(name).map(|column| column.weights[0]);
    lab.claim("ReLU leaves the first layer a larger gradient than the logistic function", first("ReLU") > first("logistic"));
    let factors = ["logistic", "ReLU"].map(|name| column(name).map_or(0.0, Column::factor));
    let claim = "a layer costs the norm a factor of more than 100 with the logistic function, of 25 to 250 with ReLU";
    lab.claim(claim, factors[0] > 100.0 && (25.0..250.0).contains(&factors[1]));
}
