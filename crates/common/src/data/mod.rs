//! Data sets, their splits and mini-batches.

pub mod digit;
pub mod iris;
pub mod mnist;
pub mod moons;

use crate::{kernels::loss::Targets, matrix::Matrix, parameters::Parameter, rng::Stream};
use anyhow::{Result, ensure};

/// The right answers of a data set.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// One row of target values per sample; for two classes one column of 0 and 1.
    Values(Matrix),
    /// One class index per sample.
    Classes(Vec<usize>),
}

impl Labels {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Values(values) => values.rows(),
            Self::Classes(classes) => classes.len(),
        }
    }

    /// Whether there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of a sample; of values, 1 where the first column is at least one half.
    ///
    /// # Panics
    /// If there is no such sample.
    #[must_use]
    pub fn class(&self, sample: usize) -> usize {
        match self {
            Self::Values(values) => usize::from(values.row(sample)[0] >= 0.5),
            Self::Classes(classes) => classes[sample],
        }
    }

    /// The class of each sample.
    #[must_use]
    pub fn classes(&self) -> Vec<usize> {
        (0..self.len()).map(|sample| self.class(sample)).collect()
    }

    /// How many samples are of a class.
    #[must_use]
    pub fn count(&self, class: usize) -> usize {
        (0..self.len()).filter(|&sample| self.class(sample) == class).count()
    }

    /// Their share of all samples.
    #[must_use]
    pub fn share(&self, class: usize) -> f32 {
        self.count(class) as f32 / self.len() as f32
    }

    /// The labels as a loss function takes them.
    #[must_use]
    pub fn targets(&self) -> Targets<'_> {
        match self {
            Self::Values(values) => Targets::Values(values.values()),
            Self::Classes(classes) => Targets::Classes(classes),
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Values(values) => Self::Values(values.select(rows)),
            Self::Classes(classes) => Self::Classes(rows.iter().map(|&row| classes[row]).collect()),
        }
    }
}

/// Samples with their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// One row per sample.
    pub x: Matrix,
    /// As many labels as rows.
    pub y: Labels,
}

impl Samples {
    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.rows()
    }

    /// Whether there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The features as a named tensor, such as a fingerprint is made of.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Parameter {
        Parameter { name: name.to_owned(), shape: vec![self.x.rows(), self.x.columns()], values: self.x.values().to_vec() }
    }

    /// The samples of the given indices, in their order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        self.batch(rows)
    }
}

/// Samples that are asked for batch by batch.
pub trait Dataset: std::fmt::Debug + Sync {
    /// Number of samples.
    fn len(&self) -> usize;

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples of the given indices, in their order.
    ///
    /// # Panics
    /// If an index is beyond the last sample.
    fn batch(&self, rows: &[usize]) -> Samples {
        self.batch_in(rows, Matrix::default())
    }

    /// The same in place of a matrix, such as the inputs of the batch before, whose memory is used again.
    ///
    /// # Panics
    /// As [`Dataset::batch`].
    fn batch_in(&self, rows: &[usize], x: Matrix) -> Samples;

    /// All samples, where they lie in memory as one batch already.
    fn whole(&self) -> Option<&Samples> {
        None
    }

    /// Shows all samples in their order, `size` at a time.
    ///
    /// # Errors
    /// The first that `look` gives.
    fn in_parts(&self, size: usize, look: &mut dyn FnMut(&Samples) -> Result<()>) -> Result<()> {
        if let Some(samples) = self.whole().filter(|samples| samples.len() <= size) {
            return if samples.is_empty() { Ok(()) } else { look(samples) };
        }
        let rows: Vec<usize> = (0..self.len()).collect();
        let mut x = Matrix::default();
        for rows in rows.chunks(size) {
            let part = self.batch_in(rows, x);
            look(&part)?;
            x = part.x;
        }
        Ok(())
    }
}

impl Dataset for Samples {
    fn len(&self) -> usize {
        Samples::len(self)
    }

    fn batch_in(&self, rows: &[usize], mut x: Matrix) -> Samples {
        self.x.select_into(rows, &mut x);
        Samples { x, y: self.y.select(rows) }
    }

