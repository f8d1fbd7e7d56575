//! From rows of features to images in lanes, and back: nothing is rounded, values only move.

use super::{Gradients, Input, Layer, Output, Shape};
use crate::kernels::lanes;

/// Rows of channels × height × width features become images in [`lanes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowsToImages {
    /// The images.
    pub(crate) image: Shape,
}

impl Layer for RowsToImages {
    fn output_shape(&self) -> Shape {
        self.image
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        lanes::from_rows(input.x, self.image.features(), y);
    }

    fn backward(&mut self, _: Input, Output { dy, .. }: Output, gradients: Gradients) {
        if let Some(dx) = gradients.dx {
            lanes::to_rows(dy, self.image.features(), dx);
        }
    }
}

/// Images in [`lanes`] become rows of channels × height × width features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImagesToRows {
    /// Features of an image.
    pub(crate) features: usize,
}

impl Layer for ImagesToRows {
    fn output_shape(&self) -> Shape {
        Shape::Features(self.features)
    }

    fn forward(&self, input: Input, y: &mut [f32]) {
        lanes::to_rows(input.x, self.features, y);
    }

    fn backward(&mut self, _: Input, Output { dy, .. }: Output, gradients: Gradients) {
        if let Some(dx) = gradients.dx {
            lanes::from_rows(dy, self.features, dx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::check_layer, *};

    #[test]
    fn values_only_move() {
        let image = Shape::Image { channels: 2, height: 3, width: 2 };
        let forward = |x: &[f64], _: &[f64]| x.to_vec();
        check_layer("rows to images", &mut RowsToImages { image }, Shape::Features(12), 18, forward);
        check_layer("images to rows", &mut ImagesToRows { features: 12 }, image, 18, forward);
    }
}
