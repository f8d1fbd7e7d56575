//! 4.4.1 · Random first values
//!
//! What breaks the symmetry of `zero-init`: parameters drawn from a distribution, here N(0, 1) and the uniform distribution on [−1, 1). Samples of
//! both are drawn as histograms, normalised to an area of 1, with the true density over them. Mean and standard deviation
//! of n samples miss the true ones by their standard errors, `σ/√n` and `√((κ − 1)/(4n))·σ`, where κ is the fourth moment over σ⁴.
//!
//! Then the network of `zero-init` takes its steps from weights of each distribution: its hidden units, equal there to the bit, are told
//! apart by the distance between the parameters of the two that are most alike.
//!
//! Seen: random first values differ from unit to unit, which is all it takes to break the symmetry; their means and standard
//! deviations are what the distributions say, but for chance.

use super::zero_init::{EPOCHS, HIDDEN, LEARNING_RATE, Units};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{Chain, linear, logistic},
    cli::one_to,
    data::{Batches, moons},
    kernels::{Loss, functions::exp, reduce::mean_and_deviation},
    lab::{Column, Lab, row},
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    plot::{Histogram, Histograms, theme},
    registry::{Heading, Section},
    train::{Decision, Network, Trainer, TrainingConfig},
};
use std::{f64::consts::PI, fmt::Write};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "init-histograms",
        book: "4.4.1",
        title: "Random first values",
        summary: "Samples of the normal and of the uniform distribution: histograms with the true density, mean and standard deviation.",
    };
    Section::new(heading, [include_str!("init_histograms.rs"), include_str!("init_histograms.zh.md")], run)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Samples of each distribution
    #[arg(long, default_value_t = 10_000, value_parser = one_to::<MOST_SAMPLES>)]
    samples: usize,
    /// Bins of each histogram
    #[arg(long, default_value_t = 200, value_parser = one_to::<MOST_BINS>)]
    bins: usize,
}

/// Samples that fit into any machine's memory.
const MOST_SAMPLES: usize = 1_000_000;
/// Bins that can still be told apart.
const MOST_BINS: usize = 1000;

/// Samples of a distribution with mean 0, and what is true of it.
struct Drawn {
    name: &'static str,
    title: &'static str,
    samples: Vec<f64>,
    sd: f64,
    /// Fourth moment over σ⁴.
    kurtosis: f64,
    density: Vec<(f64, f64)>,
}

/// Draws samples of both distributions, their mean, standard deviation and histogram.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let normal = lab.stream("normal histogram").normals(args.samples, 0.0, 1.0);
    let uniform = lab.stream("uniform histogram").uniforms(args.samples, -1.0, 1.0);
    let wide = |samples: Vec<f32>| samples.into_iter().map(f64::from).collect();
    let bell = |x: f64| f64::from(exp((-x * x / 2.0) as f32)) / (2.0 * PI).sqrt();
    let distributions = [
        Drawn {
            name: "N(0, 1)",
            title: "Normal, N(0, 1)",
            samples: wide(normal),
            sd: 1.0,
            kurtosis: 3.0,
            density: (-80..=80).map(|i| f64::from(i) / 20.0).map(|x| (x, bell(x))).collect(),
        },
        Drawn {
            name: "U[-1, 1)",
            title: "Uniform, U[−1, 1)",
            samples: wide(uniform),
            sd: 1.0 / 3.0f64.sqrt(),
            kurtosis: 9.0 / 5.0,
            density: vec![(-1.0, 0.0), (-1.0, 0.5), (1.0, 0.5), (1.0, 0.0)],
        },
    ];
    let mut rows = Vec::new();
    let mut figure = Histograms::new("First values of parameters");
    let mut within = true;
    for (drawn, color) in distributions.iter().zip([theme::DEV, theme::TRAIN]) {
        let (mean, sd) = mean_and_deviation(&drawn.samples);
        let n = args.samples as f64;
        let errors = [drawn.sd / n.sqrt(), drawn.sd * ((drawn.kurtosis - 1.0) / (4.0 * n)).sqrt()];
        for (what, truth, found, error) in [("mean", 0.0, mean, errors[0]), ("standard deviation", drawn.sd, sd, errors[1])] {
            let off = (found - truth) / error;
            let numbers = [truth, found, error].map(|number| format!("{number:.5}"));
            let cells = [what.to_owned()].into_iter().chain(numbers).chain([format!("{off:.2}")]);
            rows.push(row(drawn.name, cells));
            lab.metric(format!("{} {what}", drawn.name), found);
            within &= off.abs() <= 4.0;
        }
        let histogram = Histogram::new(drawn.title, &drawn.samples, args.bins).x_label("value").colored(color);
        figure = figure.panel(histogram.with_density(drawn.density.iter().copied()));
    }
    let numbers = ["true", "found", "standard error", "difference in standard errors"].map(Column::number);
    lab.table(&[vec![Column::text("samples of"), Column::text("")], numbers.to_vec()].concat(), rows)?;
    lab.figure("histograms", &figure.render()?)?;
    lab.claim("mean and standard deviation are within four standard errors of the true ones", within);
    let inside = distributions[1].samples.iter().all(|x| (-1.0..1.0).contains(x));
    lab.claim("every uniform sample lies in [−1, 1)", inside);
    break_symmetry(lab)
}

/// Trains the network of `zero-init` from weights of each distribution; the biases are zero.
fn break_symmetry(lab: &mut Lab) -> Result<()> {
    let split = moons::moon1000(moons::NOISE, lab.seed());
    writeln!(lab, "\n2-{HIDDEN}-1 on the moons, {EPOCHS} epochs: distance between the two hidden units that are most alike")?;
    let (mut rows, mut apart) = (Vec::new(), true);
    for (name, weight) in [("N(0, 1)", Initializer::STANDARD_NORMAL), ("U[-1, 1)", Initializer::Uniform { low: -1.0, high: 1.0 })]
    {
        let layers = [linear(2, HIDDEN), logistic(), linear(HIDDEN, 1), logistic()];
        let init = Initialization { weight, bias: Initializer::ZEROS };
        let mut network = Chain::new(layers, Loss::BinaryCrossEntropy).initialized(init, &mut lab.stream("first weights"));
        let mut distances = vec![Units::of(&network.parameters())?.least_distance()];
        let config = TrainingConfig::new(EPOCHS, Batches::Full, Decision::Probability);
        let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), &split.train, config)?;
        while run.forward_backward()?.is_some() {
            run.update(LEARNING_RATE)?;
            distances.push(Units::of(&run.network().parameters())?.least_distance());
        }
        let ends = [("before the first update", distances[0]), ("after the last", distances[EPOCHS])];
        lab.metrics(ends.map(|(when, distance)| (format!("{name}: least distance of two hidden units {when}"), distance)));
        rows.push(row(name, ends.map(|(_, distance)| format!("{distance:.4}"))));
        apart &= distances.iter().all(|distance| *distance > 0.1);
    }
    lab.table(&Column::labelled("weights from", ["before the first update", "after the last"]), rows)?;
    lab.claim("from either distribution no two hidden units come nearer than 0.1, before, between and after the updates", apart);
    Ok(())
}
