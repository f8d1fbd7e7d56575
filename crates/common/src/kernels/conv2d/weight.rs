//! dw, some output channels times one row of a kernel at a time, and with the first row of each channel its db.

use super::{Conv2d, MAX_CHANNELS, ParameterGradients, channels_together};
use crate::kernels::{
    Buffer,
    fused::multiply_add,
    isa::Isa,
    lanes::{GROUP, vectors},
    reduce::tree,
};
use crate::machine::share_out;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Most taps of a kernel's row that are kept in registers together.
const MAX_TAPS: usize = 5;
/// Multiply-adds from which threads share the work: a few microseconds.
const PARALLEL_FROM: usize = 1 << 19;

/// Computes dw and db. Each chain is whole on one thread: threads share out kernels' rows.
pub(super) fn correlate(shape: &Conv2d, isa: Isa, x: &[f32], dy: &[f32], gradients: ParameterGradients) {
    let mut surrounded = Buffer::default();
    if shape.padding > 0 {
        shape.surround(x, &mut surrounded);
    }
    let x = if shape.padding > 0 { &surrounded } else { x };
    let images = Images { shape: shape.surrounded(), x, dy };
    let mut tasks: Vec<_> = tasks(shape).into_iter().map(|task| (task, [Sums::default(); MAX_CHANNELS])).collect();
    let run = |(task, sums): &mut (Task, _)| isa.dispatch(Row { images, task: *task, sums });
    let work = dy.len() * shape.in_channels * shape.kernel * shape.kernel;
    if work < PARALLEL_FROM {
        tasks.iter_mut().for_each(run);
    } else {
        share_out(tasks.par_iter_mut(), run);
    }
    let ParameterGradients { dweight, dbias } = gradients;
    for (task, sums) in tasks {
        for (channel, Sums { taps, bias }) in (task.channel..).zip(sums).take(task.channels) {
            let row = (channel * shape.in_channels + task.input) * shape.kernel + task.row;
            dweight[row * shape.kernel + task.tap..][..task.taps].copy_from_slice(&taps[..task.taps]);
            if task.is_first() {
                dbias[channel] = bias;
            }
        }
    }
}

/// What a task finds for one output channel.
#[derive(Clone, Copy, Default)]
struct Sums {
    taps: [f32; MAX_TAPS],
    /// Of the first task of the channel.
    bias: f32,
}

/// Some taps of one row of some kernels.
#[derive(Debug, Clone, Copy)]
struct Task {
    /// First output channel, and how many.
    channel: usize,
    channels: usize,
    /// Input channel.
    input: usize,
    /// Row of the kernel.
    row: usize,
    /// First column of the kernel, and how many.
    tap: usize,
    taps: usize,
}

impl Task {
    /// Whether it is the first of its channels.
    fn is_first(&self) -> bool {
        (self.input, self.row, self.tap) == (0, 0, 0)
    }
}

fn tasks(shape: &Conv2d) -> Vec<Task> {
    let mut tasks = Vec::new();
    let together = channels_together(shape.out_channels);
    for channel in (0..shape.out_channels).step_by(together) {
        let channels = (shape.out_channels - channel).min(together);
        for input in 0..shape.in_channels {
            for row in 0..shape.kernel {
                for tap in (0..shape.kernel).step_by(MAX_TAPS) {
                    let taps = (shape.kernel - tap).min(MAX_TAPS);
                    tasks.push(Task { channel, channels, input, row, tap, taps });
                }
            }
        }
    }
    tasks
}

/// All groups; the images need no more padding.
#[derive(Clone, Copy)]
struct Images<'a> {
    shape: Conv2d,
    x: &'a [f32],
    dy: &'a [f32],
}

/// A task under way.
struct Row<'a> {
    images: Images<'a>,
    task: Task,
    sums: &'a mut [Sums; MAX_CHANNELS],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { images, task, sums } = self;
        // Where there are not registers for all, channels go two by two.
        let mut done = 0;
        while done < task.channels {
            let step = match task.channels - done {
                channels if S::F32_LANES == GROUP => channels,
                2.. => 2,
                _ => 1,
            };
            let (task, sums) = (Task { channel: task.channel + done, ..task }, &mut sums[done..]);
            match step {
                4 => row::<S, 4>(simd, images, task, sums),
                3 => row::<S, 3>(simd, images, task, sums),
                2 => row::<S, 2>(simd, images, task, sums),
                _ => row::<S, 1>(simd, images, task, sums),
            }
            done += step;
        }
    }
}

