//! Runs of multi-layer perceptrons as fixtures describe them, and the same runs on [`scratch::Network`].

use crate::{
    optimizers::Named,
    support::{Tensor, Tolerance, check, note},
};
use common::{
    data::{Batches, Labels, Samples, Split},
    kernels::{Activation, Loss},
    matrix::Matrix,
    optim::Optimizer,
    parameters::Parameters,
    scratch::{self, Linear, LinearGradients},
    train::{Learner, Log, Metric, Silent, Ties, Training, evaluate, train},
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

/// One run. Fields that only other chapters' runs use are read so that a run that needs them is refused.
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
    network: scratch::Network<Box<dyn Optimizer>>,
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
    fn network(&self) -> scratch::Network<Box<dyn Optimizer>> {
        let name = &self.name;
        assert_eq!(self.l2_lambda, 0.0, "{name}: there is no L2 penalty yet");
        assert_eq!(self.weight_decay, 0.0, "{name}: there is no weight decay yet");
        assert_eq!(self.dropout_rate, 0.0, "{name}: there is no dropout yet");
        let layers = self.layers.iter().map(|layer| scratch::Layer {
            linear: Linear { weight: layer.w.matrix(), bias: layer.b.values() },
            activation: activation(&layer.act, layer.act_param),
        });
        scratch::Network::new(layers.collect(), loss(&self.loss), self.optimizer.optimizer())
    }

    /// Makes the run.
    fn run(&self, samples: &Samples) -> Run {
        let mut run = Run { network: self.network(), losses: Vec::new(), first_gradients: Vec::new(), parameters: Vec::new() };
        for step in 0..self.steps {
            let selected = (!self.batches.is_empty()).then(|| samples.select(&self.batches[step % self.batches.len()]));
            let batch = selected.as_ref().unwrap_or(samples);
            run.losses.push(run.network.learn(&batch.x, &batch.y).expect("a step").loss);
            if step == 0 {
                run.first_gradients = run.network.gradients().iter().flat_map(in_order).collect();
            }
            run.network.update().expect("an update");
            run.parameters.push(run.network.parameters());
        }
        run
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
        let metric = match loss(&self.loss) {
            Loss::BinaryCrossEntropy => Metric::Probability,
            Loss::BinaryCrossEntropyWithLogits => Metric::Logit,
            Loss::SoftmaxCrossEntropy => Metric::Argmax,
            other => panic!("{name}: no score goes with {other:?}"),
        };
        let (log, ties) = (Log::Epochs { every: 50 }, Ties::First);
        let training = Training { n_epochs: self.steps, batches, evaluate_every: 1, log, metric, ties };
        let split = Split { train: train_on.clone(), dev: dev.clone(), test: test.clone() };
        let mut network = self.network();
        let outcome = train(&mut network, &split, training, &mut Silent).expect("training");
        network.load(&outcome.best).expect("the best parameters");
        let (score, loss) = evaluate(&network, test, metric).expect("evaluation");

        let score_and_tolerance = [
            ("best_dev_acc", outcome.best_score, PRINTED_ACCURACIES),
            ("test_acc", score, PRINTED_ACCURACIES),
            ("test_loss", loss, PRINTED_LOSSES),
        ];
        for (key, ours, tolerance) in score_and_tolerance {
            if let Some(printed) = self.printed.get(key) {
                check(&format!("{name}: printed {key}"), &[ours], &[number(printed)], tolerance);
            }
        }
    }
}

/// The gradients of a layer in the order of fixtures.
fn in_order(LinearGradients { dweight, dbias }: &LinearGradients) -> [Vec<f32>; 2] {
    [Matrix::values(dweight).to_vec(), dbias.clone()]
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
