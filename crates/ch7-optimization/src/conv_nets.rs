//! What is shown of a convolutional network without and with normalisation, trained side by side on the same batches.

use crate::comparison::{self, Trained};
use anyhow::Result;
use common::{
    lab::Lab,
    plot::{Curves, Svg},
    train::Evaluation,
};
use std::fmt::Write;

/// Prints and draws the tests of both, and states what they show; `name` is that of the normalisation.
pub(crate) fn show(name: &str, trained: Vec<Trained>, lab: &mut Lab) -> Result<()> {
    let Ok(both) = <[Trained; 2]>::try_from(trained) else { unreachable!("two variants went in") };
    comparison::record(&both, lab)?;
    print_tests(&both, lab)?;
    lab.figure("tests", &figure(name, &both)?)?;
    claim(name, &both, lab);
    Ok(())
}

/// Steps by which normalisation has made up for its slower start.
const ENOUGH: usize = 1000;

/// What the tests are there to show, as far as the run is long enough to show it.
fn claim(name: &str, both: &[Trained; 2], lab: &mut Lab) {
    let [without, with] = both;
    let behind = |test: usize| with.history.dev_loss[test].1 - without.history.dev_loss[test].1;
    let last = with.history.dev_loss.len() - 1;
    lab.claim(format!("at the first test the network with {name} is behind in loss"), behind(0) > 0.0);
    lab.claim("from the first test to the last it catches up", behind(last) < behind(0));
    if with.history.train_loss.len() < ENOUGH {
        return;
    }
    let (ours, other): (Evaluation, Evaluation) = (with.test(), without.test());
    lab.claim("at the end it is ahead in loss and accuracy", ours.loss < other.loss && ours.accuracy > other.accuracy);
    let epochs = with.history.epoch_loss.iter().zip(&without.history.epoch_loss).skip(1);
    lab.claim(
        "its training loss is lower in every epoch but the first",
        epochs.into_iter().all(|(with, without)| with < without),
    );
}

/// Prints each test, then the losses of the epochs.
fn print_tests(both: &[Trained; 2], lab: &mut Lab) -> Result<()> {
    let heads = both.iter().map(|variant| format!("  {:>25}", variant.name));
    writeln!(lab, "{:>6}{}", "test", heads.collect::<String>())?;
    writeln!(lab, "{:>6}{}", "step", format!("  {:>12} {:>12}", "loss", "accuracy").repeat(2))?;
    let losses = both.each_ref().map(|variant| &variant.history.dev_loss);
    for (i, (step, _)) in losses[0].iter().enumerate() {
        let cells = both
            .each_ref()
            .map(|variant| format!("  {:>12.5} {:>12.4}", variant.history.dev_loss[i].1, variant.history.dev_score[i].1));
        writeln!(lab, "{step:>6}{}", cells.concat())?;
    }
    writeln!(lab)?;
    comparison::print_table(both, lab)
}

/// Loss and accuracy of the test images.
fn figure(name: &str, both: &[Trained; 2]) -> Result<Svg> {
    Curves::new(format!("A convolutional network without and with {name}"))
        .panel(comparison::panel(("step", "test loss"), both, comparison::test_loss))
        .panel(comparison::panel(("step", "test accuracy"), both, comparison::test_accuracy))
        .render()
}
