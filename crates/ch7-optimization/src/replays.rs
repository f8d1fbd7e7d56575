//! The experiments of section 7.3 on the source's own numbers.
//!
//! Replayed is the linear fit, from the source's data and first weights; the bowl has no random numbers. The source prints its first sample, the weights that
//! it starts from, and figures of losses. Its generator computes quantiles in f32 and is two units in the last place off at x₁, so the first sample
//! and the weights are taken as they are printed. Their y then comes out as printed, to the bit; the x₁ of the exact quantile would not give it. So the
//! noise is the second draw, and y was computed in f32, not in TF32.

use crate::linear_fit::{PRINTED_NORMALS, with_noise};
use anyhow::Result;
use common::{
    data::{Labels, Samples},
    lab::Lab,
    replay::Draws,
};
use std::fmt::Write;

/// What the flag does, for the help of every section.
pub(crate) const HELP: &str = "Fit the source's own data from the source's own weights";
/// The flags that it leaves nothing to choose for.
pub(crate) const FIXED: &[&str] = &["samples"];

/// The seed that the source sets before it draws data, and again before it draws weights.
const SEED: u64 = 0;
/// How many samples it draws.
const SAMPLES: usize = 1000;

/// The source's data: its draws of X and noise, and the printed numbers for the first sample, which came from the same two draws as the weights.
pub(crate) fn samples() -> Samples {
    let draws = Draws::new(SEED);
    let mut x = draws.normal(0, 2 * SAMPLES, 0.0, 1.0);
    x[..2].copy_from_slice(&PRINTED_NORMALS);
    with_noise(x, &draws.uniform(1, SAMPLES))
}

/// Says where the first sample and the weights come from, and records them.
pub(crate) fn print_origin(samples: &Samples, lab: &mut Lab) -> Result<()> {
    let Labels::Values(y) = &samples.y else { unreachable!("the labels of a linear fit are numbers") };
    let (drawn, [x1, x2], y) = (Draws::new(SEED).normal(0, 2 * SAMPLES, 0.0, 1.0), PRINTED_NORMALS, y.row(0)[0]);
    writeln!(
        lab,
        "The source's first sample: x = ({x1}, {x2}), y = {y}. Its seed starts anew before the weights: W = ({x1}, {x2}).\n\
         Both are the printed numbers; drawn in f64 and rounded once they are ({}, {}).\n",
        drawn[0], drawn[1]
    )?;
    lab.metric("first sample, x1 as drawn", drawn[0]);
    lab.metric("first sample, x2 as drawn", drawn[1]);
    lab.metric("first sample, y", y);
    lab.metric("initial w1 as drawn", drawn[0]);
    lab.metric("initial w2 as drawn", drawn[1]);
    Ok(())
}
