//! What the real binary does with damaged data, checkpoints that are none, and runs that diverge.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../common/testing/binary.rs"]
mod binary;

use binary::{Bench, End, FAILURE, USAGE};
use common::parameters::{Parameter, Parameters};
use std::{fs, path::Path};

const IRIS: &str = env!("CARGO_BIN_EXE_iris");
const HEADER: &str = "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species\n";
/// A run that trains, in a few milliseconds.
const SHORT: [&str; 5] = ["train", "--epochs", "3", "--data-dir", "data"];
/// What a run that diverges leaves.
const DIVERGED: [&str; 4] =
    ["iris/train/metrics.json", "iris/train/metrics.zh.json", "iris/train/transcript.txt", "iris/train/transcript.zh.txt"];

/// A folder with a copy of the flowers in `data/iris/iris.csv`, and their text.
fn bench() -> (Bench, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/iris/iris.csv");
    let flowers = fs::read_to_string(path).unwrap();
    let bench = Bench::new();
    bench.write("data/iris/iris.csv", &flowers);
    (bench, flowers)
}

#[track_caller]
fn check_usage(flags: &[&str], parts: &[&str]) {
    let (bench, _) = bench();
    let flags: Vec<&str> = flags.iter().copied().chain(["--data-dir", "data"]).collect();
    bench.run(IRIS, &flags).fails(USAGE, parts).silent();
    assert_eq!(bench.results(), [""; 0]);
}

#[test]
fn hyper_parameters_that_make_no_sense_are_refused() {
    for lr in ["0", "-0.1", "NaN", "inf", "-inf", "fast"] {
        check_usage(&["train", &format!("--lr={lr}")], &[&format!("'{lr}'"), "--lr <LR>", "expected a number greater than 0"]);
    }
    for (flag, expected) in [
        ("--epochs", "from 1 to 1000000"),
        ("--seeds", "from 1 to 10000"),
        ("--batch-size", "of at least 1"),
        ("--evaluate-every", "of at least 1"),
        ("--log-every", "of at least 1"),
    ] {
        for n in ["0", "-1", "ten"] {
            check_usage(&["train", flag, n], &[&format!("'{n}'"), flag, &format!("expected a whole number {expected}")]);
        }
    }
    for size in ["121", "100000"] {
        let message = format!("error: --batch-size {size} is more than the 120 training flowers: choose 1 to 120\n");
        check_usage(&["train", "--batch-size", size], &[&message]);
    }
    let largest = u64::MAX.to_string();
    check_usage(&["train", "--seed", &largest, "--seeds", "2"], &["--seeds 2 goes past the largest seed"]);
}

#[test]
fn flowers_that_are_none_are_refused() {
    for flag in ["--sepal-length", "--sepal-width", "--petal-length", "--petal-width"] {
        for length in ["0", "-1", "NaN", "inf", "100", "1e30"] {
            let found = format!("expected a length in centimetres between 0 and 100, found {length}");
            check_usage(&["predict", flag, length], &[flag, &found]);
        }
        check_usage(&["predict", flag, "long"], &[flag, "expected a number, found \"long\""]);
    }
    check_usage(&["predict", "--csv", "a.csv", "--petal-width", "1"], &["--csv", "--petal-width", "cannot be used with"]);
}

/// Reading the data fails in both sections that read it, before anything is printed or written.
#[track_caller]
fn check_data(text: impl AsRef<[u8]>, message: &str) {
    let (bench, _) = bench();
    bench.write("data/iris/iris.csv", text);
    for section in ["explore", "train"] {
        let end = bench.run(IRIS, &[section, "--data-dir", "data"]);
        end.fails(FAILURE, &[&format!("error: data/iris/iris.csv{message}\n")]).silent();
    }
    assert_eq!(bench.results(), [""; 0]);
}

#[test]
fn damaged_data_is_named_with_its_line() {
    let (_, flowers) = bench();
    let with = |line: &str| format!("{flowers}{line}\n");
    let range = "expected a length in centimetres between 0 and 100";
    check_data("", ": expected flowers below the header line, found none");
    check_data(HEADER, ": expected flowers below the header line, found none");
    check_data(with("5.1,3.5,1.4,setosa"), " line 152: expected 5 fields (four lengths and a species), found 4");
    check_data(with("5.1,3.5,1.4,0.2,setosa,1"), " line 152: expected 5 fields (four lengths and a species), found 6");
    check_data(with("5.1,3.5,1.4,wide,setosa"), " line 152: petal width: expected a number, found \"wide\"");
    check_data(with("5.1,,1.4,0.2,setosa"), " line 152: sepal width: expected a number, found \"\"");
    check_data(with("NaN,3.5,1.4,0.2,setosa"), &format!(" line 152: sepal length: {range}, found NaN"));
    check_data(with("5.1,3.5,-1.4,0.2,setosa"), &format!(" line 152: petal length: {range}, found -1.4"));
    check_data(with("5.1,3.5,inf,0.2,setosa"), &format!(" line 152: petal length: {range}, found inf"));
    check_data(with("5.1,3.5,1.4,0.2,rose"), " line 152: expected one of setosa, versicolor, virginica, found \"rose\"");
    check_data(&flowers[HEADER.len()..], " line 1: expected a header line with the names of the columns, found the number 5.1");
}

