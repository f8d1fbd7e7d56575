//! Case study: MNIST with multi-layer perceptrons, one module a section.

mod model;
mod sections {
    pub(crate) mod explore;
    pub(crate) mod predict;
}

use common::registry::{Chapter, Section};
use sections::{explore, predict};

/// The sections, in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Case study: MNIST with multi-layer perceptrons",
        published: "",
        sections: vec![
            Section::new(
                ("explore", "S2 Q2"),
                (
                    "The digits",
                    "Counts of each digit, mean and deviation of the pixels, mean image of each digit, and what a classifier reaches that \
                     knows no more than these.",
                ),
                explore::run,
            ),
            Section::new(
                ("predict", "S2 Q2"),
                (
                    "Classifying a digit",
                    "Loads the model that `train` saved and classifies test images by their numbers, or pictures of digits; draws them in \
                     the terminal.",
                ),
                predict::run,
            )
            .after("train"),
        ],
    }
}
