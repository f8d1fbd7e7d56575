//! 7.4.2.2 · Variances after Xavier initialisation
//!
//! A unit with m inputs of variance v and weights of variance s has a net input of variance m s v. Xavier's s = 2 / (inputs + outputs) keeps both
//! activations and gradients about as spread from layer to layer as they are; N(0, 1) multiplies the variance by m in every layer, so
//! that tanh units saturate at once, and the linear output layer shows what they were fed with.
//!
//! Departs from the book: it passes one sample through the network and shows the two Xavier forms only; here N(0, 1) stands beside them, and
//! 1000 samples make the variances more than those of a single draw. It leaves out the last layer; here it is shown.

use crate::{
    first_weights::Start,
    layer_variances::{Variances, spread},
};
use anyhow::Result;
use common::{
    kernels::Activation,
    lab::Lab,
    parameters::Initializer,
    registry::{Heading, Section},
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "xavier",
        book: "7.4.2.2",
        title: "Variances after Xavier initialisation",
        summary: "The variance of each layer's output in a five-layer tanh network, from Xavier's weights and from N(0, 1).",
    };
    Section::new(heading, run)
}

const STARTS: [Start; 3] =
    [Start::XAVIER_NORMAL, Start { name: "Xavier uniform", weight: Initializer::XavierUniform }, Start::STANDARD_NORMAL];

/// Prints the variance of each layer's output.
fn run(table: &Variances, lab: &mut Lab) -> Result<()> {
    let variances = table.show(&STARTS, Activation::Tanh, lab)?;
    let [normal, uniform, plain] = [0, 1, 2].map(|start| spread(&variances[start][1..]));
    let within = normal < 2.0 && uniform < 2.0;
    lab.claim("with Xavier, normal or uniform, the variances of all layers lie within a factor of two", within);
    lab.claim("with N(0, 1) they do not", plain > 2.0);
    Ok(())
}
