//! A sandbox that runs WebAssembly: a runtime on a command line, or a browser.

use std::time::Duration;

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

/// A bar that is not shown.
#[derive(Debug)]
pub(crate) struct Bar;

impl Bar {
    pub(crate) fn new(_: usize, _: &str) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "a bar elsewhere has a position")]
    pub(crate) fn set_position(&self, _: usize) {}

    #[expect(clippy::unused_self, reason = "a bar elsewhere has a message")]
    pub(crate) fn set_message(&self, _: String) {}

    #[expect(clippy::unused_self, reason = "a bar elsewhere has a position")]
    pub(crate) fn advance(&self) {}

    #[expect(clippy::unused_self, reason = "a bar elsewhere is in the way")]
    pub(crate) fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    #[expect(clippy::unused_self, reason = "a bar elsewhere is drawn")]
    pub(crate) fn clear(&self) {}
}

/// Bars that are not shown.
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
    pub(crate) fn clear(&self) {}
}
