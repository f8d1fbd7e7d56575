//! 7.1: the two ends between which mini-batches lie, a single image in a step (K = 1) and all of them (K = N).
//!
//! On a few images, since K = 1 takes a step for each.

use crate::digits::network;
use anyhow::Result;
use clap::Args;
use common::{
    cli::{n_steps, one_to, positive},
    data::{
        Batches,
        mnist::{ImageDataset, Images, N_TRAIN, PixelScale},
    },
    lab::{Column, Lab, row},
    models::LeNet,
    optim::{Optimizer, Sgd},
    train::{Decision, Trainer, TrainingConfig, evaluate},
};
use std::fmt::Write;

/// What the two ends are shown on.
#[derive(Debug, Clone, Args)]
pub(crate) struct Extremes {
    /// Show batches of one and of all images on this many images, the first ones
    #[arg(long, default_value_t = 640, value_parser = one_to::<N_TRAIN>)]
    extreme_images: usize,
    /// Passes over these images
    #[arg(long, default_value_t = 20, value_parser = n_steps)]
    extreme_epochs: usize,
    /// Learning rate of a single image; that of a mini-batch is in proportion
    #[arg(long, default_value_t = 0.000_625, value_parser = positive)]
    single_lr: f32,
    /// Learning rate of all images at once
    #[arg(long, default_value_t = 0.02, value_parser = positive)]
    full_lr: f32,
}

/// Images in the mini-batch between the two ends.
const BETWEEN: usize = 16;

/// What an arm comes to.
struct End {
    name: String,
    steps: usize,
    /// The share of steps whose loss is above that of the step before.
    rises: f64,
    /// The loss over all images after the last step.
    loss: f32,
}

impl Extremes {
    /// Trains LeNet with K = 1, 16 and N from the same weights; prints how the losses fall, and claims what the ends are known for.
    pub(crate) fn show(&self, lab: &mut Lab) -> Result<()> {
        let images = Images::train(lab.data())?;
        let images = ImageDataset::first(&images, self.extreme_images, PixelScale::Unit);
        let n = self.extreme_images;
        let arms = [(1, self.single_lr), (BETWEEN.min(n), BETWEEN as f32 * self.single_lr), (n, self.full_lr)];
        let ends = lab.over_variants(&arms, |&(size, lr)| self.train(size, lr, &images, lab))?;
        writeln!(lab, "\n{n} images, {} epochs: one step per image, per mini-batch and per epoch\n", self.extreme_epochs)?;
        let mut rows = Vec::new();
        for end in &ends {
            let cells = [end.steps.to_string(), format!("{:.3}", end.rises), format!("{:.5}", end.loss)];
            rows.push(row(&end.name, cells));
            lab.metric(format!("{n} images, {}, loss over all", end.name), end.loss);
        }
        lab.table(&Column::labelled("", ["steps", "share of rises", "loss over all images"]), rows)?;
        let [single, between, full] = &ends[..] else { unreachable!("three arms") };
        lab.claim("with all images in a batch the loss falls in every step", full.rises == 0.0);
        lab.claim("with a single image it rises in two to three of five steps", (0.4..0.6).contains(&single.rises));
        let behind = full.loss > single.loss.max(between.loss);
        lab.claim("after the same epochs the loss over all images is highest with all of them in a batch", behind);
        Ok(())
    }

    fn train(&self, size: usize, lr: f32, images: &ImageDataset, lab: &Lab) -> Result<End> {
        let mut network = network::<LeNet>(lab)?;
        let config = TrainingConfig::new(self.extreme_epochs, Batches::Ordered { size }, Decision::Argmax);
        let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), images, config)?;
        while run.forward_backward()?.is_some() {
            run.update(lr)?;
        }
        let losses = run.finish().history.train_loss;
        let rises = losses.windows(2).filter(|pair| pair[1] > pair[0]).count() as f64;
        let loss = evaluate(&*network, images, Decision::Argmax)?.loss;
        let name = format!("batch {size}, lr {lr}");
        Ok(End { name, steps: losses.len(), rises: rises / (losses.len() - 1).max(1) as f64, loss })
    }
}
