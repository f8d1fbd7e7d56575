//! From a picture of a handwritten digit to an image such as MNIST has, and from such an image to the terminal.
//!
//! The makers of MNIST fitted each digit into a box of 20 × 20 pixels, keeping its aspect, and put its centre of mass into the centre of 28 × 28. A
//! network that has learnt on these images must be asked about such images, so [`read`] does the same. All of it is arithmetic on whole numbers:
//! one picture gives the same image everywhere, and all but 17 of the 70,000 images of MNIST come back as they were.

mod picture;

use super::mnist::{N_PIXELS, SIDE};
use anyhow::{Context, Result};
use picture::Picture;
use std::path::Path;

/// The longer side of the box that a digit is fitted into.
const BOX: usize = 20;
/// The darkest pixel of each of MNIST's images is at least this dark; that of a paler one is made 255.
const DARKEST: u64 = 254;
/// What differs from the background by no more than so many median deviations is background too.
const NOISE: u8 = 6;

/// Reads the picture of a digit, a PNG file of any size and colour type, as the 784 pixels of an image such as MNIST has: 0 is paper, 255
/// is ink. Paper is the colour along the border; ink may be darker or lighter.
///
/// # Errors
/// If the file cannot be read or is not a PNG picture, or nothing is drawn on it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fit(&Picture::read(path)?).with_context(|| {
        format!(
            "{}: expected a digit on a plain background, found nothing that stands out from the shades along the border: draw it dark on light or light on dark, in even light",
            path.display()
        )
    })
}

/// The digit in MNIST's form; nothing if there is no ink.
fn fit(picture: &Picture) -> Option<Vec<u8>> {
    let digit = Digit { width: picture.width, ink: ink(picture) };
    Some(digit.cropped()?.scaled().centered())
}

/// How far each pixel lies from the background, to the side where the drawing is.
///
/// The background is the median shade along the border, and as rough as the median deviation from it there.
fn ink(picture: &Picture) -> Vec<u8> {
    let border = border(picture);
    let paper = median(border.clone());
    let noise = median(border.into_iter().map(|shade| shade.abs_diff(paper)).collect()).saturating_mul(NOISE);
    let darker = |shade: u8| paper.saturating_sub(shade);
    let lighter = |shade: u8| shade.saturating_sub(paper);
    let total = |side: &dyn Fn(u8) -> u8| picture.shades.iter().map(|&shade| u64::from(side(shade))).sum::<u64>();
    let side: &dyn Fn(u8) -> u8 = if total(&darker) >= total(&lighter) { &darker } else { &lighter };
    picture.shades.iter().map(|&shade| side(shade)).map(|ink| if ink > noise { ink } else { 0 }).collect()
}

/// The shades along the border.
fn border(picture: &Picture) -> Vec<u8> {
    let (width, height) = (picture.width, picture.height());
    let rows = picture.shades.chunks(width).enumerate();
    let at_border = |row: usize, column: usize| row == 0 || row + 1 == height || column == 0 || column + 1 == width;
    rows.flat_map(|(row, shades)| {
        shades.iter().enumerate().filter(move |(column, _)| at_border(row, *column)).map(|(_, &shade)| shade)
    })
    .collect()
}

/// The median; of two in the middle the upper one.
fn median(mut shades: Vec<u8>) -> u8 {
    shades.sort_unstable();
    shades[shades.len() / 2]
}

/// Ink on paper, in a box of any size.
struct Digit {
    width: usize,
    /// From 0 (paper) to 255 (ink), row after row from the top.
    ink: Vec<u8>,
}

impl Digit {
    fn height(&self) -> usize {
        self.ink.len() / self.width
    }

    /// What is inside the smallest box around all ink; nothing if there is none.
    fn cropped(&self) -> Option<Self> {
        let rows: Vec<&[u8]> = self.ink.chunks(self.width).collect();
        let has_ink = |row: &&[u8]| row.iter().any(|&ink| ink > 0);
        let top = rows.iter().position(has_ink)?;
        let bottom = rows.iter().rposition(has_ink)?;
        let left = rows.iter().filter_map(|row| row.iter().position(|&ink| ink > 0)).min()?;
        let right = rows.iter().filter_map(|row| row.iter().rposition(|&ink| ink > 0)).max()?;
        let ink = rows[top..=bottom].iter().flat_map(|row| &row[left..=right]).copied().collect();
        Some(Self { width: right + 1 - left, ink })
    }

