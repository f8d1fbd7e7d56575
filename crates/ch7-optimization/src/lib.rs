//! Chapter 7: network optimisation and regularisation, one module a section.

mod moving_averages;
mod normalized_mlp;
mod sections {
    pub(crate) mod batch_norm;
    pub(crate) mod layer_norm;
}

use common::registry::{Chapter, Section};
use sections::{batch_norm, layer_norm};

/// The sections, in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Chapter 7: network optimisation and regularisation",
        published: include_str!("../../../published/ch7-optimization.csv"),
        sections: vec![
            Section::new(
                ("batch-norm", "7.5.1.1-7.5.1.4"),
                (
                    "Batch normalisation",
                    "A deep tanh network with and without it: net inputs of each layer, chosen means and deviations, moving averages, test mode.",
                ),
                batch_norm::run,
            ),
            Section::new(
                ("layer-norm", "7.5.2"),
                (
                    "Layer normalisation",
                    "The same network, each sample normalised by itself: every sample has the chosen mean and deviation, and what is lost with two units.",
                ),
                layer_norm::run,
            ),
        ],
    }
}
