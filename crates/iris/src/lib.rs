//! Case study: classifying irises (book section 4.5), one module a section.

mod model;
mod sections {
    pub(crate) mod explore;
    pub(crate) mod predict;
    pub(crate) mod train;
}

use common::registry::{Chapter, Section};
use sections::{explore, predict, train};

/// The case study's sections.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Case study: classifying irises",
        published: include_str!("../../../published/iris.csv"),
        sections: vec![
            Section::new(
                ("explore", "4.5.2"),
                ("The flowers", "Counts, ranges, missing values and outliers of Fisher's 150 irises; box plots and a scatter matrix."),
                explore::run,
            ),
            Section::new(
                ("train", "4.5.3-4.5.6"),
                (
                    "Training a classifier",
                    "A network of 4 inputs, 6 hidden units and 3 classes on shuffled mini-batches; the best model on the development set is \
                     kept, tested, and asked for one flower.",
                ),
                train::run,
            )
            .edition("seeds", &["--seeds", "40"]),
            Section::new(
                ("predict", "4.5.7"),
                ("Classifying a flower", "Loads the model that `train` saved and classifies one flower, or each flower of a CSV file."),
                predict::run,
            )
            .after("train"),
        ],
    }
}
