//! 4.5.7 · Classifying a flower
//!
//! Loads the best model that `train` saved, with the ranges that its inputs are normalised by, and gives the soft-max probabilities of the three
//! species for one flower or for each line of a CSV file.
//!
//! Seen: the model answers with a probability for each class; between versicolor and virginica it can be close.

use super::train::Mlp;
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    classifier::{Classifier, Trained},
    data::iris::{self, FEATURES, Range, SPECIES},
    kernels::reduce,
    lab::{Column, Lab},
    matrix::Matrix,
    registry::{Heading, Section},
};
use std::{fmt::Write, path::PathBuf};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "predict",
        book: "4.5.7",
        title: "Classifying a flower",
        summary: "Loads the model that `train` saved and classifies one flower, or each flower of a CSV file.",
    };
    Section::new(heading, [include_str!("predict.rs"), include_str!("predict.zh.md")], run).after("train")
}

/// The flower; by default the last of the data.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Sepal length in centimetres
    #[arg(long, default_value_t = 5.9, value_parser = iris::length)]
    sepal_length: f32,
    /// Sepal width in centimetres
    #[arg(long, default_value_t = 3.0, value_parser = iris::length)]
    sepal_width: f32,
    /// Petal length in centimetres
    #[arg(long, default_value_t = 5.1, value_parser = iris::length)]
    petal_length: f32,
    /// Petal width in centimetres
    #[arg(long, default_value_t = 1.8, value_parser = iris::length)]
    petal_width: f32,
    /// Classify each line of this CSV file: a header, then four lengths per line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sepal_length", "sepal_width", "petal_length", "petal_width"])]
    csv: Option<PathBuf>,
    /// Checkpoint to load [default: the one that `train` left in the results folder]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// Prints the class and the probabilities of each flower.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let classifier = Classifier::load::<Mlp>(
        Trained { chapter: env!("CARGO_PKG_NAME"), model: "best-model" },
        args.checkpoint.as_deref(),
        lab,
    )?;
    let range = classifier.take(Range::from_parameters)?;
    let flowers = if let Some(path) = &args.csv {
        iris::load_measurements(path)?
    } else {
        let lengths = vec![args.sepal_length, args.sepal_width, args.petal_length, args.petal_width];
        Matrix::new(1, FEATURES.len(), lengths)
    };
    let probabilities = classifier.probabilities(&range.normalize(&flowers), "flower", lab)?;

    let mut columns = FEATURES.map(Column::number).to_vec();
    columns.push(Column::text("prediction"));
    columns.extend(SPECIES.map(|name| Column::number(format!("P({name})"))));
    let row = |(flower, probabilities): (&[f32], &[f32])| {
        let prediction = SPECIES[reduce::argmax(probabilities)].to_owned();
        let probabilities = probabilities.iter().map(|p| format!("{p:.5}"));
        flower.iter().map(f32::to_string).chain([prediction]).chain(probabilities).collect()
    };
    lab.table(&columns, flowers.iter_rows().zip(probabilities.iter_rows()).map(row))?;
    for (number, flower) in (1..).zip(flowers.iter_rows()) {
        if let Some(stray) = range.stray(flower) {
            writeln!(lab, "[Warning] flower {number}: {stray}: are the lengths in centimetres, and in their order?")?;
        }
    }
    Ok(())
}
