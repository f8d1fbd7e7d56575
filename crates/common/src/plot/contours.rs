//! A function of two variables as filled contours, with the paths that optimisers take over it.

use super::{
    Area, AxisSpec, Canvas, Color, Crossing, Entry, Frame, Grid, HPos, Key, Lettering, Marker, Point, Row, Stroke, Svg, VPos,
    contour, polyline, theme, ticks,
};
use anyhow::{Result, ensure};

/// Filled contours of a function with a colour bar, and paths over them.
#[derive(Debug, Clone)]
pub struct Contours {
    /// Title over the figure; may be empty.
    pub title: String,
    /// Labels of the x and y axes.
    pub labels: (String, String),
    /// Label of the colour bar.
    pub value_label: String,
    /// The function's values.
    pub grid: Grid,
    /// Values at which contours are drawn, ascending; chosen from the grid if empty.
    pub levels: Vec<f64>,
    /// The paths, in drawing order.
    pub paths: Vec<DescentPath>,
    /// Points of the plane that have a name.
    pub landmarks: Vec<Landmark>,
}

/// The points that an optimiser visits, in order.
#[derive(Debug, Clone)]
pub struct DescentPath {
    /// Name in the legend.
    pub label: String,
    /// The points, the start first; one that is not finite ends the path.
    pub points: Vec<(f64, f64)>,
    /// Colour; the palette's next if `None`.
    pub color: Option<Color>,
}

impl DescentPath {
    /// A path under a name.
    pub fn new(label: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { label: label.into(), points: points.into_iter().collect(), color: None }
    }

    /// How path number `index` of `n` looks.
    pub(super) fn look(&self, index: usize, n: usize) -> PathLook {
        let color = self.color.unwrap_or_else(|| theme::series_color(index));
        let width = 2.0 + 1.2 * (n - 1 - index) as f64;
        PathLook { color, width, alone: n == 1 }
    }
}

/// Colour of a path and width of its line. One of several is broader than those drawn over it, so that it is seen even where they all go
/// the same way.
#[derive(Debug, Clone, Copy)]
pub(super) struct PathLook {
    pub(super) color: Color,
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

    /// Draws a dot at each step, but none where steps are short and dots would crowd.
    pub(super) fn draw_dots(self, canvas: &Canvas, points: impl IntoIterator<Item = Point>) -> Result<()> {
        let (radius, distance) = if self.alone { (3.6, 4.4) } else { (self.width / 2.0 + 1.2, self.width + 5.0) };
        for at in polyline::apart(points, distance) {
            if self.alone {
                canvas.mark(at, Marker::Disc, radius, self.color)?;
            } else {
                // A light edge would cover the lines below.
                canvas.dot(at, radius, self.color)?;
            }
        }
        Ok(())
    }
}

/// A named point, such as an optimum.
#[derive(Debug, Clone)]
pub struct Landmark {
    /// Name in the legend.
    pub label: String,
    /// Its shape.
    pub marker: Marker,
    /// Where it is.
    pub at: (f64, f64),
}

impl Landmark {
    /// A named point.
    pub fn new(label: impl Into<String>, marker: Marker, at: (f64, f64)) -> Self {
        Self { label: label.into(), marker, at }
    }
}

