//! What a page needs so that its section can be run in the browser.

use super::{
    Site,
    golden::Golden,
    language::{Language, Place},
};
use anyhow::Result;
use common::registry::{Chapter, Edition, Section};

/// Sections that read the files of MNIST, which are too large to be sent with a page.
const READS_MNIST: &[&str] = &[
    "batch-size",
    "batch-size-iterations",
    "batch-size-or-lr",
    "adamw",
    "optimizers-mnist",
    "batch-norm-mnist",
    "layer-norm-mnist",
];

/// Sections whose training can be followed step by step, and the flag that says how many steps are made.
const STEPPED: &[(&str, &str)] = &[
    ("manual-mlp", "epochs"),
    ("autograd-mlp", "epochs"),
    ("xor", "epochs"),
    ("sgd", "bowl-steps"),
    ("adagrad", "bowl-steps"),
    ("rmsprop", "bowl-steps"),
    ("adadelta", "bowl-steps"),
    ("momentum", "bowl-steps"),
    ("nesterov", "bowl-steps"),
    ("adam", "bowl-steps"),
    ("saddle", "steps"),
    ("lr-schedules", "bowl-steps"),
    ("overfit", "steps"),
    ("l2", "steps"),
    ("l1", "steps"),
    ("weight-decay", "steps"),
    ("dropout", "steps"),
];

/// The section that reads digits which the reader draws.
const DRAWN: &str = "predict";
/// The network that it reads them with, below the site's folder.
pub(super) const MODEL: &str = "wasm/fast.safetensors";
/// The data that the sections of a chapter read on their pages; of MNIST, the test images.
pub(super) const DATA: &[(&str, &[&str])] = &[
    ("iris", &["data/iris/iris.csv"]),
    ("mnist-mlp", &["data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz"]),
];

/// A section that can be run on its page.
#[derive(Debug)]
pub(super) struct Runner {
    /// The edition that the form shows at first.
    pub(super) edition: Edition,
    /// The fingerprint and the files of its golden file, each file with its hash.
    pub(super) fingerprint: String,
    pub(super) hashes: String,
    /// The section whose results this one reads, and the flags that it is run with first.
    pub(super) needs: &'static str,
    pub(super) needs_flags: String,
    pub(super) strings: &'static str,
    /// The flag that says how many steps are made, where they can be followed.
    pub(super) steps: Option<&'static str>,
    /// Whether the reader can draw digits.
    pub(super) draws: bool,
}

impl Runner {
    /// The runner of a section; none of one that takes long or reads MNIST, or whose program has not been compiled.
    ///
    /// # Errors
    /// If a golden file is missing.
    pub(super) fn new(site: &Site, (chapter, section): (&Chapter, &Section), language: Language) -> Result<Option<Self>> {
        let is_there = |file: &str| site.folder.join(file).exists();
        let is_mnist = chapter.name == "mnist-mlp";
        let draws = is_mnist && section.id == DRAWN && is_there(MODEL);
        let reads_mnist = is_mnist || READS_MNIST.contains(&section.id);
        if !is_there(&format!("wasm/{}.wasm", chapter.name)) || (reads_mnist && !draws) {
            return Ok(None);
        }
        let (edition, strings) = (if draws { Edition::FULL } else { section.quick() }, strings(language));
        if draws {
            // Its golden file is that of the larger network.
            let nothing = String::new;
            return Ok(Some(Self {
                edition,
                fingerprint: nothing(),
                hashes: nothing(),
                needs: "",
                needs_flags: nothing(),
                strings,
                steps: None,
                draws,
            }));
        }
        let needed = chapter.needed(section, edition);
        let golden = Golden::read(site.root, chapter, section, edition)?;
        Ok(Some(Self {
            edition,
            fingerprint: golden.fingerprint.clone(),
            hashes: golden.hashes(),
            needs: needed.map_or("", |(needed, _)| needed.id),
            needs_flags: needed.map(|(_, edition)| edition.flags.join(" ")).unwrap_or_default(),
            strings,
            steps: STEPPED.iter().find(|(id, _)| *id == section.id).map(|(_, flag)| *flag),
            draws,
        }))
    }

    /// What the page serves to the program, and the flag of its slider, as attributes.
    pub(super) fn attributes(&self, at: &Place) -> String {
        let root = at.root();
        let data = DATA.iter().filter(|(chapter, _)| at.path.starts_with(&format!("{chapter}/")));
        let files: Vec<String> = data.flat_map(|(_, files)| *files).map(|file| format!("{root}{file}")).collect();
        let model = if self.draws { format!(" data-model=\"{root}{MODEL}\"") } else { String::new() };
        let steps = self.steps.map(|flag| format!(" data-steps=\"{flag}\"")).unwrap_or_default();
        format!(" data-data=\"{}\"{model}{steps}", files.join(" "))
    }

    /// What a flag's field shows at first, where that is not the flag's default.
    pub(super) fn value(&self, flag: &str) -> Option<&'static str> {
        let wanted = format!("--{flag}");
        let place = self.edition.flags.iter().position(|&given| given == wanted)?;
        self.edition.flags.get(place + 1).copied().filter(|value| !value.starts_with("--"))
    }
}

/// What the page's script says, where it does not speak English.
fn strings(language: Language) -> &'static str {
    language.choose("{}", include_str!("../../web/zh.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slider_has_a_flag() {
        for chapter in crate::chapters() {
            for (id, flag) in STEPPED {
                let Some(section) = chapter.section(id) else { continue };
                assert!(section.command().get_arguments().any(|arg| arg.get_long() == Some(flag)), "{id} --{flag}");
            }
        }
    }

    #[test]
    fn the_script_speaks_both_languages() {
        let chinese: serde_json::Map<String, serde_json::Value> = serde_json::from_str(strings(Language::Chinese)).unwrap();
        let (_, english) = include_str!("../../web/dom.js").split_once("const ENGLISH = {\n").unwrap();
        let (english, _) = english.split_once("\n};").unwrap();
        let keys: Vec<&str> = english.lines().filter_map(|line| line.trim().split_once(": ")).map(|(key, _)| key).collect();
        assert_eq!(chinese.keys().map(String::as_str).collect::<Vec<_>>(), keys);
    }
}
