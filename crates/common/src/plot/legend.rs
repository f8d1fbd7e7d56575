//! Legends: inside a panel where nothing is hidden, or as a strip above it.

use super::{Area, Canvas, Color, Lettering, Marker, Point, Stroke, clip_segment, theme};
use anyhow::Result;

/// One line of a legend: a key and a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    label: String,
    key: Key,
}

#[derive(Debug, Clone, PartialEq)]
enum Key {
    Line(Stroke, Option<Marker>),
    Mark(Marker, Color),
    /// Shades side by side.
    Shades(Vec<Color>),
}

const ROW: f64 = 24.0;
const KEY_GAP: f64 = 9.0;
const ENTRY_GAP: f64 = 24.0;
const PADDING: f64 = 9.0;
/// Half the height of a shade.
const HALF_SHADE: f64 = 6.5;
/// Distance between a legend inside a panel and the panel's edges.
const INSET: f64 = 10.0;

impl Entry {
    pub(super) fn line(label: &str, stroke: Stroke, marker: Option<Marker>) -> Self {
        Self { label: label.to_owned(), key: Key::Line(stroke, marker) }
    }

    pub(super) fn mark(label: &str, marker: Marker, color: Color) -> Self {
        Self { label: label.to_owned(), key: Key::Mark(marker, color) }
    }

    /// Shades from one end of a scale to the other, or a single one.
    pub(super) fn shades(label: &str, colors: impl IntoIterator<Item = Color>) -> Self {
        Self { label: label.to_owned(), key: Key::Shades(colors.into_iter().collect()) }
    }

    /// Classes 0, 1, …, each with the marker and the colour of its number.
    pub(super) fn classes(names: &[String]) -> Vec<Self> {
        let class = |(i, name): (usize, &String)| Self::mark(name, Marker::nth(i), theme::series_color(i));
        names.iter().enumerate().map(class).collect()
    }

    fn key_width(&self) -> f64 {
        match &self.key {
            Key::Line(..) => 34.0,
            Key::Mark(..) => 12.0,
            Key::Shades(colors) => (7.0 * colors.len() as f64).max(34.0),
        }
    }

    fn width(&self, canvas: &Canvas) -> f64 {
        self.key_width() + KEY_GAP + canvas.text_width(&self.label, Lettering::LEGEND)
    }

    fn draw(&self, canvas: &Canvas, (x, y): Point) -> Result<()> {
        let right = x + self.key_width();
        let middle = (x + self.key_width() / 2.0, y);
        match &self.key {
            Key::Line(stroke, marker) => {
                canvas.line(&[(x, y), (right, y)], *stroke)?;
                marker.map_or(Ok(()), |marker| canvas.mark(middle, marker, 5.0, stroke.color))?;
            }
            Key::Mark(marker, color) => canvas.mark(middle, *marker, 5.0, *color)?,
            Key::Shades(colors) => {
                let key = Area { left: x, right, top: y - HALF_SHADE, bottom: y + HALF_SHADE };
                for (area, color) in key.columns(colors.len(), 0.0).into_iter().zip(colors) {
                    canvas.rect(area, Some(*color), None)?;
                }
                canvas.rect(key, None, Some(Stroke::solid(theme::FRAME, 1.0)))?;
            }
        }
        canvas.text(&self.label, (right + KEY_GAP, y), Lettering::LEGEND)
    }
}

/// Draws a strip from the top left corner of `area`, and returns what is left below it.
pub(super) fn draw_strip(canvas: &Canvas, entries: &[Entry], area: Area) -> Result<Area> {
    let (mut x, mut n_rows) = (0.0, 0.0);
    for entry in entries {
        let width = entry.width(canvas);
        if n_rows == 0.0 || x + width > area.width() {
            (x, n_rows) = (0.0, n_rows + 1.0);
        }
        entry.draw(canvas, (area.left + x, area.top + (n_rows - 0.5) * ROW))?;
        x += width + ENTRY_GAP;
    }
    Ok(Area { top: area.top + if n_rows == 0.0 { 0.0 } else { n_rows * ROW + 8.0 }, ..area })
}

/// Finds a place inside `frame` where a legend hides none of the `obstacles`: corners first, then the
/// middles of the sides.
pub(super) fn find_place(canvas: &Canvas, entries: &[Entry], frame: Area, obstacles: &[Vec<Point>]) -> Option<Area> {
    let width = entries.iter().map(|entry| entry.width(canvas)).fold(0.0, f64::max);
    let (width, height) = (width + 2.0 * PADDING, entries.len() as f64 * ROW + 2.0 * PADDING - 6.0);
    let inner = frame.grow(-INSET);
    if entries.is_empty() || width > inner.width() * 0.75 || height > inner.height() * 0.75 {
        return None;
    }
    let (center_x, center_y) = inner.center();
    let (left, middle, right) = (inner.left, center_x - width / 2.0, inner.right - width);
    let (top, halfway, bottom) = (inner.top, center_y - height / 2.0, inner.bottom - height);
    let corners = [
        (right, top),
        (left, top),
        (right, bottom),
        (left, bottom),
        (right, halfway),
        (left, halfway),
        (middle, top),
        (middle, bottom),
    ];
    let place = |(left, top)| Area { left, top, right: left + width, bottom: top + height };
    corners.into_iter().map(place).find(|area| {
        let zone = area.grow(6.0);
        obstacles.iter().all(|line| match line.as_slice() {
            [point] => !zone.contains(*point),
            line => line.windows(2).all(|pair| clip_segment(zone, pair[0], pair[1]).is_none()),
        })
    })
}

/// Draws a legend in the place found for it.
pub(super) fn draw_box(canvas: &Canvas, entries: &[Entry], area: Area) -> Result<()> {
    canvas.rect(area, Some(theme::WHITE), Some(Stroke::solid(theme::GRID, 1.2)))?;
    for (i, entry) in entries.iter().enumerate() {
        let y = area.top + PADDING - 3.0 + (i as f64 + 0.5) * ROW;
        entry.draw(canvas, (area.left + PADDING, y))?;
    }
    Ok(())
}
