//! Paths that grow step by step over a surface, as an animated GIF.

use std::borrow::Cow;

use super::{COLORS, Canvas, Census, HPos, Image, Landscape, Lettering, Palette, Projection, VPos};
use crate::language::Language;
use anyhow::{Context, Result, ensure};
use gif::{DisposalMethod, Encoder, Frame, Repeat};

/// How long a frame stands, and how long the last one does, in hundredths of a second.
const DELAY: u16 = 7;
const PAUSE: u16 = 250;

/// A finished animation that repeats for ever: a complete GIF file in each language, with the same bytes on every machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gif {
    english: Vec<u8>,
    chinese: Vec<u8>,
}

impl Gif {
    /// The file with the words of a language.
    #[must_use]
    pub fn bytes(&self, language: Language) -> &[u8] {
        language.choose(&self.english, &self.chinese)
    }
}

impl Landscape {
    /// Draws the surface with paths that grow by `stride` steps from frame to frame: the first one shows the start, the last one all of
    /// the paths.
    ///
    /// # Errors
    /// If the surface cannot be drawn, or the stride is 0.
    pub fn animation(&self, stride: usize) -> Result<Gif> {
        ensure!(stride > 0, "animation '{}': the stride is 0, it must be at least 1", self.title);
        Ok(Gif { english: self.animated(stride, Language::English)?, chinese: self.animated(stride, Language::Chinese)? })
    }

    fn animated(&self, stride: usize, language: Language) -> Result<Vec<u8>> {
        let (ground, projection) = self.ground(language)?;
        let ground = ground.to_image();
        let last = self.paths.iter().map(|path| path.points.len()).max().unwrap_or_default().saturating_sub(1);
        let steps = (0..last).step_by(stride).chain([last]);
        let mut census = Census::default();
        let mut patches: Vec<Patch> = Vec::new();
        let mut before: Option<Image> = None;
        for step in steps {
            let mut image = ground.clone();
            self.draw_step(&projection, step, (&image, language))?.draw_over(&mut image);
            let patch = Patch::between(before.as_ref(), &image);
            census.count(patch.pixels.iter().flatten().copied());
            patches.push(patch);
            before = Some(image);
        }
        encode((ground.width, ground.height), &patches, &census.palette())
    }

    /// The paths up to a step, their heads, and the number of the step.
    fn draw_step(&self, projection: &Projection, step: usize, (sheet, language): (&Image, Language)) -> Result<Canvas> {
        let canvas = Canvas::new((sheet.width as f64, sheet.height as f64), language)?;
        self.draw_paths(&canvas, projection, Some(step))?;
        for (i, (path, look)) in self.paths.iter().zip(self.looks()).enumerate().filter(|_| step > 0) {
            let head = path.points.iter().take_while(|(x, y)| x.is_finite() && y.is_finite()).nth(step);
            if let Some(at) = head.and_then(|&head| self.map(projection, head)) {
                // Heads that meet are seen as rings around each other.
                canvas.mark(at, look.marker, (7.5 - 0.6 * i as f64).max(4.0), look.color)?;
            }
        }
        self.draw_marks(&canvas, projection)?;
        let inner = canvas.inner();
        let lettering = Lettering::LABEL.at(HPos::Right, VPos::Top);
        canvas.text(&format!("step {step}"), (inner.right, inner.top), lettering)?;
        Ok(canvas)
    }
}

/// Writes the frames: each holds what differs from the one before.
fn encode((width, height): (usize, usize), patches: &[Patch], palette: &Palette) -> Result<Vec<u8>> {
    let side = |n: usize| u16::try_from(n).context("a frame is larger than a GIF can be");
    let mut bytes = Vec::new();
    let colors: Vec<u8> = palette.colors.iter().flatten().copied().collect();
    let mut encoder = Encoder::new(&mut bytes, side(width)?, side(height)?, &colors)?;
    encoder.set_repeat(Repeat::Infinite)?;
    for (i, patch) in patches.iter().enumerate() {
        let index = |pixel: &Option<[u8; 3]>| pixel.map_or(COLORS as u8, |color| palette.index(color));
        encoder.write_frame(&Frame {
            delay: if i + 1 == patches.len() { PAUSE } else { DELAY },
            dispose: DisposalMethod::Keep,
            transparent: Some(COLORS as u8),
            left: side(patch.left)?,
            top: side(patch.top)?,
            width: side(patch.width)?,
            height: side(patch.height)?,
            buffer: Cow::Owned(patch.pixels.iter().map(index).collect()),
            ..Frame::default()
        })?;
    }
    drop(encoder);
    Ok(bytes)
}

