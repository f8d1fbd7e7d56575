//! A grid of networks and learning rates on the two moons, several seeds a cell: what `hidden-layers` trains.

use anyhow::Result;
use common::{
    cli::{self, one_to},
    data::{Batches, Split, moons},
    kernels::{Activation, Loss},
    lab::Lab,
    optim::Sgd,
    parameters::{Initialization, Initializer},
    plot::{HeatMap, Svg},
    published::Band,
    rng::Stream,
    scratch::{Layer, Network},
    train::{Learner, Log, Metric, Silent, Ties, Training, evaluate, train},
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

/// The two sides of a grid, and what each training takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides<'a> {
    /// The networks: a row each.
    pub(crate) hidden: &'a [Hidden],
    /// The learning rates: a column each.
    pub(crate) lrs: &'a [f32],
    /// Epochs of each training, each one full-batch step.
    pub(crate) epochs: usize,
    /// Trainings in each cell.
    pub(crate) seeds: usize,
}

impl<'a> Sides<'a> {
    /// Network and learning rate of each cell, row by row.
    pub(crate) fn cells(self) -> impl Iterator<Item = (&'a Hidden, f32)> {
        self.hidden.iter().flat_map(move |hidden| self.lrs.iter().map(move |lr| (hidden, *lr)))
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
    /// The best of a training's models is tested, as in section 4.2.
    fn train(hidden: &Hidden, learning_rate: f32, n_epochs: usize, (split, seed): (&Split, u64)) -> Result<Self> {
        const INIT: Initialization = Initialization { weight: Initializer::STANDARD_NORMAL, bias: Initializer::ZEROS };
        let mut weights = Stream::new(seed, "weights");
        let widths: Vec<usize> = [2].iter().chain(&hidden.0).chain(&[1]).copied().collect();
        let layers = widths.windows(2).map(|pair| Layer::draw((pair[0], pair[1]), Activation::Logistic, INIT, &mut weights));
        let mut network = Network::new(layers.collect(), Loss::BinaryCrossEntropy, Sgd { learning_rate });
        let training = Training {
            n_epochs,
            batches: Batches::Full,
            evaluate_every: 1,
            log: Log::Epochs { every: n_epochs },
            metric: Metric::Probability,
            ties: Ties::First,
        };
        let outcome = train(&mut network, split, training, &mut Silent)?;
        network.load(&outcome.best)?;
        let (accuracy, loss) = evaluate(&network, &split.test, Metric::Probability)?;
        Ok(Self { accuracy, loss, losses: outcome.history.train_loss })
    }

    /// The numbers that the exercise notebook prints of a training.
    fn numbers(&self) -> Vec<(String, f64)> {
        let last = self.losses.get(LAST_PRINTED).map(|loss| (format!("loss, epoch {LAST_PRINTED}"), *loss));
        let test = [("test accuracy".to_owned(), self.accuracy), ("test loss".to_owned(), self.loss)];
        test.into_iter().chain(last).map(|(name, x)| (name, f64::from(x))).collect()
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
    /// Trains every cell on moons of the given noise.
    pub(crate) fn train(sides: Sides<'a>, noise: f32, lab: &mut Lab) -> Result<Self> {
        let runs = lab.each_seed(cli::seeds(lab.seed(), sides.seeds)?, |seed| {
            let split = moons::moon1000(noise, seed);
            sides.cells().map(|(hidden, lr)| Run::train(hidden, lr, sides.epochs, (&split, seed))).collect::<Result<Vec<_>>>()
        })?;
        let cells = (0..sides.cells().count()).map(|cell| runs.iter().map(|runs| runs[cell].clone()).collect());
        Ok(Self { noise, sides, cells: cells.collect() })
    }

    /// Each cell with its runs.
    pub(crate) fn cells(&self) -> impl Iterator<Item = ((&'a Hidden, f32), &[Run])> {
        self.sides.cells().zip(self.cells.iter().map(Vec::as_slice))
    }

    /// What each number of each cell spans over the seeds.
    pub(crate) fn bands(&self) -> Vec<(String, Band)> {
        let mut bands = Vec::new();
        for ((hidden, lr), runs) in self.cells() {
            let runs: Vec<_> = runs.iter().map(Run::numbers).collect();
            for (i, (name, _)) in runs[0].iter().enumerate() {
                let values: Vec<f64> = runs.iter().map(|numbers| numbers[i].1).collect();
                bands.extend(Band::of(&values).map(|band| (format!("{hidden}, lr {lr}: {name}"), band)));
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
        writeln!(lab, "\ntest accuracy at noise {}: mean ± deviation over {} seeds", self.noise, self.sides.seeds)?;
        let header = self.sides.lrs.iter().map(|lr| format!("  {:>15}", format!("lr {lr}")));
        writeln!(lab, "{:<8}{}", "hidden", header.collect::<String>())?;
        for (hidden, row) in self.sides.hidden.iter().zip(self.accuracies().chunks(self.sides.lrs.len())) {
            let cells = row.iter().map(|band| format!("  {:.4} ± {:.4}", band.mean, band.sd));
            writeln!(lab, "{hidden:<8}{}", cells.collect::<String>())?;
        }
        Ok(())
    }

    /// The same as a heat map. The shades go from 0.75 to 1, so that maps of different noises can be compared.
    pub(crate) fn figure(&self) -> Result<Svg> {
        let accuracies = self.accuracies();
        let rows = || accuracies.chunks(self.sides.lrs.len());
        let means = rows().map(|row| row.iter().map(|band| band.mean).collect());
        let deviations = rows().map(|row| row.iter().map(|band| format!("± {:.3}", band.sd)).collect());
        let rates: Vec<String> = self.sides.lrs.iter().map(ToString::to_string).collect();
        let hidden: Vec<String> = self.sides.hidden.iter().map(ToString::to_string).collect();
        let [rates, hidden] = [&rates, &hidden].map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
        let title = format!("Test accuracy at noise {}", self.noise);
        HeatMap::new(title, ("learning rate", &rates), ("hidden units", &hidden), means.collect())
            .with_notes(deviations.collect())
            .decimals(3)
            .range(0.75, 1.0)
            .render()
    }
}
