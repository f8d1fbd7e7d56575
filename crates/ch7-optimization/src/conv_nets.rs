//! What the two sections on normalisation on MNIST share: a convolutional network without and with it, side by side.

use crate::digits::{self, Digits, Trained, Way};
use anyhow::Result;
use clap::Args;
use common::{
    cli::{at_least_one, positive},
    data::Batches,
    lab::Lab,
    nn::{models::ConvNet, sequential::Unroll},
    optim::{Adam, EpsPlacement},
    plot::{Curves, Svg},
};
use std::fmt::Write;

/// The book's hyper-parameters.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Learning rate of Adam
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    /// Images in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training images
    #[arg(long, default_value_t = 5, value_parser = at_least_one)]
    epochs: usize,
    /// Steps between two tests
    #[arg(long, default_value_t = 300, value_parser = at_least_one)]
    evaluate_every: usize,
    #[command(flatten)]
    digits: Digits,
}

/// Trains the network without normalisation and its variant `Normalized` side by side, on the same batches; prints and draws the tests.
pub(crate) fn compare<Normalized: Unroll>(name: &str, settings: &Settings, lab: &mut Lab) -> Result<()> {
    let Settings { lr, batch_size, epochs, evaluate_every, ref digits } = *settings;
    let adam = || Adam::new(lr, (0.9, 0.999), 1e-8).eps_placement(EpsPlacement::OutsideRoot);
    let seed = lab.seed();
    let networks = [
        ("without".to_owned(), digits::network::<ConvNet>(adam(), seed)),
        (format!("with {name}"), digits::network::<Normalized>(adam(), seed)),
    ];
    let ways = networks.map(|(name, network)| Way {
        flags: format!("--lr {lr} --batch-size {batch_size} --evaluate-every {evaluate_every} ({name})"),
        name,
        network,
        batches: Batches::Shuffled { size: batch_size, stream: Box::new(lab.stream("shuffle")) },
    });
    let trained = digits::train(ways.into(), (epochs, evaluate_every), digits, lab)?;
    let Ok(both) = <[Trained; 2]>::try_from(trained) else { unreachable!("two arms went in") };
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
    let ((loss, accuracy), (other_loss, other_accuracy)) = (with.test(), without.test());
    lab.claim("at the end it is ahead in loss and accuracy", loss < other_loss && accuracy > other_accuracy);
    let epochs = with.history.epoch_loss.iter().zip(&without.history.epoch_loss).skip(1);
    lab.claim(
        "its training loss is lower in every epoch but the first",
        epochs.into_iter().all(|(with, without)| with < without),
    );
}

/// Prints each test, then the losses of the epochs.
fn print_tests(both: &[Trained; 2], lab: &mut Lab) -> Result<()> {
    let heads = both.iter().map(|arm| format!("  {:>25}", arm.name));
    writeln!(lab, "{:>6}{}", "test", heads.collect::<String>())?;
    writeln!(lab, "{:>6}{}", "step", format!("  {:>12} {:>12}", "loss", "accuracy").repeat(2))?;
    let losses = both.each_ref().map(|arm| &arm.history.dev_loss);
    for (i, (step, _)) in losses[0].iter().enumerate() {
        let cells =
            both.each_ref().map(|arm| format!("  {:>12.5} {:>12.4}", arm.history.dev_loss[i].1, arm.history.dev_score[i].1));
        writeln!(lab, "{step:>6}{}", cells.concat())?;
    }
    writeln!(lab)?;
    digits::print_table(both, lab)
}

/// Loss and accuracy of the test images.
fn figure(name: &str, both: &[Trained; 2]) -> Result<Svg> {
    Curves::new(format!("A convolutional network without and with {name}"))
        .panel(digits::panel(("step", "test loss"), both, digits::test_loss))
        .panel(digits::panel(("step", "test accuracy"), both, digits::test_accuracy))
        .render()
}
