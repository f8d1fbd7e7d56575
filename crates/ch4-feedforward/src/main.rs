//! Chapter 4: feed-forward neural networks, one subcommand per section.

use std::process::ExitCode;

fn main() -> ExitCode {
    common::cli::main(&ch4_feedforward::chapter())
}
