//! A Python process that times the same workloads in PyTorch.

use anyhow::{Context, Result};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// The process: it is told the name of a workload a line, and answers with seconds.
pub(crate) struct Torch {
    process: Child,
    names: Option<ChildStdin>,
    seconds: BufReader<ChildStdout>,
}

impl Torch {
    /// Starts `python3`, or what the environment variable PYTHON names; nothing if there is none or it has no torch.
    pub(crate) fn start(threads: usize, data: &Path) -> Option<Self> {
        let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        let mut command = Command::new(python);
        command.args(["-c", include_str!("workloads.py"), &threads.to_string()]).arg(data.join("mnist"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().ok()?;
        let (names, seconds) = (process.stdin.take(), BufReader::new(process.stdout.take()?));
        let mut torch = Self { process, names, seconds };
        // It greets once torch is loaded.
        (torch.answer().ok()?.trim() == "ready").then_some(torch)
    }

    /// The time of one run of a workload.
    pub(crate) fn seconds(&mut self, workload: &str) -> Result<f64> {
        writeln!(self.names.as_mut().context("a running process")?, "{workload}")?;
        self.answer()?.trim().parse().with_context(|| format!("PyTorch's time of {workload}"))
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.seconds.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        // At the end of its input it ends by itself.
        drop(self.names.take());
        let _ = self.process.wait();
    }
}
