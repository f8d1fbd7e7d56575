//! Chapter 7: network optimisation and regularisation, one module a section.

mod initialized;
mod moons300;
mod regularized;
mod sections {
    pub(crate) mod dropout;
    pub(crate) mod he;
    pub(crate) mod l2;
    pub(crate) mod overfit;
    pub(crate) mod regularization_strength;
    pub(crate) mod weight_decay;
    pub(crate) mod weight_decay_library;
    pub(crate) mod xavier;
    pub(crate) mod xavier_training;
}

use common::registry::{Chapter, Section};
use sections::{dropout, he, l2, overfit, regularization_strength, weight_decay, weight_decay_library, xavier, xavier_training};

/// Flags of a run that takes a second and shows the same.
const QUICK: &[&str] = &["--steps", "10000", "--seeds", "8"];

/// The sections, in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Chapter 7: network optimisation and regularisation",
        published: include_str!("../../../published/ch7-optimization.csv"),
        sections: vec![
            Section::new(
                ("xavier", "7.4.2.2"),
                (
                    "Variances after Xavier initialisation",
                    "The variance of each layer's output in a five-layer tanh network, from Xavier's weights and from N(0, 1).",
                ),
                xavier::run,
            ),
            Section::new(
                ("xavier-training", "7.4.2.3"),
                (
                    "Training after Xavier initialisation",
                    "A tanh network 2-300-500-700-400-1 trained on the moons from Xavier's weights and from N(0, 1): the loss of each epoch.",
                ),
                xavier_training::run,
            )
            .edition("quick", &["--epochs", "15"]),
            Section::new(
                ("he", "7.4, exercise"),
                (
                    "He initialisation",
                    "The same with ReLU: variances and training from He's weights, Xavier's and N(0, 1).",
                ),
                he::run,
            )
            .edition("quick", &["--epochs", "15"]),
            Section::new(
                ("overfit", "7.6.1-7.6.2"),
                (
                    "A network that over-fits",
                    "A network 2-20-3-1 learns 200 noisy moons by heart; 100 others show it. One run as in the book, and the mean over 20 seeds.",
                ),
                overfit::run,
            )
            .edition("quick", QUICK),
            Section::new(
                ("l2", "7.6.3"),
                (
                    "L2 regularisation",
                    "The same network with the term (λ / 2N) Σ W² in its loss: boundaries, losses, and accuracies over 20 seeds beside those without.",
                ),
                l2::run,
            )
            .edition("quick", QUICK),
            Section::new(
                ("weight-decay", "7.6.4"),
                (
                    "Weight decay",
                    "The same network, whose parameters shrink a little in every update: boundaries, losses, and accuracies over 20 seeds.",
                ),
                weight_decay::run,
            )
            .edition("quick", QUICK),
            Section::new(
                ("dropout", "7.6.5"),
                (
                    "Dropout",
                    "The same network, of whose hidden units each step drops three in ten; compared with the other two cures over 20 seeds.",
                ),
                dropout::run,
            )
            .edition("quick", QUICK),
            Section::new(
                ("regularization-strength", "7.6, exercise"),
                (
                    "How strong should regularisation be?",
                    "L2 term, weight decay and dropout from far too weak to far too strong: accuracy against strength, and what goes wrong.",
                ),
                regularization_strength::run,
            )
            .edition("quick", &["--steps", "3000", "--seeds", "4"]),
            Section::new(
                ("weight-decay-library", "7.6, appendix"),
                (
                    "Weight decay from the library",
                    "The same network as a dfdx model with dfdx's own gradient descent, without and with its L2 decay; the bits are those by hand.",
                ),
                weight_decay_library::run,
            )
            .edition("quick", &["--steps", "5000", "--seeds", "2"]),
        ],
    }
}
