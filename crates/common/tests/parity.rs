//! Agreement with PyTorch: every case of every fixture file, within the tolerances of `fixtures/SCHEMA.md`.
//!
//! `PARITY_FIXTURES=<folder> cargo test -p common --test parity` runs the same tests on another folder of the same schema: other
//! seeds, shapes, layers, activation functions and hyper-parameters. Nothing here knows the cases of `fixtures`. A file that the other folder
//! lacks is skipped with a note; a case that asks for what does not exist yet fails.

#[path = "support/conv_net.rs"]
mod conv_net;
#[path = "support/images.rs"]
mod images;
#[path = "support/lenet.rs"]
mod lenet;
#[path = "support/mlp.rs"]
mod mlp;
#[path = "support/networks.rs"]
mod networks;
#[path = "support/normalization.rs"]
mod normalization;
#[path = "support/optimizers.rs"]
mod optimizers;
#[path = "support/stepping.rs"]
mod stepping;
mod support;

use common::{
    data::{Labels, Samples, moons},
    kernels::{activation::Activated, dropout, isa::Isa},
    layers,
    matrix::Matrix,
    parameters::Initializer,
    train::Decision,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use support::{Tensor, Tolerance, check, read};

/// A file of cases.
#[derive(Deserialize)]
struct Cases<T> {
    kind: String,
    cases: Vec<T>,
}

/// The cases of `<kind>.json`; none if another folder does not have it.
#[track_caller]
fn cases<T: serde::de::DeserializeOwned>(kind: &str) -> Vec<T> {
    let Some(file) = read::<Cases<T>>(&format!("{kind}.json")) else { return Vec::new() };
    assert_eq!(file.kind, kind, "{kind}.json: its kind");
    assert!(!file.cases.is_empty(), "{kind}.json: no cases");
    file.cases
}

/// Largest gap of one forward and backward pass, relative to the largest entry.
const SINGLE_PASS: f64 = 1e-5;

/// Compares the values of one forward or backward pass.
#[track_caller]
fn check_pass(what: &str, ours: &[f32], expected: &[f64]) {
    let largest = expected.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    check(what, ours, expected, Tolerance { relative: 0.0, absolute: SINGLE_PASS * largest });
}

/// Each value within 1e-5 of its own size, or of one (of the largest, if that is smaller): nowhere wider than the schema's 1e-5 of the
/// largest entry.
#[track_caller]
fn check_single_pass(what: &str, ours: &[f32], expected: &[f64]) {
    let largest = expected.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    for (i, (ours, expected)) in ours.iter().zip(expected).enumerate() {
        let absolute = 1e-5 * expected.abs().max(largest.min(1.0));
        check(&format!("{what} {i}"), &[*ours], &[*expected], Tolerance { relative: 0.0, absolute });
    }
    assert_eq!(ours.len(), expected.len(), "{what}: number of values");
}

#[derive(Deserialize)]
struct ActivationCase {
    name: String,
    param: f64,
    x: Tensor,
    y_f32: Tensor,
    dy_f32: Tensor,
}

#[test]
fn activations_and_their_derivatives_agree() {
    for case in cases::<ActivationCase>("activations") {
        let (f, z) = (mlp::activation(&case.name, case.param), case.x.values());
        let (mut a, mut dz) = (vec![f32::NAN; z.len()], vec![f32::NAN; z.len()]);
        f.forward(Isa::best(), &z, &mut a);
        f.backward(Isa::best(), Activated { z: &z, a: &a }, &vec![1.0; z.len()], &mut dz);
        check_single_pass(&format!("{f:?}, value"), &a, &case.y_f32.data);
        check_single_pass(&format!("{f:?}, derivative"), &dz, &case.dy_f32.data);
    }
}

#[derive(Deserialize)]
struct LossCase {
    name: String,
    x: Tensor,
    y: Tensor,
    loss_f32: f64,
    dx_f32: Tensor,
}

#[test]
fn losses_and_their_gradients_agree() {
    for case in cases::<LossCase>("losses") {
        let loss = mlp::loss(&case.name);
        let (outputs, labels) = (case.x.matrix(), mlp::labels(&case.y, loss));
        let value = layers::loss(loss, &outputs, labels.targets());
        check(&format!("{loss:?}"), &[value], &[case.loss_f32], Tolerance { relative: 1e-5, absolute: 0.0 });
        let gradient = layers::loss_backward(loss, &outputs, labels.targets());
        check_single_pass(&format!("{loss:?}, gradient"), gradient.values(), &case.dx_f32.data);
    }
}

/// Makes all runs of a file; a run without samples takes those of the run before it.
#[track_caller]
fn check_runs(kind: &str) {
    let mut samples = None;
    for case in cases::<mlp::Case>(kind) {
        samples = case.samples().or(samples);
        case.check(samples.as_ref().unwrap_or_else(|| panic!("{}: no samples", case.name)));
    }
}

#[test]
fn training_on_moons_agrees() {
    check_runs("mlp_moons");
}

#[test]
fn gradients_of_deep_networks_agree() {
    check_runs("mlp_gradients");
}

#[test]
fn training_on_iris_in_mini_batches_agrees() {
    check_runs("mlp_iris");
}

#[test]
fn training_on_small_digits_with_adam_agrees() {
    check_runs("mlp_mnist_adam");
}

#[test]
fn training_with_soft_max_and_squared_error_agrees() {
    check_runs("mlp_dfn_xor");
}

#[test]
fn training_on_the_sources_own_numbers_agrees() {
    check_runs("seed000_exact");
}

#[test]
fn training_with_regularization_agrees() {
    check_runs("mlp_regularization");
}

#[derive(Deserialize)]
struct DropoutCase {
    rate: f64,
    x: Tensor,
    mask: Tensor,
    dy: Tensor,
    y_f32: Tensor,
    dx_f32: Tensor,
}

#[test]
fn dropout_agrees() {
    for case in cases::<DropoutCase>("dropout") {
        let keep: Vec<bool> = case.mask.values().iter().map(|keep| *keep != 0.0).collect();
        for (name, from, expected) in [("y", &case.x, &case.y_f32), ("dx", &case.dy, &case.dx_f32)] {
            let mut to = vec![f32::NAN; keep.len()];
            dropout::apply(Isa::best(), case.rate as f32, &keep, &from.values(), &mut to);
            check_single_pass(&format!("dropout at rate {}, {name}", case.rate), &to, &expected.data);
        }
    }
}

/// What `seed000_exact` holds beside its cases.
#[derive(Deserialize)]
struct HeldOut {
    x_dev: Tensor,
    y_dev: Tensor,
    x_test: Tensor,
    y_test: Tensor,
}

#[test]
fn the_best_models_score_what_the_source_printed() {
    let Some(held_out) = read::<HeldOut>("seed000_exact.json") else { return };
    let mut samples = None;
    for case in cases::<mlp::Case>("seed000_exact") {
        samples = case.samples().or(samples);
        let train = samples.as_ref().unwrap_or_else(|| panic!("{}: no samples", case.name));
        let dev = Samples { x: held_out.x_dev.matrix(), y: case.labels(&held_out.y_dev) };
        let test = Samples { x: held_out.x_test.matrix(), y: case.labels(&held_out.y_test) };
        case.check_printed_evaluation(train, &dev, &test);
    }
}

#[test]
fn optimisers_move_alike() {
    let Some(given) = read::<optimizers::GivenGradients>("optimizers.json") else { return };
    given.check();
}

#[test]
fn paths_over_functions_agree() {
    cases::<optimizers::Trajectory>("opt_trajectories").iter().for_each(optimizers::Trajectory::check);
}

#[test]
fn schedules_agree() {
    cases::<optimizers::Rates>("schedules").iter().for_each(optimizers::Rates::check);
}

#[test]
fn linear_fits_agree() {
    let Some(fit) = read::<optimizers::LinearFit>("linear_fit.json") else { return };
    fit.check();
}

/// What `paddle_gpu_rng` holds beside its cases: fits of the source's own data.
#[derive(Deserialize)]
struct SourceFits {
    #[serde(default)]
    linear_fit: Vec<optimizers::SourceFit>,
}

#[test]
fn linear_fits_of_the_sources_own_data_agree() {
    let Some(SourceFits { linear_fit }) = read("paddle_gpu_rng.json") else { return };
    linear_fit.iter().for_each(optimizers::SourceFit::check);
}

#[derive(Deserialize)]
struct Metrics {
    moons_unshuffled_noise_free: Vec<HalfCircles>,
    accuracy: Map<String, Value>,
    xavier: Vec<Spread>,
}

/// The spread of a layer's first weights.
#[derive(Deserialize)]
struct Spread {
    fan_in: usize,
    fan_out: usize,
    normal_std: f64,
    uniform_r: f64,
    he_std: f64,
    he_uniform_r: f64,
}

#[derive(Deserialize)]
struct HalfCircles {
    n: usize,
    x_f32: Tensor,
    y: Tensor,
}

#[test]
fn half_circles_agree() {
    let Some(metrics) = read::<Metrics>("data_metrics.json") else { return };
    assert!(!metrics.moons_unshuffled_noise_free.is_empty(), "no half circles");
    for HalfCircles { n, x_f32, y } in metrics.moons_unshuffled_noise_free {
        let ours = moons::half_circles(n);
        assert_eq!(ours.x.rows(), n, "number of points");
        // The fixture's points come from sines and cosines in f32.
        check(&format!("{n} half circles"), ours.x.values(), &x_f32.data, Tolerance { relative: 0.0, absolute: 5e-7 });
        assert_eq!(ours.y, Labels::Values(Matrix::new(n, 1, y.values())), "{n} half circles: classes");
    }
}

#[test]
fn initial_weights_spread_alike() {
    let Some(metrics) = read::<Metrics>("data_metrics.json") else { return };
    assert!(!metrics.xavier.is_empty(), "no spreads of initial weights");
    for Spread { fan_in, fan_out, normal_std, uniform_r, he_std, he_uniform_r } in metrics.xavier {
        let expected = [normal_std, uniform_r, he_std, he_uniform_r];
        let initializers = [Initializer::XavierNormal, Initializer::XavierUniform, Initializer::HeNormal, Initializer::HeUniform];
        for (initializer, expected) in initializers.into_iter().zip(expected) {
            let ours = match initializer.resolved(&[fan_in, fan_out]) {
                Initializer::Normal { mean: 0.0, deviation } => deviation,
                Initializer::Uniform { low, high } if low == -high => high,
                other => panic!("{initializer:?} became {other:?}"),
            };
            let what = format!("{initializer:?} of {fan_in} x {fan_out}");
            check(&what, &[ours], &[expected], Tolerance { relative: 1e-7, absolute: 0.0 });
        }
    }
}

#[test]
fn ties_are_scored_alike() {
    let Some(Metrics { accuracy, .. }) = read("data_metrics.json") else { return };
    let tensor = |group: &str, name: &str| -> Tensor { parse(&accuracy[group][name]) };
    let classes = |group: &str, prefix: &str| -> Vec<usize> {
        let group = accuracy[group].as_object().expect("a group of values");
        let (_, classes) = group.iter().find(|(key, _)| key.starts_with(prefix)).unwrap_or_else(|| panic!("no {prefix}"));
        parse(classes)
    };

    let (outputs, labels) = (tensor("prob", "p").matrix(), Labels::Values(tensor("prob", "y").matrix()));
    assert_eq!(Decision::Probability.classes(&outputs), classes("prob", "predictions"));
    let expected = accuracy["prob"]["accuracy_p_ge_0.5"].as_f64().expect("an accuracy");
    let ours = Decision::Probability.accuracy(&outputs, &labels);
    check("accuracy of probabilities", &[ours], &[expected], Tolerance { relative: 1e-7, absolute: 0.0 });

    assert_eq!(Decision::Logit.classes(&tensor("logits", "z").matrix()), classes("logits", "predictions_z_gt_0"));
    assert_eq!(Decision::Argmax.classes(&tensor("multiclass", "z").matrix()), classes("multiclass", "argmax_first_wins"));
}

#[track_caller]
fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
}
