//! S4, section 4 · Universal approximation, drawn
//!
//! A network with one hidden layer comes as near as one likes to any continuous function, if it has units enough. The proof in pictures:
//! σ(w(x − a)) − σ(w(x − b)), two logistic units with a steep slope w, is a tower that is about 1 between a and b and about 0 elsewhere.
//! n towers side by side, each as high as the function in its middle, are a network 1-2n-1 with weights that nobody had to train.
//!
//! Seen: with steep units the sum is a staircase, whose largest error is about half a tower's width times the steepest slope of the
//! function; it about halves as n doubles. With flat units it stops falling once a tower is narrower than its own sides, about 4/w:
//! neighbours then run into each other.
//!
//! Width alone does not do it: the steepness must grow with the number of towers.
//!
//! The function is that of the demonstration which the lecture notes link to, `f(x) = 0.2 + 0.4x² + 0.3x sin 15x + 0.05 cos 50x` on [0, 1]. The first
//! and the last tower reach far beyond it, as the sum is only half as high where it begins.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{Chain, linear, logistic},
    cli::{one_to, positive},
    kernels::{Loss, reduce::largest_gap},
    lab::{Column, Lab, row},
    matrix::Matrix,
    parameters::{Parameter, Parameters},
    plot::{CurvePanel, Curves, Dash, Marker, Series, theme},
    registry::{Heading, Section},
    train::Network,
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "universal-approximation",
        book: "S4, section 4",
        title: "Universal approximation",
        summary: "A tower of two steep logistic units; many of them side by side come as near to a function as one likes: the largest error by \
                  their number and steepness.",
    };
    Section::new(heading, [include_str!("universal_approximation.rs"), include_str!("universal_approximation.zh.md")], run)
}

/// The hyper-parameters; the lecture notes name none.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Numbers of towers to draw, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [2, 5, 10, 50], value_parser = one_to::<MOST_TOWERS>)]
    towers: Vec<usize>,
    /// Slopes of the logistic units, separated by commas; the last is that of the drawn sums
    #[arg(long, value_delimiter = ',', default_values_t = [20.0, 100.0, 500.0, 2500.0], value_parser = positive)]
    steepness: Vec<f32>,
}

/// Towers whose edges single precision tells apart.
const MOST_TOWERS: usize = 10_000;
/// Intervals of the grid on which errors are measured.
const INTERVALS: u16 = 2000;

/// Prints and draws how near the towers come.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let x = grid();
    let truth: Vec<f32> = x.values().iter().map(|x| target(*x)).collect();
    let steepest = args.steepness[args.steepness.len() - 1];
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for &n in &args.towers {
        let gaps = args.steepness.iter().map(|w| Ok(largest_gap(sum_of_towers(n, *w)?.outputs(&x)?.values(), &truth)));
        let gaps: Vec<f32> = gaps.collect::<Result<_>>()?;
        rows.push(row(n.to_string(), gaps.iter().map(|gap| format!("{gap:.5}"))));
        let named = args.steepness.iter().zip(&gaps);
        lab.metrics(named.map(|(w, error)| (format!("{n} towers, w = {w}: largest error"), *error)));
        errors.push(gaps);
    }
    writeln!(lab, "largest error of n towers over [0, 1], by the slope w of their units")?;
    lab.table(&Column::labelled("towers", args.steepness.iter().map(|w| format!("w = {w}"))), rows)?;
    draw_tower(args, lab)?;
    draw_sums(args, steepest, &x, &truth, lab)?;
    draw_errors(args, &errors, lab)?;
    lab.fingerprint(&sum_of_towers(args.towers[args.towers.len() - 1], steepest)?.parameters());
    claim(&errors, lab);
    Ok(())
}

/// `f(x) = 0.2 + 0.4x² + 0.3x sin 15x + 0.05 cos 50x`.
fn target(x: f32) -> f32 {
    let x = f64::from(x);
    (0.2 + 0.4 * x * x + 0.3 * x * libm::sin(15.0 * x) + 0.05 * libm::cos(50.0 * x)) as f32
}

/// Evenly spaced points from 0 to 1, a row each.
fn grid() -> Matrix {
    let points: Vec<f32> = (0..=INTERVALS).map(|i| f32::from(i) * (1.0 / f32::from(INTERVALS))).collect();
    Matrix::new(points.len(), 1, points)
}

/// A tower: how high the sum stands between two edges.
#[derive(Debug, Clone, Copy)]
struct Tower {
    from: f32,
    to: f32,
    height: f32,
}

