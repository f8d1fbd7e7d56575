//! Decision regions: what a classifier answers at every point of the plane, with the data over it.

use super::{AxisSpec, Canvas, Color, Entry, Frame, Grid, Marker, Point, Region, Stroke, Svg, contour, mark_size, sheet, theme};
use anyhow::{Context, Result, ensure};

/// A figure of decision regions, one or several panels (models) over the same rectangle.
#[must_use]
#[derive(Debug, Clone)]
pub struct Regions {
    title: String,
    labels: (String, String),
    class_names: Vec<String>,
    panels: Vec<RegionPanel>,
}

/// The answers of one model, in ten tints with a line at one half, and the data it is judged by.
#[must_use]
#[derive(Debug, Clone)]
pub struct RegionPanel {
    title: String,
    probabilities: Grid,
    splits: Vec<Split>,
}

/// Labelled points of one split.
#[derive(Debug, Clone)]
pub struct Split {
    pub(super) label: String,
    pub(super) points: Vec<Point>,
    pub(super) classes: Vec<usize>,
}

impl Split {
    /// Points with their true classes under one name, such as train, dev or test.
    pub fn new(
        label: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
        classes: impl IntoIterator<Item = usize>,
    ) -> Self {
        Self { label: label.into(), points: points.into_iter().collect(), classes: classes.into_iter().collect() }
    }

    pub(super) fn check(&self) -> Result<()> {
        let (n, classes) = (self.points.len(), self.classes.len());
        ensure!(n == classes, "split '{}' has {n} points, but {classes} classes", self.label);
        Ok(())
    }
}

impl RegionPanel {
    /// The probabilities of class 1 that a model gives, without data; the title may be empty.
    pub fn new(title: impl Into<String>, probabilities: Grid) -> Self {
        Self { title: title.into(), probabilities, splits: Vec::new() }
    }

    /// Adds the points of one split; one outside the grid's rectangle is left out.
    pub fn split(mut self, split: Split) -> Self {
        self.splits.push(split);
        self
    }
}

/// The regions to fill from the lowest tenth up, each over those before it, with the colour of each.
fn layers(grid: &Grid) -> Vec<(Region, Color)> {
    let layer = |tenth| {
        let level = f64::from(tenth) / 10.0;
        (contour::region(grid, level), tint(level + 0.05))
    };
    (1..10).map(layer).collect()
}

/// Which of the layers begins at one half.
const BOUNDARY: usize = 4;

/// From the tint of class 0 over near white to the tint of class 1.
fn tint(p: f64) -> Color {
    let color = theme::series_color(usize::from(p > 0.5));
    theme::WHITE.mix(color, 0.42 * (2.0 * p - 1.0).abs())
}

impl Regions {
    /// An empty figure with its title, axis labels and the names of classes 0, 1, ….
    pub fn new(title: impl Into<String>, (x_label, y_label): (&str, &str), class_names: &[&str]) -> Self {
        let class_names = class_names.iter().map(|&name| name.to_owned()).collect();
        Self { title: title.into(), labels: (x_label.into(), y_label.into()), class_names, panels: Vec::new() }
    }

    /// Adds a panel to the right of the others.
    pub fn panel(mut self, panel: RegionPanel) -> Self {
        self.panels.push(panel);
        self
    }

    /// Draws the figure; fails if it has no panel, a grid's size and values disagree, the panels' rectangles differ, or a split
    /// has not one class a point.
    ///
    /// # Errors
    ///
    /// If there is no panel, a grid's size and values disagree, the panels' rectangles differ, or a split has
    /// not one class a point.
    pub fn render(&self) -> Result<Svg> {
        let first = self.panels.first().with_context(|| format!("figure '{}' has no panels", self.title))?;
        let grid = &first.probabilities;
        for panel in &self.panels {
            let other = &panel.probabilities;
            other.check()?;
            let same = (other.x_range, other.y_range) == (grid.x_range, grid.y_range);
            ensure!(same, "the panels of figure '{}' cover different rectangles", self.title);
            panel.splits.iter().try_for_each(Split::check)?;
        }
        let x = AxisSpec::over(&self.labels.0, grid.x_range, 0.0, false);
        let y = AxisSpec::over(&self.labels.1, grid.y_range, 0.0, false);
        let titles: Vec<&str> = self.panels.iter().map(|panel| panel.title.as_str()).collect();
        let (canvas, frames) = sheet::row(&self.title, &titles, &self.entries(), &x, &y)?;
        for (panel, frame) in self.panels.iter().zip(&frames) {
            let grid = &panel.probabilities;
            let layers = layers(grid);
            canvas.rect(frame.area, Some(tint(0.05)), None)?;
            for (region, color) in &layers {
                region.fill(&canvas, frame, grid, *color);
            }
            self.draw_points(&canvas, frame, panel)?;
            // Over the points, with a light edge, so that the crowd does not hide it.
            for (color, width) in [(theme::WHITE, 4.4), (theme::INK, 2.2)] {
                layers[BOUNDARY].0.outline(&canvas, frame, grid, Stroke::solid(color, width))?;
            }
            frame.draw_axes(&canvas, true)?;
            frame.draw_title(&canvas, &panel.title, 0.0)?;
        }
        Ok(canvas.finish())
    }

    fn entries(&self) -> Vec<Entry> {
        let class = |(i, name): (usize, &String)| Entry::mark(name, Marker::Disc, theme::series_color(i));
        let mut entries: Vec<_> = self.class_names.iter().enumerate().map(class).collect();
        // One split needs no telling apart: all points are discs.
        if self.panels.iter().any(|panel| panel.splits.len() > 1) {
            for (i, split) in self.panels.iter().flat_map(|panel| panel.splits.iter().enumerate()) {
                let entry = Entry::mark(&split.label, Marker::nth(i), theme::SOFT_INK);
                if !entries.contains(&entry) {
                    entries.push(entry);
                }
            }
        }
        entries
    }

    /// Draws every split class by class: marker by split, colour by class.
    fn draw_points(&self, canvas: &Canvas, frame: &Frame, panel: &RegionPanel) -> Result<()> {
        let n: usize = panel.splits.iter().map(|split| split.points.len()).sum();
        let size = mark_size(n, self.panels.len());
        for (i, split) in panel.splits.iter().enumerate() {
            let mut order: Vec<usize> = (0..split.points.len()).collect();
            // Stretches of one class share a style in the file, and no class covers all of another.
            order.sort_by_key(|&point| (point / 48, split.classes[point]));
            for point in order {
                let (x, y) = split.points[point];
                if let Some(at) = frame.map(x, y).filter(|&at| frame.area.contains(at)) {
                    canvas.mark(at, Marker::nth(i), size, theme::series_color(split.classes[point]))?;
                }
            }
        }
        Ok(())
    }
}
