//! Optimisers and schedules as fixtures name them, and runs of the two experiments of section 7.3.

use crate::{
    stepping::Stepping,
    support::{Tensor, Tolerance, check},
};
use common::{
    chain::{Chain, linear},
    data::Labels,
    kernels::Loss,
    layers,
    matrix::Matrix,
    optim::{AdaDelta, AdaGrad, Adam, AdamW, Counting, EpsPlacement, Momentum, Nesterov, Optimizer, RmsProp, Schedule, Sgd},
    parameters::{self, Parameter},
    replay::Draws,
    train::Network,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Parameters after twenty steps along given gradients; the library's steps are rounded in another order.
const PARAMETERS: Tolerance = Tolerance { relative: 2e-6, absolute: 1e-5 };

/// An optimiser with its hyper-parameters.
#[derive(Deserialize)]
pub(crate) struct Named {
    name: String,
    convention: String,
    hyper: BTreeMap<String, f64>,
    #[serde(default)]
    adam_counter: Option<String>,
}

impl Named {
    /// The optimiser.
    #[track_caller]
    pub(crate) fn optimizer(&self) -> Optimizer {
        let eps_placement = match self.convention.as_str() {
            "book" => EpsPlacement::InsideRoot,
            "library" => EpsPlacement::OutsideRoot,
            other => panic!("{self}: there is no convention {other}"),
        };
        let counting = match self.adam_counter.as_deref() {
            None | Some("per_step") => Counting::PerStep,
            Some("per_key") => Counting::PerTensor,
            Some(other) => panic!("{self}: there is no counter {other}"),
        };
        let take = |expected: &[&str]| {
            let found: Vec<&str> = self.hyper.keys().map(String::as_str).collect();
            assert_eq!(found, expected, "{self}: hyper-parameters");
        };
        let [rho, beta, beta1, beta2, epsilon, weight_decay] =
            ["rho", "beta", "beta1", "beta2", "eps", "wd"].map(|key| self.hyper.get(key).map_or(f32::NAN, |x| *x as f32));
        match self.name.as_str() {
            "sgd" => {
                take(&["lr"]);
                Optimizer::new(Sgd)
            }
            "momentum" => {
                take(&["lr", "rho"]);
                Optimizer::new(Momentum { rho })
            }
            "nesterov" => {
                take(&["lr", "rho"]);
                Optimizer::new(Nesterov { rho })
            }
            "adagrad" => {
                take(&["eps", "lr"]);
                Optimizer::new(AdaGrad { epsilon, eps_placement })
            }
            "rmsprop" => {
                take(&["beta", "eps", "lr"]);
                Optimizer::new(RmsProp { beta, epsilon, eps_placement })
            }
            "adadelta" => {
                take(&["beta", "eps", "lr"]);
                Optimizer::new(AdaDelta { rho: beta, epsilon })
            }
            "adam" => {
                take(&["beta1", "beta2", "eps", "lr"]);
                Optimizer::new(Adam::new(beta1, beta2, epsilon).eps_placement(eps_placement)).counting(counting)
            }
            "adamw" => {
                take(&["beta1", "beta2", "eps", "lr", "wd"]);
                let adam = Adam::new(beta1, beta2, epsilon).eps_placement(eps_placement);
                Optimizer::new(AdamW { adam, weight_decay })
            }
            other => panic!("there is no optimiser {other}"),
        }
    }

    /// α.
    pub(crate) fn learning_rate(&self) -> f32 {
        self.hyper["lr"] as f32
    }

    /// What the fixture calls the parameters: the book's Nesterov is at θ, the library's at the point ahead.
    fn seen(&self, optimizer: &Optimizer, parameters: &[f32]) -> Vec<f32> {
        if self.convention == "book" { optimizer.reached(parameters) } else { parameters.to_vec() }
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}) {:?}", self.name, self.convention, self.hyper)
    }
}

/// Steps along given gradients.
#[derive(Deserialize)]
pub(crate) struct GivenGradients {
    x0: Tensor,
    grads: Tensor,
    cases: Vec<GivenGradientsCase>,
}

#[derive(Deserialize)]
struct GivenGradientsCase {
    #[serde(flatten)]
    named: Named,
    x_f32: Tensor,
    x_f64: Tensor,
}

impl GivenGradients {
    /// Makes all steps of all cases.
    #[track_caller]
    pub(crate) fn check(&self) {
        assert!(!self.cases.is_empty(), "no cases");
        let gradients = self.grads.matrix();
        for case in &self.cases {
            let (mut optimizer, mut x) = (case.named.optimizer(), self.x0.values());
            let mut seen = Vec::new();
            for gradient in gradients.values().chunks(x.len()) {
                optimizer.step(case.named.learning_rate(), &mut x, gradient);
                seen.extend(case.named.seen(&optimizer, &x));
            }
            check(&format!("{}, f32", case.named), &seen, &case.x_f32.data, PARAMETERS);
            check(&format!("{}, f64", case.named), &seen, &case.x_f64.data, PARAMETERS);
        }
    }
}

