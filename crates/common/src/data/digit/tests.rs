use super::*;
use crate::data::mnist::Images;
use png::{BitDepth, ColorType, Encoder};
use proptest::prelude::*;
use std::{io::Cursor, path::PathBuf};

/// A PNG file.
fn png((width, height): (usize, usize), color: ColorType, depth: BitDepth, bytes: &[u8]) -> Vec<u8> {
    encode((width, height), (color, depth), bytes, |_| ())
}

fn encode(
    (width, height): (usize, usize),
    (color, depth): (ColorType, BitDepth),
    bytes: &[u8],
    set: impl Fn(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(color);
    encoder.set_depth(depth);
    set(&mut encoder);
    encoder.write_header().unwrap().write_image_data(bytes).unwrap();
    file
}

fn grey(width: usize, shades: &[u8]) -> Vec<u8> {
    png((width, shades.len() / width), ColorType::Grayscale, BitDepth::Eight, shades)
}

fn decode(file: &[u8]) -> Result<Picture> {
    Picture::decode(Cursor::new(file))
}

#[track_caller]
fn image(file: &[u8]) -> Vec<u8> {
    fit(&decode(file).unwrap()).unwrap()
}

/// That both images are the same; says by how much they are not.
#[track_caller]
fn check(name: &str, image: &[u8], expected: &[u8]) {
    let gap = image.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(image == expected, "{name}: up to {gap:?} apart\n{}\n{}", draw(image), draw(expected));
}

#[track_caller]
fn check_nothing_drawn(width: usize, shades: &[u8]) {
    assert_eq!(fit(&decode(&grey(width, shades)).unwrap()), None);
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

fn some_digits() -> impl Iterator<Item = Vec<u8>> {
    let images = Images::test(&data()).unwrap();
    (0..images.len()).step_by(97).map(move |image| images.pixels(image).to_vec())
}

/// A black ring, 1 unit of `unit` pixels thick, on white.
fn ring(unit: usize) -> (usize, Vec<u8>) {
    const RING: [&[u8; 8]; 9] =
        [b"        ", b"  ####  ", b"  #  #  ", b"  #  #  ", b"  #  #  ", b"  #  #  ", b"  #  #  ", b"  ####  ", b"        "];
    let row = |line: &[u8; 8]| line.iter().flat_map(|&c| vec![if c == b'#' { 0 } else { 255 }; unit]).collect::<Vec<u8>>();
    (8 * unit, RING.iter().flat_map(|line| row(line).repeat(unit)).collect())
}

#[test]
fn nearly_all_digits_of_mnist_come_back_as_they_were() {
    let changed = |images: Result<Images>| {
        let images = images.unwrap();
        let picture = |image: usize| Picture { width: SIDE, shades: images.pixels(image).to_vec() };
        (0..images.len()).filter(|&image| fit(&picture(image)).unwrap() != images.pixels(image)).count()
    };
    assert_eq!((changed(Images::train(&data())), changed(Images::test(&data()))), (14, 3));
}

#[test]
fn dark_on_light_is_light_on_dark() {
    for digit in some_digits() {
        let inverted: Vec<u8> = digit.iter().map(|x| 255 - x).collect();
        check("inverted", &image(&grey(SIDE, &inverted)), &digit);
    }
}

#[test]
fn a_digit_somewhere_on_a_large_page_is_found() {
    for digit in some_digits() {
        let mut page = vec![255; 300 * 200];
        for (y, row) in digit.chunks(SIDE).enumerate() {
            for (x, ink) in row.iter().enumerate() {
                page[(150 + y) * 300 + 11 + x] = 255 - ink;
            }
        }
        check("on a page", &image(&grey(300, &page)), &digit);
    }
}

#[test]
fn whole_multiples_of_a_digit_give_the_same_image() {
    for digit in some_digits() {
        let tripled: Vec<u8> =
            digit.chunks(SIDE).flat_map(|row| row.iter().flat_map(|&x| [x; 3]).collect::<Vec<u8>>().repeat(3)).collect();
        check("tripled", &image(&grey(3 * SIDE, &tripled)), &digit);
    }
}

#[test]
fn a_drawing_of_any_size_fills_the_box_and_is_centred() {
    for unit in [1, 2, 3, 10, 100] {
        let (width, shades) = ring(unit);
        let image = image(&grey(width, &shades));
        // 4 x 7 units become 11 x 20 pixels; the centre of mass of an even or odd side is its middle.
        let rows: Vec<usize> = (0..SIDE).filter(|row| image[row * SIDE..][..SIDE].iter().any(|&x| x > 0)).collect();
        let columns: Vec<usize> = (0..SIDE).filter(|column| (0..SIDE).any(|row| image[row * SIDE + column] > 0)).collect();
        assert_eq!((rows[0], rows.len(), columns[0], columns.len()), (4, 20, 9, 11), "unit {unit}");
        assert_eq!(image.iter().max(), Some(&255));
    }
}

#[test]
fn areas_are_averaged() {
    // 3 pixels become 2: each covers one and a half.
    let parts: Vec<Vec<(usize, u64)>> = Cover::of(3, 2).iter().map(|cover| cover.parts().collect()).collect();
    assert_eq!(parts, [[(0, 2), (1, 1)], [(1, 1), (2, 2)]]);
    let stripes: Vec<u8> = [vec![255; 40 * 20], vec![100; 40 * 20]].concat();
    let scaled = Digit { width: 40, ink: stripes }.scaled();
    assert_eq!((scaled.width, scaled.ink), (BOX, [vec![255; 200], vec![100; 200]].concat()));
}

#[test]
fn pale_ink_is_darkened_and_noise_of_the_paper_is_none() {
    let (width, shades) = ring(10);
    let clean = image(&grey(width, &shades));
    let pale: Vec<u8> = shades.iter().map(|&shade| if shade == 0 { 150 } else { 220 }).collect();
    check("pale", &image(&grey(width, &pale)), &clean);
    let grainy: Vec<u8> = shades.iter().enumerate().map(|(i, &shade)| if shade == 0 { 0 } else { 230 + (i % 7) as u8 }).collect();
    check("grainy", &image(&grey(width, &grainy)), &clean);
}

#[test]
fn every_colour_type_and_depth_is_read() {
    let (width, shades) = ring(3);
    let size = (width, shades.len() / width);
    let expected = image(&grey(width, &shades));
    let each = |f: &dyn Fn(u8) -> Vec<u8>| shades.iter().flat_map(|&shade| f(shade)).collect::<Vec<u8>>();
    let files = [
        ("grey, 16 bits", png(size, ColorType::Grayscale, BitDepth::Sixteen, &each(&|x| vec![x, 7]))),
        ("grey with alpha", png(size, ColorType::GrayscaleAlpha, BitDepth::Eight, &each(&|x| vec![x, 255]))),
        ("black ink on nothing", png(size, ColorType::GrayscaleAlpha, BitDepth::Eight, &each(&|x| vec![0, 255 - x]))),
        ("white ink on nothing", png(size, ColorType::GrayscaleAlpha, BitDepth::Eight, &each(&|x| vec![255, 255 - x]))),
        ("RGB", png(size, ColorType::Rgb, BitDepth::Eight, &each(&|x| vec![x; 3]))),
        ("RGB, 16 bits", png(size, ColorType::Rgb, BitDepth::Sixteen, &each(&|x| vec![x, 1, x, 2, x, 3]))),
        ("blue on yellow", png(size, ColorType::Rgb, BitDepth::Eight, &each(&|x| vec![x, x, 255 - x]))),
        ("red ink on nothing", png(size, ColorType::Rgba, BitDepth::Eight, &each(&|x| vec![255, 0, 0, 255 - x]))),
        ("RGBA, 16 bits", png(size, ColorType::Rgba, BitDepth::Sixteen, &each(&|x| vec![0, 0, 0, 0, 0, 0, 255 - x, 0]))),
    ];
    for (name, file) in files {
        check(name, &image(&file), &expected);
    }
    // Eight pixels a byte; white is index 1.
    let bits: Vec<u8> = shades.chunks(8).map(|eight| eight.iter().fold(0, |byte, shade| byte << 1 | shade >> 7)).collect();
    check("one bit", &image(&png(size, ColorType::Grayscale, BitDepth::One, &bits)), &expected);
    let palette = |encoder: &mut Encoder<&mut Vec<u8>>| encoder.set_palette(vec![90, 20, 20, 250, 240, 230]);
    check("palette", &image(&encode(size, (ColorType::Indexed, BitDepth::One), &bits, palette)), &expected);
    let transparent = |encoder: &mut Encoder<&mut Vec<u8>>| {
        encoder.set_palette(vec![0, 0, 0, 0, 0, 0]);
        encoder.set_trns(vec![255, 0]);
    };
    check("palette with alpha", &image(&encode(size, (ColorType::Indexed, BitDepth::One), &bits, transparent)), &expected);
}

#[test]
fn a_picture_without_a_drawing_is_refused() {
    for shade in [0, 128, 255] {
        check_nothing_drawn(1, &[shade]);
        check_nothing_drawn(30, &[shade; 900]);
        check_nothing_drawn(1, &[shade; 100]);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("white.png");
    std::fs::write(&path, grey(30, &[255; 900])).unwrap();
    let complaint = "expected a digit on a plain background, found nothing that stands out from the shades along the border: draw it dark on light or light on dark, in even light";
    assert_eq!(read(&path).unwrap_err().to_string(), format!("{}: {complaint}", path.display()));
}

#[test]
fn a_single_dot_or_line_is_a_drawing() {
    let mut dot = vec![255; 900];
    dot[17] = 0;
    let ink: usize = image(&grey(30, &dot)).into_iter().map(usize::from).sum();
    assert_eq!(ink, BOX * BOX * 255);
    let line: Vec<u8> = (0..1000).map(|i| if i % 500 == 250 { 0 } else { 255 }).collect();
    assert!(image(&grey(1, &line)).contains(&255));
}

#[track_caller]
fn check_refused(file: &[u8], complaint: &str) {
    let error = decode(file).unwrap_err().to_string();
    assert!(error.contains(complaint), "expected {complaint}, found {error}");
}

/// The same file with another size in its header, and the checksum that fits it.
fn resized(file: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&file[12..29]);
    file[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    file
}

#[test]
fn a_palette_of_no_whole_number_of_colours_is_refused() {
    let check = |n, complaint: &str| {
        let palette = |encoder: &mut Encoder<&mut Vec<u8>>| encoder.set_palette(vec![9; n]);
        let file = encode((8, 1), (ColorType::Indexed, BitDepth::Eight), &[0; 8], palette);
        check_refused(&file, &format!("expected a whole PNG picture, found{complaint}"));
    };
    for n in [4, 5, 59, 766, 767] {
        check(n, &format!(" a palette of {n} bytes: "));
    }
    for n in [1, 2, 769, 771] {
        check(n, ": Chunk length wrong: ");
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    let not_whole = "expected a whole PNG picture, found: ";
    let (width, shades) = ring(3);
    let whole = grey(width, &shades);
    for length in 0..whole.len() {
        check_refused(&whole[..length], not_whole);
    }
    for file in [&b"<svg/>"[..], &[0; 1000]] {
        check_refused(file, not_whole);
    }
    let formats: [(&[u8], &str); 4] = [
        (b"\xff\xd8\xff\xe0 a photograph", "a JPEG"),
        (b"GIF89a", "a GIF"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP"),
        (b"\0\0\0\x18ftypheic", "a HEIC or AVIF"),
    ];
    for (file, format) in formats {
        check_refused(
            file,
            &format!("expected a PNG picture, the only format that is read, found {format}: save the digit as a PNG file"),
        );
    }
    for place in [0, 12, 20, 33, 50, whole.len() - 20] {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x55;
        check_refused(&damaged, not_whole);
    }
    for (width, height) in [(0, 10), (10, 0), (0, 0)] {
        check_refused(&resized(&whole, width, height), not_whole);
    }
    let too_large = "expected at most 6000 pixels a side, found 6001 x 10: scale the picture down";
    check_refused(&resized(&whole, 6001, 10), too_large);
    check_refused(&resized(&whole, i32::MAX as u32, i32::MAX as u32), "found 2147483647 x 2147483647: scale the picture down");
    check_refused(&resized(&whole, 6000, 6000), not_whole);
}

#[test]
fn a_digit_is_drawn_in_half_blocks() {
    let mut pixels = vec![0; N_PIXELS];
    for (row, column) in [(0, 0), (0, 2), (1, 1), (1, 2), (26, 27), (27, 27)] {
        pixels[row * SIDE + column] = 128;
    }
    pixels[5 * SIDE] = 127;
    let lines: Vec<String> = draw(&pixels).lines().map(str::to_owned).collect();
    assert_eq!((lines.len(), lines[0].as_str(), lines[2].as_str()), (14, "▀▄█", ""));
    assert_eq!(lines[13], format!("{:27}█", ""));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
        let (width, shades) = ring(1);
        let whole = grey(width, &shades);
        prop_assert!(decode(&[&whole[..20], &bytes].concat()).is_err());
        let _ = decode(&[&whole[..33], &bytes].concat());
    }

    #[test]
    fn any_picture_becomes_an_image_or_nothing(width in 1usize..60, height in 1usize..60, seed in any::<u64>(), levels in 1u64..256) {
        let shades: Vec<u8> = (0..(width * height) as u64).map(|i| (seed.wrapping_mul(i * i + 1) >> 32).wrapping_rem(levels) as u8).collect();
        if let Some(image) = fit(&decode(&grey(width, &shades)).unwrap()) {
            prop_assert_eq!(image.len(), N_PIXELS);
            prop_assert!(image.iter().any(|&x| u64::from(x) >= DARKEST));
        }
    }
}
