//! The order of the modules of `common`: each uses only those of its row or of a row above in ARCHITECTURE.md.

use crate::tidy::source_files;
use anyhow::{Context, Result, ensure};
use std::{fs, path::Path};

/// The heading of the table.
const HEADING: &str = "### `crates/common/src`";

/// Names each use of a module that stands in a later row of the table, and each module that stands nowhere in it.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let page = fs::read_to_string(root.join("ARCHITECTURE.md")).context("cannot read ARCHITECTURE.md")?;
    let order = modules(&page)?;
    let source = root.join("crates/common/src");
    let mut complaints = Vec::new();
    for path in source_files(vec![source.clone()])? {
        let inside = path.strip_prefix(&source)?.to_string_lossy().into_owned();
        let module = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs");
        // The list of modules, and what is compiled for tests only.
        if ["lib.rs", "tests.rs", "reference.rs"].iter().any(|name| inside.ends_with(name)) {
            continue;
        }
        let Some(place) = order.iter().position(|row| row.iter().any(|name| name == module)) else {
            complaints.push(format!("ARCHITECTURE.md: no module {module} in its table"));
            continue;
        };
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let later = used(&text).into_iter().filter(|name| order.iter().skip(place + 1).flatten().any(|other| other == name));
        complaints.extend(
            later.map(|name| format!("crates/common/src/{inside}: uses {name}, which ARCHITECTURE.md has after {module}")),
        );
    }
    Ok(complaints)
}

/// The modules of the table's first column, row by row.
fn modules(page: &str) -> Result<Vec<Vec<String>>> {
    let (_, table) = page.split_once(HEADING).with_context(|| format!("ARCHITECTURE.md: expected a heading {HEADING}"))?;
    let rows = table.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches('/').to_owned()).collect();
    let order: Vec<Vec<String>> = cells.map(names).collect();
    ensure!(order.iter().any(|row| !row.is_empty()), "ARCHITECTURE.md: expected a table of modules under {HEADING}");
    Ok(order)
}

/// The modules of its own crate that a file uses outside its tests.
fn used(text: &str) -> Vec<String> {
    let code: String = text.split("#[cfg(test)]\nmod tests {").take(1).flat_map(str::lines).map(code_of).collect();
    code.split("crate::").skip(1).flat_map(first_names).collect()
}

/// A line without its comment.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

/// The first names of a path, or of the paths in a group.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut names) = (0, vec![name(group)]);
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[i + 1..])),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_groups_and_paths_are_found() {
        let text = "use crate::{\n    a::{b, c},\n    d,\n};\nfn f() { crate::e::g() } // crate::h\n#[cfg(test)]\nmod tests {\n    use crate::i;\n}\n";
        assert_eq!(used(text), ["a", "d", "", "e"]);
    }

    #[test]
    fn the_table_is_read_in_order() {
        let page = "### `crates/common/src`, bottom to top\n\n| module | holds |\n| --- | --- |\n| `a/`, `b` | x |\n| `c` | `d` |\n\n| `e` | |\n";
        assert_eq!(modules(page).unwrap(), [vec![], vec![], vec!["a", "b"], vec!["c"]]);
    }
}
