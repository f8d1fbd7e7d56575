//! One step of a chain, as scalars and as vectors.

use crate::kernels::fused::fused_multiply_add;
use pulp::Simd;

/// fma(a, b, c) in every lane; on one lane, where the hardware may have none, the emulated one.
#[inline(always)]
pub(super) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::F32_LANES == 1 {
        let lane = |x| simd.reduce_sum_f32s(x);
        simd.splat_f32s(fused_multiply_add(lane(a), lane(b), lane(c)))
    } else {
        simd.mul_add_f32s(a, b, c)
    }
}

/// fma(a, b, c): the processor's, or the emulated one where it may have none.
#[inline(always)]
pub(super) fn multiply_add_scalar<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    if S::F32_LANES == 1 { fused_multiply_add(a, b, c) } else { a.mul_add(b, c) }
}
