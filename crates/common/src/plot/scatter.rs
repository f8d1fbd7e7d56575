//! Points in the plane, by class, over one or several panels with common axes.

use super::{Area, AxisSpec, Canvas, Color, Entry, Frame, Key, Marker, PANEL_TITLE_HEIGHT, Svg, frame, legend, sheet, theme};
use anyhow::{Result, ensure};

/// A figure of points, one or several panels that share their axes.
#[derive(Debug, Clone, Default)]
pub struct Scatter {
    /// Title over the whole figure; may be empty.
    pub title: String,
    /// Label below the x axes.
    pub x_label: String,
    /// Label beside the first y axis.
    pub y_label: String,
    /// The panels, from left to right.
    pub panels: Vec<ScatterPanel>,
    /// Let a unit have its own length on each axis; off, circles stay circles.
    pub free_aspect: bool,
}

/// One panel of points.
#[derive(Debug, Clone, Default)]
pub struct ScatterPanel {
    /// Title over the panel; may be empty.
    pub title: String,
    /// The groups, in drawing order.
    pub groups: Vec<Group>,
}

/// Points that look alike.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Name in the legend.
    pub label: String,
    /// The points; one that is not finite is left out.
    pub points: Vec<(f64, f64)>,
    /// Colour; the palette's next if `None`.
    pub color: Option<Color>,
    /// Marker; the next in order if `None`.
    pub marker: Option<Marker>,
}

impl Group {
    /// Points under one name.
    pub fn new(label: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { label: label.into(), points: points.into_iter().collect(), color: None, marker: None }
    }

    /// Splits labelled points into one group a class; a class number without a name is left out.
    #[must_use]
    pub fn by_class(points: &[(f64, f64)], classes: &[usize], names: &[&str]) -> Vec<Self> {
        let of_class = |class: usize| {
            let members = points.iter().zip(classes).filter(move |(_, c)| **c == class);
            members.map(|(point, _)| *point)
        };
        names.iter().enumerate().map(|(class, name)| Self::new(*name, of_class(class))).collect()
    }

    fn look(&self, index: usize) -> (Marker, Color) {
        (self.marker.unwrap_or_else(|| Marker::nth(index)), self.color.unwrap_or_else(|| theme::series_color(index)))
    }
}

impl ScatterPanel {
    /// A panel with its title and groups.
    pub fn new(title: impl Into<String>, groups: impl IntoIterator<Item = Group>) -> Self {
        Self { title: title.into(), groups: groups.into_iter().collect() }
    }
}

impl Scatter {
    /// An empty figure with its title and axis labels.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self { title: title.into(), x_label: x_label.into(), y_label: y_label.into(), ..Self::default() }
    }

    /// Adds a panel.
    #[must_use]
    pub fn panel(mut self, panel: ScatterPanel) -> Self {
        self.panels.push(panel);
        self
    }

    /// Draws the figure.
    ///
    /// # Errors
    ///
    /// If there is no panel, or no finite point in any of them.
    pub fn render(&self) -> Result<Svg> {
        ensure!(!self.panels.is_empty(), "figure '{}' has no panels", self.title);
        let points = || {
            let groups = self.panels.iter().flat_map(|panel| &panel.groups);
            groups.flat_map(|group| &group.points).filter(|p| p.0.is_finite() && p.1.is_finite())
        };
        let x = AxisSpec::linear(&self.x_label, points().map(|point| point.0), 0.05)?;
        let y = AxisSpec::linear(&self.y_label, points().map(|point| point.1), 0.05)?;
        let mut entries: Vec<Entry> = Vec::new();
        for panel in &self.panels {
            for (i, group) in panel.groups.iter().enumerate() {
                let (marker, color) = group.look(i);
                let entry = Entry { key: Key::Mark(marker, color), label: group.label.clone() };
                if !group.label.is_empty() && !entries.contains(&entry) {
                    entries.push(entry);
                }
            }
        }
        let titles: Vec<&str> = self.panels.iter().map(|panel| panel.title.as_str()).collect();
        let layout = Row { title: &self.title, titles: &titles, entries: &entries };
        let (canvas, frames) = layout.fit(&x, &y, !self.free_aspect)?;
        for (panel, frame) in self.panels.iter().zip(&frames) {
            frame.draw_grid(&canvas, true)?;
            frame.draw_axes(&canvas, true)?;
            frame.draw_title(&canvas, &panel.title, 0.0)?;
            draw_groups(&canvas, frame, &panel.groups, self.panels.len())?;
        }
        Ok(canvas.finish(&self.title))
    }
}

