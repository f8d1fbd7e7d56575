//! `section`: runs a section as its chapter's binary does, so that chores can start, watch and kill a run as a process of its own.

use crate::chapters;
use anyhow::{Context, Result};
use common::cli;
use std::{ffi::OsString, process::ExitCode};

/// A chapter, and the command line of its binary
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The crate
    chapter: String,
    /// What stands behind its name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let chapters = chapters();
    let chapter = chapters.iter().find(|chapter| chapter.name == args.chapter);
    let chapter = chapter.with_context(|| format!("there is no chapter {}", args.chapter))?;
    let line = std::iter::once(OsString::from(chapter.name)).chain(args.arguments.iter().cloned());
    Ok(cli::main_with(chapter, line))
}
