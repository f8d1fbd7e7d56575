//! Shapes as pixels: a small anti-aliased renderer for frames of an animation.
//!
//! It draws the very shapes that [`super::svg`] writes. A shape becomes closed rings, and a pixel gets the share of it that the rings
//! cover: measured exactly across, and on [`LINES`] lines down. Only the four operations of arithmetic, square roots and the
//! sines of `libm` take part, so the pixels are the same on every machine.

use super::{EM, Fonts, Outline, Paint, Point, Shape, ShapeBackend, Style, TextShape, UNITS, theme};
use std::sync::LazyLock;

/// An opaque picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Red, green and blue of each pixel, row after row from the top.
    pub(super) pixels: Vec<[u8; 3]>,
}

/// Lines in the height of a pixel on which coverage is measured.
const LINES: usize = 5;

/// Corners of a circle: those of the largest disc in a figure are 0.03 pixels off.
const CORNERS: usize = 32;

/// Which points are inside several rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Those that the rings go round at all: overlapping pieces of a stroke are one.
    NonZero,
    /// Those within an odd number of rings: a ring inside a ring is a hole.
    EvenOdd,
}

impl Image {
    /// A white sheet.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let theme::Color(r, g, b) = theme::WHITE;
        Self { width, height, pixels: vec![[r, g, b]; width * height] }
    }

    /// Draws everything that `backend` has collected.
    pub(super) fn draw(&mut self, backend: &ShapeBackend) {
        for (shape, style) in &backend.items {
            self.draw_shape(shape, style, &backend.fonts);
        }
    }

    fn draw_shape(&mut self, shape: &Shape, style: &Style, fonts: &Fonts) {
        let (rings, closed) = match shape {
            Shape::Circle { center, radius } => (vec![circle(pixels(*center), f64::from(*radius) / f64::from(UNITS))], true),
            Shape::Rect { corner: (x, y), width, height } => {
                let (right, bottom) = (x + width, y + height);
                (vec![[(*x, *y), (right, *y), (right, bottom), (*x, bottom)].map(pixels).to_vec()], true)
            }
            Shape::Path { rings, closed } => {
                (rings.iter().map(|ring| ring.iter().copied().map(pixels).collect()).collect(), *closed)
            }
            Shape::Text(text) => (letters(text, fonts), true),
        };
        if let Some(paint) = style.fill {
            let rule = if matches!(shape, Shape::Text(_)) { Rule::NonZero } else { Rule::EvenOdd };
            self.fill(&rings, rule, paint);
        }
        if let Some(outline) = &style.outline {
            let pieces: Vec<Vec<Point>> = rings.iter().flat_map(|ring| stroke(ring, closed, outline)).collect();
            self.fill(&pieces, Rule::NonZero, outline.paint);
        }
    }

    /// Fills rings with a colour.
    fn fill(&mut self, rings: &[Vec<Point>], rule: Rule, paint: Paint) {
        let n_lines = self.height * LINES;
        let line_of = |y: f64| ((y * LINES as f64 - 0.5).ceil().max(0.0) as usize).min(n_lines);
        let heights = || rings.iter().flatten().map(|point| point.1);
        let first = line_of(heights().fold(f64::INFINITY, f64::min)) / LINES * LINES;
        let last = line_of(heights().fold(f64::NEG_INFINITY, f64::max)).next_multiple_of(LINES).min(n_lines);
        if first >= last {
            return;
        }
        let mut crossings: Vec<Vec<(f64, i32)>> = vec![Vec::new(); last - first];
        for ring in rings {
            for (i, &a) in ring.iter().enumerate() {
                let b = ring[(i + 1) % ring.len()];
                let ((top, bottom), turn) = if a.1 < b.1 { ((a, b), 1) } else { ((b, a), -1) };
                for line in line_of(top.1)..line_of(bottom.1) {
                    let y = (line as f64 + 0.5) / LINES as f64;
                    let x = top.0 + (bottom.0 - top.0) * ((y - top.1) / (bottom.1 - top.1));
                    crossings[line - first].push((x, turn));
                }
            }
        }
        let columns = || rings.iter().flatten().map(|point| point.0.clamp(0.0, self.width as f64));
        let left = columns().fold(f64::INFINITY, f64::min) as usize;
        let right = (columns().fold(0.0, f64::max).ceil() as usize).min(self.width);
        let mut coverage = vec![0.0; right.saturating_sub(left)];
        for (row, lines) in crossings.chunks_mut(LINES).enumerate() {
            coverage.fill(0.0);
            for line in lines.iter_mut() {
                line.sort_by(|a, b| a.0.total_cmp(&b.0));
                cover(line, rule, left as f64, &mut coverage);
            }
            let start = (first / LINES + row) * self.width + left;
            for (pixel, &covered) in self.pixels[start..].iter_mut().zip(&coverage) {
                if covered > 0.0 {
                    blend(pixel, paint, covered / LINES as f64);
                }
            }
        }
    }
}

