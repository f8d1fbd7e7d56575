//! Reading a PNG picture, of any colour type and depth, as shades of grey.

use crate::files;
use anyhow::{Context, Result, anyhow, bail, ensure};
use png::{ColorType, Decoder, DecodingError, Transformations};
use std::{
    io::{BufRead, BufReader, Seek},
    path::Path,
};

/// Longest side of a picture, in pixels: more needs memory and shows no more of a digit.
const LONGEST_SIDE: u32 = 6000;

/// A grey picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    /// Pixels in a row.
    pub(super) width: usize,
    /// From 0 (black) to 255 (white), row after row from the top.
    pub(super) shades: Vec<u8>,
}

impl Picture {
    /// Reads a whole PNG file that is not too large.
    ///
    /// # Errors
    /// If it cannot be read, is not a whole PNG file, or is too large; the message names it and what to do.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let file = files::open(path).with_context(|| format!("cannot read {name}"))?;
        Self::decode(BufReader::new(file)).map_err(|error| anyhow!("{name}: {error:#}"))
    }

    pub(super) fn decode(mut source: impl BufRead + Seek) -> Result<Self> {
        if let Some(other) = other_format(source.fill_buf()?) {
            bail!("expected a PNG picture, the only format that is read, found {other}: save the digit as a PNG file");
        }
        let mut decoder = Decoder::new(source);
        // Bytes for every pixel: palettes become colours, sixteen bits are cut to the upper eight.
        decoder.set_transformations(Transformations::normalize_to_color8());
        let header = decoder.read_header_info().map_err(|error| not_whole(&error))?;
        let (width, height) = (header.width, header.height);
        ensure!(
            width.max(height) <= LONGEST_SIDE,
            "expected at most {LONGEST_SIDE} pixels a side, found {width} x {height}: scale the picture down"
        );
        let mut reader = decoder.read_info().map_err(|error| not_whole(&error))?;
        check_palette(reader.info().palette.as_deref().unwrap_or_default())?;
        let size = reader.output_buffer_size().context("the picture does not fit the memory: scale it down")?;
        let mut bytes = vec![0; size];
        let frame = reader.next_frame(&mut bytes).map_err(|error| not_whole(&error))?;
        reader.finish().map_err(|error| not_whole(&error))?;
        bytes.truncate(frame.buffer_size());
        Ok(Self { width: width as usize, shades: shades(&bytes, frame.color_type)? })
    }

    /// Number of rows.
    pub(super) fn height(&self) -> usize {
        self.shades.len() / self.width
    }
}

/// The format of a picture that is no PNG, by its first bytes.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("a JPEG"),
        [b'G', b'I', b'F', b'8', ..] => Some("a GIF"),
        [b'B', b'M', ..] => Some("a BMP"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("a WebP"),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Some("a TIFF"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("a HEIC or AVIF"),
        [b'%', b'P', b'D', b'F', ..] => Some("a PDF"),
        _ => None,
    }
}

/// Refuses a palette that ends within a colour of three bytes, with which the decoder would panic.
fn check_palette(bytes: &[u8]) -> Result<()> {
    let n = bytes.len();
    ensure!(n.is_multiple_of(3), "expected a whole PNG picture, found a palette of {n} bytes: save the digit as a PNG file anew");
    Ok(())
}

fn not_whole(error: &DecodingError) -> anyhow::Error {
    anyhow!("expected a whole PNG picture, found: {}: save the digit as a PNG file anew", error.to_string().trim_end_matches('.'))
}

/// The shade of each pixel.
fn shades(bytes: &[u8], color_type: ColorType) -> Result<Vec<u8>> {
    Ok(match color_type {
        ColorType::Grayscale => bytes.to_vec(),
        ColorType::Rgb => bytes.as_chunks().0.iter().map(|&color| luma(color)).collect(),
        ColorType::GrayscaleAlpha => over_a_backdrop(bytes.as_chunks().0.to_vec()),
        ColorType::Rgba => {
            let pixels = bytes.as_chunks().0.iter();
            over_a_backdrop(pixels.map(|&[red, green, blue, alpha]| [luma([red, green, blue]), alpha]).collect())
        }
        ColorType::Indexed => bail!("expected the palette of the picture to have been looked up"),
    })
}

/// 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), in whole numbers, halves rounded up.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) + 500) / 1000) as u8
}

/// Puts pixels of (shade, opacity) before white if they are dark on the whole, before black if they are light: ink on a transparent ground
/// then stands out from it.
fn over_a_backdrop(pixels: Vec<[u8; 2]>) -> Vec<u8> {
    let weighed = |f: fn(u64) -> u64| pixels.iter().map(|&[shade, alpha]| f(u64::from(shade)) * u64::from(alpha)).sum::<u64>();
    let is_dark = 2 * weighed(|shade| shade) <= 255 * weighed(|_| 1);
    let backdrop = if is_dark { 255 } else { 0 };
    let blend = |[shade, alpha]: [u8; 2]| {
        let (shade, alpha) = (u32::from(shade), u32::from(alpha));
        ((shade * alpha + backdrop * (255 - alpha) + 127) / 255) as u8
    };
    pixels.into_iter().map(blend).collect()
}
