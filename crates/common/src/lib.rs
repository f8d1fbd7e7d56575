//! What the chapters share.
//!
//! From the bottom up, each module using only those before it: [`kernels`] (arithmetic with a fixed order of
//! operations), [`rng`], [`matrix`], [`parameters`], [`ops`] (the arithmetic on dfdx's tape), [`nn`] (layers), [`scratch`] (the book's
//! hand-derived operators), [`optim`], [`data`], [`train`] (the runner), [`replay`] (the sources' own random numbers and arithmetic),
//! [`plot`], [`published`], [`lab`] (the bench that a section runs on) and [`cli`].

pub mod data;
pub mod kernels;
pub mod matrix;
pub mod nn;
pub mod ops;
pub mod optim;
pub mod parameters;
pub mod replay;
pub mod rng;
pub mod scratch;
pub mod train;
