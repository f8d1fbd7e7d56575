//! The workspace's chores.

mod bands;
mod bench;
mod compare;
mod fetch_data;
mod fuzz_flags;
mod interrupt;
mod ledger;
mod lessons;
mod order;
mod prove;
mod report;
mod reproduce;
mod section;
mod site;
mod tidy;
mod verify_functions;
mod watched;

use clap::{Parser, Subcommand};
use common::{cli, registry::Chapter};
use std::{path::PathBuf, process::ExitCode};

/// Chores of the workspace
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Run every section, compare with the golden files, leave results/site/index.html
    ReproduceAll(reproduce::Args),
    /// Write results/site/ anew over the results that are there, such as those of several parts copied together
    Site(site::Args),
    /// Run what the site's pages propose to try, and read each number of the outcomes in what the runs print
    Tasks(site::tasks::Args),
    /// Check the workspace's own rules: goldens, README rows, file sizes, ledgers and their bands
    Tidy,
    /// Print every value that the sources print with ours and the verdict, and totals of each source
    Ledger(ledger::Args),
    /// Name the first epoch and tensor where two runs of a section diverge, and by how much
    Compare(compare::Args),
    /// Show that every platform that can be had here gives the same bits
    Prove(prove::Args),
    /// Time training, beside PyTorch and JAX where they are installed
    Bench(bench::Args),
    /// Count the instructions of a step of each timed training, and compare with the committed counts (needs valgrind)
    Instructions(bench::instructions::Args),
    /// Restore the MNIST files from public mirrors
    FetchData(fetch_data::Args),
    /// Check the correctly rounded functions at all 2^32 inputs (takes minutes)
    VerifyFunctions(verify_functions::Args),
    /// Kill runs at random moments, take them up again, and compare what they leave with an unbroken run
    Interrupt(interrupt::Args),
    /// Run sections with random values for every flag: each is a result or an error with a message
    FuzzFlags(fuzz_flags::Args),
    /// Run a section as its chapter's binary does
    #[command(hide = true)]
    Section(section::Args),
}

fn main() -> ExitCode {
    cli::stop_when_interrupted();
    let outcome = match Cli::parse().chore {
        Chore::ReproduceAll(args) => reproduce::run(&args),
        Chore::Site(args) => site::run(&args),
        Chore::Tasks(args) => site::tasks::run(&args),
        Chore::Tidy => tidy::run(),
        Chore::Ledger(args) => ledger::run(&args),
        Chore::Prove(args) => prove::run(&args),
        Chore::Bench(args) => bench::run(&args),
        Chore::Instructions(args) => bench::instructions::run(&args),
        Chore::Compare(args) => compare::run(&args),
        Chore::FetchData(args) => fetch_data::run(&args),
        Chore::VerifyFunctions(args) => verify_functions::run(&args),
        Chore::Interrupt(args) => interrupt::run(&args),
        Chore::FuzzFlags(args) => fuzz_flags::run(&args),
        Chore::Section(args) => section::run(&args),
    };
    outcome.unwrap_or_else(|error| cli::report(&error))
}

/// Prints a line. That it cannot be printed changes nothing: the exit code and the report hold the outcome.
fn say(line: &str) {
    let _ = cli::print(&format!("{line}\n"));
}

/// Every chapter, in the order of the book.
fn chapters() -> Vec<Chapter> {
    vec![ch4_feedforward::chapter(), iris::chapter(), mnist_mlp::chapter(), ch7_optimization::chapter()]
}

/// The top of the workspace.
fn root() -> PathBuf {
    let data = cli::data_folder();
    data.parent().map_or_else(PathBuf::new, PathBuf::from)
}
