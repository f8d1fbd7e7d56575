//! 7.4.2.2 · Variances after Xavier initialisation
//!
//! A unit with m inputs of variance v and weights of variance s has a net input of variance m s v. Xavier's s = 2 / (inputs + outputs) keeps both
//! activations and gradients about as spread from layer to layer as they are; N(0, 1) multiplies the variance by m in every layer, so
//! that tanh units saturate at once, and the linear output layer shows what they were fed with.
//!
//! Departs from the book: it passes one sample through the network and shows the two Xavier forms only; here N(0, 1) stands beside them, and
//! 1000 samples make the variances more than those of a single draw. It leaves out the last layer; here it is shown.

use crate::initialized::{Arm, show_variances, spread};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{cli::one_to, kernels::Activation, lab::Lab, parameters::Initializer};

/// The hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Samples of the second table
    #[arg(long, default_value_t = 1000, value_parser = one_to::<MOST_SAMPLES>)]
    samples: usize,
}

/// Samples whose activations fit into any machine's memory.
const MOST_SAMPLES: usize = 100_000;

const ARMS: [Arm; 3] = [
    ("Xavier normal", Initializer::XavierNormal),
    ("Xavier uniform", Initializer::XavierUniform),
    ("N(0,1)", Initializer::STANDARD_NORMAL),
];

/// Prints the variance of each layer's output.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let variances = show_variances(&ARMS, Activation::Tanh, &[1, args.samples], lab)?;
    let [normal, uniform, plain] = [0, 1, 2].map(|arm| spread(&variances[arm][1..]));
    lab.claim(
        "with Xavier, normal or uniform, the variances of all layers lie within a factor of two",
        normal < 2.0 && uniform < 2.0,
    );
    lab.claim("with N(0, 1) they do not", plain > 2.0);
    Ok(())
}
