//! The readers of flowers, with and without species.
#![no_main]

use common::data::iris;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    fuzz::with_file(bytes, "iris.csv", |path| {
        if let Ok(samples) = iris::load(path) {
            let parts = iris::split(&samples, 0);
            assert_eq!(parts.parts().iter().map(|(_, part)| part.len()).sum::<usize>(), samples.len());
        }
        if let Ok(x) = iris::load_measurements(path) {
            assert!(x.rows() > 0 && x.values().iter().all(|x| x.is_finite()));
        }
    });
});
