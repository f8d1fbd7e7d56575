//! 4.4.3 · Dying ReLU
//!
//! The network of `vanishing-gradient` starts with biases of −8, far larger than its weights can make up for: every hidden unit has a
//! negative net input for every sample. ReLU then gives 0 everywhere, with a derivative of 0, so that no weight has a
//! gradient, and the units stay dead, as nothing before them moves either. Leaky ReLU has the slope 0.01 there, and ELU (alpha = 1) the
//! slope `e⁻⁸ = 0.0003`: with both, a gradient reaches every layer, though a small one. Slopes of 0.1 and 0.5, which the book recommends
//! against the fading, leave more of it. ELU's is the smaller by far in the first layers, as four of these slopes are multiplied.
//!
//! Seen: a ReLU layer whose biases are far below zero passes nothing, and no weight gets a gradient: only the output bias can move.
//! Leaky ReLU and ELU let a gradient reach every layer, but one far too small to learn from.
//!
//! `--replay` takes the source's own data and weights, in the arithmetic of its GPU, and compares the norms digit by digit.
//!
//! Departs from the book:
//! 1. Its text says that no parameter can be updated. One can: the output bias, which is behind the last ReLU; its
//!    gradient is the mean of p − y, about −0.5. All bias gradients are printed too.
//! 2. Its code goes on with the optimiser of the model before, which does not move this one: here each network has its own.
//! 3. ELU is named as a remedy there, and tried here.
//!
//! The accuracy on the development set says nothing: after the step all samples are still class 0, so that it is that class's share (the book's is that of its own split).

use crate::{
    gradient_norms::{self, Column, FiveLayers, Hidden, print_layers, print_table},
    replays,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{self, finite, n_seeds, non_negative, positive},
    data::{Split, moons},
    kernels::Activation,
    lab::{self, Lab, row},
    plot::{Dash, Marker},
    registry::{Heading, Section},
    value::Value,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "dying-relu",
        book: "4.4.3",
        title: "Dying ReLU",
        summary: "One step of the five-layer network with biases of −8: no weight gradient at all with ReLU; leaky ReLU and ELU as remedies.",
    };
    let help = "Take the source's own data and weights, in its own arithmetic; without ELU, which the source does not run";
    Section::new(heading, [include_str!("dying_relu.rs"), include_str!("dying_relu.zh.md")], run)
        .replayed(help, &["weight_sd", "bias", "slope", "alpha", "seeds"], replays::dying_relu)
        .edition("seeds", &["--seeds", "40"])
        .taped(&["--taped"])
}

/// The book's hyper-parameters; ELU's alpha, which it does not give, is the usual one.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Standard deviation of the initial weights
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    weight_sd: f32,
    /// Initial value of every bias
    #[arg(long, default_value_t = -8.0, value_parser = finite, allow_negative_numbers = true)]
    bias: f32,
    /// Learning rate of the one step
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    /// Slope of the leaky ReLU
    #[arg(long, default_value_t = 0.01, value_parser = non_negative)]
    slope: f32,
    /// Limit of the ELU for large negative net inputs, without its sign
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    alpha: f32,
    /// Repeat with this many seeds, one after the other from --seed on, and show what norms and loss of the leaky ReLU span
    #[arg(long, default_value_t = 1, value_parser = n_seeds)]
    seeds: usize,
}

const RELU: &str = "ReLU";
const LEAKY: &str = "leaky ReLU";

/// Larger slopes, which the book recommends at the end of the section.
const LARGER: [(&str, f32); 2] = [("slope 0.1", 0.1), ("slope 0.5", 0.5)];

const LOOKS: [(Marker, Dash); 5] = [
    (Marker::Disc, Dash::Solid),
    (Marker::Triangle, Dash::Dashed),
    (Marker::Square, Dash::Dotted),
    (Marker::Diamond, Dash::DashDot),
    (Marker::Cross, Dash::Solid),
];

/// Prints and draws the norm of each layer's gradients.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let seeds = cli::seeds(lab.seed(), args.seeds)?;
    let (five_layers, driver) = (args.five_layers(), lab.driver());
    let columns = |seed, hidden: &[Hidden]| five_layers.columns(hidden, seed, driver);
    show(&columns(lab.seed(), &args.activations())?, &moons::moon1000(moons::NOISE, lab.seed()), lab)?;
    if args.seeds > 1 {
        // The ledger has bands for the leaky ReLU.
        let leaky = &args.activations()[1..2];
        lab.over_seeds(seeds, |seed| {
            let column = &columns(seed, leaky)?[0];
            Ok(column.numbers().into_iter().chain([(format!("{LEAKY}, loss"), column.loss)]).collect())
        })?;
    }
    Ok(())
}

