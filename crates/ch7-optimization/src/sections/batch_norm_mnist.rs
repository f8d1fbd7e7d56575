//! TODO
use crate::conv_nets::{self, Settings};
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{lab::Lab, nn::models::ConvNetBatchNorm};

/// The book's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Trains both side by side.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let [_without, _with] = conv_nets::compare::<ConvNetBatchNorm>("batch normalisation", &args.settings, lab)?;
    Ok(())
}
