//! Chapter 7: network optimisation and regularisation, one module a section.

mod bowl;
mod conv_nets;
mod digits;
mod initialized;
mod lenet_batches;
mod linear_fit;
mod moons300;
mod moving_averages;
mod normalized_mlp;
mod regularized;
mod terrain;
mod sections {
    pub(crate) mod adadelta;
    pub(crate) mod adagrad;
    pub(crate) mod adam;
    pub(crate) mod adamw;
    pub(crate) mod batch_norm;
    pub(crate) mod batch_norm_mnist;
    pub(crate) mod batch_size;
    pub(crate) mod batch_size_iterations;
    pub(crate) mod batch_size_or_lr;
    pub(crate) mod dropout;
    pub(crate) mod he;
    pub(crate) mod l2;
    pub(crate) mod layer_norm;
    pub(crate) mod layer_norm_mnist;
    pub(crate) mod lr_schedules;
    pub(crate) mod momentum;
    pub(crate) mod nesterov;
    pub(crate) mod optimizers_mnist;
    pub(crate) mod overfit;
    pub(crate) mod regularization_strength;
    pub(crate) mod rmsprop;
    pub(crate) mod saddle;
    pub(crate) mod sgd;
    pub(crate) mod weight_decay;
    pub(crate) mod weight_decay_library;
    pub(crate) mod xavier;
    pub(crate) mod xavier_training;
}

use common::registry::{Chapter, Section};
use sections::{
    adadelta, adagrad, adam, adamw, batch_norm, batch_norm_mnist, batch_size, batch_size_iterations, batch_size_or_lr, dropout,
    he, l2, layer_norm, layer_norm_mnist, lr_schedules, momentum, nesterov, optimizers_mnist, overfit, regularization_strength,
    rmsprop, saddle, sgd, weight_decay, weight_decay_library, xavier, xavier_training,
};

/// Flags of a run that takes a second and shows the same.
const QUICK: &[&str] = &["--steps", "10000", "--seeds", "8"];

/// Three of the five batch sizes on an eighth of the images.
const BATCHES_QUICK: &[&str] =
    &["--batch-sizes", "16,32,64", "--lrs", "0.01,0.02,0.04", "--images", "7680", "--test-images", "1000", "--epochs", "2"];

/// Sixty of the steps of the convolutional networks.
const CONV_NETS_QUICK: &[&str] = &["--images", "1920", "--test-images", "500", "--epochs", "2", "--evaluate-every", "20"];

