//! Curves over one or several panels: losses, scores, schedules, activation functions, gradient norms.

use super::{Area, Canvas, Color, Dash, Frame, Marker, PANEL_TITLE_HEIGHT, Svg, crossed, legend, sheet, theme};
use anyhow::{Context, Result, ensure};

/// A figure of curves, one or several panels side by side.
///
/// ```
/// # use common::plot::{CurvePanel, Curves, Series};
/// let losses = [0.74, 0.61, 0.55, 0.51];
/// let panel = CurvePanel::new("epoch", "loss").with(Series::train("Train loss", &losses));
/// let svg = Curves::new("Loss of the two-layer net").panel(panel).render()?;
/// assert!(svg.as_str().contains("Train loss"));
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Curves {
    /// Title over the whole figure; may be empty.
    pub title: String,
    /// The panels, from left to right; more than three go on in a second row.
    pub panels: Vec<CurvePanel>,
}

/// One panel of curves.
#[derive(Debug, Clone, Default)]
pub struct CurvePanel {
    /// Title over the panel; may be empty.
    pub title: String,
    /// Label below the x axis.
    pub x_label: String,
    /// Label beside the y axis.
    pub y_label: String,
    /// The curves, in drawing order.
    pub series: Vec<Series>,
    /// Logarithmic x axis; values that are not positive are left out.
    pub log_x: bool,
    /// Logarithmic y axis; zeros are shown on a line of their own, labelled 0.
    pub log_y: bool,
    /// Values that the y axis shows; computed from the data if `None`.
    pub y_range: Option<(f64, f64)>,
    /// Draw the axes through the origin, as the book does for activation functions.
    pub through_origin: bool,
    /// Horizontal reference lines with their labels, such as ln 2.
    pub references: Vec<(f64, String)>,
    /// Names of x = 1, 2, 3, … in place of numbers.
    pub x_names: Vec<String>,
}

/// One curve.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// Its name in the legend; an empty one keeps it out of the legend.
    pub label: String,
    /// Its points; one that is not finite interrupts the curve.
    pub points: Vec<(f64, f64)>,
    /// Lower and upper edge of a shaded band, a pair for each point; may be empty.
    pub band: Vec<(f64, f64)>,
    /// Colour; the palette's next if `None`.
    pub color: Option<Color>,
    /// Dash; chosen with the colour if `None`.
    pub dash: Option<Dash>,
    /// Marker on every point.
    pub marker: Option<Marker>,
}

impl Series {
    /// A curve through the given points.
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

    /// Sets the colour.
    #[must_use]
    pub fn colored(self, color: Color) -> Self {
        Self { color: Some(color), ..self }
    }

    /// Sets the dash.
    #[must_use]
    pub fn dashed(self, dash: Dash) -> Self {
        Self { dash: Some(dash), ..self }
    }

    /// Marks every point.
    #[must_use]
    pub fn marked(self, marker: Marker) -> Self {
        Self { marker: Some(marker), ..self }
    }

    /// Shades the band between `lower` and `upper`, a pair for each point.
    #[must_use]
    pub fn with_band(self, band: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { band: band.into_iter().collect(), ..self }
    }
}

impl CurvePanel {
    /// An empty panel with its axis labels.
    pub fn new(x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self { x_label: x_label.into(), y_label: y_label.into(), ..Self::default() }
    }

    /// Adds a curve.
    #[must_use]
    pub fn with(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Adds a horizontal reference line.
    #[must_use]
    pub fn reference(mut self, value: f64, label: impl Into<String>) -> Self {
        self.references.push((value, label.into()));
        self
    }

    /// Sets the panel's title.
    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// Makes the y axis logarithmic.
    #[must_use]
    pub fn log_y(self) -> Self {
        Self { log_y: true, ..self }
    }

    /// Makes the x axis logarithmic.
    #[must_use]
    pub fn log_x(self) -> Self {
        Self { log_x: true, ..self }
    }

    /// Fixes the values that the y axis shows.
    #[must_use]
    pub fn y_range(self, lo: f64, hi: f64) -> Self {
        Self { y_range: Some((lo, hi)), ..self }
    }

    /// Draws the axes through the origin.
    #[must_use]
    pub fn through_origin(self) -> Self {
        Self { through_origin: true, ..self }
    }
}

impl Curves {
    /// An empty figure with its title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), panels: Vec::new() }
    }

