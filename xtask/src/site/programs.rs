//! The programs of the chapters, compiled for the browser.

use crate::{chapters, root, say};
use anyhow::{Context, Result, ensure};
use std::{fs, path::Path, process::Command};

/// The target, and the profile of `Cargo.toml` that makes small programs.
const TARGET: &str = "wasm32-wasip1";
const PROFILE: &str = "web";

/// Compiles the programs into the site's folder.
///
/// # Errors
/// If the target is not installed, or a program does not compile.
pub(super) fn build(site: &Path) -> Result<()> {
    let folder = site.join("wasm");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let names: Vec<&str> = chapters().iter().map(|chapter| chapter.name).collect();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--locked", "--target", TARGET, "--profile", PROFILE]);
    cargo.args(names.iter().flat_map(|name| ["--package", name]));
    say(&format!("compiling {} for {TARGET}", names.join(", ")));
    let status = cargo.status().context("cannot start cargo")?;
    ensure!(status.success(), "the programs do not compile: is the target there? `rustup target add {TARGET}` installs it");
    for name in names {
        let program = root().join("target").join(TARGET).join(PROFILE).join(format!("{name}.wasm"));
        fs::copy(&program, folder.join(format!("{name}.wasm"))).with_context(|| format!("cannot copy {}", program.display()))?;
    }
    Ok(())
}
