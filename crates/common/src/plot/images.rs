//! Grey images in a grid, each with a caption: digits, mean images, mistakes.

use super::{Area, Canvas, Color, HPos, Lettering, Stroke, Svg, VPos, theme};
use crate::language::Language;
use anyhow::{Result, ensure};

/// A figure of small grey images.
#[must_use]
#[derive(Debug, Clone)]
pub struct Images {
    title: String,
    size: (usize, usize),
    captioned: Vec<(String, Vec<f64>)>,
    n_columns: usize,
}

/// Shades of grey that are told apart; neighbours of one shade are drawn as one rectangle.
const N_SHADES: u8 = 16;
const GAP: f64 = 12.0;

impl Images {
    /// A figure for images of one width and height in pixels, ten in a row; the title may be empty.
    pub fn new(title: impl Into<String>, size: (usize, usize)) -> Self {
        Self { title: title.into(), size, captioned: Vec::new(), n_columns: 10 }
    }

    /// Adds an image, row after row from the top: 0 is white, 1 is ink.
    pub fn image<T: Copy + Into<f64>>(mut self, caption: impl Into<String>, pixels: &[T]) -> Self {
        self.captioned.push((caption.into(), pixels.iter().map(|&pixel| pixel.into()).collect()));
        self
    }

    /// Sets how many images stand in a row.
    pub fn in_rows_of(self, n_columns: usize) -> Self {
        Self { n_columns, ..self }
    }

    /// Draws the figure; fails if there is no image, or one has not as many pixels as its size says.
    ///
    /// # Errors
    ///
    /// If there is no image, or one has not as many pixels as its size says.
    pub fn render(&self) -> Result<Svg> {
        Svg::in_each_language(|language| self.drawn(language))
    }

    fn drawn(&self, language: Language) -> Result<String> {
        let (width, height) = self.size;
        let n = width * height;
        ensure!(!self.captioned.is_empty(), "figure '{}' has no images", self.title);
        for (caption, pixels) in &self.captioned {
            let found = pixels.len();
            ensure!(n > 0 && found == n, "image '{caption}': expected {n} pixels, found {found}");
        }
        let n_columns = self.n_columns.clamp(1, self.captioned.len());
        let (mut canvas, body) = Canvas::titled(&self.title, language)?;
        let columns = body.columns(n_columns, GAP);
        let side = columns[0].width().min(180.0);
        let tall = side * height as f64 / width as f64;
        let any_caption = self.captioned.iter().any(|(caption, _)| !caption.is_empty());
        let step = tall + GAP + if any_caption { 22.0 } else { 0.0 };
        for (i, (caption, pixels)) in self.captioned.iter().enumerate() {
            let left = body.left + (i % n_columns) as f64 * (side + GAP);
            let top = body.top + (i / n_columns) as f64 * step;
            let area = Area { left, top, right: left + side, bottom: top + tall };
            self.draw_image(&canvas, area, pixels)?;
            let at = (f64::midpoint(left, area.right), area.bottom + 7.0);
            canvas.text(caption, at, Lettering::TICK.at(HPos::Center, VPos::Top))?;
        }
        let n_rows = self.captioned.len().div_ceil(n_columns) as f64;
        let used = n_columns as f64 * (side + GAP) - GAP;
        let wide = used.max(canvas.text_width(&self.title, Lettering::TITLE)) + 2.0 * theme::MARGIN;
        canvas.resize(wide, body.top + n_rows * step - GAP + theme::MARGIN);
        Ok(canvas.finish())
    }

    /// Draws shade after shade, so that each is one path: from every pixel at least that dark.
    fn draw_image(&self, canvas: &Canvas, area: Area, pixels: &[f64]) -> Result<()> {
        let (width, height) = self.size;
        let (cell_x, cell_y) = (area.width() / width as f64, area.height() / height as f64);
        let shade = |pixel: f64| (pixel.clamp(0.0, 1.0) * f64::from(N_SHADES)).round() as u8;
        for level in 1..=N_SHADES {
            let color = theme::WHITE.mix(Color(0x1F, 0x1B, 0x24), f64::from(level) / f64::from(N_SHADES));
            let mut runs = Vec::new();
            for (row, line) in pixels.chunks(width).enumerate() {
                let mut start = 0;
                for group in line.chunk_by(|&a, &b| (shade(a) == level) == (shade(b) == level)) {
                    if shade(group[0]) == level {
                        let left = area.left + start as f64 * cell_x;
                        let right = left + group.len() as f64 * cell_x;
                        let top = area.top + row as f64 * cell_y;
                        let bottom = top + cell_y;
                        runs.push(vec![(left, top), (right, top), (right, bottom), (left, bottom)]);
                    }
                    start += group.len();
                }
            }
            canvas.rings(&runs, color);
        }
        canvas.rect(area, None, Some(Stroke::solid(theme::FRAME, 1.0)))
    }
}
