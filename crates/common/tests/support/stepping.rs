//! Steps of a network and its optimiser, one by one.

use common::{
    data::Labels,
    matrix::Matrix,
    optim::Optimizer,
    train::{Network, update},
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
        update(&mut self.network, &mut self.optimizer, self.learning_rate).expect("the parameters of a network");
    }
}
