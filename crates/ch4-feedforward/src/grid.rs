//! A grid of networks and learning rates on the two moons, several seeds per cell: what `hidden-layers` fills.

use anyhow::Result;
use common::{
    cli::one_to,
    lab::{self, Column, Lab, Numbers, row},
    plot::{CurvePanel, Curves, HeatMap, Series, Svg},
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

/// What one training leaves.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// Accuracy of the best model on the test set.
    pub(crate) accuracy: f32,
    /// Its loss there.
    pub(crate) loss: f32,
    /// Its accuracy on the development set.
    pub(crate) best_dev: f32,
    /// Training loss of each epoch.
    pub(crate) losses: Vec<f32>,
}

/// The epoch of the last training loss that the lab report prints.
const LAST_PRINTED: usize = 950;

impl Run {
    /// The numbers that the lab report prints of a training.
    fn numbers(&self) -> Numbers {
        let last = self.losses.get(LAST_PRINTED).map(|loss| (format!("loss, epoch {LAST_PRINTED}"), *loss));
        let test = [("test accuracy".to_owned(), self.accuracy), ("test loss".to_owned(), self.loss)];
        test.into_iter().chain(last).collect()
    }

    /// The number of the given name, if the training is long enough to have it.
    fn number(&self, name: &str) -> Option<f32> {
        match name {
            "test accuracy" => Some(self.accuracy),
            "test loss" => Some(self.loss),
            "best dev accuracy" => Some(self.best_dev),
            _ => self.losses.get(name.strip_prefix("loss, epoch ")?.parse::<usize>().ok()?).copied(),
        }
    }
}

/// A network and a learning rate.
#[derive(Debug, Clone)]
pub(crate) struct Cell<'a> {
    /// The network.
    pub(crate) hidden: &'a Hidden,
    /// The learning rate.
    pub(crate) learning_rate: f32,
    /// A run for each seed, in their order.
    pub(crate) runs: Vec<Run>,
    /// What the test accuracy spans over the seeds.
    pub(crate) accuracy: Band,
}

impl Cell<'_> {
    /// Where the ledger names a number of this cell: its names end so, up to the number's own.
    fn name(&self) -> String {
        format!("hidden {}, lr {}: ", self.hidden, self.learning_rate)
    }

    /// The numbers of the cell's only run under the names by which the ledger knows the report's.
    fn counterparts(&self, lab: &Lab) -> Numbers {
        let numbers = lab.printed_names().filter_map(|name| {
            let (_, number) = name.split_once(&self.name())?;
            Some((name.to_owned(), self.runs[0].number(number)?))
        });
        numbers.collect()
    }

    /// What each of its numbers spans over the seeds.
    pub(crate) fn bands(&self) -> Vec<(String, Band)> {
        let runs: Vec<Numbers> = self.runs.iter().map(Run::numbers).collect();
        let named = |(name, band)| (format!("{}, lr {}: {name}", self.hidden, self.learning_rate), band);
        lab::spans(&runs).map(named).collect()
    }
}

/// The cells of a grid, filled.
#[derive(Debug, Clone)]
pub(crate) struct Grid<'a> {
    /// Standard deviation of the noise on the moons.
    pub(crate) noise: f32,
    /// The cells, row by row: a row for each network.
    pub(crate) cells: Vec<Cell<'a>>,
    /// The columns: the learning rates.
    pub(crate) learning_rates: &'a [f32],
}

impl Grid<'_> {
    fn rows(&self) -> impl Iterator<Item = &[Cell<'_>]> {
        self.cells.chunks(self.learning_rates.len())
    }

    /// One run of each network with the first learning rate: its test, and how it learns.
    pub(crate) fn show_first_column(&self, lab: &mut Lab) -> Result<()> {
        let cells: Vec<&Cell> = self.rows().map(|cells| &cells[0]).collect();
        for Cell { hidden, learning_rate, runs, .. } in &cells {
            let (Run { accuracy, loss, .. }, noise) = (&runs[0], self.noise);
            writeln!(lab, "2-{hidden}-1, lr {learning_rate}, noise {noise}: [Test] score/loss: {accuracy:.4}/{loss:.4}")?;
        }
        let title = format!("One run of each network at noise {}, learning rate {}", self.noise, self.learning_rates[0]);
        let mut figure = Curves::new(title).same_y();
        // More than three of these curves in a panel are a tangle.
        for cells in cells.chunks(3) {
            let series = |cell: &&Cell| Series::sampled(format!("2-{}-1", cell.hidden), &cell.runs[0].losses, 0.0, 1.0);
            figure = figure.panel(cells.iter().map(series).fold(CurvePanel::new("epoch", "training loss"), CurvePanel::with));
        }
        lab.figure("losses", &figure.render()?)
    }

    /// Records what single runs give beside each number that the lab report prints.
    pub(crate) fn record_counterparts(&self, lab: &mut Lab) {
        let numbers: Vec<Numbers> = self.cells.iter().map(|cell| cell.counterparts(lab)).collect();
        lab.metrics(numbers.into_iter().flatten());
    }

    /// Prints mean and standard deviation of each cell's test accuracy.
    pub(crate) fn print(&self, lab: &mut Lab) -> Result<()> {
        let seeds = self.cells[0].runs.len();
        writeln!(lab, "\ntest accuracy at noise {}: mean ± standard deviation over {seeds} seeds", self.noise)?;
        let rows = self.rows().map(|cells| {
            let accuracies = cells.iter().map(|Cell { accuracy, .. }| format!("{:.4} ± {:.4}", accuracy.mean, accuracy.sd));
            row(cells[0].hidden.to_string(), accuracies)
        });
        lab.table(&Column::labelled("hidden", self.learning_rates.iter().map(|lr| format!("lr {lr}"))), rows)
    }

    /// The same as a heat map, from few units to many. The shades go from 0.75 to 1, so that maps of different noises can be compared.
    pub(crate) fn figure(&self) -> Result<Svg> {
        let mut rows: Vec<_> = self.rows().collect();
        rows.sort_by(|a, b| (a[0].hidden.0.len(), &a[0].hidden.0).cmp(&(b[0].hidden.0.len(), &b[0].hidden.0)));
        let means: Vec<_> = rows.iter().map(|cells| cells.iter().map(|cell| cell.accuracy.mean).collect()).collect();
        let deviations = rows.iter().map(|cells| cells.iter().map(|cell| format!("± {:.3}", cell.accuracy.sd)).collect());
        let rates: Vec<String> = self.learning_rates.iter().map(ToString::to_string).collect();
        let hidden: Vec<String> = rows.iter().map(|cells| cells[0].hidden.to_string()).collect();
        let [rates, hidden] = [&rates, &hidden].map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
        let seeds = self.cells[0].runs.len();
        let title = format!("Test accuracy at noise {}: mean ± standard deviation over {seeds} seeds", self.noise);
        HeatMap::new(title, ("learning rate", &rates), ("hidden units", &hidden), &means, 3, (0.75, 1.0))
            .with_notes(deviations.collect())
            .render()
    }
}
