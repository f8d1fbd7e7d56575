//! 7.3.3.2, exercise · AdamW
//!
//! Exercise 7.5: LeNet on MNIST with AdamW. The gradient of an L2 term, g + λθ, goes through Adam's step sizes like any other:
//! divided by the size of the gradients, a pull of λθ moves a weight that the loss hardly cares about by as much as α. AdamW
//! takes the decay out of the gradient, θ ← (1 − αλ)θ − α M̂ / (√Ĝ + ε): the same small share of every weight. Three arms from
//! the same weights and on the same shuffled batches: Adam, AdamW, and Adam with the L2 term, both with the same λ.
//!
//! Seen: a λ of 0.01 means two things. As a decay it takes 1e-5 of a weight in a step, 3 % in three epochs, and AdamW's curves
//! are Adam's. As an L2 term it rules once the gradients of the loss are small: the weights shrink to a third, the training loss
//! stops falling in the second epoch, and the test accuracy stays a percent behind.

use crate::digits::{self, Digits, Trained, Way};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, non_negative, positive},
    data::Batches,
    kernels::reduce,
    lab::Lab,
    nn::models::LeNet,
    optim::{Adam, AdamW, EpsPlacement, L2},
    plot::{Curves, Svg},
    train::Learner,
};
use std::fmt::Write;

/// The hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate α
    #[arg(long, default_value_t = 0.001, value_parser = positive)]
    lr: f32,
    /// Strength λ of the decay and of the L2 term
    #[arg(long, default_value_t = 0.01, value_parser = non_negative)]
    decay: f32,
    /// Images in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training images
    #[arg(long, default_value_t = 3, value_parser = at_least_one)]
    epochs: usize,
    #[command(flatten)]
    digits: Digits,
}

/// Decay rates of both running means, and ε outside the root: the library's.
const BETAS: (f32, f32) = (0.9, 0.999);
const EPS: f32 = 1e-8;

/// Trains all three side by side.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Args { lr, decay, batch_size, epochs, .. } = *args;
    let adam = || Adam::new(lr, BETAS, EPS).eps_placement(EpsPlacement::OutsideRoot);
    let adamw = AdamW::new(lr, BETAS, EPS, decay).eps_placement(EpsPlacement::OutsideRoot);
    let seed = lab.seed();
    let networks = [
        ("Adam", digits::network::<LeNet>(adam(), seed)),
        ("AdamW", digits::network::<LeNet>(adamw, seed)),
        ("Adam + L2", digits::network::<LeNet>(L2::new(adam(), decay), seed)),
    ];
    let ways = networks.map(|(name, network)| Way {
        name: name.to_owned(),
        flags: format!("{name} with --lr {lr} --decay {decay} --batch-size {batch_size}"),
        network,
        batches: Batches::Shuffled { size: batch_size, stream: Box::new(lab.stream("shuffle")) },
    });
    let in_epoch = args.digits.images.div_ceil(batch_size);
    let trained = digits::train(ways.into(), (epochs, (in_epoch / 4).max(1)), &args.digits, lab)?;
    digits::print_table(&trained, lab)?;
    let norms = print_norms(&trained, lab)?;
    lab.figure("curves", &figure(&trained)?)?;

    let last: Vec<f32> = trained.iter().map(|arm| arm.history.epoch_loss[epochs - 1]).collect();
    lab.claim(
        "AdamW trains as well as Adam: the losses of its last epoch differ by less than a tenth",
        (last[1] / last[0] - 1.0).abs() < 0.1,
    );
    lab.claim(
        "the L2 term of the same strength holds Adam back: the loss of its last epoch is higher",
        last[2] > last[0].max(last[1]),
    );
    lab.claim("both shrink the weights, the L2 term more", norms[2] < norms[1] && norms[1] < norms[0]);
    Ok(())
}

/// Prints and gives the L2 norm of all weights of each arm.
fn print_norms(trained: &[Trained], lab: &mut Lab) -> Result<Vec<f64>> {
    writeln!(lab, "\n{:<10} {:>16}", "", "norm of weights")?;
    let mut norms = Vec::new();
    for arm in trained {
        let weights = arm.learner.parameters().0.into_iter().filter(|tensor| tensor.name.ends_with("weight"));
        let values: Vec<f32> = weights.flat_map(|tensor| tensor.values).collect();
        let norm = f64::from(reduce::norm(&values));
        writeln!(lab, "{:<10} {norm:>16.4}", arm.name)?;
        lab.metric(format!("{}, norm of the weights", arm.name), norm);
        norms.push(norm);
    }
    Ok(norms)
}

/// The losses of the steps, and the accuracy of the test images.
fn figure(trained: &[Trained]) -> Result<Svg> {
    let loss = |arm: &Trained| digits::step_losses(arm, arm.history.train_loss.len());
    Curves::new("Adam without decay, with decoupled decay, with an L2 term")
        .panel(digits::panel(("step", "training loss"), trained, loss).log_y())
        .panel(digits::panel(("step", "test accuracy"), trained, digits::test_accuracy))
        .render()
}
