//! Runs a real binary in a folder of its own and checks how it ends. Included by the tests that give binaries bad input.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it; a file that cannot be made fails the test")]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// Exit code of wrong usage.
pub(crate) const USAGE: i32 = 2;
/// Exit code of what goes wrong later.
pub(crate) const FAILURE: i32 = 1;

/// An empty folder to run binaries in; it goes when the value does.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The binary in this folder. A backtrace would be shown if there were one.
    pub(crate) fn command(&self, binary: &str) -> Command {
        let mut command = Command::new(binary);
        command.current_dir(self.folder.path()).stdin(Stdio::null()).env("RUST_BACKTRACE", "1");
        command
    }

    /// Runs the binary with results in `results`.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, binary: &str, flags: &[S]) -> End {
        End::of(&self.command(binary).args(flags).args(["--out", "results"]).output().unwrap())
    }

    /// Every file below a folder, by its path from there.
    pub(crate) fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(name), "", &mut files);
        files
    }

    /// The names of the files below `results`.
    pub(crate) fn results(&self) -> Vec<String> {
        self.files("results").into_keys().collect()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// How a binary ended.
#[derive(Debug)]
pub(crate) struct End {
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl End {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// It did what it was asked for, and complained of nothing.
    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Self {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self
    }

    /// It ended with this code and one message, which holds each of `parts`.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, parts: &[&str]) -> &Self {
        let Self { code: found, stderr, .. } = self;
        assert_eq!(*found, Some(code), "{stderr}");
        assert!(stderr.starts_with("error: "), "{stderr}");
        // The parser of the command line adds a hint and how to get help.
        assert!(code == USAGE || stderr.lines().count() == 1, "more than one line: {stderr}");
        for trace in ["panicked", "backtrace", "Error {"] {
            assert!(!stderr.contains(trace), "{stderr}");
        }
        for part in parts {
            assert!(stderr.contains(part), "expected \"{part}\", found: {stderr}");
        }
        self
    }

    /// It printed nothing.
    #[track_caller]
    pub(crate) fn silent(&self) -> &Self {
        assert_eq!(self.stdout, "", "expected nothing on the standard output");
        self
    }
}
