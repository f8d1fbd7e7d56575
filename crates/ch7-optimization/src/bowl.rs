//! 7.3.1.1: the way of an optimiser down a bowl, f(x) = wᵀx² = 0.2 x₁² + 2 x₂², from (3, 4).
//!
//! The bowl is ten times as steep along x₂ as along x₁: a learning rate that suits one coordinate does not suit the other.

use anyhow::{Result, ensure};
use common::{
    lab::{Column, Lab, row},
    optim::{Method, Optimizer},
    parameters::Parameter,
    plot::{DescentPath, Grid, Landscape, Marker, Svg},
};
use std::fmt::Write;

/// w: half the curvature along each coordinate.
const W: [f32; 2] = [0.2, 2.0];
/// Where every optimiser starts.
pub(crate) const START: [f32; 2] = [3.0, 4.0];
/// Steps whose path can still be drawn.
pub(crate) const MOST_STEPS: usize = 10_000;

/// f(x) = wᵀx².
pub(crate) fn f(x: [f32; 2]) -> f32 {
    W[0] * (x[0] * x[0]) + W[1] * (x[1] * x[1])
}

/// ∂f/∂xₖ = 2 wₖ xₖ.
pub(crate) fn slope(k: usize, x: f32) -> f32 {
    2.0 * (W[k] * x)
}

/// The points that an optimiser has reached, the start first.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    points: Vec<[f32; 2]>,
}

impl Path {
    /// Where it ends.
    pub(crate) fn end(&self) -> [f32; 2] {
        self.points[self.points.len() - 1]
    }

    /// f where it ends.
    pub(crate) fn last_value(&self) -> f32 {
        f(self.end())
    }

    /// One coordinate along it.
    pub(crate) fn coordinate(&self, k: usize) -> impl Iterator<Item = f32> {
        self.points.iter().map(move |x| x[k])
    }

    /// How far each step moved each coordinate, without the sign.
    pub(crate) fn moves(&self) -> Vec<[f32; 2]> {
        self.points.windows(2).map(|pair| [0, 1].map(|k| (pair[1][k] - pair[0][k]).abs())).collect()
    }

    /// The step size of one coordinate in each step: how far it moved, divided by the gradient there.
    pub(crate) fn step_sizes(&self, k: usize) -> Vec<f32> {
        self.moves().iter().zip(&self.points).map(|(moved, x)| moved[k] / slope(k, x[k]).abs()).collect()
    }

    /// All coordinates, as a tensor for the fingerprint.
    pub(crate) fn tensor(&self) -> Parameter {
        Parameter { name: "bowl.path".to_owned(), shape: vec![self.points.len(), 2], values: self.points.concat() }
    }

    /// The path as a curve of a figure.
    pub(crate) fn curve(&self, name: impl Into<String>) -> DescentPath {
        DescentPath::new(name, self.points.iter().map(|x| (f64::from(x[0]), f64::from(x[1]))))
    }

    /// Claims that its first three steps have the bits of `step`, a formula written out: the next xₖ, given k, xₖ and the gradient there.
    pub(crate) fn claim_by_hand(&self, lab: &mut Lab, mut step: impl FnMut(usize, f32, f32) -> f32) {
        let mut x = START;
        let same = self.points[1..].iter().take(3).all(|ours| {
            x = [0, 1].map(|k| step(k, x[k], slope(k, x[k])));
            ours.map(f32::to_bits) == x.map(f32::to_bits)
        });
        lab.claim("the first three steps on the bowl, computed by hand, have the same bits", same);
    }

    /// Sets its last point beside what mathematics says it is, coordinate by coordinate, and claims that they agree.
    pub(crate) fn check_end(&self, formulas: [&str; 2], exact: impl Fn(usize) -> f64, lab: &mut Lab) -> Result<()> {
        check(formulas.map(|formula| format!("last {formula}")), self.end(), [0, 1].map(exact), lab)
    }

