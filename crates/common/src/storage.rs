//! The bytes of a safetensors file, the same on every machine.

use crate::files;
use anyhow::{Context, Result, bail, ensure};
use safetensors::{
    SafeTensors,
    tensor::{Dtype, TensorView},
};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, path::Path};

/// A tensor as a file holds it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Values,
}

/// The values of a tensor, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    F32(Vec<f32>),
    U64(Vec<u64>),
}

impl Stored {
    /// A vector of numbers.
    pub(crate) fn numbers(name: &str, values: Vec<f32>) -> Self {
        Self { name: name.to_owned(), shape: vec![values.len()], values: Values::F32(values) }
    }

    /// A vector of whole numbers.
    pub(crate) fn whole_numbers(name: &str, values: Vec<u64>) -> Self {
        Self { name: name.to_owned(), shape: vec![values.len()], values: Values::U64(values) }
    }
}

impl Values {
    fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::U64(_) => Dtype::U64,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::F32(values) => bytes(values),
            Self::U64(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }
}

/// Numbers as little-endian bytes. Which NaN an operation gives is the processor's choice: all count as one.
pub(crate) fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| if x.is_nan() { f32::NAN } else { *x }.to_le_bytes()).collect()
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct File {
    /// Its tensors; once they are read, in the order of their names.
    pub(crate) tensors: Vec<Stored>,
    /// What else it says, by key. `format` is always `pt`, which Python's loaders ask for.
    pub(crate) texts: BTreeMap<String, String>,
}

impl File {
    /// The file as bytes.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let bytes: Vec<Vec<u8>> = self.tensors.iter().map(|tensor| tensor.values.bytes()).collect();
        let views = self.tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
            Ok((tensor.name.clone(), TensorView::new(tensor.values.dtype(), tensor.shape.clone(), bytes)?))
        });
        let format = ("format".to_owned(), "pt".to_owned());
        // What a file says itself comes later and stays: another format is another file.
        let texts = std::iter::once(format).chain(self.texts.clone()).collect();
        in_order(safetensors::serialize(views.collect::<Result<Vec<_>>>()?, Some(texts))?)
    }

    /// Reads a file; `cure` is what to do where it is no whole one.
    ///
    /// # Errors
    /// If it cannot be read, is not a safetensors file, is cut off, or holds anything but whole and finite f32 numbers.
    pub(crate) fn read(path: &Path, cure: &str) -> Result<Self> {
        let bytes = files::read(path).with_context(|| format!("cannot read the checkpoint {}", path.display()))?;
        Self::from_bytes(&bytes).with_context(|| format!("{} is not a whole safetensors checkpoint: {cure}", path.display()))
    }

    /// The SHA-256 of the file as bytes, in hexadecimal.
    pub(crate) fn sha256(&self) -> Result<String> {
        Ok(Sha256::digest(self.to_bytes()?).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let texts = metadata.metadata().iter().flatten().map(|(key, text)| (key.clone(), text.clone())).collect();
        let mut tensors = Vec::new();
        for (name, view) in SafeTensors::deserialize(bytes)?.tensors() {
            let values = match view.dtype() {
                Dtype::F32 => Values::F32(finite(&name, view.data())?),
                Dtype::U64 => Values::U64(view.data().as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()),
                other => bail!("tensor {name}: expected f32 values, found {other:?}"),
            };
            tensors.push(Stored { name, shape: view.shape().to_vec(), values });
        }
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { tensors, texts })
    }
}

fn finite(name: &str, bytes: &[u8]) -> Result<Vec<f32>> {
    let values: Vec<f32> = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if let Some(x) = values.iter().find(|x| !x.is_finite()) {
        bail!("tensor {name}: expected finite values, found {x}");
    }
    Ok(values)
}

/// Bytes of the length at the beginning of a file.
const LENGTH: usize = size_of::<u64>();

/// The same file with its texts in the order of their keys: the library keeps them in an order that differs from run to run.
fn in_order(mut bytes: Vec<u8>) -> Result<Vec<u8>> {
    let length = bytes.first_chunk().map(|length| u64::from_le_bytes(*length)).context("a length")?;
    let end = LENGTH + usize::try_from(length)?;
    let mut header: Map<String, Value> = serde_json::from_slice(&bytes[LENGTH..end])?;
    if let Some(Value::Object(texts)) = header.get_mut("__metadata__") {
        texts.sort_keys();
    }
    let mut header = serde_json::to_vec(&header)?;
    ensure!(header.len() <= end - LENGTH, "a header is as long in any order");
    header.resize(end - LENGTH, b' ');
    bytes[LENGTH..end].copy_from_slice(&header);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> File {
        let tensors = vec![
            Stored { name: "a".to_owned(), shape: vec![2, 1], values: Values::F32(vec![1.0, -0.0]) },
            Stored::whole_numbers("b", vec![u64::MAX, 0]),
        ];
        File { tensors, texts: BTreeMap::from([("settings".to_owned(), "--lr 0.1 \"β\"".to_owned())]) }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut back = File::from_bytes(&example().to_bytes().unwrap()).unwrap();
        assert_eq!(back.texts.remove("format"), Some("pt".to_owned()));
        assert_eq!(back, example());
    }

    #[test]
    fn the_bytes_are_always_the_same() {
        let texts: BTreeMap<String, String> = (0..20).map(|i| (format!("key {i}"), i.to_string())).collect();
        let file = File { texts, ..example() };
        let first = file.to_bytes().unwrap();
        assert!((0..20).all(|_| file.to_bytes().unwrap() == first));
    }

    #[test]
    fn a_file_cut_off_anywhere_is_refused() {
        let bytes = example().to_bytes().unwrap();
        for length in 0..bytes.len() {
            assert!(File::from_bytes(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
    }
}
