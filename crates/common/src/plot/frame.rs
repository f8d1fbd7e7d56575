//! The plotting area of a panel: maps data to pixels, and draws grid, ticks and labels around it.

use super::{Area, AxisSpec, Canvas, HPos, Lettering, Point, Scale, Stroke, Tick, VPos, theme};
use anyhow::{Result, ensure};

/// A panel's plotting area with its two axes.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) area: Area,
    pub(super) x: AxisSpec,
    pub(super) y: AxisSpec,
    /// Labelled ticks and minor positions.
    pub(super) x_ticks: (Vec<Tick>, Vec<f64>),
    pub(super) y_ticks: (Vec<Tick>, Vec<f64>),
}

/// Distance from the frame to tick labels.
const TICK_GAP: f64 = 8.0;
/// Height of a line of tick labels with the gap above it.
const TICK_LINE: f64 = TICK_GAP + Lettering::TICK.size * 0.73 + 2.0;
/// Room for an axis label with the gap before it.
const LABEL_LINE: f64 = 27.0;
/// Height of a panel's title.
pub(super) const PANEL_TITLE_HEIGHT: f64 = 28.0;

impl Frame {
    /// Finds the largest frame whose labels fit into `outer`.
    pub(super) fn fit(canvas: &Canvas, outer: Area, x: AxisSpec, y: AxisSpec) -> Result<Self> {
        let mut area = outer;
        area.bottom -= below(&x);
        area.top += 6.0;
        let y_ticks = y.ticks(n_y_ticks(area));
        area.left += if y.label.is_empty() { 0.0 } else { LABEL_LINE };
        if y.labelled {
            area.left += widest(canvas, &y_ticks.0) + TICK_GAP;
        }
        area.right -= 4.0;
        // Room for the outer half of the last x label.
        for tick in &x.ticks(n_x_ticks(area)).0 {
            let width = if x.labelled { canvas.text_width(&tick.label, Lettering::TICK) } else { 0.0 };
            let beyond = width / 2.0 - (1.0 - x.share(tick.at)) * area.width();
            area.right = area.right.min(outer.right - beyond);
        }
        ensure!(area.width() > 10.0 && area.height() > 10.0, "a panel is too small for its labels");
        Ok(Self::within(canvas, area, x, y))
    }

    /// A frame that is exactly `area`, with as many x ticks as stand apart.
    pub(super) fn within(canvas: &Canvas, area: Area, x: AxisSpec, y: AxisSpec) -> Self {
        let y_ticks = y.ticks(n_y_ticks(area));
        let mut target = n_x_ticks(area);
        loop {
            let mut x_ticks = x.ticks(target);
            let widths: Vec<f64> = x_ticks.0.iter().map(|tick| canvas.text_width(&tick.label, Lettering::TICK)).collect();
            let apart = (1..widths.len()).all(|i| {
                let distance = x.share(x_ticks.0[i].at) - x.share(x_ticks.0[i - 1].at);
                distance * area.width() > f64::midpoint(widths[i], widths[i - 1]) + 10.0
            });
            let named = matches!(x.scale, Scale::Named(_));
            if named && x.labelled && !apart {
                let slot = area.width() / (x.hi - x.lo);
                x_ticks.0.iter_mut().for_each(|tick| shorten(canvas, &mut tick.label, slot - 8.0));
            }
            if apart || named || target <= 2 || !x.labelled {
                return Self { area, x, y, x_ticks, y_ticks };
            }
            target -= 1;
        }
    }

    /// A frame that fills `area`; its labels are drawn inside it.
    pub(super) fn bare(area: Area, x: AxisSpec, y: AxisSpec) -> Self {
        let x_ticks = x.ticks(n_x_ticks(area));
        let y_ticks = y.ticks(n_y_ticks(area));
        Self { area, x, y, x_ticks, y_ticks }
    }

    /// Where a pair of values stands; `None` if one is not finite, or not positive on a log axis.
    pub(super) fn map(&self, x: f64, y: f64) -> Option<Point> {
        let (x, y) = (self.x.coordinate(x)?, self.y.coordinate(y)?);
        Some((self.x_at(x), self.y_at(y)))
    }

    pub(super) fn x_at(&self, coordinate: f64) -> f64 {
        self.area.left + self.x.share(coordinate) * self.area.width()
    }

    pub(super) fn y_at(&self, coordinate: f64) -> f64 {
        self.area.bottom - self.y.share(coordinate) * self.area.height()
    }

    /// Draws the grid, which everything else covers.
    pub(super) fn draw_grid(&self, canvas: &Canvas, vertical: bool) -> Result<()> {
        let grid = Stroke::solid(theme::GRID, 1.0);
        let Area { left, right, top, bottom } = self.area;
        for tick in &self.y_ticks.0 {
            let y = self.y_at(tick.at);
            canvas.line(&[(left, y), (right, y)], grid)?;
        }
        if vertical {
            for tick in &self.x_ticks.0 {
                let x = self.x_at(tick.at);
                canvas.line(&[(x, top), (x, bottom)], grid)?;
            }
        }
        Ok(())
    }

