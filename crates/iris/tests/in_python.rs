//! A saved model gives the same classes in PyTorch, by the program that `docs/MODELS.md` shows.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../common/testing/binary.rs"]
mod binary;

use binary::{Bench, End};
use common::data::iris::SPECIES;
use std::{fs, path::Path};

const IRIS: &str = env!("CARGO_BIN_EXE_iris");

#[test]
fn pytorch_gives_the_same_classes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/MODELS.md")).unwrap();
    let program = page.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let bench = Bench::new();
    bench.write("classify.py", program);
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = bench.command(&python).args(["-c", "import torch, safetensors"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: {python} has no torch and safetensors: install them, or name a Python that has with PYTHON");
        return;
    }
    let (data, table) = (root.join("data"), root.join("data/iris/iris.csv"));
    bench.run(IRIS, &["train", "--data-dir", data.to_str().unwrap()]).succeeds();
    let end = bench.run(IRIS, &["predict", "--csv", table.to_str().unwrap()]);
    let species = |word: &&str| SPECIES.contains(word);
    let table_lines = end.succeeds().stdout.lines().filter(|line| line.split_whitespace().count() == 8);
    let ours: Vec<&str> = table_lines.filter_map(|line| line.split_whitespace().find(species)).collect();
    assert_eq!(ours.len(), 150, "{}", end.stdout);

    let model = "results/iris/train/best-model.safetensors";
    let output = bench.command(&python).arg("classify.py").arg(model).arg(&table).output().unwrap();
    assert_eq!(End::of(&output).succeeds().stdout.lines().collect::<Vec<_>>(), ours);
}
