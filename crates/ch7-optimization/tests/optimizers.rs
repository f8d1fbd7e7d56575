//! Section `optimizers` has the numbers that each optimiser has in its own section.

use std::{fs, path::Path};

/// The lines of a section's golden file, each as its words.
fn golden(section: &str) -> Vec<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots/ch7-optimization");
    let text = fs::read_to_string(folder.join(format!("{section}.snap"))).expect("the section has a golden file");
    text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn each_optimiser_ends_as_in_its_own_section() {
    let all = golden("optimizers");
    let optimisers = ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "AdaDelta", "Adam"];
    for name in optimisers {
        let own = golden(&name.to_lowercase());
        let rows: Vec<&[String]> =
            all.iter().filter(|row| row.first().is_some_and(|first| first == name)).map(Vec::as_slice).collect();
        let [[_, _, path @ ..], [_, _, first_loss, last_loss, unit @ ..]] = rows[..] else {
            panic!("{name} has one row for each experiment, not {rows:?}")
        };
        assert!(own.iter().any(|line| line.starts_with(path)), "{name} on the bowl: {path:?}");
        assert!(own.iter().any(|line| line.starts_with(&["learnt".to_owned()]) && line[1..] == *unit), "{name}: {unit:?}");
        for loss in [first_loss, last_loss] {
            assert!(own.iter().any(|line| line.get(1) == Some(loss)), "{name}: loss {loss}");
        }
    }
}
