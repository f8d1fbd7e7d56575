//! Bars, single or in groups.

use anyhow::{Result, ensure};
use plotters::style::text_anchor::{HPos, VPos};

use super::axes::AxisSpec;
use super::canvas::Canvas;
use super::frame::Frame;
use super::geometry::{Area, Lettering, Stroke};
use super::legend::{self, Entry, Key};
use super::sheet;
use super::svg::Svg;
use super::theme::{self, Color};
use super::ticks;

/// A figure of vertical bars over named categories.
#[derive(Debug, Clone, Default)]
pub struct Bars {
    /// Title over the figure; may be empty.
    pub title: String,
    /// Label below the x axis.
    pub x_label: String,
    /// Label beside the y axis.
    pub y_label: String,
    /// Names of the categories.
    pub categories: Vec<String>,
    /// The bars: one in each category for each group.
    pub groups: Vec<BarGroup>,
    /// Write each bar's value over it.
    pub show_values: bool,
}

/// Bars of one colour, one in each category.
#[derive(Debug, Clone, Default)]
pub struct BarGroup {
    /// Name in the legend; an empty one keeps it out of the legend.
    pub label: String,
    /// Height in each category; a value that is not finite has no bar.
    pub values: Vec<f64>,
    /// Half the length of each error bar; may be empty.
    pub errors: Vec<f64>,
    /// Colour; the palette's next if `None`.
    pub color: Option<Color>,
}

impl Bars {
    /// A figure without bars.
    pub fn new(
        title: impl Into<String>,
        (x_label, y_label): (&str, &str),
        categories: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            title: title.into(),
            x_label: x_label.into(),
            y_label: y_label.into(),
            categories: categories.into_iter().map(Into::into).collect(),
            groups: Vec::new(),
            show_values: false,
        }
    }

    /// Adds a group.
    #[must_use]
    pub fn group<T: Copy + Into<f64>>(mut self, label: impl Into<String>, values: &[T]) -> Self {
        let values = values.iter().map(|&value| value.into()).collect();
        self.groups.push(BarGroup { label: label.into(), values, ..BarGroup::default() });
        self
    }

    /// Writes each bar's value over it.
    #[must_use]
    pub fn show_values(self) -> Self {
        Self { show_values: true, ..self }
    }

    /// Draws the figure.
    ///
    /// # Errors
    ///
    /// If there is no category or no group, or a group has not one value a category.
    pub fn render(&self) -> Result<Svg> {
        ensure!(!self.categories.is_empty(), "figure '{}' has no categories", self.title);
        ensure!(!self.groups.is_empty(), "figure '{}' has no bars", self.title);
        for group in &self.groups {
            let n = self.categories.len();
            ensure!(
                group.values.len() == n && (group.errors.is_empty() || group.errors.len() == n),
                "bars '{}': expected {n} values, found {} (and {} errors)",
                group.label,
                group.values.len(),
                group.errors.len()
            );
        }
        let (canvas, places) = sheet::sheet(&self.title, 1)?;
        let mut outer = places[0][0];
        let entries = self.entries();
        outer = legend::draw_strip(&canvas, &entries, outer)?;
        let ends = self.groups.iter().flat_map(|group| {
            let error = |i: usize| group.errors.get(i).copied().unwrap_or(0.0);
            group.values.iter().enumerate().flat_map(move |(i, &v)| [v - error(i), v + error(i)])
        });
        let range = ends.filter(|end| end.is_finite()).fold((0.0_f64, 0.0_f64), |(lo, hi), end| (lo.min(end), hi.max(end)));
        ensure!(
            range.0 < range.1 || self.groups.iter().any(|g| g.values.contains(&0.0)),
            "figure '{}' has no finite value",
            self.title
        );
        let room = if self.show_values { 0.1 } else { 0.05 } * (range.1 - range.0);
        let lo = if range.0 < 0.0 { range.0 - room } else { 0.0 };
        let x = AxisSpec::named(&self.x_label, &self.categories);
        let y = AxisSpec::over(&self.y_label, (lo, if range.1 > 0.0 { range.1 + room } else { room }), 0.0, false);
        let frame = Frame::fit(&canvas, outer, x, y)?;
        frame.draw_grid(&canvas, false)?;
        for (i, group) in self.groups.iter().enumerate() {
            self.draw_group(&canvas, &frame, i, group)?;
        }
        frame.draw_axes(&canvas, false)?;
        let zero = frame.y_at(0.0);
        let line = Stroke::solid(theme::FRAME, 1.2);
        canvas.line(&[(frame.area.left, zero), (frame.area.right, zero)], line)?;
        Ok(canvas.finish(&self.title))
    }

    fn color(&self, index: usize) -> Color {
        self.groups[index].color.unwrap_or_else(|| theme::series_color(index))
    }

    fn entries(&self) -> Vec<Entry> {
        let named = self.groups.iter().enumerate().filter(|(_, group)| !group.label.is_empty());
        named.map(|(i, group)| Entry { key: Key::Swatch(self.color(i)), label: group.label.clone() }).collect()
    }

    fn draw_group(&self, canvas: &Canvas, frame: &Frame, index: usize, group: &BarGroup) -> Result<()> {
        let width = 0.76 / self.groups.len() as f64;
        let lettering = Lettering::new(theme::TICK_SIZE - 1.0, theme::SOFT_INK);
        let all: Vec<f64> = self.groups.iter().flat_map(|group| group.values.clone()).collect();
        let decimals = ticks::common_decimals(&all);
        for (category, &value) in group.values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let start = category as f64 - 0.38 + width * index as f64;
            let (left, right) = (frame.x_at(start), frame.x_at(start + width));
            let (from, to) = (frame.y_at(0.0), frame.y_at(value));
            let area = Area { left: left + 1.0, right: right - 1.0, top: to.min(from), bottom: to.max(from) };
            canvas.rect(area, Some(self.color(index)), None)?;
            let middle = f64::midpoint(left, right);
            let mut tip = to;
            if let Some(&error) = group.errors.get(category).filter(|error| error.is_finite()) {
                let (low, high) = (frame.y_at(value - error), frame.y_at(value + error));
                let line = Stroke::solid(theme::INK, 1.5);
                let cap = ((right - left) * 0.2).min(7.0);
                canvas.line(&[(middle, low), (middle, high)], line)?;
                canvas.line(&[(middle - cap, low), (middle + cap, low)], line)?;
                canvas.line(&[(middle - cap, high), (middle + cap, high)], line)?;
                tip = if value < 0.0 { low } else { high };
            }
            let text = ticks::fixed(value, decimals);
            if self.show_values && canvas.text_width(&text, lettering)? < right - left + 14.0 {
                let (at, anchor) = if value < 0.0 { (tip + 6.0, VPos::Top) } else { (tip - 6.0, VPos::Bottom) };
                canvas.text(&text, (middle, at), lettering.at(HPos::Center, anchor))?;
            }
        }
        Ok(())
    }
}
