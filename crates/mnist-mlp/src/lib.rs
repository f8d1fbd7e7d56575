//! Case study: MNIST with multi-layer perceptrons, one module a section.

mod model;
mod sections {
    pub(crate) mod dfn;
    pub(crate) mod explore;
    pub(crate) mod predict;
    pub(crate) mod summary;
    pub(crate) mod train;
}

use common::registry::{Chapter, Section};
use sections::{dfn, explore, predict, summary, train};

/// The sections, in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Case study: MNIST with multi-layer perceptrons",
        published: include_str!("../../../published/mnist-mlp.csv"),
        sections: vec![
            Section::new(
                ("explore", "S2 Q2"),
                (
                    "The digits",
                    "Counts of each digit, mean and deviation of the pixels, mean image of each digit, and what a classifier reaches that knows \
                     no more than these.",
                ),
                explore::run,
            ),
            Section::new(
                ("train", "S2 Q2"),
                (
                    "A classifier of digits",
                    "A network 784-1500-500-10 with leaky ReLUs, trained with Adam to more than 95 % of the test images; confusion matrix and the \
                     digits that it gets wrong.",
                ),
                train::run,
            )
            .edition("quick", &["--images", "6400", "--test-images", "1000", "--epochs", "2", "--log-every", "50", "--goal", "0.85"]),
            Section::new(
                ("predict", "S2 Q2"),
                (
                    "Classifying a digit",
                    "Loads the model that `train` saved and classifies test images by their numbers, or pictures of digits; draws them in \
                     the terminal.",
                ),
                predict::run,
            )
            .after("train")
            .edition("quick", &["--index", "0", "1", "2"]),
            Section::new(
                ("summary", "S2 Q2"),
                (
                    "What the network costs",
                    "Parameters, multiply-adds, floating-point operations and memory of each layer of the classifier.",
                ),
                summary::run,
            ),
            Section::new(
                ("dfn", "S4 3.2"),
                (
                    "The same digits by hand",
                    "A network 784-200-10 of hand-derived layers, trained by gradient descent on 20,000 images for 20 epochs.",
                ),
                dfn::run,
            )
            .edition("quick", &["--images", "2560", "--epochs", "5"]),
        ],
    }
}
