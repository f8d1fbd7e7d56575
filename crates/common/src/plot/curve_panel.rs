//! How one panel of curves is drawn.

use super::{
    Area, AxisSpec, Canvas, Color, CurvePanel, Dash, Entry, Frame, Point, Series, Stroke, crossed, legend, polyline, theme,
};
use anyhow::{Context, Result, ensure};

impl Series {
    fn stroke(&self, index: usize) -> Stroke {
        Stroke {
            color: self.color.unwrap_or_else(|| theme::series_color(index)),
            width: theme::LINE_WIDTH,
            dash: self.dash.unwrap_or_else(|| Dash::nth(index)),
        }
    }
}

impl CurvePanel {
    fn check(&self) -> Result<()> {
        ensure!(!self.series.is_empty(), "a panel of curves has no series");
        for series in &self.series {
            ensure!(!series.points.is_empty(), "series '{}' has no points", series.label);
            let (n, band) = (series.points.len(), series.band.len());
            ensure!(band == 0 || band == n, "series '{}' has {n} points, but a band of {band}", series.label);
        }
        Ok(())
    }

    /// All that its y axis has to show.
    fn ys(&self) -> impl Iterator<Item = f64> + Clone {
        let points = self.series.iter().flat_map(|series| &series.points).map(|point| point.1);
        let bands = self.series.iter().flat_map(|series| &series.band).flat_map(|&(lower, upper)| [lower, upper]);
        points.chain(bands).chain(self.references.iter().map(|reference| reference.0))
    }

    /// Its axes; the y axis shows what it does in `beside` as well.
    pub(super) fn axes(&self, beside: &[&Self]) -> Result<(AxisSpec, AxisSpec)> {
        self.check()?;
        let marked = self.series.iter().any(|series| series.marker.is_some());
        let xs = self.series.iter().flat_map(|series| &series.points).map(|point| point.0);
        let x = if self.log_x {
            AxisSpec::log(&self.x_label, xs.filter(|&x| x > 0.0))?
        } else {
            AxisSpec::linear(&self.x_label, xs, if marked { 0.04 } else { 0.0 })?
        };
        let ys = self.ys().chain(beside.iter().flat_map(|panel| panel.ys()));
        let y = match (self.y_range, self.log_y) {
            (Some((lo, hi)), true) => {
                AxisSpec::log(&self.y_label, [lo, hi].into_iter()).context("y_range of a logarithmic axis")?
            }
            (Some(range), false) => AxisSpec::over(&self.y_label, range, 0.0, false),
            (None, true) => AxisSpec::log(&self.y_label, ys)?,
            (None, false) => AxisSpec::linear(&self.y_label, ys, 0.05)?,
        };
        Ok((x, y))
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let named = self.series.iter().enumerate().filter(|(_, series)| !series.label.is_empty());
        named
            .flat_map(|(i, series)| {
                let stroke = series.stroke(i);
                let band = (!series.band.is_empty()).then(|| Entry::shades(&series.band_label, [shade(stroke.color)]));
                [Entry::line(&series.label, stroke, series.marker)].into_iter().chain(band)
            })
            .collect()
    }

    /// Each curve in pixels, cut and thinned.
    fn paths(&self, frame: &Frame) -> Vec<Vec<Vec<Point>>> {
        let path = |series: &Series| {
            let points = series.points.iter().map(|&(x, y)| frame.map(x, y));
            // Half a pixel outside, a curve along the frame's edge is still whole.
            let pieces = polyline::pieces(points, frame.area.grow(0.5));
            pieces.iter().map(|piece| polyline::thin(piece, 0.12)).collect()
        };
        self.series.iter().map(path).collect()
    }

