//! 7.3.4, exercise · All optimisers on MNIST
//!
//! Exercise 7.6: LeNet on MNIST with each optimiser of the chapter, from the same weights and on the same shuffled batches. Each
//! has a learning rate that is usual for it; none was searched for.
//!
//! Seen: plain gradient descent is far behind, but that is its learning rate of 0.01: with `--sgd-lr 0.1` it classifies 0.9830
//! of the test images, as the others do. Momentum with the same 0.01 moves up to ten times as far where gradients agree. The
//! seven others are close: after three epochs their accuracies lie within half a percent. AdaDelta is ahead from the first epoch
//! on, though nobody chose a rate for it.

use crate::digits::{self, Digits, Net, Trained, Way};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, positive},
    data::Batches,
    lab::Lab,
    nn::models::LeNet,
    optim::{AdaDelta, AdaGrad, Adam, AdamW, EpsPlacement, Momentum, Nesterov, Optimizer, RmsProp, Sgd},
    plot::{Curves, Svg},
};

/// Learning rates, and what all have in common.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    sgd_lr: f32,
    /// Learning rate of momentum and of Nesterov's gradient, both with ρ = 0.9
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    momentum_lr: f32,
    /// Learning rate of AdaGrad
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    adagrad_lr: f32,
    /// Learning rate of RMSprop, with β = 0.9
    #[arg(long, default_value_t = 0.001, value_parser = positive)]
    rmsprop_lr: f32,
    /// Factor of AdaDelta's moves, with ρ = 0.95
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    adadelta_lr: f32,
    /// Learning rate of Adam and AdamW, both with decay rates of 0.9 and 0.999
    #[arg(long, default_value_t = 0.001, value_parser = positive)]
    adam_lr: f32,
    /// Images in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training images
    #[arg(long, default_value_t = 3, value_parser = at_least_one)]
    epochs: usize,
    #[command(flatten)]
    digits: Digits,
}

impl Args {
    /// Each optimiser with its name, its learning rate and LeNet's first weights.
    fn networks(&self, seed: u64) -> Vec<(&'static str, f32, Net)> {
        fn arm(name: &'static str, optimizer: impl Optimizer + 'static, seed: u64) -> (&'static str, f32, Net) {
            (name, optimizer.learning_rate(), digits::network::<LeNet>(optimizer, seed))
        }
        let (outside, betas) = (EpsPlacement::OutsideRoot, (0.9, 0.999));
        vec![
            arm("SGD", Sgd { learning_rate: self.sgd_lr }, seed),
            arm("Momentum", Momentum::new(self.momentum_lr, 0.9), seed),
            arm("Nesterov", Nesterov::new(self.momentum_lr, 0.9), seed),
            arm("AdaGrad", AdaGrad::new(self.adagrad_lr, 1e-7), seed),
            arm("RMSprop", RmsProp::new(self.rmsprop_lr, 0.9, 1e-7), seed),
            arm("AdaDelta", AdaDelta::new(self.adadelta_lr, 0.95, 1e-6), seed),
            arm("Adam", Adam::new(self.adam_lr, betas, 1e-8).eps_placement(outside), seed),
            arm("AdamW", AdamW::new(self.adam_lr, betas, 1e-8, 0.01).eps_placement(outside), seed),
        ]
    }
}

/// Trains all side by side and compares them.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let batch_size = args.batch_size;
    let ways = args.networks(lab.seed()).into_iter().map(|(name, rate, network)| Way {
        name: name.to_owned(),
        flags: format!("{name} with learning rate {rate} and --batch-size {batch_size}"),
        network,
        batches: Batches::Shuffled { size: batch_size, stream: Box::new(lab.stream("shuffle")) },
    });
    let in_epoch = args.digits.images.div_ceil(batch_size);
    let evaluate_every = (in_epoch / 2).max(1);
    let trained = digits::train(ways.collect(), (args.epochs, evaluate_every), &args.digits, lab)?;
    digits::print_table(&trained, lab)?;
    lab.figure("curves", &figure(&trained)?)?;
    let first = |name: &str| trained.iter().find(|arm| arm.name == name).map_or(f32::NAN, |arm| arm.history.epoch_loss[0]);
    let slowest = trained.iter().all(|arm| arm.history.epoch_loss[0] <= first("SGD"));
    lab.claim("plain gradient descent has the highest loss of all in the first epoch", slowest);
    lab.claim("with the same learning rate momentum is ahead of gradient descent", first("Momentum") < first("SGD"));
    Ok(())
}

/// The losses of the steps, and the accuracy of the test images.
fn figure(trained: &[Trained]) -> Result<Svg> {
    let loss = |arm: &Trained| digits::step_losses(arm, arm.history.train_loss.len());
    Curves::new("LeNet on MNIST with eight optimisers")
        .panel(digits::panel(("step", "training loss"), trained, loss).log_y())
        .panel(digits::panel(("step", "test accuracy"), trained, digits::test_accuracy))
        .render()
}
