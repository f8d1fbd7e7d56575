//! The sheet that figures draw on: pixels in, plotters elements out.

use std::cell::RefCell;
use std::rc::Rc;

use super::{
    Area, Color, Fonts, HPos, Image, Lettering, Marker, Point, ShapeBackend, Stroke, UNITS, VPos, coordinate, coordinates, rgba,
    theme, units,
};
use crate::language::Language;
use anyhow::{Result, ensure};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::Color as _;

/// A figure being drawn.
pub(super) struct Canvas {
    backend: Rc<RefCell<ShapeBackend>>,
    sheet: DrawingArea<ShapeBackend, Shift>,
    language: Language,
    title: String,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Canvas {
    /// A white sheet of the given size in pixels, for words of a language.
    pub(super) fn new((width, height): (f64, f64), language: Language) -> Result<Self> {
        // plotters moves what lies outside its area onto the edge, and the final size may be larger.
        let backend = Rc::new(RefCell::new(ShapeBackend::new((ROOM, ROOM), Fonts::load()?)));
        let sheet = DrawingArea::from(&backend);
        let mut canvas = Self { backend, sheet, language, title: String::new(), width, height };
        canvas.resize(width, height);
        Ok(canvas)
    }

    /// A sheet with the figure's title at the top left, and the area that is left below it; the sheet is taller than any figure.
    pub(super) fn titled(title: &str, language: Language) -> Result<(Self, Area)> {
        let title = language.say(title).into_owned();
        let canvas = Self { title, ..Self::new((theme::WIDTH, TALL), language)? };
        let mut body = canvas.inner();
        let lines = canvas.wrapped(&canvas.title, body.width(), Lettering::TITLE);
        for line in &lines {
            canvas.text(line, (body.left, body.top), Lettering::TITLE.at(HPos::Left, VPos::Top))?;
            body.top += TITLE_LINE;
        }
        body.top += if lines.is_empty() { 0.0 } else { 8.0 };
        Ok((canvas, body))
    }

    /// A text in lines that are no wider than `width`, broken between words.
    fn wrapped(&self, text: &str, width: f64, lettering: Lettering) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut space = "";
        for word in self.language.word_separator().find_words(text) {
            let longer = lines.last().map(|line| format!("{line}{space}{}", word.word));
            match longer.filter(|longer| self.text_width(longer, lettering) <= width) {
                Some(longer) => *lines.last_mut().unwrap_or(&mut String::new()) = longer,
                None => lines.push(word.word.to_owned()),
            }
            space = word.whitespace;
        }
        lines
    }

    /// Gives the sheet its final size once that is known.
    pub(super) fn resize(&mut self, width: f64, height: f64) {
        (self.width, self.height) = (width.ceil(), height.ceil());
        let size = (units(self.width).unsigned_abs(), units(self.height).unsigned_abs());
        self.backend.borrow_mut().size = size;
    }

    /// The sheet without its margin.
    pub(super) fn inner(&self) -> Area {
        Area { left: 0.0, top: 0.0, right: self.width, bottom: self.height }.grow(-theme::MARGIN)
    }

    /// Width of the title on one line, in pixels.
    pub(super) fn title_width(&self) -> f64 {
        self.text_width(&self.title, Lettering::TITLE)
    }

    pub(super) fn finish(self) -> String {
        self.backend.borrow().to_svg(&self.title)
    }

    /// What has been drawn, as pixels on white.
    pub(super) fn to_image(&self) -> Image {
        let mut image = Image::new(self.width as usize, self.height as usize);
        self.draw_over(&mut image);
        image
    }

    /// Draws what has been drawn over a picture.
    pub(super) fn draw_over(&self, image: &mut Image) {
        image.draw(&self.backend.borrow());
    }

    /// A polyline; closed if its last point repeats the first.
    pub(super) fn line(&self, points: &[Point], stroke: Stroke) -> Result<()> {
        if points.len() < 2 {
            return Ok(());
        }
        let pattern = stroke.dash.pattern();
        self.backend.borrow_mut().dash = pattern.iter().map(|&length| units(length)).collect();
        self.sheet.draw(&PathElement::new(coordinates(points), stroke.style()))?;
        self.backend.borrow_mut().dash.clear();
        Ok(())
    }

    pub(super) fn polygon(&self, points: &[Point], fill: (Color, f64), outline: Option<Stroke>) -> Result<()> {
        let mut points = coordinates(points);
        self.sheet.draw(&Polygon::new(points.clone(), rgba(fill.0, fill.1).filled()))?;
        if let Some(stroke) = outline {
            points.extend(points.first().copied());
            self.sheet.draw(&PathElement::new(points, stroke.style()))?;
        }
        Ok(())
    }

