//! Runs of multi-layer perceptrons as fixtures describe them, and the same runs as chains.

use crate::{
    optimizers::Named,
    stepping::Stepping,
    support::{Tensor, Tolerance, check, note},
};
use common::{
    chain::{Chain, LayerSpec, activation as activate, dropout, group, linear},
    data::{Batches, Labels, Samples},
    kernels::{Activation, Loss},
    layers::Masks,
    parameters::{Parameter, Parameters},
    train::{Decision, Network, Outcome, Trainer, TrainingConfig, evaluate},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::slice;

/// Losses of up to a thousand steps.
const LOSSES: Tolerance = Tolerance { relative: 2e-5, absolute: 1e-6 };
/// Parameters after up to a thousand steps.
const PARAMETERS: Tolerance = Tolerance { relative: 0.0, absolute: 5e-5 };
/// Largest gap between outputs of networks whose parameters agree, relative to the largest output or one.
const OUTPUTS: f64 = 5e-5;
/// Largest gap of one forward and backward pass, relative to the largest entry.
const SINGLE_PASS: f64 = 1e-5;
/// What is allowed beyond the gap between the f32 and the f64 run of the fixture itself, where values are all rounding.
const ROUNDING: f64 = 10.0;
/// Losses that the source printed after computing products in TF32.
const PRINTED_LOSSES: Tolerance = Tolerance { relative: 0.0, absolute: 1e-4 };
/// Gradient norms likewise.
const PRINTED_NORMS: Tolerance = Tolerance { relative: 2.5e-3, absolute: 0.0 };
/// Accuracies, of which the source printed four or five decimals.
const PRINTED_ACCURACIES: Tolerance = Tolerance { relative: 0.0, absolute: 5.1e-5 };

/// One run.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    x: Tensor,
    y: Tensor,
    layers: Vec<Layer>,
    loss: String,
    optimizer: Named,
    steps: usize,
    l2_lambda: f64,
    weight_decay: f64,
    batches: Vec<Vec<usize>>,
    dropout_rate: f64,
    dropout_masks: Vec<Vec<Tensor>>,
    grad_norms_first_f32: Vec<f64>,
    #[serde(default)]
    grad_norms_first_f64: Vec<f64>,
    grads_first_f32: Option<Vec<Tensor>>,
    grads_first_f64: Option<Vec<Tensor>>,
    losses_f32: LossLog,
    params_per_step_f32: Option<Vec<Vec<Tensor>>>,
    final_params_f32: Vec<Tensor>,
    final_full_data_loss_f32: f64,
    final_outputs_first8_f32: Tensor,
    #[serde(default)]
    printed: Map<String, Value>,
}

#[derive(Deserialize)]
struct Layer {
    w: Tensor,
    b: Tensor,
    act: String,
    act_param: f64,
}

#[derive(Deserialize)]
struct LossLog {
    step: Vec<usize>,
    loss: Vec<f64>,
}

/// What a run of ours leaves.
struct Run {
    network: Chain,
    losses: Vec<f32>,
    first_gradients: Vec<Vec<f32>>,
    parameters: Vec<Parameters>,
}

/// The activation function of the given name.
#[track_caller]
pub(crate) fn activation(name: &str, parameter: f64) -> Activation {
    let parameter = parameter as f32;
    match name {
        "identity" => Activation::Identity,
        "logistic" => Activation::Logistic,
        "tanh" => Activation::Tanh,
        "relu" => Activation::Relu,
        "leaky_relu" => Activation::LeakyRelu { slope: parameter },
        "hard_logistic" => Activation::HardLogistic,
        "hard_tanh" => Activation::HardTanh,
        "elu" => Activation::Elu { alpha: parameter },
        "softplus" => Activation::Softplus,
        "swish" => Activation::Swish { beta: parameter },
        other => panic!("there is no activation function {other}"),
    }
}