    /// The same of its first move, which is equally long in both coordinates.
    pub(crate) fn check_first_move(&self, formula: &str, exact: f64, lab: &mut Lab) -> Result<()> {
        check(["x₁", "x₂"].map(|x| format!("first move of {x}: {formula}")), self.moves()[0], [exact; 2], lab)
    }
}

/// Goes `steps` steps down the bowl, each with its learning rate.
///
/// # Errors
/// If the path leaves the finite numbers; the message names the step.
pub(crate) fn descend(mut optimizer: Optimizer, learning_rate: impl Fn(usize) -> f32, steps: usize) -> Result<Path> {
    let (mut x, mut points) = (START, vec![START]);
    for step in 0..steps {
        let g = [0, 1].map(|k| slope(k, x[k]));
        optimizer.step(learning_rate(step), &mut x, &g);
        let reached = optimizer.reached(&x);
        ensure!(
            f([reached[0], reached[1]]).is_finite(),
            "on the bowl, the optimiser is at {reached:?} after step {step}: it diverged; try a smaller learning rate"
        );
        points.push([reached[0], reached[1]]);
    }
    Ok(Path { points })
}

/// Goes down the bowl, prints where the optimiser is, and draws its path.
pub(crate) fn show(method: Method, steps: usize, lab: &mut Lab) -> Result<Path> {
    let Method { name, optimizer, learning_rate } = method;
    let path = descend(optimizer, |_| learning_rate, steps)?;
    writeln!(lab, "Bowl: f(x) = 0.2 x₁² + 2 x₂² from (3, 4), {steps} steps of {name} with learning rate {learning_rate}\n")?;
    let moves = path.moves();
    let shown = (0..=steps).filter(|step| step % steps.div_ceil(10) == 0 || *step == 1 || *step == steps);
    let rows = shown.map(|step| {
        let x = path.points[step];
        let here = [x[0], x[1], f(x)].map(|x| format!("{x:.5}"));
        let last_move = step.checked_sub(1).map(|before| moves[before].map(|x| format!("{x:.5}")));
        row(step.to_string(), here.into_iter().chain(last_move.unwrap_or(["-", "-"].map(str::to_owned))))
    });
    lab.table(&["step", "x₁", "x₂", "f(x)", "x₁ moved by", "x₂ moved by"].map(Column::number), rows)?;
    writeln!(lab)?;
    let end = path.end();
    lab.metric("bowl, x1 at the end", end[0]);
    lab.metric("bowl, x2 at the end", end[1]);
    lab.metric("bowl, f at the end", f(end));
    lab.curve("bowl, f", path.points.iter().map(|x| f(*x)).enumerate());
    lab.figure("path", &figure(&format!("{steps} steps of {name} down the bowl"), [path.curve(name)])?)?;
    Ok(path)
}

/// Paths over the bowl, on the book's rectangle.
pub(crate) fn figure(title: &str, paths: impl IntoIterator<Item = DescentPath>) -> Result<Svg> {
    let range = (-2.0, 5.0);
    let grid = Grid::sample(range, range, (141, 141), |x, y| f64::from(W[0]) * x * x + f64::from(W[1]) * y * y);
    let bowl = Landscape::new(title, ["x₁", "x₂", "f(x)"], grid).landmark("optimum", Marker::Star, (0.0, 0.0));
    paths.into_iter().fold(bowl, Landscape::path).contours(&[])
}

/// 2 α w for coordinate k: the share of x that a step of gradient descent takes off.
pub(crate) fn contraction(k: usize, learning_rate: f32) -> f64 {
    2.0 * f64::from(learning_rate) * f64::from(W[k])
}

/// Coordinate k of point number `steps` of the recurrence x ← a x − b x₋₁ in f64, whose first step is x₁ = (1 − c) x₀.
pub(crate) fn recurrence(k: usize, steps: usize, [a, b, c]: [f64; 3]) -> f64 {
    let start = f64::from(START[k]);
    (1..steps).fold((start, (1.0 - c) * start), |(before, x), _| (x, a * x - b * before)).1
}

/// What rounding to f32 may add up to over a path.
const ROUNDING: f64 = 1e-5;

