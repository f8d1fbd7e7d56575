//! Diagrams of networks: a row for each layer from the top down, with its units and their weights, or its images.

use super::{Area, Canvas, Color, Dash, Entry, HPos, Lettering, Stroke, Svg, VPos, legend, theme};
use crate::language::Language;
use anyhow::{Result, ensure};

/// A network, layer by layer. Between two rows of units each line is a weight: as wide as it is large, and broken where it is negative.
#[must_use]
#[derive(Debug, Clone)]
pub struct Diagram {
    title: String,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    caption: String,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    /// So many units, and the weights from the row above: a row of the matrix for each of its units, none if these are not units.
    Units(usize, Vec<f64>),
    /// Channels, height and width of the images.
    Images([usize; 3]),
}

/// Distance from one row to the next where their units are connected, and where not.
const CONNECTED: f64 = 132.0;
const STEP: f64 = 92.0;
/// Room for the captions.
const CAPTIONS: f64 = 196.0;
/// Half the height of a caption.
const TEXT: f64 = 20.0;
/// Units of a row that are drawn if there are more, and how many of them stand before the dots.
const SHOWN: usize = 10;
const BEFORE: usize = 5;
const RADIUS: f64 = 11.0;
/// Width of the line of a layer's largest weight.
const WIDEST: f64 = 4.0;
/// Side of an image of so many pixels; images of one channel after another lie `SHIFT` apart, up to so many of them.
const SIDE: f64 = 54.0;
const PIXELS: f64 = 28.0;
const SHIFT: f64 = 5.0;
const SHEETS: usize = 6;

const POSITIVE: Color = theme::TRAIN;
const NEGATIVE: Color = Color(0x2E, 0x9B, 0xD6);

impl Diagram {
    /// A network without layers.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Adds a row of so many units below the others. `weights` has a row for each unit above, with the weight to each unit here; it is
    /// empty for inputs.
    pub fn units<T: Copy + Into<f64>>(self, caption: impl Into<String>, n: usize, weights: &[T]) -> Self {
        self.row(caption, Body::Units(n, weights.iter().map(|&weight| weight.into()).collect()))
    }

    /// Adds images of so many channels, rows and columns below the others.
    pub fn images(self, caption: impl Into<String>, shape: [usize; 3]) -> Self {
        self.row(caption, Body::Images(shape))
    }

    fn row(mut self, caption: impl Into<String>, body: Body) -> Self {
        self.rows.push(Row { caption: caption.into(), body });
        self
    }

    /// Adds to the caption of the last row, as an activation function does that changes neither units nor images.
    pub fn then(mut self, caption: &str) -> Self {
        if let Some(last) = self.rows.last_mut().filter(|_| !caption.is_empty()) {
            last.caption.push_str(", ");
            last.caption.push_str(caption);
        }
        self
    }

    /// Draws the network; fails if it has no layer, or a layer of units has neither no weights nor one for each unit above and each of its own.
    ///
    /// # Errors
    ///
    /// If there is no layer, or the weights of one do not fit its units.
    pub fn render(&self) -> Result<Svg> {
        Svg::in_each_language(|language| self.drawn(language))
    }

    fn drawn(&self, language: Language) -> Result<String> {
        ensure!(!self.rows.is_empty(), "diagram '{}' has no layers", self.title);
        let (mut canvas, body) = Canvas::titled(&self.title, language)?;
        let body = legend::draw_strip(&canvas, &self.entries(), body)?;
        let area = Area { left: body.left + CAPTIONS, ..body };
        let mut y = area.top + self.rows[0].half_height().max(TEXT);
        let mut places = vec![y];
        for pair in self.rows.windows(2) {
            let (above, row, top) = (&pair[0], &pair[1], y);
            y += if row.weights_from(above)?.is_some() { CONNECTED } else { STEP };
            row.connect(&canvas, area, (above, top), y)?;
            places.push(y);
        }
        // Over the lines.
        for (row, &y) in self.rows.iter().zip(&places) {
            row.draw(&canvas, area, y)?;
            canvas.text(&row.caption, (body.left, y - 3.0), Lettering::LEGEND.at(HPos::Left, VPos::Bottom))?;
            canvas.text(&row.size(), (body.left, y + 5.0), Lettering::TICK.at(HPos::Left, VPos::Top))?;
        }
        let last = self.rows.last().map_or(0.0, Row::half_height);
        canvas.resize(theme::WIDTH, y + last.max(TEXT) + theme::MARGIN);
        Ok(canvas.finish())
    }

