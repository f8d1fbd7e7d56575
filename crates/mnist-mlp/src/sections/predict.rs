//! S2, question 2 · Classifying a digit
//!
//! Loads the model that `train` saved and gives the soft-max probabilities of the ten digits, for test images by their numbers or for
//! pictures. A picture is brought into the form that MNIST's images have: ink on paper, fitted into `20 × 20` pixels, its centre of mass in the
//! centre of `28 × 28`. What is drawn in the terminal is what the network sees. With `--checkpoint` the small network of `fast` answers as well.
//!
//! Seen: the model is nearly certain of a clearly written digit. The drawing shows what it was given.

use super::train::{Mlp, SCALE};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    classifier::{Classifier, FeatureMaps, Trained},
    data::{
        digit,
        mnist::{Images, N_PIXELS, N_TEST, PixelScale, SIDE},
    },
    kernels::reduce,
    lab::Lab,
    matrix::Matrix,
    models::SmallConvNet,
    plot,
    registry::{Heading, Section},
};
use std::{fmt::Write, path::PathBuf};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "predict",
        book: "S2, question 2",
        title: "Classifying a digit",
        summary: "Loads the model that `train` saved and classifies test images by their numbers, or pictures of digits; draws them in \
                  the terminal.",
    };
    Section::new(heading, [include_str!("predict.rs"), include_str!("predict.zh.md")], run)
        .after("train")
        .edition("quick", &["--index", "0", "1", "2"])
}

/// The digits; by default the first test image.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Numbers of the test images to classify, counted from 0
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',', default_values_t = [0], value_parser = test_image)]
    index: Vec<usize>,
    /// Classify pictures instead: PNG files of any size, dark on light or light on dark
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "index")]
    image: Vec<PathBuf>,
    /// Checkpoint to load, of `train` or of `fast` [default: the one that `train` left in the results folder]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// Characters of the bar of a digit that is certain.
const BAR: f32 = 20.0;

/// Probability below which the best guess is none to rely on.
const SURE: f32 = 0.5;

fn test_image(text: &str) -> Result<usize, String> {
    let index = text.parse().ok().filter(|&index| index < N_TEST);
    index.ok_or_else(|| format!("expected the number of a test image, 0 to {}", N_TEST - 1))
}

/// Prints the class and the probabilities of each digit, and draws it.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let (classifier, scale) = classifier(args, lab)?;
    let digits = digits(args, lab)?;
    let inputs = digits.iter().flat_map(|digit| &digit.pixels).map(|&x| scale.apply(x)).collect();
    let probabilities = classifier.probabilities(&Matrix::new(digits.len(), N_PIXELS, inputs), "digit", lab)?;
    let mut figure = plot::Images::new("", (SIDE, SIDE)).in_rows_of(digits.len().min(5));
    for (i, (digit, probabilities)) in digits.iter().zip(probabilities.iter_rows()).enumerate() {
        if i > 0 {
            writeln!(lab)?;
        }
        let predicted = reduce::argmax(probabilities);
        print(digit, probabilities, lab)?;
        lab.metric(format!("{}, predicted", digit.name), predicted);
        lab.metric(format!("{}, P({predicted})", digit.name), probabilities[predicted]);
        let ink: Vec<f64> = digit.pixels.iter().map(|&x| f64::from(x) / 255.0).collect();
        figure = figure.image(format!("predicted: {predicted}"), &ink);
    }
    lab.figure("digits", &figure.render()?)?;
    let first: Vec<f32> = digits[0].pixels.iter().map(|&x| scale.apply(x)).collect();
    feature_maps(&classifier, &first, lab)
}

