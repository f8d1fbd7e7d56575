//! Curves over one or several panels: losses, scores, schedules, activation functions, gradient norms.

use super::{Area, Canvas, Color, Dash, Figure, Frame, Marker, PANEL_TITLE_HEIGHT, Svg, crossed, legend, theme};
use crate::language::Language;
use anyhow::{Context, Result};

/// A figure of curves, one or several panels.
///
/// ```
/// # use common::plot::{CurvePanel, Curves, Series};
/// let losses = [0.74, 0.61, 0.55, 0.51];
/// let panel = CurvePanel::new("epoch", "loss").with(Series::train("Train loss", &losses));
/// let svg = Curves::new("Loss of the two-layer net").panel(panel).render()?;
/// assert!(svg.as_str().contains("Train loss"));
/// # anyhow::Ok(())
/// ```
pub type Curves = Figure<CurvePanel>;

/// One panel of curves.
#[must_use]
#[derive(Debug, Clone, Default)]
pub struct CurvePanel {
    pub(super) title: String,
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) series: Vec<Series>,
    pub(super) log_x: bool,
    pub(super) log_y: bool,
    pub(super) y_range: Option<(f64, f64)>,
    pub(super) through_origin: bool,
    pub(super) references: Vec<(f64, String)>,
}

/// One curve.
#[must_use]
#[derive(Debug, Clone, Default)]
pub struct Series {
    pub(super) label: String,
    /// Its points; one that is not finite interrupts the curve.
    pub points: Vec<(f64, f64)>,
    pub(super) band: Vec<(f64, f64)>,
    pub(super) band_label: String,
    pub(super) color: Option<Color>,
    pub(super) dash: Option<Dash>,
    pub(super) marker: Option<Marker>,
}

impl Series {
    /// A curve through the given points; an empty label keeps it out of the legend.
    pub fn new(label: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { label: label.into(), points: points.into_iter().collect(), ..Self::default() }
    }

    /// A curve through `values` at x = `first`, `first + step`, `first + 2 step`, …
    pub fn sampled<T: Copy + Into<f64>>(label: impl Into<String>, values: &[T], first: f64, step: f64) -> Self {
        let point = |(i, &value): (usize, &T)| (first + step * i as f64, value.into());
        Self::new(label, values.iter().enumerate().map(point))
    }

    /// A value per epoch from epoch 0, in the book's solid dark magenta.
    pub fn train<T: Copy + Into<f64>>(label: impl Into<String>, values: &[T]) -> Self {
        Self::sampled(label, values, 0.0, 1.0).colored(theme::TRAIN).dashed(Dash::Solid)
    }

    /// A value per epoch from epoch 0, in the book's dashed pink.
    pub fn dev<T: Copy + Into<f64>>(label: impl Into<String>, values: &[T]) -> Self {
        Self::sampled(label, values, 0.0, 1.0).colored(theme::DEV).dashed(Dash::Dashed)
    }

    /// Sets the name in the legend.
    pub fn named(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// Sets the colour; otherwise it is the palette's next.
    pub fn colored(self, color: Color) -> Self {
        Self { color: Some(color), ..self }
    }

    /// Sets the dash; otherwise it goes with the place among the curves.
    pub fn dashed(self, dash: Dash) -> Self {
        Self { dash: Some(dash), ..self }
    }

    /// Marks every point.
    pub fn marked(self, marker: Marker) -> Self {
        Self { marker: Some(marker), ..self }
    }

    /// Shades the band between a lower and an upper value at each point; the label says in the legend what it is.
    pub fn with_band(self, label: impl Into<String>, band: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { band: band.into_iter().collect(), band_label: label.into(), ..self }
    }
}

impl CurvePanel {
    /// An empty panel with its axis labels.
    pub fn new(x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self { x_label: x_label.into(), y_label: y_label.into(), ..Self::default() }
    }

