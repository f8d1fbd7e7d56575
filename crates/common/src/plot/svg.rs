//! The finished figure, and how shapes are written as SVG.

use super::{EM, GlyphKey, Outline, Paint, Shape, ShapeBackend, Style, TextShape, UNITS};
use crate::language::Language;
use anyhow::Result;
use std::collections::BTreeSet;

/// A finished figure: a complete SVG document in each language.
///
/// The same data gives the same bytes on every machine. Text is stored as outlines; its wording is kept in
/// `aria-label` attributes and the title in `<title>`, for screen readers and search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Svg {
    english: String,
    chinese: String,
}

impl Svg {
    /// A figure drawn in each language.
    pub(super) fn in_each_language(draw: impl Fn(Language) -> Result<String>) -> Result<Self> {
        Ok(Self { english: draw(Language::English)?, chinese: draw(Language::Chinese)? })
    }

    /// The document with English words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.english
    }

    /// The document with Chinese words.
    #[must_use]
    pub fn chinese(&self) -> &str {
        &self.chinese
    }

    /// A text in one of our English documents that has no Chinese; its title counts as a whole, in however many lines it stands.
    #[must_use]
    pub fn untranslated(document: &str) -> Option<String> {
        let unescaped = |text: &str| text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        let title = unescaped(document.split_once("<title>")?.1.split_once("</title>")?.0);
        let labels = document.split("aria-label=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0));
        let labels = labels.map(unescaped).filter(|label| !title.contains(label.as_str()));
        labels.chain([title.clone()]).find(|text| !Language::is_known(text))
    }

    /// Size in pixels of the smallest text in one of our documents where it is shown `width` pixels wide; infinite if it has no
    /// text, none if the document is not one of ours.
    #[must_use]
    pub fn smallest_text(document: &str, width: f64) -> Option<f64> {
        let view_box = document.split_once("viewBox=\"0 0 ")?.1;
        let units: f64 = view_box.split_once(' ')?.0.parse().ok()?;
        let scales = document.split("scale(").skip(1).map(|rest| rest.split_once(')')?.0.parse().ok());
        let smallest = scales.collect::<Option<Vec<f64>>>()?.into_iter().fold(f64::INFINITY, f64::min);
        Some(smallest * EM * width / units)
    }
}

impl ShapeBackend {
    /// Writes everything drawn so far; `title` names the figure for those who cannot see it.
    pub(super) fn to_svg(&self, title: &str) -> String {
        let (width, height) = self.size;
        let [wide, high] = [width, height].map(|units| units / UNITS.unsigned_abs());
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
            width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
            fill=\"none\" stroke-linejoin=\"round\">\n<title>{}</title>\n\
            <rect width=\"{width}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n{}",
            escaped(title),
            self.glyphs()
        );
        for run in self.items.chunk_by(|(_, a), (_, b)| a == b) {
            out.extend(["<g", &attributes(&run[0].1), ">\n"]);
            out.extend(run.iter().map(|(shape, _)| element(shape)));
            out.push_str("</g>\n");
        }
        out.push_str("</svg>\n");
        out
    }

    /// Each outline in use, once.
    fn glyphs(&self) -> String {
        let texts = self.items.iter().filter_map(|(shape, _)| match shape {
            Shape::Text(text) => Some(&text.glyphs),
            _ => None,
        });
        let keys: BTreeSet<GlyphKey> = texts.flatten().map(|&(key, _)| key).collect();
        let path = |&key: &GlyphKey| format!("<path id=\"{}\" d=\"{}\"/>\n", key.id(), self.fonts.outline(key));
        let paths: String = keys.iter().map(path).collect();
        if keys.is_empty() { paths } else { format!("<defs>\n{paths}</defs>\n") }
    }
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Circle { center: (x, y), radius } => format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>\n"),
        Shape::Rect { corner: (x, y), width, height } => {
            format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>\n")
        }
        Shape::Path { rings, closed } => {
            let data: String = rings.iter().map(|ring| path_data(ring, *closed)).collect();
            let rule = if rings.len() > 1 && *closed { " fill-rule=\"evenodd\"" } else { "" };
            format!("<path d=\"{data}\"{rule}/>\n")
        }
        Shape::Text(text) => letters(text),
    }
}

/// One polyline with relative coordinates, the shortest form.
fn path_data(ring: &[(i32, i32)], closed: bool) -> String {
    let Some((x, y)) = ring.first() else { return String::new() };
    let mut data = format!("M{x} {y}");
    let mut letter = ' ';
    for pair in ring.windows(2) {
        let step;
        (letter, step) = match (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1) {
            (0, dy) => ('v', format!("v{dy}")),
            (dx, 0) => ('h', format!("h{dx}")),
            (dx, dy) => {
                let gap = match (letter, dx < 0) {
                    ('l', true) => "",
                    ('l', false) => " ",
                    _ => "l",
                };
                let comma = if dy < 0 { "" } else { " " };
                ('l', format!("{gap}{dx}{comma}{dy}"))
            }
        };
        data.push_str(&step);
    }
    if closed { data + "z" } else { data }
}

fn letters(text: &TextShape) -> String {
    let ((x, y), scale) = (text.at, f64::from(text.size) / EM);
    let turn = if text.upwards { "rotate(270)" } else { "" };
    let letter = |&(key, x): &(GlyphKey, i32)| {
        let place = if x == 0 { String::new() } else { format!(" x=\"{x}\"") };
        format!("<use xlink:href=\"#{}\"{place}/>", key.id())
    };
    let uses: String = text.glyphs.iter().map(letter).collect();
    let label = escaped(&text.text);
    format!("<g aria-label=\"{label}\" transform=\"translate({x} {y}){turn}scale({scale})\">{uses}</g>\n")
}

/// The attributes of a group.
fn attributes(style: &Style) -> String {
    let paint = |name: &str, Paint { rgb: (r, g, b), alpha }: Paint| {
        let opacity = format!(" {name}-opacity=\"{}\"", f64::from(alpha) / 1000.0);
        format!(" {name}=\"#{r:02X}{g:02X}{b:02X}\"{}", if alpha < 1000 { &opacity } else { "" })
    };
    let mut attributes = style.fill.map_or_else(String::new, |fill| paint("fill", fill));
    if let Some(Outline { paint: color, width, dash }) = &style.outline {
        attributes.extend([paint("stroke", *color), format!(" stroke-width=\"{width}\"")]);
        if !dash.is_empty() {
            let lengths: Vec<_> = dash.iter().map(i32::to_string).collect();
            attributes.extend([" stroke-dasharray=\"", &lengths.join(" "), "\""]);
        }
    }
    attributes
}

/// Text made safe for an attribute or an element; control characters, which XML 1.0 forbids, are dropped.
fn escaped(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}')).collect::<String>();
    shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
