//! Chapter 7: network optimisation and regularisation, one module a section.

mod bowl;
mod linear_fit;
mod sections {
    pub(crate) mod adadelta;
    pub(crate) mod adagrad;
    pub(crate) mod adam;
    pub(crate) mod lr_schedules;
    pub(crate) mod momentum;
    pub(crate) mod nesterov;
    pub(crate) mod rmsprop;
    pub(crate) mod sgd;
}

use common::registry::{Chapter, Section};
use sections::{adadelta, adagrad, adam, lr_schedules, momentum, nesterov, rmsprop, sgd};

/// The sections, in the book's order.
#[must_use]
pub fn chapter() -> Chapter {
    Chapter {
        name: env!("CARGO_PKG_NAME"),
        title: "Chapter 7: network optimisation and regularisation",
        published: include_str!("../../../published/ch7-optimization.csv"),
        sections: vec![
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
        ],
    }
}
