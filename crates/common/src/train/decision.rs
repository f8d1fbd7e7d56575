//! From outputs to classes, and how many of them are right.

use crate::{data::Labels, kernels::reduce, matrix::Matrix};

/// How the outputs of a network decide on a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// One probability a sample: class 1 from one half on, a tie included (book section 3.1.5).
    Probability,
    /// One logit a sample: class 1 above zero, a tie excluded (book section 7.6).
    Logit,
    /// One output a class: the largest, the first of several equals.
    Argmax,
}

impl Decision {
    /// The class of each row of `outputs`.
    #[must_use]
    pub fn classes(self, outputs: &Matrix) -> Vec<usize> {
        outputs.iter_rows().map(|row| self.class(row)).collect()
    }

    /// The share of samples whose class is right: correct / N.
    ///
    /// # Panics
    /// If there is not one label per row.
    #[must_use]
    pub fn accuracy(self, outputs: &Matrix, labels: &Labels) -> f32 {
        self.count_right(outputs, labels) as f32 / outputs.rows() as f32
    }

    /// How many samples' class is right.
    pub(super) fn count_right(self, outputs: &Matrix, labels: &Labels) -> usize {
        assert_eq!(outputs.rows(), labels.len(), "one label per row");
        if let (1, Labels::Values(values)) = (outputs.columns(), labels)
            && values.columns() == 1
        {
            let (outputs, labels) = (outputs.values(), values.values());
            match self {
                Self::Probability => return count_equal(outputs, labels, |p| p >= 0.5),
                Self::Logit => return count_equal(outputs, labels, |z| z > 0.0),
                Self::Argmax => (),
            }
        }
        let classes = outputs.iter_rows().map(|row| self.class(row));
        match labels {
            Labels::Values(values) => classes.zip(values.column(0)).filter(|(class, y)| *class == usize::from(*y >= 0.5)).count(),
            Labels::Classes(labels) => classes.zip(labels).filter(|(class, label)| class == *label).count(),
        }
    }

    /// The class of a sample with the given outputs.
    #[inline(always)]
    fn class(self, outputs: &[f32]) -> usize {
        match self {
            Self::Probability => usize::from(outputs[0] >= 0.5),
            Self::Logit => usize::from(outputs[0] > 0.0),
            Self::Argmax => reduce::argmax(outputs),
        }
    }
}

/// How many outputs and labels mean the same of two classes: a loop that compilers turn into vectors.
fn count_equal(outputs: &[f32], labels: &[f32], is_one: impl Fn(f32) -> bool) -> usize {
    outputs.iter().zip(labels).filter(|(output, label)| is_one(**output) == (**label >= 0.5)).count()
}

/// Counts of samples by true class (row) and predicted class (column).
#[must_use]
pub fn confusion(truth: &[usize], predicted: &[usize], n_classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; n_classes]; n_classes];
    for (&truth, &predicted) in truth.iter().zip(predicted) {
        counts[truth][predicted] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_fall_as_each_section_says() {
        let half = Matrix::new(3, 1, vec![0.5, 0.5f32.next_down(), 0.5f32.next_up()]);
        assert_eq!(Decision::Probability.classes(&half), [1, 0, 1]);
        let zero = Matrix::new(3, 1, vec![0.0, 1e-9, -1e-9]);
        assert_eq!(Decision::Logit.classes(&zero), [0, 1, 0]);
        let equal = Matrix::new(2, 3, vec![1.0, 1.0, 0.0, 0.0, 2.0, 2.0]);
        assert_eq!(Decision::Argmax.classes(&equal), [0, 1]);
    }

    #[test]
    fn accuracy_is_the_share_of_right_classes() {
        let outputs = Matrix::new(4, 1, vec![0.9, 0.1, 0.8, 0.7]);
        let labels = Labels::Values(Matrix::new(4, 1, vec![1.0, 0.0, 0.0, 1.0]));
        assert_eq!(Decision::Probability.accuracy(&outputs, &labels), 0.75);
    }

    #[test]
    fn a_confusion_matrix_counts_truth_by_row() {
        assert_eq!(confusion(&[0, 0, 1], &[0, 1, 1], 2), [[1, 1], [0, 1]]);
    }
}
