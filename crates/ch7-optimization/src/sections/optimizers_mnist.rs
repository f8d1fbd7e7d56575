//! 7.3.4, exercise · All optimisers on MNIST
//!
//! Exercise 7.6: LeNet on MNIST with each optimiser of the chapter, from the same weights and on the same shuffled batches. Each
//! has a learning rate that is usual for it; none was searched for.
//!
//! Seen: plain gradient descent is far behind, but that is its learning rate of 0.01: with `--sgd-lr 0.1` it classifies 0.9830
//! of the test images, as the others do. Momentum with the same 0.01 moves up to ten times as far where gradients agree. The
//! seven others are close: after three epochs their accuracies lie within half a percent. AdaDelta is ahead from the first epoch
//! on, though nobody chose a rate for it.

use crate::{
    comparison::{self, Trained},
    digits::{Digits, INIT, LOSS},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, positive},
    data::{
        Batches,
        mnist::{N_DIGITS, N_PIXELS},
    },
    lab::{Experiment, Lab, Variant},
    models::LeNet,
    optim::{AdaDelta, AdaGrad, Adam, AdamW, EpsPlacement, Momentum, Nesterov, Optimizer, RmsProp, Sgd},
    plot::{Curves, Svg},
    registry::{Heading, Section},
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "optimizers-mnist",
        book: "7.3.4, exercise",
        title: "All optimisers on MNIST",
        summary: "LeNet on MNIST with eight optimisers from the same weights: losses and test accuracies.",
    };
    let quick = &["--images", "5120", "--test-images", "1000", "--epochs", "1"];
    let taped = &["--images", "1280", "--test-images", "100", "--epochs", "1", "--taped"];
    Section::new(heading, run).edition("quick", quick).taped(taped)
}

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
    /// Each optimiser with its name and its learning rate.
    fn optimizers(&self) -> Vec<(&'static str, Optimizer, f32)> {
        let adam = Adam::new(0.9, 0.999, 1e-8).eps_placement(EpsPlacement::OutsideRoot);
        let eps_placement = EpsPlacement::InsideRoot;
        vec![
            ("SGD", Optimizer::new(Sgd), self.sgd_lr),
            ("Momentum", Optimizer::new(Momentum { rho: 0.9 }), self.momentum_lr),
            ("Nesterov", Optimizer::new(Nesterov { rho: 0.9 }), self.momentum_lr),
            ("AdaGrad", Optimizer::new(AdaGrad { epsilon: 1e-7, eps_placement }), self.adagrad_lr),
            ("RMSprop", Optimizer::new(RmsProp { beta: 0.9, epsilon: 1e-7, eps_placement }), self.rmsprop_lr),
            ("AdaDelta", Optimizer::new(AdaDelta { rho: 0.95, epsilon: 1e-6 }), self.adadelta_lr),
            ("Adam", Optimizer::new(adam), self.adam_lr),
            ("AdamW", Optimizer::new(AdamW { adam, weight_decay: 0.01 }), self.adam_lr),
        ]
    }
}

/// Trains all side by side and compares them.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let Args { batch_size, epochs, ref digits, .. } = *args;
    let batches = digits.checked(Batches::Shuffled { size: batch_size, stream: Box::new(lab.stream("shuffle")) })?;
    let mut variants = Vec::new();
    for (name, optimizer, learning_rate) in args.optimizers() {
        let flags = format!("{name} with learning rate {learning_rate} and --batch-size {batch_size}");
        variants.push(Variant {
            name: name.to_owned(),
            settings: digits.settings(&flags, lab),
            network: lab.driver().network::<LeNet, N_PIXELS, N_DIGITS>(LOSS, INIT, &mut lab.stream("weights"))?,
            optimizer,
            learning_rate,
            batches: batches.clone(),
        });
    }
    let mnist = digits.load(lab)?;
    let (train, test) = (mnist.train(), mnist.test());
    let evaluate_every = (batches.per_epoch(digits.images) / 2).max(1);
    let experiment = Experiment { train: &train, test: &test, n_epochs: epochs, resume: digits.resume };
    let trained = lab.train_variants(variants, experiment, |run, learning_rate| {
        while let Some(step) = run.forward_backward()? {
            run.update(learning_rate)?;
            if step.completes(evaluate_every) {
                run.evaluate(&test)?;
            }
        }
        Ok(())
    })?;
    comparison::record(&trained, lab)?;
    comparison::print_table(&trained, lab)?;
    lab.figure("curves", &figure(&trained)?)?;
    let first = |name: &str| {
        trained.iter().find(|variant| variant.name == name).map_or(f32::NAN, |variant| variant.history.epoch_loss[0])
    };
    let slowest = trained.iter().all(|variant| variant.history.epoch_loss[0] <= first("SGD"));
    lab.claim("plain gradient descent has the highest loss of all in the first epoch", slowest);
    lab.claim("with the same learning rate momentum is ahead of gradient descent", first("Momentum") < first("SGD"));
    Ok(())
}

/// The losses of the steps, and the accuracy of the test images.
fn figure(trained: &[Trained]) -> Result<Svg> {
    let loss = |variant: &Trained| comparison::step_losses(variant, variant.history.train_loss.len());
    Curves::new("LeNet on MNIST with eight optimisers")
        .panel(comparison::panel(("step", "training loss"), trained, loss).log_y())
        .panel(comparison::panel(("step", "test accuracy"), trained, comparison::test_accuracy))
        .render()
}
