//! Which vector instructions a kernel runs on.
//!
//! Every kernel is written once, generically, and compiled once for each instruction set; an [`Isa`] picks
//! the copy. The choice moves the time a kernel takes and never a bit of its result, which is why tests run
//! every kernel on every member of [`Isa::available`].
//!
//! The variants hold `pulp`'s tokens, and a token can only be made on a processor that has its instructions.
//! An `Isa` is therefore a proof: [`Isa::dispatch`] is safe, and nothing is detected again when it is called.

use std::fmt;

use pulp::{Scalar, Simd, WithSimd};

/// An instruction set that this processor has.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Isa {
    /// What every processor of the target has: SSE2 on x86-64, NEON on `AArch64`.
    Portable,
    /// 256-bit vectors and fused multiply-add (x86-64-v3: Haswell, Zen, and later).
    #[cfg(target_arch = "x86_64")]
    Avx2Fma(pulp::x86::V3),
    /// 512-bit vectors and masks (x86-64-v4: Skylake-X, Zen 4, and later).
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    /// 128-bit vectors and fused multiply-add.
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
}

impl Isa {
    /// The widest instruction set of this processor.
    ///
    /// Detection happens once in a process; after that a call costs two loads.
    #[inline]
    #[must_use]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(token) = pulp::x86::V4::try_new() {
                return Self::Avx512(token);
            }
            if let Some(token) = pulp::x86::V3::try_new() {
                return Self::Avx2Fma(token);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(token) = pulp::aarch64::Neon::try_new() {
            return Self::Neon(token);
        }
        Self::Portable
    }

    /// Every instruction set of this processor, narrowest first; never empty.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "most processors have no more")]
        let mut sets = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            sets.extend(pulp::x86::V3::try_new().map(Self::Avx2Fma));
            sets.extend(pulp::x86::V4::try_new().map(Self::Avx512));
        }
        #[cfg(target_arch = "aarch64")]
        sets.extend(pulp::aarch64::Neon::try_new().map(Self::Neon));
        sets
    }

    /// The same without vectors of more than 256 bits.
    #[must_use]
    pub(crate) fn up_to_256_bits(self) -> Self {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(token) => Self::Avx2Fma(*token),
            other => other,
        }
    }

    /// Runs `op` in a function that is compiled for this instruction set.
    ///
    /// Only what is inlined into that function profits, so an operation's body is `#[inline(always)]`
    /// throughout.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "the operation must be compiled together with the target features that pulp switches on"
    )]
    pub fn dispatch<Op: WithSimd>(self, op: Op) -> Op::Output {
        match self {
            Self::Portable => Simd::vectorize(Scalar, op),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2Fma(token) => Simd::vectorize(token, op),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(token) => Simd::vectorize(token, op),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(token) => Simd::vectorize(token, op),
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2Fma(_) => "AVX2+FMA",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => "NEON",
        })
    }
}

/// As [`fmt::Display`]: the tokens would list every feature bit.
impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Isa {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Eq for Isa {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_set_is_the_last_available_one() {
        assert_eq!(Isa::available().last(), Some(&Isa::best()));
    }

    #[test]
    fn dispatch_runs_the_operation_on_every_set() {
        for isa in Isa::available() {
            assert_eq!(isa.dispatch(|| 42), 42, "{isa}");
        }
    }
}
