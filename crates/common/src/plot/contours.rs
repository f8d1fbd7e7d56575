//! A function of two variables as filled contours with a colour bar.

use super::{
    Area, AxisSpec, Canvas, Color, Frame, Grid, HPos, Landscape, Lettering, Point, Stroke, Svg, VPos, contour, polyline, sheet,
    theme, ticks,
};
use crate::language::Language;
use anyhow::{Result, ensure};

impl Landscape {
    /// Draws contours at these values, or at round ones chosen from the grid if there are none.
    ///
    /// # Errors
    /// If the grid's size and values disagree, it has no finite value, or the levels do not ascend.
    pub fn contours(&self, levels: &[f64]) -> Result<Svg> {
        Svg::in_each_language(|language| self.contours_in(language, levels))
    }

    fn contours_in(&self, language: Language, levels: &[f64]) -> Result<String> {
        self.grid.check()?;
        let levels = if levels.is_empty() { choose_levels(&self.grid)? } else { levels.to_vec() };
        let ascending = levels.windows(2).all(|pair| pair[0] < pair[1]);
        ensure!(ascending, "the contour levels of figure '{}' do not ascend", self.title);
        let [x_label, y_label, value_label] = &self.labels;
        let x = AxisSpec::over(x_label, self.grid.x_range, 0.0, false);
        let y = AxisSpec::over(y_label, self.grid.y_range, 0.0, false);
        let (mut canvas, frames) = sheet::frames(Canvas::titled(&self.title, language)?, &[""], &self.entries(), &x, &y)?;
        let frame = &frames[0];
        let right = draw_bar(&canvas, frame.area, &levels, value_label)?;
        canvas.resize(canvas.width.max(right + theme::MARGIN), canvas.height);
        self.draw_contours(&canvas, frame, &levels)?;
        self.draw_flat_paths(&canvas, frame)?;
        frame.draw_axes(&canvas, true)?;
        for ((x, y), marker, size) in self.marks(7.0) {
            if let Some(at) = frame.map(x, y).filter(|&at| frame.area.contains(at)) {
                canvas.mark(at, marker, size, theme::INK)?;
            }
        }
        Ok(canvas.finish())
    }

    fn draw_flat_paths(&self, canvas: &Canvas, frame: &Frame) -> Result<()> {
        let places: Vec<Vec<Point>> =
            self.paths.iter().map(|path| path.points.iter().map_while(|&(x, y)| frame.map(x, y)).collect()).collect();
        let pieces = |places: &[Point]| -> Vec<Vec<Point>> {
            let pieces = polyline::pieces(places.iter().copied().map(Some), frame.area);
            pieces.iter().map(|piece| polyline::thin(piece, 0.1)).collect()
        };
        let lines: Vec<Vec<Vec<Point>>> = places.iter().map(|places| pieces(places)).collect();
        for (look, lines) in self.looks().zip(&lines) {
            lines.iter().try_for_each(|line| look.draw_edge(canvas, line))?;
        }
        for ((look, lines), places) in self.looks().zip(&lines).zip(&places) {
            lines.iter().try_for_each(|line| look.draw_line(canvas, line))?;
            look.draw_marks(canvas, places.iter().copied().filter(|&at| frame.area.contains(at)))?;
        }
        Ok(())
    }

    fn draw_contours(&self, canvas: &Canvas, frame: &Frame, levels: &[f64]) -> Result<()> {
        canvas.rect(frame.area, Some(band_color(0, levels.len())), None)?;
        for (i, &level) in levels.iter().enumerate() {
            let region = contour::region(&self.grid, level);
            region.fill(canvas, frame, &self.grid, band_color(i + 1, levels.len()));
            region.outline(canvas, frame, &self.grid, Stroke::solid(theme::SOFT_INK, 0.6))?;
        }
        Ok(())
    }
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
    // Where bands are low, only some of the values can be written.
    let stride = (22.0 / band).ceil() as usize;
    for (i, name) in names.iter().enumerate() {
        let y = bar.bottom - (i + 1) as f64 * band;
        canvas.line(&[(bar.left, y), (bar.right, y)], Stroke::solid(theme::SOFT_INK, 0.6))?;
        if i % stride == 0 {
            canvas.text(name, (bar.right + 7.0, y), Lettering::TICK.at(HPos::Left, VPos::Center))?;
        }
    }
    let right = bar.right + 7.0 + canvas.widest(&names, Lettering::TICK);
    canvas.text(label, (right + 10.0, bar.center().1), Lettering::LABEL.at(HPos::Center, VPos::Top).upwards())?;
    Ok(if label.is_empty() { right } else { right + 10.0 + Lettering::LABEL.size })
}

#[cfg(test)]
mod tests {
    use super::super::DescentPath;
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
        assert!(Landscape::new("flat", ["x", "y", ""], grid).contours(&[]).is_ok());
    }

    #[test]
    fn a_path_is_cut_at_the_edge_and_ends_where_it_is_not_finite() {
        let grid = Grid::sample((-1.0, 1.0), (-1.0, 1.0), (9, 9), |x, y| x + y);
        let figure = |points: Vec<(f64, f64)>| {
            let landscape = Landscape::new("", [""; 3], grid.clone()).path(DescentPath::new("", points));
            let svg = landscape.contours(&[]).unwrap();
            svg.as_str().matches("<circle").count()
        };
        let inside = figure(vec![(0.0, 0.0), (0.5, 0.5)]);
        assert_eq!(figure(vec![(0.0, 0.0), (0.5, 0.5), (8.0, 8.0), (1e30, 1e30)]), inside);
        assert_eq!(figure(vec![(0.0, 0.0), (0.5, 0.5), (f64::NAN, 0.0), (-0.5, 0.5)]), inside);
    }

    #[test]
    fn levels_that_do_not_ascend_are_an_error() {
        let grid = Grid::sample((0.0, 1.0), (0.0, 1.0), (3, 3), |x, y| x + y);
        let error = Landscape::new("f", ["x", "y", ""], grid).contours(&[1.0, 0.5]).unwrap_err();
        assert!(error.to_string().contains("do not ascend"), "{error}");
    }
}
