//! S2, question 1 · A leaky ReLU by hand
//!
//! The operator y = x for x > 0, else λx (eq. 4.7) with its backward pass dx = dy for x > 0, else λ dy, both written out here, against the
//! predefined layer on the tape. The inputs are drawn from N(0, 1), so that both branches are taken; the last one is set to
//! 0, where the function has no derivative and both sides take λ. The gradient dy that comes from above is drawn from N(0, 1), too.
//!
//! Seen: the operator written by hand and the one on the tape agree in every bit, forward and backward, for both slopes.
//!
//! `--replay` takes the source's own inputs, from its seed 10. All are positive, so that the outputs it prints are these inputs.
//!
//! Departs from the source:
//! 1. Its check draws inputs from [0, 1), where a leaky ReLU is the identity: here they have both signs.
//! 2. It compares outputs only: here gradients, too.
//! 3. Its backward pass asks for the sign of y: here for that of x, which is right for a negative λ as well.

use crate::replays;
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::finite,
    kernels::reduce::{self, largest_gap},
    lab::{Column, Lab},
    matrix::Matrix,
    registry::{Heading, Section},
    tape::{self, Device, Tensor},
};
use dfdx::{
    nn::Module,
    shapes::Rank2,
    tensor::{TensorFromVec, Trace},
    tensor_ops::{Backward, SumTo},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "leaky-relu",
        book: "S2, question 1",
        title: "A leaky ReLU by hand",
        summary: "A hand-derived leaky ReLU: its outputs and gradients against those of the tape.",
    };
    Section::new(heading, [include_str!("leaky_relu.rs"), include_str!("leaky_relu.zh.md")], run).replayed(
        "Take the source's own inputs",
        &[],
        replays::leaky_relu,
    )
}

/// The source's hyper-parameters.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// The slopes λ, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [0.5, 0.01], value_parser = finite)]
    slopes: Vec<f32>,
}

/// Rows of the input.
pub(crate) const ROWS: usize = 5;
/// Columns of the input.
pub(crate) const COLUMNS: usize = 4;

/// Prints outputs and gradients of both, for draws of both signs and a zero.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let mut x = lab.stream("leaky-relu inputs").normals(ROWS * COLUMNS, 0.0, 1.0);
    x[ROWS * COLUMNS - 1] = 0.0;
    compare(args, &Matrix::new(ROWS, COLUMNS, x), lab, |_, _| ())
}

/// Prints outputs and gradients of both for the inputs `x`; `look` is shown the outputs for the first slope.
pub(crate) fn compare(args: &Args, x: &Matrix, lab: &mut Lab, look: impl Fn(&Matrix, &mut Lab)) -> Result<()> {
    let dy = Matrix::new(ROWS, COLUMNS, lab.stream("leaky-relu gradients").normals(ROWS * COLUMNS, 0.0, 1.0));
    let mut same_bits = true;
    for (i, &slope) in args.slopes.iter().enumerate() {
        let operator = LeakyRelu { slope };
        let by_hand = Passes { y: operator.forward(x), dx: operator.backward(x, &dy) };
        let by_tape = on_the_tape(slope, x, &dy);
        if i > 0 {
            writeln!(lab)?;
        }
        print_passes(slope, [x, &by_hand.y, &by_tape.y, &dy, &by_hand.dx, &by_tape.dx], lab)?;
        for (name, a, b) in [("outputs", &by_hand.y, &by_tape.y), ("gradients", &by_hand.dx, &by_tape.dx)] {
            let difference = largest_gap(a.values(), b.values());
            same_bits &= reduce::same_bits(a.values(), b.values());
            writeln!(lab, "largest difference of the {name}: {difference}")?;
            lab.metric(format!("slope {slope}, largest difference of the {name}"), difference);
        }
        if i == 0 {
            look(&by_hand.y, lab);
        }
    }
    lab.claim_of_the_tape("outputs and gradients of the operator and of the tape have the same bits", same_bits);
    Ok(())
}

/// The leaky ReLU, eq. 4.7, element by element.
///
/// | tensor | equation |
/// | --- | --- |
/// | y | x for x > 0, else λx |
/// | dx | dy for x > 0, else λ dy |
struct LeakyRelu {
    /// λ.
    slope: f32,
}

impl LeakyRelu {
    fn forward(&self, x: &Matrix) -> Matrix {
        x.map(|x| if x > 0.0 { x } else { self.slope * x })
    }

    fn backward(&self, x: &Matrix, dy: &Matrix) -> Matrix {
        let dx = x.values().iter().zip(dy.values()).map(|(x, dy)| if *x > 0.0 { *dy } else { self.slope * dy });
        Matrix::new(x.rows(), x.columns(), dx.collect())
    }
}

/// What the two passes give.
struct Passes {
    y: Matrix,
    dx: Matrix,
}

/// The predefined layer, its gradient by the tape: that of Σ y dy, whose derivative with respect to y is dy.
fn on_the_tape(slope: f32, x: &Matrix, dy: &Matrix) -> Passes {
    let device = Device::default();
    let tensor = |matrix: &Matrix| -> Tensor<Rank2<ROWS, COLUMNS>> {
        device.tensor_from_vec(matrix.values().to_vec(), Rank2::<ROWS, COLUMNS>::default())
    };
    let matrix = |values: Vec<f32>| Matrix::new(ROWS, COLUMNS, values);
    let x = tensor(x);
    let y = tape::LeakyRelu { f: tape::functions::LeakyRelu { slope } }.forward(x.leaky_trace());
    let outputs = matrix(y.as_vec());
    let gradients = (y * tensor(dy)).sum().backward();
    Passes { y: outputs, dx: matrix(gradients.get(&x).as_vec()) }
}

/// Prints x, y by hand and by tape, dy, dx by hand and by tape.
fn print_passes(slope: f32, columns: [&Matrix; 6], lab: &mut Lab) -> Result<()> {
    let names = ["row", "column", "x", "y by hand", "y by tape", "dy", "dx by hand", "dx by tape"].map(Column::number);
    let rows = (0..ROWS * COLUMNS).map(|i| {
        let place = [i / COLUMNS + 1, i % COLUMNS + 1].map(|place| place.to_string());
        [place.to_vec(), columns.map(|column| format!("{:.8}", column.values()[i])).to_vec()].concat()
    });
    writeln!(lab, "slope {slope}")?;
    lab.table(&names, rows)
}