/// A path over a function of two variables.
#[derive(Deserialize)]
pub(crate) struct Trajectory {
    #[serde(flatten)]
    named: Named,
    function: String,
    w: Vec<f64>,
    x0: Vec<f64>,
    x_f32: Tensor,
    f_f32: Tensor,
    f32_f64_agree_until_step: usize,
}

impl Trajectory {
    /// Walks the path as far as f32 and f64 agree on it.
    #[track_caller]
    pub(crate) fn check(&self) {
        let steps = self.f32_f64_agree_until_step;
        let mut x: Vec<f32> = self.x0.iter().map(|&x| x as f32).collect();
        let dimensions = x.len();
        let (mut optimizer, mut path) = (self.named.optimizer(), x.clone());
        for _ in 0..steps {
            let gradient = self.gradient(&x);
            optimizer.step(self.named.learning_rate(), &mut x, &gradient);
            path.extend(self.named.seen(&optimizer, &x));
        }
        let what = format!("{} on {}", self.named, self.function);
        // Rounding grows where the function falls away without end.
        let tolerance = Tolerance { relative: 2e-5, absolute: 5e-6 };
        check(&what, &path, &self.x_f32.data[..dimensions * (steps + 1)], tolerance);
        let values: Vec<f32> = path.chunks(dimensions).map(|x| self.value(x)).collect();
        check(&format!("{what}: values"), &values, &self.f_f32.data[..=steps], Tolerance { relative: 1e-4, absolute: 5e-6 });
    }

    #[track_caller]
    fn value(&self, x: &[f32]) -> f32 {
        match self.function.as_str() {
            "sphere" => x.iter().zip(&self.w).map(|(x, &w)| w as f32 * (x * x)).sum(),
            "poly3d" => x[0] * x[0] + x[1] * x[1] + x[1] * x[1] * x[1] + x[0] * x[1],
            other => panic!("there is no function {other}"),
        }
    }

    #[track_caller]
    fn gradient(&self, x: &[f32]) -> Vec<f32> {
        match self.function.as_str() {
            "sphere" => x.iter().zip(&self.w).map(|(x, &w)| 2.0 * (w as f32 * x)).collect(),
            "poly3d" => vec![2.0 * x[0] + x[1], 2.0 * x[1] + 3.0 * (x[1] * x[1]) + x[0]],
            other => panic!("there is no function {other}"),
        }
    }
}

/// A schedule and its learning rates.
#[derive(Deserialize)]
pub(crate) struct Rates {
    name: String,
    params: Parameters,
    t: Vec<usize>,
    lr: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    lr0: f64,
    beta: f64,
    boundaries: Vec<usize>,
    factors: Vec<f64>,
    #[serde(rename = "T")]
    steps: usize,
    #[serde(rename = "T_warm")]
    warm: usize,
    lr_min: f64,
    lr_max: f64,
    half_period: usize,
}

impl Default for Parameters {
    /// What a schedule does not have, it must not use.
    fn default() -> Self {
        let (nothing, none) = (f64::NAN, usize::MAX);
        Self {
            lr0: nothing,
            beta: nothing,
            boundaries: Vec::new(),
            factors: Vec::new(),
            steps: none,
            warm: none,
            lr_min: nothing,
            lr_max: nothing,
            half_period: none,
        }
    }
}

impl Rates {
    /// Computes all rates.
    #[track_caller]
    pub(crate) fn check(&self) {
        let Parameters { lr0: initial, beta, ref boundaries, ref factors, steps, warm, lr_min, lr_max, half_period } =
            self.params;
        let schedule = match self.name.as_str() {
            "constant" => Schedule::Constant { initial },
            "piecewise" => {
                assert_eq!(boundaries.len(), factors.len(), "one factor a boundary");
                let pieces = boundaries.iter().copied().zip(factors.iter().copied()).collect();
                Schedule::PiecewiseConstant { initial, pieces }
            }
            "inverse_time" => Schedule::InverseTime { initial, beta },
            "exponential" => Schedule::Exponential { initial, beta },
            "natural_exp" => Schedule::NaturalExponential { initial, beta },
            "cosine" => Schedule::Cosine { initial, steps },
            "warmup" => Schedule::WarmUp { initial, steps: warm },
            "cyclic_triangular" => Schedule::Triangular { lowest: lr_min, highest: lr_max, half_period },
            other => panic!("there is no schedule {other}"),
        };
        let ours: Vec<f32> = self.t.iter().map(|&t| schedule.at(t)).collect();
        // Half a unit in the last place of an f32, and the rounding of the formula itself where terms cancel.
        check(&format!("{schedule:?}"), &ours, &self.lr, Tolerance { relative: 6.0e-8, absolute: 1e-15 });
    }
}

