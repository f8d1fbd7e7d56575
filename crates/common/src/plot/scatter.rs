//! Points in the plane, by class, over one or several panels with common axes.

use super::{AxisSpec, Canvas, Entry, Frame, Marker, Point, Split, Svg, sheet, theme};
use crate::language::Language;
use anyhow::{Result, ensure};

/// A figure of labelled points, a panel a split; all panels share their axes, on which circles are circles.
#[must_use]
#[derive(Debug, Clone)]
pub struct Scatter {
    title: String,
    labels: (String, String),
    class_names: Vec<String>,
    splits: Vec<Split>,
}

impl Scatter {
    /// An empty figure with its title, axis labels and the names of classes 0, 1, …; points of other classes are left out.
    pub fn new(title: impl Into<String>, (x_label, y_label): (&str, &str), class_names: &[&str]) -> Self {
        let class_names = class_names.iter().map(|&name| name.to_owned()).collect();
        Self { title: title.into(), labels: (x_label.into(), y_label.into()), class_names, splits: Vec::new() }
    }

    /// Adds a panel with the points of a split, which names it; a point that is not finite is left out.
    pub fn panel(mut self, split: Split) -> Self {
        self.splits.push(split);
        self
    }

    /// Draws the figure; fails if it has no panel, or no finite point in any of them.
    ///
    /// # Errors
    ///
    /// If there is no panel, or no finite point in any of them.
    pub fn render(&self) -> Result<Svg> {
        Svg::in_each_language(|language| self.drawn(language))
    }

    fn drawn(&self, language: Language) -> Result<String> {
        ensure!(!self.splits.is_empty(), "figure '{}' has no panels", self.title);
        self.splits.iter().try_for_each(Split::check)?;
        let points = self.splits.iter().flat_map(|split| &split.points).filter(|p| p.0.is_finite() && p.1.is_finite());
        let x = AxisSpec::linear(&self.labels.0, points.clone().map(|point| point.0), 0.05)?;
        let y = AxisSpec::linear(&self.labels.1, points.map(|point| point.1), 0.05)?;
        let entries = Entry::classes(&self.class_names);
        let titles: Vec<&str> = self.splits.iter().map(|split| split.label.as_str()).collect();
        let (canvas, frames) = sheet::frames(Canvas::titled(&self.title, language)?, &titles, &entries, &x, &y)?;
        for (split, frame) in self.splits.iter().zip(&frames) {
            frame.draw_grid(&canvas, true)?;
            frame.draw_axes(&canvas, true)?;
            frame.draw_title(&canvas, &split.label, 0.0)?;
            draw_points(&canvas, frame, split, self.class_names.len())?;
        }
        Ok(canvas.finish())
    }
}

/// Draws the points of the first `n_classes` classes inside a frame, each class with its marker and its colour: all in turn (first of
/// each, second of each, …), so that no class covers another.
pub(super) fn draw_points(canvas: &Canvas, frame: &Frame, split: &Split, n_classes: usize) -> Result<()> {
    let of_class = |class: usize| -> Vec<Point> {
        let members = split.points.iter().zip(&split.classes).filter(|(_, c)| **c == class);
        members.filter_map(|(&(x, y), _)| frame.map(x, y)).filter(|&at| frame.area.contains(at)).collect()
    };
    let classes: Vec<Vec<Point>> = (0..n_classes).map(of_class).collect();
    let longest = classes.iter().map(Vec::len).max().unwrap_or(0);
    let size = mark_size(longest * n_classes);
    for start in (0..longest).step_by(STRETCH) {
        for (class, places) in classes.iter().enumerate() {
            let (marker, color) = (Marker::nth(class), theme::series_color(class));
            places.iter().skip(start).take(STRETCH).try_for_each(|&at| canvas.mark(at, marker, size, color))?;
        }
    }
    Ok(())
}

/// How many points of one class are drawn at a time: they share a style in the file.
const STRETCH: usize = 16;

/// Radius of a point where `n` of them share a panel.
fn mark_size(n: usize) -> f64 {
    match n {
        0..=60 => 5.5,
        61..=250 => 4.2,
        251..=1200 => 3.5,
        _ => 2.8,
    }
}