/// A task's taps for `O` output channels.
#[inline(always)]
fn row<S: Simd, const O: usize>(simd: S, images: Images, task: Task, sums: &mut [Sums]) {
    if task.is_first() {
        taps::<S, O, true>(simd, images, task, sums);
    } else {
        taps::<S, O, false>(simd, images, task, sums);
    }
}

/// The same, and with `BIAS` the sums of the gradients themselves.
#[inline(always)]
fn taps<S: Simd, const O: usize, const BIAS: bool>(simd: S, images: Images, task: Task, sums: &mut [Sums]) {
    match task.taps {
        5 => simd.vectorize(Chains::<O, 5, BIAS> { images, task, sums }),
        4 => simd.vectorize(Chains::<O, 4, BIAS> { images, task, sums }),
        3 => simd.vectorize(Chains::<O, 3, BIAS> { images, task, sums }),
        2 => simd.vectorize(Chains::<O, 2, BIAS> { images, task, sums }),
        _ => simd.vectorize(Chains::<O, 1, BIAS> { images, task, sums }),
    }
}

/// `O` output channels times `K` taps, and with `BIAS` as many sums of gradients.
struct Chains<'a, const O: usize, const K: usize, const BIAS: bool> {
    images: Images<'a>,
    task: Task,
    sums: &'a mut [Sums],
}

impl<const O: usize, const K: usize, const BIAS: bool> WithSimd for Chains<'_, O, K, BIAS> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::needless_range_loop, reason = "indices over constant ranges unroll into registers")]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { images: Images { shape, x, dy }, task, sums } = self;
        let Conv2d { height, width, stride, .. } = shape;
        let (rows, columns) = (shape.out_height(), shape.out_width());
        let count = vectors::<S>();
        let (line, span) = ((columns - 1) * count + 1, (K - 1) * count + 1);
        let ((x, _), (dy, _)) = (S::as_simd_f32s(x), S::as_simd_f32s(dy));
        let (mut lanes, mut bias_lanes) = ([[[0.0f32; GROUP]; K]; O], [[0.0f32; GROUP]; O]);
        for part in 0..count {
            let (mut chains, mut bias_chains) = ([[simd.splat_f32s(0.0); K]; O], [simd.splat_f32s(0.0); O]);
            let groups = x.chunks_exact(shape.in_features() * count).zip(dy.chunks_exact(shape.out_features() * count));
            for (x, dy) in groups {
                for i in 0..rows {
                    let start = (task.input * height + i * stride + task.row) * width + task.tap;
                    let pixels = &x[start * count + part..];
                    // A closure would not be compiled into this function.
                    let mut gradients: [&[S::f32s]; O] = [&[]; O];
                    for o in 0..O {
                        gradients[o] = &dy[(((task.channel + o) * rows + i) * columns) * count + part..][..line];
                    }
                    for j in 0..columns {
                        let window = &pixels[j * stride * count..][..span];
                        let mut taps = [simd.splat_f32s(0.0); K];
                        for v in 0..K {
                            taps[v] = window[v * count];
                        }
                        for o in 0..O {
                            let gradient = gradients[o][j * count];
                            if BIAS {
                                bias_chains[o] = simd.add_f32s(bias_chains[o], gradient);
                            }
                            for v in 0..K {
                                chains[o][v] = multiply_add(simd, gradient, taps[v], chains[o][v]);
                            }
                        }
                    }
                }
            }
            for o in 0..O {
                for v in 0..K {
                    S::as_mut_simd_f32s(&mut lanes[o][v]).0[part] = chains[o][v];
                }
                S::as_mut_simd_f32s(&mut bias_lanes[o]).0[part] = bias_chains[o];
            }
        }
        for o in 0..O {
            for v in 0..K {
                sums[o].taps[v] = tree(lanes[o][v]);
            }
            sums[o].bias = tree(bias_lanes[o]);
        }
    }
}