/// The smallest rectangle that holds all pixels in which a frame differs from the one before.
struct Patch {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    /// The new colours; `None` where nothing has changed.
    pixels: Vec<Option<[u8; 3]>>,
}

impl Patch {
    fn between(before: Option<&Image>, now: &Image) -> Self {
        let changed = |at: usize| before.is_none_or(|before| before.pixels[at] != now.pixels[at]);
        let columns = |row: usize| (0..now.width).filter(move |&column| changed(row * now.width + column));
        let rows: Vec<usize> = (0..now.height).filter(|&row| columns(row).next().is_some()).collect();
        let left = rows.iter().filter_map(|&row| columns(row).next()).min();
        let right = rows.iter().filter_map(|&row| columns(row).next_back()).max();
        // A frame without a change is one pixel that stays as it is: it still takes its time.
        let (top, bottom) = (rows.first().copied().unwrap_or(0), rows.last().copied().unwrap_or(0));
        let (left, right) = (left.unwrap_or(0), right.unwrap_or(0));
        let places = (top..=bottom).flat_map(|row| (left..=right).map(move |column| row * now.width + column));
        let pixels = places.map(|at| changed(at).then(|| now.pixels[at])).collect();
        Self { left, top, width: right - left + 1, height: bottom - top + 1, pixels }
    }
}

#[cfg(test)]
mod tests {
    use super::super::contour::Grid;
    use super::super::landscape::DescentPath;
    use super::*;

    fn bowl(points: Vec<(f64, f64)>) -> Landscape {
        let grid = Grid::sample((-1.0, 1.0), (-1.0, 1.0), (9, 9), |x, y| x * x + y * y);
        Landscape::new("bowl", ["x", "y", "f"], grid).path(DescentPath::new("SGD", points))
    }

    fn halving(n: usize) -> Vec<(f64, f64)> {
        let next = |&(x, y): &(f64, f64)| Some((0.8 * x, 0.7 * y));
        std::iter::successors(Some((0.9, -0.9)), next).take(n).collect()
    }

    /// Width and height.
    type Size = (u16, u16);

    /// Size of the picture, and delay and size of each frame.
    fn read(gif: &Gif) -> (Size, Vec<(u16, Size)>) {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::Indexed);
        let mut decoder = options.read_info(gif.bytes(Language::English)).unwrap();
        assert_eq!(decoder.repeat(), Repeat::Infinite);
        let size = (decoder.width(), decoder.height());
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            assert!(frame.left + frame.width <= size.0 && frame.top + frame.height <= size.1);
            frames.push((frame.delay, (frame.width, frame.height)));
        }
        (size, frames)
    }

    #[test]
    fn every_step_is_a_frame_and_the_last_one_stays() {
        let gif = bowl(halving(8)).animation(1).unwrap();
        let (size, frames) = read(&gif);
        assert_eq!(frames.len(), 8);
        assert_eq!(frames[0].1, size, "the first frame is whole");
        assert!(frames[1..].iter().all(|(_, patch)| patch.0 < size.0), "the others are what has changed");
        assert!(frames[6].0 < 10 && frames[7].0 > 100);
        assert_eq!(bowl(halving(8)).animation(1).unwrap(), gif);
    }

    #[test]
    fn a_stride_keeps_the_last_step() {
        assert_eq!(read(&bowl(halving(8)).animation(3).unwrap()).1.len(), 4, "steps 0, 3, 6 and 7");
        let error = bowl(halving(8)).animation(0).unwrap_err();
        assert!(error.to_string().contains("at least 1"), "{error}");
    }

    #[test]
    fn paths_may_leave_the_surface_and_end() {
        let points = vec![(0.5, 0.5), (40.0, 2.0), (f64::INFINITY, f64::NAN), (0.0, 0.0)];
        assert_eq!(read(&bowl(points).animation(1).unwrap()).1.len(), 4);
        assert_eq!(read(&bowl(Vec::new()).animation(1).unwrap()).1.len(), 1);
    }
}