/// The chapter's sections in the book's order.
#[must_use]
#[allow(clippy::too_many_lines, reason = "a table, one entry a section")]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Chapter 7: network optimisation and regularisation",
        published: include_str!("../../../published/ch7-optimization.csv"),
        sections: vec![
            Section::new(
                ("batch-size", "7.2"),
                (
                    "Batch size",
                    "LeNet on MNIST with five batch sizes and learning rates in proportion: who is ahead after as many epochs, and after as many steps.",
                ),
                batch_size::run,
            )
            .edition("quick", BATCHES_QUICK),
            Section::new(
                ("batch-size-iterations", "7.2, exercise"),
                ("The same losses by step", "The arms of `batch-size` over steps in place of epochs: what changes, and why."),
                batch_size_iterations::run,
            )
            .edition("quick", BATCHES_QUICK),
            Section::new(
                ("batch-size-or-lr", "7.2, exercise"),
                (
                    "A larger batch or a smaller learning rate?",
                    "A batch twice as large, or half the learning rate: where the two do the same, and where not.",
                ),
                batch_size_or_lr::run,
            )
            .edition("quick", &["--images", "7680", "--test-images", "1000", "--epochs", "2"]),
            Section::new(
                ("sgd", "7.3.1"),
                ("Gradient descent", "Two experiments for all optimisers: the path down a bowl, and the losses of a linear fit; one step beside the library's."),
                sgd::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("lr-schedules", "7.3.2"),
                (
                    "Schedules of the learning rate",
                    "An exercise: gradient descent whose learning rate decays, warms up or goes up and down, on the bowl and in the linear fit.",
                ),
                lr_schedules::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("adagrad", "7.3.2.1"),
                ("AdaGrad", "A step size for each parameter, which only shrinks."),
                adagrad::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("rmsprop", "7.3.2.2"),
                ("RMSprop", "A step size for each parameter, which shrinks and grows."),
                rmsprop::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("adadelta", "7.3.2.2"),
                ("AdaDelta", "An exercise: the moves so far take the place of the learning rate."),
                adadelta::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("momentum", "7.3.3.1"),
                ("Momentum", "Each move keeps a share of the one before: faster at first, then an oscillation."),
                momentum::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("nesterov", "7.3"),
                ("Nesterov's accelerated gradient", "Momentum that looks ahead, beside momentum that does not."),
                nesterov::run,
            )
            .edition("replay", &["--replay"]),
            Section::new(
                ("adam", "7.3.3.2"),
                ("Adam", "Momentum and a step size for each parameter, corrected for starting at zero: down a bowl, and in a linear fit."),
                adam::run,
            )
            .edition("as-printed", &["--as-printed"])
            .edition("replay", &["--replay"]),
            Section::new(
                ("saddle", "7.3.4"),
            (
                "Optimisers on a surface",
                "Five optimisers walk over a surface in three dimensions: which of them stay at its minimum, and which get away from a saddle.",
            ),
            saddle::run,
            ),
            Section::new(
                ("adamw", "7.3.3.2, exercise"),
                (
                    "AdamW",
                    "LeNet on MNIST with Adam, with AdamW, and with Adam and an L2 term: a decay that the step sizes do not touch, and one that they do.",
                ),
                adamw::run,
            )
            .edition("quick", &["--images", "7680", "--test-images", "1000", "--epochs", "2"]),
            Section::new(
                ("optimizers-mnist", "7.3.4, exercise"),
                ("All optimisers on MNIST", "LeNet on MNIST with eight optimisers from the same weights: losses and test accuracies."),
                optimizers_mnist::run,
            )
            .edition("quick", &["--images", "5120", "--test-images", "1000", "--epochs", "1"]),
            Section::new(
                ("xavier", "7.4.2.2"),
                (
                    "Variances after Xavier initialisation",
                    "The variance of each layer's output in a five-layer tanh network, from Xavier's weights and from N(0, 1).",
                ),
                xavier::run,
            ),
            Section::new(
                ("xavier-training", "7.4.2.3"),
                (
                    "Training after Xavier initialisation",
                    "A tanh network 2-300-500-700-400-1 trained on the moons from Xavier's weights and from N(0, 1): the loss of each epoch.",
                ),
                xavier_training::run,
            )
            .edition("quick", &["--epochs", "15"]),
            Section::new(
                ("he", "7.4, exercise"),
                (
                    "He initialisation",
                    "The same with ReLU: variances and training from He's weights, Xavier's and N(0, 1).",
                ),
                he::run,
            )
            .edition("quick", &["--epochs", "15"]),
            Section::new(
                ("batch-norm", "7.5.1.1-7.5.1.4"),
                (
                    "Batch normalisation",
                    "A deep tanh network with and without it: net inputs of each layer, chosen means and deviations, moving averages, test mode.",
                ),
                batch_norm::run,
            ),
            Section::new(
                ("batch-norm-mnist", "7.5.1.5"),
                (
                    "Batch normalisation on MNIST",
                    "A convolutional network without and with batch normalisation: loss and accuracy of the test images every 300 steps.",
                ),
                batch_norm_mnist::run,
            )
            .edition("quick", CONV_NETS_QUICK),
            Section::new(
                ("layer-norm", "7.5.2"),
                (
                    "Layer normalisation",
                    "The same network, each sample normalised by itself: every sample has the chosen mean and deviation, and what is lost with two units.",
                ),
                layer_norm::run,
            ),
            Section::new(
                ("layer-norm-mnist", "7.5.2, exercise"),
                (
                    "Layer normalisation on MNIST",
                    "The same network without and with layer normalisation: loss and accuracy of the test images every 300 steps.",
                ),
                layer_norm_mnist::run,
            )
            .edition("quick", CONV_NETS_QUICK),
            Section::new(
                ("overfit", "7.6.1-7.6.2"),
                (
                    "A network that over-fits",
                    "A network 2-20-3-1 learns 200 noisy moons by heart; 100 others show it. One run as in the book, and the mean over 20 seeds.",
                ),
                overfit::run,
            )
            .edition("quick", QUICK),
            Section::new(
                ("l2", "7.6.3"),
                (
                    "L2 regularisation",
                    "The same network with the term (λ / 2N) Σ W² in its loss: boundaries, losses, and accuracies over 20 seeds beside those without.",
                ),
                l2::run,
            )
            .edition("quick", QUICK),
            Section::new(
                ("weight-decay", "7.6.4"),
                (
                    "Weight decay",
                    "The same network, whose parameters shrink a little in every update: boundaries, losses, and accuracies over 20 seeds.",
                ),
                weight_decay::run,
            )
            .edition("quick", QUICK),
            Section::new(
                ("dropout", "7.6.5"),
                (
                    "Dropout",
                    "The same network, of whose hidden units each step drops three in ten; compared with the other two cures over 20 seeds.",
                ),
                dropout::run,
            )
            .edition("quick", QUICK),
            Section::new(
                ("regularization-strength", "7.6, exercise"),
                (
                    "How strong should regularisation be?",
                    "L2 term, weight decay and dropout from far too weak to far too strong: accuracy against strength, and what goes wrong.",
                ),
                regularization_strength::run,
            )
            .edition("quick", &["--steps", "3000", "--seeds", "4"]),
            Section::new(
                ("weight-decay-library", "7.6, appendix"),
                (
                    "Weight decay from the library",
                    "The same network as a dfdx model with dfdx's own gradient descent, without and with its L2 decay; the bits are those by hand.",
                ),
                weight_decay_library::run,
            )
            .edition("quick", &["--steps", "5000", "--seeds", "2"]),
        ],
    }
}
