//! The reader of a digit's picture: what it takes has the size of an image of MNIST.
#![no_main]

use common::data::digit;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(image) = fuzz::with_file(bytes, "digit.png", digit::read) {
        assert_eq!(image.len(), 28 * 28);
    }
});