    /// Fills rings by the even-odd rule: a ring inside a ring is a hole.
    pub(super) fn rings(&self, rings: &[Vec<Point>], color: Color) {
        if !rings.is_empty() {
            self.backend.borrow_mut().fill_rings(rings.iter().map(|ring| coordinates(ring)).collect(), color);
        }
    }

    pub(super) fn rect(&self, area: Area, fill: Option<Color>, outline: Option<Stroke>) -> Result<()> {
        let corners = [coordinate((area.left, area.top)), coordinate((area.right, area.bottom))];
        if let Some(color) = fill {
            self.sheet.draw(&Rectangle::new(corners, rgba(color, 1.0).filled()))?;
        }
        if let Some(stroke) = outline {
            self.sheet.draw(&Rectangle::new(corners, stroke.style()))?;
        }
        Ok(())
    }

    /// A data point: `size` is the radius of a disc of the same visual weight.
    pub(super) fn mark(&self, at: Point, marker: Marker, size: f64, color: Color) -> Result<()> {
        let edge = Stroke::solid(theme::WHITE, 0.8);
        let bar = Stroke::solid(color, (size * 0.55).max(1.4));
        let place =
            |points: &[Point]| -> Vec<Point> { points.iter().map(|&(x, y)| (at.0 + x * size, at.1 + y * size)).collect() };
        let corners: &[Point] = match marker {
            Marker::Disc => {
                return self.circle(at, size, color, edge);
            }
            Marker::Cross => {
                self.line(&place(&[(-0.8, -0.8), (0.8, 0.8)]), bar)?;
                return self.line(&place(&[(-0.8, 0.8), (0.8, -0.8)]), bar);
            }
            Marker::Plus => {
                self.line(&place(&[(-1.15, 0.0), (1.15, 0.0)]), bar)?;
                return self.line(&place(&[(0.0, -1.15), (0.0, 1.15)]), bar);
            }
            Marker::Triangle => &[(0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)],
            Marker::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            Marker::Diamond => &[(0.0, -1.3), (1.15, 0.0), (0.0, 1.3), (-1.15, 0.0)],
            // Outer radius 1.5, inner 0.62, a point every 36 degrees, to three decimals.
            Marker::Star => &[
                (0.0, -1.5),
                (0.364, -0.502),
                (1.427, -0.464),
                (0.59, 0.192),
                (0.882, 1.214),
                (0.0, 0.62),
                (-0.882, 1.214),
                (-0.59, 0.192),
                (-1.427, -0.464),
                (-0.364, -0.502),
            ],
        };
        self.polygon(&place(corners), (color, 1.0), Some(edge))
    }

    pub(super) fn circle(&self, at: Point, radius: f64, fill: Color, edge: Stroke) -> Result<()> {
        self.dot(at, radius, fill)?;
        Ok(self.sheet.draw(&Circle::new(coordinate(at), units(radius), edge.style()))?)
    }

    /// A disc without an edge.
    pub(super) fn dot(&self, at: Point, radius: f64, color: Color) -> Result<()> {
        Ok(self.sheet.draw(&Circle::new(coordinate(at), units(radius), rgba(color, 1.0).filled()))?)
    }

    /// Writes a text in the figure's language; fails if it has a character that no font has.
    pub(super) fn text(&self, text: &str, at: Point, lettering: Lettering) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let text = self.language.say(text).into_owned();
        let missing: String = text.chars().filter(|&c| !self.backend.borrow().fonts.has(c)).collect();
        ensure!(missing.is_empty(), "figure '{}': the fonts have no {missing}, which '{text}' needs", self.title);
        Ok(self.sheet.draw(&Text::new(text, coordinate(at), lettering.style()))?)
    }

    /// Width of a text on one line, in pixels.
    pub(super) fn text_width(&self, text: &str, lettering: Lettering) -> f64 {
        self.backend.borrow().text_width(&self.language.say(text), lettering.bold, units(lettering.size)) / f64::from(UNITS)
    }

    /// The widest of several texts.
    pub(super) fn widest(&self, texts: impl IntoIterator<Item = impl AsRef<str>>, lettering: Lettering) -> f64 {
        texts.into_iter().map(|text| self.text_width(text.as_ref(), lettering)).fold(0.0, f64::max)
    }
}

/// Height of a line of the title.
const TITLE_LINE: f64 = 26.0;
/// Height of a sheet whose final height is not known yet.
const TALL: f64 = 8000.0;
/// Largest width and height of a sheet, in units.
const ROOM: u32 = 200_000;
