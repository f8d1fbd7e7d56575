//! Chapter 7: network optimisation and regularisation, one module a section.

use common::registry::Chapter;

/// The sections, in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Chapter 7: network optimisation and regularisation",
        published: "",
        sections: Vec::new(),
    }
}
