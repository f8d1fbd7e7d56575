//! The kernels' promise: the same bits on every instruction set and with any number of threads, and for each element whatever stands
//! beside it.

use common::{
    kernels::{
        Activation, Loss,
        activation::Activated,
        functions,
        isa::Isa,
        loss::{Outputs, Targets, softmax},
        reduce,
    },
    machine::with_threads,
    rng::Stream,
};

/// Longest slice: four of the widest vectors and three lanes more.
const LONGEST: usize = 67;

const ACTIVATIONS: [Activation; 12] = [
    Activation::Identity,
    Activation::Logistic,
    Activation::Tanh,
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.01 },
    Activation::HardLogistic,
    Activation::HardTanh,
    Activation::Elu { alpha: 1.0 },
    Activation::Elu { alpha: 0.7 },
    Activation::Softplus,
    Activation::Swish { beta: 1.0 },
    Activation::Swish { beta: 1.7 },
];

/// Runs `check` under several numbers of threads, once for each instruction set.
fn everywhere(check: impl Fn(Isa) + Sync) {
    for threads in [1, 2, 5] {
        with_threads(threads, || Isa::available().into_iter().for_each(&check)).expect("a thread pool");
    }
}

/// The bits of values; all NaN alike.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| if value.is_nan() { f32::NAN } else { *value }.to_bits()).collect()
}

/// Values of many magnitudes, every seventh of them special.
fn values(n: usize, name: &str) -> Vec<f32> {
    const SPECIAL: [f32; 14] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        -2.0,
        88.8,
        -103.5,
        17.3,
        -17.3,
        f32::MIN_POSITIVE,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    let mut stream = Stream::new(0, name);
    let any = |i: usize| stream.normal(0.0, 1.0) * [0.01, 1.0, 5.0, 30.0][i % 4];
    let mut special = SPECIAL.iter().cycle();
    let mut values: Vec<f32> = (0..n).map(any).collect();
    for value in values.iter_mut().skip(3).step_by(7) {
        *value = *special.next().expect("a cycle has no end");
    }
    values
}

fn forward(f: Activation, isa: Isa, z: &[f32]) -> Vec<f32> {
    let mut a = vec![f32::NAN; z.len()];
    f.forward(isa, z, &mut a);
    a
}

fn backward(f: Activation, isa: Isa, z: &[f32], da: &[f32]) -> Vec<f32> {
    let (a, mut dz) = (forward(f, isa, z), vec![f32::NAN; z.len()]);
    f.backward(isa, Activated { z, a: &a }, da, &mut dz);
    dz
}

#[test]
fn activations_have_the_same_bits_everywhere() {
    let (z, da) = (values(5000, "z"), Stream::new(0, "da").normals(5000, 0.0, 1.0));
    for f in ACTIVATIONS {
        let expected = (bits(&forward(f, Isa::Portable, &z)), bits(&backward(f, Isa::Portable, &z, &da)));
        everywhere(|isa| {
            assert_eq!(bits(&forward(f, isa, &z)), expected.0, "{f:?} on {isa}");
            assert_eq!(bits(&backward(f, isa, &z, &da)), expected.1, "derivative of {f:?} on {isa}");
        });
    }
}

#[test]
fn activations_do_not_depend_on_position_or_length() {
    let n = LONGEST + 20;
    let (z, da) = (values(n, "z"), Stream::new(0, "da").normals(n, 0.0, 1.0));
    for f in ACTIVATIONS {
        let alone: Vec<f32> = z.iter().flat_map(|&z| forward(f, Isa::Portable, &[z])).collect();
        let alone_backward: Vec<f32> = z.iter().zip(&da).flat_map(|(&z, &da)| backward(f, Isa::Portable, &[z], &[da])).collect();
        for isa in Isa::available() {
            for (length, start) in (0..=LONGEST).map(|length| (length, length % 20)) {
                let range = start..start + length;
                let (z, da) = (&z[range.clone()], &da[range.clone()]);
                let what = format!("{f:?} on {isa}, {length} elements from {start} on");
                assert_eq!(bits(&forward(f, isa, z)), bits(&alone[range.clone()]), "{what}");
                assert_eq!(bits(&backward(f, isa, z, da)), bits(&alone_backward[range]), "derivative, {what}");
            }
        }
    }
}

/// A loss with outputs and targets that suit it.
struct Case {
    loss: Loss,
    columns: usize,
    outputs: Vec<f32>,
    values: Vec<f32>,
    classes: Vec<usize>,
}

impl Case {
    /// `rows` samples of each loss.
    fn all(rows: usize) -> Vec<Self> {
        let losses = [
            (Loss::BinaryCrossEntropy, 1),
            (Loss::BinaryCrossEntropyWithLogits, 1),
            (Loss::SoftmaxCrossEntropy, 3),
            (Loss::SoftmaxCrossEntropy, 10),
            (Loss::MeanSquaredError, 2),
            (Loss::HalfSquaredError, 3),
        ];
        losses.map(|(loss, columns)| Self::new(loss, rows, columns)).into()
    }

