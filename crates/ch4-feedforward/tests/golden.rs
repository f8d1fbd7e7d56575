//! Golden tests of chapter 4.

#[path = "../../common/testing/golden.rs"]
mod golden;

fn main() -> std::process::ExitCode {
    golden::main(ch4_feedforward::chapter())
}
