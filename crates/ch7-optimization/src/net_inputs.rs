//! The net inputs of the network of section 7.5, affine layers with tanh: what they are to be after normalisation, and what they are.
//!
//! It is not trained; the sections look at what normalisation does to the net inputs.

use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    chain::{Chain, LayerSpec, linear},
    cli::{UsageError, finite, non_negative, positive},
    kernels::{Loss, reduce::mean_and_deviation},
    lab::Lab,
    layers::NORMALIZATION_EPSILON,
    matrix::Matrix,
    parameters::{Initialization, Parameter},
    rng::Stream,
    train::Network,
};

/// Units of each layer, input and output included, book section 7.5.1.3.
pub(crate) const SIZES: [usize; 6] = [100, 200, 400, 300, 2, 2];
/// Hidden layers.
pub(crate) const HIDDEN: usize = SIZES.len() - 2;
/// The last of them, of two units.
pub(crate) const LAST: usize = HIDDEN - 1;

/// The places of the hidden layers' affine parts in a chain of affine part, normalisation, tanh.
pub(crate) const RAW: [usize; HIDDEN] = [0, 3, 6, 9];
/// The places of their normalisations.
pub(crate) const NORMALIZED: [usize; HIDDEN] = [1, 4, 7, 10];
/// The places of the affine parts where there is no normalisation.
pub(crate) const PLAIN: [usize; HIDDEN] = [0, 2, 4, 6];

/// The network with the given layers behind the affine part of each hidden layer, its weights from N(0, 1), always the same.
pub(crate) fn network<const N: usize>(behind: impl Fn() -> [LayerSpec; N], lab: &Lab) -> Chain {
    let mut layers: Vec<LayerSpec> = Vec::new();
    for units in SIZES.windows(2).take(HIDDEN) {
        layers.push(linear(units[0], units[1]));
        layers.extend(behind());
    }
    layers.push(linear(SIZES[HIDDEN], SIZES[HIDDEN + 1]));
    // The loss is never asked for: nothing is trained here.
    Chain::new(layers, Loss::SoftmaxCrossEntropy).initialized(Initialization::STANDARD_NORMAL, &mut lab.stream("weights"))
}

/// The net inputs of each hidden layer, normalised where they are.
pub(crate) type NetInputs = [Matrix; HIDDEN];

/// The outputs of layers at given places for the last batch that went through: their net inputs, one matrix per hidden layer.
pub(crate) fn net_inputs(network: &Chain, places: [usize; HIDDEN]) -> NetInputs {
    let samples = network.batch_outputs().rows();
    places.map(|place| {
        let z = network.output_of(place);
        Matrix::new(samples, z.len() / samples, z.to_vec())
    })
}

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
    #[arg(long, default_value_t = NORMALIZATION_EPSILON, value_parser = non_negative)]
    pub(crate) eps: f32,
}

impl Chosen {
    /// Refuses lists of another length than there are hidden layers.
    pub(crate) fn check(&self) -> Result<(), UsageError> {
        for (name, values) in [("gamma", &self.gamma), ("beta", &self.beta)] {
            if values.len() != HIDDEN {
                let found = values.len();
                return Err(UsageError(format!("--{name}: expected {HIDDEN} values, one per hidden layer, found {found}")));
            }
        }
        Ok(())
    }

    /// y = γ (x − μ) / √(σ² + ε) + β, with mean μ and biased variance σ² of `x`, in f64: what normalisation makes of the net inputs of
    /// a unit over the batch, or of a sample over the units.
    pub(crate) fn normalize(&self, layer: usize, x: &[f32]) -> Vec<f64> {
        let [gamma, beta, eps] = [self.gamma[layer], self.beta[layer], self.eps].map(f64::from);
        let (mean, deviation) = statistics(x.iter().copied());
        let root = (deviation * deviation + eps).sqrt();
        x.iter().map(|x| gamma * (f64::from(*x) - mean) / root + beta).collect()
    }

    /// Whether it makes the rows of `normalized` of those of `raw`, to four decimals.
    pub(crate) fn explains(&self, layer: usize, raw: &Matrix, normalized: &Matrix) -> bool {
        raw.iter_rows().zip(normalized.iter_rows()).all(|(raw, normalized)| {
            let by_formula = self.normalize(layer, raw);
            by_formula.iter().zip(normalized).all(|(y, z)| (y - f64::from(*z)).abs() < 5e-5)
        })
    }

    /// Gives the normalisation of each hidden layer its γ and β.
    pub(crate) fn set(&self, network: &mut Chain) -> Result<()> {
        let (mut gammas, mut betas) = (self.gamma.iter(), self.beta.iter());
        network.visit_parameters(&mut |tensor| {
            let next = match tensor.name.rsplit_once('.') {
                Some((_, "gamma")) => gammas.next(),
                Some((_, "beta")) => betas.next(),
                _ => None,
            };
            if let Some(next) = next {
                tensor.values.fill(*next);
            }
        })
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
    use common::chain::layer_norm;

    #[test]
    fn a_list_of_the_wrong_length_is_refused() {
        let chosen = Chosen { gamma: vec![1.0; HIDDEN], beta: vec![0.0; 5], eps: 0.0 };
        let error = chosen.check().expect_err("five values").to_string();
        assert_eq!(error, "--beta: expected 4 values, one per hidden layer, found 5");
    }

    #[test]
    fn normalisations_are_given_their_gamma_and_beta_in_order() {
        let layers = [linear(2, 2), layer_norm(0.0), linear(2, 2), layer_norm(0.0)];
        let mut network = Chain::new(layers, Loss::SoftmaxCrossEntropy);
        Chosen { gamma: vec![2.0, 3.0, 4.0, 5.0], beta: vec![-1.0, 1.0, 6.0, 7.0], eps: 0.0 }.set(&mut network).expect("a chain");
        let parameters = network.parameters();
        let values = |name: &str| parameters.get(name, &[2]).expect(name).values.clone();
        assert_eq!(["1.gamma", "1.beta", "3.gamma", "3.beta"].map(values), [[2.0; 2], [-1.0; 2], [3.0; 2], [1.0; 2]]);
    }
}
