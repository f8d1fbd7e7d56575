//! The convolutional networks of chapter 7 and of the case study, for 28 × 28 grey digits: rows of 784 pixels in, ten logits out.

use crate::tape::{
    Flatten, Image, MaxPool2d, Relu,
    builder::{BatchNorm, Conv2d, LayerNorm2d, Linear},
};

/// The LeNet of book section 7.2: as printed, no activation function stands between its three linear layers.
///
/// | layer | output | parameters |
/// | --- | --- | --- |
/// | convolution 3 × 3, padding 1, ReLU | 6 × 28 × 28 | 60 |
/// | max-pooling 2 × 2 | 6 × 14 × 14 | |
/// | convolution 5 × 5, ReLU | 16 × 10 × 10 | 2,416 |
/// | max-pooling 2 × 2 | 16 × 5 × 5 | |
/// | linear | 120 | 48,120 |
/// | linear | 84 | 10,164 |
/// | linear | 10 | 850 |
pub type LeNet = (
    Image<1, 28, 28>,
    (Conv2d<1, 6, 3, 1, 1>, Relu, MaxPool2d<2, 2>),
    (Conv2d<6, 16, 5>, Relu, MaxPool2d<2, 2>),
    Flatten<400>,
    (Linear<400, 120>, Linear<120, 84>, Linear<84, 10>),
);

/// The convolutional network of book section 7.5.1.5 without normalisation.
///
/// | layer | output | parameters |
/// | --- | --- | --- |
/// | convolution 5 × 5, padding 2, ReLU | 20 × 28 × 28 | 520 |
/// | max-pooling 2 × 2 | 20 × 14 × 14 | |
/// | convolution 5 × 5, padding 2, ReLU | 20 × 14 × 14 | 10,020 |
/// | max-pooling 2 × 2 | 20 × 7 × 7 | |
/// | linear | 10 | 9,810 |
pub type ConvNet = (
    Image<1, 28, 28>,
    (Conv2d<1, 20, 5, 1, 2>, Relu, MaxPool2d<2, 2>),
    (Conv2d<20, 20, 5, 1, 2>, Relu, MaxPool2d<2, 2>),
    Flatten<980>,
    Linear<980, 10>,
);

/// [`ConvNet`] with batch normalisation between each convolution and its ReLU, book section 7.5.1.5.
pub type ConvNetBatchNorm = (
    Image<1, 28, 28>,
    (Conv2d<1, 20, 5, 1, 2>, BatchNorm<20>, Relu, MaxPool2d<2, 2>),
    (Conv2d<20, 20, 5, 1, 2>, BatchNorm<20>, Relu, MaxPool2d<2, 2>),
    Flatten<980>,
    Linear<980, 10>,
);

/// [`ConvNet`] with layer normalisation between each convolution and its ReLU, book exercise 7.8.
pub type ConvNetLayerNorm = (
    Image<1, 28, 28>,
    (Conv2d<1, 20, 5, 1, 2>, LayerNorm2d, Relu, MaxPool2d<2, 2>),
    (Conv2d<20, 20, 5, 1, 2>, LayerNorm2d, Relu, MaxPool2d<2, 2>),
    Flatten<980>,
    Linear<980, 10>,
);

/// A small convolutional network, made for time: pooling comes first, so that normalisation and ReLU have a quarter of the values to work on.
///
/// | layer | output | parameters |
/// | --- | --- | --- |
/// | convolution 5 × 5 | 8 × 24 × 24 | 208 |
/// | max-pooling 2 × 2, batch normalisation, ReLU | 8 × 12 × 12 | 16 |
/// | convolution 5 × 5 | 24 × 8 × 8 | 4,824 |
/// | max-pooling 2 × 2, batch normalisation, ReLU | 24 × 4 × 4 | 48 |
/// | linear | 10 | 3,850 |
pub type SmallConvNet = (
    Image<1, 28, 28>,
    (Conv2d<1, 8, 5>, MaxPool2d<2, 2>, BatchNorm<8>, Relu),
    (Conv2d<8, 24, 5>, MaxPool2d<2, 2>, BatchNorm<24>, Relu),
    Flatten<384>,
    Linear<384, 10>,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::{Chain, InChain},
        kernels::Loss,
    };

    fn parameters<M: InChain>() -> usize {
        Chain::of::<M>(Loss::SoftmaxCrossEntropy).n_parameters()
    }

    #[test]
    fn models_have_the_parameters_of_their_tables() {
        assert_eq!(parameters::<LeNet>(), 60 + 2_416 + 48_120 + 10_164 + 850);
        assert_eq!(parameters::<ConvNet>(), 520 + 10_020 + 9_810);
        assert_eq!(parameters::<ConvNetBatchNorm>(), parameters::<ConvNet>() + 4 * 20);
        assert_eq!(parameters::<ConvNetLayerNorm>(), parameters::<ConvNet>() + 4);
        assert_eq!(parameters::<SmallConvNet>(), 208 + 16 + 4_824 + 48 + 3_850);
    }
}
