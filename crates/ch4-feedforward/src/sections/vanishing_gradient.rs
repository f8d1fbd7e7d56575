//! 4.4.2 · Vanishing gradients
//!
//! A network 2-3-3-3-3-1 with small weights takes one step on Moon1000. On the way back the error passes through each layer's weights and is
//! multiplied by f′(z) (eq. 4.16 and 4.19): with the logistic function f′ ≤ 1/4, so the gradient shrinks from layer to layer. With
//! ReLU f′ is 1 where a unit is active, and only the small weights shrink it: a layer of three weights of size 0.01 costs a factor of about
//! `1/(0.01 √3) = 58`, and with `f′ = 0.2` one of `290`. Figure 4.4 shows the L2 norm of each layer's
//! weight gradient; leaky ReLU and tanh are shown beside the book's two. With biases of 1 every unit is active, so that leaky
//! ReLU gives the very numbers of ReLU.
//!
//! The lab report (S3) advises Gaussian weights, ReLU and maxout. Gaussian the book's weights are already: what counts is their size, so other
//! sizes are tried, with maxout beside, whose unit is the larger of two net inputs.
//!
//! Seen: the gradient fades in every layer towards the input, with every activation function, with ReLU the least. Larger weights
//! ease the fading: with ReLU and maxout and weights of size 1 little of it is left.
//!
//! `--replay` takes the source's own data and weights, in the arithmetic of its GPU, and compares the norms digit by digit.

use crate::{
    gradient_norms::{self, Column, FiveLayers, Hidden, median, print_table},
    replays,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{self, finite, n_seeds, non_negative, positive},
    kernels::Activation,
    lab::{self, Driver, Lab, row},
    plot::{Dash, Marker},
    registry::{Heading, Section},
};
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
    Section::new(heading, [include_str!("vanishing_gradient.rs"), include_str!("vanishing_gradient.zh.md")], run)
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
    #[arg(long, default_value_t = 1, value_parser = n_seeds)]
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
    args.try_scales(lab)?;
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

impl Args {
    /// Weights of other sizes: the median over some starts of the factor that a layer costs. A start whose last hidden layer is dead has no
    /// gradient at all, and no factor: 0 / 0.
    fn try_scales(&self, lab: &mut Lab) -> Result<()> {
        let [logistic, relu, ..] = self.activations();
        let seeds = cli::seeds(lab.seed(), STARTS)?;
        writeln!(
            lab,
            "\nWeights from N(0, sd²): mean factor that a layer costs, median of those of {STARTS} starts that have a gradient"
        )?;
        let (mut rows, mut medians) = (Vec::new(), Vec::new());
        for sd in SCALES {
            let layers = FiveLayers { weight_sd: sd, ..self.five_layers() };
            let runs = lab.each_seed(seeds.clone(), |seed| {
                let mut columns = layers.columns(&[logistic, relu], seed, Driver::Chain)?;
                columns.push(layers.maxout(seed)?);
                Ok(columns.iter().map(Column::factor).collect::<Vec<_>>())
            })?;
            let factors: Vec<f32> = (0..3).map(|unit| median(runs.iter().map(|run| run[unit]).collect())).collect();
            lab.metrics(
                ["logistic", "ReLU", "maxout"]
                    .iter()
                    .zip(&factors)
                    .map(|(name, factor)| (format!("weights of {sd}, {name}: median factor of a layer"), *factor)),
            );
            rows.push(row(format!("{sd}"), factors.iter().map(|factor| format!("{factor:.2}"))));
            medians.push(factors);
        }
        lab.table(&lab::Column::labelled("sd", UNITS), rows)?;
        let eases = medians.windows(2).all(|pair| pair[1].iter().zip(&pair[0]).all(|(larger, smaller)| larger < smaller));
        lab.claim("the larger the weights, the less a layer costs, with every unit", eases);
        let logistic = medians.iter().all(|factors| factors[0] > 2.0);
        lab.claim("with logistic units a layer costs a factor of more than 2 at every size of the weights", logistic);
        let others = medians[3][1..].iter().all(|factor| *factor < 1.5);
        lab.claim("with ReLU and with maxout weights of size 1 leave a factor of less than 1.5", others);
        Ok(())
    }
}

/// Standard deviations of the weights beside the book's.
const SCALES: [f32; 5] = [0.01, 0.1, 0.5, 1.0, 2.0];
/// The units that are tried with them.
const UNITS: [&str; 3] = ["logistic", "ReLU", "maxout"];
/// Starts of each.
const STARTS: usize = 21;

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
    writeln!(lab, "\nFactor that a layer costs (geometric mean), accuracy on the development set after the step")?;
    print_table(columns, [("factor", Column::factor), ("score", |column| column.dev_accuracy)], lab)?;
    for column in columns {
        lab.metric(format!("{}, mean factor per layer", column.name), column.factor());
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
    let claim = "a layer costs the norm a factor of more than 100 on average with the logistic function, of 25 to 250 with ReLU";
    lab.claim(claim, factors[0] > 100.0 && (25.0..250.0).contains(&factors[1]));
}
