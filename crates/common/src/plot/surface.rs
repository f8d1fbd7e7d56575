//! A function of two variables as a surface in three dimensions, with the paths that optimisers take over it.

use super::{Area, BoxAxes, Canvas, Color, Dash, Landscape, Point, Point3, Projection, Stroke, Svg, legend, polyline, theme};
use crate::language::Language;
use anyhow::Result;

/// Height of the part below the legend.
const HEIGHT: f64 = 500.0;

impl Landscape {
    /// Draws a surface in axonometric projection, coloured by height; what lies behind a slope is drawn pale and dashed. Each cell of
    /// the grid becomes one face, so some forty nodes in each direction are enough.
    ///
    /// # Errors
    /// If the grid's size and values disagree, or it has no finite value.
    pub fn surface(&self) -> Result<Svg> {
        Svg::in_each_language(|language| self.surface_in(language))
    }

    fn surface_in(&self, language: Language) -> Result<String> {
        let (canvas, projection) = self.ground(language)?;
        self.draw_paths(&canvas, &projection, None)?;
        self.draw_marks(&canvas, &projection)?;
        Ok(canvas.finish())
    }

    /// Everything but the paths.
    pub(super) fn ground(&self, language: Language) -> Result<(Canvas, Projection)> {
        self.grid.check()?;
        let (lo, hi) = self.grid.extent()?;
        let heights = if lo < hi { (lo, hi) } else { (lo - 1.0, hi + 1.0) };
        let (mut canvas, body) = Canvas::titled(&self.title, language)?;
        let body = legend::draw_strip(&canvas, &self.entries(), body)?;
        let area = Area { left: body.left + 76.0, right: body.right - 20.0, top: body.top, bottom: body.top + HEIGHT - 60.0 };
        let projection = Projection::fit([self.grid.x_range, self.grid.y_range, heights], self.view, area);
        canvas.resize(theme::WIDTH, body.top + HEIGHT);
        let axes = BoxAxes { projection: &projection, labels: &self.labels };
        axes.draw_walls(&canvas)?;
        self.draw_faces(&canvas, &projection)?;
        axes.draw_scales(&canvas)?;
        Ok((canvas, projection))
    }

    /// Draws the cells as faces, each over those behind it. In rows from the far edge to the near one, no face can be hidden by
    /// an earlier one: rays to the eye cross the grid that way only.
    fn draw_faces(&self, canvas: &Canvas, projection: &Projection) -> Result<()> {
        let order = |axis: usize, n: usize| -> Vec<usize> {
            if projection.rises_towards_eye(axis) { (0..n).collect() } else { (0..n).rev().collect() }
        };
        for row in order(1, self.grid.ny - 1) {
            for &column in &order(0, self.grid.nx - 1) {
                let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(i, j)| self.grid.node(column + i, row + j));
                if corners.iter().all(|corner| corner[2].is_finite()) {
                    let color = face_color(projection, corners);
                    let points = corners.map(|corner| projection.map(corner));
                    // The edge closes the hairline gaps between faces, and shows how the surface bends.
                    canvas.polygon(&points, (color, 1.0), Some(Stroke::solid(color.mix(theme::INK, 0.13), 0.5)))?;
                }
            }
        }
        Ok(())
    }

    /// Draws the first `steps` steps of each path along the surface, with a marker at each step.
    pub(super) fn draw_paths(&self, canvas: &Canvas, projection: &Projection, steps: Option<usize>) -> Result<()> {
        let mut drawn = Vec::new();
        for (path, look) in self.paths.iter().zip(self.looks()) {
            let shown = steps.map_or(path.points.len(), |steps| steps + 1);
            let points = path.points.iter().copied().take(shown);
            let points: Vec<Point> = points.take_while(|(x, y)| x.is_finite() && y.is_finite()).collect();
            let (seen, hidden): (Vec<_>, Vec<_>) =
                self.pieces(projection, &points).into_iter().partition(|(_, is_seen)| *is_seen);
            for (line, _) in hidden {
                let pale = look.color.mix(theme::WHITE, 0.45);
                canvas.line(&polyline::thin(&line, 0.1), Stroke { color: pale, width: 1.4, dash: Dash::Dotted })?;
            }
            let lines: Vec<Vec<Point>> = seen.iter().map(|(line, _)| polyline::thin(line, 0.1)).collect();
            lines.iter().try_for_each(|line| look.draw_edge(canvas, line))?;
            drawn.push((look, lines, points));
        }
        for (look, lines, points) in drawn {
            lines.iter().try_for_each(|line| look.draw_line(canvas, line))?;
            let seen = points.into_iter().filter(|&at| projection.sees(&self.grid, at));
            look.draw_marks(canvas, seen.filter_map(|at| self.map(projection, at)))?;
        }
        Ok(())
    }

    /// Draws the paths' starts and the landmarks.
    pub(super) fn draw_marks(&self, canvas: &Canvas, projection: &Projection) -> Result<()> {
        for (place, marker, size) in self.marks(6.5) {
            if let Some(at) = self.map(projection, place) {
                let hidden = if projection.sees(&self.grid, place) { 0.0 } else { 0.5 };
                canvas.mark(at, marker, size, theme::INK.mix(theme::WHITE, hidden))?;
            }
        }
        Ok(())
    }

    /// Where the surface's point above (x, y) stands on the sheet; `None` outside the rectangle.
    pub(super) fn map(&self, projection: &Projection, (x, y): Point) -> Option<Point> {
        Some(projection.map([x, y, self.grid.at(x, y)?]))
    }

    /// The stretches of a path that are seen and those that are hidden, in pixels.
    fn pieces(&self, projection: &Projection, points: &[Point]) -> Vec<(Vec<Point>, bool)> {
        let ((left, right), (top, bottom)) = (self.grid.x_range, self.grid.y_range);
        let mut pieces: Vec<(Vec<Point>, bool)> = Vec::new();
        for piece in polyline::pieces(points.iter().copied().map(Some), Area { left, top, right, bottom }) {
            let mut last: Option<(Point, bool)> = None;
            for place in self.grid.walk(&piece) {
                let Some(at) = self.map(projection, place) else { continue };
                let is_seen = projection.sees(&self.grid, place);
                match (last, pieces.last_mut()) {
                    (Some((_, before)), Some(piece)) if before == is_seen => piece.0.push(at),
                    (Some((from, _)), _) => pieces.push((vec![from, at], is_seen)),
                    _ => pieces.push((vec![at], is_seen)),
                }
                last = Some((at, is_seen));
            }
        }
        pieces
    }
}

