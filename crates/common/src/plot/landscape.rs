//! A function of two variables, and the paths that optimisers take over it: drawn as contours, as a surface, and in motion.

use super::{Canvas, Color, Entry, Grid, Marker, Point, Stroke, View, polyline, theme};
use anyhow::Result;

/// A function of two variables with paths over it. A path that leaves the function's rectangle is cut at its edge.
#[must_use]
#[derive(Debug, Clone)]
pub struct Landscape {
    pub(super) title: String,
    pub(super) labels: [String; 3],
    pub(super) grid: Grid,
    pub(super) paths: Vec<DescentPath>,
    pub(super) landmarks: Vec<Landmark>,
    pub(super) view: View,
}

/// The points that an optimiser visits, in order.
#[derive(Debug, Clone)]
pub struct DescentPath {
    label: String,
    pub(super) points: Vec<Point>,
}

#[derive(Debug, Clone)]
pub(super) struct Landmark {
    label: String,
    marker: Marker,
    at: Point,
}

impl DescentPath {
    /// A path under a name, from the start on; a point that is not finite ends it.
    pub fn new(label: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { label: label.into(), points: points.into_iter().collect() }
    }
}

impl Landscape {
    /// A function without paths; the labels are those of its two variables and of its value.
    pub fn new(title: impl Into<String>, labels: [&str; 3], grid: Grid) -> Self {
        let labels = labels.map(str::to_owned);
        Self { title: title.into(), labels, grid, paths: Vec::new(), landmarks: Vec::new(), view: View::default() }
    }

    /// Adds a path.
    pub fn path(mut self, path: DescentPath) -> Self {
        self.paths.push(path);
        self
    }

    /// Marks a named point of the plane, such as an optimum.
    pub fn landmark(mut self, label: impl Into<String>, marker: Marker, at: (f64, f64)) -> Self {
        self.landmarks.push(Landmark { label: label.into(), marker, at });
        self
    }

    /// How each path looks.
    pub(super) fn looks(&self) -> impl Iterator<Item = PathLook> + '_ {
        let n = self.paths.len();
        let look = move |index: usize| PathLook {
            color: theme::series_color(index),
            marker: Marker::nth(index),
            width: 2.0 + 0.9 * (n - 1 - index) as f64,
            alone: n == 1,
        };
        (0..n).map(look)
    }

    /// Place, marker and size of the paths' starts and of the landmarks.
    pub(super) fn marks(&self, landmark_size: f64) -> impl Iterator<Item = (Point, Marker, f64)> + '_ {
        let starts = self.paths.iter().filter_map(|path| path.points.first());
        let landmarks = self.landmarks.iter().map(move |landmark| (landmark.at, landmark.marker, landmark_size));
        starts.map(|&start| (start, START, 5.5)).chain(landmarks)
    }

    /// The legend of paths, their start, and landmarks.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let stroke = |look: PathLook| Stroke::solid(look.color, 2.0);
        let paths = self.paths.iter().zip(self.looks());
        let paths = paths.map(|(path, look)| Entry::line(&path.label, stroke(look), Some(look.marker)));
        let start = self.paths.first().map(|_| Entry::mark("start", START, theme::INK));
        let landmarks = self.landmarks.iter().map(|landmark| Entry::mark(&landmark.label, landmark.marker, theme::INK));
        paths.chain(start).chain(landmarks).collect()
    }
}

/// The marker of a path's first point.
const START: Marker = Marker::Square;

/// Colour of a path, marker of its steps and width of its line. One of several is broader than those drawn over it, so that it is seen even where they all go
/// the same way.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathLook {
    pub(super) color: Color,
    pub(super) marker: Marker,
    width: f64,
    alone: bool,
}

impl PathLook {
    /// Draws a stretch of the light edge that sets paths off from dark ground.
    pub(super) fn draw_edge(self, canvas: &Canvas, line: &[Point]) -> Result<()> {
        canvas.line(line, Stroke::solid(theme::WHITE, self.width + 1.6))
    }

    /// Draws a stretch of the line.
    pub(super) fn draw_line(self, canvas: &Canvas, line: &[Point]) -> Result<()> {
        canvas.line(line, Stroke::solid(self.color, self.width))
    }

    /// Draws a marker at each step, but none where steps are short and markers would crowd.
    pub(super) fn draw_marks(self, canvas: &Canvas, points: impl IntoIterator<Item = Point>) -> Result<()> {
        let (radius, distance) = if self.alone { (3.6, 4.4) } else { (self.width / 2.0 + 2.4, self.width + 12.0) };
        polyline::apart(points, distance).into_iter().try_for_each(|at| canvas.mark(at, self.marker, radius, self.color))
    }
}
