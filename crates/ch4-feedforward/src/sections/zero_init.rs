//! 4.4.1 · All parameters zero
//!
//! The 2-5-1 network of section 4.2 starts with every weight and bias at 0. All hidden units then compute the same; the error reaches
//! them through equal weights (eq. 4.19), so that their gradients are equal too, and so they stay: five units, but one feature. Before
//! each update the parameters are printed, a column for each hidden unit. W1 moves from the second update on, when W2 is no longer 0.
//!
//! As every output is σ(0) = ½, the first loss of each sample is ln 2 = 0.6931472, and so is their mean.
//!
//! The accuracy of about one half is no accident of training: the outputs are all on the same side of ½, so that it is the share of
//! one class in the development set. That is so for the book's five epochs: trained for longer (`--epochs 2000 --lr 5`), the network
//! does learn, but no more than one hidden unit can.
//!
//! Seen: units that start equal stay equal: five hidden units learn as one, and nearly nothing in five epochs. The accuracy is the
//! share of one class.
//!
//! `--replay` trains on the source's own data, in the arithmetic of its GPU, and compares the parameters digit by digit.
//!
//! Departs from the book: the loss of every epoch is printed; its code prints the first only.

use super::autograd_mlp::{LOSS, Mlp};
use crate::replays;
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{n_steps, positive},
    data::{Batches, Samples, Split, moons},
    figures,
    kernels::reduce::norm,
    lab::{Column, Lab, Numbers, row},
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer, Parameters},
    plot::Curves,
    registry::{Heading, Section},
    train::{Decision, Log, Network, Outcome, Trainer, TrainingConfig},
    value::Value,
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "zero-init",
        book: "4.4.1",
        title: "All parameters zero",
        summary: "The two-layer network started at zero: its hidden units stay equal to the bit, and five epochs teach it nothing.",
    };
    Section::new(heading, [include_str!("zero_init.rs"), include_str!("zero_init.zh.md")], run)
        .replayed("Take the source's own data and arithmetic", &[], replays::zero_init)
        .taped(&["--taped"])
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = LEARNING_RATE, value_parser = positive)]
    pub(crate) lr: f32,
    /// Epochs, each one full-batch step
    #[arg(long, default_value_t = EPOCHS, value_parser = n_steps)]
    epochs: usize,
}

/// Hidden units.
pub(crate) const HIDDEN: usize = 5;
/// The book's learning rate.
pub(crate) const LEARNING_RATE: f32 = 0.2;
/// The book's epochs.
pub(crate) const EPOCHS: usize = 5;

/// Trains the network and shows that its hidden units stay equal.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let zeros = Initialization { weight: Initializer::ZEROS, bias: Initializer::ZEROS };
    let mut mlp = lab.driver().network::<Mlp, 2, 1>(LOSS, zeros, &mut lab.stream("weights"))?;
    let split = moons::moon1000(moons::NOISE, lab.seed());
    let run = Trainer::new(&mut mlp, Optimizer::new(Sgd), &split.train, args.config())?;
    let training = watch(run.journal(lab), args.lr, &split.dev)?;
    show(&training, &split, lab)
}

impl Args {
    pub(crate) fn config(&self) -> TrainingConfig {
        let config = TrainingConfig::new(self.epochs, Batches::Full, Decision::Probability);
        TrainingConfig { log: Some(Log::FullBatch { every: 1 }), ..config }
    }
}

/// A training run with the parameters before each update and at the end.
pub(crate) struct Watched {
    outcome: Outcome,
    states: Vec<Units>,
    end: Parameters,
}

/// Gradient descent that prints the parameters before each update.
pub(crate) fn watch<N: Network>(mut run: Trainer<N, Lab>, learning_rate: f32, dev: &Samples) -> Result<Watched> {
    let mut states = Vec::new();
    while let Some(step) = run.forward_backward()? {
        let units = Units::of(&run.network().parameters())?;
        run.journal_mut().map_or(Ok(()), |lab| units.print(step.epoch, lab))?;
        states.push(units);
        run.update(learning_rate)?;
        run.evaluate(dev)?;
    }
    let end = run.network().parameters();
    states.push(Units::of(&end)?);
    Ok(Watched { outcome: run.finish(), states, end })
}

