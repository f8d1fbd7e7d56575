//! 4.2.1 · The two moons
//!
//! Moon1000: as many points on each of two interleaved half circles, (cos t, sin t) and (1 − cos t, 0.5 − sin t), shuffled, with noise from
//! N(0, 0.5²) on both coordinates, cut into 640 samples for training, 160 for development and 200 for the test.
//!
//! The noise is as large as the half circles are apart: no classifier gets all samples right. How near a good one comes is what `hidden-layers` shows.
//!
//! Seen: at this noise the two moons run into each other, so no boundary separates them. All samples together are balanced; each
//! split is only nearly so.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::non_negative,
    data::moons,
    figures,
    lab::{Column, Lab, row},
    parameters::Parameters,
    plot::{Scatter, Split},
    registry::{Heading, Section},
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "moons",
        book: "4.2.1",
        title: "The two moons",
        summary: "Two noisy half circles, the data of the whole chapter: how many samples of each class each split has, and how they lie.",
    };
    Section::new(heading, [include_str!("moons.rs"), include_str!("moons.zh.md")], run)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Standard deviation of the noise
    #[arg(long, default_value_t = moons::NOISE, value_parser = non_negative)]
    noise: f32,
}

/// Prints how many samples of each class the splits hold and draws them.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let split = moons::moon1000(args.noise, lab.seed());
    let mut rows = Vec::new();
    let mut figure = Scatter::new("Moon1000", ("x₁", "x₂"), &["class 0", "class 1"]);
    for (name, part) in split.parts() {
        let (zeros, ones) = (part.y.count(0), part.y.count(1));
        let counts = [part.len(), zeros, ones].map(|count| count.to_string());
        rows.push(row(name, counts.into_iter().chain([format!("{:.5}", part.y.share(1))])));
        lab.metric(format!("{name} samples of class 1"), ones);
        figure = figure.panel(Split::new(name, figures::points(part), part.y.classes()));
    }
    lab.table(&Column::labelled("split", ["samples", "class 0", "class 1", "share of 1"]), rows)?;
    lab.figure("moons", &figure.render()?)?;
    lab.fingerprint(&Parameters(split.parts().map(|(name, part)| part.tensor(name)).to_vec()));

    let total: usize = split.parts().iter().map(|(_, part)| part.y.count(1)).sum();
    lab.claim("the two classes are equally frequent over all 1000 samples", total == 500);
    Ok(())
}
