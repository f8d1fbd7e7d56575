//! `bench`: how long training takes, beside PyTorch where a `python3` with torch is found.

use crate::say;
use anyhow::Result;
use common::{
    data::{Batches, moons},
    kernels::{Activation, Loss},
    nn::{self, builder::Linear},
    ops::Device,
    optim::Sgd,
    parameters::{Initialization, Initializer},
    rng::Stream,
    scratch::{Layer, Network},
    train::{Learner, Log, Metric, Silent, Ties, Training, train},
};
use dfdx::nn::DeviceBuildExt;
use std::{
    process::{Command, ExitCode},
    time::Instant,
};

/// Runs of which the fastest counts.
const RUNS: usize = 7;

pub(crate) fn run() -> Result<ExitCode> {
    let torch = torch_seconds();
    say(&format!("{:<52} {:>10} {:>10} {:>8}", "workload", "ours", "PyTorch", "ratio"));
    let init = Initialization { weight: Initializer::STANDARD_NORMAL, bias: Initializer::ZEROS };
    let sgd = Sgd { learning_rate: 0.2 };
    let by_hand = fastest(|| {
        let mut weights = Stream::new(0, "weights");
        let layers = [(2, 5), (5, 1)].map(|shape| Layer::draw(shape, Activation::Logistic, init, &mut weights));
        Ok(Network::new(layers.to_vec(), Loss::BinaryCrossEntropy, sgd))
    })?;
    row("moons 2-5-1, 1000 steps, dev each step, by hand", by_hand, torch);
    let taped = fastest(|| {
        let mut mlp = Device::default().build_module::<(Linear<2, 5>, nn::Logistic, Linear<5, 1>, nn::Logistic), f32>();
        nn::initialize(&mut mlp, init, &mut Stream::new(0, "weights"))?;
        Ok(nn::Network::<_, _, 2, 1>::new(mlp, Loss::BinaryCrossEntropy, sgd))
    })?;
    row("moons 2-5-1, 1000 steps, dev each step, taped", taped, torch);
    if torch.is_none() {
        say("no python3 with torch here: install it to see PyTorch's times beside ours");
    }
    Ok(ExitCode::SUCCESS)
}

/// Seconds of the fastest of several trainings, each of a new network.
fn fastest<L: Learner>(network: impl Fn() -> Result<L>) -> Result<f64> {
    let split = moons::moon1000(0.5, 0);
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let training = Training {
            n_epochs: 1000,
            batches: Batches::Full,
            evaluate_every: 1,
            log: Log::Epochs { every: 50 },
            metric: Metric::Probability,
            ties: Ties::First,
        };
        let mut network = network()?;
        let start = Instant::now();
        train(&mut network, &split, training, &mut Silent)?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn torch_seconds() -> Option<f64> {
    let output = Command::new("python3").args(["-c", include_str!("bench.py")]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn row(workload: &str, ours: f64, torch: Option<f64>) {
    let milliseconds = |seconds: f64| format!("{:.1} ms", 1e3 * seconds);
    let theirs = torch.map_or_else(|| "-".to_owned(), milliseconds);
    let ratio = torch.map_or_else(|| "-".to_owned(), |torch| format!("1/{:.1}", torch / ours));
    say(&format!("{workload:<52} {:>10} {theirs:>10} {ratio:>8}", milliseconds(ours)));
}
