//! What the real binary does with data that are missing or damaged.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../common/testing/binary.rs"]
mod binary;

use binary::{Bench, FAILURE};
use std::{fs, path::Path};

const MNIST: &str = env!("CARGO_BIN_EXE_mnist-mlp");
const CURE: &str = "restore it with `cargo xtask fetch-data` or, in a clone, with `git checkout -- data/mnist`";

/// The file of that name as the repository holds it.
fn ours(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/mnist").join(name)).unwrap()
}

/// A folder with the four files in `data/mnist`, but for one, which is `bytes`.
#[track_caller]
fn check(name: &str, bytes: &[u8], complaint: &str) {
    let bench = Bench::new();
    for file in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
        if name.trim_end_matches(".gz") == file {
            bench.write(&format!("data/mnist/{name}"), bytes);
        } else {
            bench.write(&format!("data/mnist/{file}.gz"), ours(&format!("{file}.gz")));
        }
    }
    let end = bench.run(MNIST, &["explore", "--data-dir", "data"]);
    end.fails(FAILURE, &[&format!("error: data/mnist/{name}: {complaint}"), CURE]).silent();
    assert_eq!(bench.results(), [""; 0]);
}

/// An uncompressed file of labels.
fn labels(count: u32, labels: &[u8]) -> Vec<u8> {
    [&0x0801u32.to_be_bytes(), &count.to_be_bytes()[..], labels].concat()
}

#[test]
fn damaged_files_are_named_with_the_cure() {
    let images = ours("train-images-idx3-ubyte.gz");
    check("train-images-idx3-ubyte.gz", &images[..5_000_000], "expected gzip data of 47040016 bytes, found their end after 2");
    check("train-images-idx3-ubyte.gz", b"", "expected gzip data of 47040016 bytes, found their end after 0");
    let mut flipped = images.clone();
    flipped[5_000_000] ^= 1;
    check("train-images-idx3-ubyte.gz", &flipped, "expected gzip data of 47040016 bytes, found ");
    let more = [&images[..], b"more"].concat();
    check("train-images-idx3-ubyte.gz", &more, "expected the end of the file behind the gzip data, found more: ");
    check(
        "train-images-idx3-ubyte.gz",
        &ours("t10k-images-idx3-ubyte.gz"),
        "expected 60000 images of 28 x 28 pixels, found 10000 images of 28 x 28 pixels: ",
    );
    check(
        "t10k-labels-idx1-ubyte.gz",
        &ours("t10k-images-idx3-ubyte.gz"),
        "expected the magic number 0x00000801, found 0x00000803: ",
    );
    check("t10k-labels-idx1-ubyte.gz", &ours("train-labels-idx1-ubyte.gz"), "expected 10000 labels, found 60000 labels: ");
}

#[test]
fn damaged_uncompressed_files_are_named_with_the_cure() {
    let name = "t10k-labels-idx1-ubyte";
    check(name, b"", "expected a header of 8 bytes, found 0: ");
    check(name, b"<html>", "expected the magic number 0x00000801, found 0x3c68746d: ");
    check(name, &labels(10_000, &[0; 9_999]), "expected 10008 bytes, found 10007: ");
    check(name, &labels(10_000, &[0; 10_001]), "expected 10008 bytes, found more: ");
    check(name, &labels(9_999, &[0; 9_999]), "expected 10000 labels, found 9999 labels: ");
    let mut eleven = [0; 10_000];
    eleven[4711] = 11;
    check(name, &labels(10_000, &eleven), "label 4711: expected a digit from 0 to 9, found 11: ");
    let found =
        "SHA-256 of the payload differs (expected ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2, found ";
    check(name, &labels(10_000, &[0; 10_000]), found);
}

#[test]
fn data_that_are_not_there_are_named_with_the_flag() {
    let bench = Bench::new();
    bench.write("file", "mine");
    fs::create_dir_all(bench.path("empty/mnist")).unwrap();
    for place in ["missing", "empty", "file"] {
        let named = format!(
            "error: expected the file {place}/mnist/train-labels-idx1-ubyte.gz, found neither it nor train-labels-idx1-ubyte: "
        );
        let cure = format!("{CURE}, or name the folder that holds mnist/ with --data-dir\n");
        bench.run(MNIST, &["explore", "--data-dir", place]).fails(FAILURE, &[&named, &cure]).silent();
    }
    fs::create_dir_all(bench.path("folder/mnist/train-labels-idx1-ubyte.gz")).unwrap();
    let named =
        "error: expected the file folder/mnist/train-labels-idx1-ubyte.gz, found neither it nor train-labels-idx1-ubyte: ";
    bench.run(MNIST, &["explore", "--data-dir", "folder"]).fails(FAILURE, &[named]).silent();
    assert_eq!(bench.results(), [""; 0]);
}
