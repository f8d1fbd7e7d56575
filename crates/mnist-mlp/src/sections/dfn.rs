//! S4, section 3.2 · The same digits by hand
//!
//! A network `784-200-10` of hand-derived layers: z = xW + b and the logistic function, z = aW + b, soft-max cross-entropy; stochastic gradient
//! descent on mini-batches of 64 of 20,000 random training images, 20 epochs. The weights start at 0.01 · N(0, 1), pixels are scaled to [−1, 1].
//!
//! Seen: in the first two epochs little happens, since small weights leave all hidden units near ½ and their gradients small; then the
//! loss falls steeply; after 20 epochs it is still falling. With `--init he-uniform`, the source's other choice, there is no plateau.
//!
//! The average loss is the mean over the mini-batches, the smaller last one counting as much as the others, as in the source. The source's
//! images are another draw than ours, so that its losses are judged by what many seeds span. The bands are narrow in the first epochs, as
//! no run has left the plateau by then; that the source's losses lie a little below ours there is the difference of two such draws.

use anyhow::Result;
use clap::{Args as ClapArgs, ValueEnum};
use common::{
    by_hand::{ByHand, Passes},
    chain::{Chain, linear, logistic},
    cli::{at_least_one, n_steps, n_units, one_to, positive},
    data::{
        Batches, Dataset, Samples,
        mnist::{ImageDataset, Images, N_DIGITS, N_PIXELS, N_TEST, N_TRAIN, PixelScale},
    },
    figures,
    kernels::{Activation, Loss, loss::Targets},
    lab::Lab,
    layers::{Activate, Linear, LinearGradients, loss_backward},
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer},
    registry::{Heading, Section},
    train::{Decision, Evaluation, Network, Trainer, TrainingConfig, evaluate, update},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "dfn",
        book: "S4, section 3.2",
        title: "The same digits by hand",
        summary: "A network 784-200-10 of hand-derived layers, trained by gradient descent on 20,000 images for 20 epochs.",
    };
    Section::new(heading, [include_str!("dfn.rs"), include_str!("dfn.zh.md")], run)
        .edition("quick", &["--images", "2560", "--epochs", "5"])
        .edition("he-uniform", &["--init", "he-uniform", "--epochs", "4"])
}

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
    #[arg(long, default_value_t = 20, value_parser = n_steps)]
    epochs: usize,
    /// Random training images
    #[arg(long, default_value_t = 20_000, value_parser = one_to::<N_TRAIN>)]
    images: usize,
    /// Hidden units
    #[arg(long, default_value_t = 200, value_parser = n_units::<{ UNITS.0 }, { UNITS.1 }>)]
    hidden: usize,
    /// How the first weights are drawn
    #[arg(long, default_value = "normal")]
    init: Init,
}

/// Hidden units that fit into any machine's memory, and the bytes that training needs for each.
const UNITS: (usize, u64) = (20_000, 30_000);

impl Args {
    /// Whether the run is long enough to be compared with the source's.
    fn is_the_sources(&self) -> bool {
        (self.epochs, self.images) == (20, 20_000) && self.init == Init::Normal
    }

    fn init(&self) -> Initialization {
        let weight = match self.init {
            Init::Normal => Initializer::Normal { mean: 0.0, deviation: 0.01 },
            Init::HeUniform => Initializer::HeUniform,
        };
        Initialization { weight, bias: Initializer::ZEROS }
    }

