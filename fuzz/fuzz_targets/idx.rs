//! The IDX reader, on compressed bytes and on a file of either kind.
#![no_main]

use common::data::mnist::File;
use libfuzzer_sys::fuzz_target;
use std::io::{BufReader, Cursor};

/// Ten labels, so small that a mutation comes near a whole file.
const LABELS: File = File { name: "labels-idx1-ubyte", dimensions: &[10], sha256: "" };
/// Two images of 3 × 3 pixels.
const IMAGES: File = File { name: "images-idx3-ubyte", dimensions: &[2, 3, 3], sha256: "" };

fuzz_target!(|bytes: &[u8]| {
    for file in [LABELS, IMAGES] {
        let _ = file.parse_compressed(BufReader::new(Cursor::new(bytes)));
        let _ = fuzz::with_file(bytes, file.name, |path| path.parent().map(|folder| file.read(folder)));
    }
});
