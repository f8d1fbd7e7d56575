//! What a run recorded, as JSON.

use super::Lab;
use crate::{language::Language, value::Value};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

impl Lab {
    /// What ran, the verdicts, metrics, bands and curves.
    pub(super) fn json(&self) -> Map<String, Json> {
        let mut run = self.description.json();
        run.insert("seed".to_owned(), self.settings.seed.into());
        run.insert("verdicts".to_owned(), self.verdicts.clone().into());
        let bands =
            named(&self.bands, |b| json!({ "n": b.n, "mean": b.mean, "sd": b.sd, "min": b.min, "max": b.max }), str::to_owned);
        run.insert("metrics".to_owned(), self.metrics_as(str::to_owned).into());
        run.insert("bands".to_owned(), bands.into());
        run.insert("curves".to_owned(), self.curves_as(str::to_owned).into());
        run
    }

    /// Metrics and curves under the Chinese for their names.
    pub(super) fn json_in_chinese(&self) -> Json {
        let chinese = |name: &str| Language::Chinese.say(name).into_owned();
        json!({ "metrics": self.metrics_as(chinese), "curves": self.curves_as(chinese) })
    }

    /// The names of metrics and of curves that have no Chinese of their own.
    pub(super) fn untranslated_names(&self) -> Vec<String> {
        let metrics = untranslated(self.metrics.iter().map(|(name, _)| name));
        let curves = untranslated(self.curves.iter().map(|(name, _)| name));
        [metrics, curves].concat()
    }

    fn metrics_as(&self, name: impl Fn(&str) -> String) -> Map<String, Json> {
        named(&self.metrics, |value| value.json(), name)
    }

    fn curves_as(&self, name: impl Fn(&str) -> String) -> Map<String, Json> {
        let curve = |points: &Vec<(usize, f32)>| {
            let (steps, values): (Vec<usize>, Vec<Json>) = points.iter().map(|(s, v)| (s, Value::F32(*v).json())).unzip();
            json!({ "step": steps, "value": values })
        };
        named(&self.curves, curve, name)
    }
}

fn named<T>(all: &[(String, T)], json: impl Fn(&T) -> Json, name: impl Fn(&str) -> String) -> Map<String, Json> {
    all.iter().map(|(known_as, value)| (name(known_as), json(value))).collect()
}

/// The names that have no Chinese, or the same as another one.
fn untranslated<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut first = BTreeMap::new();
    let mut untranslated = Vec::new();
    for name in names {
        let is_its_own = *first.entry(Language::Chinese.say(name)).or_insert(name) == name;
        if !Language::is_known(name) || !is_its_own {
            untranslated.push(name.clone());
        }
    }
    untranslated
}
