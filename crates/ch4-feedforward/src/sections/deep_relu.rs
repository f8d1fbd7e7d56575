//! 4.4.3, exercise · Ten layers of ReLU that do not converge
//!
//! The exercise (S2, question 3): a network of ten layers with ReLU and a learning rate of 2.0 does not converge; why, and what helps? Here ten hidden layers
//! of ten units learn the two moons with weights from N(0, 1/n), n inputs. A unit is dead if its net input is negative for every
//! sample. Each cure is then tried alone, all from the same random numbers: a smaller rate; leaky ReLU; He's weights, N(0, 2/n);
//! Adam, which chooses the size of each step itself.
//!
//! Seen: the first steps do little, as the signal weakens from layer to layer; once the gradient has grown, a step of 2.0 throws
//! most units of the deeper layers to the negative side, within some 20 steps. What is left is one answer for every sample, with a
//! loss of about ln 2, and as dead units pass no gradient, it stays. So the learning rate is the cause: with a smaller one every start learns,
//! though one unit in six is dead from the beginning. Leaky ReLU and He's weights alone do not help at a rate of 2.0: a slope
//! of 0.01 shrinks the gradient by 100 in every silent layer, and He's stronger signal makes the first steps larger still,
//! so that some losses stop being finite. Adam lets all starts learn with a rate of 0.01; it is no cure of the rate itself: with `--adam-lr 2` none does.
//!
//! Departs from the exercise: it names width, data and weights nowhere; those here are ours.

use crate::deep::{EVERY, Run, Shape, print_table};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{self, at_least_one, one_to, positive},
    data::moons,
    kernels::{Activation, Loss, reduce::mean_and_deviation},
    lab::Lab,
    optim::{Adam, Optimizer, Sgd},
    parameters::Parameters,
    plot::{CurvePanel, Curves, Series},
    rng::Stream,
    scratch::Network,
    value::Value,
};
use std::fmt::Write;

/// The exercise's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Hidden layers
    #[arg(long, default_value_t = 10, value_parser = one_to::<100>)]
    hidden_layers: usize,
    /// Units of each hidden layer
    #[arg(long, default_value_t = 10, value_parser = one_to::<1000>)]
    width: usize,
    /// Learning rate of the exercise
    #[arg(long, default_value_t = 2.0, value_parser = positive)]
    lr: f32,
    /// The smaller learning rate
    #[arg(long, default_value_t = 0.1, value_parser = positive)]
    small_lr: f32,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    adam_lr: f32,
    /// Slope of the leaky ReLU
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    slope: f32,
    /// Full-batch steps
    #[arg(long, default_value_t = 500, value_parser = at_least_one)]
    steps: usize,
    /// Starts of each variant, seeds from --seed on
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    seeds: usize,
}

/// Adam's β₁, β₂ and ε, as in section 7.3.3.2.
const DECAY_RATES: (f32, f32) = (0.9, 0.99);
const EPSILON: f32 = 1e-7;
/// A development accuracy that is beyond a constant answer.
const LEARNT: f32 = 0.7;

/// Counts dead units as the network trains, then tries each cure alone.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let leaky = Activation::LeakyRelu { slope: args.slope };
    let mut arms = Vec::new();
    for (name, hidden, gain, lr) in [
        ("as it is", Activation::Relu, 1.0, args.lr),
        ("smaller rate", Activation::Relu, 1.0, args.small_lr),
        ("leaky ReLU", leaky, 1.0, args.lr),
        ("He's weights", Activation::Relu, 2.0, args.lr),
    ] {
        arms.push(Arm::train(name, args, (hidden, gain, || Sgd { learning_rate: lr }), lab)?);
    }
    let adam = || Adam::new(args.adam_lr, DECAY_RATES, EPSILON);
    arms.push(Arm::train("Adam", args, (Activation::Relu, 1.0, adam), lab)?);
    print_deaths(&arms[0].runs[0], lab)?;
    print_cures(&arms, lab)?;
    draw(&arms, lab)?;
    claim(&arms, lab);
    Ok(())
}

/// One network from several starts.
struct Arm {
    name: &'static str,
    runs: Vec<Run>,
}

impl Arm {
    /// Trains a network whose weights have the variance `gain` / inputs.
    fn train<O: Optimizer>(
        name: &'static str,
        args: &Args,
        (hidden, gain, optimizer): (Activation, f32, impl Fn() -> O + Sync),
        lab: &mut Lab,
    ) -> Result<Self> {
        let shape = Shape { hidden_layers: args.hidden_layers, width: args.width, hidden };
        let runs = lab.each_seed(cli::seeds(lab.seed(), args.seeds)?, |seed| {
            let layers = shape.draw(|inputs| (gain / inputs as f32).sqrt(), &mut Stream::new(seed, "weights"));
            let network = Network::new(layers, Loss::BinaryCrossEntropyWithLogits, optimizer());
            Run::train(network, None, &moons::moon1000(0.5, seed), args.steps)
        })?;
        Ok(Self { name, runs })
    }

