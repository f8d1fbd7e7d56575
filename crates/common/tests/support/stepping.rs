//! Steps of a network and its optimiser, one by one.

use common::{
    data::Labels,
    matrix::Matrix,
    optim::{Optimizer, Trainable},
    train::Network,
};

/// A network with its optimiser and learning rate.
pub(crate) struct Stepping<N> {
    pub(crate) network: N,
    pub(crate) optimizer: Optimizer,
    pub(crate) learning_rate: f32,
}

/// What a forward and backward pass gives.
pub(crate) struct Pass {
    pub(crate) loss: f32,
    pub(crate) outputs: Matrix,
}

impl<N: Network> Stepping<N> {
    /// Forward and backward pass.
    pub(crate) fn learn(&mut self, x: &Matrix, labels: &Labels) -> Pass {
        self.network.forward_backward(x, labels).expect("a forward and backward pass");
        let outputs = self.network.batch_outputs().clone();
        Pass { loss: self.network.loss(&outputs, labels), outputs }
    }

    /// The update along the gradients of the last pass.
    pub(crate) fn update(&mut self) {
        let mut step = self.optimizer.begin_step(self.learning_rate);
        let moved = self.network.visit_parameters(&mut |tensor| {
            step.tensor(Trainable { parameter: tensor.values, gradient: tensor.gradient });
        });
        moved.expect("the parameters of a network");
        step.end();
    }
}
