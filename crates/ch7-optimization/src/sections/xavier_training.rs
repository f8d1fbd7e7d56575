//! 7.4.2.3 · Training after Xavier initialisation
//!
//! A tanh network 2-300-500-700-400-1 on 200 noisy moons, mini-batches of 10, trained from Xavier's weights and from N(0, 1). The latter
//! starts with saturated units, whose gradients are almost zero, behind an output of enormous logits.

use crate::initialized::{Arm, Settings, train_arms};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{kernels::Activation, lab::Lab, parameters::Initializer};

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

const ARMS: [Arm; 2] = [("Xavier", Initializer::XavierNormal), ("N(0,1)", Initializer::STANDARD_NORMAL)];

/// Trains from both.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let trained = train_arms(&ARMS, Activation::Tanh, &args.settings, lab)?;
    let [xavier, plain] = [0, 1].map(|arm| trained[arm].last_loss());
    lab.claim("the loss of the last epoch is smaller from Xavier's weights", xavier < plain);
    Ok(())
}
