//! Networks of any size have the same bits with any number of threads: each kernel is shared otherwise between more of them, and the
//! shares at the end may be short, or there may be none left.

use common::{
    chain::{
        Chain, LayerSpec, batch_norm, conv2d, dropout, flatten, image, layer_norm, leaky_relu, linear, logistic, max_pool2d,
        relu, tanh,
    },
    data::Labels,
    kernels::Loss,
    layers::{Masks, NORMALIZATION_EPSILON, batch_norm::Settings},
    matrix::Matrix,
    parameters::{Initialization, Initializer},
    rng::Stream,
    train::Network,
};
use proptest::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::OnceLock;

/// Numbers of threads beside one: few, more than cores, and far more than there are rows.
const THREADS: [usize; 5] = [2, 3, 7, 16, 64];

fn pools() -> &'static [ThreadPool] {
    static POOLS: OnceLock<Vec<ThreadPool>> = OnceLock::new();
    let pool = |threads: &usize| ThreadPoolBuilder::new().num_threads(*threads).build().expect("a thread pool");
    POOLS.get_or_init(|| THREADS.iter().map(pool).collect())
}

/// The bits of outputs and gradients of a training pass, and of the outputs of an evaluation.
fn pass(layers: Vec<LayerSpec>, (samples, features): (usize, usize)) -> Vec<u32> {
    let init = Initializer::Normal { mean: 0.0, deviation: 0.5 };
    let init = Initialization { weight: init, bias: init };
    let mut network = Chain::new(layers, Loss::SoftmaxCrossEntropy).initialized(init, &mut Stream::new(1, "weights"));
    let x = Matrix::new(samples, features, Stream::new(2, "samples").normals(samples * features, 0.0, 1.0));
    let labels = Labels::Classes((0..samples).map(|sample| sample % CLASSES).collect());
    network.forward_backward(&x, &labels).expect("a pass");
    let gradients = network.gradients().0.into_iter().flat_map(|gradient| gradient.values);
    let outputs = network.batch_outputs().values().iter().copied();
    let evaluated = network.outputs(&x).expect("an evaluation");
    let loss = network.batch_loss(&labels);
    gradients.chain(outputs).chain(evaluated.values().iter().copied()).chain([loss]).map(f32::to_bits).collect()
}

const CLASSES: usize = 3;

fn check(layers: impl Fn() -> Vec<LayerSpec> + Sync, size: (usize, usize)) {
    let alone = ThreadPoolBuilder::new().num_threads(1).build().expect("a thread pool").install(|| pass(layers(), size));
    for (pool, threads) in pools().iter().zip(THREADS) {
        let together = pool.install(|| pass(layers(), size));
        assert!(together == alone, "{threads} threads give other bits than one: {size:?}");
    }
}

fn masks() -> Masks {
    Masks::drawn(Stream::new(3, "masks"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn of_rows(samples in 1usize..90, features in 1usize..40, a in 1usize..300, b in 1usize..150) {
        let layers = || {
            vec![
                linear(features, a), leaky_relu(0.1), batch_norm(Settings::BOOK), linear(a, b), tanh(), dropout(0.3, masks()),
                layer_norm(NORMALIZATION_EPSILON), logistic(), linear(b, CLASSES),
            ]
        };
        check(layers, (samples, features));
    }

    #[test]
    fn of_images(samples in 1usize..70, channels in 1usize..4, side in 4usize..13, a in 1usize..20, b in 1usize..20, padding in 0usize..2) {
        let pooled = (side + 2 * padding - 2) / 2;
        let layers = || {
            vec![
                image(channels, side, side), conv2d(a, 3, 1, padding), batch_norm(Settings::BOOK), relu(), max_pool2d(2, 2),
                conv2d(b, 1, 1, 0), layer_norm(NORMALIZATION_EPSILON), tanh(), flatten(), linear(b * pooled * pooled, CLASSES),
            ]
        };
        check(layers, (samples, channels * side * side));
    }
}