    /// What the lines are, if there are any.
    fn entries(&self) -> Vec<Entry> {
        let weighted = |row: &Row| matches!(&row.body, Body::Units(_, weights) if !weights.is_empty());
        if !self.rows.iter().skip(1).zip(&self.rows).any(|(row, above)| weighted(row) && matches!(above.body, Body::Units(..))) {
            return Vec::new();
        }
        let line = |label, weight| Entry::line(label, stroke(weight, 1.0), None);
        vec![line("positive weight", 0.6), line("negative weight; wider is larger", -0.6)]
    }
}

/// The line of a weight where the largest has this absolute value.
fn stroke(weight: f64, largest: f64) -> Stroke {
    let width = (WIDEST * weight.abs() / largest).max(0.3);
    if weight < 0.0 { Stroke { color: NEGATIVE, width, dash: Dash::Dashed } } else { Stroke::solid(POSITIVE, width) }
}

/// What is drawn of a row of `n` units, and where: the number of a unit, or none for dots in place of many.
fn slots(n: usize, area: Area) -> Vec<(Option<usize>, f64)> {
    let n_slots = n.min(SHOWN + 1);
    let step = (area.width() / n_slots as f64).min(64.0);
    let left = area.center().0 - step * (n_slots as f64 - 1.0) / 2.0;
    let unit = |slot: usize| match slot {
        slot if n <= SHOWN || slot < BEFORE => Some(slot),
        BEFORE => None,
        slot => Some(n - n_slots + slot),
    };
    (0..n_slots).map(|slot| (unit(slot), left + step * slot as f64)).collect()
}

/// The units that are drawn, and where.
fn units(n: usize, area: Area) -> impl Iterator<Item = (usize, f64)> {
    slots(n, area).into_iter().filter_map(|(unit, x)| Some((unit?, x)))
}

impl Row {
    fn size(&self) -> String {
        match self.body {
            Body::Units(1, _) => "1 unit".to_owned(),
            Body::Units(n, _) => format!("{n} units"),
            Body::Images([channels, height, width]) => format!("{channels} × {height} × {width}"),
        }
    }

    fn half_height(&self) -> f64 {
        match self.body {
            Body::Units(..) => RADIUS,
            Body::Images(shape) => half_side(shape) + SHIFT * (shape[0].min(SHEETS) - 1) as f64 / 2.0,
        }
    }

    /// The weights from the row above, if both are units.
    fn weights_from(&self, above: &Self) -> Result<Option<&[f64]>> {
        match (&self.body, &above.body) {
            (Body::Units(n, weights), Body::Units(m, _)) => {
                let (caption, found) = (&self.caption, weights.len());
                ensure!(found == n * m, "layer '{caption}': expected {m} × {n} weights, found {found}");
                Ok(Some(weights))
            }
            _ => Ok(None),
        }
    }

    /// Draws the weights from the row above; an arrow where there are none to draw.
    fn connect(&self, canvas: &Canvas, area: Area, (above, top): (&Self, f64), y: f64) -> Result<()> {
        let Some(weights) = self.weights_from(above)? else {
            let x = area.center().0;
            let (from, to) = (top + above.half_height() + 5.0, y - self.half_height() - 5.0);
            canvas.line(&[(x, from), (x, to)], Stroke::solid(theme::FRAME, 1.4))?;
            return canvas.polygon(&[(x, to + 1.0), (x - 5.0, to - 8.0), (x + 5.0, to - 8.0)], (theme::FRAME, 1.0), None);
        };
        let (Body::Units(n, _), Body::Units(m, _)) = (&self.body, &above.body) else { return Ok(()) };
        let finite = weights.iter().filter(|weight| weight.is_finite());
        let largest = finite.fold(f64::MIN_POSITIVE, |largest, weight| largest.max(weight.abs()));
        for (i, from) in units(*m, area) {
            for (j, to) in units(*n, area) {
                let weight = weights[i * n + j];
                if weight.is_finite() && weight != 0.0 {
                    canvas.line(&[(from, top), (to, y)], stroke(weight, largest))?;
                }
            }
        }
        Ok(())
    }

