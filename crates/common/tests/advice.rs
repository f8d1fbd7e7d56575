//! What `clippy.toml` advises in place of a function that it forbids is there.

use std::{fs, path::Path};

/// Names `$path`s, which the compiler looks up.
macro_rules! named {
    ($($path:path),* $(,)?) => {{
        $({
            #[allow(unused_imports, reason = "it is enough that the name is found")]
            use $path as _;
        })*
        [$(stringify!($path).replace(' ', "")),*]
    }};
}

#[test]
fn what_the_reasons_name_exists() {
    let names = named![
        common::kernels::fused,
        common::kernels::functions::exp,
        common::kernels::functions::exp_m1,
        common::kernels::functions::ln,
        common::kernels::functions::ln_1p,
        common::kernels::functions::tanh,
        common::layers,
        common::tape,
        common::tape::Linear,
        common::tape::Logistic,
        common::tape::Tanh,
        libm::acos,
        libm::acosh,
        libm::asin,
        libm::asinh,
        libm::atan,
        libm::atan2,
        libm::atanh,
        libm::cbrt,
        libm::cos,
        libm::cosh,
        libm::exp,
        libm::exp2,
        libm::expm1,
        libm::hypot,
        libm::log,
        libm::log10,
        libm::log1p,
        libm::log2,
        libm::pow,
        libm::sin,
        libm::sinh,
        libm::tan,
        libm::tanh,
    ];
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clippy.toml")).expect("clippy.toml is read");
    let advised: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .filter(|word| ["common::", "libm::"].iter().any(|root| word.starts_with(root)))
        .collect();
    assert!(advised.len() > 40, "clippy.toml advises something");
    for name in advised {
        assert!(
            names.iter().any(|known| known == name),
            "clippy.toml advises {name}: name it here, so that the compiler looks it up"
        );
    }
}
