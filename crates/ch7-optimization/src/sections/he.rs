//! 7.4, exercise · He initialisation
//!
//! ReLU sets half of its inputs to zero and so halves the mean square of a layer. He's weights have variance 2 / inputs, twice as much as would
//! keep it without ReLU.
//!
//! Seen: with He's weights all hidden layers have about the same variance. With Xavier's, which make no allowance for ReLU, it falls
//! from layer to layer, from 0.010 of the inputs to 0.0003; the network still learns, but needs 80 epochs to get where He's
//! weights are at epoch 10.
//!
//! With N(0, 1) the variance grows by half the number of inputs in each layer, to 10⁸, and the first steps end in NaN.

use super::{
    xavier::{Start, Variances, spread},
    xavier_training::{self, report, train},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    kernels::Activation,
    lab::Lab,
    parameters::Initializer,
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "he",
        book: "7.4, exercise",
        title: "He initialisation",
        summary: "The same with ReLU: variances and training from He's weights, Xavier's and N(0, 1).",
    };
    Section::new(heading, [include_str!("he.rs"), include_str!("he.zh.md")], run).edition("quick", &["--epochs", "15"])
}

/// The hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
// The flattened flags are a group of the same name.
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    variances: Variances,
    #[command(flatten)]
    training: xavier_training::Args,
}

const STARTS: [Start; 4] = [
    Start { name: "He normal", weight: Initializer::HeNormal },
    Start { name: "He uniform", weight: Initializer::HeUniform },
    Start::XAVIER_NORMAL,
    Start::STANDARD_NORMAL,
];

/// One past the last hidden layer, the inputs counting as layer 0.
const HIDDEN_END: usize = 5;

/// Prints the variances, then trains.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let variances = args.variances.show(&STARTS, Activation::Relu, lab)?;
    let [normal, uniform, xavier] = [0, 1, 2].map(|start| spread(&variances[start][1..HIDDEN_END]));
    writeln!(lab)?;
    let trained = train(&STARTS, Activation::Relu, &args.training, lab)?;
    report(&trained, lab)?;
    let [he, he_uniform, from_xavier, plain] = [0, 1, 2, 3].map(|start| trained[start].last_loss());
    lab.claim("with He's weights, the variances of the hidden layers lie within a factor of two", normal < 2.0 && uniform < 2.0);
    lab.claim("with Xavier's they fall by more than a factor of five", xavier > 5.0);
    lab.claim("the loss of the last epoch is smaller from He's weights than from Xavier's", he.max(he_uniform) < from_xavier);
    lab.claim("from N(0, 1) training ends with a larger loss or diverges", plain > from_xavier);
    Ok(())
}
