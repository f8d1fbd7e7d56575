//! A sandbox that runs WebAssembly: a runtime on a command line, or a browser.

use std::{
    io::{self, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Whether threads can be started.
pub(crate) const HAS_THREADS: bool = false;

/// Nothing interrupts a run: the sandbox ends it, or not.
pub(crate) fn on_interruption(_: impl FnMut() + Send + 'static) {}

/// There is no other process.
pub(crate) fn process_id() -> u32 {
    0
}

/// Measures nothing: not every sandbox has a clock, and asking for the time where there is none is a panic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch;

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self
    }

    /// The time since the start; none where there is no clock.
    pub(crate) fn elapsed(self) -> Option<Duration> {
        None
    }
}

/// How far a run is, in a line on the standard error that is written anew at every hundredth of the way.
#[derive(Debug)]
pub(crate) struct Bar {
    total: usize,
    units: String,
    position: AtomicUsize,
    message: Mutex<String>,
}

/// Goes back to the beginning of a terminal's line and empties it.
const NEW_LINE: &str = "\r\x1b[2K";

impl Bar {
    pub(crate) fn new(total: usize, units: &str) -> Self {
        Self { total, units: units.to_owned(), position: AtomicUsize::new(0), message: Mutex::default() }
    }

    pub(crate) fn set_position(&self, position: usize) {
        self.moved(self.position.swap(position, Ordering::Relaxed), position);
    }

    pub(crate) fn set_message(&self, message: String) {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner) = message;
    }

    pub(crate) fn advance(&self) {
        let before = self.position.fetch_add(1, Ordering::Relaxed);
        self.moved(before, before + 1);
    }

    pub(crate) fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.clear();
        work()
    }

    #[expect(clippy::unused_self, reason = "a bar elsewhere is drawn")]
    pub(crate) fn clear(&self) {
        write(NEW_LINE);
    }

    fn moved(&self, before: usize, position: usize) {
        let hundredth = |position: usize| 100 * position as u64 / self.total.max(1) as u64;
        if hundredth(before) != hundredth(position) {
            let message = self.message.lock().unwrap_or_else(PoisonError::into_inner);
            write(&format!("{NEW_LINE}{position}/{} {}  {message}", self.total, self.units));
        }
    }
}

/// Writes all at once: who reads the standard error gets whole lines.
fn write(text: &str) {
    // Progress that cannot be shown is not missed.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Bars that share a line: the variants run one after the other.
#[derive(Debug)]
pub(crate) struct Bars;

impl Bars {
    pub(crate) fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "bars elsewhere have their places")]
    pub(crate) fn add(&self, bar: Bar) -> Bar {
        bar
    }

    #[expect(clippy::unused_self, reason = "bars elsewhere are drawn")]
    pub(crate) fn clear(&self) {
        write(NEW_LINE);
    }
}
