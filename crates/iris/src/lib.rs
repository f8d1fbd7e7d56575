//! Case study: classifying irises (book section 4.5), one module per section.

mod sections {
    pub(crate) mod explore;
    pub(crate) mod predict;
    pub(crate) mod train;
}

use common::registry::Chapter;
use sections::{explore, predict, train};

/// The case study's sections.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Case study: classifying irises",
        published: include_str!("../../../published/iris.csv"),
        sections: vec![explore::section(), train::section(), predict::section()],
    }
}
