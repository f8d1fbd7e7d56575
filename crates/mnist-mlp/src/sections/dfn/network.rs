//! What the training loop asks of the network by hand: outputs, gradients and parameters by name; and its comparison with a chain.

use super::{Args, Dfn, LOSS};
use anyhow::Result;
use common::{
    chain::{Chain, linear, logistic},
    data::{
        Dataset, Labels, Samples,
        mnist::{ImageDataset, N_DIGITS, N_PIXELS},
    },
    lab::Lab,
    layers::{Linear, LinearGradients, loss},
    matrix::Matrix,
    optim::{Optimizer, Sgd},
    parameters::{Parameter, Parameters},
    train::{Network, ParameterTensor},
};

/// The names of weight and bias of both layers: their places among layers and activation function.
const NAMES: [[&str; 2]; 2] = [["0.weight", "0.bias"], ["2.weight", "2.bias"]];

/// The network with the logits and gradients of its last training batch.
#[derive(Debug, Clone)]
pub(super) struct Trained {
    dfn: Dfn,
    logits: Matrix,
    gradients: [LinearGradients; 2],
}

impl Trained {
    /// A network that has seen no batch yet.
    pub(super) fn new(dfn: Dfn) -> Self {
        let gradients = [&dfn.hidden, &dfn.output].map(|layer| LinearGradients {
            dweight: Matrix::zeros(layer.weight.rows(), layer.weight.columns()),
            dbias: vec![0.0; layer.bias.len()],
        });
        Self { dfn, logits: Matrix::zeros(0, N_DIGITS), gradients }
    }
}

impl Network for Trained {
    fn outputs(&self, x: &Matrix) -> Result<Matrix> {
        Ok(self.dfn.forward(x).z2)
    }

    fn loss(&self, outputs: &Matrix, labels: &Labels) -> f32 {
        loss(LOSS, outputs, labels.targets())
    }

    fn forward_backward(&mut self, x: &Matrix, labels: &Labels) -> Result<()> {
        let forward = self.dfn.forward(x);
        self.gradients = self.dfn.backward(x, &forward, labels);
        self.logits = forward.z2;
        Ok(())
    }

    fn batch_outputs(&self) -> &Matrix {
        &self.logits
    }

    fn visit_parameters(&mut self, look: &mut dyn FnMut(ParameterTensor)) -> Result<()> {
        for (l, (layer, gradients)) in
            [&mut self.dfn.hidden, &mut self.dfn.output].into_iter().zip(&mut self.gradients).enumerate()
        {
            let [weight, bias] = NAMES[l];
            look(ParameterTensor { name: weight, values: layer.weight.values_mut(), gradient: gradients.dweight.values_mut() });
            look(ParameterTensor { name: bias, values: &mut layer.bias, gradient: &mut gradients.dbias });
        }
        Ok(())
    }

    fn parameters(&self) -> Parameters {
        named([&self.dfn.hidden, &self.dfn.output].map(|layer| (&layer.weight, &layer.bias)))
    }

    fn gradients(&self) -> Parameters {
        named(self.gradients.each_ref().map(|layer| (&layer.dweight, &layer.dbias)))
    }

    fn load(&mut self, parameters: &Parameters) -> Result<()> {
        for (layer, [weight, bias]) in [&mut self.dfn.hidden, &mut self.dfn.output].into_iter().zip(NAMES) {
            let Linear { weight: w, bias: b } = layer;
            let shape = [w.rows(), w.columns()];
            w.values_mut().copy_from_slice(&parameters.get(weight, &shape)?.values);
            b.clone_from(&parameters.get(bias, &[shape[1]])?.values);
        }
        Ok(())
    }
}

/// Weight and bias of both layers, or their gradients, by name.
fn named(layers: [(&Matrix, &Vec<f32>); 2]) -> Parameters {
    let tensors = layers.into_iter().zip(NAMES).flat_map(|((weight, bias), names)| {
        let shapes = [vec![weight.rows(), weight.columns()], vec![bias.len()]];
        let tensor = |((name, shape), values): ((&str, Vec<usize>), &[f32])| Parameter {
            name: name.to_owned(),
            shape,
            values: values.to_vec(),
        };
        names.into_iter().zip(shapes).zip([weight.values(), bias]).map(tensor).collect::<Vec<_>>()
    });
    Parameters(tensors.collect())
}

/// Steps after which the two ways to compute the network are compared.
const SHORT: usize = 20;

/// Whether a few steps by hand and by a chain of the same layers end with the same bits.
pub(super) fn equals_chain(args: &Args, train: &ImageDataset, lab: &Lab) -> Result<bool> {
    let layers = [linear(N_PIXELS, args.hidden), logistic(), linear(args.hidden, N_DIGITS)];
    let mut chain = Chain::new(layers, LOSS).initialized(args.init(), &mut lab.stream("weights"));
    let mut by_hand = Trained::new(Dfn::draw(args, &mut lab.stream("weights")));
    let rows: Vec<usize> = (0..train.len()).collect();
    for rows in rows.chunks(args.batch_size).cycle().take(SHORT) {
        let Samples { x, y } = train.batch(rows);
        for network in [&mut chain as &mut dyn Network, &mut by_hand] {
            network.forward_backward(&x, &y)?;
            network.visit_parameters(&mut |tensor| {
                Optimizer::new(Sgd).step(args.lr, tensor.values, tensor.gradient);
            })?;
        }
    }
    Ok(by_hand.parameters().fingerprint() == chain.parameters().fingerprint())
}
