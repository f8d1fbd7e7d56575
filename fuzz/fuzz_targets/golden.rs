//! The reader of golden files, and its comparison with a run.
#![no_main]

use common::golden;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzz::with_file(bytes, "a.snap", |path| {
        if let Ok(Some(text)) = golden::read(path) {
            assert!(matches!(golden::difference(path, &text), Ok(None)));
        }
    });
});