    /// Adds a curve.
    pub fn with(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Adds a horizontal reference line, such as ln 2.
    pub fn reference(mut self, value: f64, label: impl Into<String>) -> Self {
        self.references.push((value, label.into()));
        self
    }

    /// Sets the panel's title.
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// Makes the y axis logarithmic; zeros are shown on a line of their own, labelled 0.
    pub fn log_y(self) -> Self {
        Self { log_y: true, ..self }
    }

    /// Makes the x axis logarithmic; values that are not positive are left out.
    pub fn log_x(self) -> Self {
        Self { log_x: true, ..self }
    }

    /// Fixes the values that the y axis shows; otherwise they are those of the data.
    pub fn y_range(self, lo: f64, hi: f64) -> Self {
        Self { y_range: Some((lo, hi)), ..self }
    }

    /// Draws the axes through the origin, as the book does for activation functions.
    pub fn through_origin(self) -> Self {
        Self { through_origin: true, ..self }
    }
}

impl Curves {
    /// Makes the panels with the same label of the y axis show the same values there.
    pub fn same_y(self) -> Self {
        Self { same_y: true, ..self }
    }

    /// Draws the figure; fails if it has no panel, a panel no series, a series no points, or no point can be shown on the axes it
    /// is for.
    ///
    /// # Errors
    ///
    /// If there is no panel, a panel has no series, a series no points, or no point can be shown on the
    /// axes it is for.
    pub fn render(&self) -> Result<Svg> {
        Svg::in_each_language(|language| self.drawn(language))
    }

    fn drawn(&self, language: Language) -> Result<String> {
        let (mut canvas, rows) = self.sheet(language)?;
        let mut lower = 0.0;
        // Panels with the same curves share a strip above them all.
        let entries = self.panels[0].entries();
        let share = self.panels.len() > 1 && self.panels.iter().all(|panel| panel.entries() == entries);
        if share {
            let body = Area { right: canvas.inner().right, ..rows[0][0] };
            lower = legend::draw_strip(&canvas, &entries, body)?.top - body.top;
        }
        for (places, panels) in rows.iter().zip(self.panels.chunks(rows[0].len())) {
            let places: Vec<_> = panels.iter().zip(places.iter().map(|place| place.moved_down(lower))).collect();
            lower += self.draw_row(&canvas, &places, !share).with_context(|| format!("drawing figure '{}'", self.title))?;
        }
        canvas.resize(canvas.width, canvas.height + lower);
        Ok(canvas.finish())
    }

    /// Draws panels that share a row, with legends of their own or without, and returns by how much the row grew: if one legend finds no
    /// place in its panel, all go into strips above.
    fn draw_row(&self, canvas: &Canvas, places: &[(&CurvePanel, Area)], with_legends: bool) -> Result<f64> {
        let titled = places.iter().any(|(panel, _)| !panel.title.is_empty());
        let title_height = if titled { PANEL_TITLE_HEIGHT } else { 0.0 };
        let (mut frames, mut legends) = (Vec::new(), Vec::new());
        let mut all_inside = true;
        for &(panel, outer) in places {
            let same_label = |other: &&CurvePanel| self.same_y && other.y_label == panel.y_label;
            let (x, y) = panel.axes(&self.panels.iter().filter(same_label).collect::<Vec<_>>())?;
            let outer = Area { top: outer.top + title_height, ..outer };
            let frame = if panel.through_origin { crossed::fit(outer, x, y) } else { Frame::fit(canvas, outer, x, y)? };
            let entries = if with_legends { panel.entries() } else { Vec::new() };
            let legend = legend::find_place(canvas, &entries, frame.area, &panel.obstacles(&frame));
            all_inside &= legend.is_some() || entries.is_empty();
            legends.push(legend);
            frames.push(frame);
        }
        let mut strip = 0.0_f64;
        if !all_inside {
            legends.fill(None);
            for (&(panel, outer), frame) in places.iter().zip(&frames) {
                let area = Area { left: frame.area.left, right: outer.right, top: outer.top + title_height, ..outer };
                let below = legend::draw_strip(canvas, &panel.entries(), area)?;
                strip = strip.max(below.top - area.top + 2.0);
            }
        }
        for ((&(panel, _), frame), legend) in places.iter().zip(&mut frames).zip(legends) {
            frame.area = frame.area.moved_down(strip);
            panel.draw(canvas, frame, legend)?;
            frame.draw_title(canvas, &panel.title, strip)?;
        }
        Ok(strip)
    }
}
