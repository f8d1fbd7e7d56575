//! What the targets share.

use std::{fs, path::Path};

/// Hands bytes to a reader of files, as the file `name` of a folder of this process.
pub fn with_file<T>(bytes: &[u8], name: &str, read: impl FnOnce(&Path) -> T) -> T {
    let folder = std::env::temp_dir().join(format!("fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the file");
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file to read");
    read(&path)
}
