//! S2, question 3 · Ten layers of ReLU that do not converge
//!
//! The exercise: a network of ten layers with ReLU and a learning rate of 2.0 does not converge; why, and what helps? Here ten hidden layers
//! of ten units learn the two moons with weights from N(0, 1/n), n inputs. A unit is dead if its net input is positive for no
//! sample. Each remedy is then tried alone, all from the same random numbers: a smaller rate; leaky ReLU; He's weights, N(0, 2/n);
//! Adam, which chooses the size of each step itself; fewer layers; PReLU, a leaky ReLU whose slope is learnt; hidden biases of 0.01 instead of 0.
//!
//! Seen: a step of 2.0 throws most units of the deeper layers to the negative side, where they pass no gradient, and one answer for
//! every sample is left. The learning rate is the main cause: with a smaller one every start learns.
//!
//! With the smaller rate, too, 16.1 % of the units are dead at the end, but those that live are enough. Leaky ReLU and He's weights alone do not help at a rate of 2.0: a
//! slope of 0.01 shrinks the gradient by 100 in every silent layer, and He's stronger signal makes the first steps larger still, so that some
//! losses stop being finite; PReLU, whose slope starts at 0.25, diverges nearly always. Two layers learn at the same rate.
//! Biases of 0.01 leave fewer units dead at the start; in the end no fewer are dead than without.
//! Adam lets all starts learn, at a rate of 0.01: it is no remedy for the rate itself.
//!
//! Departs from the exercise: it says ten layers, here are ten hidden layers and the output layer, eleven as the book counts; it names
//! width, data and weights nowhere, those here are ours.

use crate::{
    dead_units::{self, EVERY, Run, Starts, show},
    deep,
    units::prelu,
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{Chain, LayerSpec, leaky_relu, relu},
    cli::{self, n_seeds, n_steps, one_to, positive},
    data::{Batches, moons},
    kernels::Loss,
    lab::Lab,
    optim::{Adam, BETA1, BETA2, EPSILON, Optimizer, Sgd},
    registry::{Heading, Section},
    rng::Stream,
    train::{Decision, Network, ParameterTensor, Record, Trainer, TrainingConfig, evaluate},
};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "deep-relu",
        book: "S2, question 3",
        title: "Ten layers of ReLU that do not converge",
        summary: "Ten hidden layers with a learning rate of 2: dead units counted as they die; then each remedy alone.",
    };
    Section::new(heading, [include_str!("deep_relu.rs"), include_str!("deep_relu.zh.md")], run)
        .edition("quick", &["--seeds", "4"])
}

/// The exercise's depth and learning rate; the rest is ours.
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
    /// Hidden layers of the shallower network
    #[arg(long, default_value_t = 2, value_parser = one_to::<100>)]
    few_layers: usize,
    /// First slope of the PReLU
    #[arg(long, default_value_t = 0.25, value_parser = positive)]
    first_slope: f32,
    /// Full-batch steps
    #[arg(long, default_value_t = 500, value_parser = n_steps)]
    steps: usize,
    /// Starts of each variant, seeds from --seed on
    #[arg(long, default_value_t = 20, value_parser = n_seeds)]
    seeds: usize,
}

/// The small positive bias that the book advises for ReLU (section 7.4).
const BIAS: f32 = 0.01;

/// Counts dead units as the network trains, then tries each remedy alone.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let seeds = cli::seeds(lab.seed(), args.seeds)?;
    let starts = |variant: Variant| -> Result<Starts> {
        let runs = lab.each_seed(seeds.clone(), |seed| args.train(variant, seed))?;
        Ok(Starts { name: variant.name, runs })
    };
    let sgd = || Optimizer::new(Sgd);
    let (layers, rate) = (args.hidden_layers, args.lr);
    let exercise = Variant { name: "as it is", layers, unit: &relu, gain: 1.0, bias: 0.0, rate, optimizer: sgd };
    let (leaky, learnt) = (|| leaky_relu(args.slope), || prelu(args.first_slope));
    let adam = || Optimizer::new(Adam::new(BETA1, BETA2, EPSILON));
    let variants = [
        starts(exercise)?,
        starts(Variant { name: "smaller rate", rate: args.small_lr, ..exercise })?,
        starts(Variant { name: "leaky ReLU", unit: &leaky, ..exercise })?,
        starts(Variant { name: "He's weights", gain: 2.0, ..exercise })?,
        starts(Variant { name: "Adam", rate: args.adam_lr, optimizer: adam, ..exercise })?,
        starts(Variant { name: "fewer layers", layers: args.few_layers, ..exercise })?,
        starts(Variant { name: "PReLU", unit: &learnt, ..exercise })?,
        starts(Variant { name: "biases of 0.01", bias: BIAS, ..exercise })?,
    ];
    show(&variants, lab)?;
    claim(&variants, lab);
    Ok(())
}

