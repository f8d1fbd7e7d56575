//! Every kernel against its reference, for shapes from nothing upward and 1 to 64 threads, on each instruction set.

use common::{
    kernels::{
        Activation, Conv2d, Loss, MaxPool2d, View,
        activation::Activated,
        batch_norm::{self, BatchNorm, Shape, Statistics},
        conv2d, dropout,
        isa::Isa,
        lanes,
        layer_norm::{self, LayerNorm},
        loss::{Outputs, Targets, softmax},
        matmul, max_pool, reduce,
    },
    machine::with_threads,
    rng::Stream,
};
use proptest::prelude::*;

/// Values of many magnitudes, so that a wrong order of additions shows.
fn values(n: usize, stream: &mut Stream) -> Vec<f32> {
    (0..n).map(|_| stream.normal(0.0, 1.0) * [1.0, 1e-3, 1e3][stream.below(3) as usize]).collect()
}

/// The bits of values; all NaN alike.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| if value.is_nan() { f32::NAN } else { *value }.to_bits()).collect()
}

#[track_caller]
fn same(ours: &[f32], expected: &[f32], what: &str, isa: Isa) {
    assert!(bits(ours) == bits(expected), "{what} on {isa}: {ours:?} instead of {expected:?}");
}

/// Runs `check` on each instruction set with so many threads.
fn everywhere(threads: usize, check: impl Fn(Isa) + Sync) {
    with_threads(threads, || Isa::available().into_iter().for_each(&check)).expect("a thread pool");
}

/// Few, mostly; sometimes none, sometimes so many that threads share the work.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 0usize..4, 4 => 0usize..40, 2 => 0usize..200, 1 => 0usize..900]
}

