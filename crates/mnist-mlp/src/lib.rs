//! Case study: MNIST with multi-layer perceptrons, one module per section.

mod sections {
    pub(crate) mod dfn;
    pub(crate) mod explore;
    pub(crate) mod fast;
    pub(crate) mod predict;
    pub(crate) mod summary;
    pub(crate) mod train;
}

use common::registry::Chapter;
use sections::{dfn, explore, fast, predict, summary, train};

/// The sections, in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Case study: MNIST with multi-layer perceptrons",
        published: include_str!("../../../published/mnist-mlp.csv"),
        sections: vec![
            explore::section(),
            train::section(),
            predict::section(),
            summary::section(),
            dfn::section(),
            fast::section(),
        ],
    }
}
