//! Tables of coloured cells: heat maps and confusion matrices.

use super::{Area, Canvas, Color, Entry, HPos, Lettering, Stroke, Svg, VPos, legend, theme, ticks};
use crate::language::Language;
use anyhow::{Result, ensure};

/// Values over two categorical axes, written in their cells and shown by colour.
#[must_use]
#[derive(Debug, Clone)]
pub struct HeatMap {
    title: String,
    x_label: String,
    y_label: String,
    columns: Vec<String>,
    rows: Vec<String>,
    cells: Vec<Vec<Cell>>,
    /// What the shades mean.
    scale: String,
}

impl HeatMap {
    /// A map of `values[row][column]` with so many decimals, and the labels and names of its columns (x) and rows (y, from the
    /// top). The lightest shade is that of the value `lo`, the darkest that of `hi`; one that is not finite leaves an empty cell.
    pub fn new(
        title: impl Into<String>,
        (x_label, columns): (&str, &[&str]),
        (y_label, rows): (&str, &[&str]),
        values: &[Vec<f64>],
        decimals: usize,
        (lo, hi): (f64, f64),
    ) -> Self {
        let cell = |&value: &f64| Cell {
            shade: LIGHTEST + (1.0 - LIGHTEST) * ((value - lo) / (hi - lo)).clamp(0.0, 1.0),
            text: if value.is_finite() { ticks::fixed(value, decimals) } else { "–".to_owned() },
            small: String::new(),
        };
        let cells = values.iter().map(|row| row.iter().map(cell).collect());
        Self::of(title.into(), (x_label, columns), (y_label, rows), cells.collect(), format!("{lo} or less to {hi}"))
    }

    /// Counts of true against predicted classes, `counts[true class][predicted class]`; a cell is tinted by its share of the row.
    pub fn confusion(title: impl Into<String>, class_names: &[&str], counts: &[Vec<usize>]) -> Self {
        let cells = counts.iter().map(|row| {
            let total = row.iter().sum::<usize>().max(1) as f64;
            let cell = |&count: &usize| {
                let share = count as f64 / total;
                let percent = if class_names.len() <= 6 { ticks::fixed(100.0 * share, 0) + " %" } else { String::new() };
                Cell { shade: share, text: ticks::fixed(count as f64, 0), small: percent }
            };
            row.iter().map(cell).collect()
        });
        Self::of(
            title.into(),
            ("predicted class", class_names),
            ("true class", class_names),
            cells.collect(),
            "share of the row, 0 to 100 %".to_owned(),
        )
    }

