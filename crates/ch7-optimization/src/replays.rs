//! The experiments of section 7.3 on the source's own numbers.
//!
//! Replayed is the linear fit, from the source's data and first weights; the bowl has no random numbers. The source prints its first sample, the weights that
//! it starts from, and figures of losses. Its generator computes quantiles in f32 and is two units in the last place off at x₁, so the first sample
//! and the weights are taken as they are printed. Their y then comes out as printed, to the bit; the x₁ of the exact quantile would not give it. So the
//! noise is the second draw, and y was computed in f32, not in TF32.

use crate::linear_fit::{Origin, PRINTED_NORMALS, Problem};
use common::{data::Labels, replay::Draws};

/// What the flag does, for the help of every section.
pub(crate) const HELP: &str = "Fit the source's own data from the source's own weights";
/// The flags that it leaves nothing to choose for.
pub(crate) const FIXED: &[&str] = &["samples"];

/// The seed that the source sets before it draws data, and again before it draws weights.
const SEED: u64 = 0;
/// How many samples it draws.
const SAMPLES: usize = 1000;

/// The source's data: its draws of X and noise, and the printed numbers for the first sample, which came from the same two draws as the weights.
pub(crate) fn linear_fit() -> Problem {
    let draws = Draws::new(SEED);
    let mut x = draws.normal(0, 2 * SAMPLES, 0.0, 1.0);
    let first = [x[0], x[1]];
    x[..2].copy_from_slice(&PRINTED_NORMALS);
    let mut problem = Problem::with_noise(x, &draws.uniform(1, SAMPLES));
    let Labels::Values(y) = &problem.samples.y else { unreachable!("the labels of a linear fit are numbers") };
    let ([x1, x2], y) = (PRINTED_NORMALS, y.row(0)[0]);
    let note = format!(
        "The source's first sample: x = ({x1}, {x2}), y = {y}. Its seed starts anew before the weights: W = ({x1}, {x2}).\n\
         Both are the printed numbers; drawn in f64 and rounded once they are ({}, {}).",
        first[0], first[1]
    );
    let numbers = vec![
        ("first sample, x1 as drawn", first[0]),
        ("first sample, x2 as drawn", first[1]),
        ("first sample, y", y),
        ("initial w1 as drawn", first[0]),
        ("initial w2 as drawn", first[1]),
    ];
    problem.origin = Some(Origin { note, numbers });
    problem
}
