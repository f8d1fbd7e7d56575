//! A recorded number.

use serde_json::Value as Json;
use std::fmt;

/// A number with the precision that it was computed in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A single-precision result.
    F32(f32),
    /// A double-precision result, such as a mean over seeds.
    F64(f64),
    /// A count.
    Count(usize),
}

impl Value {
    /// The number in double precision.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::F32(x) => f64::from(x),
            Self::F64(x) => x,
            Self::Count(n) => n as f64,
        }
    }

    /// The number as JSON, with the digits of its own precision; a number that is not finite becomes its name.
    #[must_use]
    pub fn json(self) -> Json {
        match self {
            Self::F32(x) if x.is_finite() => x.to_string().parse::<f64>().map_or(Json::Null, Json::from),
            Self::F64(x) if x.is_finite() => Json::from(x),
            Self::Count(n) => Json::from(n),
            other => Json::from(other.to_string()),
        }
    }
}

/// The shortest form that gives the number back, in exponent form below 1e-4.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match *self {
            Self::F32(x) if x != 0.0 && x.abs() < 1e-4 => format!("{x:e}"),
            Self::F32(x) => x.to_string(),
            Self::F64(x) if x != 0.0 && x.abs() < 1e-4 => format!("{x:e}"),
            Self::F64(x) => x.to_string(),
            Self::Count(n) => n.to_string(),
        };
        f.pad(&text)
    }
}

impl From<f32> for Value {
    fn from(x: f32) -> Self {
        Self::F32(x)
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        Self::F64(x)
    }
}

impl From<usize> for Value {
    fn from(n: usize) -> Self {
        Self::Count(n)
    }
}
