//! S4 3.2 · The same digits by hand
//!
//! A network 784-200-10 of hand-derived layers: z = xW + b and the logistic function, z = aW + b, soft-max cross-entropy; stochastic gradient
//! descent on mini-batches of 64 of 20,000 random training images, 20 epochs. The weights start at 0.01 · N(0, 1), pixels are scaled to [−1, 1].
//!
//! Seen: for two epochs hardly anything happens, since small weights leave all hidden units near ½ and their gradients small; then the
//! loss falls steeply, and after 20 epochs a smooth training curve is still falling. With `--init he-uniform`, the source's other choice, the
//! plateau is gone from the start.
//!
//! The average loss is the mean over the mini-batches, the smaller last one counting as much as the others, as in the source.

use anyhow::Result;
use clap::{Args as ClapArgs, ValueEnum};
use common::{
    cli::{at_least_one, one_to, positive},
    data::{
        Batches,
        mnist::{Images, N_DIGITS, N_PIXELS, N_TRAIN, PixelScale},
    },
    figures,
    kernels::{Activation, Loss},
    lab::Lab,
    optim::Sgd,
    parameters::{Initialization, Initializer},
    scratch::{Layer, Network},
    train::{Course, Learner, Lessons, Metric, Scaled, Survey, survey},
};
use std::fmt::Write;

/// The source's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Learning rate of gradient descent
    #[arg(long, default_value_t = 0.01, value_parser = positive)]
    lr: f32,
    /// Images in a mini-batch
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Passes over the training images
    #[arg(long, default_value_t = 20, value_parser = at_least_one)]
    epochs: usize,
    /// Random training images
    #[arg(long, default_value_t = 20_000, value_parser = one_to::<N_TRAIN>)]
    images: usize,
    /// Hidden units
    #[arg(long, default_value_t = 200, value_parser = at_least_one)]
    hidden: usize,
    /// First weights
    #[arg(long, default_value = "normal")]
    init: Init,
}

impl Args {
    /// Whether the run is long enough to be compared with the source's.
    fn is_the_sources(&self) -> bool {
        (self.epochs, self.images) == (20, 20_000) && self.init == Init::Normal
    }
}

/// How the weights start; biases are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Init {
    /// 0.01 · N(0, 1)
    Normal,
    /// Uniform with variance 2 / inputs
    HeUniform,
}

impl Init {
    fn weight(self) -> Initializer {
        match self {
            Self::Normal => Initializer::Normal { mean: 0.0, deviation: 0.01 },
            Self::HeUniform => Initializer::HeUniform,
        }
    }
}

/// The losses that the source prints agree with those of a reference framework within this.
const BAND: f32 = 0.012;
/// What the reference framework gives after the first and the last of 20 epochs.
const REFERENCE: (f32, f32) = (2.284, 0.407);

/// Trains the network and prints the source's lines.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let (train, test) = (Images::train(lab.data())?, Images::test(lab.data())?);
    let mut chosen = lab.stream("images").permutation(train.len());
    chosen.truncate(args.images);
    let train = Scaled::chosen(&train, chosen, PixelScale::SymmetricFromUnit);
    let test = Scaled::first(&test, usize::MAX, PixelScale::SymmetricFromUnit);

    let init = Initialization { weight: args.init.weight(), bias: Initializer::ZEROS };
    let mut weights = lab.stream("weights");
    let layers = [
        Layer::draw((N_PIXELS, args.hidden), Activation::Logistic, init, &mut weights),
        Layer::draw((args.hidden, N_DIGITS), Activation::Identity, init, &mut weights),
    ];
    let mut network = Network::new(layers.to_vec(), Loss::SoftmaxCrossEntropy, Sgd { learning_rate: args.lr });
    let lessons = Lessons {
        n_epochs: args.epochs,
        samples: args.images,
        batches: Batches::Shuffled { size: args.batch_size, stream: Box::new(lab.stream("shuffle")) },
        log_every: 0,
        metric: Metric::Argmax,
    };
    let mut course = Course::new(lessons, &network);
    let mut before = f32::INFINITY;
    while course.epochs() < args.epochs {
        course.epoch(&mut network, &train, lab, |_, _, _| Ok(()))?;
        course.evaluate(&network, &test, lab)?;
        let (epoch, loss) = (course.epochs(), course.history().epoch_loss[course.epochs() - 1]);
        writeln!(lab, "[Epoch {epoch}] Avg. loss: {loss:.3} Delta: {:.3}", before - loss)?;
        lab.metric(format!("average loss, epoch {epoch}"), loss);
        before = loss;
    }
    lab.history("", course.history())?;
    lab.figure("curves", &figures::course_curves("Digits, by hand", course.history())?)?;
    lab.checkpoint("model", &network.parameters())?;
    lab.fingerprint(&network.parameters());

    let Survey { accuracy, loss, .. } = survey(&network, &test, Metric::Argmax)?;
    writeln!(lab, "[Test] score/loss: {accuracy:.4}/{loss:.4}")?;
    lab.metric("test accuracy", accuracy);
    let losses = &course.history().epoch_loss;
    lab.claim("the average loss falls from each epoch to the next", losses.windows(2).all(|pair| pair[1] < pair[0]));
    if args.is_the_sources() {
        claims(losses, accuracy, lab);
    }
    Ok(())
}

/// What the source's run shows, which a reference framework shows as well.
fn claims(losses: &[f32], accuracy: f32, lab: &mut Lab) {
    let near = |loss: Option<&f32>, reference: f32| loss.is_some_and(|loss| (loss - reference).abs() <= BAND);
    let (first, last) = REFERENCE;
    lab.claim(format!("the first average loss is {first} within {BAND}"), near(losses.first(), first));
    lab.claim(format!("the last average loss is {last} within {BAND}"), near(losses.last(), last));
    lab.claim("about 89 % of the test images are classified", (0.885..0.905).contains(&accuracy));
}