#[test]
fn too_few_flowers_are_named() {
    let (_, flowers) = bench();
    let first: String = flowers.split_inclusive('\n').take(51).collect();
    check_data(&first, ": expected flowers of each species, found no versicolor");
    let one_each: String =
        flowers.split_inclusive('\n').take(1).chain(flowers.split_inclusive('\n').skip(1).step_by(50)).collect();
    check_data(&one_each, ": expected at least 10 flowers, found 3");
}

#[test]
fn data_that_is_not_text_is_named_with_the_byte() {
    let (_, flowers) = bench();
    let mut bytes = flowers.into_bytes();
    bytes[200] = 0xff;
    let message =
        ": give the folder that holds iris/iris.csv with --data-dir: expected UTF-8 text, found the byte 0xff at place 200";
    let (bench, _) = bench();
    bench.write("data/iris/iris.csv", bytes);
    let end = bench.run(IRIS, &["explore", "--data-dir", "data"]);
    end.fails(FAILURE, &["cannot read data/iris/iris.csv", message]).silent();
}

#[test]
fn data_that_is_not_there_is_named_with_the_flag() {
    let (bench, flowers) = bench();
    bench.write("file", &flowers);
    fs::create_dir_all(bench.path("empty")).unwrap();
    fs::create_dir_all(bench.path("folder/iris/iris.csv")).unwrap();
    for place in ["missing", "empty", "file", "folder"] {
        let end = bench.run(IRIS, &["train", "--data-dir", place]);
        let named = format!("cannot read {place}/iris/iris.csv: give the folder that holds iris/iris.csv with --data-dir: ");
        end.fails(FAILURE, &[&named]).silent();
    }
    assert_eq!(bench.results(), [""; 0]);
}

#[test]
fn a_claim_that_fails_with_the_books_flags_fails_the_run() {
    let (bench, flowers) = bench();
    let fewer: String = flowers.split_inclusive('\n').take(150).collect();
    bench.write("data/iris/iris.csv", fewer);
    let end = bench.run(IRIS, &["explore", "--data-dir", "data"]);
    end.fails(FAILURE, &["error: the claim does not hold: each species has 50 flowers and no value is missing\n"]);
    assert!(end.stdout.contains("[Claim] each species has 50 flowers and no value is missing: DOES NOT HOLD"), "{}", end.stdout);
    assert_eq!(end.stdout, bench.text("results/iris/explore/transcript.txt"));
    bench.run(IRIS, &["explore", "--data-dir", "data", "--seed", "1"]).succeeds();
}

#[test]
fn a_run_that_diverges_stops_and_keeps_what_it_printed() {
    let (bench, _) = bench();
    let end = bench.run(IRIS, &["train", "--lr", "3e38", "--log-every", "1", "--data-dir", "data"]);
    end.fails(FAILURE, &["error: the loss is NaN at epoch 0, step 2: training diverged; try a smaller learning rate\n"]);
    let losses: Vec<&str> = end.stdout.lines().skip_while(|line| !line.is_empty()).skip(1).collect();
    let begun = losses.len() == 2 && losses[0].starts_with("[Train] epoch: 0/150, step: 0/1200, loss: ");
    assert!(begun && end.stdout.starts_with("[Settings] --lr 3e38 "), "{}", end.stdout);
    assert_eq!(end.stdout, bench.text("results/iris/train/transcript.txt"));
    assert!(bench.text("results/iris/train/metrics.json").ends_with('}'));
    assert_eq!(bench.results(), DIVERGED);
}

/// No training loss shows what the update of the last step did.
#[test]
fn a_run_whose_last_step_diverges_does_not_pass() {
    let (bench, _) = bench();
    let flags = ["train", "--lr", "3e38", "--epochs", "2", "--batch-size", "120", "--seed", "4", "--data-dir", "data"];
    bench.run(IRIS, &flags).fails(
        FAILURE,
        &["the loss of an evaluation is ", " at epoch 1, step 1: training diverged; try a smaller learning rate"],
    );
    assert_eq!(bench.results(), DIVERGED);
}

