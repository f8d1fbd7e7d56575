//! Chapter 7: network optimisation and regularisation, one module a section.

mod terrain;
mod sections {
    pub(crate) mod saddle;
}

use common::registry::{Chapter, Section};
use sections::saddle;

/// The chapter's sections in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Chapter 7: network optimisation and regularisation",
        published: "",
        sections: vec![Section::new(
            ("saddle", "7.3.4"),
            (
                "Optimisers on a surface",
                "Five optimisers walk over a surface in three dimensions: which of them stay at its minimum, and which get away from a saddle.",
            ),
            saddle::run,
        )],
    }
}
