//! How fast the kernels are for the shapes that the sections use; "Gitem/s" reads as GFLOP/s.
//!
//! `cargo bench -p common` runs all, `cargo bench -p common -- products` some. Each kernel runs on one thread and on all: `--threads`
//! is divan's own flag and something else, `RAYON_NUM_THREADS=1` is what you want.

use common::{
    kernels::{
        conv2d::{Conv2d, ParameterGradients},
        isa::Isa,
        lanes,
        matmul::{View, matmul},
    },
    machine::awake,
};
use divan::{Bencher, counter::ItemsCount};
use std::{fmt, hint::black_box};

fn main() {
    // On a thread of the pool, where sections train as well.
    awake(divan::main);
}

/// Some values that are neither zero nor subnormal.
fn values(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 37 % 101) as f32 - 50.5) / 64.0).collect()
}

/// A linear layer and the samples of a batch.
#[derive(Clone, Copy)]
struct Layer {
    batch: usize,
    inputs: usize,
    outputs: usize,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}-{}", self.batch, self.inputs, self.outputs)
    }
}

impl Layer {
    const fn of(batch: usize, inputs: usize, outputs: usize) -> Self {
        Self { batch, inputs, outputs }
    }

    fn flops(&self) -> ItemsCount {
        ItemsCount::new(2 * self.batch * self.inputs * self.outputs)
    }

    /// Times a product that is as large as C = A·B with these views.
    fn time(self, bencher: Bencher, a: View, b: View, size: usize) {
        let mut c = vec![0.0; size];
        bencher.counter(self.flops()).bench_local(|| matmul(Isa::best(), black_box(a), black_box(b), None, &mut c));
    }
}

/// The layers of the sections: moons, the network that over-fits, the tanh network, `dfn`, LeNet's and the large network of the optimisers, and a test of images.
const LAYERS: &[Layer] = &[
    Layer::of(640, 2, 5),
    Layer::of(640, 5, 1),
    Layer::of(200, 2, 20),
    Layer::of(200, 20, 3),
    Layer::of(200, 3, 1),
    Layer::of(10, 300, 500),
    Layer::of(10, 500, 700),
    Layer::of(64, 400, 120),
    Layer::of(256, 400, 120),
    Layer::of(64, 784, 200),
    Layer::of(64, 200, 10),
    Layer::of(64, 784, 1500),
    Layer::of(64, 1500, 500),
    Layer::of(64, 500, 10),
    Layer::of(1000, 784, 200),
];

/// The products of a linear layer.
#[divan::bench_group(sample_count = 30)]
mod products {
    use super::{Bencher, LAYERS, Layer, View, values};

    /// Y = X·W.
    #[divan::bench(args = LAYERS)]
    fn forward(bencher: Bencher, layer: &Layer) {
        let (x, weight) = (values(layer.batch * layer.inputs), values(layer.inputs * layer.outputs));
        let (x, weight) = (View::new(&x, layer.batch, layer.inputs), View::new(&weight, layer.inputs, layer.outputs));
        layer.time(bencher, x, weight, layer.batch * layer.outputs);
    }

    /// dW = Xᵀ·dY.
    #[divan::bench(args = LAYERS)]
    fn weight(bencher: Bencher, layer: &Layer) {
        let (x, dy) = (values(layer.batch * layer.inputs), values(layer.batch * layer.outputs));
        let (x, dy) = (View::new(&x, layer.batch, layer.inputs), View::new(&dy, layer.batch, layer.outputs));
        layer.time(bencher, x.transposed(), dy, layer.inputs * layer.outputs);
    }

    /// dX = dY·Wᵀ.
    #[divan::bench(args = LAYERS)]
    fn input(bencher: Bencher, layer: &Layer) {
        let (dy, weight) = (values(layer.batch * layer.outputs), values(layer.inputs * layer.outputs));
        let (dy, weight) = (View::new(&dy, layer.batch, layer.outputs), View::new(&weight, layer.inputs, layer.outputs));
        layer.time(bencher, dy, weight.transposed(), layer.batch * layer.inputs);
    }
}

/// A convolution and the images of a batch.
#[derive(Clone, Copy)]
struct Convolution {
    batch: usize,
    shape: Conv2d,
}

impl fmt::Display for Convolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conv2d { in_channels, out_channels, height, kernel, .. } = self.shape;
        write!(f, "{} of {in_channels}-{out_channels}, {kernel} x {kernel} on {height} x {height}", self.batch)
    }
}

const fn convolution(batch: usize, channels: [usize; 2], side: usize, kernel: usize, padding: usize) -> Convolution {
    let [in_channels, out_channels] = channels;
    Convolution { batch, shape: Conv2d { in_channels, out_channels, height: side, width: side, kernel, stride: 1, padding } }
}

/// LeNet's, and those of the network with batch normalisation.
const CONVOLUTIONS: &[Convolution] = &[
    convolution(64, [1, 6], 28, 3, 1),
    convolution(16, [6, 16], 14, 5, 0),
    convolution(64, [6, 16], 14, 5, 0),
    convolution(64, [1, 20], 28, 5, 2),
    convolution(64, [20, 20], 14, 5, 2),
];

/// The passes of a convolution.
#[divan::bench_group(sample_count = 30)]
mod convolutions {
    use super::{Bencher, CONVOLUTIONS, Convolution, Isa, ItemsCount, ParameterGradients, lanes, values};

    impl Convolution {
        fn images(&self) -> Vec<f32> {
            values(lanes::size(self.batch, self.shape.in_features()))
        }

        fn results(&self) -> Vec<f32> {
            values(lanes::size(self.batch, self.shape.out_features()))
        }

        fn flops(&self) -> ItemsCount {
            let Self { batch, shape } = self;
            ItemsCount::new(2 * batch * shape.weights() * shape.out_height() * shape.out_width())
        }
    }

    #[divan::bench(args = CONVOLUTIONS)]
    fn forward(bencher: Bencher, at: &Convolution) {
        let (x, weight, bias, mut y) = (at.images(), values(at.shape.weights()), values(at.shape.out_channels), at.results());
        bencher.counter(at.flops()).bench_local(|| at.shape.forward(Isa::best(), &x, &weight, &bias, &mut y));
    }

    #[divan::bench(args = CONVOLUTIONS)]
    fn weight(bencher: Bencher, at: &Convolution) {
        let (x, dy) = (at.images(), at.results());
        let (mut dweight, mut dbias) = (values(at.shape.weights()), values(at.shape.out_channels));
        bencher.counter(at.flops()).bench_local(|| {
            let gradients = ParameterGradients { dweight: &mut dweight, dbias: &mut dbias };
            at.shape.backward_parameters(Isa::best(), &x, &dy, gradients);
        });
    }

    #[divan::bench(args = CONVOLUTIONS)]
    fn input(bencher: Bencher, at: &Convolution) {
        let (dy, weight, mut dx) = (at.results(), values(at.shape.weights()), at.images());
        bencher.counter(at.flops()).bench_local(|| at.shape.backward_input(Isa::best(), &dy, &weight, &mut dx));
    }
}