impl Contours {
    /// Contours without paths.
    pub fn new(title: impl Into<String>, (x_label, y_label): (&str, &str), grid: Grid) -> Self {
        Self {
            title: title.into(),
            labels: (x_label.to_owned(), y_label.to_owned()),
            value_label: "f(x)".to_owned(),
            grid,
            levels: Vec::new(),
            paths: Vec::new(),
            landmarks: Vec::new(),
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
        self.landmark(Landmark::new("optimum", Marker::Star, (x, y)))
    }

    /// Marks a named point.
    #[must_use]
    pub fn landmark(mut self, landmark: Landmark) -> Self {
        self.landmarks.push(landmark);
        self
    }

    /// Sets the values at which contours are drawn.
    #[must_use]
    pub fn levels(self, levels: impl IntoIterator<Item = f64>) -> Self {
        Self { levels: levels.into_iter().collect(), ..self }
    }

    /// Draws the figure. A path that leaves the rectangle is cut at its edge.
    ///
    /// # Errors
    ///
    /// If the grid's size and values disagree, it has no finite value, or the levels do not ascend.
    pub fn render(&self) -> Result<Svg> {
        self.grid.check()?;
        let levels = if self.levels.is_empty() { choose_levels(&self.grid)? } else { self.levels.clone() };
        let ascending = levels.windows(2).all(|pair| pair[0] < pair[1]);
        ensure!(ascending, "the contour levels of figure '{}' do not ascend", self.title);
        let x = AxisSpec::over(&self.labels.0, self.grid.x_range, 0.0, false);
        let y = AxisSpec::over(&self.labels.1, self.grid.y_range, 0.0, false);
        let entries = entries(&self.paths, &self.landmarks);
        let layout = Row { title: &self.title, titles: &[""], entries: &entries };
        let (mut canvas, frames) = layout.fit(&x, &y, true)?;
        let frame = &frames[0];
        let right = draw_bar(&canvas, frame.area, &levels, &self.value_label)?;
        let (width, height) = (canvas.width.max(right + theme::MARGIN), canvas.height);
        canvas.resize(width, height);
        self.draw_contours(&canvas, frame, &levels)?;
        self.draw_paths(&canvas, frame)?;
        frame.draw_axes(&canvas, true)?;
        let starts = self.paths.iter().filter_map(|path| path.points.first());
        let starts = starts.map(|&start| (start, START, 5.5));
        let landmarks = self.landmarks.iter().map(|landmark| (landmark.at, landmark.marker, 7.0));
        for ((x, y), marker, size) in starts.chain(landmarks) {
            if let Some(at) = frame.map(x, y).filter(|&at| frame.area.contains(at)) {
                canvas.mark(at, marker, size, theme::INK)?;
            }
        }
        Ok(canvas.finish(&self.title))
    }

    fn draw_paths(&self, canvas: &Canvas, frame: &Frame) -> Result<()> {
        let looks = || self.paths.iter().enumerate().map(|(i, path)| path.look(i, self.paths.len()));
        let places: Vec<Vec<Point>> =
            self.paths.iter().map(|path| path.points.iter().map_while(|&(x, y)| frame.map(x, y)).collect()).collect();
        let pieces = |places: &[Point]| -> Vec<Vec<Point>> {
            let pieces = polyline::pieces(places.iter().copied().map(Some), frame.area);
            pieces.iter().map(|piece| polyline::thin(piece, 0.1)).collect()
        };
        let lines: Vec<Vec<Vec<Point>>> = places.iter().map(|places| pieces(places)).collect();
        for (look, lines) in looks().zip(&lines) {
            lines.iter().try_for_each(|line| look.draw_edge(canvas, line))?;
        }
        for ((look, lines), places) in looks().zip(&lines).zip(&places) {
            lines.iter().try_for_each(|line| look.draw_line(canvas, line))?;
            look.draw_dots(canvas, places.iter().copied().filter(|&at| frame.area.contains(at)))?;
        }
        Ok(())
    }

    fn draw_contours(&self, canvas: &Canvas, frame: &Frame, levels: &[f64]) -> Result<()> {
        canvas.rect(frame.area, Some(band_color(0, levels.len())), None)?;
        for (i, &level) in levels.iter().enumerate() {
            let region = contour::region(&self.grid, level, Crossing::Linear);
            region.fill(canvas, frame, &self.grid, band_color(i + 1, levels.len()));
            region.outline(canvas, frame, &self.grid, Stroke::solid(theme::SOFT_INK, 0.6))?;
        }
        Ok(())
    }
}

/// The marker of a path's first point.
pub(super) const START: Marker = Marker::Square;

/// The legend of paths, their start, and landmarks.
pub(super) fn entries(paths: &[DescentPath], landmarks: &[Landmark]) -> Vec<Entry> {
    let path = |(i, path): (usize, &DescentPath)| Entry {
        key: Key::Line(Stroke::solid(path.look(i, paths.len()).color, 2.0), Some(Marker::Disc)),
        label: path.label.clone(),
    };
    let mark = |marker: Marker, label: &str| Entry { key: Key::Mark(marker, theme::INK), label: label.to_owned() };
    let start = paths.first().map(|_| mark(START, "start"));
    let landmarks = landmarks.iter().map(|landmark| mark(landmark.marker, &landmark.label));
    paths.iter().enumerate().map(path).chain(start).chain(landmarks).collect()
}

/// About ten round values between the lowest and the highest of a grid.
///
/// They are evenly spaced; but where more than half of the grid lies in the lowest quarter of its range, as in a
/// bowl, they are the lowest value plus 1, 4, 9, … times a round number, whose contours are evenly spaced in the plane.
fn choose_levels(grid: &Grid) -> Result<Vec<f64>> {
    let (lo, hi) = grid.extent()?;
    if lo >= hi {
        return Ok(Vec::new());
    }
    let low = grid.values.iter().filter(|&&value| value < lo + 0.25 * (hi - lo)).count();
    let levels: Vec<f64> = if 2 * low > grid.values.len() {
        // The round number is the step between ticks of an axis that is as long as the lowest contour is high.
        let unit = ticks::step(0.0, (hi - lo) / 130.0, 1);
        let base = (lo / unit + 1e-6).floor() * unit;
        (1..=16).map(|k| base + f64::from(k * k) * unit).collect()
    } else {
        ticks::linear(lo, hi, 10, false).into_iter().map(|tick| tick.at).collect()
    };
    let margin = 0.005 * (hi - lo);
    Ok(levels.into_iter().filter(|&level| level > lo + margin && level < hi - margin).collect())
}

/// The colour between contour number `index` − 1 and contour number `index` of `n`.
fn band_color(index: usize, n: usize) -> Color {
    theme::height_color(index as f64 / n.max(1) as f64)
}

const BAR_GAP: f64 = 22.0;
const BAR_WIDTH: f64 = 18.0;

/// Draws the colour bar to the right of `frame`: bands of one height, with the contours' values between them. Returns where
/// it ends.
fn draw_bar(canvas: &Canvas, frame: Area, levels: &[f64], label: &str) -> Result<f64> {
    let bar = Area { left: frame.right + BAR_GAP, right: frame.right + BAR_GAP + BAR_WIDTH, ..frame };
    let band = bar.height() / (levels.len() + 1) as f64;
    for i in 0..=levels.len() {
        let bottom = bar.bottom - i as f64 * band;
        canvas.rect(Area { top: bottom - band, bottom, ..bar }, Some(band_color(i, levels.len())), None)?;
    }
    canvas.rect(bar, None, Some(Stroke::solid(theme::FRAME, 1.2)))?;
    let names: Vec<String> = levels.iter().map(|&level| ticks::plain(level)).collect();
    let lettering = Lettering::new(theme::TICK_SIZE, theme::SOFT_INK);
    // Where bands are low, only some of the values can be written.
    let stride = (22.0 / band).ceil() as usize;
    for (i, name) in names.iter().enumerate() {
        let y = bar.bottom - (i + 1) as f64 * band;
        canvas.line(&[(bar.left, y), (bar.right, y)], Stroke::solid(theme::SOFT_INK, 0.6))?;
        if i % stride == 0 {
            canvas.text(name, (bar.right + 7.0, y), lettering.at(HPos::Left, VPos::Center))?;
        }
    }
    let right = bar.right + 7.0 + canvas.widest(names.iter().map(String::as_str), lettering)?;
    let lettering = Lettering::new(theme::LABEL_SIZE, theme::SOFT_INK);
    let middle = bar.center().1;
    canvas.text(label, (right + 10.0, middle), lettering.at(HPos::Center, VPos::Top).upwards())?;
    Ok(if label.is_empty() { right } else { right + 10.0 + theme::LABEL_SIZE })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(range: (f64, f64), f: impl FnMut(f64, f64) -> f64) -> Vec<f64> {
        choose_levels(&Grid::sample(range, range, (50, 50), f)).unwrap()
    }

    #[test]
    fn a_bowl_gets_contours_that_are_evenly_spaced_in_the_plane() {
        let bowl = levels((-2.0, 5.0), |x, y| 0.2 * x * x + 2.0 * y * y);
        assert_eq!(bowl, [0.5, 2.0, 4.5, 8.0, 12.5, 18.0, 24.5, 32.0, 40.5, 50.0]);
    }

    #[test]
    fn a_saddle_gets_evenly_spaced_contours() {
        let saddle = levels((-2.0, 2.0), |x, y| x * x - y * y);
        assert_eq!(saddle, [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_constant_function_can_be_drawn() {
        let grid = Grid::sample((0.0, 1.0), (0.0, 1.0), (3, 3), |_, _| 2.0);
        assert!(Contours::new("flat", ("x", "y"), grid).render().is_ok());
    }

    #[test]
    fn a_path_is_cut_at_the_edge_and_ends_where_it_is_not_finite() {
        let grid = Grid::sample((-1.0, 1.0), (-1.0, 1.0), (9, 9), |x, y| x + y);
        let figure = |points: Vec<(f64, f64)>| {
            let svg = Contours::new("", ("", ""), grid.clone()).path(DescentPath::new("", points)).render().unwrap();
            svg.as_str().matches("<circle").count()
        };
        let inside = figure(vec![(0.0, 0.0), (0.5, 0.5)]);
        assert_eq!(figure(vec![(0.0, 0.0), (0.5, 0.5), (8.0, 8.0), (1e30, 1e30)]), inside);
        assert_eq!(figure(vec![(0.0, 0.0), (0.5, 0.5), (f64::NAN, 0.0), (-0.5, 0.5)]), inside);
    }

    #[test]
    fn levels_that_do_not_ascend_are_an_error() {
        let grid = Grid::sample((0.0, 1.0), (0.0, 1.0), (3, 3), |x, y| x + y);
        let error = Contours::new("f", ("x", "y"), grid).levels([1.0, 0.5]).render().unwrap_err();
        assert!(error.to_string().contains("do not ascend"), "{error}");
    }
}
