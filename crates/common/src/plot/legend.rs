//! Legends: inside a panel where nothing is hidden, or as a strip above it.

use super::{Area, Canvas, Color, Lettering, Marker, Point, Stroke, clip_segment, theme};
use anyhow::Result;

/// The sample beside a legend's text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Key {
    Line(Stroke, Option<Marker>),
    Mark(Marker, Color),
    Swatch(Color),
}

/// One line of a legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) label: String,
}

const ROW: f64 = 24.0;
const KEY_GAP: f64 = 9.0;
const ENTRY_GAP: f64 = 24.0;
const PADDING: f64 = 9.0;
/// Distance between a legend inside a panel and the panel's edges.
const INSET: f64 = 10.0;

impl Key {
    fn width(self) -> f64 {
        match self {
            Self::Line(..) => 34.0,
            Self::Mark(..) => 12.0,
            Self::Swatch(_) => 20.0,
        }
    }

    fn draw(self, canvas: &Canvas, (x, y): Point) -> Result<()> {
        match self {
            Self::Line(stroke, marker) => {
                canvas.line(&[(x, y), (x + self.width(), y)], stroke)?;
                match marker {
                    Some(marker) => canvas.mark((x + self.width() / 2.0, y), marker, 5.0, stroke.color),
                    None => Ok(()),
                }
            }
            Self::Mark(marker, color) => canvas.mark((x + self.width() / 2.0, y), marker, 5.0, color),
            Self::Swatch(color) => {
                let area = Area { left: x, top: y - 6.5, right: x + self.width(), bottom: y + 6.5 };
                canvas.rect(area, Some(color), Some(Stroke::solid(theme::FRAME, 0.8)))
            }
        }
    }
}

fn lettering() -> Lettering {
    Lettering::new(theme::LEGEND_SIZE, theme::INK)
}

fn entry_width(canvas: &Canvas, entry: &Entry) -> Result<f64> {
    Ok(entry.key.width() + KEY_GAP + canvas.text_width(&entry.label, lettering())?)
}

fn draw_entry(canvas: &Canvas, entry: &Entry, (x, y): Point) -> Result<()> {
    entry.key.draw(canvas, (x, y))?;
    canvas.text(&entry.label, (x + entry.key.width() + KEY_GAP, y), lettering())
}

/// Distributes entries over rows of the given width.
fn rows<'a>(canvas: &Canvas, entries: &'a [Entry], width: f64) -> Result<Vec<Vec<(f64, &'a Entry)>>> {
    let mut rows: Vec<Vec<(f64, &Entry)>> = Vec::new();
    let mut x = 0.0;
    for entry in entries {
        let entry_width = entry_width(canvas, entry)?;
        match rows.last_mut() {
            Some(row) if x + entry_width <= width => row.push((x, entry)),
            _ => {
                x = 0.0;
                rows.push(vec![(0.0, entry)]);
            }
        }
        x += entry_width + ENTRY_GAP;
    }
    Ok(rows)
}

/// Height of a strip of the given width.
pub(super) fn strip_height(canvas: &Canvas, entries: &[Entry], width: f64) -> Result<f64> {
    let n_rows = rows(canvas, entries, width)?.len();
    Ok(if n_rows == 0 { 0.0 } else { n_rows as f64 * ROW + 8.0 })
}

/// Draws a strip from the top left corner of `area`, and returns what is left below it.
pub(super) fn draw_strip(canvas: &Canvas, entries: &[Entry], area: Area) -> Result<Area> {
    for (i, row) in rows(canvas, entries, area.width())?.into_iter().enumerate() {
        let y = area.top + (i as f64 + 0.5) * ROW;
        for (x, entry) in row {
            draw_entry(canvas, entry, (area.left + x, y))?;
        }
    }
    Ok(Area { top: area.top + strip_height(canvas, entries, area.width())?, ..area })
}

/// Finds a place inside `frame` where a legend hides none of the `obstacles`: corners first, then the
/// middles of the sides.
pub(super) fn find_place(canvas: &Canvas, entries: &[Entry], frame: Area, obstacles: &[Vec<Point>]) -> Result<Option<Area>> {
    let mut width = 0.0_f64;
    for entry in entries {
        width = width.max(entry_width(canvas, entry)?);
    }
    let (width, height) = (width + 2.0 * PADDING, entries.len() as f64 * ROW + 2.0 * PADDING - 6.0);
    let inner = frame.grow(-INSET);
    if width > inner.width() * 0.75 || height > inner.height() * 0.75 {
        return Ok(None);
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
    Ok(corners.into_iter().map(place).find(|area| {
        let zone = area.grow(6.0);
        obstacles.iter().all(|line| match line.as_slice() {
            [point] => !zone.contains(*point),
            line => line.windows(2).all(|pair| clip_segment(zone, pair[0], pair[1]).is_none()),
        })
    }))
}

/// Draws a legend in the place found for it.
pub(super) fn draw_box(canvas: &Canvas, entries: &[Entry], area: Area) -> Result<()> {
    canvas.rect(area, Some(theme::WHITE), Some(Stroke::solid(theme::GRID, 1.2)))?;
    for (i, entry) in entries.iter().enumerate() {
        let y = area.top + PADDING - 3.0 + (i as f64 + 0.5) * ROW;
        draw_entry(canvas, entry, (area.left + PADDING, y))?;
    }
    Ok(())
}
