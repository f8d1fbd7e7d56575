//! A training run that was interrupted and taken up again ends with the bits of one that was not.

use common::{
    data::{Batches, Labels, Samples},
    kernels::Loss,
    matrix::Matrix,
    nn::{
        Relu, Sequential,
        builder::{BatchNorm, Linear},
    },
    optim::Adam,
    parameters::{Initialization, Initializer, Parameters},
    rng::Stream,
    train::{Course, Journal, Learner, Lessons, Metric},
};
use std::path::Path;

type Net = (Linear<6, 8>, BatchNorm<8>, Relu, Linear<8, 3>);

fn network() -> Sequential<Adam> {
    let mut network = Sequential::new::<Net>(Loss::SoftmaxCrossEntropy, Adam::new(0.01, (0.9, 0.999), 1e-8));
    let spread = Initializer::Normal { mean: 0.0, deviation: 0.5 };
    network.initialize(Initialization { weight: spread, bias: spread }, &mut Stream::new(0, "weights"));
    network
}

fn samples() -> Samples {
    let mut stream = Stream::new(1, "samples");
    let x = Matrix::new(70, 6, stream.normals(420, 0.0, 1.0));
    Samples { x, y: Labels::Classes((0..70).map(|_| stream.below(3) as usize).collect()) }
}

fn course(network: &impl Learner, n_epochs: usize) -> Course {
    let batches = Batches::Shuffled { size: 16, stream: Box::new(Stream::new(0, "shuffle")) };
    Course::new(Lessons { n_epochs, samples: 70, batches, log_every: 3, metric: Metric::Argmax }, network)
}

/// A journal that keeps its lines.
#[derive(Debug, Default, PartialEq)]
struct Lines(Vec<String>);

impl Journal for Lines {
    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        self.0.push(line.to_owned());
        Ok(())
    }

    fn progress(&mut self, _: usize, _: usize, _: f32) {}
}

fn train(course: &mut Course, network: &mut Sequential<Adam>, epochs: usize, journal: &mut Lines) {
    let samples = samples();
    for _ in 0..epochs {
        course.epoch(network, &samples, journal, |_, _, _| Ok(())).expect("an epoch");
        course.evaluate(network, &samples, journal).expect("an evaluation");
    }
}

/// Through a file, as an interrupted run does.
fn through_a_file(saved: &Parameters, folder: &Path) -> Parameters {
    let path = folder.join("resume.safetensors");
    std::fs::write(&path, saved.to_safetensors().expect("bytes")).expect("a file");
    Parameters::read(&path).expect("a checkpoint")
}

#[test]
fn a_resumed_run_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut whole, mut first) = (network(), network());
    let mut uninterrupted = course(&whole, 4);
    let (mut lines, mut lost, mut again) = (Lines::default(), Lines::default(), Lines::default());
    train(&mut uninterrupted, &mut whole, 4, &mut lines);
    let mut interrupted = course(&first, 4);
    train(&mut interrupted, &mut first, 2, &mut lost);
    let saved = through_a_file(&interrupted.save(&first, "lr 0.01"), folder.path());

    let mut second = network();
    let mut resumed = course(&second, 4).resume(&mut second, (&saved, "lr 0.01"), &mut again).expect("to go on");
    assert_eq!(resumed.epochs(), 2);
    train(&mut resumed, &mut second, 2, &mut again);
    assert_eq!(again, lines);
    assert_eq!(resumed.history(), uninterrupted.history());
    assert_eq!(second.parameters(), whole.parameters());
    assert_eq!(second.optimizer_state(), whole.optimizer_state());
}

#[test]
fn other_settings_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut network = network();
    let mut begun = course(&network, 2);
    train(&mut begun, &mut network, 1, &mut Lines::default());
    let saved = through_a_file(&begun.save(&network, "lr 0.01, seed 0"), folder.path());
    let other = (&saved, "lr 0.02, seed 0");
    let error = course(&network, 2).resume(&mut network, other, &mut Lines::default()).unwrap_err().to_string();
    assert_eq!(
        error,
        "it was saved by a run with lr 0.01, seed 0, not with lr 0.02, seed 0: train from the start, or use its settings"
    );
}
