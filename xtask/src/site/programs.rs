//! The programs of the chapters, compiled for the browser.

use crate::{chapters, root, say};
use anyhow::{Context, Result, ensure};
use std::{fs, path::Path, process::Command};

/// The target, and the profile of `Cargo.toml` that makes small programs.
const TARGET: &str = "wasm32-wasip1";
const PROFILE: &str = "web";

/// Compiles the programs into the site's folder, if the target is installed.
///
/// # Errors
/// If a program does not compile.
pub(super) fn build(site: &Path) -> Result<()> {
    if !is_installed()? {
        say(&format!("the pages will not run their sections: for that, `rustup target add {TARGET}`, then `cargo xtask site`"));
        return Ok(());
    }
    let folder = site.join("wasm");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let names: Vec<&str> = chapters().iter().map(|chapter| chapter.name).collect();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--locked", "--target", TARGET, "--profile", PROFILE]);
    cargo.args(names.iter().flat_map(|name| ["--package", name]));
    say(&format!("compiling {} for {TARGET}", names.join(", ")));
    let status = cargo.status().context("cannot start cargo")?;
    ensure!(status.success(), "the programs do not compile for {TARGET}");
    for name in names {
        let program = root().join("target").join(TARGET).join(PROFILE).join(format!("{name}.wasm"));
        fs::copy(&program, folder.join(format!("{name}.wasm"))).with_context(|| format!("cannot copy {}", program.display()))?;
    }
    Ok(())
}

/// Whether the compiler has the target's libraries.
fn is_installed() -> Result<bool> {
    let asked =
        Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output().context("cannot start rustc")?;
    Ok(Path::new(String::from_utf8_lossy(&asked.stdout).trim()).is_dir())
}
