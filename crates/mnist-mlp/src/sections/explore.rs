//! S2, question 2 · The digits
//!
//! 60,000 training and 10,000 test images of `28 × 28` grey pixels. The section counts the digits, gives mean and standard deviation of the pixels on the
//! scale from 0 (paper) to 1 (ink), and draws the mean image of each digit and samples.
//!
//! Two classifiers that learn next to nothing set the bar for the networks of this case study: one always answers the most frequent digit,
//! the other the digit whose mean image is nearest, in the Euclidean distance.
//!
//! Seen: the digits are nearly balanced, so accuracy is a fair measure; 80.9 % of the training pixels are blank. The
//! nearest mean image already classifies 82 % of the test images correctly; only the others call for a network.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    data::mnist::{Images, N_DIGITS, N_PIXELS, SIDE},
    kernels::reduce,
    lab::{Column, Lab, row},
    parameters::{Parameter, Parameters},
    plot,
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "explore",
        book: "S2, question 2",
        title: "The digits",
        summary: "Counts of each digit, mean and standard deviation of the pixels, mean image of each digit, and what a classifier reaches that knows \
                  no more than these.",
    };
    Section::new(heading, [include_str!("explore.rs"), include_str!("explore.zh.md")], run)
}

/// There is nothing to choose.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {}

/// Samples of each digit in the figure.
const N_SAMPLES: usize = 6;
/// The value of a pixel that is all ink.
const INK: f64 = 255.0;

/// Prints the tables and draws the figures.
pub(crate) fn run(_: &Args, lab: &mut Lab) -> Result<()> {
    let (train, test) = (Images::train(lab.data())?, Images::test(lab.data())?);
    let means = mean_images(&train);
    let (train_counts, test_counts) = (counts(&train), counts(&test));
    print_counts(&train_counts, &test_counts, &means, lab)?;

    let mut rows = Vec::new();
    let pixels = [pixels(&train), pixels(&test)];
    for ((name, images), Pixels { mean, deviation, blank }) in [("train", &train), ("test", &test)].into_iter().zip(&pixels) {
        let numbers = [format!("{mean:.4}"), format!("{deviation:.4}"), format!("{:.1} %", 100.0 * blank)];
        rows.push(row(name, [images.len().to_string()].into_iter().chain(numbers)));
        lab.metrics([(format!("{name} pixel mean"), *mean), (format!("{name} pixel standard deviation"), *deviation)]);
    }
    writeln!(lab)?;
    lab.table(&Column::labelled("pixels", ["images", "mean", "standard deviation", "blank"]), rows)?;

    let most_frequent = argmax(&train_counts);
    let constant = share(&test, |_| most_frequent);
    let nearest = share(&test, |pixels| nearest_mean(&means, pixels));
    writeln!(lab)?;
    let always = format!("always {most_frequent}, the most frequent training digit");
    let classifiers = [(&always[..], constant), ("the digit whose mean training image is nearest", nearest)];
    let rows = classifiers.map(|(name, accuracy)| row(name, [format!("{accuracy:.4}")]));
    lab.table(&Column::labelled("classifier", ["accuracy"]), rows)?;
    lab.metrics([("test accuracy, most frequent digit", constant), ("test accuracy, nearest mean", nearest)]);

    draw(&train, &means, lab)?;
    let values = means.iter().flatten().map(|&x| x as f32).collect();
    lab.fingerprint(&Parameters(vec![Parameter { name: "mean images".into(), shape: vec![N_DIGITS, N_PIXELS], values }]));
    let shares = |counts: &[usize; N_DIGITS], n: usize| counts.iter().all(|&count| (80..=120).contains(&(1000 * count / n)));
    lab.claim("each digit is 8 to 12 % of either set", shares(&train_counts, train.len()) && shares(&test_counts, test.len()));
    let commonly = format!("{:.4} {:.4}", pixels[0].mean, pixels[0].deviation) == "0.1307 0.3081";
    lab.claim("the training pixels have mean 0.1307 and standard deviation 0.3081, as commonly stated", commonly);
    lab.claim("the nearest mean classifies more than 80 % of the test images correctly", nearest > 0.8);
    Ok(())
}

/// Images of each digit.
fn counts(images: &Images) -> [usize; N_DIGITS] {
    let mut counts = [0; N_DIGITS];
    for &label in images.labels() {
        counts[usize::from(label)] += 1;
    }
    counts
}

