//! The network of section 7.5: affine layers with tanh, the net inputs of the hidden ones normalised by batch, by sample, or not at all.
//!
//! It is not trained; the section looks at what normalisation does to the net inputs.

use clap::Args as ClapArgs;
use common::{
    cli::{UsageError, finite, non_negative, positive},
    kernels::{
        Activation,
        batch_norm::{self, Averaging, Shape, Statistics},
        isa::Isa,
        lanes, layer_norm,
        reduce::mean_and_deviation,
    },
    matrix::Matrix,
    parameters::{Initializer, Parameter},
    rng::Stream,
    scratch::{Linear, activate},
};

/// Units of each layer, input and output included, book section 7.5.1.3.
pub(crate) const SIZES: [usize; 6] = [100, 200, 400, 300, 2, 2];
/// Hidden layers.
pub(crate) const HIDDEN: usize = SIZES.len() - 2;

/// What the net inputs of the hidden layers are to have after normalisation, the book's values.
///
/// The book's lists have a fifth number each, 4 and 2, for the output layer, which is not normalised.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Chosen {
    /// Standard deviation of each hidden layer's net inputs after normalisation
    #[arg(long, value_delimiter = ',', num_args = 1, default_value = "1,2,3,5", value_parser = positive)]
    pub(crate) gamma: Vec<f32>,
    /// Mean of each hidden layer's net inputs after normalisation
    #[arg(long, value_delimiter = ',', num_args = 1, default_value = "3,2,1,2", value_parser = finite, allow_hyphen_values = true)]
    pub(crate) beta: Vec<f32>,
    /// What is added to the variance, inside the root
    #[arg(long, default_value_t = 1e-7, value_parser = non_negative)]
    pub(crate) eps: f32,
}

impl Chosen {
    /// Refuses lists of another length than there are hidden layers.
    pub(crate) fn check(&self) -> Result<(), UsageError> {
        for (name, values) in [("gamma", &self.gamma), ("beta", &self.beta)] {
            if values.len() != HIDDEN {
                let found = values.len();
                return Err(UsageError(format!("--{name}: expected {HIDDEN} values, one a hidden layer, found {found}")));
            }
        }
        Ok(())
    }

    /// γ and β of a layer.
    pub(crate) fn of(&self, layer: usize) -> (f32, f32) {
        (self.gamma[layer], self.beta[layer])
    }
}

/// Whether a network is trained or tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A batch is normalised by its own statistics, and the moving averages follow them.
    Training,
    /// A batch is normalised by the moving averages.
    Test,
}

/// Batch normalisation of rows, book section 7.5.1.1: y = γ (x − μ) / √(σ² + ε) + β, with mean and biased variance of each unit.
#[derive(Debug, Clone)]
pub(crate) struct BatchNorm {
    /// γ and β of all units.
    pub(crate) scale_and_shift: (f32, f32),
    /// ε.
    pub(crate) eps: f32,
    /// How the moving averages follow the batches.
    pub(crate) averaging: Averaging,
    /// The moving average of each unit's mean, 0 at first.
    pub(crate) moving_mean: Vec<f32>,
    /// The moving average of each unit's variance, 1 at first.
    pub(crate) moving_variance: Vec<f32>,
}

impl BatchNorm {
    /// A layer that has seen no batch yet.
    pub(crate) fn new(units: usize, scale_and_shift: (f32, f32), eps: f32, averaging: Averaging) -> Self {
        Self { scale_and_shift, eps, averaging, moving_mean: vec![0.0; units], moving_variance: vec![1.0; units] }
    }

    /// Normalises the net inputs of a batch.
    fn forward(&mut self, x: &Matrix, mode: Mode) -> Matrix {
        let (samples, channels) = (x.rows(), x.columns());
        let (gamma, beta) = (vec![self.scale_and_shift.0; channels], vec![self.scale_and_shift.1; channels]);
        let shape = Shape { samples, channels, plane: 1 };
        let layer = batch_norm::BatchNorm { shape, eps: self.eps, gamma: &gamma, beta: &beta };
        let [mut x_lanes, mut y_lanes] = [(); 2].map(|()| vec![0.0; shape.size()]);
        lanes::from_rows(x.values(), channels, &mut x_lanes);
        let mut statistics = vec![Statistics::default(); channels];
        match mode {
            Mode::Training => {
                layer.statistics(Isa::best(), &x_lanes, &mut statistics);
                self.averaging.update(shape.count(), &statistics, &mut self.moving_mean, &mut self.moving_variance);
            }
            Mode::Test => {
                for ((statistics, mean), variance) in statistics.iter_mut().zip(&self.moving_mean).zip(&self.moving_variance) {
                    *statistics = Statistics::running(*mean, *variance, self.eps);
                }
            }
        }
        layer.forward(Isa::best(), &x_lanes, &statistics, &mut y_lanes);
        let mut y = Matrix::zeros(samples, channels);
        lanes::to_rows(&y_lanes, channels, y.values_mut());
        y
    }
}

/// Layer normalisation of rows, book section 7.5.2.1: the same formula with mean and biased variance of each sample.
#[derive(Debug, Clone)]
pub(crate) struct LayerNorm {
    /// γ and β of all units.
    pub(crate) scale_and_shift: (f32, f32),
    /// ε.
    pub(crate) eps: f32,
}