    /// Adds a panel.
    #[must_use]
    pub fn panel(mut self, panel: CurvePanel) -> Self {
        self.panels.push(panel);
        self
    }

    /// Draws the figure.
    ///
    /// # Errors
    ///
    /// If there is no panel, a panel has no series, a series no points, or no point can be shown on the
    /// axes it is for.
    pub fn render(&self) -> Result<Svg> {
        ensure!(!self.panels.is_empty(), "figure '{}' has no panels", self.title);
        let (mut canvas, rows) = sheet::sheet(&self.title, self.panels.len())?;
        let mut lower = 0.0;
        for (places, panels) in rows.iter().zip(self.panels.chunks(rows[0].len())) {
            let places = places.iter().map(|place| place.moved_down(lower));
            let places: Vec<_> = panels.iter().zip(places).collect();
            lower += draw_row(&canvas, &places).with_context(|| format!("drawing figure '{}'", self.title))?;
        }
        canvas.resize(canvas.width, canvas.height + lower);
        Ok(canvas.finish(&self.title))
    }
}

/// Draws panels that share a row, and returns by how much the row grew.
///
/// If one legend finds no place in its panel, all go into a strip above, for which the row grows: one strip for
/// all panels if they have the same curves.
fn draw_row(canvas: &Canvas, places: &[(&CurvePanel, Area)]) -> Result<f64> {
    let titled = places.iter().any(|(panel, _)| !panel.title.is_empty());
    let title_height = if titled { PANEL_TITLE_HEIGHT } else { 0.0 };
    let mut frames = Vec::new();
    let mut legends = Vec::new();
    let mut all_inside = true;
    for &(panel, outer) in places {
        let (x, y) = panel.axes()?;
        let outer = Area { top: outer.top + title_height, ..outer };
        let frame = if panel.through_origin { crossed::fit(outer, x, y) } else { Frame::fit(canvas, outer, x, y)? };
        let entries = panel.entries();
        let mut place = None;
        if !entries.is_empty() {
            place = legend::find_place(canvas, &entries, frame.area, &panel.obstacles(&frame))?;
            all_inside &= place.is_some();
        }
        frames.push(frame);
        legends.push(place);
    }
    let mut strip = 0.0_f64;
    if !all_inside {
        let same = places.iter().all(|(panel, _)| panel.entries() == places[0].0.entries());
        let strips = places.iter().zip(&frames).map(|(&(panel, outer), frame)| {
            let right = if same { canvas.inner().right } else { frame.area.right };
            let top = outer.top + if same { 0.0 } else { title_height };
            (panel, Area { left: frame.area.left, right, top, bottom: outer.bottom })
        });
        for (panel, area) in strips.take(if same { 1 } else { places.len() }) {
            let below = legend::draw_strip(canvas, &panel.entries(), area)?;
            strip = strip.max(below.top - area.top + 2.0);
        }
        let raise = if same { 0.0 } else { strip };
        for (&(panel, _), frame) in places.iter().zip(&mut frames) {
            frame.area = frame.area.moved_down(strip);
            panel.draw(canvas, frame, None)?;
            frame.draw_title(canvas, &panel.title, raise)?;
        }
        return Ok(strip);
    }
    for ((&(panel, _), frame), legend) in places.iter().zip(&frames).zip(legends) {
        panel.draw(canvas, frame, legend)?;
        frame.draw_title(canvas, &panel.title, 0.0)?;
    }
    Ok(0.0)
}