/// Sets numbers of a path beside what mathematics says they are, and claims that they agree.
fn check(what: [String; 2], ours: [f32; 2], exact: [f64; 2], lab: &mut Lab) -> Result<()> {
    let difference = [0, 1].map(|k| f64::from(ours[k]) - exact[k]);
    // Nine decimals, or eight digits of a number that has none to show in them.
    let digits = |x: f64| if x.abs() < 1e-4 { format!("{x:.7e}") } else { format!("{x:.9}") };
    let rows = what
        .into_iter()
        .enumerate()
        .map(|(k, what)| row(what, [digits(f64::from(ours[k])), digits(exact[k]), format!("{:.1e}", difference[k])]));
    lab.table(&Column::labelled("on the bowl", ["ours", "exact", "difference"]), rows)?;
    writeln!(lab)?;
    let agree = difference.iter().all(|difference| difference.abs() <= ROUNDING);
    lab.claim(format!("on the bowl, the values listed agree with the exact ones to within {ROUNDING:e}"), agree);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::optim::{AdaDelta, AdaGrad, Adam, EpsPlacement, Momentum, Nesterov, RmsProp, Schedule, Sgd};
    use serde_json::Value;

    /// The optimiser that the reference calls `name`, with its hyper-parameters.
    fn optimizer(name: &str, hyper: &Value) -> Optimizer {
        let [rho, beta, beta1, beta2, epsilon] = ["rho", "beta", "beta1", "beta2", "eps"].map(|key| number(hyper, key));
        let eps_placement = EpsPlacement::InsideRoot;
        match name {
            "sgd" => Optimizer::new(Sgd),
            "momentum" => Optimizer::new(Momentum { rho }),
            "nesterov" => Optimizer::new(Nesterov { rho }),
            "adagrad" => Optimizer::new(AdaGrad { epsilon, eps_placement }),
            "rmsprop" => Optimizer::new(RmsProp { beta, epsilon, eps_placement }),
            "adadelta" => Optimizer::new(AdaDelta { rho: beta, epsilon }),
            "adam" => Optimizer::new(Adam::new(beta1, beta2, epsilon)),
            other => panic!("there is no optimiser {other}"),
        }
    }

    fn number(hyper: &Value, key: &str) -> f32 {
        hyper[key].as_f64().unwrap_or(f64::NAN) as f32
    }

    #[test]
    fn paths_are_those_of_the_reference() {
        let file: Value = serde_json::from_str(include_str!("../../common/tests/fixtures/opt_trajectories.json")).unwrap();
        let cases: Vec<&Value> = file["cases"].as_array().unwrap().iter().filter(|case| case["function"] == "sphere").collect();
        assert_eq!(cases.len(), 7);
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let steps = case["steps"].as_u64().unwrap() as usize;
            let learning_rate = number(&case["hyper"], "lr");
            let path = descend(optimizer(name, &case["hyper"]), |_| learning_rate, steps).unwrap();
            let expected = case["x_f64"]["data"].as_array().unwrap();
            assert_eq!(expected.len(), 2 * (steps + 1), "{name}");
            for (ours, expected) in path.points.concat().iter().zip(expected) {
                let gap = (f64::from(*ours) - expected.as_f64().unwrap()).abs();
                assert!(gap < 5e-6, "{name}: {ours}, expected {expected}");
            }
        }
    }

    #[test]
    fn a_path_that_leaves_the_finite_numbers_names_the_step() {
        let error = descend(Optimizer::new(Sgd), |_| 1e10, 50).unwrap_err().to_string();
        assert!(error.contains("after step 1:") && error.ends_with("try a smaller learning rate"), "{error}");
    }

    #[test]
    fn a_schedule_sets_the_learning_rate_of_each_step() {
        let schedule = Schedule::PiecewiseConstant { initial: 0.1, pieces: vec![(1, 0.0)] };
        let path = descend(Optimizer::new(Sgd), |t| schedule.at(t), 3).unwrap();
        assert!(path.points[0] != path.points[1] && path.points[1] == path.points[3]);
    }
}
