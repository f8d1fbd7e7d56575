//! A network by hand, as a chain and on the tape is one network: from equal weights and data every loss, output, gradient and
//! parameter agrees to the bit at every step, whatever the number of threads.

#[path = "support/stepping.rs"]
mod stepping;

use common::{
    chain::{Chain, InChain},
    data::{Labels, Samples, moons},
    kernels::{Activation, Loss},
    layers::{self, Activate, Linear as LinearLayer, LinearGradients},
    machine::with_threads,
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer, Parameters},
    rng::Stream,
    tape::{self, Device, Elu, HardLogistic, HardTanh, LeakyRelu, Logistic, Relu, Softplus, Swish, Tanh, builder::Linear},
    train::Network,
};
use dfdx::{
    nn::{BuildOnDevice, DeviceBuildExt, Module, tensor_collection::TensorCollection},
    shapes::{Const, Rank1, Rank2},
    tensor::{TensorFromVec, Trace},
    tensor_ops::Backward,
};
use stepping::Stepping;

/// Steps of each run.
const STEPS: usize = 60;

/// A network and its data, apart from the model's type.
struct Run {
    activations: Vec<Activation>,
    loss: Loss,
    learning_rate: f32,
    samples: Samples,
    /// Rows of step s are `batches[s % len]`; all rows where there are none.
    batches: Vec<Vec<usize>>,
}

impl Run {
    /// Full batches.
    fn new(activations: &[Activation], loss: Loss, learning_rate: f32, samples: Samples) -> Self {
        Self { activations: activations.to_vec(), loss, learning_rate, samples, batches: Vec::new() }
    }

    /// The same with mini-batches of `size`, the last of each round smaller.
    fn in_batches_of(self, size: usize) -> Self {
        let order = Stream::new(1, "order").permutation(self.samples.len());
        Self { batches: order.chunks(size).map(<[usize]>::to_vec).collect(), ..self }
    }

    /// Trains the networks under several numbers of threads.
    #[track_caller]
    fn check<B: BuildOnDevice<Device, f32> + InChain, const I: usize, const C: usize>(&self)
    where
        B::Built: TensorCollection<f32, Device> + Send,
        tape::Model<B::Built, I, C>: Network,
    {
        let fingerprints =
            [1, 2, 5].map(|threads| (threads, with_threads(threads, || self.train_all::<B, I, C>()).expect("a thread pool")));
        for (threads, fingerprint) in &fingerprints[1..] {
            assert_eq!(*fingerprint, fingerprints[0].1, "{threads} threads and one end with other parameters");
        }
    }

    /// Trains the networks side by side; returns the fingerprint of their common end.
    fn train_all<B: BuildOnDevice<Device, f32> + InChain, const I: usize, const C: usize>(&self) -> String
    where
        B::Built: TensorCollection<f32, Device>,
        tape::Model<B::Built, I, C>: Network,
    {
        let learning_rate = self.learning_rate;
        let mut model = Device::default().build_module::<B, f32>();
        let spread = Initializer::Normal { mean: 0.0, deviation: 0.7 };
        let init = Initialization { weight: spread, bias: spread };
        tape::initialize(&mut model, init, &mut Stream::new(2, "weights")).expect("weights");
        let taped = tape::Model::<_, I, C>::new(model, self.loss);
        let chain = Chain::of::<B>(self.loss).initialized(init, &mut Stream::new(2, "weights"));
        let mut by_hand = ByHand::new(&taped.parameters(), &self.activations, self.loss);
        let start = bits(&taped.parameters());
        let mut taped = Stepping { network: taped, optimizer: Optimizer::new(Sgd), learning_rate };
        let mut chain = Stepping { network: chain, optimizer: Optimizer::new(Sgd), learning_rate };
        for step in 0..STEPS {
            let selected = (!self.batches.is_empty()).then(|| self.samples.select(&self.batches[step % self.batches.len()]));
            let Samples { x, y } = selected.as_ref().unwrap_or(&self.samples);
            let (ours, others) = (by_hand.forward_backward(x, y), [taped.learn(x, y), chain.learn(x, y)]);
            assert!(ours.loss.is_finite(), "step {step}: the loss is {}", ours.loss);
            for other in others {
                assert_eq!(ours.loss.to_bits(), other.loss.to_bits(), "step {step}: losses {} and {}", ours.loss, other.loss);
                assert_eq!(bits_of(ours.outputs.values()), bits_of(other.outputs.values()), "step {step}: outputs");
            }
            for gradients in [taped.network.gradients(), chain.network.gradients()] {
                assert_eq!(gradient_bits(&ours.gradients), bits(&gradients), "step {step}: gradients");
            }
            by_hand.descend(learning_rate, &ours.gradients);
            taped.update();
            chain.update();
            for parameters in [taped.network.parameters(), chain.network.parameters()] {
                assert_eq!(by_hand.parameter_bits(), bits(&parameters), "step {step}: parameters");
            }
        }
        assert_ne!(bits(&taped.network.parameters()), start, "nothing was learnt");
        let outputs = by_hand.forward(&self.samples.x).pop().expect("outputs by hand").1;
        for others in [taped.network.outputs(&self.samples.x), chain.network.outputs(&self.samples.x)] {
            let others = others.expect("outputs of a model");
            assert_eq!(bits_of(outputs.values()), bits_of(others.values()), "outputs after training");
        }
        taped.network.parameters().fingerprint()
    }
}

