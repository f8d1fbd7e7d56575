//! The hand-derived network and the taped one are one network: from equal weights and data every loss, output, gradient and
//! parameter agrees to the bit at every step, whatever the number of threads.

use common::{
    data::{Labels, Samples, moons},
    kernels::{Activation, Loss},
    matrix::Matrix,
    nn::{self, HardLogistic, HardTanh, LeakyRelu, Logistic, Relu, Softplus, Swish, Tanh, builder::Linear},
    ops::{self, Device},
    optim::Sgd,
    parameters::{Initialization, Initializer, Parameters},
    rng::Stream,
    scratch::{self, LinearGradients},
    train::Learner,
};
use dfdx::{
    nn::{BuildOnDevice, DeviceBuildExt, tensor_collection::TensorCollection},
    shapes::{Const, Rank1, Rank2},
    tensor::{TensorFromVec, Trace},
    tensor_ops::Backward,
};

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

    /// Trains both networks under several numbers of threads.
    #[track_caller]
    fn check<B: BuildOnDevice<Device, f32>, const I: usize, const C: usize>(&self)
    where
        B::Built: TensorCollection<f32, Device> + Send,
        nn::Network<B::Built, Sgd, I, C>: Learner,
    {
        let fingerprints = [1, 2, 5].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
            (threads, pool.install(|| self.train_both::<B, I, C>()))
        });
        for (threads, fingerprint) in &fingerprints[1..] {
            assert_eq!(*fingerprint, fingerprints[0].1, "{threads} threads and one end with other parameters");
        }
    }

    /// Trains both networks side by side; returns the fingerprint of their common end.
    fn train_both<B: BuildOnDevice<Device, f32>, const I: usize, const C: usize>(&self) -> String
    where
        B::Built: TensorCollection<f32, Device>,
        nn::Network<B::Built, Sgd, I, C>: Learner,
    {
        let optimizer = Sgd { learning_rate: self.learning_rate };
        let mut model = Device::default().build_module::<B, f32>();
        let spread = Initializer::Normal { mean: 0.0, deviation: 0.7 };
        nn::initialize(&mut model, Initialization { weight: spread, bias: spread }, &mut Stream::new(2, "weights"))
            .expect("weights");
        let mut taped = nn::Network::new(model, self.loss, optimizer);
        let mut manual = scratch::Network::new(layers(&taped.parameters(), &self.activations), self.loss, optimizer);
        let start = bits(&taped.parameters());
        for step in 0..STEPS {
            let selected = (!self.batches.is_empty()).then(|| self.samples.select(&self.batches[step % self.batches.len()]));
            let Samples { x, y } = selected.as_ref().unwrap_or(&self.samples);
            let (ours, theirs) = (manual.learn(x, y).expect("a step by hand"), taped.learn(x, y).expect("a step on the tape"));
            assert!(ours.loss.is_finite(), "step {step}: the loss is {}", ours.loss);
            assert_eq!(ours.loss.to_bits(), theirs.loss.to_bits(), "step {step}: losses {} and {}", ours.loss, theirs.loss);
            assert_eq!(bits_of(ours.outputs.values()), bits_of(theirs.outputs.values()), "step {step}: outputs");
            assert_eq!(gradient_bits(manual.gradients()), bits(&taped.gradients()), "step {step}: gradients");
            assert_eq!(manual.weight_gradient_norms(), taped.weight_gradient_norms(), "step {step}: gradient norms");
            assert_eq!(manual.bias_gradient_norms(), taped.bias_gradient_norms(), "step {step}: gradient norms of biases");
            manual.update().expect("an update by hand");
            taped.update().expect("an update on the tape");
            assert_eq!(bits(&manual.parameters()), bits(&taped.parameters()), "step {step}: parameters");
        }
        assert_ne!(bits(&taped.parameters()), start, "nothing was learnt");
        let (ours, theirs) = (manual.outputs(&self.samples.x), taped.outputs(&self.samples.x));
        let (ours, theirs) = (ours.expect("outputs by hand"), theirs.expect("outputs of the model"));
        assert_eq!(bits_of(ours.values()), bits_of(theirs.values()), "outputs after training");
        taped.parameters().fingerprint()
    }
}

/// Hand-derived layers with the parameters of a model, taken in order.
fn layers(parameters: &Parameters, activations: &[Activation]) -> Vec<scratch::Layer> {
    let pairs = parameters.0.as_chunks().0;
    assert_eq!(pairs.len(), activations.len(), "one activation a layer");
    pairs
        .iter()
        .zip(activations)
        .map(|([weight, bias], &activation)| {
            let weight = Matrix::new(weight.shape[0], weight.shape[1], weight.values.clone());
            scratch::Layer { linear: scratch::Linear { weight, bias: bias.values.clone() }, activation }
        })
        .collect()
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
    deep(Activation::LeakyRelu { slope: LeakyRelu::default().slope }).check::<Deep<LeakyRelu>, 2, 1>();
}

#[test]
fn deep_tanh_network() {
    deep(Activation::Tanh).check::<Deep<Tanh>, 2, 1>();
}

#[test]
fn deep_networks_of_the_other_activations() {
    deep(Activation::HardLogistic).check::<Deep<HardLogistic>, 2, 1>();
    deep(Activation::HardTanh).check::<Deep<HardTanh>, 2, 1>();
    deep(Activation::Elu { alpha: nn::Elu::default().alpha }).check::<Deep<nn::Elu>, 2, 1>();
    deep(Activation::Softplus).check::<Deep<Softplus>, 2, 1>();
    deep(Activation::Swish { beta: Swish::default().beta }).check::<Deep<Swish>, 2, 1>();
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
    let weight_tensor = device.tensor_from_vec(weight.clone(), Rank2::<4, 3>::default());
    let bias_tensor = device.tensor_from_vec(bias.clone(), Rank1::<3>::default());
    let labels = Labels::Values(Matrix::new(N, 3, y));
    let z = ops::linear(input.leaky_trace(), &weight_tensor, &bias_tensor).expect("the affine map");
    let a = ops::activate(z, Activation::Softplus).expect("an activation");
    let gradients = ops::loss(a, &labels, Loss::HalfSquaredError).expect("a loss").backward();
    let taped = gradients.get(&input).as_vec();

    let linear = scratch::Linear { weight: Matrix::new(4, 3, weight), bias };
    let z = linear.forward(&Matrix::new(N, 4, x));
    let a = scratch::activate(Activation::Softplus, &z);
    let da = scratch::loss_backward(Loss::HalfSquaredError, &a, labels.targets());
    let manual = linear.backward_input(&scratch::activate_backward(Activation::Softplus, &z, &a, &da));
    assert_eq!(bits_of(&taped), bits_of(manual.values()));
}
