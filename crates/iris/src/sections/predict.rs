//! 4.5.7 · Classifying a flower
//!
//! Loads the best model that `train` saved, with the ranges that its inputs are normalised by, and gives the soft-max probabilities of the three
//! species for one flower or for each line of a CSV file.

use super::train::Mlp;
use anyhow::{Context, Result, ensure};
use clap::Args as ClapArgs;
use common::{
    chain::Chain,
    data::iris::{self, FEATURES, Range, SPECIES},
    kernels::{
        Loss,
        isa::Isa,
        loss::{Outputs, softmax},
        reduce,
    },
    lab::{Column, Lab},
    matrix::Matrix,
    parameters::Parameters,
    registry::{Heading, Section},
    train::Network,
};
use std::path::PathBuf;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "predict",
        book: "4.5.7",
        title: "Classifying a flower",
        summary: "Loads the model that `train` saved and classifies one flower, or each flower of a CSV file.",
    };
    Section::new(heading, run).after("train")
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
    /// Classify each line of this CSV file: a header, then four lengths a line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sepal_length", "sepal_width", "petal_length", "petal_width"])]
    csv: Option<PathBuf>,
    /// Checkpoint to load [default: the one that `train` left in the results folder]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// Prints the class and the probabilities of each flower.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let trained = lab.results_of("train").join("best-model.safetensors");
    let checkpoint = args.checkpoint.clone().unwrap_or(trained);
    ensure!(
        checkpoint.exists(),
        "there is no checkpoint {}: train one with `cargo run -p iris -- train`, or name one with --checkpoint",
        checkpoint.display()
    );
    let parameters = Parameters::read(&checkpoint)?;
    let mut network = Chain::of::<Mlp>(Loss::SoftmaxCrossEntropy);
    let of_another_model = || {
        format!("{} is not a checkpoint of this classifier: name one that `train` wrote with --checkpoint", checkpoint.display())
    };
    network.load(&parameters).with_context(of_another_model)?;
    let range = Range::from_parameters(&parameters).with_context(of_another_model)?;

    let flowers = if let Some(path) = &args.csv {
        iris::load_measurements(path)?
    } else {
        let lengths = vec![args.sepal_length, args.sepal_width, args.petal_length, args.petal_width];
        Matrix::new(1, FEATURES.len(), lengths)
    };
    let logits = network.outputs(&range.normalize(&flowers))?;
    let mut probabilities = Matrix::zeros(flowers.rows(), SPECIES.len());
    softmax(Isa::best(), Outputs { values: logits.values(), columns: SPECIES.len() }, probabilities.values_mut());

    let mut columns = FEATURES.map(Column::number).to_vec();
    columns.push(Column::text("prediction"));
    columns.extend(SPECIES.map(|name| Column::number(format!("P({name})"))));
    let row = |(flower, probabilities): (&[f32], &[f32])| {
        let mut cells: Vec<String> = flower.iter().map(f32::to_string).collect();
        cells.push(SPECIES[reduce::argmax(probabilities)].to_owned());
        cells.extend(probabilities.iter().map(|p| format!("{p:.5}")));
        cells
    };
    lab.table(&columns, flowers.iter_rows().zip(probabilities.iter_rows()).map(row))?;
    let sums = probabilities.iter_rows().map(|row| (reduce::sum(row) - 1.0).abs() as f32);
    lab.fingerprint(&parameters);
    let largest_gap = sums.fold(0.0, f32::max);
    lab.claim("the probabilities of each flower add up to 1", largest_gap < 1e-6);
    Ok(())
}