    fn new(loss: Loss, rows: usize, columns: usize) -> Self {
        let mut stream = Stream::new(1, &format!("{loss:?} {rows}"));
        let n = rows * columns;
        let (outputs, values) = match loss {
            Loss::BinaryCrossEntropy => {
                let mut probabilities = stream.uniforms(n, 0.0, 1.0);
                probabilities.iter_mut().step_by(11).for_each(|p| *p = p.round());
                let labels = (0..n).map(|i| [0.0, 1.0, 0.25][i % 3]).collect();
                (probabilities, labels)
            }
            Loss::BinaryCrossEntropyWithLogits => (stream.normals(n, 0.0, 20.0), (0..n).map(|i| (i % 2) as f32).collect()),
            _ => (stream.normals(n, 0.0, 5.0), stream.normals(n, 0.0, 1.0)),
        };
        let classes = (0..rows).map(|_| stream.below(columns as u32) as usize).collect();
        Self { loss, columns, outputs, values, classes }
    }

    fn targets(&self) -> Targets<'_> {
        match self.loss {
            Loss::SoftmaxCrossEntropy => Targets::Classes(&self.classes),
            _ => Targets::Values(&self.values),
        }
    }

    fn value(&self, isa: Isa) -> u32 {
        let value = self.loss.value(isa, Outputs { values: &self.outputs, columns: self.columns }, self.targets());
        assert!(value.is_finite(), "{:?} is {value}", self.loss);
        value.to_bits()
    }

    fn gradient(&self, isa: Isa) -> Vec<u32> {
        let mut gradient = vec![f32::NAN; self.outputs.len()];
        self.loss.gradient(isa, Outputs { values: &self.outputs, columns: self.columns }, self.targets(), &mut gradient);
        bits(&gradient)
    }

    /// The same samples, the first `by` of them last.
    fn rotated(&self, by: usize) -> Self {
        let mut case =
            Self { outputs: self.outputs.clone(), values: self.values.clone(), classes: self.classes.clone(), ..*self };
        case.outputs.rotate_left(by * self.columns);
        case.values.rotate_left(by * self.columns);
        case.classes.rotate_left(by);
        case
    }
}

#[test]
fn losses_have_the_same_bits_everywhere() {
    for case in Case::all(700) {
        let expected = (case.value(Isa::Portable), case.gradient(Isa::Portable));
        everywhere(|isa| {
            assert_eq!(case.value(isa), expected.0, "{:?} on {isa}", case.loss);
            assert_eq!(case.gradient(isa), expected.1, "gradient of {:?} on {isa}", case.loss);
        });
    }
}

#[test]
fn losses_of_any_number_of_samples_have_the_same_bits_on_every_instruction_set() {
    for rows in 1..=LONGEST {
        for case in Case::all(rows) {
            let expected = (case.value(Isa::Portable), case.gradient(Isa::Portable));
            for isa in Isa::available() {
                assert_eq!((case.value(isa), case.gradient(isa)), expected, "{:?} of {rows} samples on {isa}", case.loss);
            }
        }
    }
}

#[test]
fn gradients_of_losses_do_not_depend_on_position() {
    for case in Case::all(LONGEST) {
        for isa in Isa::available() {
            let gradient = case.gradient(isa);
            for by in 1..LONGEST {
                let mut expected = gradient.clone();
                expected.rotate_left(by * case.columns);
                assert_eq!(case.rotated(by).gradient(isa), expected, "{:?} on {isa}, {by} samples on", case.loss);
            }
        }
    }
}

#[test]
fn soft_max_does_not_depend_on_the_rows_beside() {
    for columns in [1, 2, 3, 10, 17] {
        let logits = Stream::new(2, "logits").normals(LONGEST * columns, 0.0, 5.0);
        let of = |isa: Isa, logits: &[f32]| {
            let mut probabilities = vec![f32::NAN; logits.len()];
            softmax(isa, Outputs { values: logits, columns }, &mut probabilities);
            bits(&probabilities)
        };
        let alone: Vec<u32> = logits.chunks_exact(columns).flat_map(|row| of(Isa::Portable, row)).collect();
        for isa in Isa::available() {
            for rows in 0..=LONGEST {
                let n = rows * columns;
                assert_eq!(of(isa, &logits[..n]), alone[..n], "{rows} x {columns} on {isa}");
            }
        }
    }
}

#[test]
fn soft_max_is_its_stated_formula_to_the_bit() {
    for columns in [1, 2, 3, 10, 17, 40] {
        let logits = Stream::new(3, "logits").normals(LONGEST * columns, 0.0, 5.0);
        let formula = |row: &[f32]| {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f32> = row.iter().map(|z| functions::exp(z - largest)).collect();
            let mut total = 0.0;
            for power in &powers {
                total += power;
            }
            powers.iter().map(|power| power / total).collect::<Vec<f32>>()
        };
        let expected: Vec<f32> = logits.chunks_exact(columns).flat_map(formula).collect();
        for isa in Isa::available() {
            let mut probabilities = vec![f32::NAN; logits.len()];
            softmax(isa, Outputs { values: &logits, columns }, &mut probabilities);
            assert_eq!(bits(&probabilities), bits(&expected), "{columns} columns on {isa}");
        }
    }
}

#[test]
fn squared_errors_are_added_in_the_order_of_sums() {
    for case in Case::all(LONGEST) {
        let (rows, entries) = (LONGEST as f64, case.outputs.len() as f64);
        let divisor = match case.loss {
            Loss::MeanSquaredError => entries,
            Loss::HalfSquaredError => 2.0 * rows,
            _ => continue,
        };
        let squares: Vec<f32> = case.outputs.iter().zip(&case.values).map(|(x, y)| (x - y) * (x - y)).collect();
        let expected = (reduce::sum(&squares) / divisor) as f32;
        for isa in Isa::available() {
            assert_eq!(case.value(isa), expected.to_bits(), "{:?} on {isa}", case.loss);
        }
    }
}
