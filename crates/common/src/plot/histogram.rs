//! Histograms as densities, with the true density over them.

use super::{Area, AxisSpec, Canvas, Color, Figure, Frame, Point, Stroke, Svg, extent, polyline, theme};
use anyhow::{Result, ensure};

/// A figure of histograms side by side.
pub type Histograms = Figure<Histogram>;

/// One histogram, normalised so that its area is one.
#[must_use]
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    title: String,
    x_label: String,
    values: Vec<f64>,
    n_bins: usize,
    color: Option<Color>,
    density: Vec<Point>,
}

impl Histogram {
    /// A histogram of the finite `values` in `n_bins` bins from the lowest to the highest; the title may be empty.
    pub fn new<T: Copy + Into<f64>>(title: impl Into<String>, values: &[T], n_bins: usize) -> Self {
        Self { title: title.into(), values: values.iter().map(|&value| value.into()).collect(), n_bins, ..Self::default() }
    }

    /// Sets the colour of the bars; otherwise it is the palette's next.
    pub fn colored(self, color: Color) -> Self {
        Self { color: Some(color), ..self }
    }

    /// Sets the label below the x axis.
    pub fn x_label(self, label: impl Into<String>) -> Self {
        Self { x_label: label.into(), ..self }
    }

    /// Draws the true density through these points.
    pub fn with_density(self, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { density: points.into_iter().collect(), ..self }
    }

    fn draw(&self, canvas: &Canvas, outer: Area, index: usize) -> Result<()> {
        let bins = Bins::of(&self.values, self.n_bins, None)?;
        let curve = || self.density.iter().filter(|p| p.0.is_finite() && p.1.is_finite());
        let range = extent(curve().map(|p| p.0).chain([bins.lo, bins.hi]));
        let (_, tallest) = extent(curve().map(|p| p.1).chain(bins.densities.iter().copied()));
        let x = AxisSpec::over(&self.x_label, range, 0.03, false);
        let y = AxisSpec::over("density", (0.0, tallest * 1.06), 0.0, false);
        let frame = Frame::fit(canvas, outer, x, y)?;
        frame.draw_grid(canvas, false)?;
        bins.draw(canvas, &frame, self.color.unwrap_or_else(|| theme::series_color(index)))?;
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

impl Histograms {
    /// Draws the figure; fails if it has no panel, or one has no finite value or no bins.
    ///
    /// # Errors
    ///
    /// If there is no panel, or one has no finite value or no bins.
    pub fn render(&self) -> Result<Svg> {
        self.draw(|panel| &panel.title, Histogram::draw)
    }
}

/// Shares of samples per bin, divided by the bin's width.
pub(super) struct Bins {
    lo: f64,
    hi: f64,
    pub(super) densities: Vec<f64>,
}

impl Bins {
    /// Counts the finite `values` in `n_bins` equal bins over `range`, or over their own.
    pub(super) fn of(values: &[f64], n_bins: usize, range: Option<(f64, f64)>) -> Result<Self> {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let n = finite().count();
        ensure!(n > 0, "a histogram has no finite value");
        ensure!(n_bins > 0, "a histogram needs at least one bin");
        let (mut lo, mut hi) = range.unwrap_or_else(|| extent(finite()));
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

    /// Where bin number `i` begins.
    fn edge(&self, frame: &Frame, i: usize) -> f64 {
        frame.x_at(self.lo + (self.hi - self.lo) / self.densities.len() as f64 * i as f64)
    }

    /// The bars' common outline, from the base up and back.
    pub(super) fn outline(&self, frame: &Frame) -> Vec<Point> {
        let (base, edge) = (frame.y_at(0.0), |i| self.edge(frame, i));
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
    fn draw(&self, canvas: &Canvas, frame: &Frame, color: Color) -> Result<()> {
        let (base, edge) = (frame.y_at(0.0), |i| self.edge(frame, i));
        canvas.polygon(&self.outline(frame), (color, 1.0), None)?;
        if edge(1) - edge(0) > 5.0 {
            for i in 1..self.densities.len() {
                let top = frame.y_at(self.densities[i - 1].max(self.densities[i]));
                canvas.line(&[(edge(i), base), (edge(i), top)], Stroke::solid(theme::WHITE, 1.0))?;
            }
        }
        Ok(())
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
