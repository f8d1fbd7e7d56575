//! `verify-functions`: builds and runs the exhaustive check, which needs a C compiler for CORE-MATH.

use anyhow::{Context, Result};
use std::process::{Command, ExitCode};

/// What is handed on to the check; `-- --help` shows its own flags
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Functions and flags of the check, such as `exp --step 1009`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--package", "common", "--features", "exhaustive", "--example", "verify_functions", "--"])
        .args(&args.rest)
        .status()
        .context("cannot start cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
