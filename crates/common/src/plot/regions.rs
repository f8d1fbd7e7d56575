//! Decision regions: what a classifier answers at every point of the plane, with the data over it.

use super::{
    AxisSpec, Canvas, Color, Crossing, Entry, Frame, Grid, Key, Marker, Region, Row, Stroke, Svg, contour, mark_size, theme,
};
use anyhow::{Result, ensure};

/// A figure of decision regions, one or several panels (models) over the same rectangle.
#[derive(Debug, Clone, Default)]
pub struct Regions {
    /// Title over the whole figure; may be empty.
    pub title: String,
    /// Label below the x axes.
    pub x_label: String,
    /// Label beside the first y axis.
    pub y_label: String,
    /// Names of classes 0, 1, ….
    pub class_names: Vec<String>,
    /// The panels, from left to right.
    pub panels: Vec<RegionPanel>,
}

/// The answers of one model, and the data it is judged by.
#[derive(Debug, Clone)]
pub struct RegionPanel {
    /// Title over the panel; may be empty.
    pub title: String,
    /// The model's answer at every node.
    pub field: Field,
    /// The data, one entry a split.
    pub splits: Vec<Split>,
}

/// What a model says at the nodes of a grid.
#[derive(Debug, Clone)]
pub enum Field {
    /// The class number.
    Classes(Grid),
    /// The probability of class 1, shown in ten tints; the boundary is at one half.
    Probability(Grid),
}

/// Labelled points of one split.
#[derive(Debug, Clone)]
pub struct Split {
    /// Name in the legend: train, dev, test.
    pub label: String,
    /// The points; one outside the grid's rectangle is left out.
    pub points: Vec<(f64, f64)>,
    /// The true class of each point.
    pub classes: Vec<usize>,
}

impl Split {
    /// Labelled points under one name.
    pub fn new(
        label: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
        classes: impl IntoIterator<Item = usize>,
    ) -> Self {
        Self { label: label.into(), points: points.into_iter().collect(), classes: classes.into_iter().collect() }
    }
}

impl RegionPanel {
    /// A model's answers, without data.
    pub fn new(title: impl Into<String>, field: Field) -> Self {
        Self { title: title.into(), field, splits: Vec::new() }
    }

    /// Adds the points of one split.
    #[must_use]
    pub fn split(mut self, split: Split) -> Self {
        self.splits.push(split);
        self
    }
}

impl Field {
    fn grid(&self) -> &Grid {
        match self {
            Self::Classes(grid) | Self::Probability(grid) => grid,
        }
    }

    /// The regions to fill from the lowest up, each over those before it, with the colour of each, and
    /// the colour under all of them.
    fn layers(&self) -> Result<(Color, Vec<(Region, Color)>)> {
        let grid = self.grid();
        match self {
            Self::Classes(_) => {
                let (lowest, highest) = grid.extent()?;
                let (lowest, highest) = (lowest.max(0.0) as usize, highest.max(0.0) as usize);
                let layer = |class: usize| {
                    let region = contour::region(grid, class as f64 - 0.5, Crossing::Middle);
                    (region.smooth(), theme::series_color(class).tint())
                };
                let layers = (lowest + 1..=highest).map(layer).collect();
                Ok((theme::series_color(lowest).tint(), layers))
            }
            Self::Probability(_) => {
                let layer = |tenth: u8| {
                    let level = f64::from(tenth) / 10.0;
                    (contour::region(grid, level, Crossing::Linear), probability_tint(level + 0.05))
                };
                Ok((probability_tint(0.05), (1..10).map(layer).collect()))
            }
        }
    }

    /// Whether the lower edge of layer number `index` parts classes.
    fn is_boundary(&self, index: usize) -> bool {
        match self {
            Self::Classes(_) => true,
            Self::Probability(_) => index == 4,
        }
    }
}

/// From the tint of class 0 over near white to the tint of class 1.
fn probability_tint(p: f64) -> Color {
    let color = theme::series_color(usize::from(p > 0.5));
    theme::WHITE.mix(color, 0.42 * (2.0 * p - 1.0).abs())
}

impl Regions {
    /// An empty figure with its title, axis labels and class names.
    pub fn new(title: impl Into<String>, (x_label, y_label): (&str, &str), class_names: &[&str]) -> Self {
        Self {
            title: title.into(),
            x_label: x_label.into(),
            y_label: y_label.into(),
            class_names: class_names.iter().map(|&name| name.to_owned()).collect(),
            panels: Vec::new(),
        }
    }

    /// Adds a panel.
    #[must_use]
    pub fn panel(mut self, panel: RegionPanel) -> Self {
        self.panels.push(panel);
        self
    }

    /// Draws the figure.
    ///
    /// # Errors
    ///
    /// If there is no panel, a grid's size and values disagree, the panels' rectangles differ, or a split has
    /// not one class a point.
    pub fn render(&self) -> Result<Svg> {
        let Some(first) = self.panels.first() else {
            anyhow::bail!("figure '{}' has no panels", self.title);
        };
        let grid = first.field.grid();
        for panel in &self.panels {
            let other = panel.field.grid();
            other.check()?;
            ensure!(
                other.x_range == grid.x_range && other.y_range == grid.y_range,
                "the panels of figure '{}' cover different rectangles",
                self.title
            );
            for split in &panel.splits {
                ensure!(
                    split.points.len() == split.classes.len(),
                    "split '{}' has {} points, but {} classes",
                    split.label,
                    split.points.len(),
                    split.classes.len()
                );
            }
        }
        let x = AxisSpec::over(&self.x_label, grid.x_range, 0.0, false);
        let y = AxisSpec::over(&self.y_label, grid.y_range, 0.0, false);
        let titles: Vec<&str> = self.panels.iter().map(|panel| panel.title.as_str()).collect();
        let entries = self.entries();
        let layout = Row { title: &self.title, titles: &titles, entries: &entries };
        let (canvas, frames) = layout.fit(&x, &y, true)?;
        for (panel, frame) in self.panels.iter().zip(&frames) {
            let grid = panel.field.grid();
            let (ground, layers) = panel.field.layers()?;
            canvas.rect(frame.area, Some(ground), None)?;
            for (region, color) in &layers {
                region.fill(&canvas, frame, grid, *color);
            }
            self.draw_points(&canvas, frame, panel)?;
            // Over the points, with a light edge, so that the crowd does not hide it.
            for (color, width) in [(theme::WHITE, 4.4), (theme::INK, 2.2)] {
                for (i, (region, _)) in layers.iter().enumerate() {
                    if panel.field.is_boundary(i) {
                        region.outline(&canvas, frame, grid, Stroke::solid(color, width))?;
                    }
                }
            }
            frame.draw_axes(&canvas, true)?;
            frame.draw_title(&canvas, &panel.title, 0.0)?;
        }
        Ok(canvas.finish(&self.title))
    }

    fn entries(&self) -> Vec<Entry> {
        let class =
            |(i, name): (usize, &String)| Entry { key: Key::Mark(Marker::Disc, theme::series_color(i)), label: name.clone() };
        let mut entries: Vec<_> = self.class_names.iter().enumerate().map(class).collect();
        // One split needs no telling apart: all points are discs.
        let n_splits = self.panels.iter().map(|panel| panel.splits.len()).max().unwrap_or(0);
        for panel in &self.panels {
            for (i, split) in panel.splits.iter().enumerate().filter(|_| n_splits > 1) {
                let key = Key::Mark(Marker::nth(i), theme::SOFT_INK);
                let entry = Entry { key, label: split.label.clone() };
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
