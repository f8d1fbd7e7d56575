//! Sizes of figures with several independent panels.

use super::{Area, Canvas};
use anyhow::Result;

/// Panels in a row: up to three, but four make a square.
pub(super) fn n_columns(n_panels: usize) -> usize {
    match n_panels {
        4 => 2,
        n => n.clamp(1, 3),
    }
}

/// Width of a figure with so many panels beside each other. Text has the same size in all of them, so a
/// wide figure is kept as narrow as its panels allow: on a phone, all of it is scaled down.
pub(super) fn width(n_columns: usize) -> f64 {
    match n_columns {
        1 => 760.0,
        2 => 920.0,
        _ => 1120.0,
    }
}

/// A sheet with its title drawn, and the places of its panels, row after row.
pub(super) fn sheet(title: &str, n_panels: usize) -> Result<(Canvas, Vec<Vec<Area>>)> {
    let n_columns = n_columns(n_panels);
    let n_rows = n_panels.div_ceil(n_columns);
    let row_height = match n_columns {
        1 => 446.0,
        2 => 380.0,
        _ => 360.0,
    };
    let canvas = Canvas::new(width(n_columns), 34.0 + row_height * n_rows as f64)?;
    let body = canvas.title(title)?;
    let gap = 16.0;
    let height = (body.height() - gap * (n_rows as f64 - 1.0)) / n_rows as f64;
    let rows = (0..n_rows).map(|row| {
        let top = body.top + row as f64 * (height + gap);
        let n = (n_panels - row * n_columns).min(n_columns);
        let mut columns = Area { top, bottom: top + height, ..body }.columns(n_columns, 26.0);
        columns.truncate(n);
        columns
    });
    let places = rows.collect();
    Ok((canvas, places))
}
