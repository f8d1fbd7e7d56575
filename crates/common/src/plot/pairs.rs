//! Scatter matrix: every feature against every other.

use super::{Area, AxisSpec, Bins, Canvas, Entry, Frame, HPos, Lettering, Marker, Stroke, Svg, VPos, legend, theme};
use crate::language::Language;
use anyhow::{Result, ensure};

/// Every feature against every other, classes coloured, histograms on the diagonal.
#[must_use]
#[derive(Debug, Clone)]
pub struct Pairs {
    title: String,
    features: Vec<String>,
    class_names: Vec<String>,
    samples: Vec<Vec<f64>>,
    classes: Vec<usize>,
}

/// Distance between panels, and room for the labels on their left.
const GAP: f64 = 12.0;
const LEFT: f64 = 66.0;
const N_BINS: usize = 16;

impl Pairs {
    /// A matrix of samples, one value per feature, and the class of each; a point with a value that is not finite is left out.
    pub fn new(
        title: impl Into<String>,
        features: &[&str],
        class_names: &[&str],
        samples: Vec<Vec<f64>>,
        classes: Vec<usize>,
    ) -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self { title: title.into(), features: names(features), class_names: names(class_names), samples, classes }
    }

    /// Draws the figure; fails if there are no features or samples, a sample has not one value per feature, there is not one class per
    /// sample, or a class has no name.
    ///
    /// # Errors
    ///
    /// If there are no features or samples, a sample has not one value per feature, there is not one class
    /// per sample, or a class has no name.
    pub fn render(&self) -> Result<Svg> {
        Svg::in_each_language(|language| self.drawn(language))
    }

    fn drawn(&self, language: Language) -> Result<String> {
        let (n, title) = (self.features.len(), &self.title);
        ensure!(n > 0 && !self.samples.is_empty(), "scatter matrix '{title}' is empty");
        ensure!(self.samples.iter().all(|sample| sample.len() == n), "scatter matrix '{title}': expected {n} values per sample");
        ensure!(self.classes.len() == self.samples.len(), "scatter matrix '{title}': expected one class per sample");
        let named = self.classes.iter().all(|&class| class < self.class_names.len());
        ensure!(named, "scatter matrix '{title}': a class has no name");
        let scale = |feature: usize| AxisSpec::linear(&self.features[feature], self.feature(feature), 0.08);
        let axes = (0..n).map(scale).collect::<Result<Vec<_>>>()?;
        let (mut canvas, body) = Canvas::titled(title, language)?;
        let body = legend::draw_strip(&canvas, &Entry::classes(&self.class_names), body)?;
        let (left, top) = (body.left + LEFT, body.top + 6.0);
        let side = (body.width() - LEFT + GAP) / n as f64 - GAP;
        for row in 0..n {
            for column in 0..n {
                let x = left + column as f64 * (side + GAP);
                let y = top + row as f64 * (side + GAP);
                let area = Area { left: x, top: y, right: x + side, bottom: y + side };
                self.draw_panel(&canvas, area, &axes, (row, column))?;
            }
        }
        let end = n as f64 * (side + GAP) - GAP;
        canvas.resize(theme::WIDTH, top + end + 52.0 + theme::MARGIN);
        Ok(canvas.finish())
    }

    fn feature(&self, feature: usize) -> impl Iterator<Item = f64> + Clone + '_ {
        self.samples.iter().map(move |sample| sample[feature])
    }

    fn draw_panel(&self, canvas: &Canvas, area: Area, axes: &[AxisSpec], (row, column): (usize, usize)) -> Result<()> {
        let mut x = axes[column].clone();
        let mut y = axes[row].clone();
        x.labelled = row + 1 == axes.len();
        y.labelled = column == 0;
        // Labels are written here, aligned over all panels.
        let (x_label, y_label) = (std::mem::take(&mut x.label), std::mem::take(&mut y.label));
        if row == column {
            self.draw_histogram(canvas, area, &x, column)?;
        }
        let frame = Frame::within(canvas, area, x, y);
        if row != column {
            frame.draw_grid(canvas, true)?;
            for (sample, &class) in self.samples.iter().zip(&self.classes) {
                if let Some(at) = frame.map(sample[column], sample[row]) {
                    canvas.mark(at, Marker::nth(class), 3.0, theme::series_color(class))?;
                }
            }
        }
        frame.draw_axes(canvas, true)?;
        let (middle, halfway) = area.center();
        let label = Lettering::new(Lettering::TICK.size, theme::INK);
        if row + 1 == axes.len() {
            canvas.text(&x_label, (middle, area.bottom + 32.0), label.at(HPos::Center, VPos::Top))?;
        }
        if column == 0 {
            canvas.text(&y_label, (area.left - 48.0, halfway), label.at(HPos::Center, VPos::Bottom).upwards())?;
        }
        Ok(())
    }

    /// The classes' distributions of one feature, one over another. Heights are relative: the y axis of the
    /// row does not apply to them.
    fn draw_histogram(&self, canvas: &Canvas, area: Area, x: &AxisSpec, feature: usize) -> Result<()> {
        let mut all = Vec::new();
        for class in 0..self.class_names.len() {
            let members = self.feature(feature).zip(&self.classes).filter(|(_, c)| **c == class);
            let values: Vec<f64> = members.map(|(value, _)| value).collect();
            // A class without samples has no histogram.
            if values.iter().any(|value| value.is_finite()) {
                let bins = Bins::of(&values, N_BINS, Some((x.lo, x.hi)))?;
                all.push((theme::series_color(class), bins));
            }
        }
        let tallest = all.iter().flat_map(|(_, bins)| &bins.densities).copied().fold(0.0, f64::max);
        let y = AxisSpec::over("", (0.0, 1.1 * tallest), 0.0, false);
        let frame = Frame::within(canvas, area, x.clone(), y);
        for (color, bins) in &all {
            canvas.polygon(&bins.outline(&frame), (*color, 0.3), Some(Stroke::solid(*color, 1.4)))?;
        }
        Ok(())
    }
}
