//! A plotters backend that collects shapes, to be written as one compact SVG or drawn as pixels.
//!
//! plotters' own `SVGBackend` writes one element a call with all its attributes, and text as `<text>` in
//! whatever font the viewer has. Here neighbours of one style share a group, a disc and its edge are
//! one element, and text becomes outlines (see [`super::font`]).

use std::convert::Infallible;

use super::{Color, Fonts, font};
use plotters::prelude::DrawingBackend;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontStyle, FontTransform};

/// Drawing units in a pixel of the figure: plotters counts in whole units, so this is the precision.
pub(super) const UNITS: i32 = 10;

type Outcome<T = ()> = Result<T, DrawingErrorKind<Infallible>>;

/// A colour and an opacity in thousandths, which can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paint {
    pub(super) rgb: (u8, u8, u8),
    pub(super) alpha: u16,
}

impl From<BackendColor> for Paint {
    fn from(color: BackendColor) -> Self {
        Self { rgb: color.rgb, alpha: (color.alpha * 1000.0).round() as u16 }
    }
}

/// The pen that outlines a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) paint: Paint,
    pub(super) width: u32,
    /// On and off lengths in units; empty for an unbroken line.
    pub(super) dash: Vec<i32>,
}

/// Fill and outline of one element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Style {
    pub(super) fill: Option<Paint>,
    pub(super) outline: Option<Outline>,
}

/// What an element looks like, in units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Circle {
        center: BackendCoord,
        radius: u32,
    },
    Rect {
        corner: BackendCoord,
        width: i32,
        height: i32,
    },
    /// Open or closed polylines; filled by the even-odd rule, so that a ring inside another is a hole.
    Path {
        rings: Vec<Vec<BackendCoord>>,
        closed: bool,
    },
    Text(TextShape),
}

/// A laid-out text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextShape {
    pub(super) text: String,
    pub(super) glyphs: Vec<(font::GlyphKey, i32)>,
    /// Start of the baseline.
    pub(super) at: BackendCoord,
    pub(super) upwards: bool,
    /// Font size in units.
    pub(super) size: i32,
}

/// Collects shapes in drawing order.
pub(super) struct ShapeBackend {
    pub(super) size: (u32, u32),
    pub(super) fonts: Fonts,
    pub(super) items: Vec<(Shape, Style)>,
    /// Dash pattern of the paths that follow, in units; plotters' styles have none.
    pub(super) dash: Vec<i32>,
}

impl ShapeBackend {
    /// A blank sheet of the given size in units.
    pub(super) fn new(size: (u32, u32), fonts: Fonts) -> Self {
        Self { size, fonts, items: Vec::new(), dash: Vec::new() }
    }

    /// Fills rings by the even-odd rule, which plotters' polygons cannot do.
    pub(super) fn fill_rings(&mut self, rings: Vec<Vec<BackendCoord>>, Color(r, g, b): Color) {
        let style = Style { fill: Some(Paint { rgb: (r, g, b), alpha: 1000 }), outline: None };
        self.items.push((Shape::Path { rings, closed: true }, style));
    }

    /// Adds a shape with a fill or an outline; an outline of the shape just filled joins it.
    fn push(&mut self, shape: Shape, style: Style) {
        if let Some((last, last_style)) = self.items.last_mut() {
            if *last == shape && last_style.outline.is_none() && style.fill.is_none() {
                last_style.outline = style.outline;
                return;
            }
            if let (Shape::Path { rings, closed: false }, Shape::Path { rings: more, closed: false }) = (last, &shape)
                && *last_style == style
                && style.fill.is_none()
            {
                rings.extend_from_slice(more);
                return;
            }
        }
        self.items.push((shape, style));
    }

    fn style<S: BackendStyle>(&self, style: &S, fill: bool) -> Style {
        let paint = Paint::from(style.color());
        if fill {
            Style { fill: Some(paint), outline: None }
        } else {
            let outline = Outline { paint, width: style.stroke_width(), dash: self.dash.clone() };
            Style { fill: None, outline: Some(outline) }
        }
    }

    /// Width of a text on one line, in units.
    pub(super) fn text_width(&self, text: &str, bold: bool, size: i32) -> f64 {
        (f64::from(self.fonts.shape(text, bold).width) * f64::from(size) / font::EM).round()
    }
}

impl DrawingBackend for ShapeBackend {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Outcome {
        self.draw_rect((x, y), (x + 1, y + 1), &color, true)
    }

    fn draw_rect<S: BackendStyle>(&mut self, (x0, y0): BackendCoord, (x1, y1): BackendCoord, style: &S, fill: bool) -> Outcome {
        let corner = (x0.min(x1), y0.min(y1));
        let shape = Shape::Rect { corner, width: (x1 - x0).abs(), height: (y1 - y0).abs() };
        let style = self.style(style, fill);
        self.push(shape, style);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        let (ring, closed) = ring(path);
        let style = self.style(style, false);
        self.push(Shape::Path { rings: vec![ring], closed }, style);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Outcome {
        let style = self.style(style, fill);
        self.push(Shape::Circle { center, radius }, style);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vert: I, style: &S) -> Outcome {
        let (ring, _) = ring(vert);
        let style = self.style(style, true);
        self.push(Shape::Path { rings: vec![ring], closed: true }, style);
        Ok(())
    }

    /// Places a text: the vertical anchor refers to the height of capitals, not to the line box, so that
    /// a centred label is centred to the eye.
    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, pos: BackendCoord) -> Outcome {
        let run = self.fonts.shape(text, matches!(style.style(), FontStyle::Bold));
        let size = style.size();
        let width = f64::from(run.width) * size / font::EM;
        let right = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        let cap_height = font::CAP_HEIGHT * size;
        let down = match style.anchor().v_pos {
            VPos::Top => cap_height,
            VPos::Center => cap_height / 2.0,
            VPos::Bottom => 0.0,
        };
        let (right, down) = (right.round() as i32, down.round() as i32);
        let upwards = matches!(style.transform(), FontTransform::Rotate270);
        let (dx, dy) = if upwards { (down, -right) } else { (right, down) };
        let shape = Shape::Text(TextShape {
            text: text.to_owned(),
            glyphs: run.glyphs,
            at: (pos.0 + dx, pos.1 + dy),
            upwards,
            size: size.round() as i32,
        });
        let style = Style { fill: Some(Paint::from(style.color())), outline: None };
        self.items.push((shape, style));
        Ok(())
    }
}

/// A path without its last point, if that only closes it, and whether it does.
fn ring(path: impl IntoIterator<Item = BackendCoord>) -> (Vec<BackendCoord>, bool) {
    let mut ring: Vec<_> = path.into_iter().collect();
    let closed = ring.len() > 2 && ring.first() == ring.last();
    if closed {
        ring.pop();
    }
    (ring, closed)
}
