//! Points, areas and styles in pixels, and their conversion to plotters' units.

use super::{Color, Dash, UNITS, theme};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A point in pixels, y downwards.
pub(super) type Point = (f64, f64);

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    pub(super) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn center(self) -> Point {
        (f64::midpoint(self.left, self.right), f64::midpoint(self.top, self.bottom))
    }

    /// Moves every side outwards by `by` pixels (inwards if negative).
    pub(super) fn grow(self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    pub(super) fn moved_down(self, by: f64) -> Self {
        Self { top: self.top + by, bottom: self.bottom + by, ..self }
    }

    pub(super) fn contains(self, (x, y): Point) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }

    /// Cuts the area into `n` columns with `gap` pixels between them.
    pub(super) fn columns(self, n: usize, gap: f64) -> Vec<Self> {
        let n_gaps = n.saturating_sub(1) as f64;
        let width = (self.width() - gap * n_gaps) / n.max(1) as f64;
        (0..n)
            .map(|i| {
                let left = self.left + i as f64 * (width + gap);
                Self { left, right: left + width, ..self }
            })
            .collect()
    }
}

/// Colour, width and dash of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    pub(super) color: Color,
    pub(super) width: f64,
    pub(super) dash: Dash,
}

impl Stroke {
    pub(super) fn solid(color: Color, width: f64) -> Self {
        Self { color, width, dash: Dash::Solid }
    }

    pub(super) fn style(self) -> ShapeStyle {
        let width = units(self.width).unsigned_abs().max(1);
        ShapeStyle { color: rgba(self.color, 1.0), filled: false, stroke_width: width }
    }
}

/// Size, weight, colour and anchor of a text.
#[derive(Clone, Copy)]
pub(super) struct Lettering {
    pub(super) size: f64,
    pub(super) color: Color,
    pub(super) bold: bool,
    pub(super) h: HPos,
    pub(super) v: VPos,
    /// Written upwards, as beside a vertical axis.
    pub(super) upwards: bool,
}

impl Lettering {
    /// The figure's title.
    pub(super) const TITLE: Self = Self { bold: true, ..Self::new(20.0, theme::INK) };
    pub(super) const PANEL_TITLE: Self = Self { bold: true, ..Self::new(17.0, theme::INK) };
    pub(super) const LEGEND: Self = Self::new(16.0, theme::INK);
    /// The label of an axis.
    pub(super) const LABEL: Self = Self::new(17.0, theme::SOFT_INK);
    /// A number at a tick, or the name of a category.
    pub(super) const TICK: Self = Self::new(15.0, theme::SOFT_INK);

    pub(super) const fn new(size: f64, color: Color) -> Self {
        Self { size, color, bold: false, h: HPos::Left, v: VPos::Center, upwards: false }
    }

    pub(super) fn at(self, h: HPos, v: VPos) -> Self {
        Self { h, v, ..self }
    }

    pub(super) fn centered(self) -> Self {
        self.at(HPos::Center, VPos::Center)
    }

    pub(super) fn upwards(self) -> Self {
        Self { upwards: true, ..self }
    }

    pub(super) fn style(self) -> TextStyle<'static> {
        let weight = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        let turn = if self.upwards { FontTransform::Rotate270 } else { FontTransform::None };
        let size = f64::from(units(self.size));
        FontDesc::new(FontFamily::SansSerif, size, weight)
            .transform(turn)
            .color(&rgba(self.color, 1.0))
            .pos(Pos::new(self.h, self.v))
    }
}

pub(super) fn rgba(Color(r, g, b): Color, opacity: f64) -> RGBAColor {
    RGBAColor(r, g, b, opacity)
}

/// Pixels to plotters' whole units. Far outside the sheet, positions are cut off: no viewer draws there.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)).clamp(-1e6, 1e6).round() as i32
}

pub(super) fn coordinate((x, y): Point) -> (i32, i32) {
    (units(x), units(y))
}

pub(super) fn coordinates(points: &[Point]) -> Vec<(i32, i32)> {
    points.iter().map(|&point| coordinate(point)).collect()
}

/// The lowest and the highest finite value; infinity and its negative if there is none.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|value| value.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), value| (lo.min(value), hi.max(value)))
}
