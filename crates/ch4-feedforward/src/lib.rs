//! Chapter 4: feed-forward neural networks, one module per section.

mod clipped_runs;
mod dead_units;
mod gradient_norms;
mod grid;
mod in_networks;
mod moons_run;
mod rates;
mod replays;
mod rules_of_thumb;
mod sections {
    pub(crate) mod activations;
    pub(crate) mod autograd_mlp;
    pub(crate) mod deep_relu;
    pub(crate) mod dying_relu;
    pub(crate) mod exploding_gradient;
    pub(crate) mod hidden_layers;
    pub(crate) mod init_histograms;
    pub(crate) mod leaky_relu;
    pub(crate) mod manual_mlp;
    pub(crate) mod manual_vs_autograd;
    pub(crate) mod moons;
    pub(crate) mod neuron;
    pub(crate) mod quadratic_or_cross_entropy;
    pub(crate) mod universal_approximation;
    pub(crate) mod vanishing_gradient;
    pub(crate) mod xor;
    pub(crate) mod zero_init;
}
mod units;

use common::{
    chain::{LayerSpec, linear},
    registry::Chapter,
};
use sections::{
    activations, autograd_mlp, deep_relu, dying_relu, exploding_gradient, hidden_layers, init_histograms, leaky_relu, manual_mlp,
    manual_vs_autograd, moons, neuron, quadratic_or_cross_entropy, universal_approximation, vanishing_gradient, xor, zero_init,
};

/// The chapter's sections in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Chapter 4: feed-forward neural networks",
        published: include_str!("../../../published/ch4-feedforward.csv"),
        sections: vec![
            neuron::section(),
            activations::section(),
            leaky_relu::section(),
            moons::section(),
            manual_mlp::section(),
            autograd_mlp::section(),
            manual_vs_autograd::section(),
            hidden_layers::section(),
            zero_init::section(),
            init_histograms::section(),
            vanishing_gradient::section(),
            exploding_gradient::section(),
            dying_relu::section(),
            deep_relu::section(),
            quadratic_or_cross_entropy::section(),
            universal_approximation::section(),
            xor::section(),
        ],
    }
}

/// Two inputs, equal hidden layers, one logit: the deep networks of `deep-relu` and `exploding-gradient`.
fn deep(hidden_layers: usize, width: usize, unit: impl Fn() -> LayerSpec) -> Vec<LayerSpec> {
    let hidden = (0..hidden_layers).flat_map(|l| [linear(if l == 0 { 2 } else { width }, width), unit()]);
    hidden.chain([linear(width, 1)]).collect()
}
