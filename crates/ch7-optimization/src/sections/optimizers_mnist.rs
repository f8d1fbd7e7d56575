//! 7.3.4, exercise · All optimisers on MNIST
//!
//! Exercise 7.6: LeNet on MNIST with each optimiser of the chapter, from the same weights and on the same shuffled batches. Each
//! has a learning rate that is usual for it; none was searched for.
//!
//! Seen: plain gradient descent is far behind, but that is its learning rate of 0.01: with `--sgd-lr 0.1` it classifies about
//! as many of the test images correctly as the others do. Momentum with the same 0.01 moves up to ten times as far where gradients agree.
//!
//! The seven others are close: after three epochs their accuracies lie between 0.9826 and 0.9876. AdaDelta is ahead from the first
//! epoch on, though nobody chose a rate for it.

use crate::{
    comparison::{self, Trained},
    digits::{Digits, network},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::Chain,
    cli::{at_least_one, n_steps, positive},
    figures,
    kernels::Loss,
    lab::Lab,
    models::LeNet,
    optim::{
        ADADELTA_EPSILON, AdaDelta, AdaGrad, Adam, AdamW, BETA, EPSILON, EpsPlacement, Method, Momentum, Nesterov, RHO, RmsProp,
        Sgd,
    },
    plot::{CurvePanel, Curves, Dots},
    registry::{Heading, Section},
    train::Network,
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
    Section::new(heading, [include_str!("optimizers_mnist.rs"), include_str!("optimizers_mnist.zh.md")], run)
        .edition("quick", quick)
        .taped(taped)
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
    /// Factor of AdaDelta's moves, with `ρ = 0.95`
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    adadelta_lr: f32,
    /// Learning rate of Adam and AdamW, both with decay rates of `0.9` and `0.999`
    #[arg(long, default_value_t = 0.001, value_parser = positive)]
    adam_lr: f32,
    #[command(flatten)]
    lenets: LeNets,
}

/// Trains all side by side and compares them.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let (adam, eps_placement) = (Adam::of_libraries(), EpsPlacement::InsideRoot);
    let methods = vec![
        Method::new("SGD", Sgd, args.sgd_lr),
        Method::new("Momentum", Momentum { rho: RHO }, args.momentum_lr),
        Method::new("Nesterov", Nesterov { rho: RHO }, args.momentum_lr),
        Method::new("AdaGrad", AdaGrad { epsilon: EPSILON, eps_placement }, args.adagrad_lr),
        Method::new("RMSprop", RmsProp { beta: BETA, epsilon: EPSILON, eps_placement }, args.rmsprop_lr),
        Method::new("AdaDelta", AdaDelta { rho: 0.95, epsilon: ADADELTA_EPSILON }, args.adadelta_lr),
        Method::new("Adam", adam, args.adam_lr),
        Method::new("AdamW", AdamW { adam, weight_decay: 0.01 }, args.adam_lr),
    ];
    let flags = |learning_rate| format!("learning rate {learning_rate} and");
    let trained = args.lenets.compare("LeNet on MNIST with eight optimisers", (methods, flags), 2, lab)?;

    if let Some(Trained { name, network, .. }) = trained.last() {
        let lenet = Chain::of::<LeNet>(Loss::SoftmaxCrossEntropy);
        let title = format!("LeNet, trained with {name}");
        lab.figure("network", &figures::trained(&title, lenet, &network.parameters())?)?;
    }

    let first = |name: &str| {
        trained.iter().find(|variant| variant.name == name).map_or(f32::NAN, |variant| variant.history.epoch_loss[0])
    };
    let slowest = trained.iter().all(|variant| variant.history.epoch_loss[0] <= first("SGD"));
    lab.claim("plain gradient descent has the highest loss of all in the first epoch", slowest);
    lab.claim("with the same learning rate momentum is ahead of gradient descent", first("Momentum") < first("SGD"));
    Ok(())
}

/// What all have in common, here and in section `adamw`.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct LeNets {
    /// Images in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training images
    #[arg(long, default_value_t = 3, value_parser = n_steps)]
    epochs: usize,
    #[command(flatten)]
    digits: Digits,
}

impl LeNets {
    /// Trains a LeNet with each method, side by side from the same weights and on the same shuffled batches, with so many tests in
    /// an epoch; prints and draws what comes of it. `flags` stands for a method of the given learning rate.
    pub(super) fn compare(
        &self,
        title: &str,
        (methods, flags): (Vec<Method>, impl Fn(f32) -> String),
        tests: usize,
        lab: &mut Lab,
    ) -> Result<Vec<Trained>> {
        let Self { batch_size, epochs, digits } = self;
        let batches = digits.shuffled(*batch_size, lab)?;
        let rates: Vec<String> = methods.iter().map(|method| method.learning_rate.to_string()).collect();
        let mut variants = Vec::new();
        for method in methods {
            let flags = format!("{} with {} --batch-size {batch_size}", method.name, flags(method.learning_rate));
            variants.push(digits.variant(method, network::<LeNet>(lab)?, batches.clone(), &flags, lab));
        }
        let test_every = (batches.per_epoch(digits.images) / tests).max(1);
        let trained = digits.train(variants, *epochs, lab, |run, learning_rate, test| {
            while let Some(step) = run.forward_backward()? {
                run.update(learning_rate)?;
                if step.completes(test_every) {
                    run.evaluate(test)?;
                }
            }
            Ok(())
        })?;
        comparison::print_table_with(("learning rate", &rates), &trained, lab)?;
        // More than four curves in a panel are a tangle.
        let draw = |panel: fn(&[Trained]) -> CurvePanel| {
            trained.chunks(4).map(panel).fold(Curves::new(title).same_y(), Curves::panel).render()
        };
        lab.figure("losses", &draw(|four| comparison::step_losses("training loss", four))?)?;
        lab.figure("accuracies", &draw(comparison::test_accuracies)?)?;
        let ends = Dots::new(title, "final test accuracy", 4);
        let ends = trained.iter().fold(ends, |ends, variant| ends.row(&variant.name, variant.test().accuracy));
        lab.figure("last-accuracies", &ends.render()?)?;
        Ok(trained)
    }
}
