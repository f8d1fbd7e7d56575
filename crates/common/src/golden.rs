//! Golden files: what every printed number was when it was last accepted.

use crate::files::write_whole;
use anyhow::{Context, Result, ensure};
use std::{fmt, fs, path::Path};

/// The first line where a run differs from its golden file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Line number in the transcript, from 1.
    pub line: usize,
    /// What the golden file says; none past its end.
    pub expected: Option<String>,
    /// What the run printed; none past its end.
    pub found: Option<String>,
    /// How many lines differ in all.
    pub lines: usize,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |line: &Option<String>| line.as_ref().map_or_else(|| "the end".to_owned(), |line| format!("\"{line}\""));
        write!(f, "line {}: expected {}, found {}", self.line, show(&self.expected), show(&self.found))?;
        if self.lines > 1 { write!(f, " ({} lines differ)", self.lines) } else { Ok(()) }
    }
}

/// The text of a golden file, without the header that insta keeps above it; none if there is no such file.
///
/// # Errors
/// If the file is there but cannot be read, has no header, or has other line ends than it was written with.
pub fn read(path: &Path) -> Result<Option<String>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(
        !text.contains('\r'),
        "{} has lines that end with CR LF: git was told to convert them; check it out again with .gitattributes in place",
        path.display()
    );
    let body = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map(|(_, body)| body.to_owned());
    Ok(Some(body.with_context(|| format!("{} has no insta header", path.display()))?))
}

/// Compares what a run printed with its golden file; a missing file differs from line 1 on.
///
/// # Errors
/// If the file is there but cannot be read, or is not in insta's format.
pub fn difference(path: &Path, found: &str) -> Result<Option<Difference>> {
    Ok(compare(&read(path)?.unwrap_or_default(), found))
}

/// Accepts what a run printed as the new golden file, in insta's format.
///
/// # Errors
/// If the file or its folder cannot be written.
pub fn accept(path: &Path, description: &str, found: &str) -> Result<()> {
    let folder = path.parent().context("a golden file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    write_whole(
        path,
        format!("---\nsource: crates/common/testing/golden.rs\ndescription: {description}\n---\n{}\n", found.trim_end())
            .as_bytes(),
    )
}

/// Compares what a run printed with what it should have.
#[must_use]
pub fn compare(expected: &str, found: &str) -> Option<Difference> {
    let (expected, found): (Vec<&str>, Vec<&str>) = (expected.trim_end().lines().collect(), found.trim_end().lines().collect());
    let differing: Vec<usize> = (0..expected.len().max(found.len())).filter(|&i| expected.get(i) != found.get(i)).collect();
    let line = *differing.first()?;
    let owned = |lines: &[&str]| lines.get(line).map(|&text| text.to_owned());
    Some(Difference { line: line + 1, expected: owned(&expected), found: owned(&found), lines: differing.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_differing_line_is_named() {
        let difference = compare("a\nloss: 0.5\nc\n", "a\nloss: 0.6\nc\n").unwrap();
        assert_eq!(difference.to_string(), "line 2: expected \"loss: 0.5\", found \"loss: 0.6\"");
        assert_eq!(compare("a\n", "a\nb\n").unwrap().to_string(), "line 2: expected the end, found \"b\"");
        assert_eq!(compare("a\nb\n", "a\nb"), None);
    }

    #[test]
    fn converted_line_ends_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adam.snap");
        fs::write(&path, "---\r\nsource: a\r\n---\r\nloss\r\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("adam.snap has lines that end with CR LF: git was told"));
    }

    #[test]
    fn what_is_accepted_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/adam.snap");
        assert_eq!(read(&path).unwrap(), None);
        accept(&path, "7.3.3.2 · Adam", "loss: 1\n---\nend\n").unwrap();
        assert_eq!(difference(&path, "loss: 1\n---\nend\n").unwrap(), None);
    }
}