/// Records the parameters, draws the curves, and says what came of it.
pub(crate) fn show(Watched { outcome, states, end }: &Watched, split: &Split, lab: &mut Lab) -> Result<()> {
    let rows = states
        .iter()
        .enumerate()
        .flat_map(|(epoch, units)| units.rows().map(|(name, columns)| (format!("epoch {epoch}, {name}"), columns[0])));
    let ends = [("train loss, epoch 0", outcome.history.train_loss[0]), ("best dev accuracy", outcome.best.evaluation.accuracy)];
    let numbers: Numbers = rows.chain(ends.map(|(name, number)| (name.to_owned(), number))).collect();
    if !lab.is_replay() {
        // The lab report prints the same numbers, of other moons.
        lab.metrics(numbers.iter().map(|(name, number)| (format!("S3 4.4.1 {name}"), *number)));
    }
    lab.metrics(numbers);
    lab.history("", &outcome.history)?;
    let [losses, accuracies] = figures::learning_panels(&outcome.history);
    let losses = losses.reference(std::f64::consts::LN_2, "ln 2").y_range(0.5, 0.8);
    let figure = Curves::new("Training from zeros: five equal hidden units").panel(losses);
    lab.figure("curves", &figure.panel(accuracies.y_range(0.0, 1.0)).render()?)?;
    lab.fingerprint(end);
    lab.claim("the first loss is ln 2, to the bit", outcome.history.train_loss[0] == std::f32::consts::LN_2);
    claim(states, outcome, split, lab);
    Ok(())
}

/// The parameters of the network as the hidden units see them: incoming weights, bias, outgoing weight.
pub(crate) struct Units {
    w1: [Vec<f32>; 2],
    b1: Vec<f32>,
    w2: Vec<f32>,
    b2: Vec<f32>,
}

impl Units {
    pub(crate) fn of(parameters: &Parameters) -> Result<Self> {
        let values = |name, shape: &[usize]| parameters.get(name, shape).map(|parameter| parameter.values.clone());
        let w1 = values("0.weight", &[2, HIDDEN])?;
        let (first, second) = w1.split_at(HIDDEN);
        let w1 = [first.to_vec(), second.to_vec()];
        Ok(Self { w1, b1: values("0.bias", &[HIDDEN])?, w2: values("2.weight", &[HIDDEN, 1])?, b2: values("2.bias", &[1])? })
    }

    fn rows(&self) -> [(&'static str, &[f32]); 5] {
        [("W1[0]", &self.w1[0]), ("W1[1]", &self.w1[1]), ("b1", &self.b1), ("W2", &self.w2), ("b2", &self.b2)]
    }

    /// Prints a row for each kind of parameter, a column for each unit.
    fn print(&self, epoch: usize, lab: &mut Lab) -> Result<()> {
        let rows = self.rows().map(|(name, numbers)| {
            // The output's bias belongs to no unit.
            let cells = (0..HIDDEN).map(|unit| numbers.get(unit).map_or_else(String::new, |x| Value::F32(*x).to_string()));
            row(format!("  {name}"), cells)
        });
        lab.table(&Column::labelled(format!("epoch {epoch}"), (1..=HIDDEN).map(|unit| format!("unit {unit}"))), rows)
    }

    /// How far apart the two hidden units are that are most alike.
    pub(crate) fn least_distance(&self) -> f32 {
        let unit = |u: usize| [self.w1[0][u], self.w1[1][u], self.b1[u], self.w2[u]];
        let distance = |u, v| norm(&[0, 1, 2, 3].map(|place| unit(u)[place] - unit(v)[place]));
        let pairs = (0..HIDDEN).flat_map(|v| (0..v).map(move |u| (u, v)));
        pairs.map(|(u, v)| distance(u, v)).fold(f32::INFINITY, f32::min)
    }

    /// Whether each row has the same bits in all columns.
    fn are_equal(&self) -> bool {
        self.rows().iter().all(|(_, row)| row.iter().all(|x| x.to_bits() == row[0].to_bits()))
    }
}

/// What the section is there to show.
fn claim(states: &[Units], outcome: &Outcome, split: &Split, lab: &mut Lab) {
    lab.claim("the hidden units are equal to the bit before and after every update", states.iter().all(Units::are_equal));
    let [first, second] = &states[1].w1;
    let idle = first.iter().chain(second).chain(&states[1].b1).all(|x| *x == 0.0);
    lab.claim("the first update moves the output layer only", idle);
    let ones = split.dev.y.share(1);
    let zeros = 1.0 - ones;
    let shares = outcome.history.dev_score.iter().all(|(_, score)| *score == ones || *score == zeros);
    lab.claim(format!("the dev accuracy is the share of a class in the development set, {ones:.5} or {zeros:.5}"), shares);
    let train = &outcome.history.train_loss;
    let dev: Vec<f32> = outcome.history.dev_loss.iter().map(|(_, loss)| *loss).collect();
    let [train_fall, dev_fall] = [train, &dev].map(|losses| losses[0] - losses[losses.len() - 1]);
    let hardly = train.is_sorted_by(|a, b| a > b) && train_fall.max(dev_fall) < 1e-3;
    lab.claim("the training loss falls in every epoch, but neither it nor the development loss by a thousandth in all", hardly);
}