    fn whole(&self) -> Option<&Samples> {
        Some(self)
    }
}

/// A data set cut in three disjoint parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// What the parameters are fitted to.
    pub train: Samples,
    /// What the best model is chosen by: the development set.
    pub dev: Samples,
    /// What the chosen model is judged by.
    pub test: Samples,
}

impl Split {
    /// Cuts the rows in `order` into `n_train`, `n_dev` and the rest.
    ///
    /// # Panics
    /// If `order` has fewer rows than the first two parts need, or names one that does not exist.
    #[must_use]
    pub fn new(samples: &Samples, order: &[usize], n_train: usize, n_dev: usize) -> Self {
        let (train, rest) = order.split_at(n_train);
        let (dev, test) = rest.split_at(n_dev);
        Self { train: samples.select(train), dev: samples.select(dev), test: samples.select(test) }
    }

    /// The three parts with their names.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &Samples); 3] {
        [("train", &self.train), ("dev", &self.dev), ("test", &self.test)]
    }
}

/// How an epoch visits the training samples.
#[derive(Debug, Clone)]
pub enum Batches {
    /// All samples at once, in their order.
    Full,
    /// Mini-batches of at most `size` samples, in their order; the last may be smaller.
    Ordered {
        /// Samples in a batch.
        size: usize,
    },
    /// Mini-batches of at most `size` samples, in an order drawn anew for each epoch; the last may be smaller.
    Shuffled {
        /// Samples in a batch.
        size: usize,
        /// Where the orders come from.
        stream: Box<Stream>,
    },
    /// The given row indices, one list per step, `per_epoch` steps per epoch, over and over.
    Given {
        /// The lists of row indices.
        rows: Vec<Vec<usize>>,
        /// Steps in an epoch.
        per_epoch: usize,
    },
}

impl Batches {
    /// Steps in an epoch over `n` samples.
    #[must_use]
    pub fn per_epoch(&self, n: usize) -> usize {
        match self {
            Self::Full => 1,
            Self::Ordered { size } | Self::Shuffled { size, .. } => n.div_ceil(*size),
            Self::Given { per_epoch, .. } => *per_epoch,
        }
    }

    /// Refuses a batch size that does not fit `n` samples.
    ///
    /// # Errors
    /// If a batch would be empty, or larger than all samples.
    pub fn check(&self, n: usize) -> Result<()> {
        if let Self::Ordered { size } | Self::Shuffled { size, .. } = self {
            ensure!(
                (1..=n).contains(size),
                "a batch of {size} cannot be drawn from {n} training samples: choose a batch size from 1 to {n}"
            );
        }
        Ok(())
    }

    /// The row indices of each step of epoch `epoch` over `n` samples.
    pub fn epoch(&mut self, epoch: usize, n: usize) -> Vec<Vec<usize>> {
        match self {
            Self::Full => vec![(0..n).collect()],
            Self::Ordered { size } => (0..n).collect::<Vec<_>>().chunks(*size).map(<[usize]>::to_vec).collect(),
            Self::Shuffled { size, stream } => stream.permutation(n).chunks(*size).map(<[usize]>::to_vec).collect(),
            Self::Given { rows, per_epoch } => {
                (0..*per_epoch).map(|step| rows[(epoch * *per_epoch + step) % rows.len()].clone()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_batches_visit_every_sample_once_an_epoch() {
        let mut batches = Batches::Shuffled { size: 16, stream: Box::new(Stream::new(0, "shuffle")) };
        let epochs: Vec<Vec<usize>> = (0..2).map(|epoch| batches.epoch(epoch, 120).concat()).collect();
        for epoch in &epochs {
            let mut seen = epoch.clone();
            seen.sort_unstable();
            assert_eq!(seen, (0..120).collect::<Vec<_>>());
        }
        assert_ne!(epochs[0], epochs[1]);
        let sizes: Vec<usize> = batches.epoch(2, 120).iter().map(Vec::len).collect();
        assert_eq!(sizes, [16, 16, 16, 16, 16, 16, 16, 8]);
    }
}