/// The samples of a batch as rows.
fn rows(lanes: &[f32], samples: usize, features: usize) -> Vec<f32> {
    let mut rows = vec![f32::NAN; samples * features];
    lanes::to_rows(lanes, features, &mut rows);
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn products((m, k, n) in (size(), size(), size()), threads in 1usize..=64, with_bias in any::<bool>()) {
        // The reference takes its time.
        let n = if m * k * n > 8_000_000 { n % 20 } else { n };
        let mut stream = Stream::new(1, &format!("{m} {k} {n}"));
        let (a, b, bias) = (values(m * k, &mut stream), values(k * n, &mut stream), values(n, &mut stream));
        let bias = with_bias.then_some(&bias[..]);
        let forms = [
            (View::new(&a, m, k), View::new(&b, k, n)),
            (View::new(&a, k, m).transposed(), View::new(&b, k, n)),
            (View::new(&a, m, k), View::new(&b, n, k).transposed()),
            (View::new(&a, k, m).transposed(), View::new(&b, n, k).transposed()),
        ];
        for (form, (a, b)) in forms.into_iter().enumerate() {
            let mut expected = vec![0.0; m * n];
            matmul::reference(a, b, bias, &mut expected);
            everywhere(threads, |isa| {
                let mut c = vec![f32::NAN; m * n];
                matmul::matmul(isa, a, b, bias, &mut c);
                assert!(bits(&c) == bits(&expected), "{m} x {k} x {n}, form {form}, {threads} threads, {isa}");
            });
        }
    }

    #[test]
    fn convolutions(
        samples in 0usize..40, (inputs, outputs) in (1usize..6, 1usize..9), (height, width) in (1usize..9, 1usize..12),
        (kernel, stride, padding) in (1usize..6, 1usize..4, 0usize..5), threads in 1usize..=64,
    ) {
        let padding = padding % kernel;
        let kernel = kernel.min(height + 2 * padding).min(width + 2 * padding);
        let padding = padding.min(kernel - 1);
        let kernel = kernel.min(height + 2 * padding).min(width + 2 * padding);
        prop_assume!(padding < kernel);
        let shape = Conv2d { in_channels: inputs, out_channels: outputs, height, width, kernel, stride, padding };
        let (from, to) = (shape.in_features(), shape.out_features());
        let mut stream = Stream::new(2, &format!("{shape:?}"));
        let x = lanes::laid_out(&values(samples * from, &mut stream), from);
        let dy = lanes::laid_out(&values(samples * to, &mut stream), to);
        let (weight, bias) = (values(shape.weights(), &mut stream), values(outputs, &mut stream));
        let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
        let (mut dweight, mut dbias) = (vec![0.0; weight.len()], vec![0.0; outputs]);
        conv2d::reference::forward(&shape, samples, &x, (&weight, &bias), &mut y);
        conv2d::reference::backward_input(&shape, samples, &dy, &weight, &mut dx);
        let gradients = conv2d::ParameterGradients { dweight: &mut dweight, dbias: &mut dbias };
        conv2d::reference::backward_parameters(&shape, samples, &x, &dy, gradients);
        everywhere(threads, |isa| {
            let what = |part| format!("{part} of {shape:?}, {samples} samples, {threads} threads");
            let (mut our_y, mut our_dx) = (vec![f32::NAN; y.len()], vec![f32::NAN; x.len()]);
            shape.forward(isa, &x, &weight, &bias, &mut our_y);
            same(&rows(&our_y, samples, to), &rows(&y, samples, to), &what("y"), isa);
            shape.backward_input(isa, &dy, &weight, &mut our_dx);
            same(&rows(&our_dx, samples, from), &rows(&dx, samples, from), &what("dx"), isa);
            let (mut our_dweight, mut our_dbias) = (vec![f32::NAN; weight.len()], vec![f32::NAN; outputs]);
            let gradients = conv2d::ParameterGradients { dweight: &mut our_dweight, dbias: &mut our_dbias };
            shape.backward_parameters(isa, &x, &dy, gradients);
            same(&our_dweight, &dweight, &what("dw"), isa);
            same(&our_dbias, &dbias, &what("db"), isa);
        });
    }

    #[test]
    fn poolings(
        samples in 0usize..40, channels in 1usize..5, (height, width) in (1usize..9, 1usize..12),
        (kernel, stride) in (1usize..5, 1usize..5), threads in 1usize..=64,
    ) {
        let shape = MaxPool2d { channels, height, width, kernel: kernel.min(height).min(width), stride };
        let (from, to) = (shape.in_features(), shape.out_features());
        let mut stream = Stream::new(3, &format!("{shape:?}"));
        // Few different values, so that windows have ties.
        let x: Vec<f32> = (0..samples * from).map(|_| stream.below(4) as f32 - 1.5).collect();
        let dy = values(samples * to, &mut stream);
        let y: Vec<f32> = x.chunks(from).flat_map(|x| max_pool::reference::forward(&shape, x)).collect();
        let pairs = x.chunks(from).zip(dy.chunks(to));
        let dx: Vec<f32> = pairs.flat_map(|(x, dy)| max_pool::reference::backward(&shape, x, dy)).collect();
        everywhere(threads, |isa| {
            let what = |part| format!("{part} of {shape:?}, {samples} samples, {threads} threads");
            let x = lanes::laid_out(&x, from);
            let (mut our_y, mut our_dx) = (vec![f32::NAN; lanes::size(samples, to)], vec![f32::NAN; x.len()]);
            shape.forward(isa, &x, &mut our_y);
            same(&rows(&our_y, samples, to), &y, &what("y"), isa);
            shape.backward(isa, max_pool::Pooled { x: &x, y: &our_y }, &lanes::laid_out(&dy, to), &mut our_dx);
            same(&rows(&our_dx, samples, from), &dx, &what("dx"), isa);
        });
    }

    #[test]
    fn batch_normalizations(samples in 1usize..300, channels in 1usize..40, plane in 1usize..20, threads in 1usize..=64) {
        let shape = Shape { samples, channels, plane };
        let features = channels * plane;
        let mut stream = Stream::new(4, &format!("{shape:?}"));
        let x = lanes::laid_out(&values(samples * features, &mut stream), features);
        let dy = lanes::laid_out(&values(samples * features, &mut stream), features);
        let (gamma, beta) = (values(channels, &mut stream), values(channels, &mut stream));
        let layer = BatchNorm { shape, eps: 1e-5, gamma: &gamma, beta: &beta };
        let statistics = batch_norm::reference::statistics(layer, &x);
        let saved = batch_norm::Saved { x: &x, statistics: &statistics };
        let mut expected = [x.len(), x.len(), channels, channels].map(|n| vec![0.0; n]);
        let [y, dx, dgamma, dbeta] = &mut expected;
        batch_norm::reference::forward(layer, &x, &statistics, y);
        batch_norm::reference::backward(layer, saved, &dy, batch_norm::Gradients { dx, dgamma, dbeta });
        everywhere(threads, |isa| {
            let mut ours = [x.len(), x.len(), channels, channels].map(|n| vec![f32::NAN; n]);
            let [y, dx, dgamma, dbeta] = &mut ours;
            let mut measured = vec![Statistics::default(); channels];
            layer.statistics(isa, &x, &mut measured);
            assert_eq!(measured, statistics, "{shape:?}, {threads} threads, {isa}");
            layer.forward(isa, &x, &measured, y);
            layer.backward(isa, saved, &dy, batch_norm::Gradients { dx, dgamma, dbeta });
            for ((ours, expected), part) in ours.iter().zip(&expected).zip(["y", "dx", "dgamma", "dbeta"]) {
                assert!(bits(ours) == bits(expected), "{part} of {shape:?}, {threads} threads, {isa}");
            }
        });
    }

    #[test]
    fn layer_normalizations(samples in 0usize..200, features in 1usize..600, for_all in any::<bool>(), threads in 1usize..=64) {
        let mut stream = Stream::new(5, &format!("{samples} {features}"));
        let parameters = if for_all { 1 } else { features };
        let (x, dy) = (values(samples * features, &mut stream), values(samples * features, &mut stream));
        let (gamma, beta) = (values(parameters, &mut stream), values(parameters, &mut stream));
        let layer = LayerNorm { features, eps: 1e-5, gamma: &gamma, beta: &beta };
        let mut statistics = vec![Statistics::default(); samples];
        let mut expected = [x.len(), x.len(), parameters, parameters].map(|n| vec![0.0; n]);
        let [y, dx, dgamma, dbeta] = &mut expected;
        layer_norm::reference::forward(layer, &x, &mut statistics, y);
        let saved = layer_norm::Saved { x: &x, statistics: &statistics };
        layer_norm::reference::backward(layer, saved, &dy, layer_norm::Gradients { dx, dgamma, dbeta });
        everywhere(threads, |isa| {
            let mut ours = [x.len(), x.len(), parameters, parameters].map(|n| vec![f32::NAN; n]);
            let [y, dx, dgamma, dbeta] = &mut ours;
            let mut measured = vec![Statistics::default(); samples];
            layer.forward(isa, &x, &mut measured, y);
            assert_eq!(measured, statistics, "{samples} x {features}, {threads} threads, {isa}");
            layer.backward(isa, saved, &dy, layer_norm::Gradients { dx, dgamma, dbeta });
            for ((ours, expected), part) in ours.iter().zip(&expected).zip(["y", "dx", "dgamma", "dbeta"]) {
                assert!(bits(ours) == bits(expected), "{part} of {samples} x {features}, {threads} threads, {isa}");
            }
        });
    }

    #[test]
    fn elements(n in size(), threads in 1usize..=64, rate in 0.0f32..0.99) {
        let mut stream = Stream::new(6, &n.to_string());
        let (z, da) = (values(n, &mut stream), values(n, &mut stream));
        let keep: Vec<bool> = (0..n).map(|_| stream.below(2) == 0).collect();
        let dropped: Vec<f32> = z.iter().zip(&keep).map(|(z, keep)| z * f32::from(u8::from(*keep)) / (1.0 - rate)).collect();
        let activations = [
            Activation::Identity, Activation::Logistic, Activation::Tanh, Activation::Relu, Activation::LeakyRelu { slope: 0.01 },
            Activation::HardLogistic, Activation::HardTanh, Activation::Elu { alpha: 0.7 }, Activation::Softplus,
            Activation::Swish { beta: 1.7 },
        ];
        let alone = |f: Activation| {
            let one = |(z, da): (&f32, &f32)| {
                let (mut a, mut dz) = ([f32::NAN], [f32::NAN]);
                f.forward(Isa::Portable, &[*z], &mut a);
                f.backward(Isa::Portable, Activated { z: &[*z], a: &a }, &[*da], &mut dz);
                (a[0], dz[0])
            };
            z.iter().zip(&da).map(one).unzip::<f32, f32, Vec<f32>, Vec<f32>>()
        };
        let expected = activations.map(alone);
        everywhere(threads, |isa| {
            for (f, (a, dz)) in activations.iter().zip(&expected) {
                let (mut our_a, mut our_dz) = (vec![f32::NAN; n], vec![f32::NAN; n]);
                f.forward(isa, &z, &mut our_a);
                f.backward(isa, Activated { z: &z, a }, &da, &mut our_dz);
                same(&our_a, a, &format!("{f:?} of {n}"), isa);
                same(&our_dz, dz, &format!("derivative of {f:?} of {n}"), isa);
            }
            let mut ours = vec![f32::NAN; n];
            dropout::apply(isa, rate, &keep, &z, &mut ours);
            same(&ours, &dropped, &format!("dropout of {n}"), isa);
        });
    }

    #[test]
    fn rows_of_outputs(samples in size(), columns in 1usize..40, threads in 1usize..=64) {
        let mut stream = Stream::new(7, &format!("{samples} {columns}"));
        let x = stream.normals(samples * columns, 0.0, 5.0);
        let classes: Vec<usize> = (0..samples).map(|_| stream.below(columns as u32) as usize).collect();
        let soft = |isa, x: &[f32]| {
            let mut probabilities = vec![f32::NAN; x.len()];
            softmax(isa, Outputs { values: x, columns }, &mut probabilities);
            probabilities
        };
        let alone: Vec<f32> = x.chunks(columns).flat_map(|row| soft(Isa::Portable, row)).collect();
        let hits = (0..samples * columns).map(|i| if classes[i / columns] == i % columns { 1.0 } else { 0.0 });
        let gradient: Vec<f32> = alone.iter().zip(hits).map(|(p, hit)| (p - hit) / samples as f32).collect();
        let (loss, outputs) = (Loss::SoftmaxCrossEntropy, Outputs { values: &x, columns });
        let value = loss.value(Isa::Portable, outputs, Targets::Classes(&classes));
        let sums: Vec<f32> = (0..columns).map(|j| (0..samples).fold(0.0, |sum, i| sum + x[i * columns + j])).collect();
        everywhere(threads, |isa| {
            let what = |part| format!("{part} of {samples} x {columns}, {threads} threads");
            same(&soft(isa, &x), &alone, &what("soft-max"), isa);
            let mut ours = vec![f32::NAN; x.len()];
            loss.gradient(isa, outputs, Targets::Classes(&classes), &mut ours);
            same(&ours, &gradient, &what("gradient"), isa);
            same(&[loss.value(isa, outputs, Targets::Classes(&classes))], &[value], &what("loss"), isa);
            same(&reduce::column_sums(isa, &x, columns), &sums, &what("column sums"), isa);
        });
    }

    #[test]
    fn reductions(n in size()) {
        let x = values(n, &mut Stream::new(8, &n.to_string()));
        let sum = |term: fn(f64) -> f64| {
            let mut lanes = [0.0f64; 16];
            x.iter().enumerate().for_each(|(i, x)| lanes[i % 16] += term(f64::from(*x)));
            for distance in [8, 4, 2, 1] {
                (0..distance).for_each(|lane| lanes[lane] += lanes[lane + distance]);
            }
            lanes[0]
        };
        prop_assert_eq!(reduce::sum(&x).to_bits(), sum(|x| x).to_bits());
        prop_assert_eq!(reduce::sum_of_squares(&x).to_bits(), sum(|x| x * x).to_bits());
        prop_assert_eq!(reduce::norm(&x).to_bits(), (sum(|x| x * x).sqrt() as f32).to_bits());
    }
}

#[test]
fn nothing_at_all_is_laid_out_and_summed() {
    assert!(lanes::laid_out(&[], 0).is_empty());
    lanes::to_rows(&[], 0, &mut []);
    assert!(reduce::column_sums(Isa::best(), &[], 0).is_empty());
    assert_eq!(reduce::column_sums(Isa::best(), &[], 3), [0.0; 3]);
}

#[test]
#[should_panic(expected = "convolution of nothing")]
fn a_convolution_without_channels_is_a_bug() {
    let shape = Conv2d { in_channels: 0, out_channels: 1, height: 2, width: 2, kernel: 1, stride: 1, padding: 0 };
    shape.forward(Isa::best(), &[], &[], &[0.0], &mut []);
}

#[test]
#[should_panic(expected = "pooling of nothing")]
fn a_pooling_without_channels_is_a_bug() {
    MaxPool2d { channels: 0, height: 2, width: 2, kernel: 1, stride: 1 }.forward(Isa::best(), &[], &mut []);
}