    /// Scales the longer side to that of the box and the other in proportion: each pixel is the mean over the area that it covers, rounded
    /// once. If even the darkest is paler than in all of MNIST's images, it becomes 255 and the others as much darker.
    ///
    /// Where an old pixel is `new width` × `new height` units large and a new one `width` × `height`, all areas are whole numbers.
    fn scaled(&self) -> Self {
        let (width, height) = (self.width, self.height());
        let longer = width.max(height);
        let scaled = |side: usize| ((2 * side * BOX + longer) / (2 * longer)).max(1);
        let (columns, rows) = (Cover::of(width, scaled(width)), Cover::of(height, scaled(height)));
        let strip =
            |y: usize, column: &Cover| column.parts().map(|(x, wide)| wide * u64::from(self.ink[y * width + x])).sum::<u64>();
        let sum = |row: &Cover, column: &Cover| row.parts().map(|(y, tall)| tall * strip(y, column)).sum::<u64>();
        let sums: Vec<u64> = rows.iter().flat_map(|row| columns.iter().map(move |column| sum(row, column))).collect();

        let area = (width * height) as u64;
        let darkest = sums.iter().copied().max().unwrap_or_default();
        let full = if (2 * darkest + area) / (2 * area) < DARKEST { darkest } else { 255 * area };
        Self { width: columns.len(), ink: sums.iter().map(|sum| ((2 * 255 * sum + full) / (2 * full)) as u8).collect() }
    }

    /// Puts the digit where its centre of mass comes to lie in the pixel right of and below the centre, as in MNIST, or as near to it as
    /// the digit stays whole.
    fn centered(&self) -> Vec<u8> {
        let weight = self.ink.iter().map(|&ink| u64::from(ink)).sum::<u64>().max(1);
        let moment = |place: &dyn Fn(usize) -> usize| {
            self.ink.iter().enumerate().map(|(i, &ink)| place(i) as u64 * u64::from(ink)).sum::<u64>()
        };
        // The smallest shift that brings moment / weight to SIDE / 2 − 1/2 or beyond.
        let shift = |moment: u64, side: usize| {
            let shift = ((SIDE - 1) as u64 * weight).saturating_sub(2 * moment).div_ceil(2 * weight);
            (shift as usize).min(SIDE - side)
        };
        let left = shift(moment(&|i| i % self.width), self.width);
        let top = shift(moment(&|i| i / self.width), self.height());
        let mut image = vec![0; N_PIXELS];
        for (y, row) in self.ink.chunks(self.width).enumerate() {
            image[(top + y) * SIDE + left..][..self.width].copy_from_slice(row);
        }
        image
    }
}

/// The old pixels that a new one covers along one side, and how much of each.
struct Cover {
    from: u64,
    to: u64,
    /// Length of an old pixel.
    unit: u64,
}

impl Cover {
    /// The new pixels when `old` pixels become `new` ones: each is `old` long, and an old one is `new` long.
    fn of(old: usize, new: usize) -> Vec<Self> {
        (0..new).map(|i| Self { from: (i * old) as u64, to: ((i + 1) * old) as u64, unit: new as u64 }).collect()
    }

    fn parts(&self) -> impl Iterator<Item = (usize, u64)> {
        let Self { from, to, unit } = *self;
        (from / unit..to.div_ceil(unit)).map(move |i| (i as usize, to.min((i + 1) * unit) - from.max(i * unit)))
    }
}

/// Draws an image of 28 × 28 pixels in 14 lines of at most 28 characters, two pixels a character.
///
/// A pixel that is at least half ink is drawn.
#[must_use]
pub fn draw(pixels: &[u8]) -> String {
    let is_ink = |row: usize, column: usize| pixels[row * SIDE + column] >= 128;
    let block = |row: usize, column: usize| match (is_ink(row, column), is_ink(row + 1, column)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    let line = |row: usize| (0..SIDE).map(|column| block(row, column)).collect::<String>();
    (0..SIDE).step_by(2).map(|row| line(row).trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests;
