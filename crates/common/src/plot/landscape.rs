//! A function of two variables as filled contours, with the paths that optimisers take over it.

use anyhow::{Result, ensure};

use super::axes::AxisSpec;
use super::canvas::Canvas;
use super::contour::{self, Crossing, Grid};
use super::frame::Frame;
use super::geometry::{Point, Stroke};
use super::legend::{Entry, Key};
use super::polyline;
use super::scatter::Row;
use super::svg::Svg;
use super::theme::{self, Color, Dash, Marker};

/// Filled contours of a function, and paths over them.
#[derive(Debug, Clone)]
pub struct Landscape {
    /// Title over the figure; may be empty.
    pub title: String,
    /// Labels of the x and y axes.
    pub labels: (String, String),
    /// The function's values.
    pub grid: Grid,
    /// Values at which contours are drawn, ascending; if empty, twelve that are denser towards the lowest
    /// value, as suits a bowl.
    pub levels: Vec<f64>,
    /// The paths, in drawing order.
    pub paths: Vec<DescentPath>,
    /// A point marked with a star, and its name.
    pub optimum: Option<(f64, f64, String)>,
}

/// The points that an optimiser visits, in order.
#[derive(Debug, Clone)]
pub struct DescentPath {
    /// Name in the legend.
    pub label: String,
    /// The points; one that is not finite ends the path.
    pub points: Vec<(f64, f64)>,
    /// Colour; the palette's next if `None`.
    pub color: Option<Color>,
}

impl DescentPath {
    /// A path under a name.
    pub fn new(label: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { label: label.into(), points: points.into_iter().collect(), color: None }
    }
}

impl Landscape {
    /// Contours without paths.
    pub fn new(title: impl Into<String>, (x_label, y_label): (&str, &str), grid: Grid) -> Self {
        Self {
            title: title.into(),
            labels: (x_label.to_owned(), y_label.to_owned()),
            grid,
            levels: Vec::new(),
            paths: Vec::new(),
            optimum: None,
        }
    }

    /// Adds a path.
    #[must_use]
    pub fn path(mut self, path: DescentPath) -> Self {
        self.paths.push(path);
        self
    }

    /// Marks a point with a star named "optimum".
    #[must_use]
    pub fn optimum(self, x: f64, y: f64) -> Self {
        Self { optimum: Some((x, y, "optimum".to_owned())), ..self }
    }

    /// Sets the values at which contours are drawn.
    #[must_use]
    pub fn levels(self, levels: impl IntoIterator<Item = f64>) -> Self {
        Self { levels: levels.into_iter().collect(), ..self }
    }

    /// Draws the figure.
    ///
    /// # Errors
    ///
    /// If the grid's size and values disagree, or it has no finite value.
    pub fn render(&self) -> Result<Svg> {
        self.grid.check()?;
        let (lo, hi) = self.grid.extent()?;
        let mut levels = self.levels.clone();
        if levels.is_empty() {
            let share = |i: u8| f64::from(i) / 13.0;
            levels = (1..13).map(|i| lo + (hi - lo) * share(i) * share(i)).collect();
        }
        let ascending = levels.windows(2).all(|pair| pair[0] <= pair[1]);
        ensure!(ascending, "the contour levels of figure '{}' do not ascend", self.title);
        let x = AxisSpec::over(&self.labels.0, self.grid.x_range, 0.0, false);
        let y = AxisSpec::over(&self.labels.1, self.grid.y_range, 0.0, false);
        let entries = self.entries();
        let layout = Row { title: &self.title, titles: &[""], entries: &entries };
        let (canvas, frames) = layout.fit(&x, &y, true)?;
        let frame = &frames[0];
        self.draw_contours(&canvas, frame, &levels)?;
        for (i, path) in self.paths.iter().enumerate() {
            draw_path(&canvas, frame, path, self.color(i))?;
        }
        if let Some((x, y, _)) = self.optimum
            && let Some(at) = frame.map(x, y)
        {
            canvas.mark(at, Marker::Star, 7.0, theme::INK)?;
        }
        frame.draw_axes(&canvas, true)?;
        Ok(canvas.finish(&self.title))
    }

    fn color(&self, index: usize) -> Color {
        self.paths[index].color.unwrap_or_else(|| theme::series_color(index))
    }

    fn entries(&self) -> Vec<Entry> {
        let path = |(i, path): (usize, &DescentPath)| Entry {
            key: Key::Line(Stroke::solid(self.color(i), 2.0), Some(Marker::Disc)),
            label: path.label.clone(),
        };
        let optimum =
            self.optimum.iter().map(|(_, _, name)| Entry { key: Key::Mark(Marker::Star, theme::INK), label: name.clone() });
        self.paths.iter().enumerate().map(path).chain(optimum).collect()
    }

    /// Low ground is nearly white, so that paths stand out where they end.
    fn draw_contours(&self, canvas: &Canvas, frame: &Frame, levels: &[f64]) -> Result<()> {
        let shade = |i: usize| {
            let share = i as f64 / levels.len() as f64;
            Color(0xFA, 0xF8, 0xFB).mix(Color(0xB4, 0xA9, 0xC4), share)
        };
        canvas.rect(frame.area, Some(shade(0)), None)?;
        for (i, &level) in levels.iter().enumerate() {
            let region = contour::region(&self.grid, level, Crossing::Linear);
            region.fill(canvas, frame, &self.grid, shade(i + 1));
            region.outline(canvas, frame, &self.grid, Stroke::solid(theme::FRAME, 0.8))?;
        }
        Ok(())
    }
}

/// Draws a path with a dot at each step; the start is a square.
fn draw_path(canvas: &Canvas, frame: &Frame, path: &DescentPath, color: Color) -> Result<()> {
    let visited = path.points.iter().map_while(|&(x, y)| frame.map(x, y));
    let points: Vec<Point> = visited.collect();
    let stroke = Stroke { color, width: 2.0, dash: Dash::Solid };
    for piece in polyline::pieces(points.iter().copied().map(Some), frame.area) {
        canvas.line(&polyline::thin(&piece, 0.1), stroke)?;
    }
    for (i, &at) in points.iter().enumerate().filter(|(_, at)| frame.area.contains(**at)) {
        let (marker, size) = if i == 0 { (Marker::Square, 5.5) } else { (Marker::Disc, 3.6) };
        canvas.mark(at, marker, size, color)?;
    }
    Ok(())
}
