//! Case study: classifying irises (book section 4.5).

use std::process::ExitCode;

fn main() -> ExitCode {
    common::cli::main(&iris::chapter())
}