/// The loss function of the given name.
#[track_caller]
pub(crate) fn loss(name: &str) -> Loss {
    match name {
        "bce" => Loss::BinaryCrossEntropy,
        "bce_logits" => Loss::BinaryCrossEntropyWithLogits,
        "softmax_ce" => Loss::SoftmaxCrossEntropy,
        "mse_mean" => Loss::MeanSquaredError,
        "half_mse_per_sample" => Loss::HalfSquaredError,
        other => panic!("there is no loss function {other}"),
    }
}

/// The labels as `loss` takes them: classes for the soft-max, values for all others.
pub(crate) fn labels(y: &Tensor, loss: Loss) -> Labels {
    match loss {
        Loss::SoftmaxCrossEntropy => Labels::Classes(y.values().iter().map(|&class| class as usize).collect()),
        _ => Labels::Values(y.matrix()),
    }
}

impl Case {
    /// The samples of the run; none where it takes over those of the run before it.
    pub(crate) fn samples(&self) -> Option<Samples> {
        (!self.x.data.is_empty()).then(|| Samples { x: self.x.matrix(), y: self.labels(&self.y) })
    }

    /// `y` as the loss of this run takes it.
    pub(crate) fn labels(&self, y: &Tensor) -> Labels {
        labels(y, loss(&self.loss))
    }

    /// The network before its first step.
    fn network(&self) -> Chain {
        let given: Vec<Vec<bool>> =
            self.dropout_masks.iter().flatten().map(|mask| mask.values().iter().map(|keep| *keep != 0.0).collect()).collect();
        assert_eq!(given.is_empty(), self.dropout_rate == 0.0, "{}: masks where there is dropout", self.name);
        let (has_dropout, masks) = (!given.is_empty(), Masks::given(given));
        let layers = self.layers.iter().enumerate().flat_map(|(l, layer)| -> [LayerSpec; 2] {
            let f = activate(activation(&layer.act, layer.act_param));
            let behind = if has_dropout && l + 1 < self.layers.len() {
                group([f, dropout(self.dropout_rate as f32, masks.clone())])
            } else {
                f
            };
            [linear(layer.w.shape[0], layer.w.shape[1]), behind]
        });
        let mut network = Chain::new(layers.collect::<Vec<_>>(), loss(&self.loss));
        let tensor = |name: String, tensor: &Tensor| Parameter { name, shape: tensor.shape.clone(), values: tensor.values() };
        let start =
            self.layers.iter().enumerate().flat_map(|(l, layer)| {
                [tensor(format!("{}.weight", 2 * l), &layer.w), tensor(format!("{}.bias", 2 * l), &layer.b)]
            });
        network.load(&Parameters(start.collect())).expect("parameters of the fixture's shapes");
        network
    }

    /// (λ / 2N) Σ W², which the loss of N samples is given beside that of the data.
    fn penalty(&self, network: &mut Chain, n: usize) -> f32 {
        let mut squares = 0.0;
        each_weight(network, |_, w| squares += f64::from(w) * f64::from(w));
        (self.l2_lambda / (2.0 * n as f64) * squares) as f32
    }

    /// Makes the run.
    fn run(&self, samples: &Samples) -> Run {
        let (optimizer, learning_rate) = (self.optimizer.optimizer(), self.optimizer.learning_rate());
        let mut stepping = Stepping { network: self.network(), optimizer, learning_rate };
        let (mut losses, mut first_gradients, mut parameters) = (Vec::new(), Vec::new(), Vec::new());
        let (l2, kept) = (self.l2_lambda as f32, 1.0 - self.weight_decay as f32);
        for step in 0..self.steps {
            let selected = (!self.batches.is_empty()).then(|| samples.select(&self.batches[step % self.batches.len()]));
            let batch = selected.as_ref().unwrap_or(samples);
            let pass = stepping.learn(&batch.x, &batch.y);
            losses.push(pass.loss + self.penalty(&mut stepping.network, batch.len()));
            each_weight(&mut stepping.network, |g, w| *g += l2 / batch.len() as f32 * w);
            if step == 0 {
                first_gradients = stepping.network.gradients().0.into_iter().map(|gradient| gradient.values).collect();
            }
            let decay = stepping.network.visit_parameters(&mut |tensor| tensor.values.iter_mut().for_each(|w| *w *= kept));
            decay.expect("the parameters of a network");
            stepping.update();
            parameters.push(stepping.network.parameters());
        }
        Run { network: stepping.network, losses, first_gradients, parameters }
    }

