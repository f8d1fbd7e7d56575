//! The parameters of a network by name: what a checkpoint holds and a fingerprint sums up.

use crate::{
    kernels::reduce,
    rng::Stream,
    storage::{File, Stored, Values, bytes},
};
use anyhow::{Result, bail, ensure};
use sha2::{Digest, Sha256};
use std::path::Path;

/// One parameter tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its place in the network: layer number and `weight` or `bias`.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its values, row-major.
    pub values: Vec<f32>,
}

/// The first 64 bits of the SHA-256 of the values' bits.
#[must_use]
pub fn hash(values: &[f32]) -> u64 {
    first_bits(&Sha256::digest(bytes(values)))
}

/// All parameters of a network, in the order of its layers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters(pub Vec<Parameter>);

impl Parameters {
    /// A short hash of every bit of every parameter, in the order of their names: equal fingerprints mean equal networks.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut by_name: Vec<&Parameter> = self.0.iter().collect();
        by_name.sort_by(|a, b| a.name.cmp(&b.name));
        let digest = by_name
            .iter()
            .fold(Sha256::new(), |sha, parameter| sha.chain_update(&parameter.name).chain_update(bytes(&parameter.values)));
        format!("{:016x}", first_bits(&digest.finalize()))
    }

    /// The same parameters with `prefix` before each name, so that those of several networks can stand side by side.
    #[must_use]
    pub fn prefixed(&self, prefix: &str) -> Self {
        let renamed = |parameter: &Parameter| Parameter { name: format!("{prefix} {}", parameter.name), ..parameter.clone() };
        Self(self.0.iter().map(renamed).collect())
    }

    /// The L2 norm of each tensor of the given kind, such as `weight`, layer by layer.
    #[must_use]
    pub fn norms(&self, kind: &str) -> Vec<f32> {
        let tensors = self.0.iter().filter(|tensor| tensor.name.rsplit('.').next() == Some(kind));
        tensors.map(|tensor| reduce::norm(&tensor.values)).collect()
    }

    /// The parameters as the bytes of a safetensors file.
    ///
    /// # Errors
    /// If two have the same name.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        File { tensors: self.stored(""), ..File::default() }.to_bytes()
    }

    /// Reads a safetensors file.
    ///
    /// # Errors
    /// If the file cannot be read, is not a safetensors file, is cut off, or holds anything but finite f32 values.
    pub fn read(path: &Path) -> Result<Self> {
        let tensors = File::read(path, "train again to write a new one")?.tensors.into_iter().map(|tensor| match tensor.values {
            Values::F32(values) => Ok(Parameter { name: tensor.name, shape: tensor.shape, values }),
            Values::U64(_) => bail!("{}: tensor {}: expected f32 values, found u64", path.display(), tensor.name),
        });
        Ok(Self(tensors.collect::<Result<_>>()?))
    }

    /// The parameters as a file holds them, with `prefix` before each name.
    pub(crate) fn stored(&self, prefix: &str) -> Vec<Stored> {
        let stored = self.0.iter().map(|parameter| Stored {
            name: format!("{prefix}{}", parameter.name),
            shape: parameter.shape.clone(),
            values: Values::F32(parameter.values.clone()),
        });
        stored.collect()
    }

    /// The parameter of the given name and shape.
    ///
    /// # Errors
    /// If there is none of that name, or its shape differs.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<&Parameter> {
        let Some(parameter) = self.0.iter().find(|parameter| parameter.name == name) else {
            let names: Vec<&str> = self.0.iter().map(|parameter| parameter.name.as_str()).collect();
            bail!("expected a tensor {name}, found {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
        };
        ensure!(
            parameter.shape == shape,
            "tensor {name} of the checkpoint: expected shape {shape:?}, found {:?}",
            parameter.shape
        );
        Ok(parameter)
    }
}

fn first_bits(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// How a parameter tensor gets its first values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initializer {
    /// All the same value; draws nothing.
    Constant(f32),
    /// N(mean, deviation²).
    Normal {
        /// Mean.
        mean: f32,
        /// Standard deviation.
        deviation: f32,
    },
    /// Uniform on [low, high).
    Uniform {
        /// Smallest value.
        low: f32,
        /// Upper limit.
        high: f32,
    },
    /// N(0, 2 / (inputs + outputs)), book section 7.4.2: for logistic and tanh.
    XavierNormal,
    /// Uniform on [−r, r) with r = √(6 / (inputs + outputs)): the same variance.
    XavierUniform,
    /// N(0, 2 / inputs): for ReLU, which halves a variance.
    HeNormal,
    /// Uniform on [−r, r) with r = √(6 / inputs): the same variance.
    HeUniform,
    /// As the book's library starts its layers: [`Initializer::HeNormal`] for the kernels of convolutions, which have more than two
    /// dimensions, [`Initializer::XavierUniform`] for matrices.
    ByShape,
}

impl Initializer {
    /// The standard normal distribution N(0, 1).
    pub const STANDARD_NORMAL: Self = Self::Normal { mean: 0.0, deviation: 1.0 };
    /// Zeros.
    pub const ZEROS: Self = Self::Constant(0.0);

