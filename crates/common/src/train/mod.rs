//! Training: one loop for every network, full batch or mini-batch.
//!
//! ```
//! use common::{
//!     chain::{Chain, linear, logistic},
//!     data::{Batches, moons::moon1000},
//!     kernels::Loss,
//!     optim::{Optimizer, Sgd},
//!     parameters::Initialization,
//!     rng::Stream,
//!     train::{Decision, Trainer, TrainingConfig},
//! };
//!
//! # fn main() -> anyhow::Result<()> {
//! let split = moon1000(0.5, 0);
//! let layers = [linear(2, 5), logistic(), linear(5, 1), logistic()];
//! let mut network = Chain::new(layers, Loss::BinaryCrossEntropy)
//!     .initialized(Initialization::STANDARD_NORMAL, &mut Stream::new(0, "weights"));
//!
//! let config = TrainingConfig::new(100, Batches::Full, Decision::Probability);
//! let mut run = Trainer::new(&mut network, Optimizer::new(Sgd), &split.train, config)?;
//! while let Some(step) = run.forward_backward()? {
//!     run.update(0.2)?;
//!     if step.ends_epoch {
//!         run.evaluate(&split.dev)?;
//!     }
//! }
//! assert!(run.finish().best.evaluation.accuracy > 0.75);
//! # Ok(())
//! # }
//! ```

mod checkpoint;
mod clipping;
mod config;
mod decision;
mod evaluation;
mod history;
mod journal;
mod network;
mod trainer;

pub use checkpoint::Checkpoint;
pub use clipping::Clipping;
pub use config::{Best, CheckpointFile, Log, Outcome, Record, Step, Ties, TrainingConfig};
pub use decision::{Decision, confusion};
pub use evaluation::{Evaluation, evaluate, predict};
pub use history::History;
pub use journal::{Journal, Progress, Silent};
pub use network::{Movable, Network, ParameterTensor, update};
pub use trainer::Trainer;
