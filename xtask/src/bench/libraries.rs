//! Python processes that time the same workloads in PyTorch and in JAX.

use anyhow::{Context, Result};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A library that trains the same networks.
#[derive(Debug)]
pub(crate) struct Library {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Its workloads, a Python program.
    program: &'static str,
}

/// The libraries that `bench` knows.
pub(crate) const LIBRARIES: [Library; 2] = [
    Library { name: "PyTorch", program: include_str!("with_pytorch.py") },
    Library { name: "JAX", program: include_str!("with_jax.py") },
];

/// A process: it is told the name of a workload a line, and answers with seconds.
pub(crate) struct Python {
    process: Child,
    names: Option<ChildStdin>,
    seconds: BufReader<ChildStdout>,
}

impl Python {
    /// Starts `python3`, or what the environment variable PYTHON names; nothing if there is none or it lacks the library.
    pub(crate) fn start(library: &Library, threads: usize, data: &Path) -> Option<Self> {
        let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        let mut command = Command::new(python);
        command.args(["-c", library.program, &threads.to_string()]).arg(data.join("mnist"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().ok()?;
        let (names, seconds) = (process.stdin.take(), BufReader::new(process.stdout.take()?));
        let mut python = Self { process, names, seconds };
        // It greets once the library is loaded.
        (python.answer().ok()?.trim() == "ready").then_some(python)
    }

    /// The time of one run of a workload; nothing if the program does not have it.
    pub(crate) fn seconds(&mut self, workload: &str) -> Result<Option<f64>> {
        writeln!(self.names.as_mut().context("a running process")?, "{workload}")?;
        let answer = self.answer()?;
        if answer.trim() == "none" {
            return Ok(None);
        }
        answer.trim().parse().map(Some).with_context(|| format!("the time of {workload}"))
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.seconds.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // At the end of its input it ends by itself.
        drop(self.names.take());
        let _ = self.process.wait();
    }
}
