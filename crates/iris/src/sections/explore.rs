//! 4.5.2 · The flowers
//!
//! Fisher's data: sepal and petal lengths and widths of 50 flowers of each of three species. The section counts classes and missing values, gives
//! the range of each measurement, and finds outliers by the interquartile rule: values more than `1.5 (Q3 − Q1)` outside `[Q1, Q3]`.
//!
//! Seen: no value is missing; over all flowers together only the sepal width has outliers, and they are plausible flowers, so they
//! stay. The petal alone separates setosa from the others, and nearly the other two.
//!
//! Departs from the book: rows `35` and `38` hold Fisher's values; the widely copied file has them wrong.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    data::iris::{self, FEATURES, Range, SPECIES},
    lab::{Column, Lab, row},
    matrix::Matrix,
    parameters::Parameters,
    plot::{BoxPanel, BoxPlots, Pairs},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "explore",
        book: "4.5.2",
        title: "The flowers",
        summary: "Counts, ranges, missing values and outliers of Fisher's 150 irises; box plots and a scatter matrix.",
    };
    Section::new(heading, [include_str!("explore.rs"), include_str!("explore.zh.md")], run)
}

/// There is nothing to choose.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {}

/// Prints the table and draws the figures.
pub(crate) fn run(_: &Args, lab: &mut Lab) -> Result<()> {
    let flowers = iris::load(&lab.data().join("iris/iris.csv"))?;
    let classes = flowers.y.classes();
    let counts = [0, 1, 2].map(|class| flowers.y.count(class));
    let rows = SPECIES.into_iter().zip(counts).map(|(species, count)| row(species, [count.to_string()]));
    lab.table(&Column::labelled("species", ["flowers"]), rows)?;
    let missing = flowers.x.values().iter().filter(|x| x.is_nan()).count();
    writeln!(lab, "\nmissing values: {missing}\n")?;

    let range = Range::of(&flowers.x);
    let (mut outliers_of, mut rows) = (Vec::new(), Vec::new());
    for (feature, name) in FEATURES.iter().enumerate() {
        let [q1, median, q3] = quartiles(&flowers.x, feature);
        let (low, high) = (q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1));
        let outliers: Vec<String> =
            flowers.x.column(feature).filter(|&x| f64::from(x) < low || f64::from(x) > high).map(|x| x.to_string()).collect();
        let (min, max) = (range.low[feature], range.high[feature]);
        let numbers = [f64::from(min), q1, median, q3, f64::from(max)].map(|x| format!("{x:.2}"));
        rows.push(row(*name, numbers.into_iter().chain([outliers.join(" ")])));
        lab.metric(format!("{name} outliers"), outliers.len());
        outliers_of.push(outliers.len());
    }
    let mut columns = Column::labelled("feature (cm)", ["min", "Q1", "median", "Q3", "max"]);
    columns.push(Column::text("outliers"));
    lab.table(&columns, rows)?;
    draw(&flowers.x, &classes, lab)?;
    lab.fingerprint(&Parameters(vec![flowers.tensor("flowers")]));
    lab.claim("each species has 50 flowers and no value is missing", counts == [50; 3] && missing == 0);
    lab.claim(
        "over all flowers together only the sepal width has outliers",
        outliers_of[1] > 0 && outliers_of.iter().sum::<usize>() == outliers_of[1],
    );
    Ok(())
}

/// The quartiles of a column, linear between neighbouring order statistics.
fn quartiles(x: &Matrix, column: usize) -> [f64; 3] {
    let mut sorted: Vec<f64> = x.column(column).map(f64::from).collect();
    sorted.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|q| {
        let place = q * (sorted.len() - 1) as f64;
        let below = place.floor() as usize;
        let above = (below + 1).min(sorted.len() - 1);
        sorted[below] + (sorted[above] - sorted[below]) * place.fract()
    })
}

fn draw(x: &Matrix, classes: &[usize], lab: &mut Lab) -> Result<()> {
    let panel = |(feature, name): (usize, &&str)| {
        SPECIES.iter().enumerate().fold(BoxPanel::new(*name, "cm"), |panel, (class, species)| {
            let values = x.column(feature).zip(classes).filter(|(_, c)| **c == class).map(|(value, _)| value);
            panel.group(*species, &values.collect::<Vec<f32>>())
        })
    };
    let boxes = FEATURES.iter().enumerate().map(panel).fold(BoxPlots::new("Four measurements of three species"), BoxPlots::panel);
    lab.figure("boxes", &boxes.render()?)?;
    let samples = x.iter_rows().map(|row| row.iter().copied().map(f64::from).collect()).collect();
    let pairs = Pairs::new("Each measurement against every other", &FEATURES, &SPECIES, samples, classes.to_vec());
    lab.figure("pairs", &pairs.render()?)
}
