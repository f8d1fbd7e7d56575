//! Histograms as densities, with the true density over them.

use super::{Area, AxisSpec, Canvas, Color, Frame, PANEL_TITLE_HEIGHT, Point, Stroke, Svg, polyline, sheet, theme};
use anyhow::{Result, ensure};

/// A figure of histograms side by side.
#[derive(Debug, Clone, Default)]
pub struct Histograms {
    /// Title over the whole figure; may be empty.
    pub title: String,
    /// The panels, from left to right.
    pub panels: Vec<Histogram>,
}

/// One histogram, normalised so that its area is one.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    /// Title over the panel; may be empty.
    pub title: String,
    /// Label below the x axis.
    pub x_label: String,
    /// The samples; one that is not finite is left out.
    pub values: Vec<f64>,
    /// Number of bins between the lowest and the highest sample.
    pub n_bins: usize,
    /// Colour of the bars; the palette's next if `None`.
    pub color: Option<Color>,
    /// Points of the true density; may be empty.
    pub density: Vec<(f64, f64)>,
}

impl Histogram {
    /// A histogram of `values` in `n_bins` bins.
    pub fn new<T: Copy + Into<f64>>(title: impl Into<String>, values: &[T], n_bins: usize) -> Self {
        Self { title: title.into(), values: values.iter().map(|&value| value.into()).collect(), n_bins, ..Self::default() }
    }

    /// Sets the colour of the bars.
    #[must_use]
    pub fn colored(self, color: Color) -> Self {
        Self { color: Some(color), ..self }
    }

    /// Sets the label below the x axis.
    #[must_use]
    pub fn x_label(self, label: impl Into<String>) -> Self {
        Self { x_label: label.into(), ..self }
    }

    /// Draws the true density through these points.
    #[must_use]
    pub fn with_density(self, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { density: points.into_iter().collect(), ..self }
    }

    fn draw(&self, canvas: &Canvas, outer: Area, index: usize) -> Result<()> {
        let bins = Bins::of(&self.values, self.n_bins, None)?;
        let curve = || self.density.iter().filter(|p| p.0.is_finite() && p.1.is_finite());
        let lo = curve().fold(bins.lo, |lo, point| lo.min(point.0));
        let hi = curve().fold(bins.hi, |hi, point| hi.max(point.0));
        let tallest = bins.densities.iter().copied().chain(curve().map(|p| p.1)).fold(0.0, f64::max);
        let x = AxisSpec::over(&self.x_label, (lo, hi), 0.03, false);
        let y = AxisSpec::over("density", (0.0, tallest * 1.06), 0.0, false);
        let frame = Frame::fit(canvas, outer, x, y)?;
        frame.draw_grid(canvas, false)?;
        let color = self.color.unwrap_or_else(|| theme::series_color(index));
        bins.draw(canvas, &frame, (color, 1.0))?;
        let points = self.density.iter().map(|&(x, y)| frame.map(x, y));
        for piece in polyline::pieces(points, frame.area.grow(0.5)) {
            let piece = polyline::thin(&piece, 0.12);
            canvas.line(&piece, Stroke::solid(theme::WHITE, 4.6))?;
            canvas.line(&piece, Stroke::solid(theme::INK, 2.2))?;
        }
        frame.draw_axes(canvas, false)?;
        frame.draw_title(canvas, &self.title, 0.0)
    }
}

/// Shares of samples per bin, divided by the bin's width.
pub(super) struct Bins {
    pub(super) lo: f64,
    pub(super) hi: f64,
    pub(super) densities: Vec<f64>,
}

impl Bins {
    /// Counts the finite `values` in `n_bins` equal bins over `range`, or over their own.
    pub(super) fn of(values: &[f64], n_bins: usize, range: Option<(f64, f64)>) -> Result<Self> {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let n = finite().count();
        ensure!(n > 0, "a histogram has no finite value");
        ensure!(n_bins > 0, "a histogram needs at least one bin");
        let (mut lo, mut hi) =
            range.unwrap_or_else(|| (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max)));
        if lo >= hi {
            (lo, hi) = (lo - 0.5, hi + 0.5);
        }
        let width = (hi - lo) / n_bins as f64;
        let mut counts = vec![0_usize; n_bins];
        for value in finite().filter(|value| (lo..=hi).contains(value)) {
            // The highest value belongs to the last bin.
            counts[(((value - lo) / width) as usize).min(n_bins - 1)] += 1;
        }
        let densities = counts.iter().map(|&count| count as f64 / (n as f64 * width)).collect();
        Ok(Self { lo, hi, densities })
    }

    /// The bars' common outline, from the base up and back.
    pub(super) fn outline(&self, frame: &Frame) -> Vec<Point> {
        let width = (self.hi - self.lo) / self.densities.len() as f64;
        let base = frame.y_at(0.0);
        let edge = |i: usize| frame.x_at(self.lo + width * i as f64);
        let mut outline: Vec<Point> = vec![(edge(0), base)];
        for (i, &density) in self.densities.iter().enumerate() {
            let y = frame.y_at(density);
            outline.extend([(edge(i), y), (edge(i + 1), y)]);
        }
        outline.push((edge(self.densities.len()), base));
        outline.dedup();
        outline
    }

    /// Fills the bars: as one shape, so that no seams show, with thin gaps where bars are wide.
    pub(super) fn draw(&self, canvas: &Canvas, frame: &Frame, fill: (Color, f64)) -> Result<()> {
        let width = (self.hi - self.lo) / self.densities.len() as f64;
        let base = frame.y_at(0.0);
        let edge = |i: usize| frame.x_at(self.lo + width * i as f64);
        canvas.polygon(&self.outline(frame), fill, None)?;
        if edge(1) - edge(0) > 5.0 {
            for i in 1..self.densities.len() {
                let top = frame.y_at(self.densities[i - 1].max(self.densities[i]));
                canvas.line(&[(edge(i), base), (edge(i), top)], Stroke::solid(theme::WHITE, 1.0))?;
            }
        }
        Ok(())
    }
}

impl Histograms {
    /// An empty figure with its title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), panels: Vec::new() }
    }

    /// Adds a histogram.
    #[must_use]
    pub fn panel(mut self, panel: Histogram) -> Self {
        self.panels.push(panel);
        self
    }

    /// Draws the figure.
    ///
    /// # Errors
    ///
    /// If there is no panel, or one has no finite value or no bins.
    pub fn render(&self) -> Result<Svg> {
        ensure!(!self.panels.is_empty(), "figure '{}' has no panels", self.title);
        let (canvas, places) = sheet::sheet(&self.title, self.panels.len())?;
        let titled = self.panels.iter().any(|panel| !panel.title.is_empty());
        for (i, (panel, place)) in self.panels.iter().zip(places.concat()).enumerate() {
            let top = place.top + if titled { PANEL_TITLE_HEIGHT } else { 0.0 };
            panel.draw(&canvas, Area { top, ..place }, i)?;
        }
        Ok(canvas.finish(&self.title))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densities_integrate_to_one() {
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i % 37) * 0.1).collect();
        let bins = Bins::of(&values, 20, None).unwrap();
        let width = (bins.hi - bins.lo) / 20.0;
        assert!((bins.densities.iter().sum::<f64>() * width - 1.0).abs() < 1e-12);
    }

    #[test]
    fn constant_values_fill_one_bin() {
        let bins = Bins::of(&[2.0, 2.0, f64::NAN], 4, None).unwrap();
        assert_eq!(bins.densities.iter().filter(|&&density| density > 0.0).count(), 1);
    }
}
