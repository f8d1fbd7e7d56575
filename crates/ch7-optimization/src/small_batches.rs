//! 7.5.2: batch and layer normalisation where a batch has two or eight images. The book says that layer normalisation may be chosen
//! there, and that batch normalisation is the better choice in general.

use crate::digits::{Digits, network_of_seed};
use anyhow::Result;
use clap::Args;
use common::{
    cli::{self, n_seeds, one_to, positive},
    data::{
        Batches,
        mnist::{ImageDataset, Images, N_TRAIN, PixelScale},
    },
    kernels::reduce::mean_and_deviation,
    lab::{Column, Lab, row},
    models::{ConvNetBatchNorm, ConvNetLayerNorm},
    optim::{Adam, Optimizer},
    rng::Stream,
    train::{Decision, Evaluation, Network, Trainer, TrainingConfig, evaluate},
};
use std::fmt::Write;

/// How much is trained with small batches.
#[derive(Debug, Clone, Args)]
pub(crate) struct SmallBatches {
    /// Train with small batches on this many images, the first ones, once
    #[arg(long = "small-images", id = "small_images", default_value_t = 2048, value_parser = one_to::<N_TRAIN>)]
    images: usize,
    /// Learning rate of Adam with small batches
    #[arg(long = "small-lr", id = "small_lr", default_value_t = 0.001, value_parser = positive)]
    lr: f32,
    /// Seeds to average small batches over, one after the other from --seed on
    #[arg(long = "small-seeds", id = "small_seeds", default_value_t = 3, value_parser = n_seeds)]
    seeds: usize,
}

/// Images in a batch.
const SIZES: [usize; 2] = [2, 8];
/// What a network is normalised by.
const KINDS: [&str; 2] = ["batch normalisation", "layer normalisation"];

/// One training run.
struct Arm {
    kind: &'static str,
    size: usize,
    seed: u64,
}

impl SmallBatches {
    /// Trains both networks with each batch size and seed; prints what they do on the test images, and claims who is ahead.
    pub(crate) fn show(&self, digits: &Digits, lab: &mut Lab) -> Result<()> {
        let seeds: Vec<u64> = cli::seeds(lab.seed(), self.seeds)?.collect();
        let (training, test) = (Images::train(lab.data())?, Images::test(lab.data())?);
        let training = ImageDataset::first(&training, self.images, PixelScale::Unit);
        let test = digits.tested(&test);
        let settings = SIZES.iter().flat_map(|&size| KINDS.map(|kind| (size, kind)));
        let arms = settings.clone().flat_map(|(size, kind)| seeds.iter().map(move |&seed| Arm { kind, size, seed }));
        let ends = lab.over_variants(&arms.collect::<Vec<_>>(), |arm| self.train(arm, &training, &test, lab))?;

        let (images, lr) = (self.images, self.lr);
        writeln!(lab, "\nsmall batches: {images} images once, learning rate {lr}\n")?;
        let (mut losses, mut rows) = (Vec::new(), Vec::new());
        for ((size, kind), ends) in settings.zip(ends.chunks(seeds.len())) {
            let of = |value: &dyn Fn(&Evaluation) -> f32| {
                mean_and_deviation(&ends.iter().map(|end| f64::from(value(end))).collect::<Vec<_>>())
            };
            let (loss, accuracy) = (of(&|end| end.loss), of(&|end| end.accuracy));
            let cells = [loss, accuracy].map(|(mean, deviation)| format!("{mean:.4} ± {deviation:.4}"));
            rows.push(row(format!("batch {size}, {kind}"), cells));
            lab.metric(format!("batch {size}, {kind}, mean test loss"), loss.0);
            lab.metric(format!("batch {size}, {kind}, mean test accuracy"), accuracy.0);
            losses.push(loss);
        }
        let title = format!("test images, mean ± standard deviation over {} seeds", seeds.len());
        lab.table(&Column::labelled(title, ["test loss", "accuracy"]), rows)?;
        if images >= ENOUGH {
            claim(&losses, lab);
        }
        Ok(())
    }

    /// One pass over the images, and what the network makes of the test images then.
    fn train(&self, arm: &Arm, images: &ImageDataset, test: &ImageDataset, lab: &Lab) -> Result<Evaluation> {
        let mut network: Box<dyn Network> = if arm.kind == KINDS[0] {
            network_of_seed::<ConvNetBatchNorm>(arm.seed, lab)?
        } else {
            network_of_seed::<ConvNetLayerNorm>(arm.seed, lab)?
        };
        let batches = Batches::Shuffled { size: arm.size, stream: Box::new(Stream::new(arm.seed, "small batches")) };
        let config = TrainingConfig::new(1, batches, Decision::Argmax);
        let mut run = Trainer::new(&mut network, Optimizer::new(Adam::of_libraries()), images, config)?;
        while run.forward_backward()?.is_some() {
            run.update(self.lr)?;
        }
        evaluate(&*network, test, Decision::Argmax)
    }
}

/// Images from which on the networks have learnt enough to be compared.
const ENOUGH: usize = 1024;

/// Claims what mean and standard deviation of the losses, in the order of the table, show.
fn claim(losses: &[(f64, f64)], lab: &mut Lab) {
    let [batch_of_2, layer_of_2, batch_of_8, layer_of_8] = losses else { unreachable!("two sizes and two kinds") };
    lab.claim("with batches of 2 layer normalisation has the lower mean test loss", layer_of_2.0 < batch_of_2.0);
    let alike = (batch_of_8.0 - layer_of_8.0).abs() < batch_of_8.1.max(layer_of_8.1);
    lab.claim("with batches of 8 neither is ahead: their mean test losses differ by less than a standard deviation", alike);
}