    fn draw(&self, canvas: &Canvas, area: Area, y: f64) -> Result<()> {
        let edge = Stroke::solid(theme::SOFT_INK, 1.4);
        match self.body {
            Body::Units(n, _) => {
                for (unit, x) in slots(n, area) {
                    match unit {
                        Some(_) => canvas.circle((x, y), RADIUS, theme::WHITE, edge)?,
                        None => {
                            for shift in [-9.0, 0.0, 9.0] {
                                canvas.dot((x + shift, y), 2.2, theme::SOFT_INK)?;
                            }
                        }
                    }
                }
                Ok(())
            }
            Body::Images(shape) => {
                let (half, sheets) = (half_side(shape), shape[0].min(SHEETS));
                let tall = half * shape[1] as f64 / shape[1].max(shape[2]) as f64;
                let wide = half * shape[2] as f64 / shape[1].max(shape[2]) as f64;
                let x = area.center().0;
                for sheet in 0..sheets {
                    let shift = SHIFT * (sheet as f64 - (sheets - 1) as f64 / 2.0);
                    let (x, y) = (x + shift, y + shift);
                    let area = Area { left: x - wide, right: x + wide, top: y - tall, bottom: y + tall };
                    canvas.rect(area, Some(POSITIVE.tint()), Some(edge))?;
                }
                Ok(())
            }
        }
    }
}

/// Half the longer side of images on the sheet.
fn half_side([_, height, width]: [usize; 3]) -> f64 {
    (SIDE * height.max(width) as f64 / PIXELS).clamp(8.0, 1.5 * SIDE) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(svg: &Svg) -> usize {
        svg.as_str().matches("<path d=\"M").count()
    }

    #[test]
    fn each_weight_is_a_line_as_wide_as_it_is_large() {
        let diagram =
            |weights: &[f32]| Diagram::new("").units("inputs", 2, &[] as &[f32]).units("output", 1, weights).render().unwrap();
        let svg = diagram(&[0.5, -1.0]);
        // Half of the widest, unbroken; and the widest, broken.
        assert!(svg.as_str().contains("stroke=\"#8E004D\" stroke-width=\"20\">"), "{}", svg.as_str());
        assert!(svg.as_str().contains("stroke=\"#2E9BD6\" stroke-width=\"40\" stroke-dasharray"));
        assert_eq!(lines(&diagram(&[f32::NAN, 1.0])) + 1, lines(&svg), "a weight that is no number has no line");
    }

    #[test]
    fn many_units_are_drawn_from_both_ends() {
        let area = Area { left: 0.0, top: 0.0, right: 400.0, bottom: 10.0 };
        let shown = |n| units(n, area).map(|(unit, _)| unit).collect::<Vec<_>>();
        assert_eq!(shown(3), [0, 1, 2]);
        assert_eq!(shown(10).len(), 10);
        assert_eq!(shown(784), [0, 1, 2, 3, 4, 779, 780, 781, 782, 783]);
        assert_eq!(slots(784, area)[BEFORE].0, None, "dots");
        assert!(slots(784, area).iter().all(|(_, x)| (0.0..400.0).contains(x)));
    }

    #[test]
    fn weights_that_do_not_fit_are_an_error() {
        let error = Diagram::new("").units("inputs", 2, &[] as &[f32]).units("output", 2, &[1.0f32]).render().unwrap_err();
        assert_eq!(error.to_string(), "layer 'output': expected 2 × 2 weights, found 1");
        assert!(Diagram::new("empty").render().unwrap_err().to_string().contains("has no layers"));
    }

    #[test]
    fn images_show_their_shape() {
        let svg = Diagram::new("").images("image", [1, 28, 28]).images("convolution", [6, 24, 24]).then("ReLU").units(
            "linear",
            10,
            &[] as &[f32],
        );
        let svg = svg.render().unwrap();
        for label in ["1 × 28 × 28", "6 × 24 × 24", "convolution, ReLU", "10 units"] {
            assert!(svg.as_str().contains(&format!("aria-label=\"{label}\"")), "{label}");
        }
    }
}
