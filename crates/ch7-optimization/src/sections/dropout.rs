//! 7.6.5 · Dropout
//!
//! In each step every activation of both hidden layers is set to zero with probability p, and the others are divided by 1 − p. No unit can
//! rely on another one, so none can serve a single sample. When the network is used, nothing is dropped.
//!
//! Seen: dropout narrows the gap between training and test accuracy, but by less than the L2 term and weight decay do on this small
//! network.
//!
//! Departs from the book:
//! 1. Its text drops with probability 0.5, its code with 0.3: 0.3.
//! 2. It keeps an activation whose random number is above p; here also one that is equal to p, so that p = 0 keeps all.
//! 3. It says that dropout helps less than an L2 term or decay, but its own test accuracies are 76 % with dropout and less with decay (section 7.6.4). A
//!    single split of 100 samples cannot tell such a difference. Over 20 seeds, each with its own split, its sentence holds: a gap of
//!    0.0405 is left with dropout, of 0.0222 and 0.0175 with the two others, whose test accuracy is higher by 0.0100 ± 0.0040 and
//!    0.0105 ± 0.0043.
//! 4. It says that 1 / (1 − p) keeps the variance of the activations. It keeps their mean; the variance grows, as is measured at the end.

use crate::{
    dropout_moments,
    regularization_study::{Study, claim_regularizer, print_differences, study},
    regularizer::{self, QUICK, Regularizer, Settings, Unregularized, fit},
    sections::{l2::L2, weight_decay::WeightDecay},
};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{self, Chain, custom, group, relu},
    cli::{fraction, non_negative},
    kernels::dropout,
    lab::Lab,
    layers::{Gradients, Input, Layer, Masks, Output, Shape},
    registry::{Heading, Section},
    rng::Stream,
    train::Network,
};
use std::sync::{Arc, Mutex, PoisonError};

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "dropout",
        book: "7.6.5",
        title: "Dropout",
        summary: "The same network, each of whose hidden units is dropped in three steps of ten, at random; compared with the other two regularisers over 20 seeds.",
    };
    Section::new(heading, [include_str!("dropout.rs"), include_str!("dropout.zh.md")], run).edition("quick", QUICK)
}

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Probability that an activation is dropped
    #[arg(long, default_value_t = 0.3, value_parser = fraction)]
    rate: f32,
    /// λ of the L2 term to compare with, section 7.6.3
    #[arg(long, default_value_t = 0.7, value_parser = non_negative)]
    lambda: f32,
    /// β of the weight decay to compare with, section 7.6.4
    #[arg(long, default_value_t = 0.001, value_parser = fraction)]
    decay: f32,
    #[command(flatten)]
    settings: Settings,
}

/// Trains without and with dropout, and with the two other regularisers.
fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let (l2, decay, dropout) = (L2 { lambda: args.lambda }, WeightDecay { beta: args.decay }, Dropout { rate: args.rate });
    let Study { own, spans } = study(&[&Unregularized, &l2, &decay, &dropout], &args.settings, lab)?;
    let [nothing, l2, decay, dropout] = &spans[..] else { unreachable!("one span per method") };
    let pairs = [[l2, nothing], [decay, nothing], [dropout, nothing], [dropout, l2], [dropout, decay]];
    print_differences(&pairs, lab)?;
    claim_regularizer(dropout, nothing, "dropout than without", lab);
    lab.claim("dropout closes less of the gap than the L2 term and decay", dropout.gap() > l2.gap().max(decay.gap()));
    claim_shared_layer(args, lab)?;
    dropout_moments::show(&own.network.parameters(), &own.moons.train.x, args.rate, lab)
}

/// Steps that are also made with the layer of `common`.
const STEPS_WITH_SHARED: usize = 100;

/// Claims that the layer below does what the one of `common` does.
fn claim_shared_layer(args: &Args, lab: &mut Lab) -> Result<()> {
    let settings = Settings { steps: STEPS_WITH_SHARED, ..args.settings };
    let ours = fit(&Dropout { rate: args.rate }, &settings, lab.seed())?.network.parameters();
    let shared = fit(&SharedDropout { rate: args.rate }, &settings, lab.seed())?.network.parameters();
    let same = ours.fingerprint() == shared.fingerprint();
    lab.claim(format!("the dropout layer that all chapters share leads to the same bits after {STEPS_WITH_SHARED} steps"), same);
    Ok(())
}

/// Dropout of both hidden layers.
pub(crate) struct Dropout {
    /// p.
    pub(crate) rate: f32,
}

impl Regularizer for Dropout {
    fn name(&self) -> String {
        format!("dropout, p = {}", self.rate)
    }

    fn network(&self, seed: u64) -> Chain {
        // One stream for both layers: a step draws the mask of the first, then that of the second.
        let stream = Arc::new(Mutex::new(Stream::new(seed, "dropout")));
        let masked = |rate| {
            let stream = Arc::clone(&stream);
            custom(move |shape| Masked { shape, rate, stream, keep: Vec::new() })
        };
        regularizer::network(|| group([relu(), masked(self.rate)]), seed)
    }
}

/// Dropout as a layer: y = (x ⊙ M) / (1 − p) in training, y = x in use.
#[derive(Debug, Clone)]
struct Masked {
    shape: Shape,
    /// p.
    rate: f32,
    stream: Arc<Mutex<Stream>>,
    /// Where M is 1: with probability 1 − p, drawn anew for each step.
    keep: Vec<bool>,
}

impl Masked {
    /// Computes y = (x ⊙ M) / (1 − p).
    fn mask(&self, x: &[f32], y: &mut [f32]) {
        for ((y, x), keep) in y.iter_mut().zip(x).zip(&self.keep) {
            let m = if *keep { 1.0 } else { 0.0 };
            *y = (x * m) / (1.0 - self.rate);
        }
    }
}

impl Layer for Masked {
    fn output_shape(&self) -> Shape {
        self.shape
    }

    fn forward(&self, Input { x, .. }: Input, y: &mut [f32]) {
        y.copy_from_slice(x);
    }

    fn forward_training(&mut self, Input { x, .. }: Input, y: &mut [f32]) {
        self.keep.resize(x.len(), false);
        // A draw that panicked leaves a stream that is as good as before.
        dropout::draw(self.rate, &mut self.stream.lock().unwrap_or_else(PoisonError::into_inner), &mut self.keep);
        self.mask(x, y);
    }

    /// Computes δx = (δy ⊙ M) / (1 − p).
    fn backward(&mut self, _: Input, Output { dy, .. }: Output, gradients: Gradients) {
        if let Some(dx) = gradients.dx {
            self.mask(dy, dx);
        }
    }
}

/// The same with the layer of `common`.
struct SharedDropout {
    rate: f32,
}

impl Regularizer for SharedDropout {
    fn network(&self, seed: u64) -> Chain {
        let masks = Masks::drawn(Stream::new(seed, "dropout"));
        regularizer::network(|| group([relu(), chain::dropout(self.rate, masks.clone())]), seed)
    }
}
