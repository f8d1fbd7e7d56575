//! The two passes through a chain of layers, in memory that every step uses again.

use super::{Dropout, Layer, LinearGradients, Masks, activate_backward_into, activate_into};
use crate::matrix::Matrix;

/// What the forward pass leaves for the backward pass, and what the backward pass works in.
#[derive(Debug, Clone)]
pub(super) struct Passes {
    traces: Vec<Trace>,
    /// ∂R/∂a of the layer at hand; of the outputs when the backward pass begins.
    da: Matrix,
    /// ∂R/∂z of the layer at hand.
    dz: Matrix,
}

/// What the forward pass of one layer leaves.
#[derive(Debug, Clone)]
struct Trace {
    z: Matrix,
    a: Matrix,
    dropped: Option<Dropped>,
}

/// An activation behind dropout, and the mask.
#[derive(Debug, Clone)]
struct Dropped {
    a: Matrix,
    mask: Matrix,
}

impl Trace {
    /// What the next layer takes in.
    fn output(&self) -> &Matrix {
        self.dropped.as_ref().map_or(&self.a, |dropped| &dropped.a)
    }
}

impl Passes {
    /// Passes through `n_layers` layers, with dropout behind each but the last if `dropout` is set.
    pub(super) fn new(n_layers: usize, dropout: bool) -> Self {
        let empty = || Matrix::zeros(0, 0);
        let dropped = |l| (dropout && l + 1 < n_layers).then(|| Dropped { a: empty(), mask: empty() });
        let traces = (0..n_layers).map(|l| Trace { z: empty(), a: empty(), dropped: dropped(l) });
        Self { traces: traces.collect(), da: empty(), dz: empty() }
    }

    /// The outputs of the last forward pass; `x` where there is no layer.
    pub(super) fn outputs<'a>(&'a self, x: &'a Matrix) -> &'a Matrix {
        self.traces.last().map_or(x, Trace::output)
    }

    /// Forward pass, keeping what each layer computed.
    pub(super) fn forward(&mut self, x: &Matrix, layers: &[Layer], mut dropout: Option<&mut (Dropout, Masks)>) {
        for (l, layer) in layers.iter().enumerate() {
            let (before, rest) = self.traces.split_at_mut(l);
            let (input, trace) = (before.last().map_or(x, Trace::output), &mut rest[0]);
            layer.linear.forward_into(input, &mut trace.z);
            activate_into(layer.activation, &trace.z, &mut trace.a);
            if let (Some(dropped), Some((dropout, masks))) = (&mut trace.dropped, dropout.as_deref_mut()) {
                masks.next(*dropout, &trace.a, &mut dropped.mask);
                dropout.forward_into(&trace.a, &dropped.mask, &mut dropped.a);
            }
        }
    }

    /// Where the gradient of the loss with respect to the outputs is to be written before the backward pass, beside the outputs.
    pub(super) fn outputs_and_gradient<'a>(&'a mut self, x: &'a Matrix) -> (&'a Matrix, &'a mut Matrix) {
        (self.traces.last().map_or(x, Trace::output), &mut self.da)
    }

    /// Backward pass, last layer first, from the gradient of the outputs.
    pub(super) fn backward(&mut self, x: &Matrix, layers: &[Layer], dropout: Option<Dropout>, gradients: &mut [LinearGradients]) {
        for (l, layer) in layers.iter().enumerate().rev() {
            let Trace { z, a, dropped } = &self.traces[l];
            if let (Some(dropped), Some(dropout)) = (dropped, dropout) {
                dropout.backward_in_place(&mut self.da, &dropped.mask);
            }
            activate_backward_into(layer.activation, (z, a), &self.da, &mut self.dz);
            let input = if l == 0 { x } else { self.traces[l - 1].output() };
            gradients[l].compute(input, &self.dz);
            if l > 0 {
                layer.linear.backward_input_into(&self.dz, &mut self.da);
            }
        }
    }
}
