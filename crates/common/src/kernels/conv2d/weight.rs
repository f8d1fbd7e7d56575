//! dw, some output channels times one row of a kernel at a time, and db.

use super::{Conv2d, LEAST_VALUES, MAX_CHANNELS, channels_together};
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

/// Computes dw. Each chain is whole on one thread: threads share out kernels' rows.
pub(super) fn correlate(shape: &Conv2d, isa: Isa, x: &[f32], dy: &[f32], dweight: &mut [f32]) {
    let mut surrounded = Buffer::default();
    if shape.padding > 0 {
        shape.surround(x, &mut surrounded);
    }
    let x = if shape.padding > 0 { &surrounded } else { x };
    let images = Images { shape: shape.surrounded(), x, dy };
    let mut tasks: Vec<_> = tasks(shape).into_iter().map(|task| (task, [[0.0; MAX_TAPS]; MAX_CHANNELS])).collect();
    let run = |(task, sums): &mut (Task, _)| isa.dispatch(Row { images, task: *task, sums });
    let work = dy.len() * shape.in_channels * shape.kernel * shape.kernel;
    if work < PARALLEL_FROM {
        tasks.iter_mut().for_each(run);
    } else {
        share_out(tasks.par_iter_mut(), run);
    }
    for (task, sums) in tasks {
        for (channel, sums) in sums.iter().take(task.channels).enumerate() {
            let row = ((task.channel + channel) * shape.in_channels + task.input) * shape.kernel + task.row;
            dweight[row * shape.kernel + task.tap..][..task.taps].copy_from_slice(&sums[..task.taps]);
        }
    }
}

/// Computes db.
pub(super) fn add_up(shape: &Conv2d, isa: Isa, dy: &[f32], dbias: &mut [f32]) {
    let (channels, together) = (shape.out_channels, channels_together(shape.out_channels));
    let plane = shape.out_height() * shape.out_width() * GROUP;
    let least = LEAST_VALUES.div_ceil(together * (dy.len() / channels).max(1));
    let blocks = dbias.par_chunks_mut(together).enumerate().with_min_len(least);
    share_out(blocks, |(block, dbias)| {
        isa.dispatch(Bias { plane, channels, first: block * together, dy, dbias });
    });
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
    sums: &'a mut [[f32; MAX_TAPS]; MAX_CHANNELS],
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
fn row<S: Simd, const O: usize>(simd: S, images: Images, task: Task, sums: &mut [[f32; MAX_TAPS]]) {
    match task.taps {
        5 => simd.vectorize(Chains::<O, 5> { images, task, sums }),
        4 => simd.vectorize(Chains::<O, 4> { images, task, sums }),
        3 => simd.vectorize(Chains::<O, 3> { images, task, sums }),
        2 => simd.vectorize(Chains::<O, 2> { images, task, sums }),
        _ => simd.vectorize(Chains::<O, 1> { images, task, sums }),
    }
}

/// `O` output channels times `K` taps.
struct Chains<'a, const O: usize, const K: usize> {
    images: Images<'a>,
    task: Task,
    sums: &'a mut [[f32; MAX_TAPS]],
}

impl<const O: usize, const K: usize> WithSimd for Chains<'_, O, K> {
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
        let mut lanes = [[[0.0f32; GROUP]; K]; O];
        for part in 0..count {
            let mut chains = [[simd.splat_f32s(0.0); K]; O];
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
            }
        }
        for o in 0..O {
            for v in 0..K {
                sums[o][v] = tree(lanes[o][v]);
            }
        }
    }
}

/// db of some channels: the gradients of each plane's positions, in sixteen lanes.
struct Bias<'a> {
    /// Values of a channel in a group.
    plane: usize,
    /// All channels, and which is the first of these.
    channels: usize,
    first: usize,
    dy: &'a [f32],
    dbias: &'a mut [f32],
}

impl WithSimd for Bias<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plane, channels, first, dy, dbias } = self;
        let at = (first, channels);
        match dbias.len() {
            4 => dbias.copy_from_slice(&add_channels::<S, 4>(simd, dy, plane, at)),
            3 => dbias.copy_from_slice(&add_channels::<S, 3>(simd, dy, plane, at)),
            2 => dbias.copy_from_slice(&add_channels::<S, 2>(simd, dy, plane, at)),
            _ => dbias.copy_from_slice(&add_channels::<S, 1>(simd, dy, plane, at)),
        }
    }
}

/// The sums of `O` channels from `first` of `channels` on: as many chains that do not wait for each other.
#[inline(always)]
fn add_channels<S: Simd, const O: usize>(simd: S, dy: &[f32], plane: usize, (first, channels): (usize, usize)) -> [f32; O] {
    let mut lanes = [[0.0f32; GROUP]; O];
    let count = vectors::<S>();
    for part in 0..count {
        let mut sums = [simd.splat_f32s(0.0); O];
        for group in dy.chunks_exact(channels * plane) {
            let mut planes: [&[S::f32s]; O] = [&[]; O];
            for o in 0..O {
                planes[o] = S::as_simd_f32s(&group[(first + o) * plane..][..plane]).0;
            }
            for position in 0..plane / GROUP {
                for o in 0..O {
                    sums[o] = simd.add_f32s(sums[o], planes[o][position * count + part]);
                }
            }
        }
        for o in 0..O {
            S::as_mut_simd_f32s(&mut lanes[o]).0[part] = sums[o];
        }
    }
    lanes.map(tree)
}
