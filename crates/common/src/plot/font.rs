//! The embedded font: measures text and hands out glyph outlines.
//!
//! Figures carry their text as outlines, not as `<text>`: the same shapes appear in every viewer, no
//! font has to be installed, and widths measured here are the widths that the reader sees. Each
//! outline is stored once a figure and placed with `<use>`, which costs 5 to 15 kB a figure; a
//! base64 `@font-face` would cost 45 kB, and is ignored where an SVG is rendered by librsvg.

use std::fmt::Write as _;

use super::Point;
use anyhow::{Context, Result};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// Glyph coordinates and advances are in thousandths of the font size.
pub(super) const EM: f64 = 1000.0;
/// Height of a capital above the baseline, in font sizes.
pub(super) const CAP_HEIGHT: f64 = 0.727;

/// Names one outline: which embedded file, and which glyph in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GlyphKey {
    face: u8,
    glyph: u16,
}

impl GlyphKey {
    /// The `id` attribute of the outline. It depends on the glyph alone, so that several figures inlined
    /// in one HTML page may define it twice without harm.
    pub(super) fn id(self) -> String {
        format!("g{}-{}", self.face, self.glyph)
    }
}

/// A text laid out on one line from x = 0.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Each visible glyph with its left end.
    pub(super) glyphs: Vec<(GlyphKey, i32)>,
    /// Advance of the whole text.
    pub(super) width: i32,
}

/// The embedded faces: Inter in two weights, `DejaVu Sans` for the few symbols that Inter lacks, and Noto Sans in two weights for
/// the Chinese characters of the figures' words.
pub(super) struct Fonts {
    faces: [Face<'static>; 5],
}

impl Fonts {
    pub(super) fn load() -> Result<Self> {
        let parse = |bytes: &'static [u8], name: &str| {
            Face::parse(bytes, 0).with_context(|| format!("embedded font {name} cannot be read"))
        };
        Ok(Self {
            faces: [
                parse(include_bytes!("../../fonts/Inter-Regular-subset.otf"), "Inter-Regular")?,
                parse(include_bytes!("../../fonts/Inter-SemiBold-subset.otf"), "Inter-SemiBold")?,
                parse(include_bytes!("../../fonts/DejaVuSans-symbols.ttf"), "DejaVuSans-symbols")?,
                parse(include_bytes!("../../fonts/NotoSansSC-Regular-subset.otf"), "NotoSansSC-Regular")?,
                parse(include_bytes!("../../fonts/NotoSansSC-Bold-subset.otf"), "NotoSansSC-Bold")?,
            ],
        })
    }

    /// Whether a face has the character, or it is not to be seen.
    pub(super) fn has(&self, character: char) -> bool {
        character.is_whitespace() || self.faces.iter().any(|face| face.glyph_index(character).is_some())
    }

    /// Lays out `text`; a character that no face has appears as a hollow box.
    pub(super) fn shape(&self, text: &str, bold: bool) -> Run {
        let first = usize::from(bold);
        let mut run = Run { glyphs: Vec::new(), width: 0 };
        for character in text.chars() {
            let (face, glyph) = [first, 2, 3 + first]
                .into_iter()
                .find_map(|face| Some((face, self.faces[face].glyph_index(character)?)))
                .unwrap_or((first, GlyphId(0)));
            if !character.is_whitespace() {
                run.glyphs.push((GlyphKey { face: face as u8, glyph: glyph.0 }, run.width));
            }
            let advance = self.faces[face].glyph_hor_advance(glyph).unwrap_or(0);
            run.width += self.to_em(face, f32::from(advance));
        }
        run
    }

    /// The outline as SVG path data with relative integer coordinates, y pointing down from the baseline.
    pub(super) fn outline(&self, key: GlyphKey) -> String {
        let face = usize::from(key.face);
        let (mut path, mut at) = (String::new(), (0, 0));
        for (letter, points) in self.commands(key) {
            path.push(letter);
            if letter == 'M' {
                at = (0, 0);
            }
            let mut end = at;
            for (i, &(x, y)) in points.iter().enumerate() {
                end = (self.to_em(face, x), -self.to_em(face, y));
                let (dx, dy) = (end.0 - at.0, end.1 - at.1);
                let gap = if i > 0 && dx >= 0 { " " } else { "" };
                let comma = if dy >= 0 { " " } else { "" };
                // Writing to a string cannot fail.
                let _ = write!(path, "{gap}{dx}{comma}{dy}");
            }
            at = end;
        }
        path
    }