impl LayerNorm {
    /// Normalises the net inputs of each sample.
    fn forward(&self, x: &Matrix) -> Matrix {
        let (gamma, beta) = ([self.scale_and_shift.0], [self.scale_and_shift.1]);
        let layer = layer_norm::LayerNorm { features: x.columns(), eps: self.eps, gamma: &gamma, beta: &beta };
        let (mut statistics, mut y) = (vec![Statistics::default(); x.rows()], Matrix::zeros(x.rows(), x.columns()));
        layer.forward(Isa::best(), x.values(), &mut statistics, y.values_mut());
        y
    }
}

/// What happens to the net inputs of a hidden layer.
#[derive(Debug, Clone)]
pub(crate) enum Normalization {
    /// Nothing.
    None,
    /// Each unit is normalised over the batch.
    Batch(BatchNorm),
    /// Each sample is normalised over the units.
    Layer(LayerNorm),
}

impl Normalization {
    fn forward(&mut self, x: &Matrix, mode: Mode) -> Matrix {
        match self {
            Self::None => x.clone(),
            Self::Batch(batch_norm) => batch_norm.forward(x, mode),
            Self::Layer(layer_norm) => layer_norm.forward(x),
        }
    }
}

/// The network.
#[derive(Debug, Clone)]
pub(crate) struct Mlp {
    /// The affine layers.
    pub(crate) linears: Vec<Linear>,
    /// The normalisation of each hidden layer.
    pub(crate) normalizations: Vec<Normalization>,
}

/// The net inputs of each hidden layer for a batch.
pub(crate) struct NetInputs {
    /// Before the normalisation.
    pub(crate) raw: Vec<Matrix>,
    /// After it: what tanh is applied to.
    pub(crate) normalized: Vec<Matrix>,
}

impl Mlp {
    /// A network with weights from N(0, 1) and biases zero; `normalization` is told layer and units.
    pub(crate) fn draw(weights: &mut Stream, normalization: impl Fn(usize, usize) -> Normalization) -> Self {
        let linear = |shape: &[usize]| Linear {
            weight: Matrix::new(shape[0], shape[1], Initializer::STANDARD_NORMAL.draw(shape, weights)),
            bias: vec![0.0; shape[1]],
        };
        let linears = SIZES.windows(2).map(linear).collect();
        Self { linears, normalizations: (0..HIDDEN).map(|layer| normalization(layer, SIZES[layer + 1])).collect() }
    }

    /// Passes a batch through the hidden layers.
    pub(crate) fn forward(&mut self, x: &Matrix, mode: Mode) -> NetInputs {
        let (mut raw, mut normalized) = (Vec::new(), Vec::new());
        let mut a = x.clone();
        for (linear, normalization) in self.linears.iter().zip(&mut self.normalizations) {
            let z = linear.forward(&a);
            let y = normalization.forward(&z, mode);
            a = activate(Activation::Tanh, &y);
            raw.push(z);
            normalized.push(y);
        }
        NetInputs { raw, normalized }
    }
}

/// Samples from N(0, 1).
pub(crate) fn batch(samples: usize, stream: &mut Stream) -> Matrix {
    Matrix::new(samples, SIZES[0], stream.normals(samples * SIZES[0], 0.0, 1.0))
}

/// A matrix by name.
pub(crate) fn tensor(name: &str, matrix: &Matrix) -> Parameter {
    Parameter { name: name.to_owned(), shape: vec![matrix.rows(), matrix.columns()], values: matrix.values().to_vec() }
}

/// Mean and standard deviation (dividing by n) of some values.
pub(crate) fn statistics(values: impl IntoIterator<Item = f32>) -> (f64, f64) {
    mean_and_deviation(&values.into_iter().map(f64::from).collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_the_wrong_length_is_refused() {
        let chosen = Chosen { gamma: vec![1.0; HIDDEN], beta: vec![0.0; 5], eps: 0.0 };
        let error = chosen.check().expect_err("five values").to_string();
        assert_eq!(error, "--beta: expected 4 values, one a hidden layer, found 5");
    }

    #[test]
    fn in_test_mode_the_moving_averages_normalise_and_stay() {
        let mut layer = BatchNorm::new(1, (2.0, 1.0), 0.0, Averaging { momentum: 0.5, unbiased: false });
        let x = Matrix::new(2, 1, vec![3.0, 5.0]);
        assert_eq!(layer.forward(&x, Mode::Training).values(), [-1.0, 3.0]);
        assert_eq!((layer.moving_mean[0], layer.moving_variance[0]), (2.0, 1.0));
        assert_eq!(layer.forward(&x, Mode::Test).values(), [3.0, 7.0]);
        assert_eq!((layer.moving_mean[0], layer.moving_variance[0]), (2.0, 1.0));
    }

    #[test]
    fn a_layer_norm_gives_each_sample_its_mean_and_deviation() {
        let layer = LayerNorm { scale_and_shift: (2.0, 1.0), eps: 0.0 };
        assert_eq!(layer.forward(&Matrix::new(2, 2, vec![3.0, 5.0, 8.0, -8.0])).values(), [-1.0, 3.0, 3.0, -1.0]);
    }
}
