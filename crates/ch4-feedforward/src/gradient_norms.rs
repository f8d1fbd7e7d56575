//! The first step of a network of five layers, for several activation functions, and the norms of its gradients: what `vanishing-gradient`
//! and `dying-relu` show.

use crate::units::maxout;
use anyhow::{Result, bail};
use common::{
    chain::{Chain, LayerSpec, activation, group, linear, logistic},
    data::{Batches, Split, moons},
    kernels::{Activation, Loss},
    lab::{self, Driver, Lab, Numbers, row},
    optim::{Optimizer, Sgd},
    parameters::{Initialization, Initializer, Parameters},
    plot::{CurvePanel, Curves, Dash, Marker, Series, Svg},
    rng::Stream,
    tape::{self, Activate, Device, Logistic, builder::Linear},
    train::{Decision, Network, Trainer, TrainingConfig, evaluate},
    value::Value,
};
use dfdx::nn::DeviceBuildExt;
use std::fmt::Write;

/// A hidden activation function with its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hidden {
    /// The name.
    pub(crate) name: &'static str,
    /// The function.
    pub(crate) f: Activation,
}

/// The network of five layers, and the step that it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FiveLayers {
    /// Standard deviation of the initial weights.
    pub(crate) weight_sd: f32,
    /// Initial value of every bias.
    pub(crate) bias: f32,
    /// Learning rate of the step.
    pub(crate) lr: f32,
}

/// The loss of its output.
const LOSS: Loss = Loss::BinaryCrossEntropy;

/// Four hidden layers of three units, one probability.
type Mlp = (
    (Linear<2, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 3>, Activate),
    (Linear<3, 1>, Logistic),
);

impl FiveLayers {
    /// The step with each of some hidden activations, on the moons of a seed, from weights of the same.
    pub(crate) fn columns(&self, hidden: &[Hidden], seed: u64, driver: Driver) -> Result<Vec<Column>> {
        let split = moons::moon1000(moons::NOISE, seed);
        let column = |hidden: &Hidden| {
            let mut mlp = self.network(hidden.f, &mut Stream::new(seed, "weights"), driver)?;
            self.step(*hidden, &mut mlp, Optimizer::new(Sgd), &split)
        };
        hidden.iter().map(column).collect()
    }

    /// The network with a hidden activation function that is chosen when the program runs: a chain, or the same layers on the tape.
    fn network(&self, f: Activation, weights: &mut Stream, driver: Driver) -> Result<Box<dyn Network>> {
        if driver == Driver::Chain {
            return Ok(Box::new(self.chain(|fan_in| group([linear(fan_in, 3), activation(f)]), weights)));
        }
        let mut mlp = Device::default().build_module::<Mlp, f32>();
        for layer in [&mut mlp.0.1, &mut mlp.1.1, &mut mlp.2.1, &mut mlp.3.1] {
            layer.f = f;
        }
        tape::initialize(&mut mlp, self.init(), weights)?;
        Ok(Box::new(tape::Model::<_, 2, 1>::new(mlp, LOSS)))
    }

    /// The network as a chain, given its hidden layers by their number of inputs.
    fn chain(&self, hidden: impl Fn(usize) -> LayerSpec, weights: &mut Stream) -> Chain {
        let layers = [hidden(2), hidden(3), hidden(3), hidden(3), group([linear(3, 1), logistic()])];
        Chain::new(layers, LOSS).initialized(self.init(), weights)
    }

    fn init(&self) -> Initialization {
        let weight = Initializer::Normal { mean: 0.0, deviation: self.weight_sd };
        Initialization { weight, bias: Initializer::Constant(self.bias) }
    }

    /// The step with units that are the larger of two net inputs each, from weights of their own.
    pub(crate) fn maxout(&self, seed: u64) -> Result<Column> {
        let hidden = |fan_in| group([linear(fan_in, 6), maxout()]);
        let mut mlp = self.chain(hidden, &mut Stream::new(seed, "maxout weights"));
        // The function of the units is in the chain already.
        self.step(
            Hidden { name: "maxout", f: Activation::Identity },
            &mut mlp,
            Optimizer::new(Sgd),
            &moons::moon1000(moons::NOISE, seed),
        )
    }

    /// One step of gradient descent on all samples.
    pub(crate) fn step<N: Network>(&self, hidden: Hidden, network: &mut N, rule: Optimizer, split: &Split) -> Result<Column> {
        let config = TrainingConfig::new(1, Batches::Full, Decision::Probability);
        let mut run = Trainer::new(network, rule, &split.train, config)?;
        let Some(step) = run.forward_backward()? else { unreachable!("a run of one epoch has a step") };
        let gradients = run.network().gradients();
        // Norms that are not finite are told of where they are shown.
        if step.loss.is_finite() {
            run.update(self.lr)?;
        }
        Ok(Column {
            name: hidden.name,
            weights: gradients.norms("weight"),
            biases: gradients.norms("bias"),
            loss: step.loss,
            dev_accuracy: evaluate(network, &split.dev, Decision::Probability)?.accuracy,
            parameters: network.parameters(),
        })
    }
}

