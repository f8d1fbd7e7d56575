//! Named values as dots on a common scale.

use super::{Area, AxisSpec, Canvas, Frame, HPos, Lettering, Marker, Stroke, Svg, VPos, theme, ticks};
use crate::language::Language;
use anyhow::{Result, ensure};

/// Named values, one below the other, each a dot with its number beside it. The scale need not begin at zero, as that of bars must.
#[must_use]
#[derive(Debug, Clone)]
pub struct Dots {
    title: String,
    x_label: String,
    decimals: usize,
    rows: Vec<(String, f64)>,
}

/// Height of a row, and distance from the names to the plot.
const ROW: f64 = 30.0;
const NAME_GAP: f64 = 12.0;

impl Dots {
    /// A figure without values, whose numbers are written with so many decimals.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, decimals: usize) -> Self {
        Self { title: title.into(), x_label: x_label.into(), decimals, rows: Vec::new() }
    }

    /// Adds a value below the others.
    pub fn row(mut self, name: impl Into<String>, value: impl Into<f64>) -> Self {
        self.rows.push((name.into(), value.into()));
        self
    }

    /// Draws the figure; fails if there is no finite value.
    ///
    /// # Errors
    ///
    /// If there is no finite value.
    pub fn render(&self) -> Result<Svg> {
        Svg::in_each_language(|language| self.drawn(language))
    }

    fn drawn(&self, language: Language) -> Result<String> {
        ensure!(!self.rows.is_empty(), "figure '{}' has no values", self.title);
        let (mut canvas, body) = Canvas::titled(&self.title, language)?;
        let numbers: Vec<String> = self.rows.iter().map(|(_, value)| ticks::fixed(*value, self.decimals)).collect();
        let left = body.left + canvas.widest(self.rows.iter().map(|(name, _)| name), Lettering::LEGEND) + NAME_GAP;
        let right = body.right - canvas.widest(&numbers, Lettering::TICK) - NAME_GAP;
        let area = Area { left, right, top: body.top, bottom: body.top + ROW * self.rows.len() as f64 };
        let x = AxisSpec::linear(&self.x_label, self.rows.iter().map(|(_, value)| *value), 0.04)?;
        let y = AxisSpec { labelled: false, ..AxisSpec::over("", (0.0, self.rows.len() as f64), 0.0, true) };
        let mut frame = Frame::within(&canvas, area, x, y);
        // The rows have names in place of ticks.
        frame.y_ticks = (Vec::new(), Vec::new());
        frame.draw_grid(&canvas, true)?;
        for (i, ((name, value), number)) in self.rows.iter().zip(&numbers).enumerate() {
            let y = area.top + (i as f64 + 0.5) * ROW;
            canvas.line(&[(left, y), (right, y)], Stroke::solid(theme::GRID, 1.0))?;
            canvas.text(name, (left - NAME_GAP, y), Lettering::LEGEND.at(HPos::Right, VPos::Center))?;
            if let Some(x) = frame.x.coordinate(*value) {
                let x = frame.x_at(x);
                canvas.mark((x, y), Marker::Disc, 5.5, theme::TRAIN)?;
                canvas.text(number, (x + NAME_GAP, y), Lettering::TICK.at(HPos::Left, VPos::Center))?;
            }
        }
        frame.draw_axes(&canvas, false)?;
        canvas.resize(theme::WIDTH, area.bottom + super::frame::below(&frame.x) + theme::MARGIN);
        Ok(canvas.finish())
    }
}
