//! 4.1.2 · Activation functions
//!
//! The logistic function, tanh, ReLU and leaky ReLU (eq. 4.4 to 4.7) over [−10, 10], as the book draws them; then the functions of its
//! exercise, each with its derivative.
//!
//! The exercise: hard-logistic and hard-tanh follow their models near 0 and are exactly flat beyond the corners, so that a saturated unit gets
//! no gradient at all; they are the first-order expansions at 0, cut off where the model saturates. ELU, softplus and swish round off the ReLU: to
//! the right their derivative goes to 1, to the left it fades instead of being 0 from the origin on; swish itself falls a little before it rises.
//! The derivative of softplus is the logistic function, and the identity adds nothing to a linear network. Then what S4 (2.1, 2.2) says of networks.
//!
//! Seen: the sigmoids flatten towards both sides, and their derivatives fade; ReLU keeps a slope of 1 for every positive input.

use crate::in_networks::Networks;
use anyhow::Result;
use clap::Args as ClapArgs;
use common::{
    cli::{finite, non_negative},
    kernels::{Activation, activation::Activated, isa::Isa},
    lab::{Column, Lab, row},
    plot::{CurvePanel, Curves, Dash, Series, theme},
    registry::{Heading, Section},
};
use std::fmt::Write;

/// The section and its editions.
pub(crate) fn section() -> Section {
    let heading = Heading {
        id: "activations",
        book: "4.1.2",
        title: "Activation functions",
        summary: "Logistic, tanh, ReLU and leaky ReLU over [-10, 10]; then hard-logistic, hard-tanh, ELU, softplus, swish and the identity, \
                  each with its derivative.",
    };
    Section::new(heading, [include_str!("activations.rs"), include_str!("activations.zh.md")], run)
}

/// The book's slope; α and β, which it does not give, are the usual ones.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Args {
    /// Slope of the leaky ReLU for z ≤ 0
    #[arg(long, default_value_t = 0.1, value_parser = non_negative)]
    slope: f32,
    /// Limit of the ELU for large negative net inputs, without its sign
    #[arg(long, default_value_t = 1.0, value_parser = non_negative)]
    alpha: f32,
    /// Steepness of the gate of swish
    #[arg(long, default_value_t = 1.0, value_parser = finite)]
    beta: f32,
    #[command(flatten)]
    networks: Networks,
}

/// Points of a curve.
const POINTS: usize = 10_000;
/// The curves go from −10 to 10.
const END: f64 = 10.0;

/// Prints the table of values and draws the figures.
pub(crate) fn run(args: &Args, lab: &mut Lab) -> Result<()> {
    let z: Vec<f32> = (0..POINTS).map(|i| (2.0 * END * i as f64 / (POINTS - 1) as f64 - END) as f32).collect();
    let functions = functions(args);
    print_table("f(z)", values, &functions, lab)?;
    print_table("f'(z)", derivatives, &functions, lab)?;
    draw(&functions, &z, lab)?;
    compare(&functions, &z, lab)?;
    args.networks.show(lab)
}

