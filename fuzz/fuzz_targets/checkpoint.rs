//! The readers of safetensors files: models, and the checkpoints of interrupted runs.
#![no_main]

use common::{parameters::Parameters, train::Checkpoint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzz::with_file(bytes, "model.safetensors", |path| {
        if let Ok(parameters) = Parameters::read(path) {
            assert!(parameters.0.iter().all(|p| p.shape.iter().product::<usize>() == p.values.len()));
        }
        let _ = Checkpoint::read(path);
    });
});
