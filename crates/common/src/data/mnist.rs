//! MNIST: 70,000 handwritten digits of 28 × 28 grey pixels, 60,000 to train with and 10,000 to test with.

mod idx;

pub use idx::{CURE, File};

use crate::{
    data::{Dataset, Labels, Samples},
    kernels::isa::Isa,
    matrix::Matrix,
};
use anyhow::Result;
use pulp::{Simd, WithSimd};
use std::path::Path;

/// Pixels in a row of an image, and rows in an image.
pub const SIDE: usize = 28;
/// Pixels of an image.
pub const N_PIXELS: usize = SIDE * SIDE;
/// Classes: the digits 0 to 9.
pub const N_DIGITS: usize = 10;
/// Images to train with.
pub const N_TRAIN: usize = 60_000;
/// Images to test with.
pub const N_TEST: usize = 10_000;

/// The four files: images and labels to train with, images and labels to test with.
pub const FILES: [File; 4] = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
const TRAIN_IMAGES: File = File {
    name: "train-images-idx3-ubyte",
    dimensions: &[N_TRAIN, SIDE, SIDE],
    sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
};
const TRAIN_LABELS: File = File {
    name: "train-labels-idx1-ubyte",
    dimensions: &[N_TRAIN],
    sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
};
const TEST_IMAGES: File = File {
    name: "t10k-images-idx3-ubyte",
    dimensions: &[N_TEST, SIDE, SIDE],
    sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
};
const TEST_LABELS: File = File {
    name: "t10k-labels-idx1-ubyte",
    dimensions: &[N_TEST],
    sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
};

/// How a pixel x from 0 (paper) to 255 (ink) becomes an input of a network.
///
/// The two symmetric scales agree in exact arithmetic, but not to the bit: each source rounds in its own places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelScale {
    /// x / 255: from 0 to 1.
    Unit,
    /// (x − 127.5) / 127.5: from −1 to 1, as S2 normalises.
    Symmetric,
    /// (x / 255 − 0.5) · 2: from −1 to 1, as S4 computes it.
    SymmetricFromUnit,
}

impl PixelScale {
    /// The input for pixel `x`.
    #[inline(always)]
    #[must_use]
    pub fn apply(self, x: u8) -> f32 {
        let x = f32::from(x);
        match self {
            Self::Unit => x / 255.0,
            Self::Symmetric => (x - 127.5) / 127.5,
            Self::SymmetricFromUnit => (x / 255.0 - 0.5) * 2.0,
        }
    }
}

/// Labelled images, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Images {
    /// The 60,000 training images, from `mnist/` in the folder of the data sets.
    ///
    /// # Errors
    /// If a file is missing, damaged, or not the published one; the message names it and what to do.
    pub fn train(data: &Path) -> Result<Self> {
        Self::load(data, TRAIN_IMAGES, TRAIN_LABELS)
    }

    /// The 10,000 test images, from `mnist/` in the folder of the data sets.
    ///
    /// # Errors
    /// As [`Images::train`].
    pub fn test(data: &Path) -> Result<Self> {
        Self::load(data, TEST_IMAGES, TEST_LABELS)
    }

    fn load(data: &Path, images: File, labels: File) -> Result<Self> {
        let folder = data.join("mnist");
        Ok(Self { labels: labels.read(&folder)?, pixels: images.read(&folder)? })
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pixels of one image, row after row from the top: 0 is paper, 255 is ink.
    #[must_use]
    pub fn pixels(&self, image: usize) -> &[u8] {
        &self.pixels[image * N_PIXELS..][..N_PIXELS]
    }

    /// The digit that one image shows.
    #[must_use]
    pub fn label(&self, image: usize) -> usize {
        usize::from(self.labels[image])
    }

    /// The digit of each image.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The images of the given indices, in their order, as rows of 784 inputs with the digits as classes.
    ///
    /// # Panics
    /// If an index is beyond the last image.
    #[must_use]
    pub fn samples(&self, images: impl IntoIterator<Item = usize>, scale: PixelScale) -> Samples {
        self.samples_in(images, scale, Matrix::default())
    }

    /// The same in place of a matrix, whose memory is used again.
    fn samples_in(&self, images: impl IntoIterator<Item = usize>, scale: PixelScale, mut x: Matrix) -> Samples {
        let images: Vec<usize> = images.into_iter().collect();
        x.reshape(images.len(), N_PIXELS);
        x.write_rows(&images, |image, inputs| {
            Isa::best().dispatch(Rescale { scale, pixels: self.pixels(image), inputs });
        });
        let classes = images.iter().map(|&image| self.label(image)).collect();
        Samples { x, y: Labels::Classes(classes) }
    }
}

/// Images that become inputs when their batch's turn comes: a byte a pixel until then.
#[derive(Debug, Clone)]
pub struct ImageDataset<'a> {
    images: &'a Images,
    chosen: Vec<usize>,
    scale: PixelScale,
}

impl<'a> ImageDataset<'a> {
    /// The first `n` images, or all if there are fewer.
    #[must_use]
    pub fn first(images: &'a Images, n: usize, scale: PixelScale) -> Self {
        Self { images, chosen: (0..n.min(images.len())).collect(), scale }
    }

    /// The images of the given indices, in their order.
    #[must_use]
    pub fn chosen(images: &'a Images, chosen: Vec<usize>, scale: PixelScale) -> Self {
        Self { images, chosen, scale }
    }
}

impl Dataset for ImageDataset<'_> {
    fn len(&self) -> usize {
        self.chosen.len()
    }

    fn batch_in(&self, rows: &[usize], x: Matrix) -> Samples {
        self.images.samples_in(rows.iter().map(|&row| self.chosen[row]), self.scale, x)
    }
}

/// The pixels of an image on their way to becoming inputs, several at once.
struct Rescale<'a> {
    scale: PixelScale,
    pixels: &'a [u8],
    inputs: &'a mut [f32],
}

impl WithSimd for Rescale<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        // One loop for each scale, so that none asks for it at every pixel.
        match self.scale {
            PixelScale::Unit => each(self.pixels, self.inputs, |x| PixelScale::Unit.apply(x)),
            PixelScale::Symmetric => each(self.pixels, self.inputs, |x| PixelScale::Symmetric.apply(x)),
            PixelScale::SymmetricFromUnit => each(self.pixels, self.inputs, |x| PixelScale::SymmetricFromUnit.apply(x)),
        }
    }
}

#[inline(always)]
fn each(pixels: &[u8], inputs: &mut [f32], input: impl Fn(u8) -> f32) {
    for (slot, &pixel) in inputs.iter_mut().zip(pixels) {
        *slot = input(pixel);
    }
}
