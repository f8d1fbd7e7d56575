//! Chapter 7: network optimisation and regularisation, one subcommand per section.

use std::process::ExitCode;

fn main() -> ExitCode {
    common::cli::main(&ch7_optimization::chapter())
}