/// Adds to each pixel of a row, from the one at `left` on, the share of its width that is inside.
fn cover(crossings: &[(f64, i32)], rule: Rule, left: f64, coverage: &mut [f64]) {
    let mut winding = 0;
    for pair in crossings.windows(2) {
        winding += pair[0].1;
        let inside = match rule {
            Rule::NonZero => winding != 0,
            Rule::EvenOdd => winding % 2 != 0,
        };
        if !inside {
            continue;
        }
        let within = |x: f64| (x - left).clamp(0.0, coverage.len() as f64);
        let (from, to) = (within(pair[0].0), within(pair[1].0));
        let mut at = from;
        while at < to {
            let pixel = at as usize;
            let end = to.min(pixel as f64 + 1.0);
            coverage[pixel] += end - at;
            at = end;
        }
    }
}

/// Lays a colour over a pixel.
fn blend(pixel: &mut [u8; 3], paint: Paint, covered: f64) {
    let opacity = covered.min(1.0) * f64::from(paint.alpha) / 1000.0;
    let (r, g, b) = paint.rgb;
    for (channel, over) in pixel.iter_mut().zip([r, g, b]) {
        let under = f64::from(*channel);
        *channel = (under + (f64::from(over) - under) * opacity).round() as u8;
    }
}

fn pixels((x, y): (i32, i32)) -> Point {
    (f64::from(x) / f64::from(UNITS), f64::from(y) / f64::from(UNITS))
}

fn circle((x, y): Point, radius: f64) -> Vec<Point> {
    static UNIT: LazyLock<Vec<Point>> = LazyLock::new(|| {
        let angle = |i: usize| std::f64::consts::TAU * i as f64 / CORNERS as f64;
        (0..CORNERS).map(|i| (libm::cos(angle(i)), libm::sin(angle(i)))).collect()
    });
    UNIT.iter().map(|&(right, down)| (x + radius * right, y + radius * down)).collect()
}

/// The outlines of a text's letters at their place.
fn letters(text: &TextShape, fonts: &Fonts) -> Vec<Vec<Point>> {
    let scale = f64::from(text.size) / EM;
    let place = |(x, y): Point| {
        let (x, y) = if text.upwards { (y, -x) } else { (x, y) };
        let at = pixels(text.at);
        (at.0 + x * scale / f64::from(UNITS), at.1 + y * scale / f64::from(UNITS))
    };
    let mut rings = Vec::new();
    for &(key, shift) in &text.glyphs {
        for ring in fonts.rings(key) {
            rings.push(ring.into_iter().map(|(x, y)| place((x + f64::from(shift), y))).collect());
        }
    }
    rings
}

/// The pieces that make up a line: a bar along each stretch, and a disc at each bend. All turn the same way round.
fn stroke(ring: &[Point], closed: bool, outline: &Outline) -> Vec<Vec<Point>> {
    let half = f64::from(outline.width) / f64::from(UNITS) / 2.0;
    let mut line = ring.to_vec();
    if closed {
        line.extend(ring.first());
    }
    let lines = if outline.dash.is_empty() { vec![line] } else { dashes(&line, &outline.dash) };
    let mut pieces = Vec::new();
    for line in lines {
        for pair in line.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let length = length(a, b);
            if length > 0.0 {
                let (nx, ny) = (-(b.1 - a.1) / length * half, (b.0 - a.0) / length * half);
                pieces.push(vec![(a.0 - nx, a.1 - ny), (b.0 - nx, b.1 - ny), (b.0 + nx, b.1 + ny), (a.0 + nx, a.1 + ny)]);
            }
        }
        let bends = if closed && outline.dash.is_empty() { 0..line.len() } else { 1..line.len().saturating_sub(1).max(1) };
        pieces.extend(line[bends].iter().map(|&at| circle(at, half)));
    }
    pieces
}