    fn count(&self, is: impl Fn(&Run) -> bool) -> usize {
        self.runs.iter().filter(|run| is(run)).count()
    }

    fn learnt(&self) -> usize {
        self.count(|run| run.is_finite() && run.score > LEARNT)
    }
}

/// The first start of the exercise's network: loss and dead units of each layer.
fn print_deaths(run: &Run, lab: &mut Lab) -> Result<()> {
    writeln!(lab, "dead units of each hidden layer as the network of the exercise trains")?;
    let heads = ["loss".to_owned()].into_iter().chain((1..=run.dead[0].len()).map(|layer| format!("layer {layer}")));
    let mut rows = vec![("step".to_owned(), heads.collect::<Vec<_>>())];
    for (i, dead) in run.dead.iter().enumerate().filter(|(i, _)| [0, 1, 2, 5, 10, 20, 50].contains(i)) {
        let loss = Value::F32(run.losses[i * EVERY]).to_string();
        rows.push(((i * EVERY).to_string(), [loss].into_iter().chain(dead.iter().map(usize::to_string)).collect()));
    }
    print_table(&rows, lab)
}

/// How each variant ends over all starts.
fn print_cures(arms: &[Arm], lab: &mut Lab) -> Result<()> {
    writeln!(lab, "\nhow {} starts of each variant end", arms[0].runs.len())?;
    let heads = ["learn", "learn nothing", "diverge", "dead units", "dev accuracy"].map(str::to_owned).to_vec();
    let mut rows = vec![(String::new(), heads)];
    for arm in arms {
        let dead: Vec<f64> = arm.runs.iter().map(|run| f64::from(run.dead_shares()[run.dead.len() - 1])).collect();
        let scores: Vec<f64> = arm.runs.iter().map(|run| f64::from(run.score)).collect();
        let [(dead, _), (score, _)] = [mean_and_deviation(&dead), mean_and_deviation(&scores)];
        let counts = [arm.learnt(), arm.count(Run::is_constant), arm.count(|run| !run.is_finite())];
        let cells = counts.iter().map(usize::to_string).chain([format!("{:.1} %", 100.0 * dead), format!("{score:.4}")]);
        rows.push((arm.name.to_owned(), cells.collect()));
        lab.metric(format!("{}: starts that learn", arm.name), arm.learnt());
        lab.metric(format!("{}: dead units", arm.name), dead);
        lab.metric(format!("{}: dev accuracy", arm.name), score);
    }
    print_table(&rows, lab)?;
    lab.fingerprint(&Parameters(arms.iter().flat_map(|arm| arm.runs[0].parameters.prefixed(arm.name).0).collect()));
    Ok(())
}

/// Loss and dead units of the first start of each variant.
fn draw(arms: &[Arm], lab: &mut Lab) -> Result<()> {
    let mut losses = CurvePanel::new("step", "loss").y_range(0.3, 1.5);
    let mut dead = CurvePanel::new("step", "share of dead units");
    for arm in arms {
        let run = &arm.runs[0];
        losses = losses.with(Series::sampled(arm.name, &run.losses, 0.0, 1.0));
        dead = dead.with(Series::sampled(arm.name, &run.dead_shares(), 0.0, EVERY as f64));
        lab.curve(format!("{}: loss", arm.name), run.losses.iter().copied().enumerate());
    }
    let title = "Ten hidden layers of ReLU: one start, and each cure alone";
    lab.figure("cures", &Curves::new(title).panel(losses).panel(dead.y_range(0.0, 1.0)).render()?)
}

/// What the section is there to show.
fn claim(arms: &[Arm], lab: &mut Lab) {
    let [exercise, small_rate, leaky, he, adam] = arms else { return };
    let n = exercise.runs.len();
    lab.claim("at the exercise's learning rate fewer than a fifth of the starts learn", 5 * exercise.learnt() < n);
    let cured = [small_rate, adam].iter().all(|arm| 5 * arm.learnt() >= 4 * n);
    lab.claim("with a smaller rate, and with Adam, at least four fifths learn", cured);
    let alone = [leaky, he].iter().all(|arm| 2 * arm.learnt() < n);
    lab.claim("leaky ReLU and He's weights alone leave more than half of the starts unlearnt", alone);
    let dies = |run: &Run| run.dead_shares().first() < run.dead_shares().last();
    lab.claim(
        "more units are dead at the end than at the start, in every start at the exercise's rate",
        exercise.count(dies) == n,
    );
}