/// The mean of the images of each digit, pixel by pixel, from 0 to 1.
fn mean_images(images: &Images) -> Vec<Vec<f64>> {
    let mut sums = vec![vec![0u64; N_PIXELS]; N_DIGITS];
    for image in 0..images.len() {
        for (sum, &pixel) in sums[images.label(image)].iter_mut().zip(images.pixels(image)) {
            *sum += u64::from(pixel);
        }
    }
    // The sums are exact, so the order of the images does not matter.
    let mean = |(sums, count): (Vec<u64>, usize)| sums.iter().map(|&sum| sum as f64 / (INK * count as f64)).collect();
    sums.into_iter().zip(counts(images)).map(mean).collect()
}

fn print_counts(train: &[usize], test: &[usize], means: &[Vec<f64>], lab: &mut Lab) -> Result<()> {
    let sums: [usize; 2] = [train.iter().sum(), test.iter().sum()];
    let share = |count: usize, n: usize| [count.to_string(), format!("{:.2} %", 100.0 * count as f64 / n as f64)];
    let mut rows = Vec::new();
    for (digit, ((&train, &test), mean)) in train.iter().zip(test).zip(means).enumerate() {
        let ink = format!("{:.4}", reduce::mean_and_deviation(mean).0);
        rows.push(row(digit.to_string(), share(train, sums[0]).into_iter().chain(share(test, sums[1])).chain([ink])));
        lab.metrics([(format!("train images of {digit}"), train), (format!("test images of {digit}"), test)]);
    }
    rows.push(["all", &sums[0].to_string(), "", &sums[1].to_string(), "", ""].map(str::to_owned).to_vec());
    lab.table(&Column::labelled("digit", ["train", "share", "test", "share", "mean ink"]), rows)
}

/// What all pixels of a set have in common, on the scale from 0 to 1.
struct Pixels {
    mean: f64,
    /// √(mean of squares − square of mean): of a population, dividing by n.
    deviation: f64,
    /// The share of pixels without any ink.
    blank: f64,
}

fn pixels(images: &Images) -> Pixels {
    let mut histogram = [0u64; 256];
    for image in 0..images.len() {
        for &pixel in images.pixels(image) {
            histogram[usize::from(pixel)] += 1;
        }
    }
    let moment = |power: u32| (0u64..).zip(&histogram).map(|(x, count)| u128::from(x.pow(power) * count)).sum::<u128>();
    let (n, sum, squares) = (moment(0), moment(1), moment(2));
    // n Σx² − (Σx)² is exact in integers; in floats it would cancel.
    let deviation = ((n * squares - sum * sum) as f64).sqrt() / (n as f64 * INK);
    Pixels { mean: sum as f64 / (n as f64 * INK), deviation, blank: histogram[0] as f64 / n as f64 }
}

/// The share of images for which `classify` answers their digit.
fn share(images: &Images, classify: impl Fn(&[u8]) -> usize) -> f64 {
    let right = (0..images.len()).filter(|&image| classify(images.pixels(image)) == images.label(image)).count();
    right as f64 / images.len() as f64
}

/// The digit whose mean image m has the smallest Σ (x − m)²; of equals the first.
fn nearest_mean(means: &[Vec<f64>], pixels: &[u8]) -> usize {
    let distance = |mean: &Vec<f64>| {
        let gaps = mean.iter().zip(pixels).map(|(m, &x)| f64::from(x) / INK - m);
        gaps.fold(0.0, |sum, gap| sum + gap * gap)
    };
    let distances: Vec<f64> = means.iter().map(distance).collect();
    (1..N_DIGITS).fold(0, |best, digit| if distances[digit] < distances[best] { digit } else { best })
}

/// The most frequent digit; of equals the first.
fn argmax(counts: &[usize; N_DIGITS]) -> usize {
    (1..N_DIGITS).fold(0, |best, digit| if counts[digit] > counts[best] { digit } else { best })
}

fn draw(train: &Images, means: &[Vec<f64>], lab: &mut Lab) -> Result<()> {
    let size = (SIDE, SIDE);
    let figure = plot::Images::new("Mean of the training images of each digit", size).in_rows_of(5);
    let figure = means.iter().enumerate().fold(figure, |figure, (digit, mean)| figure.image(digit.to_string(), mean));
    lab.figure("means", &figure.render()?)?;

    let of = |digit: usize| (0..train.len()).filter(move |&image| train.label(image) == digit);
    let columns: Vec<Vec<usize>> = (0..N_DIGITS).map(|digit| of(digit).take(N_SAMPLES).collect()).collect();
    let mut figure = plot::Images::new("The first training images of each digit, with their numbers", size);
    for row in 0..N_SAMPLES {
        for image in columns.iter().filter_map(|column| column.get(row)) {
            let ink: Vec<f64> = train.pixels(*image).iter().map(|&x| f64::from(x) / INK).collect();
            figure = figure.image(format!("{image}"), &ink);
        }
    }
    lab.figure("samples", &figure.render()?)
}
