//! Decision regions: what a classifier answers at every point of the plane, with the data over it.

use super::{AxisSpec, Canvas, Color, Entry, Grid, Point, Region, Stroke, Svg, contour, scatter, sheet, theme};
use crate::language::Language;
use anyhow::{Context, Result, ensure};

/// A figure of decision regions, one or several panels over the same rectangle.
#[must_use]
#[derive(Debug, Clone)]
pub struct Regions {
    title: String,
    labels: [String; 3],
    class_names: Vec<String>,
    panels: Vec<RegionPanel>,
}

/// The answers of a model, in ten tints with a line at one half, and points that it is judged by.
#[must_use]
#[derive(Debug, Clone)]
pub struct RegionPanel {
    answers: Grid,
    split: Split,
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
    /// A model's answers from 0 for the first class to 1 for the second, and the points of a split, which names the panel; a
    /// point outside the grid's rectangle is left out.
    pub fn new(answers: Grid, split: Split) -> Self {
        Self { answers, split }
    }
}

/// The regions to fill from the lowest tenth up, each over those before it, with the colour of each.
fn layers(grid: &Grid) -> Vec<(Region, Color)> {
    let layer = |tenth| (contour::region(grid, f64::from(tenth) / 10.0), tint(tenth));
    (1..10).map(layer).collect()
}

/// Which of the layers begins at one half.
const BOUNDARY: usize = 4;

/// The colour of answers from `tenth` tenths on: from the tint of the first class over near white to that of the second.
fn tint(tenth: u8) -> Color {
    let p = f64::from(tenth) / 10.0 + 0.05;
    theme::WHITE.mix(theme::series_color(usize::from(p > 0.5)), 0.42 * (2.0 * p - 1.0).abs())
}

impl Regions {
    /// An empty figure with its title, the labels of its two axes and of the answer, and the names of the two classes.
    pub fn new(title: impl Into<String>, labels: [&str; 3], class_names: [&str; 2]) -> Self {
        let class_names = class_names.map(str::to_owned).to_vec();
        Self { title: title.into(), labels: labels.map(str::to_owned), class_names, panels: Vec::new() }
    }

    /// Adds a panel; two stand in a row.
    pub fn panel(mut self, panel: RegionPanel) -> Self {
        self.panels.push(panel);
        self
    }

    /// Draws the figure; fails if it has no panel, a grid's size and values disagree, the panels' rectangles differ, or a split
    /// has not one class for each point.
    ///
    /// # Errors
    ///
    /// If there is no panel, a grid's size and values disagree, the panels' rectangles differ, or a split has
    /// not one class for each point.
    pub fn render(&self) -> Result<Svg> {
        Svg::in_each_language(|language| self.drawn(language))
    }

    fn drawn(&self, language: Language) -> Result<String> {
        let first = self.panels.first().with_context(|| format!("figure '{}' has no panels", self.title))?;
        let grid = &first.answers;
        for RegionPanel { answers, split } in &self.panels {
            answers.check()?;
            let same = (answers.x_range, answers.y_range) == (grid.x_range, grid.y_range);
            ensure!(same, "the panels of figure '{}' cover different rectangles", self.title);
            split.check()?;
        }
        let x = AxisSpec::over(&self.labels[0], grid.x_range, 0.0, false);
        let y = AxisSpec::over(&self.labels[1], grid.y_range, 0.0, false);
        let titles: Vec<&str> = self.panels.iter().map(|panel| panel.split.label.as_str()).collect();
        let (canvas, frames) = sheet::frames(Canvas::titled(&self.title, language)?, &titles, &self.entries(), &x, &y)?;
        for (RegionPanel { answers, split }, frame) in self.panels.iter().zip(&frames) {
            let layers = layers(answers);
            canvas.rect(frame.area, Some(tint(0)), None)?;
            for (region, color) in &layers {
                region.fill(&canvas, frame, answers, *color);
            }
            scatter::draw_points(&canvas, frame, split, self.class_names.len())?;
            // Over the points, with a light edge, so that the crowd does not hide it.
            for (color, width) in [(theme::WHITE, 4.4), (theme::INK, BOUNDARY_WIDTH)] {
                layers[BOUNDARY].0.outline(&canvas, frame, answers, Stroke::solid(color, width))?;
            }
            frame.draw_axes(&canvas, true)?;
            frame.draw_title(&canvas, &split.label, 0.0)?;
        }
        Ok(canvas.finish())
    }

    /// The legend of classes, tints and boundary.
    fn entries(&self) -> Vec<Entry> {
        let mut entries = Entry::classes(&self.class_names);
        entries.push(Entry::shades(&format!("{}, 0 to 1", self.labels[2]), (0..10).map(tint)));
        entries.push(Entry::line("one half", Stroke::solid(theme::INK, BOUNDARY_WIDTH), None));
        entries
    }
}

const BOUNDARY_WIDTH: f64 = 2.2;