/// The network Σ height · (σ(w(x − from)) − σ(w(x − to))).
fn network(towers: &[Tower], w: f32) -> Result<Chain> {
    let edges: Vec<f32> = towers.iter().flat_map(|tower| [-w * tower.from, -w * tower.to]).collect();
    let heights: Vec<f32> = towers.iter().flat_map(|tower| [tower.height, -tower.height]).collect();
    let n = edges.len();
    let tensor = |name: &str, shape: &[usize], values| Parameter { name: name.to_owned(), shape: shape.to_vec(), values };
    let hidden = [tensor("0.weight", &[1, n], vec![w; n]), tensor("0.bias", &[n], edges)];
    let output = [tensor("2.weight", &[n, 1], heights), tensor("2.bias", &[1], vec![0.0])];
    // The loss is never asked for.
    let mut chain = Chain::new([linear(1, n), logistic(), linear(n, 1)], Loss::HalfSquaredError);
    chain.load(&Parameters([hidden, output].concat()))?;
    Ok(chain)
}

/// `n` towers of equal width over [0, 1], each as high as the function in its middle.
fn sum_of_towers(n: usize, w: f32) -> Result<Chain> {
    let edge = |i: usize| i as f32 / n as f32;
    let towers = (0..n).map(|i| Tower {
        from: if i == 0 { -1.0 } else { edge(i) },
        to: if i + 1 == n { 2.0 } else { edge(i + 1) },
        height: target((i as f32 + 0.5) / n as f32),
    });
    network(&towers.collect::<Vec<_>>(), w)
}

fn points<'a>(x: &'a Matrix, y: &'a [f32]) -> impl Iterator<Item = (f64, f64)> + 'a {
    x.values().iter().zip(y).map(|(x, y)| (f64::from(*x), f64::from(*y)))
}

/// A tower from its two units, and towers of each steepness.
fn draw_tower(args: &Args, lab: &mut Lab) -> Result<()> {
    const TOWER: Tower = Tower { from: 0.4, to: 0.6, height: 1.0 };
    let x = grid();
    let w = args.steepness[args.steepness.len() / 2];
    let curve = |label: &str, tower: Tower, w: f32| -> Result<Series> {
        Ok(Series::new(label, points(&x, network(&[tower], w)?.outputs(&x)?.values())))
    };
    let rise = curve("σ(w(x − 0.4))", Tower { to: 2.0, ..TOWER }, w)?.dashed(Dash::Dashed);
    let fall = curve("−σ(w(x − 0.6))", Tower { from: TOWER.to, to: 2.0, height: -1.0 }, w)?.dashed(Dash::Dotted);
    let parts = CurvePanel::new("x", "output").titled(format!("two units with w = {w}"));
    let parts = parts.with(rise).with(fall).with(curve("sum", TOWER, w)?.dashed(Dash::Solid));
    let mut steeper = CurvePanel::new("x", "output").titled("towers by steepness");
    for &w in &args.steepness {
        steeper = steeper.with(curve(&format!("w = {w}"), TOWER, w)?);
    }
    lab.figure("tower", &Curves::new("A tower of two logistic units").panel(parts).panel(steeper).render()?)
}

/// The function and the sum of towers, a panel for each number of them.
fn draw_sums(args: &Args, w: f32, x: &Matrix, truth: &[f32], lab: &mut Lab) -> Result<()> {
    let mut figure = Curves::new(format!("Sums of towers with w = {w}"));
    for &n in &args.towers {
        let sum = sum_of_towers(n, w)?.outputs(x)?;
        let panel = CurvePanel::new("x", "f(x)")
            .titled(format!("{n} towers"))
            .with(Series::new("function", points(x, truth)).colored(theme::NEUTRAL).dashed(Dash::Dashed))
            .with(Series::new("towers", points(x, sum.values())).colored(theme::TRAIN).dashed(Dash::Solid));
        figure = figure.panel(panel);
    }
    lab.figure("sums", &figure.render()?)
}

/// The largest error against the number of towers, a curve for each steepness.
fn draw_errors(args: &Args, errors: &[Vec<f32>], lab: &mut Lab) -> Result<()> {
    let mut panel = CurvePanel::new("towers", "largest error").log_x().log_y();
    for (column, w) in args.steepness.iter().enumerate() {
        let curve = args.towers.iter().zip(errors).map(|(n, row)| (*n as f64, f64::from(row[column])));
        panel = panel.with(Series::new(format!("w = {w}"), curve).marked(Marker::Disc));
    }
    lab.figure("errors", &Curves::new("More towers, smaller error, if they are steep enough").panel(panel).render()?)
}

/// What the section is there to show.
fn claim(errors: &[Vec<f32>], lab: &mut Lab) {
    // Both flags have at least one value.
    let steep: Vec<f32> = errors.iter().map(|row| row[row.len() - 1]).collect();
    let (most, best) = (errors[errors.len() - 1][0], steep[steep.len() - 1]);
    lab.claim("with the steepest units more towers come nearer, each time", steep.is_sorted_by(|few, many| few > many));
    lab.claim("with the most towers the steepest units come within 0.1 of the function everywhere", best < 0.1);
    lab.claim("with the flattest units the same number of towers misses it by more than twice as much", most > 2.0 * best);
}