    pub(super) fn draw(&self, canvas: &Canvas, frame: &Frame, legend: Option<Area>) -> Result<()> {
        let paths = self.paths(frame);
        if self.through_origin {
            crossed::draw_axes(canvas, frame, &paths.concat())?;
        } else {
            frame.draw_grid(canvas, true)?;
        }
        for (i, series) in self.series.iter().enumerate() {
            draw_band(canvas, frame, series, series.stroke(i).color)?;
        }
        if !self.through_origin {
            frame.draw_axes(canvas, false)?;
        }
        self.draw_references(canvas, frame, &paths.concat())?;
        for (i, (series, pieces)) in self.series.iter().zip(&paths).enumerate() {
            let stroke = series.stroke(i);
            for piece in pieces {
                canvas.line(piece, stroke)?;
            }
            if let Some(marker) = series.marker {
                for &(x, y) in &series.points {
                    if let Some(at) = frame.map(x, y).filter(|&at| frame.area.grow(1.0).contains(at)) {
                        canvas.mark(at, marker, 5.2, stroke.color)?;
                    }
                }
            }
        }
        legend.map_or(Ok(()), |area| legend::draw_box(canvas, &self.entries(), area))
    }

    /// Where the reference lines that the y axis can show stand, and their labels.
    fn reference_lines(&self, frame: &Frame) -> impl Iterator<Item = (f64, &str)> {
        self.references.iter().filter_map(|(value, label)| Some((frame.y_at(frame.y.coordinate(*value)?), label.as_str())))
    }

    fn draw_references(&self, canvas: &Canvas, frame: &Frame, curves: &[Vec<Point>]) -> Result<()> {
        let Area { left, right, .. } = frame.area;
        let stroke = Stroke { color: theme::NEUTRAL, width: 1.6, dash: Dash::Dotted };
        for (y, label) in self.reference_lines(frame).filter(|&(y, _)| frame.area.contains((left, y))) {
            canvas.line(&[(left, y), (right, y)], stroke)?;
            crossed::draw_reference_label(canvas, frame, (label, y), curves)?;
        }
        Ok(())
    }

    /// What a legend must not hide: curves, bands and references.
    pub(super) fn obstacles(&self, frame: &Frame) -> Vec<Vec<Point>> {
        let Area { left, right, .. } = frame.area;
        let mut obstacles: Vec<_> = self.paths(frame).into_iter().flatten().collect();
        for series in &self.series {
            obstacles.extend(series.points.iter().filter_map(|&(x, y)| Some(vec![frame.map(x, y)?])));
            for (&(x, _), &(lower, upper)) in series.points.iter().zip(&series.band) {
                if let (Some(a), Some(b)) = (frame.map(x, lower), frame.map(x, upper)) {
                    obstacles.push(vec![a, b]);
                }
            }
        }
        for (y, label) in self.reference_lines(frame) {
            obstacles.push(vec![(left, y), (right, y)]);
            if !label.is_empty() {
                obstacles.extend([y - 12.0, y + 12.0].map(|y| vec![(left, y), (right, y)]));
            }
        }
        if self.through_origin {
            obstacles.extend(crossed::obstacles(frame));
        }
        obstacles
    }
}

/// Opacity of a band.
const BAND: f64 = 0.16;

/// The colour of a band on white.
fn shade(color: Color) -> Color {
    theme::WHITE.mix(color, BAND)
}

fn draw_band(canvas: &Canvas, frame: &Frame, series: &Series, color: Color) -> Result<()> {
    let edges = series.points.iter().zip(&series.band).map(|(&(x, _), &(lower, upper))| {
        let clamp = |(x, y): Point| (x, y.clamp(frame.area.top, frame.area.bottom));
        Some((clamp(frame.map(x, lower)?), clamp(frame.map(x, upper)?)))
    });
    let edges: Vec<_> = edges.collect();
    for run in edges.split(Option::is_none) {
        let lower: Vec<Point> = run.iter().flatten().map(|edge| edge.0).collect();
        let upper: Vec<Point> = run.iter().flatten().map(|edge| edge.1).collect();
        if lower.len() > 1 {
            let mut outline = polyline::thin(&lower, 0.12);
            outline.extend(polyline::thin(&upper, 0.12).into_iter().rev());
            canvas.polygon(&outline, (color, BAND), None)?;
        }
    }
    Ok(())
}
