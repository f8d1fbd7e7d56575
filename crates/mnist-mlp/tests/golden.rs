//! Golden tests of the iris case study.

#[path = "../../common/testing/golden.rs"]
mod golden;

fn main() -> std::process::ExitCode {
    golden::main(mnist_mlp::chapter())
}
