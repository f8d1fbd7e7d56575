//! What fixtures of convolutional networks share: images, integer parameters, names, norms of gradients.

use super::{SINGLE_PASS, check};
use crate::support::{Tensor, Tolerance};
use common::{
    data::Labels,
    matrix::Matrix,
    parameters::{Parameter, Parameters},
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Losses.
pub(crate) const LOSSES: Tolerance = Tolerance { relative: 2e-5, absolute: 1e-6 };

/// Images and parameters that fixtures of networks share.
#[derive(Deserialize)]
pub(crate) struct Given {
    images_u8: Tensor,
    labels: Vec<usize>,
    param_scale: f64,
    params_int: BTreeMap<String, Tensor>,
}

/// Where a tuple model has the tensors that fixtures name.
pub(crate) type Names = &'static [(&'static str, &'static str)];

/// Our name of a tensor.
fn place(names: Names, name: &str) -> &'static str {
    names.iter().find(|(theirs, _)| *theirs == name).unwrap_or_else(|| panic!("there is no tensor {name}")).1
}

/// The tensor that a fixture calls `name`.
#[track_caller]
pub(crate) fn named<'a>(parameters: &'a Parameters, names: Names, name: &str) -> &'a [f32] {
    let place = place(names, name);
    let found = parameters.0.iter().find(|parameter| parameter.name == place);
    &found.unwrap_or_else(|| panic!("a tensor {place}")).values
}

impl Given {
    pub(crate) fn images(&self) -> Matrix {
        let pixels = self.images_u8.values().iter().map(|x| x / 255.0).collect();
        Matrix::new(self.images_u8.shape[0], self.images_u8.shape[1], pixels)
    }

    pub(crate) fn labels(&self) -> Labels {
        Labels::Classes(self.labels.clone())
    }

    /// The first parameters, with the shapes that the fixture gives them.
    pub(crate) fn parameters(&self, names: Names) -> Parameters {
        let parameter = |(name, tensor): (&String, &Tensor)| {
            let values = tensor.values().iter().map(|x| x * self.param_scale as f32).collect();
            Parameter { name: place(names, name).to_owned(), shape: tensor.shape.clone(), values }
        };
        Parameters(self.params_int.iter().map(parameter).collect())
    }
}

/// L2 norm.
pub(crate) fn norm(values: &[f32]) -> f32 {
    values.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt() as f32
}

/// Compares the norms of gradients with both those of f32 and, ten times the gap between the two allowed, of f64.
#[track_caller]
pub(crate) fn check_norms(
    gradients: &Parameters,
    names: Names,
    (f32s, f64s): (&BTreeMap<String, f64>, &BTreeMap<String, f64>),
    skip: &[&str],
) {
    assert!(!f32s.is_empty(), "norms of gradients");
    for (name, expected) in f32s.iter().filter(|(name, _)| !skip.contains(&name.as_str())) {
        let gap = f64s.get(name).map_or(0.0, |exact| (expected - exact).abs());
        let tolerance = Tolerance { relative: SINGLE_PASS, absolute: 10.0 * gap };
        check(&format!("norm of the gradient of {name}"), &[norm(named(gradients, names, name))], &[*expected], tolerance);
    }
}