/// How many points of one group are drawn at a time: they share a style in the file.
const STRETCH: usize = 16;

/// Draws the points of all groups in turn (first of each, second of each, …), so that no group covers another.
fn draw_groups(canvas: &Canvas, frame: &Frame, groups: &[Group], n_panels: usize) -> Result<()> {
    let longest = groups.iter().map(|group| group.points.len()).max().unwrap_or(0);
    let size = mark_size(longest * groups.len(), n_panels);
    for start in (0..longest).step_by(STRETCH) {
        for (i, group) in groups.iter().enumerate() {
            let (marker, color) = group.look(i);
            for &(x, y) in group.points.iter().skip(start).take(STRETCH) {
                if let Some(at) = frame.map(x, y) {
                    canvas.mark(at, marker, size, color)?;
                }
            }
        }
    }
    Ok(())
}

/// Radius of a point where `n` of them share a panel.
pub(super) fn mark_size(n: usize, n_panels: usize) -> f64 {
    let size: f64 = match n {
        0..=60 => 5.5,
        61..=250 => 4.6,
        251..=1200 => 3.8,
        _ => 2.8,
    };
    if n_panels > 1 { size * 0.92 } else { size }
}

/// A title, a legend strip, and panels of one size with common axes.
pub(super) struct Row<'a> {
    pub(super) title: &'a str,
    pub(super) titles: &'a [&'a str],
    pub(super) entries: &'a [Entry],
}

impl Row<'_> {
    /// Draws the title and the legend, and returns the sheet, of the right size, with a frame for each panel.
    pub(super) fn fit(&self, x: &AxisSpec, y: &AxisSpec, equal_aspect: bool) -> Result<(Canvas, Vec<Frame>)> {
        let n = self.titles.len();
        let width = sheet::width(n);
        let tallest = if n == 1 { 560.0 } else { 460.0 };
        let gap = 26.0;
        let mut canvas = Canvas::new(width, 2000.0)?;
        let mut body = canvas.title(self.title)?;
        // The frame's margins do not depend on its place, so they are measured first.
        let probe = Area { right: body.left + body.width() / n as f64, bottom: body.top + tallest, ..body };
        let frame = Frame::fit(&canvas, probe, x.clone(), y.clone())?;
        let before = frame.area.left - probe.left;
        let after = probe.right - frame.area.right;
        let share = (body.width() - before - after - gap * (n as f64 - 1.0)) / n as f64;
        let (share, height) = if equal_aspect {
            let ratio = (y.hi - y.lo) / (x.hi - x.lo);
            let share = share.min(tallest / ratio);
            // Very long shapes lose their proportions, or nothing would be seen of them.
            (share.max(160.0), (share * ratio).max(120.0))
        } else {
            (share, (share * 0.75).min(tallest))
        };
        let used = before + n as f64 * share + (n as f64 - 1.0) * gap + after;
        let lettering = super::geometry::Lettering::new(theme::TITLE_SIZE, theme::INK).bold();
        let title_width = canvas.text_width(self.title, lettering)?;
        body.right = body.left + used.max(title_width).max(300.0);
        body = legend::draw_strip(&canvas, self.entries, body)?;
        let titled = self.titles.iter().any(|title| !title.is_empty());
        let top = body.top + if titled { PANEL_TITLE_HEIGHT } else { 4.0 };
        let frames: Result<Vec<_>> = (0..n)
            .map(|i| {
                let left = body.left + before + i as f64 * (share + gap);
                let area = Area { left, top, right: left + share, bottom: top + height };
                let mut y = y.clone();
                if i > 0 {
                    y.labelled = false;
                    y.label.clear();
                }
                Frame::within(&canvas, area, x.clone(), y)
            })
            .collect();
        let bottom = top + height + frame::below(x) + theme::MARGIN;
        canvas.resize(body.right + theme::MARGIN, bottom);
        Ok((canvas, frames?))
    }
}