    /// Draws the frame (all round if `boxed`, else left and below), ticks and labels.
    pub(super) fn draw_axes(&self, canvas: &Canvas, boxed: bool) -> Result<()> {
        let line = Stroke::solid(theme::FRAME, 1.2);
        let Area { left, right, top, bottom } = self.area;
        if boxed {
            canvas.rect(self.area, None, Some(line))?;
        } else {
            canvas.line(&[(left, top), (left, bottom), (right, bottom)], line)?;
        }
        if !matches!(self.x.scale, Scale::Named(_)) {
            let major = self.x_ticks.0.iter().map(|tick| (tick.at, 5.0));
            let minor = self.x_ticks.1.iter().map(|&at| (at, 3.0));
            for (at, length) in major.chain(minor) {
                let x = self.x_at(at);
                canvas.line(&[(x, bottom), (x, bottom + length)], line)?;
            }
        }
        let major = self.y_ticks.0.iter().map(|tick| (tick.at, 5.0));
        let minor = self.y_ticks.1.iter().map(|&at| (at, 3.0));
        for (at, length) in minor.chain(major) {
            let y = self.y_at(at);
            canvas.line(&[(left - length, y), (left, y)], line)?;
        }
        if let Scale::Log { floor, zero: Some(zero) } = self.y.scale {
            self.draw_break(canvas, f64::midpoint(floor, zero))?;
        }
        self.draw_labels(canvas)
    }

    /// Interrupts the y axis where it leaves the logarithmic scale for its line of zeros.
    fn draw_break(&self, canvas: &Canvas, coordinate: f64) -> Result<()> {
        let (x, y) = (self.area.left, self.y_at(coordinate));
        canvas.line(&[(x, y - 3.0), (x, y + 3.0)], Stroke::solid(theme::WHITE, 3.0))?;
        for shift in [-3.0, 3.0] {
            let slash = [(x - 6.0, y + shift + 3.0), (x + 6.0, y + shift - 3.0)];
            canvas.line(&slash, Stroke::solid(theme::FRAME, 1.2))?;
        }
        Ok(())
    }

    fn draw_labels(&self, canvas: &Canvas) -> Result<()> {
        let Area { left, bottom, .. } = self.area;
        let mut before = 0.0;
        if self.y.labelled {
            for tick in &self.y_ticks.0 {
                let at = (left - TICK_GAP, self.y_at(tick.at));
                canvas.text(&tick.label, at, Lettering::TICK.at(HPos::Right, VPos::Center))?;
            }
            before = widest(canvas, &self.y_ticks.0) + TICK_GAP;
        }
        if self.x.labelled {
            for tick in &self.x_ticks.0 {
                let at = (self.x_at(tick.at), bottom + TICK_GAP);
                canvas.text(&tick.label, at, Lettering::TICK.at(HPos::Center, VPos::Top))?;
            }
        }
        let (center_x, center_y) = self.area.center();
        let label_top = bottom + if self.x.labelled { TICK_LINE } else { 0.0 } + 10.0;
        canvas.text(&self.x.label, (center_x, label_top), Lettering::LABEL.at(HPos::Center, VPos::Top))?;
        let label_x = left - before - 10.0;
        canvas.text(&self.y.label, (label_x, center_y), Lettering::LABEL.at(HPos::Center, VPos::Bottom).upwards())
    }

    /// Writes a panel's title above the frame, `raise` pixels above where it would stand alone.
    pub(super) fn draw_title(&self, canvas: &Canvas, title: &str, raise: f64) -> Result<()> {
        let at = (self.area.left, self.area.top - 11.0 - raise);
        canvas.text(title, at, Lettering::PANEL_TITLE.at(HPos::Left, VPos::Bottom))
    }
}

fn widest(canvas: &Canvas, ticks: &[Tick]) -> f64 {
    canvas.widest(ticks.iter().map(|tick| &tick.label), Lettering::TICK)
}

/// Cuts a label to a width in pixels, with an ellipsis in place of what is cut off.
fn shorten(canvas: &Canvas, label: &mut String, width: f64) {
    let mut kept = label.clone();
    while canvas.text_width(label, Lettering::TICK) > width && kept.pop().is_some() {
        *label = format!("{}…", kept.trim_end());
    }
}

fn n_x_ticks(area: Area) -> usize {
    ((area.width() / 70.0) as usize).clamp(3, 10)
}

fn n_y_ticks(area: Area) -> usize {
    ((area.height() / 52.0) as usize).clamp(3, 10)
}

/// Height that an x axis takes below its frame.
pub(super) fn below(x: &AxisSpec) -> f64 {
    let labels = if x.labelled { TICK_LINE } else { 0.0 };
    labels + if x.label.is_empty() { 0.0 } else { LABEL_LINE }
}