impl Args {
    pub(crate) fn five_layers(&self) -> FiveLayers {
        FiveLayers { weight_sd: self.weight_sd, bias: self.bias, lr: self.lr }
    }

    pub(crate) fn activations(&self) -> [Hidden; 5] {
        let [tenth, half] = LARGER.map(|(name, slope)| Hidden { name, f: Activation::LeakyRelu { slope } });
        [
            Hidden { name: RELU, f: Activation::Relu },
            Hidden { name: LEAKY, f: Activation::LeakyRelu { slope: self.slope } },
            Hidden { name: "ELU", f: Activation::Elu { alpha: self.alpha } },
            tenth,
            half,
        ]
    }
}

/// Prints and draws the norms.
pub(crate) fn show(columns: &[Column], split: &Split, lab: &mut Lab) -> Result<()> {
    gradient_norms::print(columns, lab)?;
    print_rest(columns, lab)?;
    lab.figure("norms", &gradient_norms::figure("ReLU dies, its variants pass a gradient on", columns, &LOOKS)?)?;
    claim(columns, split, lab);
    compare_slopes(columns, lab)
}

/// What a layer costs with each slope: the book says that a larger one eases the fading.
fn compare_slopes(columns: &[Column], lab: &mut Lab) -> Result<()> {
    let slopes: Vec<&Column> =
        columns.iter().filter(|column| column.name == LEAKY || LARGER.iter().any(|(name, _)| column.name == *name)).collect();
    if slopes.len() < 2 {
        return Ok(()); // The source runs one.
    }
    writeln!(lab, "\nMean factor that a layer costs the norm")?;
    let rows = slopes.iter().map(|column| row(column.name, [Value::F32(column.factor()).to_string()]));
    lab.table(&lab::Column::labelled("", ["fades"]), rows)?;
    lab.metrics(slopes.iter().map(|column| (format!("{}, mean factor a layer", column.name), column.factor())));
    let eases = slopes.windows(2).all(|pair| pair[1].factor() < pair[0].factor() && pair[1].weights[0] > pair[0].weights[0]);
    lab.claim("the larger the slope, the less a layer costs, and the larger is the first layer's gradient", eases);
    Ok(())
}

/// The bias gradients, the loss and the accuracy after the step.
fn print_rest(columns: &[Column], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nL2 norm of each layer's bias gradient")?;
    print_layers(columns, |column| &column.biases, lab)?;
    writeln!(lab, "\nLoss before the step, accuracy on the development set after it")?;
    print_table(columns, [("loss", |column| column.loss), ("score", |column| column.dev_accuracy)], lab)?;
    for Column { name, loss, dev_accuracy, biases, .. } in columns {
        lab.metric(format!("{name}, loss"), *loss);
        lab.metric(format!("{name}, dev accuracy"), *dev_accuracy);
        lab.metrics((1..).zip(biases).map(|(layer, norm)| (format!("{name}, bias of layer {layer}"), *norm)));
    }
    Ok(())
}

/// What the section is there to show.
fn claim(columns: &[Column], split: &Split, lab: &mut Lab) {
    let (dead, others): (Vec<_>, Vec<_>) = columns.iter().partition(|column| column.name == RELU);
    let is_zero = |column: &&Column| column.weights.iter().chain(&column.biases[..4]).all(|norm| *norm == 0.0);
    let zeros = dead.iter().all(is_zero);
    lab.claim("with ReLU all five weight gradients and the four hidden biases' are exactly 0", zeros);
    let output = dead.iter().all(|column| column.biases[4] > 0.4);
    lab.claim("with ReLU the output bias still has a gradient, of about 0.5: one parameter is updated", output);
    let names = others.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
    let is_positive = |column: &&Column| column.weights.iter().chain(&column.biases).all(|norm| *norm > 0.0);
    lab.claim(format!("{names}: a gradient reaches every layer"), others.iter().all(is_positive));
    let share = columns.iter().all(|column| column.dev_accuracy == split.dev.y.share(0));
    lab.claim("the dev accuracy is the share of class 0 in the development set, with every activation", share);
    let leaky: Vec<&Column> = columns.iter().filter(|column| column.name == LEAKY).collect();
    let fades = leaky.iter().all(|column| column.weights.is_sorted_by(|a, b| a < b));
    lab.claim("with leaky ReLU the norms fall from each layer to the one before it", fades);
    let tiny = leaky.iter().all(|column| column.weights[0] < 1e-10);
    lab.claim("with leaky ReLU the gradient that reaches the first layer's weights is smaller than 1e-10", tiny);
}
