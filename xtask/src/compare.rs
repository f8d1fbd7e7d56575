//! `compare`: where two runs of a section diverge.

use crate::say;
use anyhow::{Context, Result, ensure};
use common::parameters::Parameters;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Two results folders of the same section, such as one from each of two machines
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first results folder
    a: PathBuf,
    /// The second results folder
    b: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let Some((epoch, tensor)) = difference(&args.a, &args.b)? else {
        say("every parameter has the same bits before training and after every epoch");
        return Ok(ExitCode::SUCCESS);
    };
    say(&format!("the runs diverge at epoch {epoch} (0: before training), first in tensor {tensor}"));
    for model in MODELS {
        let saved = [&args.a, &args.b].map(|folder| Parameters::read(&folder.join(format!("{model}.safetensors"))));
        let [Ok(a), Ok(b)] = saved else { continue };
        for parameter in &a.0 {
            let other = b.get(&parameter.name, &parameter.shape)?;
            let ulps = parameter.values.iter().zip(&other.values).map(|(x, y)| distance(*x, *y)).max().unwrap_or_default();
            say(&format!("{model}, {:<16} up to {ulps} ulps apart", parameter.name));
        }
    }
    Ok(ExitCode::FAILURE)
}

/// The first epoch and tensor that differ in the traces of two results folders.
///
/// # Errors
/// If there is no trace, or they are those of different networks or of different lengths.
pub(crate) fn difference(a: &Path, b: &Path) -> Result<Option<(usize, String)>> {
    first_difference(&read(a)?, &read(b)?)
}

/// The models that a section saves, by name.
const MODELS: [&str; 2] = ["best-model", "model"];

/// One line per epoch: its number, then `tensor=hash` for each tensor.
fn read(folder: &Path) -> Result<Vec<Vec<String>>> {
    let path = folder.join("trace.txt");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}: name the results folder of a section that trains", path.display()))?;
    ensure!(!text.trim().is_empty(), "{} is empty: run the section again", path.display());
    Ok(text.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect())
}

fn first_difference(a: &[Vec<String>], b: &[Vec<String>]) -> Result<Option<(usize, String)>> {
    for (epoch, (a, b)) in a.iter().zip(b).enumerate() {
        ensure!(a.len() == b.len(), "the runs have different networks");
        if let Some((a, _)) = a.iter().zip(b).find(|(a, b)| a != b) {
            let name = a.split('=').next().unwrap_or_default();
            return Ok(Some((epoch, name.to_owned())));
        }
    }
    ensure!(a.len() == b.len(), "the runs agree for {} epochs, then one goes on", a.len().min(b.len()).saturating_sub(1));
    Ok(None)
}

/// Units in the last place between two numbers.
fn distance(a: f32, b: f32) -> i64 {
    let place = |x: f32| {
        let bits = i64::from(x.to_bits());
        if bits < 1 << 31 { bits } else { (1 << 31) - bits }
    };
    (place(a) - place(b)).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(lines: &[&str]) -> Vec<Vec<String>> {
        lines.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn the_first_epoch_and_tensor_are_named() {
        let a = trace(&["0 w=1 b=1", "1 w=2 b=2", "2 w=3 b=3"]);
        let b = trace(&["0 w=1 b=1", "1 w=2 b=9", "2 w=9 b=9"]);
        assert_eq!(first_difference(&a, &b).unwrap(), Some((1, "b".to_owned())));
        assert_eq!(first_difference(&a, &a).unwrap(), None);
        assert!(first_difference(&a, &a[..2]).is_err());
    }

    #[test]
    fn distances_are_counted_across_zero() {
        assert_eq!(distance(1.0, 1.0f32.next_up()), 1);
        assert_eq!(distance(f32::from_bits(1), -f32::from_bits(1)), 2);
        assert_eq!(distance(0.0, -0.0), 0);
    }
}
