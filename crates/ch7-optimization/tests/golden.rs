//! Golden tests of chapter 7.

#[path = "../../common/testing/golden.rs"]
mod golden;

fn main() -> std::process::ExitCode {
    golden::main(ch7_optimization::chapter())
}