/// What one step of the network with a hidden activation shows.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The activation's name.
    pub(crate) name: &'static str,
    /// L2 norm of each layer's weight gradient.
    pub(crate) weights: Vec<f32>,
    /// L2 norm of each layer's bias gradient.
    pub(crate) biases: Vec<f32>,
    /// Loss before the update.
    pub(crate) loss: f32,
    /// Accuracy on the development set after the update.
    pub(crate) dev_accuracy: f32,
    /// The parameters after the update.
    pub(crate) parameters: Parameters,
}

impl Column {
    /// The factor that a norm loses from layer to layer: the geometric mean over the four steps from the last layer to the first.
    pub(crate) fn factor(&self) -> f32 {
        (self.weights[4] / self.weights[0]).sqrt().sqrt()
    }

    /// The norms of the weight gradients under the names that they are recorded by.
    pub(crate) fn numbers(&self) -> Numbers {
        (1..).zip(&self.weights).map(|(layer, norm)| (format!("{}, layer {layer}", self.name), *norm)).collect()
    }
}

/// Prints and records the norms of the weight gradients.
///
/// # Errors
/// If one is not finite.
pub(crate) fn print(columns: &[Column], lab: &mut Lab) -> Result<()> {
    for Column { name, weights, .. } in columns {
        if let Some(layer) = weights.iter().position(|norm| !norm.is_finite()) {
            bail!("the norm of layer {} with {name} is {}: choose a smaller --weight-sd or --bias", layer + 1, weights[layer]);
        }
    }
    writeln!(lab, "L2 norm of each layer's weight gradient")?;
    print_layers(columns, |column| &column.weights, lab)?;
    lab.metrics(columns.iter().flat_map(Column::numbers));
    lab.fingerprint(&Parameters(columns.iter().flat_map(|column| column.parameters.prefixed(column.name).0).collect()));
    Ok(())
}

/// Prints a number of each layer and step.
pub(crate) fn print_layers(columns: &[Column], norms: fn(&Column) -> &[f32], lab: &mut Lab) -> Result<()> {
    let layers = 0..norms(&columns[0]).len();
    let cells = |layer| columns.iter().map(move |column| Value::F32(norms(column)[layer]).to_string());
    let rows = layers.map(|layer| row((layer + 1).to_string(), cells(layer)));
    lab.table(&heads("layer", columns), rows)
}

/// A kind of number, and where a step has it.
type Kind = (&'static str, fn(&Column) -> f32);

/// Prints a row for each kind of number, a column for each step.
pub(crate) fn print_table(columns: &[Column], kinds: [Kind; 2], lab: &mut Lab) -> Result<()> {
    let cells = |number: fn(&Column) -> f32| columns.iter().map(move |column| Value::F32(number(column)).to_string());
    lab.table(&heads("", columns), kinds.map(|(kind, number)| row(kind, cells(number))))
}

fn heads(rows_are: &str, columns: &[Column]) -> Vec<lab::Column> {
    lab::Column::labelled(rows_are, columns.iter().map(|column| column.name))
}

/// The norms over the layers, each activation its own marker and dash; the legend says which curve lies on another.
pub(crate) fn figure(title: &str, columns: &[Column], looks: &[(Marker, Dash)]) -> Result<Svg> {
    let mut panel = CurvePanel::new("layer", "L2 norm").log_y();
    for (i, (column, look)) in columns.iter().zip(looks).enumerate() {
        let label = match columns[..i].iter().find(|drawn| drawn.weights == column.weights) {
            Some(drawn) => format!("{}: the curve of {}", column.name, drawn.name),
            None => column.name.to_owned(),
        };
        panel = panel.with(Series::sampled(label, &column.weights, 1.0, 1.0).marked(look.0).dashed(look.1));
    }
    Curves::new(title).panel(panel).render()
}

/// The median of the values that are numbers; NaN if none is.
pub(crate) fn median(mut values: Vec<f32>) -> f32 {
    // Which sign 0 / 0 has, and so where it would be sorted, is the processor's choice.
    values.retain(|value| !value.is_nan());
    values.sort_unstable_by(f32::total_cmp);
    match values.len() {
        0 => f32::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f32::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_the_numbers_whatever_sign_the_others_have() {
        let check = |values: &[f32], expected: f32| assert_eq!(median(values.to_vec()), expected, "{values:?}");
        for none in [f32::NAN, -f32::NAN] {
            check(&[none, 3.0, 1.0, none, 2.0, none], 2.0);
            check(&[4.0, none, 1.0, 2.0, 3.0], 2.5);
        }
        assert!(median(vec![-f32::NAN]).is_nan());
    }
}
