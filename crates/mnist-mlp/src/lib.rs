//! Case study: MNIST with multi-layer perceptrons, one module a section.

use common::registry::Chapter;

/// The sections, in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Case study: MNIST with multi-layer perceptrons",
        published: "",
        sections: Vec::new(),
    }
}