/// The linear fit of section 7.3.1.2: mini-batches in order, the last one shorter.
#[derive(Deserialize)]
pub(crate) struct LinearFit {
    x: Tensor,
    y: Tensor,
    w0: Tensor,
    batch: usize,
    epochs: usize,
    cases: Vec<LinearFitCase>,
}

#[derive(Deserialize)]
struct LinearFitCase {
    #[serde(flatten)]
    named: Named,
    iter_loss_f32: Vec<f64>,
    w_f32: Tensor,
    b_f32: Tensor,
}

impl LinearFit {
    /// Fits with the optimiser of each case.
    #[track_caller]
    pub(crate) fn check(&self) {
        assert!(!self.cases.is_empty(), "no cases");
        let data = (self.x.matrix(), self.y.matrix());
        for case in &self.cases {
            let (losses, parameters) = fit(&data, &self.w0.matrix(), (self.batch, self.epochs), &case.named);
            let what = case.named.to_string();
            let expected = Tolerance { relative: 2e-5, absolute: 1e-6 };
            check(&format!("{what}: losses"), &losses, &case.iter_loss_f32, expected);
            let tolerance = Tolerance { relative: 0.0, absolute: 5e-5 };
            check(&format!("{what}: weights"), &parameters[..2], &case.w_f32.data, tolerance);
            check(&format!("{what}: bias"), &parameters[2..], &case.b_f32.data, tolerance);
        }
    }
}

/// A linear fit of the source's own data: 1000 samples, batches of 64, 30 epochs.
#[derive(Deserialize)]
pub(crate) struct SourceFit {
    #[serde(flatten)]
    named: Named,
    seed: u64,
    iter_loss_first20_f64: Vec<f64>,
    epoch_loss_true_f64: Vec<f64>,
    w_f64: Tensor,
    b_f64: Tensor,
}

impl SourceFit {
    /// Draws the data and fits.
    #[track_caller]
    pub(crate) fn check(&self) {
        let draws = Draws::new(self.seed);
        let x = Matrix::new(1000, 2, draws.normal(0, 2000, 0.0, 1.0));
        let noise = draws.uniform(1, 1000);
        let y = x.values().chunks(2).zip(noise).map(|(x, u)| 0.5 * x[0] + 0.8 * x[1] + 0.01 * u);
        let data = (x.clone(), Matrix::new(1000, 1, y.collect()));
        let weight = Matrix::new(2, 1, draws.normal(0, 2, 0.0, 1.0));
        let (losses, parameters) = fit(&data, &weight, (64, 30), &self.named);
        let what = format!("{}, source's data", self.named);
        // The fixture is in f64: late losses are differences of nearly equal numbers.
        let tolerance = Tolerance { relative: 1e-4, absolute: 1e-6 };
        check(&format!("{what}: losses"), &losses[..20], &self.iter_loss_first20_f64, tolerance);
        let epochs: Vec<f32> = losses.chunks(16).map(|losses| losses.iter().sum::<f32>() / 16.0).collect();
        check(&format!("{what}: epoch losses"), &epochs, &self.epoch_loss_true_f64, tolerance);
        let tolerance = Tolerance { relative: 0.0, absolute: 5e-5 };
        check(&format!("{what}: weights"), &parameters[..2], &self.w_f64.data, tolerance);
        check(&format!("{what}: bias"), &parameters[2..], &self.b_f64.data, tolerance);
    }
}

/// The squared errors of each step's batch, averaged, and the final weights and bias.
pub(crate) fn fit(
    (x, y): &(Matrix, Matrix),
    weight: &Matrix,
    (batch, epochs): (usize, usize),
    named: &Named,
) -> (Vec<f32>, Vec<f32>) {
    let mut unit = Chain::new([linear(2, 1)], Loss::HalfSquaredError);
    let start = [
        Parameter { name: "0.weight".to_owned(), shape: vec![2, 1], values: weight.values().to_vec() },
        Parameter { name: "0.bias".to_owned(), shape: vec![1], values: vec![0.0] },
    ];
    unit.load(&parameters::Parameters(start.to_vec())).expect("a weight and a bias");
    let mut unit = Stepping { network: unit, optimizer: named.optimizer(), learning_rate: named.learning_rate() };
    let rows: Vec<usize> = (0..x.rows()).collect();
    let mut losses = Vec::new();
    for rows in (0..epochs).flat_map(|_| rows.chunks(batch)) {
        let labels = Labels::Values(y.select(rows));
        let pass = unit.learn(&x.select(rows), &labels);
        losses.push(layers::loss(Loss::MeanSquaredError, &pass.outputs, labels.targets()));
        unit.update();
    }
    (losses, unit.network.parameters().0.into_iter().flat_map(|parameter| parameter.values).collect())
}