    /// The same distribution in numbers, for a tensor of the given shape: what scales with the layer is computed in f64 and rounded
    /// once.
    ///
    /// A matrix is inputs × outputs; a kernel with more dimensions is outputs × inputs × height × width, each position counting.
    ///
    /// # Panics
    /// If the distribution depends on inputs and outputs, and a tensor of that shape has none, such as a bias.
    #[must_use]
    pub fn resolved(self, shape: &[usize]) -> Self {
        let normal = |variance: f64| Self::Normal { mean: 0.0, deviation: variance.sqrt() as f32 };
        let uniform = |variance: f64| {
            let high = (3.0 * variance).sqrt() as f32;
            Self::Uniform { low: -high, high }
        };
        match self {
            Self::Constant(_) | Self::Normal { .. } | Self::Uniform { .. } => self,
            Self::XavierNormal => normal(xavier_variance(shape)),
            Self::HeNormal => normal(he_variance(shape)),
            Self::HeUniform => uniform(he_variance(shape)),
            Self::ByShape if shape.len() > 2 => normal(he_variance(shape)),
            Self::XavierUniform | Self::ByShape => uniform(xavier_variance(shape)),
        }
    }

    /// The first values of a tensor of the given shape, drawn in row-major order.
    ///
    /// # Panics
    /// As [`Initializer::resolved`].
    #[must_use]
    pub fn draw(self, shape: &[usize], stream: &mut Stream) -> Vec<f32> {
        let n = shape.iter().product();
        match self {
            Self::Constant(value) => vec![value; n],
            Self::Normal { mean, deviation } => stream.normals(n, mean, deviation),
            Self::Uniform { low, high } => stream.uniforms(n, low, high),
            _ => self.resolved(shape).draw(shape, stream),
        }
    }
}

/// Inputs and outputs of each unit that a weight tensor connects.
fn fans(shape: &[usize]) -> (f64, f64) {
    match shape {
        [inputs, outputs] => (*inputs as f64, *outputs as f64),
        [outputs, inputs, rest @ ..] => {
            let area = rest.iter().product::<usize>() as f64;
            (*inputs as f64 * area, *outputs as f64 * area)
        }
        _ => panic!("a tensor of shape {shape:?} has no inputs and outputs to scale its variance with"),
    }
}

/// 2 / (inputs + outputs).
fn xavier_variance(shape: &[usize]) -> f64 {
    let (inputs, outputs) = fans(shape);
    2.0 / (inputs + outputs)
}

/// 2 / inputs.
fn he_variance(shape: &[usize]) -> f64 {
    2.0 / fans(shape).0
}

/// How the linear layers of a network are initialised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Initialization {
    /// Of every weight matrix.
    pub weight: Initializer,
    /// Of every bias.
    pub bias: Initializer,
}

impl Initialization {
    /// Weights from N(0, 1), biases zero: the book's own layers.
    pub const STANDARD_NORMAL: Self = Self { weight: Initializer::STANDARD_NORMAL, bias: Initializer::ZEROS };

    /// The first values of the tensor of the given name; none for a tensor that is neither weight nor bias.
    #[must_use]
    pub fn first_values(self, name: &str, shape: &[usize], stream: &mut Stream) -> Option<Vec<f32>> {
        match name.rsplit('.').next() {
            Some("weight") => Some(self.weight.draw(shape, stream)),
            Some("bias") => Some(self.bias.draw(shape, stream)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Parameters {
        let weight =
            Parameter { name: "0.weight".into(), shape: vec![2, 3], values: vec![1.0, -0.0, 2.5, f32::MIN_POSITIVE, 4.0, 5.0] };
        let bias = Parameter { name: "0.bias".into(), shape: vec![3], values: vec![0.0; 3] };
        Parameters(vec![weight, bias])
    }

    fn through_a_file(parameters: &Parameters) -> Parameters {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parameters.safetensors");
        std::fs::write(&path, parameters.to_safetensors().unwrap()).unwrap();
        Parameters::read(&path).unwrap()
    }

    #[test]
    fn every_nan_has_the_same_hash() {
        let hash = |nan: f32| hash(&[nan]);
        assert_eq!(hash(f32::NAN), hash(-f32::NAN));
        assert_eq!(hash(f32::NAN), hash(f32::from_bits(0x7fa0_0001)));
    }

    #[test]
    fn a_checkpoint_gives_back_every_bit() {
        let back = through_a_file(&example());
        assert_eq!(back.fingerprint(), example().fingerprint());
    }

    #[test]
    fn a_flipped_sign_changes_the_fingerprint() {
        let mut other = example();
        other.0[1].values[1] = -0.0;
        assert_ne!(other.fingerprint(), example().fingerprint());
    }

    #[test]
    fn variances_scale_with_the_layer() {
        let check = |init: Initializer, shape: &[usize], variance: f64| {
            let draws = init.draw(shape, &mut Stream::new(1, "draws"));
            let measured = draws.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / draws.len() as f64;
            assert!((measured / variance - 1.0).abs() < 0.03, "{init:?} of {shape:?}: {measured}, expected {variance}");
        };
        check(Initializer::XavierNormal, &[300, 100], 2.0 / 400.0);
        check(Initializer::XavierUniform, &[300, 100], 2.0 / 400.0);
        check(Initializer::HeNormal, &[300, 100], 2.0 / 300.0);
        check(Initializer::HeUniform, &[100, 300], 2.0 / 100.0);
        check(Initializer::HeNormal, &[40, 30, 5, 5], 2.0 / 750.0);
        check(Initializer::XavierUniform, &[40, 30, 5, 5], 2.0 / 1750.0);
        check(Initializer::ByShape, &[40, 30, 5, 5], 2.0 / 750.0);
        check(Initializer::ByShape, &[300, 100], 2.0 / 400.0);
    }

    #[test]
    fn a_wrong_shape_is_named() {
        let error = example().get("0.weight", &[3, 2]).unwrap_err().to_string();
        assert_eq!(error, "tensor 0.weight of the checkpoint: expected shape [3, 2], found [2, 3]");
    }
}