    /// Makes the run and compares all that it leaves with the fixture.
    #[track_caller]
    pub(crate) fn check(&self, samples: &Samples) {
        let run = self.run(samples);
        self.check_losses(&run);
        self.check_first_gradients(&run);
        self.check_parameters(&run);
        self.check_outputs(&run, samples);
        self.check_printed_training(&run);
    }

    #[track_caller]
    fn check_losses(&self, run: &Run) {
        let LossLog { step, loss } = &self.losses_f32;
        assert!(!loss.is_empty(), "{}: the fixture has no losses", self.name);
        let ours: Vec<f32> = step.iter().map(|&step| run.losses[step]).collect();
        check(&format!("{}: losses of steps {step:?}", self.name), &ours, loss, LOSSES);
    }

    #[track_caller]
    fn check_first_gradients(&self, run: &Run) {
        let name = &self.name;
        assert_eq!(self.grad_norms_first_f32.len(), run.first_gradients.len(), "{name}: one norm a parameter");
        for (i, (gradient, norm)) in run.first_gradients.iter().zip(&self.grad_norms_first_f32).enumerate() {
            let gap = self.grad_norms_first_f64.get(i).map_or(0.0, |exact| (norm - exact).abs());
            let tolerance = Tolerance { relative: SINGLE_PASS, absolute: ROUNDING * gap };
            check(&format!("{name}: norm of gradient {i}"), &[norm_of(gradient)], slice::from_ref(norm), tolerance);
        }
        let Some(gradients) = &self.grads_first_f32 else { return };
        assert_eq!(gradients.len(), run.first_gradients.len(), "{name}: one gradient a parameter");
        for (i, (ours, expected)) in run.first_gradients.iter().zip(gradients).enumerate() {
            let exact = self.grads_first_f64.as_ref().map_or(&expected.data, |exact| &exact[i].data);
            let gap = largest(expected.data.iter().zip(exact).map(|(a, b)| a - b));
            let absolute = SINGLE_PASS * largest(expected.data.iter().copied()) + ROUNDING * gap;
            check(&format!("{name}: gradient {i}"), ours, &expected.data, Tolerance { relative: 0.0, absolute });
        }
    }

    #[track_caller]
    fn check_parameters(&self, run: &Run) {
        let last = run.parameters.last().expect("a run has steps");
        self.check_parameters_at("the end", last, &self.final_params_f32);
        let Some(steps) = &self.params_per_step_f32 else { return };
        assert_eq!(steps.len(), self.steps, "{}: steps with parameters", self.name);
        for (step, (ours, expected)) in run.parameters.iter().zip(steps).enumerate() {
            self.check_parameters_at(&format!("step {step}"), ours, expected);
        }
    }

    #[track_caller]
    fn check_parameters_at(&self, time: &str, ours: &Parameters, expected: &[Tensor]) {
        assert_eq!(ours.0.len(), expected.len(), "{}: number of parameters", self.name);
        for (ours, expected) in ours.0.iter().zip(expected) {
            assert_eq!(ours.shape, expected.shape, "{}: shape of {}", self.name, ours.name);
            check(&format!("{}: {} at {time}", self.name, ours.name), &ours.values, &expected.data, PARAMETERS);
        }
    }

    #[track_caller]
    fn check_outputs(&self, run: &Run, samples: &Samples) {
        let outputs = run.network.outputs(&samples.x).expect("outputs");
        let loss = run.network.loss(&outputs, &samples.y);
        check(&format!("{}: final loss", self.name), &[loss], &[self.final_full_data_loss_f32], LOSSES);
        let expected = &self.final_outputs_first8_f32;
        let first: Vec<usize> = (0..expected.shape[0]).collect();
        let absolute = OUTPUTS * largest(expected.data.iter().copied()).max(1.0);
        let tolerance = Tolerance { relative: 0.0, absolute };
        check(&format!("{}: final outputs", self.name), outputs.select(&first).values(), &expected.data, tolerance);
    }

