//! S2, question 2, carried further · 99 % in seconds
//!
//! A small convolutional network, made for time: two blocks of convolution, max-pooling, batch normalisation and ReLU, and one linear layer; Adam on
//! mini-batches of 64, two epochs, the learning rate falling from 0.01 to 0 along half a cosine, `α = ½ α₀ (1 + cos(π t / T))`.
//!
//! What makes it fast: pooling comes before normalisation and ReLU, which so have fewer values to work on; batch normalisation bears a large
//! learning rate, so that two epochs are enough; and the cosine takes the noise of the mini-batches out of the last steps.
//!
//! Seen: 8946 parameters are enough. The mean accuracy over 20 seeds is 0.98658 after the first epoch, and above 99 % after the second; there the worst
//! seed reaches 0.9890, the best 0.9923.
//!
//! Departs from S2: another network, another optimiser's schedule, pixels from 0 to 1; the question asks for 95 %.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::Chain,
    cli::{self, at_least_one, n_steps, one_to, positive},
    data::{
        Batches,
        mnist::{ImageDataset, Images, N_DIGITS, N_PIXELS, N_TEST, N_TRAIN, PixelScale},
    },
    figures,
    kernels::{Loss, reduce::mean_and_deviation},
    lab::{Column, Driver, Lab},
    models::SmallConvNet,
    optim::{Adam, Optimizer, Schedule},
    parameters::{Initialization, Initializer},
    registry::{Heading, Section},
    rng::Stream,
    train::{Decision, History, Log, Network, Record, Trainer, TrainingConfig, evaluate},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "fast",
        book: "S2, question 2",
        title: "99 % in seconds",
        summary: "A small convolutional network with batch normalisation, made for time: 99 % of the test images after two epochs, over 20 seeds.",
    };
    let quick = &["--images", "6400", "--test-images", "1000", "--seeds", "4", "--log-every", "50", "--goal", "0.9"];
    let taped = &["--images", "640", "--test-images", "200", "--seeds", "1", "--log-every", "5", "--goal", "0.5", "--taped"];
    Section::new(heading, [include_str!("fast.rs"), include_str!("fast.zh.md")], run).edition("quick", quick).taped(taped)
}

/// What was found to be fast.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of the first step
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    /// Images in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training images
    #[arg(long, default_value_t = 2, value_parser = n_steps)]
    epochs: usize,
    /// Train on this many images, the first ones
    #[arg(long, default_value_t = N_TRAIN, value_parser = one_to::<N_TRAIN>)]
    images: usize,
    /// Test on this many test images, the first ones
    #[arg(long, default_value_t = N_TEST, value_parser = one_to::<N_TEST>)]
    test_images: usize,
    /// Steps between two printed losses and tests
    #[arg(long, default_value_t = 100, value_parser = at_least_one)]
    log_every: usize,
    /// Train with this many seeds, the run's own the first
    #[arg(long, default_value_t = 20, value_parser = cli::n_seeds)]
    seeds: usize,
    /// Mean accuracy that the claim asks for
    #[arg(long, default_value_t = 0.99, value_parser = positive)]
    goal: f32,
}

/// The loss of its logits.
const LOSS: Loss = Loss::SoftmaxCrossEntropy;
/// As the layers of book chapter 7 start: kernels from N(0, 2 / inputs), matrices uniform after Xavier, biases 0.
const INIT: Initialization = Initialization { weight: Initializer::ByShape, bias: Initializer::ZEROS };

