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
//! `--replay` trains on the source's own data, in the arithmetic of its GPU, and compares the parameters digit by digit.
//!
//! Departs from the book: the loss of every epoch is printed; its code prints the first only.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{at_least_one, positive},
    data::{Batches, Split, moons},
    figures,
    kernels::{Activation, Loss},
    lab::Lab,
    matrix::Matrix,
    optim::Sgd,
    parameters::Parameters,
    replay::{self, Operators},
    scratch::{Layer, Linear, Network},
    train::{Journal, Learner, Log, Metric, Outcome, Ties, Training, train},
    value::Value,
};
use std::fmt::Write;

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.2, value_parser = positive)]
    lr: f32,
    /// Epochs, each one full-batch step
    #[arg(long, default_value_t = 5, value_parser = at_least_one)]
    epochs: usize,
    /// Take the source's own data and arithmetic
    #[arg(long)]
    replay: bool,
}

const HIDDEN: usize = 5;

/// Trains the network and shows that its hidden units stay equal.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let layers = [(2, HIDDEN), (HIDDEN, 1)].map(|(inputs, outputs)| Layer {
        linear: Linear { weight: Matrix::zeros(inputs, outputs), bias: vec![0.0; outputs] },
        activation: Activation::Logistic,
    });
    if args.replay {
        lab.replay();
        let network = replay::Network::new(layers.to_vec(), Operators::Library, args.lr);
        study(args, network, &replay::moon1000(), lab)
    } else {
        let network = Network::new(layers.to_vec(), Loss::BinaryCrossEntropy, Sgd { learning_rate: args.lr });
        study(args, network, &moons::moon1000(0.5, lab.seed()), lab)
    }
}

fn study(args: &Args, mut learner: impl Learner, split: &Split, lab: &mut Lab) -> Result<()> {
    let training = Training {
        n_epochs: args.epochs,
        batches: Batches::Full,
        evaluate_every: 1,
        log: Log::Epochs { every: 1 },
        metric: Metric::Probability,
        ties: Ties::First,
    };
    let mut watch = Watch { lab, states: Vec::new() };
    let outcome = train(&mut learner, split, training, &mut watch)?;
    let mut states = watch.states;
    states.push(Units::of(&learner.parameters())?);
    for (epoch, units) in states.iter().enumerate() {
        for (name, columns) in units.rows() {
            lab.metric(format!("epoch {epoch}, {name}"), columns[0]);
        }
    }
    lab.metric("train loss, epoch 0", outcome.history.train_loss[0]);
    lab.metric("best dev accuracy", outcome.best_score);
    lab.history("", &outcome.history)?;
    lab.figure("curves", &figures::learning_curves("Training from zeros: five equal hidden units", &outcome.history, true)?)?;
    lab.fingerprint(&learner.parameters());
    lab.claim("the first loss is ln 2, to the bit", outcome.history.train_loss[0] == std::f32::consts::LN_2);
    claim(&states, &outcome, split, lab);
    Ok(())
}

/// The parameters of the network as the hidden units see them: incoming weights, bias, outgoing weight.
struct Units {
    w1: [Vec<f32>; 2],
    b1: Vec<f32>,
    w2: Vec<f32>,
    b2: Vec<f32>,
}

impl Units {
    fn of(parameters: &Parameters) -> Result<Self> {
        let values = |name, shape: &[usize]| parameters.get(name, shape).map(|parameter| parameter.values.clone());
        let w1 = values("0.weight", &[2, HIDDEN])?;
        let (first, second) = w1.split_at(HIDDEN);
        let w1 = [first.to_vec(), second.to_vec()];
        Ok(Self { w1, b1: values("0.bias", &[HIDDEN])?, w2: values("2.weight", &[HIDDEN, 1])?, b2: values("2.bias", &[1])? })
    }

    fn rows(&self) -> [(&'static str, &[f32]); 5] {
        [("W1[0]", &self.w1[0]), ("W1[1]", &self.w1[1]), ("b1", &self.b1), ("W2", &self.w2), ("b2", &self.b2)]
    }

    /// Whether each row has the same bits in all columns.
    fn are_equal(&self) -> bool {
        self.rows().iter().all(|(_, row)| row.iter().all(|x| x.to_bits() == row[0].to_bits()))
    }
}

/// Prints the parameters before each update, and keeps them.
struct Watch<'a> {
    lab: &'a mut Lab,
    states: Vec<Units>,
}

impl Journal for Watch<'_> {
    fn line(&mut self, line: &str) -> Result<()> {
        self.lab.line(line)
    }

    fn progress(&mut self, step: usize, steps: usize, loss: f32) {
        self.lab.progress(step, steps, loss);
    }

    fn before_update(&mut self, step: usize, learner: &dyn Learner) -> Result<()> {
        let units = Units::of(&learner.parameters())?;
        let numbers = (1..=HIDDEN).map(|unit| format!(" {:>14}", format!("unit {unit}")));
        writeln!(self.lab, "epoch {step}{}", numbers.collect::<String>())?;
        for (name, row) in units.rows() {
            let cells = row.iter().map(|x| format!(" {:>14}", Value::F32(*x)));
            writeln!(self.lab, "  {name:<5}{}", cells.collect::<String>())?;
        }
        self.states.push(units);
        Ok(())
    }
}

/// What the section is there to show.
fn claim(states: &[Units], outcome: &Outcome, split: &Split, lab: &mut Lab) {
    lab.claim("the hidden units are equal to the bit before and after every update", states.iter().all(Units::are_equal));
    let [first, second] = &states[1].w1;
    let idle = first.iter().chain(second).chain(&states[1].b1).all(|x| *x == 0.0);
    lab.claim("the first update moves the output layer only", idle);
    let classes = split.dev.y.classes();
    let ones = classes.iter().sum::<usize>() as f32 / classes.len() as f32;
    let zeros = 1.0 - ones;
    let shares = outcome.history.dev_score.iter().all(|(_, score)| *score == ones || *score == zeros);
    lab.claim(format!("the dev accuracy is the share of a class in the development set, {ones:.5} or {zeros:.5}"), shares);
}
