//! A machine with an operating system.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Whether threads can be started.
pub(crate) const HAS_THREADS: bool = true;

/// Has `handler` called on Ctrl-C, and when the process is asked to end.
pub(crate) fn on_interruption(handler: impl FnMut() + Send + 'static) {
    // Without the handler a run could still be stopped; it would only not say so.
    let _ = ctrlc::set_handler(handler);
}

/// A number that no other process has now.
pub(crate) fn process_id() -> u32 {
    std::process::id()
}

/// Measures the time since its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start; none where there is no clock.
    #[expect(clippy::unnecessary_wraps, reason = "not every machine has a clock")]
    pub(crate) fn elapsed(self) -> Option<Duration> {
        Some(self.0.elapsed())
    }
}

/// A bar on the standard error.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar over so many `units`.
    pub(crate) fn new(total: usize, units: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template(&format!("{{wide_bar}} {{pos}}/{{len}} {units}  {{msg}}  {{speed}}  {{eta}} left"));
        let speed = |state: &ProgressState, out: &mut dyn fmt::Write| {
            // A bar that cannot be written is not missed.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        };
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("speed", speed)))
    }

    pub(crate) fn set_position(&self, position: usize) {
        self.0.set_position(position as u64);
    }

    pub(crate) fn set_message(&self, message: String) {
        self.0.set_message(message);
    }

    pub(crate) fn advance(&self) {
        self.0.inc(1);
    }

    /// Does `work` while the bar is out of the way of what it prints.
    pub(crate) fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.suspend(work)
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// Bars one above the other.
#[derive(Debug)]
pub(crate) struct Bars(MultiProgress);

impl Bars {
    pub(crate) fn new() -> Self {
        Self(MultiProgress::new())
    }

    /// The bar, below those that are there.
    pub(crate) fn add(&self, bar: Bar) -> Bar {
        Bar(self.0.add(bar.0))
    }

    pub(crate) fn clear(&self) {
        // Bars that cannot be cleared are not missed.
        let _ = self.0.clear();
    }
}
