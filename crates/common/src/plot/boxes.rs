//! Box plots.

use super::{Area, AxisSpec, Canvas, Color, Figure, Frame, Marker, Stroke, Svg, theme};
use anyhow::{Context, Result, ensure};

/// A figure of box plots.
///
/// A box spans the quartiles (linear interpolation between order statistics), its line is the median, whiskers reach the
/// last values within 1.5 box heights of the box, and values beyond are drawn as points.
pub type BoxPlots = Figure<BoxPanel>;

/// One panel of boxes with a common y axis.
#[must_use]
#[derive(Debug, Clone)]
pub struct BoxPanel {
    title: String,
    y_label: String,
    /// What the groups are numbers of; none if each is a class with a colour of its own.
    numbered: Option<String>,
    groups: Vec<(String, Vec<f64>)>,
}

impl BoxPanel {
    /// An empty panel; the title may be empty.
    pub fn new(title: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self { title: title.into(), y_label: y_label.into(), numbered: None, groups: Vec::new() }
    }

    /// Adds a box; a value that is not finite is left out.
    pub fn group<T: Copy + Into<f64>>(mut self, name: impl Into<String>, values: &[T]) -> Self {
        self.groups.push((name.into(), values.iter().map(|&value| value.into()).collect()));
        self
    }

    /// Says that the boxes are numbers of something, such as samples: all have one colour, and the axis has this label.
    pub fn numbered(self, of: impl Into<String>) -> Self {
        Self { numbered: Some(of.into()), ..self }
    }

    fn draw(&self, canvas: &Canvas, outer: Area, _: usize) -> Result<()> {
        ensure!(!self.groups.is_empty(), "a panel of box plots has no groups");
        let x = AxisSpec::named(self.numbered.as_deref().unwrap_or_default(), self.groups.iter().map(|(name, _)| name));
        let values = self.groups.iter().flat_map(|group| group.1.iter().copied());
        let y = AxisSpec::linear(&self.y_label, values, 0.06)?;
        let frame = Frame::fit(canvas, outer, x, y)?;
        frame.draw_grid(canvas, false)?;
        frame.draw_axes(canvas, false)?;
        frame.draw_title(canvas, &self.title, 0.0)?;
        for (i, (name, values)) in self.groups.iter().enumerate() {
            let summary = Summary::of(values).with_context(|| format!("box '{name}' has no finite value"))?;
            let class = if self.numbered.is_some() { 0 } else { i };
            summary.draw(canvas, &frame, i, theme::series_color(class))?;
        }
        Ok(())
    }
}

impl BoxPlots {
    /// Draws the figure; fails if it has no panel, a panel has no box, or a box has no finite value.
    ///
    /// # Errors
    ///
    /// If there is no panel, a panel has no box, or a box has no finite value.
    pub fn render(&self) -> Result<Svg> {
        self.draw(|panel| &panel.title, BoxPanel::draw)
    }
}

/// What a box shows of its values.
#[derive(Debug, Clone, PartialEq)]
struct Summary {
    whiskers: (f64, f64),
    quartiles: [f64; 3],
    outliers: Vec<f64>,
}

impl Summary {
    fn of(values: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let quartiles = [0.25, 0.5, 0.75].map(|share| {
            let at = share * last as f64;
            let below = at.floor() as usize;
            let above = (below + 1).min(last);
            sorted[below] + (sorted[above] - sorted[below]) * at.fract()
        });
        let reach = 1.5 * (quartiles[2] - quartiles[0]);
        let is_near = |value: f64| (quartiles[0] - reach..=quartiles[2] + reach).contains(&value);
        let near = || sorted.iter().copied().filter(|&value| is_near(value));
        Some(Self {
            whiskers: (near().next()?, near().next_back()?),
            quartiles,
            outliers: sorted.iter().copied().filter(|&value| !is_near(value)).collect(),
        })
    }

    fn draw(&self, canvas: &Canvas, frame: &Frame, index: usize, color: Color) -> Result<()> {
        let x = frame.x_at(index as f64);
        let slot = frame.x_at(1.0) - frame.x_at(0.0);
        let half = (0.28 * slot).min(46.0);
        let [q1, median, q3] = self.quartiles.map(|value| frame.y_at(value));
        let (low, high) = (frame.y_at(self.whiskers.0), frame.y_at(self.whiskers.1));
        let line = Stroke::solid(color, 1.8);
        canvas.line(&[(x, q1), (x, low)], line)?;
        canvas.line(&[(x, q3), (x, high)], line)?;
        for y in [low, high] {
            canvas.line(&[(x - half / 2.0, y), (x + half / 2.0, y)], line)?;
        }
        let area = Area { left: x - half, right: x + half, top: q3, bottom: q1 };
        canvas.rect(area, Some(color.tint()), Some(line))?;
        canvas.line(&[(x - half, median), (x + half, median)], Stroke::solid(theme::INK, 2.6))?;
        for &value in &self.outliers {
            canvas.mark((x, frame.y_at(value)), Marker::Disc, 4.4, color)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_interpolate_and_outliers_stand_apart() {
        let summary = Summary::of(&[1.0, 2.0, 3.0, 4.0, 100.0, f64::NAN]).unwrap();
        assert_eq!(summary.quartiles, [2.0, 3.0, 4.0]);
        assert_eq!(summary.whiskers, (1.0, 4.0));
        assert_eq!(summary.outliers, [100.0]);
        assert_eq!(Summary::of(&[1.0, 2.0]).unwrap().quartiles, [1.25, 1.5, 1.75]);
        assert_eq!(Summary::of(&[f64::INFINITY]), None);
    }
}
