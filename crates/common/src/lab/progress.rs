//! Progress on a terminal.

use super::Lab;
use crate::train::{Journal, Progress};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal},
};

impl Lab {
    /// Whether somebody watches: progress is for a terminal only.
    pub(super) fn shows_progress(&self) -> bool {
        self.settings.echo && io::stderr().is_terminal()
    }

    pub(super) fn clear_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Journal for Lab {
    fn line(&mut self, line: &str) -> Result<()> {
        Ok(writeln!(self, "{line}")?)
    }

    fn progress(&mut self, Progress { step, n_steps, loss, accuracy }: Progress) {
        if !self.shows_progress() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| progress_bar(n_steps, "steps"));
        bar.set_position(step as u64);
        if step.is_multiple_of(20) {
            let accuracy = accuracy.map_or_else(String::new, |accuracy| format!("  accuracy {accuracy:.3}"));
            bar.set_message(format!("loss {loss:.4}{accuracy}"));
        }
        if step == n_steps {
            self.clear_bar();
        }
    }
}

/// A bar over so many `units` on the standard error.
pub(super) fn progress_bar(total: usize, units: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(&format!("{{wide_bar}} {{pos}}/{{len}} {units}  {{msg}}  {{speed}}  {{eta}} left"));
    let speed = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A bar that cannot be written is not missed.
        let _ = write!(out, "{:.0}/s", state.per_sec());
    };
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("speed", speed))
}
