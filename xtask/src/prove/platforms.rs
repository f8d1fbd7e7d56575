//! The platforms that the same bits are shown on, and what each needs.

use crate::reproduce::matches;

/// A machine, real or emulated.
#[derive(Debug)]
pub(super) struct Platform {
    pub(super) name: &'static str,
    /// How it is run, as the table says.
    pub(super) how: &'static str,
    /// Rust's name of it; none for the machine itself.
    pub(super) target: Option<&'static str>,
    /// What links for it; none where Rust's own choice does.
    pub(super) linker: Option<&'static str>,
    pub(super) runner: Runner,
    /// Commands that must be there.
    pub(super) needs: &'static [Need],
}

/// How a program is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runner {
    /// On the machine itself, with so many threads.
    Native(usize),
    /// By a command that is given the program and its arguments.
    Command(&'static [&'static str]),
    /// By node's WASI, through `wasi.mjs`.
    Node,
    /// By wine.
    Wine,
}

/// A command, and the Debian package that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) command: &'static str,
    pub(super) package: &'static str,
    /// The first version that will do, where one that is too old is about.
    pub(super) version: Option<u32>,
}

const fn need(command: &'static str, package: &'static str) -> Need {
    Need { command, package, version: None }
}

const fn native(name: &'static str, how: &'static str, threads: usize) -> Platform {
    Platform { name, how, target: None, linker: None, runner: Runner::Native(threads), needs: &[] }
}

/// An older x86-64 processor.
const fn older(name: &'static str, how: &'static str, command: &'static [&'static str]) -> Platform {
    const NEEDS: &[Need] = &[need("qemu-x86_64", "qemu-user")];
    Platform { name, how, target: None, linker: None, runner: Runner::Command(command), needs: NEEDS }
}

/// Version 7.2 computes the product of two f32 as an f64 wrongly: 2.1e18 where 225 is right.
const QEMU_S390X: Need = Need { version: Some(10), ..need("qemu-s390x", "qemu-user") };

/// Every platform, the cheapest first.
pub(super) const PLATFORMS: &[Platform] = &[
    native("native-1", "natively, 1 thread", 1),
    native("native-2", "natively, 2 threads", 2),
    native("native-3", "natively, 3 threads", 3),
    native("native-5", "natively, 5 threads", 5),
    native("native-16", "natively, 16 threads", 16),
    Platform {
        name: "i686",
        how: "32-bit x86, natively, linked statically",
        target: Some("i686-unknown-linux-gnu"),
        linker: Some("i686-linux-gnu-gcc"),
        runner: Runner::Command(&[]),
        needs: &[need("i686-linux-gnu-gcc", "gcc-i686-linux-gnu libc6-dev-i386-cross")],
    },
    older("x86-64-nehalem", "qemu-x86_64 -cpu Nehalem: neither AVX2 nor fused multiply-add", &["qemu-x86_64", "-cpu", "Nehalem"]),
    older("x86-64-haswell", "qemu-x86_64 -cpu Haswell: AVX2 and fused multiply-add", &["qemu-x86_64", "-cpu", "Haswell"]),
    Platform {
        name: "aarch64",
        how: "qemu-aarch64, linked statically",
        target: Some("aarch64-unknown-linux-gnu"),
        linker: Some("aarch64-linux-gnu-gcc"),
        runner: Runner::Command(&["qemu-aarch64"]),
        needs: &[need("qemu-aarch64", "qemu-user"), need("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross")],
    },
    Platform {
        name: "riscv64",
        how: "qemu-riscv64, linked statically",
        target: Some("riscv64gc-unknown-linux-gnu"),
        linker: Some("riscv64-linux-gnu-gcc"),
        runner: Runner::Command(&["qemu-riscv64"]),
        needs: &[
            need("qemu-riscv64", "qemu-user"),
            need("riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"),
        ],
    },
    Platform {
        name: "s390x",
        how: "qemu-s390x (big-endian), linked statically",
        target: Some("s390x-unknown-linux-gnu"),
        linker: Some("s390x-linux-gnu-gcc"),
        runner: Runner::Command(&["qemu-s390x"]),
        needs: &[QEMU_S390X, need("s390x-linux-gnu-gcc", "gcc-s390x-linux-gnu libc6-dev-s390x-cross")],
    },
    Platform {
        name: "wasm32",
        how: "WebAssembly in node's WASI, one thread",
        target: Some("wasm32-wasip1"),
        linker: None,
        runner: Runner::Node,
        needs: &[need("node", "nodejs")],
    },
    Platform {
        name: "windows",
        how: "x86-64 Windows (GNU), wine",
        target: Some("x86_64-pc-windows-gnu"),
        linker: None,
        runner: Runner::Wine,
        needs: &[need("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"), need("wine", "wine wine64")],
    },
];

impl Platform {
    /// Whether a golden takes so long there that long sections run a few steps only.
    pub(super) fn is_slow(&self) -> bool {
        !matches!(self.runner, Runner::Native(_))
    }
}

/// The platforms whose names match one of the patterns; all if there is none.
pub(super) fn chosen(patterns: &[String]) -> Vec<&'static Platform> {
    let wanted = |platform: &&Platform| patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, platform.name));
    PLATFORMS.iter().filter(wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn platforms_are_chosen_by_pattern() {
        let names = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
            chosen(&patterns).iter().map(|platform| platform.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["native-1", "x86-64-*"]), ["native-1", "x86-64-nehalem", "x86-64-haswell"]);
        assert_eq!(names(&[]).len(), PLATFORMS.len());
        assert!(names(&["vax"]).is_empty());
    }

    #[test]
    fn each_platform_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = PLATFORMS.iter().map(|platform| platform.name).collect();
        assert_eq!(names.len(), PLATFORMS.len());
    }
}