/// The colour of a face: its mean height, darker where it is turned away from the light.
fn face_color(projection: &Projection, corners: [Point3; 4]) -> Color {
    let (lo, hi) = projection.ranges[2];
    let height = corners.iter().fold(0.0, |sum, corner| sum + corner[2]) / 4.0;
    let shadow = 0.42 * (1.0 - projection.light(corners));
    theme::height_color(0.06 + 0.94 * (height - lo) / (hi - lo)).mix(Color(0x2E, 0x1F, 0x4A), shadow)
}

#[cfg(test)]
mod tests {
    use super::super::{Grid, View};
    use super::*;

    /// A peak in the middle of a plain; nothing where `hole` is.
    fn peak(hole: impl Fn(f64, f64) -> bool) -> Grid {
        Grid::sample((-1.0, 1.0), (-1.0, 1.0), (41, 41), |x, y| {
            if hole(x, y) { f64::NAN } else { (1.0 - 3.0 * x.abs().max(y.abs())).max(0.0) }
        })
    }

    fn seen_from(azimuth: f64, elevation: f64, grid: Grid) -> Landscape {
        Landscape { view: View { azimuth, elevation }, ..Landscape::new("", [""; 3], grid) }
    }

    #[test]
    fn what_lies_behind_a_slope_does_not_show() {
        for azimuth in [-60.0, 30.0, 120.0, 210.0] {
            let picture = |hole: &dyn Fn(f64, f64) -> bool| {
                let surface = seen_from(azimuth, 20.0, peak(hole));
                let (canvas, projection) = surface.ground(Language::English).unwrap();
                (canvas.to_image(), projection)
            };
            // The near slope faces the direction of the eye.
            let radians: f64 = azimuth * std::f64::consts::PI / 180.0;
            let (east, north) = (libm::cos(radians), libm::sin(radians));
            let (whole, projection) = picture(&|_, _| false);
            let (half, _) = picture(&|x, y| x * east + y * north < -0.1);
            let near = [0.2 * east, 0.2 * north];
            let (x, y) = projection.map([near[0], near[1], peak(|_, _| false).at(near[0], near[1]).unwrap()]);
            let at = y as usize * whole.width + x as usize;
            let (whole_at, half_at) = (whole.pixels[at], half.pixels[at]);
            // A trace comes through the fine gaps between faces.
            let alike = (0..3).all(|i| whole_at[i].abs_diff(half_at[i]) <= 2);
            assert!(alike, "seen from {azimuth} degrees: {whole_at:?} and {half_at:?}");
            assert_ne!(whole.pixels, half.pixels);
        }
    }

    #[test]
    fn a_hidden_stretch_of_a_path_is_told_apart() {
        let surface = seen_from(-90.0, 60.0, peak(|_, _| false));
        let (_, projection) = surface.ground(Language::English).unwrap();
        let seen = |pieces: Vec<(Vec<Point>, bool)>| pieces.into_iter().map(|(_, is_seen)| is_seen).collect::<Vec<_>>();
        assert_eq!(seen(surface.pieces(&projection, &[(0.0, -0.9), (0.0, 0.9)])), [true, false, true]);
        assert_eq!(seen(surface.pieces(&projection, &[(-0.9, -0.9), (0.9, -0.9)])), [true]);
    }
}
