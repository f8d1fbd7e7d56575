//! The one driver of all rules: it owns what is remembered and t, and makes the pass over memory.

use super::{Rule, State, sweep::sweep};
use anyhow::Result;
use std::fmt::Debug;

/// A parameter tensor and its gradient, row-major.
#[derive(Debug)]
pub struct Trainable<'a> {
    /// What is moved.
    pub parameter: &'a mut [f32],
    /// The gradient of the loss with respect to it.
    pub gradient: &'a [f32],
}

/// What t counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// Steps, as the formulas have it.
    PerStep,
    /// Moved tensors, as the book's code of Adam does: of two, the first sees t = 1, 3, 5, … and the second t = 2, 4, 6, …
    PerTensor,
}

/// A rule that moves the parameters of one network, with all that it remembers.
#[derive(Debug)]
pub struct Optimizer {
    driver: Box<dyn Drive>,
    counting: Counting,
    /// How often t was counted.
    t: u64,
}

impl Optimizer {
    /// An optimiser that has not made a step yet.
    #[must_use]
    pub fn new<const N: usize>(rule: impl Rule<N>) -> Self {
        let driver = Driver { rule, memory: std::array::from_fn(|_| Vec::new()), is_first_step: true };
        Self { driver: Box::new(driver), counting: Counting::PerStep, t: 0 }
    }

    /// The same with t counted otherwise.
    #[must_use]
    pub fn counting(self, counting: Counting) -> Self {
        Self { counting, ..self }
    }

    /// What t counts.
    #[must_use]
    pub fn counts(&self) -> Counting {
        self.counting
    }

    /// Begins a step: [`Step::tensor`] then moves each tensor of the network, in its order.
    pub fn begin_step(&mut self, learning_rate: f32) -> Step<'_> {
        if self.counting == Counting::PerStep {
            self.count();
        }
        self.driver.begin();
        Step { optimizer: self, learning_rate, start: 0 }
    }

    /// Moves a single vector of parameters one step along its gradient.
    ///
    /// # Panics
    /// If a parameter has no gradient, or the vector is not the one of the step before.
    pub fn step(&mut self, learning_rate: f32, parameter: &mut [f32], gradient: &[f32]) {
        let mut step = self.begin_step(learning_rate);
        step.tensor(Trainable { parameter, gradient });
        step.end();
    }

    /// The point that the method has reached. It is `parameters` itself, but for [`Nesterov`](super::Nesterov), which keeps them ahead of it.
    #[must_use]
    pub fn reached(&self, parameters: &[f32]) -> Vec<f32> {
        self.driver.reached(parameters)
    }

    /// All that a checkpoint must hold, besides parameters and hyper-parameters, to go on with the same bits.
    #[must_use]
    pub fn state(&self) -> State {
        State { steps: self.t, vectors: self.driver.vectors() }
    }

    /// Goes on from `state`.
    ///
    /// # Errors
    /// If it is another optimiser's.
    pub fn load_state(&mut self, state: &State) -> Result<()> {
        self.driver.load(state)?;
        while self.t < state.steps {
            self.count();
        }
        Ok(())
    }

    fn count(&mut self) {
        self.t += 1;
        self.driver.advance();
    }
}

/// A step under way.
#[derive(Debug)]
pub struct Step<'a> {
    optimizer: &'a mut Optimizer,
    learning_rate: f32,
    /// Parameters that are moved already.
    start: usize,
}

impl Step<'_> {
    /// Moves one tensor.
    ///
    /// # Panics
    /// If a parameter has no gradient.
    pub fn tensor(&mut self, tensor: Trainable) {
        if self.optimizer.counting == Counting::PerTensor {
            self.optimizer.count();
        }
        let start = self.start;
        self.start += tensor.parameter.len();
        self.optimizer.driver.tensor(self.learning_rate, start, tensor);
    }

    /// Ends the step.
    ///
    /// # Panics
    /// If the network has fewer parameters than in the step before.
    pub fn end(self) {
        self.optimizer.driver.check_size(self.start);
    }
}

/// What every driver can do, whatever its rule.
trait Drive: Debug + Send + Sync {
    fn advance(&mut self);
    fn begin(&mut self);
    fn tensor(&mut self, learning_rate: f32, start: usize, tensor: Trainable);
    fn check_size(&self, parameters: usize);
    fn reached(&self, parameters: &[f32]) -> Vec<f32>;
    fn vectors(&self) -> Vec<(String, Vec<f32>)>;
    fn load(&mut self, state: &State) -> Result<()>;
}

/// A rule, and N remembered vectors with one value per parameter.
#[derive(Debug)]
struct Driver<R, const N: usize> {
    rule: R,
    memory: [Vec<f32>; N],
    /// Whether nothing is remembered yet: only then does the memory grow.
    is_first_step: bool,
}

impl<R: Rule<N>, const N: usize> Drive for Driver<R, N> {
    fn advance(&mut self) {
        self.rule.advance();
    }

    fn begin(&mut self) {
        self.is_first_step = self.memory.iter().all(Vec::is_empty);
    }

    fn tensor(&mut self, learning_rate: f32, start: usize, tensor: Trainable) {
        let (rule, end) = (self.rule, start + tensor.parameter.len());
        for vector in &mut self.memory {
            if self.is_first_step {
                vector.resize(end, 0.0);
            }
            assert!(end <= vector.len(), "an optimiser belongs to one network: number of its parameters");
        }
        let memory = self.memory.each_mut().map(|vector| &mut vector[start..end]);
        sweep(tensor, memory, move |theta, g, remembered| rule.step(learning_rate, theta, g, remembered));
    }

    fn check_size(&self, parameters: usize) {
        let fits = self.memory.iter().all(|vector| vector.len() == parameters);
        assert!(fits, "an optimiser belongs to one network: number of its parameters");
    }

    fn reached(&self, parameters: &[f32]) -> Vec<f32> {
        let remembered = |i: usize| self.memory.each_ref().map(|vector| vector.get(i).copied().unwrap_or_default());
        parameters.iter().enumerate().map(|(i, theta)| self.rule.reached(*theta, remembered(i))).collect()
    }

    fn vectors(&self) -> Vec<(String, Vec<f32>)> {
        R::REMEMBERED.iter().zip(&self.memory).map(|(name, vector)| ((*name).to_owned(), vector.clone())).collect()
    }

    fn load(&mut self, state: &State) -> Result<()> {
        state.check_names(&R::REMEMBERED)?;
        for (vector, (_, saved)) in self.memory.iter_mut().zip(&state.vectors) {
            vector.clone_from(saved);
        }
        Ok(())
    }
}
