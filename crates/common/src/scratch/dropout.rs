//! Dropout.

use crate::{matrix::Matrix, rng::Stream};

/// Inverted dropout, book section 7.6.5: in training each entry of X is set to zero with probability p, and what is kept is
/// divided by 1 − p, so that its expected value is that of X; when the network is used, X passes unchanged.
///
/// | tensor | shape | equation |
/// | --- | --- | --- |
/// | mask M | that of X | 1 with probability 1 − p, else 0 |
/// | output X̃ | that of X | (X ⊙ M) / (1 − p) |
/// | δX | that of X | (δX̃ ⊙ M) / (1 − p) |
///
/// A product with 0 is computed, not skipped: a value that is not finite stays visible.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// The probability p that an entry is dropped, from 0 to below 1.
    pub rate: f32,
}

impl Dropout {
    /// Draws a mask of zeros and ones: one [`Stream::unit`] an entry, row after row, which keeps the entry if it is at least p.
    pub fn mask(self, (rows, columns): (usize, usize), stream: &mut Stream) -> Matrix {
        let mut mask = Matrix::zeros(rows, columns);
        self.draw(stream, &mut mask);
        mask
    }

    /// Computes (X ⊙ M) / (1 − p): the same in both directions.
    ///
    /// # Panics
    /// If the mask has another shape than `x`.
    #[must_use]
    pub fn forward(self, x: &Matrix, mask: &Matrix) -> Matrix {
        let mut dropped = Matrix::zeros(0, 0);
        self.forward_into(x, mask, &mut dropped);
        dropped
    }

    /// Computes the gradient of the input: (δX̃ ⊙ M) / (1 − p).
    ///
    /// # Panics
    /// If the mask has another shape than `dx_dropped`.
    #[must_use]
    pub fn backward(self, dx_dropped: &Matrix, mask: &Matrix) -> Matrix {
        self.forward(dx_dropped, mask)
    }

    /// [`Dropout::mask`], into memory that is there already.
    pub(super) fn draw(self, stream: &mut Stream, mask: &mut Matrix) {
        stream.fill_units(mask.values_mut());
        for kept in mask.values_mut() {
            *kept = if *kept >= self.rate { 1.0 } else { 0.0 };
        }
    }

    /// [`Dropout::forward`], into memory that is there already.
    pub(super) fn forward_into(self, x: &Matrix, mask: &Matrix, dropped: &mut Matrix) {
        assert_eq!((x.rows(), x.columns()), (mask.rows(), mask.columns()), "one entry of the mask a value");
        dropped.reshape(x.rows(), x.columns());
        let kept = 1.0 - self.rate;
        for ((dropped, x), mask) in dropped.values_mut().iter_mut().zip(x.values()).zip(mask.values()) {
            *dropped = (x * mask) / kept;
        }
    }

    /// [`Dropout::backward`] in place.
    pub(super) fn backward_in_place(self, dx: &mut Matrix, mask: &Matrix) {
        let kept = 1.0 - self.rate;
        for (dx, mask) in dx.values_mut().iter_mut().zip(mask.values()) {
            *dx = (*dx * mask) / kept;
        }
    }
}

/// Where the masks of a network's dropout come from.
#[derive(Debug, Clone)]
pub enum Masks {
    /// Drawn anew in each step, the first hidden layer's before the second's.
    Drawn(Box<Stream>),
    /// Given, in the order in which they are used.
    Given(std::vec::IntoIter<Matrix>),
}

impl Masks {
    /// Writes the next mask, in the shape of `x`.
    ///
    /// # Panics
    /// If no given mask is left.
    pub(super) fn next(&mut self, dropout: Dropout, x: &Matrix, mask: &mut Matrix) {
        match self {
            Self::Drawn(stream) => {
                mask.reshape(x.rows(), x.columns());
                dropout.draw(stream, mask);
            }
            Self::Given(masks) => *mask = masks.next().expect("a mask for each hidden layer of each step"),
        }
    }
}
