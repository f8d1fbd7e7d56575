//! Files that are written whole or not at all, and read only if they are files.

use crate::machine::process_id;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Read, Write},
    path::Path,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// Shared by all who are writing a file; whoever has it alone knows that every file is whole.
static WRITING: RwLock<()> = RwLock::new(());

/// A folder for results, which no other run writes to while this value lives.
#[derive(Debug)]
pub struct Claimed {
    /// The folder, opened and locked; the lock goes with the process, however that ends. None where a folder cannot be locked.
    _lock: Option<File>,
}

/// Creates a folder for results, makes sure that it can be written to and that no other run does so, and removes what a run that
/// was killed has left half written.
///
/// # Errors
/// If it cannot be made or written to, or another run writes to it; the message says what to do.
pub fn claim(folder: &Path) -> Result<Claimed> {
    let cure = || format!("cannot write results to {}: choose another folder with --out", folder.display());
    fs::create_dir_all(folder).with_context(cure)?;
    let lock = lock(folder)?;
    if lock.is_some() {
        remove_unfinished(folder).with_context(cure)?;
    }
    let _writing = writing();
    let probe = folder.join(format!(".probe-{}", process_id()));
    fs::write(&probe, b"").with_context(cure)?;
    fs::remove_file(&probe).with_context(cure)?;
    Ok(Claimed { _lock: lock })
}

/// Locks a folder; nothing where folders cannot be locked.
///
/// # Errors
/// If another run has locked it.
fn lock(folder: &Path) -> Result<Option<File>> {
    let Some(file) = cfg!(unix).then(|| File::open(folder).ok()).flatten() else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => bail!(
            "another run is writing its results to {}: wait until it is over, or choose another folder with --out",
            folder.display()
        ),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Removes the files that nobody will finish.
fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(".probe-") || (name.starts_with('.') && name.ends_with(".partial")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Opens a file to read it.
///
/// # Errors
/// If it cannot be opened, or is a pipe or a device, which might be waited for without end.
pub fn open(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    // Of a folder the system says itself what it is.
    if !kind.is_file() && !kind.is_dir() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "expected a regular file, found a pipe, a socket or a device"));
    }
    File::open(path)
}

/// The bytes of a file.
///
/// # Errors
/// As [`open`], or if it cannot be read to its end.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file under a temporary name beside its own, then renames it: a reader, a full disk, an interruption or a power cut never
/// leaves half a file under its final name. The bytes are on the disk before the name is, and the name before this returns.
///
/// # Errors
/// If the folder is missing, full or cannot be written to.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let _writing = writing();
    let partial = path.with_file_name(format!(".{name}.{}.partial", process_id()));
    let written = write_synced(&partial, bytes).and_then(|()| fs::rename(&partial, path)).and_then(|()| sync_folder_of(path));
    written.or_else(|error| {
        // The partial file is of no use; that it may be gone already is no further error.
        let _ = fs::remove_file(&partial);
        Err(error).with_context(|| format!("cannot write {}", path.display()))
    })
}

/// Writes bytes and waits until they are on the disk.
fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Waits until the names in the folder of `path` are on the disk, where a folder can be opened.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|_| cfg!(unix)) else { return Ok(()) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

fn writing() -> RwLockReadGuard<'static, ()> {
    // The lock guards no value that a panic could have left broken.
    WRITING.read().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until no file is half written; none is begun while the guard lives. For the moment before the process ends.
pub fn stop_writing() -> RwLockWriteGuard<'static, ()> {
    WRITING.write().unwrap_or_else(PoisonError::into_inner)
}

/// The first 64 bits of the SHA-256 of `bytes`, in hexadecimal.
#[must_use]
pub fn short_sha256(bytes: &[u8]) -> String {
    let bits = Sha256::digest(bytes).iter().take(8).fold(0, |bits: u64, byte| bits << 8 | u64::from(*byte));
    format!("{bits:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_partial_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        write_whole(&folder.path().join("a.txt"), b"whole").unwrap();
        assert!(write_whole(&folder.path().join("missing/b.txt"), b"half").is_err());
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_might_be_waited_for_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), Path::new("/dev/zero")] {
            let error = read(path).unwrap_err().to_string();
            assert_eq!(error, "expected a regular file, found a pipe, a socket or a device");
        }
        let file = folder.path().join("file");
        write_whole(&file, b"bytes").unwrap();
        assert_eq!(read(&file).unwrap(), b"bytes");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named_with_the_cure() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        let error = claim(&file.join("results")).unwrap_err().to_string();
        assert!(error.contains("choose another folder with --out"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_belongs_to_one_run_until_that_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let first = claim(folder.path()).unwrap();
        let second = claim(folder.path()).unwrap_err().to_string();
        assert!(second.starts_with("another run is writing its results to "), "{second}");
        assert!(second.ends_with(": wait until it is over, or choose another folder with --out"), "{second}");
        drop(first);
        claim(folder.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_run_left_half_written_goes_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".loss.svg.1.partial", ".probe-1", "mine.partial", ".hidden"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        claim(folder.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".hidden", "mine.partial"]);
    }
}
