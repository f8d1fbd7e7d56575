//! What the processor can do at most.

use common::kernels::isa::Isa;
use pulp::{Simd, WithSimd};
use std::{hint::black_box, time::Instant};

/// Chains of fused multiply-adds side by side: enough to hide the latency of each, few enough for the registers.
const CHAINS: usize = 12;
/// Steps of each chain: about two milliseconds, which fit between what else the machine has to do.
const STEPS: usize = 1_000_000;
/// Runs of which the fastest counts.
const RUNS: usize = 50;

/// Floating-point operations a second of all threads, a fused multiply-add counting as two.
pub(crate) fn flops() -> f64 {
    let isa = Isa::best();
    let once = || {
        let start = Instant::now();
        let operations: usize = rayon::broadcast(|_| isa.dispatch(Chains)).into_iter().sum();
        operations as f64 / start.elapsed().as_secs_f64()
    };
    (0..RUNS).map(|_| once()).fold(0.0, f64::max)
}

/// Runs the chains; gives the number of operations.
struct Chains;

impl WithSimd for Chains {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        // Chains that neither grow nor vanish: x ← x · 0.999 + 0.001.
        let (factor, addend) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(0.001)));
        let mut chains = [simd.splat_f32s(black_box(1.0)); CHAINS];
        for _ in 0..STEPS {
            for chain in &mut chains {
                *chain = simd.mul_add_f32s(*chain, factor, addend);
            }
        }
        black_box(chains.map(|chain| simd.reduce_sum_f32s(chain)));
        2 * STEPS * CHAINS * S::F32_LANES
    }
}
