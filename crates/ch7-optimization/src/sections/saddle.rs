//! 7.3.4 · Optimisers on a surface
//!
//! Five optimisers walk over f(x) = x₁² + x₂² + x₂³ + x₁x₂ from (2, 3), 150 steps each, with the book's learning rates: the surface in
//! three dimensions, their paths on it as a picture and as an animation, and over contours.
//!
//! Seen: what the book calls a saddle is a minimum, and Momentum alone overruns it, to fall without end. At a true saddle all but
//! gradient descent get away.
//!
//! Departs from the book:
//! 1. It takes (0, 0) for a saddle that an optimiser should leave. It is a minimum: the Hessian there has the eigenvalues 1 and 3.
//!    The saddle is at (0.25, −0.5), 0.0625 higher, and beyond it f falls without end. What is observed is what the book
//!    reports: only Momentum leaves, the others come near (0, 0). But coming to rest there is right, and Momentum does not escape: too
//!    fast when it comes down from (2, 3), it is carried over the saddle and diverges until its numbers are no longer finite.
//! 2. So a function with a saddle at (0, 0) stands beside it: x₁² − x₂² from (2, −0.01), nearly on the ridge that leads into the saddle.
//!    Gradient descent alone is still there after 150 steps: the slope that leads away grows by only 2 % per step. The
//!    methods that divide by the size of the gradient take full steps along it from the start, however gentle it is; Momentum
//!    adds up the small pushes, and is out of the figure at step 60.
//! 3. Paths are cut at the edge of the figures.

use crate::{
    bowl,
    terrain::{BOOK, EDGE, Point, SADDLE, Terrain, Walk},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{finite, fraction, one_to, positive},
    lab::{Column, Lab},
    optim::{AdaGrad, Adam, BETA, BETA1, BETA2, EPSILON, EpsPlacement, Method, Momentum, RHO, RmsProp, Sgd},
    parameters::{Parameter, Parameters},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "saddle",
        book: "7.3.4",
        title: "Optimisers on a surface",
        summary: "Five optimisers walk over a surface in three dimensions: which of them stay at its minimum, and which get away from a saddle.",
    };
    Section::new(heading, [include_str!("saddle.rs"), include_str!("saddle.zh.md")], run)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Steps of each optimiser
    #[arg(long, default_value_t = 150, value_parser = one_to::<{ bowl::MOST_STEPS }>)]
    steps: usize,
    /// First coordinate of the start
    #[arg(long, default_value_t = 2.0, value_parser = finite, allow_negative_numbers = true)]
    x1: f32,
    /// Second coordinate of the start
    #[arg(long, default_value_t = 3.0, value_parser = finite, allow_negative_numbers = true)]
    x2: f32,
    /// Second coordinate of the start on the function with a true saddle: the distance from its ridge
    #[arg(long, default_value_t = -0.01, value_parser = finite, allow_negative_numbers = true)]
    offset: f32,
    /// Learning rate of SGD
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    sgd_lr: f32,
    /// Learning rate of AdaGrad
    #[arg(long, default_value_t = 0.5, value_parser = positive)]
    adagrad_lr: f32,
    /// Learning rate of RMSprop
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    rmsprop_lr: f32,
    /// Decay of RMSprop's mean of squares
    #[arg(long, default_value_t = BETA, value_parser = fraction)]
    beta: f32,
    /// Learning rate of Momentum
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    momentum_lr: f32,
    /// Share of the last step that Momentum keeps
    #[arg(long, default_value_t = RHO, value_parser = fraction)]
    rho: f32,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    adam_lr: f32,
    /// Decay of Adam's mean of gradients
    #[arg(long, default_value_t = BETA1, value_parser = fraction)]
    beta1: f32,
    /// Decay of Adam's mean of squares
    #[arg(long, default_value_t = BETA2, value_parser = fraction)]
    beta2: f32,
    /// Added to what AdaGrad, RMSprop and Adam take the root of
    #[arg(long, default_value_t = EPSILON, value_parser = positive)]
    epsilon: f32,
}

/// Walks over both functions, prints where the walks end, and draws them.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let mut ends = Vec::new();
    for (terrain, start) in [(BOOK, [args.x1, args.x2]), (SADDLE, [args.x1, args.offset])] {
        let walks = methods(args).map(|method| terrain.walk(method, start, args.steps));
        print_stationary(&terrain, lab)?;
        print_walks(&terrain, &walks, lab)?;
        terrain.draw(&walks, lab)?;
        claim(&terrain, &walks, lab);
        ends.extend(walks.iter().map(|walk| Parameter {
            name: format!("{}.{}", terrain.name, walk.name),
            shape: vec![2],
            values: walk.end().to_vec(),
        }));
    }
    lab.fingerprint(&Parameters(ends));
    Ok(())
}

