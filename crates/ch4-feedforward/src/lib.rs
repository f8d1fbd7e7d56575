//! Chapter 4: feed-forward neural networks, one module a section.

mod classifier;
mod deep;
mod five_layers;
mod grid;
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
    pub(crate) mod universal_approximation;
    pub(crate) mod vanishing_gradient;
    pub(crate) mod xor;
    pub(crate) mod zero_init;
}

use common::registry::{Chapter, Section};
use sections::{
    activations, autograd_mlp, deep_relu, dying_relu, exploding_gradient, hidden_layers, init_histograms, leaky_relu, manual_mlp,
    manual_vs_autograd, moons, neuron, universal_approximation, vanishing_gradient, xor, zero_init,
};

/// The chapter's sections in the book's order.
#[must_use]
#[allow(clippy::too_many_lines, reason = "a table, one entry a section")]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Chapter 4: feed-forward neural networks",
        published: include_str!("../../../published/ch4-feedforward.csv"),
        sections: vec![
            Section::new(
                ("neuron", "4.1.1"),
                (
                    "The net input of a neuron",
                    "z = Xw + b for two samples of five features, by the formula and by a predefined layer: the same bits.",
                ),
                neuron::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("activations", "4.1.2"),
                (
                    "Activation functions",
                    "Logistic, tanh, ReLU and leaky ReLU over [-10, 10]; then hard-logistic, hard-tanh, ELU, softplus, swish and the identity, \
                     each with its derivative.",
                ),
                activations::run,
            ),
            Section::new(
                ("leaky-relu", "4.1.2"),
                (
                    "A leaky ReLU by hand",
                    "The exercise on leaky ReLU: outputs and gradients of a hand-derived operator against those of the tape.",
                ),
                leaky_relu::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("moons", "4.2.1"),
                (
                    "The two moons",
                    "Two noisy half circles, the data of the whole chapter: how many samples of each class each split has, and how they lie.",
                ),
                moons::run,
            ),
            Section::new(
                ("manual-mlp", "4.2.2-4.2.7"),
                (
                    "A two-layer network by hand",
                    "Linear and logistic operators, each with a hand-derived backward pass, trained by gradient descent on the two moons; \
                     the best model is saved, loaded again and tested.",
                ),
                manual_mlp::run,
            )
            .edition("replay", &["--replay"])
            .edition("seeds", &["--seeds", "40"]),
            Section::new(
                ("autograd-mlp", "4.3"),
                (
                    "The same network through the tape",
                    "The two-layer network of predefined layers, its gradients computed by dfdx's tape: the same bits as by hand.",
                ),
                autograd_mlp::run,
            )
            .edition("replay", &["--replay"])
            .edition("seeds", &["--seeds", "40"]),
            Section::new(
                ("manual-vs-autograd", "4.3, exercise"),
                (
                    "By hand or by tape?",
                    "The networks of 4.2 and 4.3 from equal weights: loss, gradients and parameters compared bit for bit at every step.",
                ),
                manual_vs_autograd::run,
            ),
            Section::new(
                ("hidden-layers", "4.3, exercise"),
                (
                    "How many hidden units?",
                    "One more hidden layer, then a grid of five networks and five learning rates, 20 seeds a cell, on the book's noisy moons and on \
                     clearer ones.",
                ),
                hidden_layers::run,
            )
            .edition("quick", &["--seeds", "2"]),
            Section::new(
                ("zero-init", "4.4.1"),
                (
                    "All parameters zero",
                    "The two-layer network started at zero: its hidden units stay equal to the bit, and five epochs teach it nothing.",
                ),
                zero_init::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("init-histograms", "4.4.1"),
                (
                    "Random first values",
                    "Samples of the normal and of the uniform distribution: histograms with the true density, mean and standard deviation.",
                ),
                init_histograms::run,
            ),
            Section::new(
                ("vanishing-gradient", "4.4.2"),
                (
                    "Vanishing gradients",
                    "One step of a five-layer network with small weights: the norm of each layer's weight gradient, with logistic and with \
                     other hidden activations.",
                ),
                vanishing_gradient::run,
            )
            .edition("replay", &["--replay"])
            .edition("seeds", &["--seeds", "40"]),
            Section::new(
                ("exploding-gradient", "4.4.2, exercise"),
                (
                    "Exploding gradients",
                    "The opposite case: ten layers with large weights, whose gradients grow towards the input; clipping by norm and by value as cures.",
                ),
                exploding_gradient::run,
            ),
            Section::new(
                ("dying-relu", "4.4.3"),
                (
                    "Dying ReLU",
                    "One step of the five-layer network with biases of −8: no weight gradient at all with ReLU; leaky ReLU and ELU as cures.",
                ),
                dying_relu::run,
            )
            .edition("replay", &["--replay"])
            .edition("seeds", &["--seeds", "40"]),
            Section::new(
                ("deep-relu", "4.4.3, exercise"),
                (
                    "Ten layers of ReLU that do not converge",
                    "Ten hidden layers with a learning rate of 2: dead units counted as they die; then each cure alone.",
                ),
                deep_relu::run,
            )
            .edition("quick", &["--seeds", "4"]),
            Section::new(
                ("universal-approximation", "S4 4"),
                (
                    "Universal approximation",
                    "A tower of two steep logistic units; many of them side by side come as near to a function as one likes: the largest error by \
                     their number and steepness.",
                ),
                universal_approximation::run,
            ),
            Section::new(
                ("xor", "S4 5"),
                (
                    "Learning XOR",
                    "Two ReLUs learn XOR by hand-derived gradients: how many of 100 starts arrive, and the first that does.",
                ),
                xor::run,
            )
            .edition("quick", &["--epochs", "2001", "--report-every", "500"]),
        ],
    }
}
