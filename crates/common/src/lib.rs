//! What the chapters share.
//!
//! From the bottom up, each module using only those before it: [`kernels`] (arithmetic with a fixed order of operations), [`rng`], [`language`], [`matrix`], [`machine`] (the clock, progress, …),
//! [`parameters`], [`files`], [`layers`] (each written once, with its gradient), [`optim`], [`data`], [`tape`], [`chain`] and [`by_hand`] (which drive the layers), [`models`], [`train`] (the
//! loop), [`replay`] (the source's own random numbers and arithmetic), [`plot`] and [`figures`], [`value`], [`published`] (the ledger) and [`lab`] (the
//! bench that a section runs on), [`classifier`], [`golden`] (golden files), [`registry`] and [`cli`].

pub mod by_hand;
pub mod chain;
pub mod classifier;
pub mod cli;
pub mod data;
pub mod figures;
pub mod files;
pub mod golden;
pub mod kernels;
pub mod lab;
pub mod language;
pub mod layers;
pub mod machine;
pub mod matrix;
pub mod models;
pub mod optim;
pub mod parameters;
pub mod plot;
pub mod published;
pub mod registry;
pub mod replay;
pub mod rng;
pub mod sources;
mod storage;
pub mod tape;
pub mod train;
pub mod value;
