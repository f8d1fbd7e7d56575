//! Whether a platform can be had here, and getting what it needs.

use super::platforms::{Need, Platform};
use anyhow::{Context, Result, bail, ensure};
use std::{env, path::Path, process::Command};

/// Installs what a platform needs and is not there.
///
/// # Errors
/// If something cannot be had; the message says what, and how to get it.
pub(super) fn prepare(platform: &Platform) -> Result<()> {
    ensure!(
        cfg!(all(target_arch = "x86_64", target_os = "linux")) || !platform.is_slow(),
        "needs an x86-64 Linux to be emulated on"
    );
    for need in platform.needs {
        if !is_there(need.command) {
            install(*need)?;
        }
        check_version(*need)?;
    }
    platform.target.map_or(Ok(()), add_target)
}

/// Whether a command is on the path.
pub(super) fn is_there(command: &str) -> bool {
    let is_file = |folder: &Path| folder.join(command).is_file();
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| is_file(&folder)))
}

fn cure(Need { command, package, .. }: Need) -> String {
    format!("needs the command {command}: apt-get install {package}")
}

fn check_version(need: Need) -> Result<()> {
    let Need { command, package, version: Some(least) } = need else { return Ok(()) };
    let output = Command::new(command).arg("--version").output().with_context(|| cure(need))?;
    let found = major_version(&String::from_utf8_lossy(&output.stdout));
    ensure!(
        found.is_some_and(|found| found >= least),
        "needs {command} {least} or later, here is {}: install {package} from your system's backports",
        found.map_or_else(|| "one of unknown version".to_owned(), |found| found.to_string())
    );
    Ok(())
}

/// The first number of what a command says of its version.
fn major_version(said: &str) -> Option<u32> {
    said.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok())
}

fn install(need: Need) -> Result<()> {
    let Need { command, package, .. } = need;
    let cure = cure(need);
    ensure!(is_there("apt-get"), "{cure}");
    // A list that cannot be brought up to date may still do.
    let _ = Command::new("apt-get").args(["update", "-qq"]).status();
    let mut apt = Command::new("apt-get");
    apt.args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(package.split(' '))
        .env("DEBIAN_FRONTEND", "noninteractive");
    // What it says goes where diagnostics go.
    apt.stdout(std::io::stderr());
    let status = apt.status().with_context(|| cure.clone())?;
    ensure!(status.success() && is_there(command), "{cure} (tried, in vain)");
    Ok(())
}

/// Adds Rust's library for a target; where there is no rustup, it must have come with Rust.
fn add_target(target: &str) -> Result<()> {
    if has_library(target)? {
        return Ok(());
    }
    let cure = format!("needs Rust's library for {target}: rustup target add {target}");
    ensure!(is_there("rustup"), "{cure}");
    let status = Command::new("rustup").args(["target", "add", target]).status().with_context(|| cure.clone())?;
    if !status.success() {
        bail!("{cure} (tried, in vain)");
    }
    Ok(())
}

fn has_library(target: &str) -> Result<bool> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(rustc).args(["--print", "target-libdir", "--target", target]).output().context("cannot start rustc")?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(output.status.success() && Path::new(&folder).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_named_with_the_cure() {
        let missing = Need { command: "qemu-vax", package: "qemu-user", version: None };
        assert_eq!(cure(missing), "needs the command qemu-vax: apt-get install qemu-user");
    }

    #[test]
    fn an_old_version_is_told_from_a_new_one() {
        assert_eq!(major_version("qemu-s390x version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\n"), Some(7));
        assert_eq!(major_version("no number"), None);
        let too_new = Need { command: "cargo", package: "cargo", version: Some(1000) };
        let error = check_version(too_new).unwrap_err().to_string();
        assert!(error.starts_with("needs cargo 1000 or later, here is 1:"), "{error}");
        assert!(check_version(Need { version: Some(1), ..too_new }).is_ok());
    }

    #[test]
    fn commands_are_found_on_the_path() {
        assert!(is_there("cargo") && !is_there("no-such-command"));
    }
}
