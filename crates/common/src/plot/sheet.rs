//! Figures of several panels: what they hold, and where the panels stand.

use super::{Area, AxisSpec, Canvas, Entry, Frame, Lettering, PANEL_TITLE_HEIGHT, Svg, frame, legend, theme};
use anyhow::{Result, ensure};

/// A figure of one or several panels, each with axes of its own.
#[must_use]
#[derive(Debug, Clone)]
pub struct Figure<P> {
    pub(super) title: String,
    pub(super) panels: Vec<P>,
}

impl<P> Figure<P> {
    /// A figure without panels; the title may be empty.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), panels: Vec::new() }
    }

    /// Adds a panel to the right of the others; more than three go on in a second row.
    pub fn panel(mut self, panel: P) -> Self {
        self.panels.push(panel);
        self
    }

    /// The blank sheet with the places of the panels, row after row.
    pub(super) fn sheet(&self) -> Result<(Canvas, Vec<Vec<Area>>)> {
        let n_panels = self.panels.len();
        ensure!(n_panels > 0, "figure '{}' has no panels", self.title);
        // Four make a square.
        let n_columns = if n_panels == 4 { 2 } else { n_panels.min(3) };
        let row_height = [446.0, 380.0, 360.0][n_columns - 1];
        let n_rows = n_panels.div_ceil(n_columns);
        let (canvas, body) = Canvas::titled(&self.title, width(n_columns), 34.0 + row_height * n_rows as f64)?;
        let gap = 16.0;
        let height = (body.height() - gap * (n_rows as f64 - 1.0)) / n_rows as f64;
        let row = |row: usize| {
            let top = body.top + row as f64 * (height + gap);
            let mut columns = Area { top, bottom: top + height, ..body }.columns(n_columns, GAP);
            columns.truncate(n_panels - row * n_columns);
            columns
        };
        Ok((canvas, (0..n_rows).map(row).collect()))
    }

    /// Draws panels that need nothing of each other: below `title`, if any has one, and with their numbers.
    pub(super) fn draw(&self, title: impl Fn(&P) -> &str, draw: impl Fn(&P, &Canvas, Area, usize) -> Result<()>) -> Result<Svg> {
        let (canvas, places) = self.sheet()?;
        let titled = self.panels.iter().any(|panel| !title(panel).is_empty());
        for (i, (panel, place)) in self.panels.iter().zip(places.concat()).enumerate() {
            let top = place.top + if titled { PANEL_TITLE_HEIGHT } else { 0.0 };
            draw(panel, &canvas, Area { top, ..place }, i)?;
        }
        Ok(canvas.finish())
    }
}

/// Distance between panels beside each other.
const GAP: f64 = 26.0;

/// Width of a figure with so many panels beside each other. Text has the same size in all of them, so a
/// wide figure is kept as narrow as its panels allow: on a phone, all of it is scaled down.
fn width(n_columns: usize) -> f64 {
    match n_columns {
        1 => 760.0,
        2 => 920.0,
        _ => 1120.0,
    }
}

/// A sheet of the right size with its title and a legend strip, and a frame for each panel of a row: all of one size and with common
/// axes, on which a unit of x is as long as a unit of y.
pub(super) fn row(title: &str, titles: &[&str], entries: &[Entry], x: &AxisSpec, y: &AxisSpec) -> Result<(Canvas, Vec<Frame>)> {
    let n = titles.len();
    let tallest = if n == 1 { 560.0 } else { 460.0 };
    let (mut canvas, mut body) = Canvas::titled(title, width(n), 2000.0)?;
    // The frame's margins do not depend on its place, so they are measured first.
    let probe = Area { right: body.left + body.width() / n as f64, bottom: body.top + tallest, ..body };
    let frame = Frame::fit(&canvas, probe, x.clone(), y.clone())?;
    let before = frame.area.left - probe.left;
    let after = probe.right - frame.area.right;
    let gaps = GAP * (n as f64 - 1.0);
    let ratio = (y.hi - y.lo) / (x.hi - x.lo);
    let share = ((body.width() - before - after - gaps) / n as f64).min(tallest / ratio);
    // Very long shapes lose their proportions, or nothing would be seen of them.
    let (share, height) = (share.max(160.0), (share * ratio).max(120.0));
    let used = before + n as f64 * share + gaps + after;
    body.right = body.left + used.max(canvas.text_width(title, Lettering::TITLE)).max(300.0);
    body = legend::draw_strip(&canvas, entries, body)?;
    let untitled = titles.iter().all(|title| title.is_empty());
    let top = body.top + if untitled { 4.0 } else { PANEL_TITLE_HEIGHT };
    let frame = |i: usize| {
        let left = body.left + before + i as f64 * (share + GAP);
        let mut y = y.clone();
        if i > 0 {
            y.labelled = false;
            y.label.clear();
        }
        Frame::within(&canvas, Area { left, top, right: left + share, bottom: top + height }, x.clone(), y)
    };
    let frames = (0..n).map(frame).collect();
    canvas.resize(body.right + theme::MARGIN, top + height + frame::below(x) + theme::MARGIN);
    Ok((canvas, frames))
}