/// The five, in the book's order.
fn methods(args: &Args) -> [Method; 5] {
    let (epsilon, eps_placement) = (args.epsilon, EpsPlacement::InsideRoot);
    [
        Method::new("SGD", Sgd, args.sgd_lr),
        Method::new("AdaGrad", AdaGrad { epsilon, eps_placement }, args.adagrad_lr),
        Method::new("RMSprop", RmsProp { beta: args.beta, epsilon, eps_placement }, args.rmsprop_lr),
        Method::new("Momentum", Momentum { rho: args.rho }, args.momentum_lr),
        Method::new("Adam", Adam::new(args.beta1, args.beta2, epsilon), args.adam_lr),
    ]
}

/// Where the function is flat, and what it is there.
fn print_stationary(terrain: &Terrain, lab: &mut Lab) -> Result<()> {
    let space = if terrain.name == BOOK.name { "" } else { "\n" };
    writeln!(lab, "{space}f(x) = {}", terrain.formula)?;
    let columns =
        [Column::text("gradient 0 at"), Column::number("f(x)"), Column::text("eigenvalues of the Hessian"), Column::text("kind")];
    let rows = terrain.stationary.iter().map(|&point| {
        let (lower, upper) = terrain.curvatures(point);
        let kind = if terrain.is_saddle(point) { "saddle" } else { "minimum" };
        let eigenvalues = format!("{lower:>7.4}  {upper:>7.4}");
        vec![text(point), format!("{:.4}", (terrain.value)(point)), eigenvalues, kind.to_owned()]
    });
    lab.table(&columns, rows)
}

/// Where each walk ends.
fn print_walks(terrain: &Terrain, walks: &[Walk], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nFrom {}, the last point with finite numbers", text(walks[0].points[0]))?;
    let mut rows = Vec::new();
    for walk in walks {
        let ([x1, x2], step) = (walk.end(), walk.points.len() - 1);
        let value = (terrain.value)(walk.end());
        let leaves = walk.leaves().map(|step| format!("leaves [-3, 3]² at step {step}"));
        let diverges = walk.diverges.map(|step| format!("diverges at step {step}"));
        let outcome: Vec<String> = leaves.into_iter().chain(diverges).collect();
        let outcome = if outcome.is_empty() { "stays".to_owned() } else { outcome.join(", ") };
        let [at1, at2, f] = [x1, x2, value].map(number);
        rows.push(vec![walk.name.clone(), step.to_string(), at1, at2, f, outcome]);
        for (what, value) in [("x1", x1), ("x2", x2), ("f", value)] {
            lab.metric(format!("{}, {}, {what}", terrain.name, walk.name), value);
        }
        let values = walk.points.iter().map(|&point| (terrain.value)(point)).enumerate();
        lab.curve(format!("{}, {}, f", terrain.name, walk.name), values);
    }
    let numbers = ["step", "x₁", "x₂", "f(x)"].map(Column::number);
    lab.table(&[&[Column::text("optimiser")], &numbers[..], &[Column::text("outcome")]].concat(), rows)
}

fn text([x1, x2]: Point) -> String {
    format!("({x1}, {x2})")
}

/// Eight decimals, or a power of ten for what has run away.
fn number(value: f32) -> String {
    if value.abs() < 1e4 { format!("{value:.8}") } else { format!("{value:.4e}") }
}

/// What the section is there to show.
fn claim(terrain: &Terrain, walks: &[Walk], lab: &mut Lab) {
    let formula = terrain.formula;
    let flat = terrain.stationary.iter().all(|&point| (terrain.gradient)(point) == [0.0, 0.0]);
    lab.claim(format!("the gradient of {formula} is exactly 0 at each point listed"), flat);
    let near = |walk: &Walk| walk.distance() < 0.5;
    let all_but = |name: &str, test: &dyn Fn(&Walk) -> bool| walks.iter().all(|walk| test(walk) == (walk.name != name));
    if terrain.name == BOOK.name {
        lab.claim("(0, 0) is a minimum of it, not a saddle", !terrain.is_saddle([0.0, 0.0]));
        lab.claim("all but Momentum end within 0.5 of this minimum", all_but("Momentum", &near));
        let falls = |walk: &Walk| walk.name == "Momentum" && walk.diverges.is_some() && walk.end()[1] < -EDGE;
        lab.claim("Momentum leaves, and diverges where f falls without end", walks.iter().any(falls));
    } else {
        lab.claim("(0, 0) is a saddle of it", terrain.is_saddle([0.0, 0.0]));
        lab.claim("all but SGD get away from this saddle", all_but("SGD", &|walk| walk.leaves().is_some()));
        lab.claim("SGD ends within 0.5 of it", walks.iter().any(|walk| walk.name == "SGD" && near(walk)));
    }
}