#[test]
fn more_steps_than_can_be_kept_are_refused_with_what_they_would_need() {
    let cost = "expected a whole number from 1 to 1000000: that many would keep about 18446744 TB of losses and hashes in memory";
    check_usage(&["train", "--epochs", "18446744073709551615"], &["--epochs <EPOCHS>", cost]);
    let cost = "expected a whole number from 1 to 10000: that many would be as many runs, 3 years at a tenth of a second each";
    check_usage(&["train", "--seeds", "1000000000"], &["--seeds <SEEDS>", cost]);
}

/// As after `cargo install`, whose binary knows of no workspace.
#[test]
fn away_from_the_workspace_the_missing_data_are_named_with_the_cure() {
    let bench = Bench::new();
    if bench.path("").ancestors().any(|folder| folder.join("data/PROVENANCE.md").exists()) {
        eprintln!("SKIPPED: the folder for temporary files lies below a data folder of the workspace: set TMPDIR");
        return;
    }
    let mut command = bench.command(IRIS);
    let end = End::of(&command.env_remove("CARGO_MANIFEST_DIR").args(["train", "--epochs", "1"]).output().unwrap());
    let named = "error: cannot read data/iris/iris.csv: give the folder that holds iris/iris.csv with --data-dir: ";
    end.fails(FAILURE, &[named]).silent();
    assert!(bench.path("results/iris/train").exists());
}

#[test]
fn flowers_unlike_those_of_the_training_are_told() {
    let (bench, _) = trained();
    bench.write("mine.csv", "\u{feff}a;b;c;d\r\n5,1;3,5;1,4;0,2\r\n51;35;14;2\r\n1,4;0,2;5,1;3,5\r\n\r\n");
    let end = bench.run(IRIS, &["predict", "--csv", "mine.csv"]);
    let warnings: Vec<&str> = end.succeeds().stdout.lines().filter(|line| line.starts_with("[Warning]")).collect();
    let stray = |flower, length| {
        format!(
            "[Warning] flower {flower}: its sepal length of {length} is far outside the 4.3 to 7.9 of the flowers that the network has seen: \
             are the lengths in centimetres, and in their order?"
        )
    };
    assert_eq!(warnings, [stray(2, "51"), stray(3, "1.4")]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |threads| {
        let (bench, _) = bench();
        let flags: Vec<&str> = SHORT.iter().copied().chain(["--seeds", "6", "--threads", threads]).collect();
        let end = bench.run(IRIS, &flags);
        end.succeeds();
        (end.stdout, bench.files("results"))
    };
    let [one, two, five] = ["1", "2", "5"].map(run);
    assert!(one == two && one == five);
}

/// A folder with a trained model, and the bytes of its checkpoint.
fn trained() -> (Bench, Vec<u8>) {
    let (bench, _) = bench();
    bench.run(IRIS, &SHORT).succeeds();
    let checkpoint = fs::read(bench.path("results/iris/train/best-model.safetensors")).unwrap();
    (bench, checkpoint)
}

#[test]
fn a_checkpoint_that_is_not_there_is_named_with_the_cure() {
    let bench = Bench::new();
    let cure = "train one with `cargo run -p iris -- train`, or name one with --checkpoint";
    let parts = [&format!("there is no checkpoint results/iris/train/best-model.safetensors: {cure}")[..]];
    bench.run(IRIS, &["predict"]).fails(FAILURE, &parts).silent();
    let parts = [&format!("there is no checkpoint elsewhere: {cure}")[..]];
    bench.run(IRIS, &["predict", "--checkpoint", "elsewhere"]).fails(FAILURE, &parts).silent();
    assert_eq!(bench.results(), [""; 0]);
}

#[track_caller]
fn check_checkpoint(bytes: impl AsRef<[u8]>, parts: &[&str]) {
    let bench = Bench::new();
    bench.write("bad.safetensors", bytes);
    bench.run(IRIS, &["predict", "--checkpoint", "bad.safetensors"]).fails(FAILURE, parts).silent();
    assert_eq!(bench.results(), [""; 0]);
}

const NOT_WHOLE: &str = "error: bad.safetensors is not a whole safetensors checkpoint: train again to write a new one: ";
const OF_ANOTHER: &str =
    "error: bad.safetensors is not a checkpoint of this classifier: name one that `train` wrote with --checkpoint: ";

#[test]
fn a_checkpoint_cut_off_anywhere_is_refused() {
    let (bench, whole) = trained();
    for length in [0, 1, 7, 8, 9, 100, whole.len() / 2, whole.len() - 4, whole.len() - 1] {
        check_checkpoint(&whole[..length], &[NOT_WHOLE]);
    }
    bench.run(IRIS, &["predict"]).succeeds();
}

#[test]
fn what_is_not_a_checkpoint_of_this_classifier_is_refused() {
    let (_, whole) = trained();
    check_checkpoint("not a checkpoint, though quite long enough for one", &[NOT_WHOLE]);
    check_checkpoint(vec![0xff; 4096], &[NOT_WHOLE]);
    check_checkpoint([&whole[..], b"more"].concat(), &[NOT_WHOLE]);

    let header = r#"{"0.weight":{"dtype":"F64","shape":[4,6],"data_offsets":[0,192]}}"#;
    let doubles = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 192]].concat();
    check_checkpoint(doubles, &[NOT_WHOLE, "tensor 0.weight: expected f32 values, found F64"]);

    let bench = Bench::new();
    let parameters = Parameters::read(&bench.write("whole.safetensors", &whole)).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<Parameter>)| {
        let mut parameters = parameters.clone();
        change(&mut parameters.0);
        parameters.to_safetensors().unwrap()
    };
    let place = |name: &str| parameters.0.iter().position(|parameter| parameter.name == name).unwrap();
    check_checkpoint(changed(&|p| p.clear()), &[OF_ANOTHER, "expected a tensor 0.weight, found none"]);
    check_checkpoint(changed(&|p| p[place("0.weight")].shape = vec![6, 4]), &[OF_ANOTHER, "tensor 0.weight", "[4, 6]", "[6, 4]"]);
    check_checkpoint(
        changed(&|p| drop(p.remove(place("2.bias")))),
        &[OF_ANOTHER, "expected a tensor 2.bias, found 0.bias, 0.weight, "],
    );
    check_checkpoint(changed(&|p| drop(p.remove(place("input.low")))), &[OF_ANOTHER, "expected a tensor input.low, found "]);
    check_checkpoint(
        changed(&|p| p[place("2.weight")].values[3] = f32::NAN),
        &[NOT_WHOLE, "tensor 2.weight: expected finite values, found NaN"],
    );
}

