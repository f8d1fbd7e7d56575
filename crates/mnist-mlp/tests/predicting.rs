//! What the real binary makes of checkpoints, numbers of images and pictures, good and bad.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../common/testing/binary.rs"]
mod binary;

use binary::{Bench, End, FAILURE, USAGE};
use common::{
    data::mnist::Images,
    parameters::{Parameter, Parameters},
    rng::Stream,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

const MNIST: &str = env!("CARGO_BIN_EXE_mnist-mlp");

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

/// A network that has learnt nothing, in the form of the one that `train` saves.
fn random() -> Parameters {
    let mut stream = Stream::new(0, "weights");
    let mut parameter = |name: &str, shape: &[usize]| {
        let values = stream.uniforms(shape.iter().product(), -0.05, 0.05);
        Parameter { name: name.into(), shape: shape.into(), values }
    };
    Parameters(vec![
        parameter("0.weight", &[784, 1500]),
        parameter("0.bias", &[1500]),
        parameter("2.weight", &[1500, 500]),
        parameter("2.bias", &[500]),
        parameter("4.weight", &[500, 10]),
        parameter("4.bias", &[10]),
    ])
}

/// A folder with a checkpoint where `train` would have left it.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("results/mnist-mlp/train/model.safetensors", random().to_safetensors().unwrap());
    bench
}

fn predict(bench: &Bench, flags: &[&str]) -> End {
    let data = data();
    let flags: Vec<&str> = ["predict", "--data-dir", data.to_str().unwrap()].iter().chain(flags).copied().collect();
    bench.run(MNIST, &flags)
}

/// A grey PNG file of `width` columns.
fn png(width: usize, shades: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, (shades.len() / width) as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(shades).unwrap();
    file
}

/// A transcript without the lines that name the digit.
fn unnamed(end: &End) -> Vec<&str> {
    let behind_settings = end.succeeds().stdout.lines().skip_while(|line| !line.is_empty());
    behind_settings.filter(|line| !line.contains("predicted: ") && !line.starts_with("[Warning]")).collect()
}

#[test]
fn test_images_are_classified_by_their_numbers() {
    let bench = bench();
    let end = predict(&bench, &["--index", "0", "9999"]);
    let named: Vec<&str> = end.succeeds().stdout.lines().filter(|line| line.contains("predicted: ")).collect();
    assert!(named[0].starts_with("test image 0, a 7, ") && named[1].starts_with("test image 9999, a 6, "), "{}", end.stdout);
    assert!(end.stdout.contains("      ▀▀▀▀███████████▄ "), "{}", end.stdout);
    assert_eq!(end.stdout, predict(&bench, &["--index", "0,9999"]).stdout);
    assert_eq!(predict(&bench, &[]).stdout, predict(&bench, &["--index", "0"]).stdout);
}

#[test]
fn the_small_network_of_fast_answers_as_well() {
    let (bench, data) = (Bench::new(), data());
    let few = ["--images", "640", "--test-images", "100", "--seeds", "1", "--epochs", "1", "--goal", "0.1"];
    let trained = bench.run(MNIST, &[&["fast", "--data-dir", data.to_str().unwrap()][..], &few].concat());
    assert_eq!(trained.code, Some(0), "{}", trained.stderr);
    let end = predict(&bench, &["--index", "0", "--checkpoint", "results/mnist-mlp/fast/model.safetensors"]);
    assert!(end.succeeds().stdout.contains("test image 0, a 7, predicted: "));
}

#[test]
fn a_test_image_as_a_picture_is_the_same_digit() {
    let bench = bench();
    let images = Images::test(&data()).unwrap();
    let inverted: Vec<u8> = images.pixels(0).iter().map(|x| 255 - x).collect();
    bench.write("seven.png", png(28, images.pixels(0)));
    bench.write("inverted.png", png(28, &inverted));
    let expected = predict(&bench, &["--index", "0", "0"]);
    // A picture needs no data.
    let end = bench.run(MNIST, &["predict", "--data-dir", "missing", "--image", "seven.png", "inverted.png"]);
    assert_eq!(unnamed(&end), unnamed(&expected));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |threads| {
        let bench = bench();
        let end = predict(&bench, &["--index", "1", "2", "3", "--threads", threads]);
        (end.succeeds().stdout.clone(), bench.files("results"))
    };
    let [one, two, five] = ["1", "2", "5"].map(run);
    assert!(one == two && one == five);
}

#[test]
fn numbers_that_no_test_image_has_are_refused() {
    for index in ["10000", "-1", "1.5", "seven", "0,", "18446744073709551616"] {
        let end = predict(&Bench::new(), &["--index", index]);
        end.fails(USAGE, &["--index <N>...", "expected the number of a test image, 0 to 9999"]).silent();
    }
    predict(&Bench::new(), &["--index"]).fails(USAGE, &["--index <N>..."]).silent();
    predict(&Bench::new(), &["--index", "0", "--image", "a.png"])
        .fails(USAGE, &["--image", "--index", "cannot be used with"])
        .silent();
}

#[track_caller]
fn check_picture(bytes: &[u8], complaint: &str) {
    let bench = bench();
    bench.write("mine.png", bytes);
    predict(&bench, &["--image", "mine.png"]).fails(FAILURE, &[&format!("error: mine.png: {complaint}")]).silent();
    assert_eq!(bench.results(), ["mnist-mlp/train/model.safetensors"]);
}