    /// Compares with the losses and gradient norms that the source printed.
    #[track_caller]
    fn check_printed_training(&self, run: &Run) {
        let name = &self.name;
        for (key, printed) in &self.printed {
            match (key.as_str(), printed) {
                ("loss", Value::Object(losses)) => {
                    for (step, loss) in losses {
                        let ours = run.losses[step.parse::<usize>().expect("a step")];
                        check(&format!("{name}: printed loss of step {step}"), &[ours], &[number(loss)], PRINTED_LOSSES);
                    }
                }
                ("loss", loss) => check(&format!("{name}: printed loss"), &run.losses[..1], &[number(loss)], PRINTED_LOSSES),
                (key, norms) if key.contains("norm") => {
                    let norms = numbers(norms);
                    // The source prints those of weights; w1, b1, w2, b2, … otherwise.
                    let step = if norms.len() == self.layers.len() { 2 } else { 1 };
                    let ours: Vec<f32> = run.first_gradients.iter().step_by(step).map(|gradient| norm_of(gradient)).collect();
                    check(&format!("{name}: printed {key}"), &ours, &norms, PRINTED_NORMS);
                }
                ("best_dev_acc" | "test_acc" | "test_loss", _) => {} // check_printed_evaluation
                (key, _) => note(&format!("{name}: printed {key} is compared with nothing")),
            }
        }
    }

    /// Trains with the runner, keeps the best model on `dev`, and compares its scores with those that the source printed.
    #[track_caller]
    pub(crate) fn check_printed_evaluation(&self, train_on: &Samples, dev: &Samples, test: &Samples) {
        let name = &self.name;
        let batches = match &self.batches {
            rows if rows.is_empty() => Batches::Full,
            rows => Batches::Given { rows: rows.clone(), per_epoch: 1 },
        };
        let decision = match loss(&self.loss) {
            Loss::BinaryCrossEntropy => Decision::Probability,
            Loss::BinaryCrossEntropyWithLogits => Decision::Logit,
            Loss::SoftmaxCrossEntropy => Decision::Argmax,
            other => panic!("{name}: no score goes with {other:?}"),
        };
        let mut network = self.network();
        let config = TrainingConfig::new(self.steps, batches, decision);
        let mut run = Trainer::new(&mut network, self.optimizer.optimizer(), train_on, config).expect("batches that fit");
        while run.forward_backward().expect("a pass").is_some() {
            run.update(self.optimizer.learning_rate()).expect("a finite loss");
            run.evaluate(dev).expect("an evaluation");
        }
        let Outcome { best, .. } = run.finish();
        network.load(&best.parameters).expect("the best parameters");
        let evaluation = evaluate(&network, test, decision).expect("evaluation");
        let score_and_tolerance = [
            ("best_dev_acc", best.evaluation.accuracy, PRINTED_ACCURACIES),
            ("test_acc", evaluation.accuracy, PRINTED_ACCURACIES),
            ("test_loss", evaluation.loss, PRINTED_LOSSES),
        ];
        for (key, ours, tolerance) in score_and_tolerance {
            if let Some(printed) = self.printed.get(key) {
                check(&format!("{name}: printed {key}"), &[ours], &[number(printed)], tolerance);
            }
        }
    }
}

/// Shows each weight, but no bias, with its gradient.
fn each_weight(network: &mut Chain, mut look: impl FnMut(&mut f32, f32)) {
    let visited = network.visit_parameters(&mut |tensor| {
        if tensor.name.ends_with("weight") {
            tensor.gradient.iter_mut().zip(&*tensor.values).for_each(|(g, w)| look(g, *w));
        }
    });
    visited.expect("the parameters of a network");
}

fn norm_of(gradient: &[f32]) -> f32 {
    gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>().sqrt() as f32
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.map(f64::abs).fold(0.0, f64::max)
}

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("expected a number, found {value}"))
}

/// The numbers of an array, or of an object in its order.
#[track_caller]
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().map(number).collect(),
        Value::Object(values) => values.values().map(number).collect(),
        other => panic!("expected numbers, found {other}"),
    }
}
