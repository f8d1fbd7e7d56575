//! Checks the correctly rounded functions at all 2³² inputs, in every form; see `common::kernels::verify`. Run by
//! `cargo xtask verify-functions`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command that reports to a terminal")]

use clap::Parser;
use common::kernels::{
    isa::Isa,
    verify::{Authority, FUNCTIONS, check_range},
};
use std::{
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// Compare each function with an independent authority, in its scalar form and on every instruction set of this processor
#[derive(Debug, Parser)]
#[command(name = "cargo xtask verify-functions")]
struct Args {
    /// Functions to check [default: all]
    functions: Vec<String>,
    /// Check every n-th input only
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    step: u32,
    /// Ask libm and astro-float in place of CORE-MATH (which has no logistic function: that one they check anyway)
    #[arg(long)]
    arbitrary: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let authority = if args.arbitrary { Authority::Arbitrary } else { Authority::CoreMath };
    let unknown = |name: &&String| FUNCTIONS.iter().all(|function| function.name != name.as_str());
    if let Some(name) = args.functions.iter().find(unknown) {
        let names: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
        eprintln!("error: no function {name}: expected some of {}", names.join(", "));
        return ExitCode::from(2);
    }
    let isas = Isa::available();
    let mut differences = 0;
    for function in FUNCTIONS.iter().filter(|f| args.functions.is_empty() || args.functions.iter().any(|n| n == f.name)) {
        let (start, done) = (Instant::now(), AtomicU64::new(0));
        let tell = |n| {
            let before = done.fetch_add(n, Ordering::Relaxed);
            if (before + n) >> 28 != before >> 28 {
                eprintln!("{}: {} million inputs", function.name, (before + n) / 1_000_000);
            }
        };
        let report = check_range(function, authority, &isas, 0..=u32::MAX, args.step, &tell);
        let seconds = start.elapsed().as_secs();
        println!(
            "{:9} {} inputs, {} differences, {seconds} s ({:?})",
            function.name,
            report.checked,
            report.differences,
            authority.over(function)
        );
        for difference in &report.first {
            println!("  {difference:?}");
        }
        differences += report.differences;
    }
    if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
