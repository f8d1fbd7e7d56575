//! Exercise of 7.4 · He initialisation
//!
//! ReLU sets half of its inputs to zero and so halves the mean square of a layer. He's weights have variance 2 / inputs, twice as much as would
//! keep it without ReLU.
//!
//! Seen: with He's weights every hidden layer has the same variance but for chance. With Xavier's, which do not know of the halving, it falls from layer
//! to layer, to a thirtieth of that of the inputs; the network still learns, but takes sixty epochs to where it comes in ten with He's.
//! With N(0, 1) the variance grows by half the number of inputs in each layer, to 10⁸, and the first steps end in NaN.

use crate::initialized::{Arm, Settings, show_variances, spread, train_arms};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{cli::one_to, kernels::Activation, lab::Lab, parameters::Initializer};
use std::fmt::Write;

/// The hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Samples of the second table of variances
    #[arg(long, default_value_t = 1000, value_parser = one_to::<MOST_SAMPLES>)]
    samples: usize,
    #[command(flatten)]
    settings: Settings,
}

/// Samples whose activations fit into any machine's memory.
const MOST_SAMPLES: usize = 100_000;

const ARMS: [Arm; 4] = [
    ("He normal", Initializer::HeNormal),
    ("He uniform", Initializer::HeUniform),
    ("Xavier normal", Initializer::XavierNormal),
    ("N(0,1)", Initializer::STANDARD_NORMAL),
];

/// One past the last hidden layer, the inputs counting as layer 0.
const HIDDEN_END: usize = 5;

/// Prints the variances, then trains.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let variances = show_variances(&ARMS, Activation::Relu, &[1, args.samples], lab)?;
    let [normal, uniform, xavier] = [0, 1, 2].map(|arm| spread(&variances[arm][1..HIDDEN_END]));
    writeln!(lab)?;
    let trained = train_arms(&ARMS, Activation::Relu, &args.settings, lab)?;
    let [he, he_uniform, from_xavier, plain] = [0, 1, 2, 3].map(|arm| trained[arm].last_loss());
    lab.claim("with He's weights, the variances of the hidden layers lie within a factor of two", normal < 2.0 && uniform < 2.0);
    lab.claim("with Xavier's they fall by more than a factor of five", xavier > 5.0);
    lab.claim("the loss of the last epoch is smaller from He's weights than from Xavier's", he.max(he_uniform) < from_xavier);
    lab.claim("from N(0, 1) training ends with a larger loss or diverges", plain > from_xavier);
    Ok(())
}