/// A way to train the network.
#[derive(Clone, Copy)]
struct Variant<'a> {
    name: &'static str,
    /// Hidden layers.
    layers: usize,
    /// Makes the activation of a hidden layer.
    unit: &'a (dyn Fn() -> LayerSpec + Sync),
    /// The variance of a weight times the number of its layer's inputs.
    gain: f32,
    /// First value of the hidden layers' biases.
    bias: f32,
    rate: f32,
    optimizer: fn() -> Optimizer,
}

impl Args {
    /// Two inputs, equal hidden layers, one logit, whose bias is zero; weights from N(0, gain / inputs).
    fn network(&self, Variant { layers, unit, gain, bias, .. }: Variant, weights: &mut Stream) -> Result<Chain> {
        let mut chain = Chain::new(deep(layers, self.width, unit), Loss::BinaryCrossEntropyWithLogits);
        let output = format!("{}.bias", 2 * layers);
        chain.visit_parameters(&mut |ParameterTensor { name, values, .. }| {
            let fan_in = if name == "0.weight" { 2 } else { self.width };
            if name.ends_with("weight") {
                values.copy_from_slice(&weights.normals(values.len(), 0.0, (gain / fan_in as f32).sqrt()));
            } else if name.ends_with("bias") && name != output {
                values.fill(bias);
            }
        })?;
        Ok(chain)
    }

    /// Trains on all samples at once; a loss that is not finite ends it.
    fn train(&self, variant: Variant, seed: u64) -> Result<Run> {
        let split = moons::moon1000(moons::NOISE, seed);
        let mut network = self.network(variant, &mut Stream::new(seed, "weights"))?;
        // One step more: its loss is that after the last update.
        let config = TrainingConfig::new(self.steps.saturating_add(1), Batches::Full, Decision::Logit);
        let config = TrainingConfig { record: Record::Losses { every: 1 }, ..config };
        let mut run = Trainer::new(&mut network, (variant.optimizer)(), &split.train, config)?;
        let (mut losses, mut dead) = (Vec::new(), Vec::new());
        while let Some(step) = run.forward_backward()? {
            losses.push(step.loss);
            let is_finite = step.loss.is_finite();
            // The start is counted in any case: there is always something to show.
            if step.index == 0 || (is_finite && step.index.is_multiple_of(EVERY)) {
                dead.push(dead_units::count(run.network(), variant.layers));
            }
            if !is_finite || step.is_last {
                break;
            }
            run.update(variant.rate)?;
        }
        let score = evaluate(&network, &split.dev, Decision::Logit)?.accuracy;
        let hidden_units = variant.layers * self.width;
        let zeros = dead_units::zeros(&network, variant.layers);
        Ok(Run { losses, dead, zeros, score, parameters: network.parameters(), hidden_units })
    }
}

/// What the section is there to show.
fn claim(variants: &[Starts; 8], lab: &mut Lab) {
    let [exercise, small_rate, leaky, he, adam, few, learnt, biased] = variants;
    let n = exercise.runs.len();
    lab.claim("at the exercise's learning rate fewer than a fifth of the starts learn", 5 * exercise.learnt() < n);
    let cured = [small_rate, adam].iter().all(|variant| 5 * variant.learnt() >= 4 * n);
    lab.claim("with a smaller rate, and with Adam, at least four fifths learn", cured);
    let alone = [leaky, he].iter().all(|variant| 2 * variant.learnt() < n);
    lab.claim("leaky ReLU and He's weights alone leave more than half of the starts unlearnt", alone);
    lab.claim("with fewer layers, at the same rate, at least four fifths learn", 5 * few.learnt() >= 4 * n);
    lab.claim("PReLU alone leaves more than half of the starts unlearnt", 2 * learnt.learnt() < n);
    let silent = |variant: &&Starts| variant.mean(|run| run.zeros) > 1.0 / 3.0;
    let speak = [leaky, learnt].iter().all(|variant| variant.mean(|run| run.zeros) == 0.0);
    let claim =
        "where networks of ReLU learn, more than a third of the hidden outputs are exactly 0; with leaky ReLU and PReLU none is";
    lab.claim(claim, [small_rate, adam, few].iter().all(silent) && speak);
    let dies = |run: &Run| run.dead_shares().first() < run.dead_shares().last();
    lab.claim(
        "more units are dead at the end than at the start, in every start at the exercise's rate",
        exercise.count(dies) == n,
    );
    lab.claim("biases of 0.01 leave fewer units dead at the start", biased.dead_at_start() < exercise.dead_at_start());
    let claim = "with biases of 0.01 more than a third of the units are dead in the end all the same, and fewer than a fifth of the starts learn";
    lab.claim(claim, biased.dead_in_the_end() > 1.0 / 3.0 && 5 * biased.learnt() < n);
}