    /// The outline as closed rings, y pointing down from the baseline; a curve becomes [`PIECES`] straight pieces.
    pub(super) fn rings(&self, key: GlyphKey) -> Vec<Vec<Point>> {
        let em = EM / f64::from(self.faces[usize::from(key.face)].units_per_em());
        let mut rings: Vec<Vec<Point>> = Vec::new();
        for (letter, points) in self.commands(key) {
            if letter == 'M' {
                rings.push(Vec::new());
            }
            let Some(ring) = rings.last_mut() else { continue };
            let from = ring.last().copied().unwrap_or_default();
            let points: Vec<Point> = points.iter().map(|&(x, y)| (f64::from(x) * em, -f64::from(y) * em)).collect();
            let pieces = (1..=PIECES).map(|piece| f64::from(piece) / f64::from(PIECES));
            match points[..] {
                [b, c] => ring.extend(pieces.map(|t| {
                    let at = |a: f64, b: f64, c: f64| (1.0 - t) * (1.0 - t) * a + 2.0 * (1.0 - t) * t * b + t * t * c;
                    (at(from.0, b.0, c.0), at(from.1, b.1, c.1))
                })),
                [b, c, d] => ring.extend(pieces.map(|t| {
                    let s = 1.0 - t;
                    let at = |a, b, c, d| s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d;
                    (at(from.0, b.0, c.0, d.0), at(from.1, b.1, c.1, d.1))
                })),
                _ => ring.extend(points),
            }
        }
        rings
    }

    /// The outline in the font's own units; a glyph without one (a space) has no commands.
    fn commands(&self, key: GlyphKey) -> Vec<Command> {
        let mut pen = Pen(Vec::new());
        let _ = self.faces[usize::from(key.face)].outline_glyph(GlyphId(key.glyph), &mut pen);
        pen.0
    }

    fn to_em(&self, face: usize, value: f32) -> i32 {
        (f64::from(value) * EM / f64::from(self.faces[face].units_per_em())).round() as i32
    }
}

/// Straight pieces of a curve in an outline.
const PIECES: u8 = 8;

/// A letter of SVG path data, and its points.
type Command = (char, Vec<(f32, f32)>);

/// Collects an outline.
struct Pen(Vec<Command>);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.push(('M', vec![(x, y)]));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.push(('l', vec![(x, y)]));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.push(('q', vec![(x1, y1), (x, y)]));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.push(('c', vec![(x1, y1), (x2, y2), (x, y)]));
    }

    fn close(&mut self) {
        self.0.push(('z', Vec::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_a_label_needs_has_a_glyph() {
        let fonts = Fonts::load().unwrap();
        let needed = "Loss 0.5 −3×10⁻⁹⁸⁷⁶⁵⁴³²¹ ‖∇W₁₂‖ σ(αβγδεηλμρθ) ≤ ≥ → ← ± · ½ ∈ xᵀ é ü “” – — …";
        for character in needed.chars().filter(|c| !c.is_whitespace()) {
            let run = fonts.shape(&character.to_string(), false);
            let missing = GlyphKey { face: 0, glyph: 0 };
            assert_ne!(run.glyphs[0].0, missing, "no glyph for {character}");
        }
    }

    #[test]
    fn every_chinese_word_has_its_glyphs() {
        let fonts = Fonts::load().unwrap();
        let words = include_str!("../../languages/words.zh.csv");
        let missing: Vec<char> = words.chars().filter(|&c| c >= '\u{2E80}' && !fonts.has(c)).collect();
        assert!(missing.is_empty(), "fonts/LICENSE-NotoSans-OFL.txt tells how to make the subset anew: it lacks {missing:?}");
    }

    #[test]
    fn width_adds_up_and_weights_differ() {
        let fonts = Fonts::load().unwrap();
        let width = |text, bold| fonts.shape(text, bold).width;
        assert_eq!(width("ab", false), width("a", false) + width("b", false));
        assert!(width("Loss", true) > width("Loss", false));
        assert!(fonts.outline(fonts.shape("l", false).glyphs[0].0).starts_with('M'));
    }
}
