//! Case study: MNIST with multi-layer perceptrons, one subcommand per section.

use std::process::ExitCode;

fn main() -> ExitCode {
    common::cli::main(&mnist_mlp::chapter())
}
