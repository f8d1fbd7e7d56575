//! Where the data and the results are when no flag says so.

use std::path::PathBuf;

/// The file that marks the top of the workspace.
const MARK: &str = "data/PROVENANCE.md";

/// `data/` at the top of the workspace.
#[must_use]
pub fn data_folder() -> PathBuf {
    top().join("data")
}

/// `results/` at the top of the workspace.
#[must_use]
pub fn results_folder() -> PathBuf {
    top().join("results")
}

/// The nearest folder that holds the workspace's mark, upwards from the package that cargo runs, otherwise from the current folder;
/// the current folder if there is none.
fn top() -> PathBuf {
    let starts = [std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from), std::env::current_dir().ok()];
    starts
        .iter()
        .flatten()
        .find_map(|start| start.ancestors().find(|folder| folder.join(MARK).exists()))
        .map_or_else(PathBuf::new, std::path::Path::to_path_buf)
}
