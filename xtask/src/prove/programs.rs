//! Building for a platform, and starting what was built there.

use super::platforms::{Platform, Runner};
use crate::root;
use anyhow::{Context, Result, ensure};
use serde_json::Value as Json;
use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The chapters' programs.
const CHAPTERS: &[&str] = &["ch4-feedforward", "iris", "mnist-mlp", "ch7-optimization"];
/// The test programs that hold the kernels to their bits, with the tests of each that do: those in `common` itself, and three files.
pub(super) const KERNEL_TESTS: &[(&str, &str)] =
    &[("common", "kernels::"), ("kernels", ""), ("normalization", ""), ("any_shape", "")];

/// How `common` is built.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Build<'a> {
    /// A feature of `common`, such as one with a fault.
    pub(super) feature: Option<&'a str>,
    /// Where to, if not where cargo builds.
    pub(super) folder: Option<&'a Path>,
}

/// What was built for a platform, by name.
#[derive(Debug)]
pub(super) struct Programs {
    chapters: BTreeMap<String, PathBuf>,
    tests: BTreeMap<String, PathBuf>,
    runner: Runner,
}

impl Programs {
    /// Builds the chapters' programs and the kernels' tests.
    pub(super) fn build(platform: &Platform, build: Build) -> Result<Self> {
        let packages = CHAPTERS.iter().flat_map(|name| ["--package", name]);
        let mut chapters = cargo(platform, build, "build");
        let chapters = built(chapters.args(packages).arg("--bins"))?;
        let mut tests = cargo(platform, build, "test");
        tests.args(["--no-run", "--package", "common", "--lib"]);
        tests.args(KERNEL_TESTS.iter().skip(1).flat_map(|(name, _)| ["--test", name]));
        let tests = built(&mut tests)?;
        let programs = Self { chapters, tests, runner: platform.runner };
        if platform.runner == Runner::Wine {
            programs.put_stub_beside()?;
        }
        Ok(programs)
    }

    /// A run of a chapter's section, with results in `out`.
    pub(super) fn section(&self, (chapter, section): (&str, &str), flags: &[&str], out: &Path) -> Result<Command> {
        let program = self.chapters.get(chapter).with_context(|| format!("cargo built no {chapter}"))?;
        let mut command = self.start(program);
        command.arg(section).args(flags).arg("--quiet");
        command.arg("--out").arg(self.path(out)).arg("--data-dir").arg(self.path(&root().join("data")));
        Ok(command)
    }

    /// A run of the tests of a test program whose names begin with `filter`.
    pub(super) fn test(&self, name: &str, filter: &str) -> Result<Command> {
        let program = self.tests.get(name).with_context(|| format!("cargo built no test {name}"))?;
        let mut command = self.start(program);
        command.args(Some(filter).filter(|filter| !filter.is_empty()));
        if !matches!(self.runner, Runner::Native(_)) {
            // Fewer random cases: an emulator takes a second for what a processor does in twenty milliseconds.
            command.env("PROPTEST_CASES", "4");
        }
        command.current_dir(root().join("crates/common")).env("CARGO_MANIFEST_DIR", root().join("crates/common"));
        // What fails here fails on purpose, or on this platform: the sources keep no record of it.
        command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
        Ok(command)
    }

    fn start(&self, program: &Path) -> Command {
        let words: Vec<OsString> = match self.runner {
            Runner::Native(_) => Vec::new(),
            Runner::Command(words) => words.iter().map(OsString::from).collect(),
            Runner::Node => {
                // While a program's memory grows, node 20 can fail in marking what is in use bit by bit.
                vec![
                    "node".into(),
                    "--no-warnings".into(),
                    "--no-incremental-marking".into(),
                    root().join("xtask/src/prove/wasi.mjs").into(),
                ]
            }
            Runner::Wine => vec!["wine".into()],
        };
        let mut words = words.into_iter().chain([program.as_os_str().to_owned()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).stdin(Stdio::null());
        match self.runner {
            Runner::Native(threads) => command.env("RAYON_NUM_THREADS", threads.to_string()),
            // An emulated machine has as many threads as this one, but at least two.
            Runner::Command(_) | Runner::Node => command.env("RAYON_NUM_THREADS", "2"),
            Runner::Wine => command.envs([("WINEDEBUG", "-all"), ("RAYON_NUM_THREADS", "2")]),
        };
        command
    }

    /// A path as the platform writes it: under wine the files of this machine are on drive Z.
    fn path(&self, path: &Path) -> OsString {
        let drive = if self.runner == Runner::Wine { "Z:" } else { "" };
        let mut text = OsString::from(drive);
        text.push(path);
        text
    }

    /// Puts the library that older wines lack beside each program.
    fn put_stub_beside(&self) -> Result<()> {
        for program in self.chapters.values().chain(self.tests.values()) {
            let stub = program.with_file_name("bcryptprimitives.dll");
            if !stub.exists() {
                let source = root().join("xtask/src/prove/bcryptprimitives.c");
                let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
                let status = compiler.arg("-shared").arg("-o").arg(&stub).arg(source).status();
                ensure!(status.context("cannot start x86_64-w64-mingw32-gcc")?.success(), "cannot make {}", stub.display());
            }
        }
        Ok(())
    }
}

/// cargo, asked to `build` for a platform.
fn cargo(platform: &Platform, build: Build, chore: &str) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg(chore).args(["--locked", "--message-format", "json-render-diagnostics"]).current_dir(root());
    match platform.target {
        // With this program among what is asked for, cargo chooses features as for the workspace, and takes what was built for that.
        None => cargo.args(["--package", "xtask"]),
        Some(target) => cargo.args(["--target", target]),
    };
    if let Some(target) = platform.target {
        let name = format!("CARGO_TARGET_{}", target.to_uppercase().replace('-', "_"));
        if let Some(linker) = platform.linker {
            cargo.env(format!("{name}_LINKER"), linker);
            // So that nothing of that system is needed to run it.
            cargo.env(format!("{name}_RUSTFLAGS"), "-C target-feature=+crt-static");
        }
    }
    if let Some(feature) = build.feature {
        cargo.args(["--features", &format!("common/{feature}")]);
    }
    if let Some(folder) = build.folder {
        cargo.arg("--target-dir").arg(folder);
    }
    cargo
}

/// What cargo built, by the name of its target.
fn built(cargo: &mut Command) -> Result<BTreeMap<String, PathBuf>> {
    let output = cargo.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo could not build it");
    Ok(executables(&String::from_utf8_lossy(&output.stdout)))
}

/// The executables that cargo's messages name.
fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let executable = |message: Json| {
        let name = message["target"]["name"].as_str()?.to_owned();
        Some((name, PathBuf::from(message["executable"].as_str()?)))
    };
    artifacts.filter_map(executable).collect()
}

/// The folder, empty.
pub(super) fn emptied(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_read_from_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"libm"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"iris"},"executable":"/target/debug/iris"}
no JSON
{"reason":"build-finished","success":true}"#;
        assert_eq!(executables(messages), BTreeMap::from([("iris".to_owned(), PathBuf::from("/target/debug/iris"))]));
    }
}
