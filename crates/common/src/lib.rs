//! What the chapters share.
//!
//! From the bottom up, each module using only those before it: [`kernels`] (arithmetic with a fixed order of
//! operations), [`rng`], [`matrix`], [`parameters`], [`optim`], [`data`], [`ops`] (the arithmetic on dfdx's tape), [`train`] (the
//! runner), [`scratch`] (the book's hand-derived operators), [`nn`] (layers), [`replay`] (the source's own random numbers and arithmetic),
//! [`plot`] and [`figures`], [`value`], [`published`] (the ledger) and [`lab`] (the bench that a section runs on), [`golden`] (golden files),
//! [`registry`] and [`cli`].

pub mod cli;
pub mod data;
pub mod figures;
pub mod golden;
pub mod kernels;
pub mod lab;
pub mod matrix;
pub mod nn;
pub mod ops;
pub mod optim;
pub mod parameters;
pub mod plot;
pub mod published;
pub mod registry;
pub mod replay;
pub mod rng;
pub mod scratch;
pub mod train;
pub mod value;
