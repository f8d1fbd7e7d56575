//! Tables of coloured cells: confusion matrices and heat maps.

use super::{Area, Canvas, Color, HPos, Lettering, Stroke, Svg, VPos, theme, ticks};
use anyhow::{Result, ensure};

/// Counts of true against predicted classes; a cell is tinted by its share of the row.
#[derive(Debug, Clone, Default)]
pub struct Confusion {
    /// Title over the figure; may be empty.
    pub title: String,
    /// Names of the classes.
    pub class_names: Vec<String>,
    /// `counts[true class][predicted class]`.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// A matrix of counts.
    pub fn new(title: impl Into<String>, class_names: &[&str], counts: Vec<Vec<usize>>) -> Self {
        let class_names = class_names.iter().map(|&name| name.to_owned()).collect();
        Self { title: title.into(), class_names, counts }
    }

    /// Draws the figure.
    ///
    /// # Errors
    ///
    /// If there are no classes, or the counts are not one row and one column a class.
    pub fn render(&self) -> Result<Svg> {
        let n = self.class_names.len();
        ensure!(
            self.counts.len() == n && self.counts.iter().all(|row| row.len() == n),
            "confusion matrix '{}': expected {n} rows of {n} counts",
            self.title
        );
        let cells = self.counts.iter().map(|row| {
            let total = row.iter().sum::<usize>().max(1) as f64;
            let cell = |&count: &usize| {
                let share = count as f64 / total;
                let percent = if n <= 6 { ticks::fixed(100.0 * share, 0) + " %" } else { String::new() };
                Cell { shade: share, text: ticks::fixed(count as f64, 0), small: percent }
            };
            row.iter().map(cell).collect()
        });
        Table {
            title: &self.title,
            x_label: "predicted class",
            y_label: "true class",
            columns: &self.class_names,
            rows: &self.class_names,
            cells: cells.collect(),
        }
        .draw()
    }
}

/// Values over two categorical axes, written in their cells and shown by colour.
#[derive(Debug, Clone, Default)]
pub struct HeatMap {
    /// Title over the figure; may be empty.
    pub title: String,
    /// Label below the columns.
    pub x_label: String,
    /// Label beside the rows.
    pub y_label: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Names of the rows, from the top.
    pub rows: Vec<String>,
    /// `values[row][column]`; one that is not finite leaves an empty cell.
    pub values: Vec<Vec<f64>>,
    /// A second, smaller line in each cell, such as a standard deviation; may be empty.
    pub notes: Vec<Vec<String>>,
    /// Decimals of the written values; chosen from the values if `None`.
    pub decimals: Option<usize>,
    /// Values of the lightest and of the darkest shade; those of the data if `None`.
    pub range: Option<(f64, f64)>,
}

impl HeatMap {
    /// A map of values, with the labels of its columns (x) and rows (y).
    pub fn new(
        title: impl Into<String>,
        (x_label, columns): (&str, &[&str]),
        (y_label, rows): (&str, &[&str]),
        values: Vec<Vec<f64>>,
    ) -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            title: title.into(),
            x_label: x_label.to_owned(),
            y_label: y_label.to_owned(),
            columns: names(columns),
            rows: names(rows),
            values,
            notes: Vec::new(),
            decimals: None,
            range: None,
        }
    }

    /// Adds a second, smaller line to each cell.
    #[must_use]
    pub fn with_notes(self, notes: Vec<Vec<String>>) -> Self {
        Self { notes, ..self }
    }

    /// Fixes the number of decimals of the written values.
    #[must_use]
    pub fn decimals(self, decimals: usize) -> Self {
        Self { decimals: Some(decimals), ..self }
    }

    /// Fixes the values of the lightest and of the darkest shade, so that several maps can be compared.
    #[must_use]
    pub fn range(self, lo: f64, hi: f64) -> Self {
        Self { range: Some((lo, hi)), ..self }
    }

    /// Draws the figure.
    ///
    /// # Errors
    ///
    /// If there are no cells, no finite value, or the values or notes do not match the names.
    pub fn render(&self) -> Result<Svg> {
        let (n_rows, n_columns) = (self.rows.len(), self.columns.len());
        let fits = |lengths: &[usize]| lengths.len() == n_rows && lengths.iter().all(|&length| length == n_columns);
        let lengths: Vec<usize> = self.values.iter().map(Vec::len).collect();
        let note_lengths: Vec<usize> = self.notes.iter().map(Vec::len).collect();
        ensure!(
            fits(&lengths) && (self.notes.is_empty() || fits(&note_lengths)),
            "heat map '{}': expected {n_rows} rows of {n_columns} values",
            self.title
        );
        let finite = self.values.iter().flatten().copied().filter(|value| value.is_finite());
        let (lo, hi) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        ensure!(lo <= hi, "heat map '{}' has no finite value", self.title);
        let shown: Vec<f64> = self.values.iter().flatten().copied().collect();
        let plain = hi.abs().max(lo.abs()) < 1e6 && hi.abs().max(lo.abs()) >= 0.01;
        let decimals = self.decimals.or_else(|| plain.then(|| ticks::common_decimals(&shown)));
        let (lo, hi) = self.range.unwrap_or((lo, hi));
        let cells = self.values.iter().enumerate().map(|(row, values)| {
            let cell = |(column, &value): (usize, &f64)| Cell {
                shade: if hi > lo { 0.06 + 0.94 * ((value - lo) / (hi - lo)).clamp(0.0, 1.0) } else { 0.3 },
                text: match decimals {
                    _ if !value.is_finite() => "–".to_owned(),
                    Some(decimals) => ticks::fixed(value, decimals),
                    None => ticks::short(value),
                },
                small: self.notes.get(row).map(|notes| notes[column].clone()).unwrap_or_default(),
            };
            values.iter().enumerate().map(cell).collect()
        });
        Table {
            title: &self.title,
            x_label: &self.x_label,
            y_label: &self.y_label,
            columns: &self.columns,
            rows: &self.rows,
            cells: cells.collect(),
        }
        .draw()
    }
}

