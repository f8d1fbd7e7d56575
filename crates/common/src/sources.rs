//! The sources, under the names that headings and the ledger give them.

/// A text whose experiments are reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The name in headings and in the ledger.
    pub name: &'static str,
    /// What a reader calls it.
    pub called: &'static str,
    /// What it is about.
    pub about: &'static str,
}

/// All sources. The book is the NNDL practice book, whose two chapters are two texts.
pub const SOURCES: [Source; 5] = [
    Source { name: "S0", called: "the book, chapter 4", about: "feed-forward neural networks" },
    Source { name: "S1", called: "the book, chapter 7", about: "network optimisation and regularisation" },
    Source {
        name: "S2",
        called: "exercise notebook",
        about: "three questions on chapter 4: a leaky ReLU, MNIST with a multi-layer perceptron, ten layers of ReLU that do not converge",
    },
    Source {
        name: "S3",
        called: "lab report",
        about: "sections 4.3 and 4.4 done again in PyTorch: one more hidden layer, a search over networks and learning rates, gradients",
    },
    Source {
        name: "S4",
        called: "lecture notes",
        about: "deep feed-forward networks of hand-written layers: cost functions, MNIST, universal approximation, XOR",
    },
];

/// What a heading without a name refers to.
pub const UNNAMED: &str = "A number without such a name is a section of the book.";

/// A line for each source, for the help of the command line.
#[must_use]
pub fn legend() -> String {
    let line = |Source { name, called, about }: Source| format!("  {name}  {called}: {about}\n");
    format!("The sources:\n{}{UNNAMED}", SOURCES.map(line).concat())
}