/// What the filters of a convolutional network make of the first digit.
fn feature_maps(classifier: &Classifier, digit: &[f32], lab: &mut Lab) -> Result<()> {
    for (layer, FeatureMaps { size: (height, width), maps }) in (1..).zip(classifier.feature_maps(digit)) {
        let title = format!("{} feature maps of {height} × {width}", maps.len());
        let strongest = maps.iter().flatten().copied().fold(f32::MIN_POSITIVE, f32::max);
        let shades = |map: &Vec<f32>| map.iter().map(|response| response / strongest).collect::<Vec<_>>();
        let figure = maps
            .iter()
            .fold(plot::Images::new(title, (width, height)).in_rows_of(8), |figure, map| figure.image("", &shades(map)));
        lab.figure(&format!("features-{layer}"), &figure.render()?)?;
    }
    Ok(())
}

/// The network of the checkpoint, and the scale of the pixels that it was trained on: that of `train`, or that of `fast`.
fn classifier(args: &Args, lab: &Lab) -> Result<(Classifier, PixelScale)> {
    let trained = Trained { chapter: env!("CARGO_PKG_NAME"), model: "model" };
    let checkpoint = args.checkpoint.as_deref();
    let perceptron = Classifier::load::<Mlp>(trained, checkpoint, lab);
    if perceptron.is_err()
        && checkpoint.is_some()
        && let Ok(convolutional) = Classifier::load::<SmallConvNet>(trained, checkpoint, lab)
    {
        return Ok((convolutional, PixelScale::Unit));
    }
    Ok((perceptron?, SCALE))
}

/// An image to classify.
struct Digit {
    name: String,
    /// The digit that it shows, of a test image.
    label: Option<usize>,
    pixels: Vec<u8>,
}

fn digits(args: &Args, lab: &Lab) -> Result<Vec<Digit>> {
    let picture = |path: &PathBuf| Ok(Digit { name: path.display().to_string(), label: None, pixels: digit::read(path)? });
    if !args.image.is_empty() {
        return args.image.iter().map(picture).collect();
    }
    let images = Images::test(lab.data())?;
    let digit = |&index: &usize| {
        let (label, pixels) = (Some(images.label(index)), images.pixels(index).to_vec());
        Digit { name: format!("test image {index}"), label, pixels }
    };
    Ok(args.index.iter().map(digit).collect())
}

/// The image, and beside it the probability of each digit.
fn print(digit: &Digit, probabilities: &[f32], lab: &mut Lab) -> Result<()> {
    let label = digit.label.map_or_else(String::new, |label| format!(", a {label}"));
    writeln!(lab, "{}{label}, predicted: {}", digit.name, reduce::argmax(probabilities))?;
    let mut beside = vec![String::new(), format!("{:<5}  {}", "digit", "probability")];
    beside.extend(probabilities.iter().enumerate().map(|(digit, &p)| {
        let bar = "█".repeat((p * BAR).round() as usize);
        format!("{digit:>5}  {p:.5}  {bar}")
    }));
    beside.resize(SIDE / 2, String::new());
    for (line, beside) in digit::draw(&digit.pixels).lines().zip(beside) {
        writeln!(lab, "{}", format!("{line:<SIDE$}   {beside}").trim_end())?;
    }
    if let (None, Some(doubt)) = (digit.label, doubt(&digit.pixels, probabilities)) {
        writeln!(lab, "[Warning] {}: {doubt}", digit.name)?;
    }
    Ok(())
}

/// Why the answer on a picture is not to be trusted.
fn doubt(pixels: &[u8], probabilities: &[f32]) -> Option<String> {
    let inked = |has_ink: &dyn Fn(usize) -> bool| {
        let ends = (0..SIDE).find(|&i| has_ink(i)).zip((0..SIDE).rfind(|&i| has_ink(i)));
        ends.map_or(0, |(first, last)| last - first + 1)
    };
    let width = inked(&|x| (0..SIDE).any(|y| pixels[y * SIDE + x] > 0));
    let height = inked(&|y| (0..SIDE).any(|x| pixels[y * SIDE + x] > 0));
    let best = probabilities[reduce::argmax(probabilities)];
    if 2 * width > 3 * height {
        Some("the drawing is wider than a digit: are there several? Give a picture of each".to_owned())
    } else if best < SURE {
        Some(format!("the network is unsure, its best guess has a probability of {best:.2}: above is what it was given"))
    } else {
        None
    }
}
