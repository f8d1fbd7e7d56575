//! A grid of networks and learning rates on the two moons, several seeds a cell: what `hidden-layers` fills.

use anyhow::Result;
use common::{
    cli::one_to,
    lab::{Column, Lab, Numbers, row},
    plot::{HeatMap, Svg},
    published::Band,
};
use std::fmt::{Display, Formatter, Write};

/// The units of each hidden layer of a network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hidden(pub(crate) Vec<usize>);

impl Hidden {
    /// Parses units separated by hyphens, such as 5-3.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const MOST_UNITS: usize = 1000;
        text.split('-').map(one_to::<MOST_UNITS>).collect::<Result<_, _>>().map(Self)
    }
}

impl Display for Hidden {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("-"))
    }
}

/// The two sides of a grid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides<'a> {
    /// The networks: a row each.
    pub(crate) hidden: &'a [Hidden],
    /// The learning rates: a column each.
    pub(crate) learning_rates: &'a [f32],
}

/// Network and learning rate of a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    /// The network.
    pub(crate) hidden: &'a Hidden,
    /// The learning rate.
    pub(crate) learning_rate: f32,
}

impl<'a> Sides<'a> {
    /// The cells, row by row.
    pub(crate) fn cells(self) -> impl Iterator<Item = Cell<'a>> {
        let row = move |hidden| self.learning_rates.iter().map(move |&learning_rate| Cell { hidden, learning_rate });
        self.hidden.iter().flat_map(row)
    }
}

/// What one training leaves.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// Accuracy of the best model on the test set.
    pub(crate) accuracy: f32,
    /// Its loss there.
    pub(crate) loss: f32,
    /// Training loss of each epoch.
    pub(crate) losses: Vec<f32>,
}

/// The epoch of the last training loss that the exercise notebook prints.
const LAST_PRINTED: usize = 950;

impl Run {
    /// The numbers that the exercise notebook prints of a training.
    fn numbers(&self) -> Numbers {
        let last = self.losses.get(LAST_PRINTED).map(|loss| (format!("loss, epoch {LAST_PRINTED}"), *loss));
        let test = [("test accuracy".to_owned(), self.accuracy), ("test loss".to_owned(), self.loss)];
        test.into_iter().chain(last).collect()
    }
}

/// The cells of a grid, filled.
#[derive(Debug, Clone)]
pub(crate) struct Grid<'a> {
    /// Standard deviation of the noise on the moons.
    pub(crate) noise: f32,
    sides: Sides<'a>,
    /// The runs of each cell, row by row, in the order of the seeds.
    cells: Vec<Vec<Run>>,
}

impl<'a> Grid<'a> {
    /// The grid that `runs` fill: for each seed a run of each cell, row by row.
    pub(crate) fn new(noise: f32, sides: Sides<'a>, runs: &[Vec<Run>]) -> Self {
        let cells = (0..sides.cells().count()).map(|cell| runs.iter().map(|runs| runs[cell].clone()).collect());
        Self { noise, sides, cells: cells.collect() }
    }

    /// Each cell with its runs.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (Cell<'a>, &[Run])> {
        self.sides.cells().zip(self.cells.iter().map(Vec::as_slice))
    }

    /// What each number of each cell spans over the seeds.
    pub(crate) fn bands(&self) -> Vec<(String, Band)> {
        let mut bands = Vec::new();
        for (Cell { hidden, learning_rate }, runs) in self.cells() {
            let runs: Vec<_> = runs.iter().map(Run::numbers).collect();
            for (i, (name, _)) in runs[0].iter().enumerate() {
                let values: Vec<f64> = runs.iter().map(|numbers| f64::from(numbers[i].1)).collect();
                bands.extend(Band::of(&values).map(|band| (format!("{hidden}, lr {learning_rate}: {name}"), band)));
            }
        }
        bands
    }

    /// What the test accuracy of each cell spans over the seeds.
    pub(crate) fn accuracies(&self) -> Vec<Band> {
        let values = |runs: &Vec<Run>| runs.iter().map(|run| f64::from(run.accuracy)).collect::<Vec<_>>();
        self.cells.iter().filter_map(|runs| Band::of(&values(runs))).collect()
    }

    /// Prints mean and deviation of each cell's test accuracy.
    pub(crate) fn print(&self, lab: &mut Lab) -> Result<()> {
        writeln!(lab, "\ntest accuracy at noise {}: mean ± deviation over {} seeds", self.noise, self.cells[0].len())?;
        let accuracies = self.accuracies();
        let rows = self.sides.hidden.iter().zip(accuracies.chunks(self.sides.learning_rates.len())).map(|(hidden, bands)| {
            let cells = bands.iter().map(|band| format!("{:.4} ± {:.4}", band.mean, band.sd));
            row(hidden.to_string(), cells)
        });
        lab.table(&Column::labelled("hidden", self.sides.learning_rates.iter().map(|lr| format!("lr {lr}"))), rows)
    }

    /// The same as a heat map. The shades go from 0.75 to 1, so that maps of different noises can be compared.
    pub(crate) fn figure(&self) -> Result<Svg> {
        let accuracies = self.accuracies();
        let rows = || accuracies.chunks(self.sides.learning_rates.len());
        let means: Vec<_> = rows().map(|row| row.iter().map(|band| band.mean).collect()).collect();
        let deviations = rows().map(|row| row.iter().map(|band| format!("± {:.3}", band.sd)).collect());
        let rates: Vec<String> = self.sides.learning_rates.iter().map(ToString::to_string).collect();
        let hidden: Vec<String> = self.sides.hidden.iter().map(ToString::to_string).collect();
        let [rates, hidden] = [&rates, &hidden].map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
        let title = format!("Test accuracy at noise {}", self.noise);
        HeatMap::new(title, ("learning rate", &rates), ("hidden units", &hidden), &means, 3, (0.75, 1.0))
            .with_notes(deviations.collect())
            .render()
    }
}