    fn network(&self, lab: &Lab) -> ByHand<Dfn> {
        ByHand::draw([N_PIXELS, self.hidden, N_DIGITS], self.init(), &mut lab.stream("weights"))
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

/// Trains the network and prints the source's lines.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let (train, test) = (Images::train(lab.data())?, Images::test(lab.data())?);
    let mut chosen = lab.stream("images").permutation(train.len());
    chosen.truncate(args.images);
    let train = ImageDataset::chosen(&train, chosen, PixelScale::SymmetricFromUnit);
    let test = ImageDataset::first(&test, N_TEST, PixelScale::SymmetricFromUnit);

    let mut network = args.network(lab);
    let batches = Batches::Shuffled { size: args.batch_size, stream: Box::new(lab.stream("shuffle")) };
    let config = TrainingConfig::new(args.epochs, batches, Decision::Argmax);
    let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), &train, config)?.journal(lab);
    let mut before = f32::INFINITY;
    while let Some(step) = run.forward_backward()? {
        run.update(args.lr)?;
        if step.ends_epoch {
            run.evaluate(&test)?;
            let loss = run.history().epoch_loss[step.epoch];
            if let Some(lab) = run.journal_mut() {
                writeln!(lab, "[Epoch {}] Avg. loss: {loss:.3} Delta: {:.3}", step.epoch + 1, before - loss)?;
            }
            before = loss;
        }
    }
    let history = run.finish().history;
    let losses = &history.epoch_loss;
    let mut named: Vec<_> = (1..).zip(losses).map(|(epoch, loss)| (format!("average loss, epoch {epoch}"), *loss)).collect();
    lab.metrics((2..).zip(losses.windows(2)).map(|(epoch, pair)| (format!("delta, epoch {epoch}"), pair[0] - pair[1])));
    lab.history("", &history)?;
    lab.figure("curves", &figures::step_curves("Learning to read digits, gradients derived by hand", &history)?)?;
    lab.checkpoint("model", &network.parameters())?;
    lab.figure("network", &figures::trained("The network after its last step", chain(args), &network.parameters())?)?;
    lab.fingerprint(&network.parameters());
    let Evaluation { accuracy, loss } = evaluate(&network, &test, Decision::Argmax)?;
    writeln!(lab, "[Test] score/loss: {accuracy:.4}/{loss:.4}")?;
    named.push(("test accuracy".to_owned(), accuracy));
    lab.metrics(named.clone());
    lab.claim("after 20 steps a chain of the same layers has the same bits", equals_chain(args, &train, lab)?);
    lab.claim("the average loss falls from each epoch to the next", losses.windows(2).all(|pair| pair[1] < pair[0]));
    if args.init == Init::HeUniform {
        let slows = losses.windows(3).all(|three| three[0] - three[1] > three[1] - three[2]);
        lab.claim("the loss falls less from each epoch to the next: there is no plateau", slows);
    }
    if args.is_the_sources() {
        let inside = named.iter().all(|(metric, ours)| lab.reference(metric).is_some_and(|band| band.contains((*ours).into())));
        let seeds = lab.reference("test accuracy").map_or(0, |band| band.n);
        lab.claim(
            format!("all average losses and the test accuracy lie within what {seeds} seeds of the reference span"),
            inside,
        );
    }
    Ok(())
}

/// The passes of the network, with the equations of S4.
#[derive(Debug, Clone, Copy)]
struct Dfn;

const LOGISTIC: Activate = Activate(Activation::Logistic);

impl Passes for Dfn {
    const LOSS: Loss = Loss::SoftmaxCrossEntropy;

    fn forward([hidden, output]: &[Linear; 2], x: &Matrix) -> Matrix {
        output.forward(&LOGISTIC.forward(&hidden.forward(x)))
    }

    fn forward_backward([hidden, output]: &[Linear; 2], x: &Matrix, targets: Targets) -> (Matrix, [LinearGradients; 2]) {
        let z1 = hidden.forward(x); // eq. 20
        let a1 = LOGISTIC.forward(&z1); // eq. 19
        let z2 = output.forward(&a1); // eq. 20

        let dz2 = loss_backward(Self::LOSS, &z2, targets); // eq. 15
        let doutput = output.backward(&a1, &dz2); // eq. 23
        let da1 = output.backward_input(&dz2); // eq. 22
        let dz1 = LOGISTIC.backward(&z1, &a1, &da1); // eq. 22
        let dhidden = hidden.backward(x, &dz1); // eq. 23
        (z2, [dhidden, doutput])
    }
}

/// The same layers as a chain; parameters are zero.
fn chain(args: &Args) -> Chain {
    Chain::new([linear(N_PIXELS, args.hidden), logistic(), linear(args.hidden, N_DIGITS)], Dfn::LOSS)
}

/// Whether 20 steps by hand and by a chain of the same layers end with the same bits.
fn equals_chain(args: &Args, train: &ImageDataset, lab: &Lab) -> Result<bool> {
    let mut chain = chain(args).initialized(args.init(), &mut lab.stream("weights"));
    let mut by_hand = args.network(lab);
    for rows in (0..train.len()).collect::<Vec<_>>().chunks(args.batch_size).cycle().take(20) {
        let Samples { x, y } = train.batch(rows);
        for network in [&mut chain as &mut dyn Network, &mut by_hand] {
            network.forward_backward(&x, &y)?;
            update(network, &mut Optimizer::new(Sgd), args.lr)?;
        }
    }
    Ok(by_hand.parameters().fingerprint() == chain.parameters().fingerprint())
}