/// An activation function with its name in tables and figures.
type Named = (&'static str, Activation);

fn functions(args: &Args) -> [Named; 10] {
    [
        ("logistic", Activation::Logistic),
        ("tanh", Activation::Tanh),
        ("ReLU", Activation::Relu),
        ("leaky ReLU", Activation::LeakyRelu { slope: args.slope }),
        ("hard-logistic", Activation::HardLogistic),
        ("hard-tanh", Activation::HardTanh),
        ("ELU", Activation::Elu { alpha: args.alpha }),
        ("softplus", Activation::Softplus),
        ("swish", Activation::Swish { beta: args.beta }),
        ("identity", Activation::Identity),
    ]
}

/// f(z) of each point.
fn values(f: Activation, z: &[f32]) -> Vec<f32> {
    let mut a = vec![0.0; z.len()];
    f.forward(Isa::best(), z, &mut a);
    a
}

/// f′(z) of each point: the backward pass of a gradient of 1.
fn derivatives(f: Activation, z: &[f32]) -> Vec<f32> {
    let mut dz = vec![0.0; z.len()];
    f.backward(Isa::best(), Activated { z, a: &values(f, z) }, &vec![1.0; z.len()], &mut dz);
    dz
}

/// Prints what `of` gives for each function at a few points.
fn print_table(title: &str, of: impl Fn(Activation, &[f32]) -> Vec<f32>, functions: &[Named], lab: &mut Lab) -> Result<()> {
    let mut rows = Vec::new();
    for (name, f) in functions {
        let numbers = of(*f, &TABULATED);
        rows.push(row(*name, numbers.iter().map(|number| format!("{number:.8}"))));
        lab.metrics(TABULATED.iter().zip(numbers).map(|(z, number)| (format!("{name}, {title} at {z}"), number)));
    }
    lab.table(&Column::labelled(title, TABULATED.map(|z| format!("z = {z}"))), rows)?;
    Ok(writeln!(lab)?)
}

/// The book's two figures, then one for each function of the exercise.
fn draw(functions: &[Named; 10], z: &[f32], lab: &mut Lab) -> Result<()> {
    let [logistic, tanh, relu, leaky_relu, exercise @ ..] = functions;
    let curve = |label: String, a: Vec<f32>| Series::new(label, broken_at_corners(z, &a));
    let function = |(name, f): &Named| curve((*name).to_owned(), values(*f, z));
    let figure = |title: String, curves: Vec<Series>| {
        let looks = [(theme::TRAIN, Dash::Solid), (theme::DEV, Dash::Dashed), (theme::NEUTRAL, Dash::Dotted)];
        let panel = CurvePanel::new("z", "a").through_origin();
        let add = |panel: CurvePanel, (curve, (color, dash)): (Series, _)| panel.with(curve.colored(color).dashed(dash));
        Curves::new(title).panel(curves.into_iter().zip(looks).fold(panel, add))
    };
    for (name, title, pair) in [
        ("logistic-tanh", "Functions that saturate on both sides", [logistic, tanh]),
        ("relu-leaky-relu", "Functions that do not saturate to the right", [relu, leaky_relu]),
    ] {
        lab.figure(name, &figure(title.to_owned(), pair.map(function).to_vec()).render()?)?;
    }
    for (name, f) in exercise {
        let mut curves = vec![function(&(name, *f)), curve("derivative".to_owned(), derivatives(*f, z))];
        let model = [(Activation::HardLogistic, logistic), (Activation::HardTanh, tanh)].into_iter().find(|(hard, _)| hard == f);
        curves.extend(model.map(|(_, model)| function(model)));
        let title = format!("{}{} and its derivative", name[..1].to_uppercase(), &name[1..]);
        lab.figure(&name.to_lowercase(), &figure(title, curves).render()?)?;
    }
    Ok(())
}

/// Where the tables are taken; a function that has corners has them at some of these points.
const TABULATED: [f32; 5] = [-2.0, -1.0, 0.0, 1.0, 2.0];

/// The points of a curve, which is interrupted where it jumps: a derivative at a corner of its function.
fn broken_at_corners(z: &[f32], a: &[f32]) -> Vec<(f64, f64)> {
    let mut points = Vec::with_capacity(z.len() + TABULATED.len());
    for (i, (&z_here, &a_here)) in z.iter().zip(a).enumerate() {
        let passed = |corner: &f32| i > 0 && z[i - 1] < *corner && *corner <= z_here;
        if TABULATED.iter().any(passed) && (a_here - a[i - 1]).abs() > 0.01 {
            points.push((f64::NAN, f64::NAN));
        }
        points.push((f64::from(z_here), f64::from(a_here)));
    }
    points
}

/// How the functions depend on each other, and what the section is there to show.
fn compare(functions: &[Named], z: &[f32], lab: &mut Lab) -> Result<()> {
    let doubled: Vec<f32> = z.iter().map(|z| 2.0 * z).collect();
    let rescaled: Vec<f32> = values(Activation::Logistic, &doubled).into_iter().map(|a| 2.0 * a - 1.0).collect();
    let apart = largest_difference(&values(Activation::Tanh, z), &rescaled) / f64::from(f32::EPSILON);
    writeln!(lab, "tanh z and 2σ(2z) − 1 differ by at most {apart} · 2⁻²³")?;
    lab.metric("tanh z against 2σ(2z) − 1, in 2⁻²³", apart);

    let numeric = |f| central_differences(f, z);
    let smooth = |z: &f32| TABULATED.iter().all(|corner| (z - corner).abs() > 2.0 * STEP);
    let away_from_corners = |of: &dyn Fn(Activation) -> Vec<f32>| -> Vec<f32> {
        functions.iter().flat_map(|(_, f)| z.iter().zip(of(*f)).filter(|(z, _)| smooth(z)).map(|(_, value)| value)).collect()
    };
    let worst = largest_difference(&away_from_corners(&numeric), &away_from_corners(&|f| derivatives(f, z)));
    writeln!(lab, "derivatives and central differences, away from the corners, differ by at most {worst:.1e}")?;
    lab.metric("derivatives against central differences", worst);
    lab.claim("tanh z = 2σ(2z) − 1 to within one ulp of 1, which is 2⁻²³, at every point", apart <= 1.0);
    let touches =
        |hard, model| values(hard, &[0.0]) == values(model, &[0.0]) && derivatives(hard, &[0.0]) == derivatives(model, &[0.0]);
    let expansions = touches(Activation::HardLogistic, Activation::Logistic) && touches(Activation::HardTanh, Activation::Tanh);
    lab.claim("hard-logistic and hard-tanh have value and slope of their models at 0", expansions);
    let softplus = largest_difference(&numeric(Activation::Softplus), &values(Activation::Logistic, z));
    lab.claim("softplus rises as steeply as the logistic function is high, by central differences to 2e-4", softplus < 2e-4);
    lab.claim("the derivatives agree with central differences to 2e-4 away from the corners", worst < 2e-4);
    Ok(())
}

/// Half the distance of the points of a central difference: rounding and curvature weigh about the same.
const STEP: f32 = 1.0 / 128.0;

/// `(f(z + h) − f(z − h)) / 2h`, of values in single precision.
fn central_differences(f: Activation, z: &[f32]) -> Vec<f32> {
    let moved = |by: f32| z.iter().map(|z| z + by).collect::<Vec<f32>>();
    let (right, left) = (moved(STEP), moved(-STEP));
    let (above, below) = (values(f, &right), values(f, &left));
    let rise = above.iter().zip(&below).map(|(a, b)| f64::from(*a) - f64::from(*b));
    let run = right.iter().zip(&left).map(|(a, b)| f64::from(*a) - f64::from(*b));
    rise.zip(run).map(|(rise, run)| (rise / run) as f32).collect()
}

/// NaN if any difference is.
fn largest_difference(a: &[f32], b: &[f32]) -> f64 {
    let differences = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    differences.fold(0.0, |largest, difference| if difference <= largest || largest.is_nan() { largest } else { difference })
}
