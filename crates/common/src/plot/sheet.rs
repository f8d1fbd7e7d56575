//! Figures of several panels: what they hold, and where the panels stand.

use super::{Area, AxisSpec, Canvas, Entry, Frame, PANEL_TITLE_HEIGHT, Svg, frame, legend, theme};
use crate::language::Language;
use anyhow::{Result, ensure};

/// A figure of one or several panels, each with axes of its own.
#[must_use]
#[derive(Debug, Clone)]
pub struct Figure<P> {
    pub(super) title: String,
    pub(super) panels: Vec<P>,
    /// Whether panels with the same label of the y axis show the same values there.
    pub(super) same_y: bool,
}

impl<P> Figure<P> {
    /// A figure without panels; the title may be empty.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), panels: Vec::new(), same_y: false }
    }

    /// Adds a panel below the others; more than three stand in rows of two.
    pub fn panel(mut self, panel: P) -> Self {
        self.panels.push(panel);
        self
    }

    /// The blank sheet with the places of the panels, row after row.
    pub(super) fn sheet(&self, language: Language) -> Result<(Canvas, Vec<Vec<Area>>)> {
        let n_panels = self.panels.len();
        ensure!(n_panels > 0, "figure '{}' has no panels", self.title);
        let n_columns = if n_panels > 3 { 2 } else { 1 };
        let height = if n_panels == 1 { 380.0 } else { 260.0 };
        let (mut canvas, body) = Canvas::titled(&self.title, language)?;
        let row = |row: usize| {
            let top = body.top + row as f64 * (height + ROW_GAP);
            let mut columns = Area { top, bottom: top + height, ..body }.columns(n_columns, GAP);
            columns.truncate(n_panels - row * n_columns);
            columns
        };
        let rows: Vec<Vec<Area>> = (0..n_panels.div_ceil(n_columns)).map(row).collect();
        let bottom = rows.last().map_or(body.top, |row| row[0].bottom);
        canvas.resize(theme::WIDTH, bottom + theme::MARGIN);
        Ok((canvas, rows))
    }

    /// Draws panels that need nothing of each other: below `title`, if any has one, and with their numbers.
    pub(super) fn draw(&self, title: impl Fn(&P) -> &str, draw: impl Fn(&P, &Canvas, Area, usize) -> Result<()>) -> Result<Svg> {
        Svg::in_each_language(|language| {
            let (canvas, places) = self.sheet(language)?;
            let titled = self.panels.iter().any(|panel| !title(panel).is_empty());
            for (i, (panel, place)) in self.panels.iter().zip(places.concat()).enumerate() {
                let top = place.top + if titled { PANEL_TITLE_HEIGHT } else { 0.0 };
                draw(panel, &canvas, Area { top, ..place }, i)?;
            }
            Ok(canvas.finish())
        })
    }
}

/// Distance between panels beside each other, and between rows of them.
const GAP: f64 = 26.0;
const ROW_GAP: f64 = 16.0;
/// A titled sheet, made the right size, with a legend strip, and a frame for each title, two in a row: all of one size and with
/// common axes, on which a unit of x is as long as a unit of y.
pub(super) fn frames(
    (mut canvas, mut body): (Canvas, Area),
    titles: &[&str],
    entries: &[Entry],
    x: &AxisSpec,
    y: &AxisSpec,
) -> Result<(Canvas, Vec<Frame>)> {
    let n_columns = titles.len().min(2);
    // The frame's margins do not depend on its place, so they are measured first.
    let probe = Area { right: body.left + body.width() / n_columns as f64, bottom: body.top + TALLEST, ..body };
    let frame = Frame::fit(&canvas, probe, x.clone(), y.clone())?;
    let before = frame.area.left - probe.left;
    let after = probe.right - frame.area.right;
    let gaps = GAP * (n_columns as f64 - 1.0);
    let ratio = (y.hi - y.lo) / (x.hi - x.lo);
    let share = ((body.width() - before - after - gaps) / n_columns as f64).min(TALLEST / ratio);
    // Very long shapes lose their proportions, or nothing would be seen of them.
    let (share, height) = (share.max(160.0), (share * ratio).max(120.0));
    let used = before + n_columns as f64 * share + gaps + after;
    body.right = body.right.min(body.left + used.max(canvas.title_width()).max(300.0));
    body = legend::draw_strip(&canvas, entries, body)?;
    let untitled = titles.iter().all(|title| title.is_empty());
    let above = if untitled { 4.0 } else { PANEL_TITLE_HEIGHT };
    let row_height = above + height + frame::below(x);
    let frame = |i: usize| {
        let (row, column) = (i / n_columns, i % n_columns);
        let left = body.left + before + column as f64 * (share + GAP);
        let top = body.top + row as f64 * (row_height + ROW_GAP) + above;
        let mut y = y.clone();
        if column > 0 {
            y.labelled = false;
            y.label.clear();
        }
        Frame::within(&canvas, Area { left, top, right: left + share, bottom: top + height }, x.clone(), y)
    };
    let frames = (0..titles.len()).map(frame).collect();
    let n_rows = titles.len().div_ceil(n_columns) as f64;
    let bottom = body.top + n_rows * (row_height + ROW_GAP) - ROW_GAP;
    canvas.resize(body.right + theme::MARGIN, bottom + theme::MARGIN);
    Ok((canvas, frames))
}

/// The tallest of such frames.
const TALLEST: f64 = 430.0;
