//! What the real binary does with flags that make no sense, and runs that diverge.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../common/testing/binary.rs"]
mod binary;

use binary::{Bench, FAILURE, USAGE};
use std::path::Path;

const CH7: &str = env!("CARGO_BIN_EXE_ch7-optimization");
/// The sections that train on MNIST.
const ON_MNIST: [&str; 7] = [
    "batch-size",
    "batch-size-iterations",
    "batch-size-or-lr",
    "adamw",
    "optimizers-mnist",
    "batch-norm-mnist",
    "layer-norm-mnist",
];

#[track_caller]
fn check_usage(flags: &str, parts: &[&str]) {
    let bench = Bench::new();
    let flags: Vec<&str> = flags.split(' ').collect();
    bench.run(CH7, &flags).fails(USAGE, parts).silent();
    assert_eq!(bench.results(), [""; 0]);
}

#[test]
fn wrong_usage_is_named_and_leaves_nothing() {
    check_usage("manual-mlp", &["unrecognized subcommand 'manual-mlp'"]);
    check_usage("adan", &["unrecognized subcommand 'adan'", "'adam'"]);
    check_usage("batch-size --batch-size 16", &["--batch-size", "'--batch-sizes'"]);
    check_usage("batch-norm --lr 0.1", &["unexpected argument '--lr'"]);
    check_usage("saddle extra", &["unexpected argument 'extra'"]);
    check_usage("batch-size --quick --resume", &["--quick chooses the hyper-parameters itself", "--resume"]);
}

#[test]
fn hyper_parameters_that_make_no_sense_are_refused() {
    for (section, flag) in [
        ("batch-size", "--lrs"),
        ("batch-size-or-lr", "--lr"),
        ("adamw", "--lr"),
        ("optimizers-mnist", "--sgd-lr"),
        ("layer-norm-mnist", "--lr"),
        ("xavier-training", "--lr"),
        ("overfit", "--lr"),
    ] {
        for lr in ["0", "-0.1", "NaN", "inf", "fast"] {
            check_usage(&format!("{section} {flag} {lr}"), &[&format!("'{lr}'"), flag, "expected a number greater than 0"]);
        }
    }
    for section in ON_MNIST {
        for n in ["0", "-1", "60001", "many"] {
            check_usage(&format!("{section} --images {n}"), &["--images", "expected a whole number from 1 to 60000"]);
        }
        check_usage(&format!("{section} --test-images 10001"), &["--test-images", "expected a whole number from 1 to 10000"]);
        check_usage(&format!("{section} --epochs 0"), &["--epochs", "expected a whole number from 1 to 1000000"]);
    }
    check_usage("adamw --decay -1", &["--decay", "expected a number of at least 0"]);
    check_usage("batch-norm-mnist --evaluate-every 0", &["--evaluate-every", "expected a whole number of at least 1"]);
    check_usage("batch-norm --samples 1", &["a single sample has no variance"]);
    check_usage("dropout --seeds 0", &["--seeds", "expected a whole number from 1 to 10000"]);
}

#[test]
fn batch_sizes_that_fit_nothing_are_refused() {
    let too_large = "error: a batch of 101 cannot be drawn from 100 training samples: choose a batch size from 1 to 100\n";
    for section in ["batch-size-or-lr", "adamw", "optimizers-mnist", "batch-norm-mnist", "layer-norm-mnist"] {
        check_usage(&format!("{section} --batch-size 101 --images 100"), &[too_large]);
    }
    check_usage("batch-size --batch-sizes 16,101 --lrs 0.1,0.1 --images 100", &[too_large]);
    let one_each = "error: 2 --batch-sizes and 5 --lrs: give one learning rate for each batch size\n";
    check_usage("batch-size --batch-sizes 16,32", &[one_each]);
    for (sizes, found) in [("16,16", "16 after 16"), ("32,16", "16 after 32")] {
        let unsorted = format!("error: --batch-sizes: expected them to grow, found {found}: put the smallest first\n");
        check_usage(&format!("batch-size-iterations --batch-sizes {sizes} --lrs 0.1,0.2"), &[&unsorted]);
    }
    check_usage("xavier-training --batch-size 201", &["--batch-size 201 is more than the 200 training samples"]);
}

#[test]
fn a_run_that_diverges_behind_its_last_noted_loss_is_named() {
    let check = |lr: &str, named: &str| {
        let flags = ["dropout", "--steps", "3", "--seeds", "2", "--lr", lr];
        let end = Bench::new().run(CH7, &flags);
        assert!(!end.stdout.contains("NaN"), "{}", end.stdout);
        end.fails(FAILURE, &[&format!("error: {named} not finite"), "training diverged; try a smaller learning rate\n"]);
    };
    check("1e4", "the moments of the net input are");
    check("1e30", "the weights are");
}

#[test]
fn strengths_at_which_training_diverges_are_counted() {
    let flags = ["regularization-strength", "--steps", "200", "--seeds", "2", "--lr", "1e9"];
    let end = Bench::new().run(CH7, &flags);
    let stdout = &end.succeeds().stdout;
    assert!(stdout.contains("diverged      0 of 2    2 of 2") && !stdout.contains("NaN"), "{stdout}");
}

#[test]
fn an_arm_that_diverges_is_named() {
    let bench = Bench::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    let flags = "batch-size --batch-sizes 16,32 --lrs 0.01,1e30 --images 320 --epochs 2 --data-dir";
    let flags: Vec<&str> = flags.split(' ').chain([data.to_str().unwrap()]).collect();
    let named = "error: batch 32, lr 1000000000000000000000000000000: the loss is ";
    bench.run(CH7, &flags).fails(FAILURE, &[named, "training diverged; try a smaller learning rate\n"]).silent();
}
