//! A process that is watched: stopped when it takes too long or too much memory, and killed on request.

use anyhow::{Context, Result};
use std::{
    fs::{self, File},
    io::ErrorKind,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How much memory it may have, in kilobytes.
const MOST_MEMORY: u64 = 2_000_000;
/// How often it is looked after.
const GLANCE: Duration = Duration::from_millis(2);

/// How a process ended.
#[derive(Debug)]
pub(crate) struct End {
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) time: Duration,
    /// The most memory that it had, in kilobytes, where the system tells.
    pub(crate) memory: u64,
    /// The limit that it was stopped at.
    pub(crate) stopped_at: Option<&'static str>,
}

/// This very program with other arguments, its results and messages kept apart from ours.
pub(crate) fn chore(arguments: &[String]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("the path of this program")?);
    command.args(arguments).env("RUST_BACKTRACE", "0");
    Ok(command)
}

/// Runs a command to its end; what it prints passes through files in `folder`. With a `signal` it is sent that after a while.
///
/// # Errors
/// If it cannot be started, or what it printed cannot be read.
pub(crate) fn watch(command: &mut Command, folder: &Path, longest: Duration, signal: Option<(&str, Duration)>) -> Result<End> {
    let [out, err] = ["stdout", "stderr"].map(|name| folder.join(name));
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(File::create(&out).context("a file for what a process prints")?)
        .stderr(File::create(&err).context("a file for what a process prints")?)
        .spawn()
        .context("cannot start a process")?;
    let (mut signal, mut memory, mut stopped_at) = (signal, 0, None);
    let status = loop {
        if let Some(status) = child.try_wait().context("cannot wait for a process")? {
            break status;
        }
        memory = memory_of(&child).max(memory);
        if let Some((name, _)) = signal.take_if(|(_, after)| start.elapsed() >= *after) {
            send(&mut child, name)?;
        }
        let limit = [(start.elapsed() > longest, "time than it may"), (memory > MOST_MEMORY, "than 2 GB")];
        if let Some((_, limit)) = limit.into_iter().find(|(is_over, _)| *is_over) {
            stopped_at = Some(limit);
            // It may have ended just now.
            let _ = child.kill();
        }
        thread::sleep(GLANCE);
    };
    let text = |path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let (stdout, stderr) = (text(&out)?, text(&err)?);
    Ok(End { code: status.code(), stdout, stderr, time: start.elapsed(), memory, stopped_at })
}

/// Sends a signal; that the process has ended by now is no error.
fn send(child: &mut Child, signal: &str) -> Result<()> {
    if signal == "KILL" {
        return child.kill().or_else(|error| if error.kind() == ErrorKind::InvalidInput { Ok(()) } else { Err(error.into()) });
    }
    let mut kill = Command::new("kill");
    kill.args([&format!("-{signal}"), &child.id().to_string()]).stderr(Stdio::null());
    kill.status().context("signals are sent by the program `kill`, which is not there").map(|_| ())
}

/// The most memory that a process has had, in kilobytes; 0 where the system does not tell.
fn memory_of(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