/// Trains once with tests in between, once more without, to see how long it takes, then with many seeds.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let (train, test) = (Images::train(lab.data())?, Images::test(lab.data())?);
    let train = ImageDataset::first(&train, args.images, PixelScale::Unit);
    let test = ImageDataset::first(&test, args.test_images, PixelScale::Unit);

    let parameters = Chain::of::<SmallConvNet>(LOSS).n_parameters();
    writeln!(lab, "a network of {parameters} parameters\n")?;
    lab.metric("parameters", parameters);
    let mut network = network(lab.seed(), lab.driver())?;
    let schedule = args.schedule();
    let config = TrainingConfig { log: Some(Log::Tested { every: args.log_every }), ..args.config(lab.seed()) };
    let mut run = Trainer::new(&mut network, Optimizer::new(Adam::of_libraries()), &train, config)?.journal(lab);
    while let Some(step) = run.forward_backward()? {
        run.update(schedule.at(step.index))?;
        if step.completes(args.log_every) || step.is_last {
            run.evaluate(&test)?;
        }
    }
    let history = run.finish().history;
    lab.history("", &history)?;
    lab.figure("curves", &figures::step_curves("A small network, made for time", &history)?)?;
    lab.checkpoint("model", &network.parameters())?;
    lab.fingerprint(&network.parameters());
    lab.test(evaluate(&network, &test, Decision::Argmax)?)?;

    let mut again = self::network(lab.seed(), lab.driver())?;
    let seed = lab.seed();
    lab.timed("the training without tests", || args.train(&mut again, seed, &train, None))?;
    let same = again.parameters().fingerprint() == network.parameters().fingerprint();
    lab.claim_of_the_tape("without tests in between the training ends with the same bits", same);
    over_seeds(args, (&train, &test), lab)
}

/// Trains with each seed, and shows what the accuracies after each epoch span.
fn over_seeds(args: &Args, (train, test): (&ImageDataset, &ImageDataset), lab: &mut Lab) -> Result<()> {
    let seeds: Vec<u64> = cli::seeds(lab.seed(), args.seeds)?.collect();
    let driver = lab.driver();
    let accuracies = lab.over_variants(&seeds, |&seed| {
        let mut network = network(seed, driver)?;
        let scores = args.train(&mut network, seed, train, Some(test))?.dev_score;
        Ok(scores.into_iter().map(|(_, accuracy)| f64::from(accuracy)).collect::<Vec<_>>())
    })?;
    let of_epoch = |epoch: usize| accuracies.iter().map(move |of_seed| of_seed[epoch]).collect::<Vec<f64>>();
    let columns = Column::labelled("epoch", ["mean", "deviation", "lowest", "highest"]);
    let rows = (0..args.epochs).map(|epoch| {
        let of_epoch = of_epoch(epoch);
        let (mean, deviation) = mean_and_deviation(&of_epoch);
        let lowest = of_epoch.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = of_epoch.iter().copied().fold(0.0, f64::max);
        let cells = [format!("{mean:.5}"), format!("{deviation:.5}"), format!("{lowest:.4}"), format!("{highest:.4}")];
        [vec![(epoch + 1).to_string()], cells.to_vec()].concat()
    });
    writeln!(lab, "\ntest accuracy over {} seeds\n", args.seeds)?;
    lab.table(&columns, rows)?;
    let (mean, deviation) = mean_and_deviation(&of_epoch(args.epochs - 1));
    lab.metrics([("mean test accuracy", mean as f32), ("its deviation", deviation as f32)]);
    let sentence = format!("the mean test accuracy over {} seeds is at least {} %", args.seeds, 100.0 * args.goal);
    lab.claim(sentence, mean >= args.goal.into());
    Ok(())
}

impl Args {
    fn config(&self, seed: u64) -> TrainingConfig {
        let batches = Batches::Shuffled { size: self.batch_size, stream: Box::new(Stream::new(seed, "shuffle")) };
        TrainingConfig::new(self.epochs, batches, Decision::Argmax)
    }

    fn schedule(&self) -> Schedule {
        Schedule::Cosine { initial: self.lr.into(), steps: self.epochs * self.images.div_ceil(self.batch_size) }
    }

    /// Trains and keeps nothing of it but the tests after each epoch, if there is something to test with.
    fn train(
        &self,
        network: &mut Box<dyn Network>,
        seed: u64,
        train: &ImageDataset,
        test: Option<&ImageDataset>,
    ) -> Result<History> {
        let schedule = self.schedule();
        let config = TrainingConfig { record: Record::Losses { every: self.images }, ..self.config(seed) };
        let mut run = Trainer::new(network, Optimizer::new(Adam::of_libraries()), train, config)?;
        while let Some(step) = run.forward_backward()? {
            run.update(schedule.at(step.index))?;
            if let Some(test) = test.filter(|_| step.ends_epoch) {
                run.evaluate(test)?;
            }
        }
        Ok(run.finish().history)
    }
}

fn network(seed: u64, driver: Driver) -> Result<Box<dyn Network>> {
    let weights = &mut Stream::new(seed, "weights");
    driver.network::<SmallConvNet, N_PIXELS, N_DIGITS>(LOSS, INIT, weights)
}