/// The network by hand.
struct ByHand {
    layers: Vec<(LinearLayer, Activate)>,
    loss: Loss,
}

/// What a forward and backward pass by hand gives.
struct HandPass {
    loss: f32,
    outputs: Matrix,
    gradients: Vec<LinearGradients>,
}

impl ByHand {
    /// The network with the parameters of a model, taken in order.
    fn new(parameters: &Parameters, activations: &[Activation], loss: Loss) -> Self {
        let pairs = parameters.0.as_chunks().0;
        assert_eq!(pairs.len(), activations.len(), "one activation per layer");
        let layers = pairs.iter().zip(activations).map(|([weight, bias], &activation)| {
            let weight = Matrix::new(weight.shape[0], weight.shape[1], weight.values.clone());
            (LinearLayer { weight, bias: bias.values.clone() }, Activate(activation))
        });
        Self { layers: layers.collect(), loss }
    }

    /// Net input and activation of each layer.
    fn forward(&self, x: &Matrix) -> Vec<(Matrix, Matrix)> {
        let mut passes: Vec<(Matrix, Matrix)> = Vec::new();
        for (linear, f) in &self.layers {
            let z = linear.forward(passes.last().map_or(x, |(_, a)| a));
            let a = f.forward(&z);
            passes.push((z, a));
        }
        passes
    }

    fn forward_backward(&self, x: &Matrix, labels: &Labels) -> HandPass {
        let passes = self.forward(x);
        let outputs = passes.last().expect("a layer").1.clone();
        let mut da = layers::loss_backward(self.loss, &outputs, labels.targets());
        let mut gradients = Vec::new();
        for (l, ((linear, f), (z, a))) in self.layers.iter().zip(&passes).enumerate().rev() {
            let dz = f.backward(z, a, &da);
            gradients.insert(0, linear.backward(if l == 0 { x } else { &passes[l - 1].1 }, &dz));
            da = linear.backward_input(&dz);
        }
        HandPass { loss: layers::loss(self.loss, &outputs, labels.targets()), outputs, gradients }
    }

    fn descend(&mut self, learning_rate: f32, gradients: &[LinearGradients]) {
        for ((linear, _), gradients) in self.layers.iter_mut().zip(gradients) {
            linear.descend(learning_rate, gradients);
        }
    }

    fn parameter_bits(&self) -> Vec<Vec<u32>> {
        self.layers.iter().flat_map(|(linear, _)| [bits_of(linear.weight.values()), bits_of(&linear.bias)]).collect()
    }
}

