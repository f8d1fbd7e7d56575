//! One pass over parameters, gradients and what an optimiser remembers.
//!
//! An update rule is a function of one parameter θ, its gradient and its N remembered values; it gives the new θ and the new values. The loop over
//! it is compiled for each instruction set, and long tensors are shared out over threads. Elements do not know of each other, so this moves no bit.
//!
//! Bound by memory: Adam reads four vectors and writes three, 28 bytes per parameter, and computes three divisions and a square root meanwhile.

use super::Trainable;
use crate::{kernels::isa::Isa, machine::share_out};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// From this many parameters on, a tensor is shared out over threads.
const PARALLEL_FROM: usize = 50_000;
/// Parameters of a piece of which threads take several.
const CHUNK: usize = 1 << 12;
/// Pieces that a thread takes at least: some ten microseconds of work.
const LEAST: usize = 4;

/// θ, g and the remembered values in; θ and the remembered values out.
pub(super) trait ElementRule<const N: usize>:
    Fn(f32, f32, [f32; N]) -> (f32, [f32; N]) + Copy + Send + Sync + 'static
{
}

impl<const N: usize, R> ElementRule<N> for R where R: Fn(f32, f32, [f32; N]) -> (f32, [f32; N]) + Copy + Send + Sync + 'static {}

/// Moves each element of a tensor by `rule`, which also renews what is remembered about it.
///
/// # Panics
/// If the slices differ in length.
pub(super) fn sweep<const N: usize>(tensor: Trainable<'_>, memory: [&mut [f32]; N], rule: impl ElementRule<N>) {
    sweep_on(Isa::best(), tensor, memory, rule);
}

fn sweep_on<const N: usize>(isa: Isa, tensor: Trainable<'_>, memory: [&mut [f32]; N], rule: impl ElementRule<N>) {
    let Trainable { parameter, gradient } = tensor;
    let piece = Piece { parameter, gradient, memory };
    assert_eq!(piece.parameter.len(), piece.gradient.len(), "one gradient a parameter");
    if piece.parameter.len() < PARALLEL_FROM {
        isa.dispatch(Sweep { piece, rule });
    } else {
        share_out(piece.chunks().into_par_iter().with_min_len(LEAST), |piece| isa.dispatch(Sweep { piece, rule }));
    }
}

/// The same stretch of all slices.
struct Piece<'a, const N: usize> {
    parameter: &'a mut [f32],
    gradient: &'a [f32],
    memory: [&'a mut [f32]; N],
}

impl<const N: usize> Piece<'_, N> {
    /// Its stretches of `CHUNK` parameters, one after the other.
    fn chunks(self) -> Vec<Self> {
        let mut memory = self.memory.map(|vector| vector.chunks_mut(CHUNK));
        let chunks = self.parameter.chunks_mut(CHUNK).zip(self.gradient.chunks(CHUNK));
        chunks
            .map(|(parameter, gradient)| {
                let memory = memory.each_mut().map(|chunks| chunks.next().unwrap_or_default());
                Piece { parameter, gradient, memory }
            })
            .collect()
    }
}

/// `x`, or zero of its sign if it is smaller in magnitude than the smallest normal number.
///
/// Decay takes the weights of dead units there, where they stay, and every product with them costs some processors a hundred cycles.
#[inline(always)]
fn without_subnormals(x: f32) -> f32 {
    if x.abs() < f32::MIN_POSITIVE { 0.0f32.copysign(x) } else { x }
}

/// The loop over one piece.
struct Sweep<'a, R, const N: usize> {
    piece: Piece<'a, N>,
    rule: R,
}

impl<R: ElementRule<N>, const N: usize> WithSimd for Sweep<'_, R, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Piece { parameter, gradient, memory } = self.piece;
        let n = parameter.len();
        // Equal lengths, said once: no element is checked in the loop.
        let gradient = &gradient[..n];
        let memory = memory.map(|vector| &mut vector[..n]);
        for i in 0..n {
            let (theta, remembered) = (self.rule)(parameter[i], gradient[i], std::array::from_fn(|k| memory[k][i]));
            parameter[i] = without_subnormals(theta);
            for k in 0..N {
                memory[k][i] = without_subnormals(remembered[k]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reduce::same_bits;

    /// Values that look random, some of them tiny.
    fn values(n: usize, salt: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + salt * 104_729) % 1009) as f32 * if i % 5 == 0 { 1e-21 } else { 3e-3 }).collect()
    }

    fn rule(theta: f32, g: f32, [a, b]: [f32; 2]) -> (f32, [f32; 2]) {
        let (a, b) = (0.9 * a + 0.1 * g, 0.99 * b + 0.01 * (g * g));
        (theta - 0.1 / (b + 1e-7).sqrt() * a, [a, b])
    }

    fn flushed(x: f32) -> f32 {
        if x.is_subnormal() { x * 0.0 } else { x }
    }

    #[test]
    fn subnormal_results_become_zeros_of_their_sign() {
        let smallest = f32::MIN_POSITIVE;
        let x = [smallest, smallest.next_down(), -smallest, -smallest.next_down(), 0.0, -0.0, f32::INFINITY];
        let expected = [smallest, 0.0, -smallest, -0.0, 0.0, -0.0, f32::INFINITY];
        let (mut theta, mut memory) = (x, x);
        sweep(Trainable { parameter: &mut theta, gradient: &[0.0; 7] }, [&mut memory], |theta, _, remembered| {
            (theta, remembered)
        });
        assert!(same_bits(&theta, &expected) && same_bits(&memory, &expected), "{theta:?}");
    }

    /// The loop as it reads: one element after the other, no vectors, no threads.
    fn reference(n: usize) -> [Vec<f32>; 3] {
        let [mut theta, g, mut a, mut b] = [1, 2, 3, 4].map(|salt| values(n, salt));
        for i in 0..n {
            let (moved, [new_a, new_b]) = rule(theta[i], g[i], [a[i], b[i]]);
            (theta[i], a[i], b[i]) = (flushed(moved), flushed(new_a), flushed(new_b));
        }
        [theta, a, b]
    }

    #[track_caller]
    fn check(isa: Isa, n: usize) {
        let [mut theta, g, mut a, mut b] = [1, 2, 3, 4].map(|salt| values(n, salt));
        sweep_on(isa, Trainable { parameter: &mut theta, gradient: &g }, [&mut a, &mut b], rule);
        let same = reference(n).iter().zip([theta, a, b]).all(|(x, y)| same_bits(x, &y));
        assert!(same, "{n} parameters on {isa}");
    }

    #[test]
    fn neither_instruction_set_nor_threads_move_a_bit() {
        for isa in Isa::available() {
            for n in [0, 1, 7, 16, 33, 1000, PARALLEL_FROM - 1, PARALLEL_FROM, 2 * PARALLEL_FROM + 17] {
                check(isa, n);
            }
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

        #[test]
        fn any_number_of_parameters_and_threads_gives_the_bits_of_the_loop(
            few in 0usize..100, many in PARALLEL_FROM..3 * PARALLEL_FROM, threads in 1usize..=64,
        ) {
            crate::machine::with_threads(threads, || {
                for isa in Isa::available() {
                    check(isa, few);
                    check(isa, many);
                }
            }).unwrap();
        }
    }

    #[test]
    #[should_panic(expected = "one gradient a parameter")]
    fn a_missing_gradient_is_a_bug() {
        sweep(Trainable { parameter: &mut [1.0, 2.0], gradient: &[1.0] }, [], |theta, _, []| (theta, []));
    }
}