    fn of(
        title: String,
        (x_label, columns): (&str, &[&str]),
        (y_label, rows): (&str, &[&str]),
        cells: Vec<Vec<Cell>>,
        scale: String,
    ) -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let (columns, rows) = (names(columns), names(rows));
        Self { title, x_label: x_label.to_owned(), y_label: y_label.to_owned(), columns, rows, cells, scale }
    }

    /// Adds a second, smaller line to each cell, such as a standard deviation.
    pub fn with_notes(mut self, notes: Vec<Vec<String>>) -> Self {
        for (cell, note) in self.cells.iter_mut().flatten().zip(notes.into_iter().flatten()) {
            cell.small = note;
        }
        self
    }

    /// Draws the figure; fails if it has no cells, or they are not one row and one column per name.
    ///
    /// # Errors
    ///
    /// If there are no classes, or the counts are not one row and one column per class.
    pub fn render(&self) -> Result<Svg> {
        Svg::in_each_language(|language| self.drawn(language))
    }

    fn drawn(&self, language: Language) -> Result<String> {
        let (n_rows, n_columns) = (self.rows.len(), self.columns.len());
        ensure!(n_rows > 0 && n_columns > 0, "table '{}' is empty", self.title);
        let fits = self.cells.len() == n_rows && self.cells.iter().all(|row| row.len() == n_columns);
        ensure!(fits, "table '{}': expected {n_rows} rows of {n_columns} values", self.title);
        let (mut canvas, body) = Canvas::titled(&self.title, language)?;
        let shades = (0..=10).map(|tenth| color(LIGHTEST + (1.0 - LIGHTEST) * f64::from(tenth) / 10.0));
        let body = legend::draw_strip(&canvas, &[Entry::shades(&self.scale, shades)], body)?;
        let left =
            body.left + if self.y_label.is_empty() { 0.0 } else { 28.0 } + canvas.widest(&self.rows, Lettering::TICK) + 10.0;
        let (width, height) = self.cell_size(&canvas, body.right - left);
        let (right, top) = (left + n_columns as f64 * width, body.top + 4.0);
        let bottom = top + n_rows as f64 * height;
        for (i, (name, row)) in self.rows.iter().zip(&self.cells).enumerate() {
            let y = top + i as f64 * height;
            canvas.text(name, (left - 10.0, y + height / 2.0), Lettering::TICK.at(HPos::Right, VPos::Center))?;
            for (j, cell) in row.iter().enumerate() {
                let x = left + j as f64 * width;
                cell.draw(&canvas, Area { left: x, top: y, right: x + width, bottom: y + height })?;
            }
        }
        for (j, name) in self.columns.iter().enumerate() {
            let at = (left + (j as f64 + 0.5) * width, bottom + 9.0);
            canvas.text(name, at, Lettering::TICK.at(HPos::Center, VPos::Top))?;
        }
        let all = Area { left, top, right, bottom };
        canvas.rect(all, None, Some(Stroke::solid(theme::FRAME, 1.2)))?;
        let (middle, halfway) = all.center();
        let label = Lettering::LABEL.at(HPos::Center, VPos::Top);
        canvas.text(&self.x_label, (middle, bottom + 32.0), label)?;
        canvas.text(&self.y_label, (body.left, halfway), label.upwards())?;
        let below = if self.x_label.is_empty() { 26.0 } else { 52.0 };
        let wide = right.max((body.left + canvas.text_width(&self.title, Lettering::TITLE)).min(body.right));
        canvas.resize(wide + theme::MARGIN, bottom + below + theme::MARGIN);
        Ok(canvas.finish())
    }

    /// Width and height of a cell: room for its texts and its column's name, and not taller than wide.
    fn cell_size(&self, canvas: &Canvas, room: f64) -> (f64, f64) {
        let cells = || self.cells.iter().flatten();
        let texts = cells().flat_map(|cell| [&cell.text, &cell.small]);
        let widest = canvas.widest(texts.chain(&self.columns), Lettering::TICK);
        let width = (room / self.columns.len() as f64).min(120.0).max(widest + 14.0);
        let least = if cells().any(|cell| !cell.small.is_empty()) { 52.0 } else { 36.0 };
        (width, (width * 0.8).min(470.0 / self.rows.len() as f64).max(least))
    }
}

#[derive(Debug, Clone)]
struct Cell {
    /// 0 for white, 1 for the darkest.
    shade: f64,
    text: String,
    small: String,
}

/// The lightest shade of a value.
const LIGHTEST: f64 = 0.06;

/// White over pink to dark magenta.
fn color(shade: f64) -> Color {
    if !shade.is_finite() {
        return theme::WHITE;
    }
    let light = theme::WHITE.mix(theme::DEV, 0.38);
    if shade < 0.5 { theme::WHITE.mix(light, 2.0 * shade) } else { light.mix(theme::TRAIN, 2.0 * shade - 1.0) }
}

impl Cell {
    fn draw(&self, canvas: &Canvas, area: Area) -> Result<()> {
        let color = color(self.shade);
        canvas.rect(area, Some(color), Some(Stroke::solid(theme::WHITE, 1.5)))?;
        let ink = if color.is_dark() { theme::WHITE } else { theme::INK };
        let (x, y) = area.center();
        let text = Lettering::new(Lettering::LABEL.size, ink).centered();
        if self.small.is_empty() {
            return canvas.text(&self.text, (x, y), text);
        }
        canvas.text(&self.text, (x, y - 9.0), text)?;
        canvas.text(&self.small, (x, y + 12.0), Lettering::new(Lettering::TICK.size, ink).centered())
    }
}
