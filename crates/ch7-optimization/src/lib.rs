//! Chapter 7: network optimisation and regularisation, one module per section.

mod batch_extremes;
mod bowl;
mod comparison;
mod decayed_adam;
mod digits;
mod dropout_moments;
mod linear_fit;
mod moons300;
mod moving_averages;
mod net_inputs;
mod regularization_study;
mod regularizer;
mod replays;
mod small_batches;
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
    pub(crate) mod l1;
    pub(crate) mod l2;
    pub(crate) mod layer_norm;
    pub(crate) mod layer_norm_mnist;
    pub(crate) mod lr_schedules;
    pub(crate) mod momentum;
    pub(crate) mod nesterov;
    pub(crate) mod optimizers;
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

use common::registry::Chapter;
use sections::{
    adadelta, adagrad, adam, adamw, batch_norm, batch_norm_mnist, batch_size, batch_size_iterations, batch_size_or_lr, dropout,
    he, l1, l2, layer_norm, layer_norm_mnist, lr_schedules, momentum, nesterov, optimizers, optimizers_mnist, overfit,
    regularization_strength, rmsprop, saddle, sgd, weight_decay, weight_decay_library, xavier, xavier_training,
};

/// The chapter's sections in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Chapter 7: network optimisation and regularisation",
        published: include_str!("../../../published/ch7-optimization.csv"),
        sections: vec![
            batch_size::section(),
            batch_size_iterations::section(),
            batch_size_or_lr::section(),
            sgd::section(),
            lr_schedules::section(),
            adagrad::section(),
            rmsprop::section(),
            adadelta::section(),
            momentum::section(),
            nesterov::section(),
            adam::section(),
            optimizers::section(),
            saddle::section(),
            adamw::section(),
            optimizers_mnist::section(),
            xavier::section(),
            xavier_training::section(),
            he::section(),
            batch_norm::section(),
            batch_norm_mnist::section(),
            layer_norm::section(),
            layer_norm_mnist::section(),
            overfit::section(),
            l2::section(),
            l1::section(),
            weight_decay::section(),
            dropout::section(),
            regularization_strength::section(),
            weight_decay_library::section(),
        ],
    }
}