#[test]
fn a_folder_in_the_place_of_a_checkpoint_is_named() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("results/iris/train/best-model.safetensors")).unwrap();
    let named = "cannot read the checkpoint results/iris/train/best-model.safetensors: ";
    bench.run(IRIS, &["predict"]).fails(FAILURE, &[named]).silent();
}

#[test]
fn measurements_that_are_none_are_named() {
    let (bench, _) = trained();
    let trained = bench.results();
    let check = |bytes: &[u8], message: &str| {
        bench.write("mine.csv", bytes);
        bench.run(IRIS, &["predict", "--csv", "mine.csv"]).fails(FAILURE, &[message]).silent();
    };
    check(b"", "error: mine.csv: expected measurements below the header line, found none\n");
    check(b"a,b,c,d\n", "error: mine.csv: expected measurements below the header line, found none\n");
    check(b"a,b,c,d\n5,3,1\n", "error: mine.csv line 2: expected at least 4 fields (the four lengths), found 3\n");
    check(b"a,b,c,d\n5,3,1,1\n5,3,one,1\n", "error: mine.csv line 3: petal length: expected a number, found \"one\"\n");
    check(
        b"a,b,c,d\n5,3,1,NaN\n",
        "error: mine.csv line 2: petal width: expected a length in centimetres between 0 and 100, found NaN\n",
    );
    check(
        b"5,3,1,1\n6,3,5,2\n",
        "error: mine.csv line 1: expected a header line with the names of the columns, found the number 5\n",
    );
    check(
        b"a,b,c,d\n5,3,1,\xfe\n",
        "error: cannot read mine.csv: expected UTF-8 text, found the byte 0xfe at place 14: save the file as UTF-8\n",
    );
    check(b"a,b,c,d\n5,3,1,\x1b[31m2\n", "error: mine.csv line 2: petal width: expected a number, found \"\\u{1b}[31m2\"\n");
    bench.run(IRIS, &["predict", "--csv", "missing.csv"]).fails(FAILURE, &["error: cannot read missing.csv: "]).silent();
    assert_eq!(bench.results(), trained);

    bench.write("mine.csv", "a,b,c,d\n5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n");
    let end = bench.run(IRIS, &["predict", "--csv", "mine.csv"]);
    assert_eq!(end.succeeds().stdout.lines().filter(|line| line.contains("  5.1") || line.contains("  6.3")).count(), 2);
}
