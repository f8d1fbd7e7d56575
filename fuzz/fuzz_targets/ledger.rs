//! The reader of the ledger, and the verdict on each of its lines.
#![no_main]

use common::{published, value::Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for entry in published::parse(text).into_iter().flatten() {
        let _ = entry.values();
        let _ = entry.verdict(Value::F32(0.5));
    }
});