/// Cuts a line into its dashes.
fn dashes(line: &[Point], pattern: &[i32]) -> Vec<Vec<Point>> {
    let mut dashes: Vec<Vec<Point>> = Vec::new();
    let on_and_off = |index: usize| f64::from(pattern[index % pattern.len()]) / f64::from(UNITS);
    let (mut index, mut left) = (0, on_and_off(0));
    dashes.push(line.first().copied().into_iter().collect());
    for pair in line.windows(2) {
        let (mut a, b) = (pair[0], pair[1]);
        loop {
            let rest = length(a, b);
            if rest <= left {
                left -= rest;
                break;
            }
            let share = left / rest;
            a = (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share);
            if index % 2 == 0 {
                dashes.last_mut().into_iter().for_each(|dash| dash.push(a));
            } else {
                dashes.push(vec![a]);
            }
            index += 1;
            left = on_and_off(index);
        }
        if index % 2 == 0 {
            dashes.last_mut().into_iter().for_each(|dash| dash.push(b));
        }
    }
    dashes
}

fn length(a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    (dx * dx + dy * dy).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::canvas::Canvas;
    use super::super::geometry::{Area, Lettering, Stroke};
    use super::super::theme::{Color, Dash, INK, Marker};
    use crate::language::Language;

    /// How much ink a drawing in black leaves, in pixels.
    fn ink(draw: impl FnOnce(&Canvas)) -> f64 {
        let canvas = Canvas::new((100.0, 50.0), Language::English).unwrap();
        draw(&canvas);
        let dark = |pixel: &[u8; 3]| f64::from(255 - pixel[0]) / 255.0;
        canvas.to_image().pixels.iter().map(dark).sum()
    }

    const BLACK: Color = Color(0, 0, 0);

    #[track_caller]
    fn check(draw: impl FnOnce(&Canvas), expected: f64) {
        let found = ink(draw);
        assert!((found - expected).abs() < 0.02 * expected + 0.1, "{found} for {expected}");
    }

    #[test]
    fn shapes_cover_their_area() {
        let area = Area { left: 10.3, top: 5.5, right: 30.8, bottom: 22.1 };
        check(|canvas| canvas.rect(area, Some(BLACK), None).unwrap(), 20.5 * 16.6);
        check(|canvas| canvas.polygon(&[(5.0, 5.0), (45.0, 12.0), (20.0, 40.0)], (BLACK, 1.0), None).unwrap(), 647.5);
        check(|canvas| canvas.line(&[(10.0, 10.0), (90.0, 30.0)], Stroke::solid(BLACK, 3.0)).unwrap(), 247.4);
        let hole = |by: f64| vec![(20.0 - by, 20.0 - by), (20.0 + by, 20.0 - by), (20.0 + by, 20.0 + by), (20.0 - by, 20.0 + by)];
        check(|canvas| canvas.rings(&[hole(10.0), hole(4.0)], BLACK), 400.0 - 64.0);
    }

    #[test]
    fn a_line_that_crosses_itself_is_no_darker_there() {
        let cross = [(10.0, 10.0), (40.0, 40.0), (40.0, 10.0), (10.0, 40.0)];
        let canvas = Canvas::new((50.0, 50.0), Language::English).unwrap();
        canvas.line(&cross, Stroke::solid(BLACK, 6.0)).unwrap();
        let image = canvas.to_image();
        assert_eq!(image.pixels[25 * image.width + 25], [0, 0, 0]);
    }

    #[test]
    fn a_dashed_line_has_gaps() {
        let line =
            |dash| ink(|canvas| canvas.line(&[(5.0, 20.0), (95.0, 20.0)], Stroke { dash, color: BLACK, width: 2.0 }).unwrap());
        assert!((line(Dash::Dashed) / line(Dash::Solid) - 9.0 / 14.0).abs() < 0.05);
    }

    #[test]
    fn what_lies_outside_the_sheet_is_cut_off() {
        check(
            |canvas| canvas.rect(Area { left: -50.0, top: -20.0, right: 10.0, bottom: 400.0 }, Some(BLACK), None).unwrap(),
            500.0,
        );
        assert!(ink(|canvas| canvas.mark((300.0, 300.0), Marker::Star, 9.0, INK).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn letters_have_holes_and_can_stand_upright() {
        let text = |lettering: Lettering| ink(|canvas| canvas.text("O", (50.0, 25.0), lettering.centered()).unwrap());
        let letter = Lettering::new(40.0, BLACK);
        let (flat, upright) = (text(letter), text(letter.upwards()));
        // A full disc of that size would have about 660.
        assert!(flat > 200.0 && flat < 450.0, "{flat}");
        assert!((flat - upright).abs() < 0.01 * flat, "{flat} and {upright}");
    }
}
