//! Progress on a terminal.

use super::Lab;
use crate::{
    machine::Bar,
    train::{Journal, Progress},
};
use anyhow::Result;
use std::{
    fmt::Write as _,
    io::{self, IsTerminal},
};

impl Lab {
    /// Whether somebody watches: progress is for a terminal only.
    pub(super) fn shows_progress(&self) -> bool {
        self.settings.echo && io::stderr().is_terminal()
    }

    pub(super) fn clear_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.clear();
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
        let bar = self.bar.get_or_insert_with(|| Bar::new(n_steps, "steps"));
        bar.set_position(step);
        if step.is_multiple_of(20) {
            let accuracy = accuracy.map_or_else(String::new, |accuracy| format!("  accuracy {accuracy:.3}"));
            bar.set_message(format!("loss {loss:.4}{accuracy}"));
        }
        if step == n_steps {
            self.clear_bar();
        }
    }
}
