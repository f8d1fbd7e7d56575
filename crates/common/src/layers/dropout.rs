//! Inverted dropout of rows, book section 7.6.5; the formula is that of [`kernels::dropout`](crate::kernels::dropout).
//!
//! ```text
//! y = (x ⊙ M) / (1 − p),   δx = (δy ⊙ M) / (1 − p)
//! ```
//!
//! with M = 1 with probability 1 − p, else 0, drawn anew for each training batch. In use y = x. There are no parameters.

use super::{Gradients, Input, Layer, Output, Shape};
use crate::{
    kernels::{dropout, isa::Isa},
    rng::Stream,
};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the masks of a network come from. Its dropout layers share one source, so that a step draws them layer by layer.
#[derive(Debug, Clone)]
pub struct Masks(Arc<Mutex<Source>>);

#[derive(Debug)]
enum Source {
    Drawn(Box<Stream>),
    Given(std::vec::IntoIter<Vec<bool>>),
}

impl Masks {
    /// Masks that are drawn from `stream`.
    #[must_use]
    pub fn drawn(stream: Stream) -> Self {
        Self(Arc::new(Mutex::new(Source::Drawn(Box::new(stream)))))
    }

    /// Given masks, in the order in which they are used: true where a value is kept.
    #[must_use]
    pub fn given(masks: Vec<Vec<bool>>) -> Self {
        Self(Arc::new(Mutex::new(Source::Given(masks.into_iter()))))
    }

    /// The next mask for `n` values, of which each is dropped with probability `rate`.
    ///
    /// # Panics
    /// If no given mask is left.
    pub(crate) fn next(&self, rate: f32, n: usize, keep: &mut Vec<bool>) {
        // A draw that panicked leaves a stream that is as good as before.
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Source::Drawn(stream) => {
                keep.resize(n, false);
                dropout::draw(rate, stream, keep);
            }
            Source::Given(masks) => *keep = masks.next().expect("a mask for each dropout layer of each step"),
        }
    }
}

/// Dropout.
#[derive(Debug, Clone)]
pub(crate) struct DropoutLayer {
    features: usize,
    /// p.
    rate: f32,
    masks: Masks,
    /// The mask of the last training batch.
    keep: Vec<bool>,
}

impl DropoutLayer {
    /// Drops values of rows with probability `rate`.
    pub(crate) fn new(features: usize, rate: f32, masks: Masks) -> Self {
        Self { features, rate, masks, keep: Vec::new() }
    }
}

impl Layer for DropoutLayer {
    fn output_shape(&self) -> Shape {
        Shape::Features(self.features)
    }

    fn caption(&self) -> String {
        "dropout".to_owned()
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        y.copy_from_slice(input.x);
    }

    fn forward_training(&mut self, input: Input, y: &mut [f32]) {
        self.masks.next(self.rate, input.x.len(), &mut self.keep);
        dropout::apply(Isa::best(), self.rate, &self.keep, input.x, y);
    }

    fn backward(&mut self, _: Input, Output { dy, .. }: Output, gradients: Gradients) {
        if let Some(dx) = gradients.dx {
            dropout::apply(Isa::best(), self.rate, &self.keep, dy, dx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::check_layer, *};
    use crate::matrix::Matrix;

    #[test]
    fn gradients_pass_where_values_pass() {
        let keep: Vec<bool> = (0..15).map(|i| i % 4 != 1).collect();
        let masks = Masks::given(vec![keep.clone()]);
        let forward = |x: &[f64], _: &[f64]| x.iter().zip(&keep).map(|(x, keep)| if *keep { x / 0.7 } else { 0.0 }).collect();
        check_layer("dropout", &mut DropoutLayer::new(3, 0.3, masks), Shape::Features(3), 5, forward);
    }

    #[test]
    fn nothing_is_dropped_in_use_and_masks_are_drawn_anew_in_training() {
        let mut layer = DropoutLayer::new(8, 0.5, Masks::drawn(Stream::new(0, "dropout")));
        let ones = Matrix::new(8, 8, vec![1.0; 64]);
        let input = Input { parameters: &[], x: ones.values(), samples: 8 };
        let [mut used, mut first, mut second] = [(); 3].map(|()| vec![f32::NAN; 64]);
        layer.forward(input, &mut used);
        assert_eq!(used, ones.values());
        layer.forward_training(input, &mut first);
        layer.forward_training(input, &mut second);
        assert_ne!(first, second);
        assert!(first.iter().all(|x| [0.0, 2.0].contains(x)), "{first:?}");
    }

    #[test]
    fn a_mask_keeps_what_is_drawn_at_or_above_the_rate() {
        let mut stream = Stream::new(4, "dropout");
        let draws: Vec<f32> = (0..3000).map(|_| stream.unit()).collect();
        for rate in [0.0, 0.3, draws[17], 0.99] {
            let mut keep = Vec::new();
            Masks::drawn(Stream::new(4, "dropout")).next(rate, draws.len(), &mut keep);
            let expected: Vec<bool> = draws.iter().map(|&u| u >= rate).collect();
            assert_eq!(keep, expected, "rate {rate}");
        }
    }

    #[test]
    fn a_value_that_is_not_finite_stays_visible() {
        let mut layer = DropoutLayer::new(3, 0.5, Masks::given(vec![vec![false; 3]]));
        let mut y = [0.0; 3];
        layer.forward_training(Input { parameters: &[], x: &[f32::INFINITY, f32::NAN, 1.0], samples: 1 }, &mut y);
        assert!(y[0].is_nan() && y[1].is_nan() && y[2] == 0.0);
    }
}