#[test]
fn pictures_that_show_no_digit_are_named_with_the_cure() {
    let nothing = "expected a digit on a plain background, found nothing that stands out from the shades along the border: draw it dark on light or light on dark, in even light\n";
    check_picture(&png(1, &[0]), nothing);
    check_picture(&png(100, &[255; 10_000]), nothing);
    check_picture(&png(6001, &[255; 6001]), "expected at most 6000 pixels a side, found 6001 x 1: scale the picture down\n");
    let not_whole = "expected a whole PNG picture, found: ";
    check_picture(b"", not_whole);
    check_picture(b"\xff\xd8\xff\xe0 a photograph", "expected a PNG picture, the only format that is read, found a JPEG: ");
    let whole = png(100, &(0..=255).cycle().take(10_000).collect::<Vec<u8>>());
    check_picture(&whole[..whole.len() / 2], not_whole);
}

#[test]
fn pictures_that_cannot_be_read_are_named() {
    let bench = bench();
    predict(&bench, &["--image", "missing.png"]).fails(FAILURE, &["error: cannot read missing.png: "]).silent();
    fs::create_dir(bench.path("folder.png")).unwrap();
    predict(&bench, &["--image", "folder.png"]).fails(FAILURE, &["error: folder.png: "]).silent();
}

#[test]
fn a_checkpoint_that_is_not_there_is_named_with_the_cure() {
    let cure = "train one with `cargo run -p mnist-mlp -- train`, or name one with --checkpoint\n";
    let named = format!("error: there is no checkpoint results/mnist-mlp/train/model.safetensors: {cure}");
    predict(&Bench::new(), &[]).fails(FAILURE, &[&named]).silent();
    let named = format!("error: there is no checkpoint elsewhere: {cure}");
    predict(&bench(), &["--checkpoint", "elsewhere"]).fails(FAILURE, &[&named]).silent();
}

#[track_caller]
fn check_checkpoint(bytes: impl AsRef<[u8]>, parts: &[&str]) {
    let bench = Bench::new();
    bench.write("bad.safetensors", bytes);
    predict(&bench, &["--checkpoint", "bad.safetensors"]).fails(FAILURE, parts).silent();
    assert_eq!(bench.results(), [""; 0]);
}

#[test]
fn what_is_not_a_checkpoint_of_this_classifier_is_refused() {
    let not_whole = "error: bad.safetensors is not a whole safetensors checkpoint: train again to write a new one: ";
    let whole = random().to_safetensors().unwrap();
    for length in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        check_checkpoint(&whole[..length], &[not_whole]);
    }
    check_checkpoint([&whole[..], b"more"].concat(), &[not_whole]);

    let of_another =
        "error: bad.safetensors is not a checkpoint of this classifier: name one that `train` wrote with --checkpoint: ";
    let changed = |change: &dyn Fn(&mut Vec<Parameter>)| {
        let mut parameters = random();
        change(&mut parameters.0);
        parameters.to_safetensors().unwrap()
    };
    check_checkpoint(changed(&Vec::clear), &[of_another, "expected a tensor 0.weight, found none"]);
    check_checkpoint(changed(&|p| drop(p.pop())), &[of_another, "expected a tensor 4.bias, found 0.bias, 0.weight, "]);
    check_checkpoint(changed(&|p| p[2].shape.reverse()), &[of_another, "tensor 2.weight", "[1500, 500]", "[500, 1500]"]);
    check_checkpoint(changed(&|p| p[0].values[7] = f32::NAN), &[not_whole, "tensor 0.weight: expected finite values, found NaN"]);
}

#[test]
fn several_digits_in_a_picture_and_doubtful_ones_are_told() {
    let bench = bench();
    let mut shades = vec![255; 90 * 30];
    for stroke in [10, 40, 70] {
        for y in 5..25 {
            shades[y * 90 + stroke..][..4].fill(0);
        }
    }
    bench.write("three.png", png(90, &shades));
    let end = predict(&bench, &["--image", "three.png"]);
    assert!(
        end.succeeds().stdout.contains("[Warning] three.png: the drawing is wider than a digit: are there several?"),
        "{}",
        end.stdout
    );
    // The network of this test has learnt nothing, and is never sure.
    bench.write(
        "one.png",
        png(
            30,
            &(0..900).map(|i| if (13..17).contains(&(i % 30)) && (150..750).contains(&i) { 0 } else { 255 }).collect::<Vec<u8>>(),
        ),
    );
    let end = predict(&bench, &["--image", "one.png"]);
    assert!(
        end.succeeds().stdout.contains("[Warning] one.png: the network is unsure, its best guess has a probability of 0."),
        "{}",
        end.stdout
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let bench = bench();
    fs::create_dir_all(bench.path("data/mnist")).unwrap();
    for name in ["data/mnist/t10k-labels-idx1-ubyte.gz", "mine.png", "pipe.safetensors"] {
        assert!(std::process::Command::new("mkfifo").arg(bench.path(name)).status().unwrap().success());
    }
    let found = "expected a regular file, found a pipe, a socket or a device\n";
    let cases: [&[&str]; 3] = [
        &["predict", "--data-dir", "data"],
        &["predict", "--image", "mine.png"],
        &["predict", "--checkpoint", "pipe.safetensors"],
    ];
    for flags in cases {
        bench.run(MNIST, flags).fails(FAILURE, &[found]).silent();
    }
}