fn bits_of(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn bits(parameters: &Parameters) -> Vec<Vec<u32>> {
    parameters.0.iter().map(|parameter| bits_of(&parameter.values)).collect()
}

fn gradient_bits(gradients: &[LinearGradients]) -> Vec<Vec<u32>> {
    gradients.iter().flat_map(|LinearGradients { dweight, dbias }| [bits_of(dweight.values()), bits_of(dbias)]).collect()
}

/// Normally distributed features.
fn features(rows: usize, columns: usize) -> Matrix {
    Matrix::new(rows, columns, Stream::new(3, "features").normals(rows * columns, 0.0, 1.0))
}

/// Samples of `n_classes` random classes.
fn classes(rows: usize, columns: usize, n_classes: u32) -> Samples {
    let mut stream = Stream::new(4, "classes");
    let y = (0..rows).map(|_| stream.below(n_classes) as usize).collect();
    Samples { x: features(rows, columns), y: Labels::Classes(y) }
}

/// Samples with normally distributed targets.
fn targets(rows: usize, columns: usize, outputs: usize) -> Samples {
    let y = Stream::new(4, "targets").normals(rows * outputs, 0.0, 1.0);
    Samples { x: features(rows, columns), y: Labels::Values(Matrix::new(rows, outputs, y)) }
}

#[test]
fn logistic_network_with_cross_entropy() {
    let run = Run::new(&[Activation::Logistic; 2], Loss::BinaryCrossEntropy, 0.2, moons::moons(640, 0.5, 0));
    run.check::<(Linear<2, 5>, Logistic, Linear<5, 1>, Logistic), 2, 1>();
}

/// Five layers; pairs, for a tuple model has at most six members.
type Deep<F> = ((Linear<2, 3>, F), (Linear<3, 3>, F), (Linear<3, 3>, F), (Linear<3, 3>, F), (Linear<3, 1>, Logistic));

/// The run of a [`Deep`] network with the given hidden activation function.
fn deep(f: Activation) -> Run {
    Run::new(&[f, f, f, f, Activation::Logistic], Loss::BinaryCrossEntropy, 0.5, moons::moons(200, 0.5, 0))
}

#[test]
fn deep_logistic_network() {
    deep(Activation::Logistic).check::<Deep<Logistic>, 2, 1>();
}

#[test]
fn deep_relu_network() {
    deep(Activation::Relu).check::<Deep<Relu>, 2, 1>();
}

#[test]
fn deep_leaky_relu_network() {
    deep(Activation::LeakyRelu { slope: LeakyRelu::default().f.slope }).check::<Deep<LeakyRelu>, 2, 1>();
}

#[test]
fn deep_tanh_network() {
    deep(Activation::Tanh).check::<Deep<Tanh>, 2, 1>();
}

#[test]
fn deep_networks_of_the_other_activations() {
    deep(Activation::HardLogistic).check::<Deep<HardLogistic>, 2, 1>();
    deep(Activation::HardTanh).check::<Deep<HardTanh>, 2, 1>();
    deep(Activation::Elu { alpha: Elu::default().f.alpha }).check::<Deep<Elu>, 2, 1>();
    deep(Activation::Softplus).check::<Deep<Softplus>, 2, 1>();
    deep(Activation::Swish { beta: Swish::default().f.beta }).check::<Deep<Swish>, 2, 1>();
}

#[test]
fn soft_max_in_mini_batches() {
    let activations = [Activation::Logistic, Activation::Identity];
    let run = Run::new(&activations, Loss::SoftmaxCrossEntropy, 0.2, classes(120, 4, 3)).in_batches_of(16);
    assert_eq!(run.batches.last().map(Vec::len), Some(8));
    run.check::<(Linear<4, 6>, Logistic, Linear<6, 3>), 4, 3>();
}

#[test]
fn cross_entropy_of_logits() {
    let activations = [Activation::Tanh, Activation::Identity];
    let run = Run::new(&activations, Loss::BinaryCrossEntropyWithLogits, 0.3, moons::moons(99, 0.3, 5));
    run.check::<(Linear<2, 7>, Tanh, Linear<7, 1>), 2, 1>();
}

#[test]
fn squared_errors() {
    let activations = [Activation::Relu, Activation::Identity];
    for loss in [Loss::HalfSquaredError, Loss::MeanSquaredError] {
        let run = Run::new(&activations, loss, 0.05, targets(45, 3, 2)).in_batches_of(10);
        run.check::<(Linear<3, 5>, Relu, Linear<5, 2>), 3, 2>();
    }
}

/// More than a million multiply-adds a product: large enough for the kernels to split it over threads.
#[test]
fn layers_wide_enough_to_be_split_over_threads() {
    let run = Run::new(&[Activation::Tanh, Activation::Identity], Loss::SoftmaxCrossEntropy, 0.1, classes(520, 33, 4));
    run.check::<(Linear<33, 97>, Tanh, Linear<97, 4>), 33, 4>();
}

#[test]
fn the_gradient_of_the_input() {
    const N: usize = 21;
    let mut stream = Stream::new(6, "input");
    let [x, weight, bias, y] = [N * 4, 4 * 3, 3, N * 3].map(|n| stream.normals(n, 0.0, 1.0));

    let device = Device::default();
    let input = device.tensor_from_vec(x.clone(), (N, Const::<4>));
    let layers = (
        tape::Linear {
            weight: device.tensor_from_vec(weight.clone(), Rank2::<4, 3>::default()),
            bias: device.tensor_from_vec(bias.clone(), Rank1::<3>::default()),
        },
        Softplus::default(),
    );
    let labels = Labels::Values(Matrix::new(N, 3, y));
    let gradients = tape::loss(layers.forward(input.leaky_trace()), &labels, Loss::HalfSquaredError).expect("a loss").backward();
    let taped = gradients.get(&input).as_vec();

    let (linear, softplus) = (LinearLayer { weight: Matrix::new(4, 3, weight), bias }, Activate(Activation::Softplus));
    let z = linear.forward(&Matrix::new(N, 4, x));
    let a = softplus.forward(&z);
    let da = layers::loss_backward(Loss::HalfSquaredError, &a, labels.targets());
    let by_hand = linear.backward_input(&softplus.backward(&z, &a, &da));
    assert_eq!(bits_of(&taped), bits_of(by_hand.values()));
}
