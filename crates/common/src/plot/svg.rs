//! The finished figure, and how shapes are written as SVG.

use super::{EM, GlyphKey, Outline, Paint, Shape, ShapeBackend, Style, TextShape, UNITS};
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

/// A finished figure: a complete SVG document.
///
/// The same data gives the same bytes on every machine. Text is stored as outlines; its wording is kept in
/// `aria-label` attributes and the title in `<title>`, for screen readers and search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Svg(String);

impl Svg {
    /// The document.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The document, without a copy.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<[u8]> for Svg {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl ShapeBackend {
    /// Writes everything drawn so far; `title` names the figure for those who cannot see it.
    pub(super) fn to_svg(&self, title: &str) -> Svg {
        let (width, height) = self.size;
        let units = UNITS.unsigned_abs();
        let mut out = String::new();
        out.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\" ");
        out.push_str("xmlns:xlink=\"http://www.w3.org/1999/xlink\" ");
        put(&mut out, format_args!("width=\"{}\" height=\"{}\" ", width / units, height / units));
        put(&mut out, format_args!("viewBox=\"0 0 {width} {height}\" role=\"img\" "));
        out.push_str("fill=\"none\" stroke-linejoin=\"round\">\n");
        put(&mut out, format_args!("<title>{}</title>\n", Escaped(title)));
        put(&mut out, format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n"));
        self.write_glyphs(&mut out);
        let mut rest = self.items.as_slice();
        while let Some((_, style)) = rest.first() {
            let run = rest.iter().take_while(|(_, other)| other == style).count();
            put(&mut out, format_args!("<g{}>\n", Attributes(style)));
            for (shape, _) in &rest[..run] {
                write_shape(&mut out, shape);
            }
            out.push_str("</g>\n");
            rest = &rest[run..];
        }
        out.push_str("</svg>\n");
        Svg(out)
    }

    /// Writes each outline in use once.
    fn write_glyphs(&self, out: &mut String) {
        let keys: BTreeSet<GlyphKey> = self
            .items
            .iter()
            .filter_map(|(shape, _)| match shape {
                Shape::Text(text) => Some(text.glyphs.iter().map(|&(key, _)| key)),
                _ => None,
            })
            .flatten()
            .collect();
        if keys.is_empty() {
            return;
        }
        out.push_str("<defs>\n");
        for key in keys {
            let outline = self.fonts.outline(key);
            put(out, format_args!("<path id=\"{}\" d=\"{outline}\"/>\n", key.id()));
        }
        out.push_str("</defs>\n");
    }
}

/// Appends formatted text; writing to a string cannot fail.
fn put(out: &mut String, arguments: fmt::Arguments<'_>) {
    let _ = out.write_fmt(arguments);
}

fn write_shape(out: &mut String, shape: &Shape) {
    match shape {
        Shape::Circle { center: (x, y), radius } => {
            put(out, format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>\n"));
        }
        Shape::Rect { corner: (x, y), width, height } => {
            put(out, format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>\n"));
        }
        Shape::Path { rings, closed } => {
            out.push_str("<path d=\"");
            for ring in rings {
                write_ring(out, ring, *closed);
            }
            out.push_str(if rings.len() > 1 && *closed { "\" fill-rule=\"evenodd\"/>\n" } else { "\"/>\n" });
        }
        Shape::Text(text) => write_text(out, text),
    }
}

/// One polyline with relative coordinates, the shortest form.
fn write_ring(out: &mut String, ring: &[(i32, i32)], closed: bool) {
    let Some(&(x, y)) = ring.first() else { return };
    put(out, format_args!("M{x} {y}"));
    let mut at = (x, y);
    let mut letter = ' ';
    for &(x, y) in &ring[1..] {
        let (dx, dy) = (x - at.0, y - at.1);
        at = (x, y);
        match (dx, dy) {
            (0, dy) => {
                put(out, format_args!("v{dy}"));
                letter = 'v';
            }
            (dx, 0) => {
                put(out, format_args!("h{dx}"));
                letter = 'h';
            }
            (dx, dy) => {
                let gap = match (letter, dx < 0) {
                    ('l', true) => "",
                    ('l', false) => " ",
                    _ => "l",
                };
                let comma = if dy < 0 { "" } else { " " };
                put(out, format_args!("{gap}{dx}{comma}{dy}"));
                letter = 'l';
            }
        }
    }
    if closed {
        out.push('z');
    }
}

fn write_text(out: &mut String, text: &TextShape) {
    let (x, y) = text.at;
    put(out, format_args!("<g aria-label=\"{}\" ", Escaped(&text.text)));
    put(out, format_args!("transform=\"translate({x} {y})"));
    if text.turns > 0 {
        put(out, format_args!("rotate({})", i32::from(text.turns) * 90));
    }
    put(out, format_args!("scale({})\">", f64::from(text.size) / EM));
    for &(key, x) in &text.glyphs {
        put(out, format_args!("<use xlink:href=\"#{}\"", key.id()));
        if x != 0 {
            put(out, format_args!(" x=\"{x}\""));
        }
        out.push_str("/>");
    }
    out.push_str("</g>\n");
}

/// The attributes of a group.
struct Attributes<'a>(&'a Style);

impl fmt::Display for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paint = |f: &mut fmt::Formatter<'_>, name: &str, paint: Paint| {
            let (r, g, b) = paint.rgb;
            write!(f, " {name}=\"#{r:02X}{g:02X}{b:02X}\"")?;
            if paint.alpha < 1000 {
                write!(f, " {name}-opacity=\"{}\"", f64::from(paint.alpha) / 1000.0)?;
            }
            Ok(())
        };
        if let Some(fill) = self.0.fill {
            paint(f, "fill", fill)?;
        }
        if let Some(Outline { paint: color, width, dash }) = &self.0.outline {
            paint(f, "stroke", *color)?;
            write!(f, " stroke-width=\"{width}\"")?;
            if !dash.is_empty() {
                let lengths: Vec<_> = dash.iter().map(i32::to_string).collect();
                write!(f, " stroke-dasharray=\"{}\"", lengths.join(" "))?;
            }
        }
        Ok(())
    }
}

/// Text made safe for an attribute or an element; control characters, which XML 1.0 forbids, are dropped.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