struct Cell {
    /// 0 for white, 1 for the darkest.
    shade: f64,
    text: String,
    small: String,
}

impl Cell {
    /// White over pink to dark magenta.
    fn color(&self) -> Color {
        if !self.shade.is_finite() {
            return theme::WHITE;
        }
        let light = theme::WHITE.mix(theme::DEV, 0.38);
        if self.shade < 0.5 { theme::WHITE.mix(light, 2.0 * self.shade) } else { light.mix(theme::TRAIN, 2.0 * self.shade - 1.0) }
    }
}

struct Table<'a> {
    title: &'a str,
    x_label: &'a str,
    y_label: &'a str,
    columns: &'a [String],
    rows: &'a [String],
    cells: Vec<Vec<Cell>>,
}

impl Table<'_> {
    fn draw(&self) -> Result<Svg> {
        ensure!(!self.rows.is_empty() && !self.columns.is_empty(), "table '{}' is empty", self.title);
        let mut canvas = Canvas::new(760.0, 2000.0)?;
        let body = canvas.title(self.title)?;
        let names = Lettering::new(theme::TICK_SIZE, theme::SOFT_INK);
        let labels = Lettering::new(theme::LABEL_SIZE, theme::SOFT_INK);
        let left = body.left
            + if self.y_label.is_empty() { 0.0 } else { 28.0 }
            + canvas.widest(self.rows.iter().map(String::as_str), names)?
            + 10.0;
        let (width, height) = self.cell_size(&canvas, body.right - left)?;
        let (n_rows, n_columns) = (self.rows.len() as f64, self.columns.len() as f64);
        let (right, top) = (left + n_columns * width, body.top + 4.0);
        let bottom = top + n_rows * height;
        for (i, (name, row)) in self.rows.iter().zip(&self.cells).enumerate() {
            let y = top + i as f64 * height;
            let at = (left - 10.0, y + height / 2.0);
            canvas.text(name, at, names.at(HPos::Right, VPos::Center))?;
            for (j, cell) in row.iter().enumerate() {
                let x = left + j as f64 * width;
                cell.draw(&canvas, Area { left: x, top: y, right: x + width, bottom: y + height })?;
            }
        }
        for (j, name) in self.columns.iter().enumerate() {
            let at = (left + (j as f64 + 0.5) * width, bottom + 9.0);
            canvas.text(name, at, names.at(HPos::Center, VPos::Top))?;
        }
        let all = Area { left, top, right, bottom };
        canvas.rect(all, None, Some(Stroke::solid(theme::FRAME, 1.2)))?;
        let (middle, halfway) = all.center();
        let label_y = bottom + 32.0;
        canvas.text(self.x_label, (middle, label_y), labels.at(HPos::Center, VPos::Top))?;
        let upwards = labels.at(HPos::Center, VPos::Top).upwards();
        canvas.text(self.y_label, (body.left, halfway), upwards)?;
        let below = if self.x_label.is_empty() { 26.0 } else { 52.0 };
        let title = Lettering::new(theme::TITLE_SIZE, theme::INK).bold();
        let wide = right.max(body.left + canvas.text_width(self.title, title)?);
        canvas.resize(wide + theme::MARGIN, bottom + below + theme::MARGIN);
        Ok(canvas.finish(self.title))
    }

    /// Width and height of a cell: room for its texts and its column's name, and not taller than wide.
    fn cell_size(&self, canvas: &Canvas, room: f64) -> Result<(f64, f64)> {
        let names = Lettering::new(theme::TICK_SIZE, theme::SOFT_INK);
        let texts = self.cells.iter().flatten().flat_map(|cell| [&cell.text, &cell.small]);
        let widest = canvas.widest(texts.chain(self.columns).map(String::as_str), names)?;
        let width = (room / self.columns.len() as f64).min(120.0).max(widest + 14.0);
        let two_lines = self.cells.iter().flatten().any(|cell| !cell.small.is_empty());
        let least = if two_lines { 52.0 } else { 36.0 };
        let height = (width * 0.8).min(470.0 / self.rows.len() as f64).max(least);
        Ok((width, height))
    }
}

impl Cell {
    fn draw(&self, canvas: &Canvas, area: Area) -> Result<()> {
        let color = self.color();
        canvas.rect(area, Some(color), Some(Stroke::solid(theme::WHITE, 1.5)))?;
        let ink = if color.is_dark() { theme::WHITE } else { theme::INK };
        let (x, y) = area.center();
        let text = Lettering::new(theme::LABEL_SIZE, ink).centered();
        if self.small.is_empty() {
            return canvas.text(&self.text, (x, y), text);
        }
        canvas.text(&self.text, (x, y - 9.0), text)?;
        canvas.text(&self.small, (x, y + 12.0), Lettering::new(theme::TICK_SIZE - 2.0, ink).centered())
    }
}
