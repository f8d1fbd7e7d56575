//! Rules of thumb for the number of hidden units and layers, which the lab report (S3) quotes, put to the test by `hidden-layers`.
//!
//! Seen: numbers of inputs and outputs say nothing about how often a boundary must bend. On clear moons two of the rules allow too few
//! units, and the third three at most, where five and ten do better; on the book's moons all networks do the same. One or two layers do suffice.

use crate::grid::{Cell, Grid, Hidden};
use anyhow::Result;
use common::lab::{Column, Lab, row};
use std::{fmt::Write, ops::RangeInclusive};

/// The networks that are tried: what the rules allow, more than that, and more layers.
pub(crate) fn networks() -> Vec<Hidden> {
    [&[1][..], &[2], &[3], &[5], &[10], &[5, 5], &[5, 5, 5]].map(|units| Hidden(units.to_vec())).into()
}

/// A rule, and the numbers of units that it allows.
struct Rule {
    says: &'static str,
    allows: RangeInclusive<usize>,
}

/// The rules for a network of so many inputs and outputs.
fn rules(inputs: usize, outputs: usize) -> [Rule; 3] {
    let two_thirds = (2 * (inputs + outputs)).div_ceil(3);
    [
        Rule { says: "between the numbers of outputs and of inputs", allows: outputs..=inputs },
        Rule { says: "two thirds of the inputs plus two thirds of the outputs", allows: two_thirds..=two_thirds },
        Rule { says: "fewer than twice the inputs", allows: 1..=2 * inputs - 1 },
    ]
}

/// Prints each rule, then each network with the rules that allow it, on moons of both noises.
pub(crate) fn show([noisy, clear]: [&Grid; 2], lab: &mut Lab) -> Result<()> {
    let rules = rules(2, 1);
    writeln!(lab, "\nrules of thumb for 2 inputs and 1 output")?;
    for (number, Rule { says, allows }) in (1..).zip(&rules) {
        let (least, most) = (allows.start(), allows.end());
        let units = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        writeln!(lab, "{number}. {says}: {units}")?;
    }
    let (rate, seeds) = (clear.cells[0].learning_rate, clear.cells[0].runs.len());
    writeln!(lab, "\ntest accuracy with learning rate {rate}: mean ± standard deviation over {seeds} seeds")?;
    let score = |cell: &Cell| format!("{:.4} ± {:.4}", cell.accuracy.mean, cell.accuracy.sd);
    let rows = noisy.cells.iter().zip(&clear.cells).map(|(noisy, clear)| {
        let allowing =
            (1..).zip(&rules).filter(|(_, rule)| noisy.hidden.0.len() == 1 && rule.allows.contains(&noisy.hidden.0[0]));
        let allowing: Vec<String> = allowing.map(|(number, _)| number.to_string()).collect();
        row(noisy.hidden.to_string(), [allowing.join(", "), score(noisy), score(clear)])
    });
    let noises = [noisy, clear].map(|grid| format!("noise {}", grid.noise));
    lab.table(&Column::labelled("hidden", ["allowed by".to_owned()].into_iter().chain(noises)), rows)?;
    for grid in [noisy, clear] {
        lab.metrics(
            grid.cells
                .iter()
                .map(|cell| (format!("rules, noise {}, {}: test accuracy", grid.noise, cell.hidden), cell.accuracy.mean)),
        );
    }
    claim([noisy, clear], lab);
    Ok(())
}

fn claim([noisy, clear]: [&Grid; 2], lab: &mut Lab) {
    let mean = |grid: &Grid, units: &[usize]| {
        let cell = grid.cells.iter().find(|cell| cell.hidden.0 == units);
        cell.map_or(f64::NAN, |cell| cell.accuracy.mean)
    };
    let claim =
        format!("at noise {} the one or two units that two of the rules allow stay below 0.9, five exceed 0.95", clear.noise);
    let few = mean(clear, &[1]) < 0.9 && mean(clear, &[2]) < 0.9;
    lab.claim(claim, few && mean(clear, &[5]) > 0.95);
    let more = mean(clear, &[5]).min(mean(clear, &[10])) > mean(clear, &[3]);
    lab.claim(format!("at noise {} five and ten units, which no rule allows, score higher than three", clear.noise), more);
    let third = [noisy, clear].iter().all(|grid| mean(grid, &[5, 5, 5]) <= mean(grid, &[5]).max(mean(grid, &[5, 5])));
    lab.claim("one or two hidden layers suffice: a third does not raise the mean accuracy, at either noise", third);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_allow_what_their_sentences_say() {
        let check = |inputs, outputs, expected: [RangeInclusive<usize>; 3]| {
            assert_eq!(rules(inputs, outputs).map(|rule| rule.allows), expected, "{inputs} inputs, {outputs} outputs");
        };
        check(2, 1, [1..=2, 2..=2, 1..=3]);
        check(10, 2, [2..=10, 8..=8, 1..=19]);
    }
}
