//! Loss functions as networks see them, book section 4.2.4.2; the formulas are those of [`Loss`].

use crate::{
    kernels::{
        Loss,
        isa::Isa,
        loss::{Outputs, Targets},
    },
    matrix::Matrix,
};
use std::fmt::Debug;

/// A loss function and its gradient.
pub trait LossFunction: Debug + Send + Sync {
    /// Computes the loss, a mean over the samples.
    fn value(&self, outputs: Outputs, targets: Targets) -> f32;

    /// Computes the gradient of the loss with respect to each output.
    fn gradient(&self, outputs: Outputs, targets: Targets, doutputs: &mut [f32]);
}

impl LossFunction for Loss {
    fn value(&self, outputs: Outputs, targets: Targets) -> f32 {
        Loss::value(*self, Isa::best(), outputs, targets)
    }

    fn gradient(&self, outputs: Outputs, targets: Targets, doutputs: &mut [f32]) {
        Loss::gradient(*self, Isa::best(), outputs, targets, doutputs);
    }
}

/// Computes the loss of `outputs`, one row per sample.
#[must_use]
pub fn loss(loss: Loss, outputs: &Matrix, targets: Targets) -> f32 {
    LossFunction::value(&loss, outputs.outputs(), targets)
}

/// Computes the gradient of the loss with respect to `outputs`, book section 4.2.4.2 (of the binary cross-entropy of probabilities: eq. 4.11).
#[must_use]
pub fn loss_backward(loss: Loss, outputs: &Matrix, targets: Targets) -> Matrix {
    let mut doutputs = Matrix::zeros(outputs.rows(), outputs.columns());
    LossFunction::gradient(&loss, outputs.outputs(), targets, doutputs.values_mut());
    doutputs
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{check, differences, wide},
        *,
    };
    use crate::{data::Labels, rng::Stream};

    /// The loss functions as formulas; of class labels, `y` holds a one in the column of the class.
    fn formula(loss: Loss, x: &[f64], y: &[f64], n: usize) -> f64 {
        let samples = n as f64;
        let cross_entropy = |p: f64, y: f64| -(y * libm::log(p) + (1.0 - y) * libm::log(1.0 - p));
        let pairs = x.iter().copied().zip(y.iter().copied());
        match loss {
            Loss::BinaryCrossEntropy => pairs.map(|(p, y)| cross_entropy(p, y)).sum::<f64>() / samples,
            Loss::BinaryCrossEntropyWithLogits => {
                pairs.map(|(z, y)| cross_entropy(1.0 / (1.0 + libm::exp(-z)), y)).sum::<f64>() / samples
            }
            Loss::SoftmaxCrossEntropy => {
                let rows = x.chunks_exact(x.len() / n).zip(y.chunks_exact(x.len() / n));
                let row = |(z, y): (&[f64], &[f64])| {
                    let total: f64 = z.iter().map(|&z| libm::exp(z)).sum();
                    -z.iter().zip(y).map(|(&z, y)| y * libm::log(libm::exp(z) / total)).sum::<f64>()
                };
                rows.map(row).sum::<f64>() / samples
            }
            Loss::MeanSquaredError => pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>() / x.len() as f64,
            Loss::HalfSquaredError => pairs.map(|(x, y)| (x - y) * (x - y)).sum::<f64>() / (2.0 * samples),
        }
    }

    #[track_caller]
    fn check_loss(function: Loss, outputs: &Matrix, labels: &Labels) {
        let (n, columns) = (outputs.rows(), outputs.columns());
        let targets = match labels {
            Labels::Values(values) => wide(values.values()),
            Labels::Classes(classes) => {
                classes.iter().flat_map(|&class| (0..columns).map(move |column| f64::from(u8::from(column == class)))).collect()
            }
        };
        let x = wide(outputs.values());
        let what = format!("{function:?}, {n} x {columns}");
        check(&format!("{what}, value"), &[loss(function, outputs, labels.targets())], &[formula(function, &x, &targets, n)]);
        let gradient = loss_backward(function, outputs, labels.targets());
        check(&what, gradient.values(), &differences(&x, |x| formula(function, x, &targets, n)));
    }

    #[test]
    fn losses_of_values() {
        let mut stream = Stream::new(2, "losses");
        for (n, columns) in [(1, 1), (13, 1), (16, 3), (40, 2)] {
            let entries = n * columns;
            let matrix = |values: Vec<f32>| Matrix::new(n, columns, values);
            let targets = Labels::Values(matrix(stream.normals(entries, 0.0, 1.0)));
            let outputs = matrix(stream.normals(entries, 0.0, 1.0));
            check_loss(Loss::MeanSquaredError, &outputs, &targets);
            check_loss(Loss::HalfSquaredError, &outputs, &targets);
        }
    }

    #[test]
    fn losses_of_two_classes() {
        let mut stream = Stream::new(3, "losses");
        for n in [1, 13, 40] {
            let matrix = |values: Vec<f32>| Matrix::new(n, 1, values);
            let hard = Labels::Values(matrix((0..n).map(|_| stream.below(2) as f32).collect()));
            let soft = Labels::Values(matrix(stream.uniforms(n, 0.0, 1.0)));
            for labels in [hard, soft] {
                check_loss(Loss::BinaryCrossEntropy, &matrix(stream.uniforms(n, 0.02, 0.98)), &labels);
                check_loss(Loss::BinaryCrossEntropyWithLogits, &matrix(stream.uniforms(n, -4.0, 4.0)), &labels);
            }
        }
    }

    #[test]
    fn losses_of_classes() {
        let mut stream = Stream::new(4, "losses");
        for (n, n_classes) in [(1, 2), (13, 3), (40, 10)] {
            let classes = (0..n).map(|_| stream.below(n_classes as u32) as usize).collect();
            let logits = Matrix::new(n, n_classes, stream.uniforms(n * n_classes, -4.0, 4.0));
            check_loss(Loss::SoftmaxCrossEntropy, &logits, &Labels::Classes(classes));
        }
    }

    #[test]
    fn saturated_probabilities_keep_the_cross_entropy_finite() {
        let (outputs, labels) =
            (Matrix::new(4, 1, vec![0.0, 1.0, 1.0, 0.0]), Labels::Values(Matrix::new(4, 1, vec![1.0, 0.0, 1.0, 0.0])));
        assert_eq!(loss(Loss::BinaryCrossEntropy, &outputs, labels.targets()), 50.0);
        let gradient = loss_backward(Loss::BinaryCrossEntropy, &outputs, labels.targets());
        assert_eq!(gradient.values(), [-1.0 / 1e-12 / 4.0, 1.0 / 1e-12 / 4.0, 0.0, 0.0]);
    }
}
