//! Training epoch by epoch on data that are too many to hold as numbers, in a way that can be taken up again.

use super::{History, Journal, Learner, Metric, runner::hashes};
use crate::{
    data::{
        Batches, Samples,
        mnist::{Images, PixelScale},
    },
    optim::State,
    parameters::{Parameter, Parameters},
};
use anyhow::{Context, Result, ensure};

/// Where batches come from.
pub trait Source: Sync {
    /// Number of samples.
    fn len(&self) -> usize;

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples of the given indices, in their order.
    fn batch(&self, rows: &[usize]) -> Samples;
}

impl Source for Samples {
    fn len(&self) -> usize {
        Samples::len(self)
    }

    fn batch(&self, rows: &[usize]) -> Samples {
        self.select(rows)
    }
}

/// Images that become inputs when their batch's turn comes: a byte a pixel until then.
#[derive(Debug, Clone)]
pub struct Scaled<'a> {
    images: &'a Images,
    chosen: Vec<usize>,
    scale: PixelScale,
}

impl<'a> Scaled<'a> {
    /// The first `n` images, or all if there are fewer.
    #[must_use]
    pub fn first(images: &'a Images, n: usize, scale: PixelScale) -> Self {
        Self { images, chosen: (0..n.min(images.len())).collect(), scale }
    }

    /// The images of the given indices, in their order.
    #[must_use]
    pub fn chosen(images: &'a Images, chosen: Vec<usize>, scale: PixelScale) -> Self {
        Self { images, chosen, scale }
    }

    /// The index among all images of each of these.
    #[must_use]
    pub fn indices(&self) -> &[usize] {
        &self.chosen
    }
}

impl Source for Scaled<'_> {
    fn len(&self) -> usize {
        self.chosen.len()
    }

    fn batch(&self, rows: &[usize]) -> Samples {
        self.images.samples(rows.iter().map(|&row| self.chosen[row]), self.scale)
    }
}

/// Samples that are evaluated at once.
const EVALUATED_TOGETHER: usize = 1000;

/// Accuracy and loss of a network over a whole source, and the class it gives each sample.
///
/// The loss is the mean of the losses of 1000 samples at a time, each weighted by its samples, in f64.
///
/// # Errors
/// If the network cannot be evaluated.
pub fn survey(learner: &impl Learner, source: &impl Source, metric: Metric) -> Result<Survey> {
    let rows: Vec<usize> = (0..source.len()).collect();
    let (mut predicted, mut right, mut sum) = (Vec::with_capacity(rows.len()), 0, 0.0f64);
    for rows in rows.chunks(EVALUATED_TOGETHER) {
        let batch = source.batch(rows);
        let outputs = learner.outputs(&batch.x)?;
        let classes = metric.classes(&outputs);
        right += classes.iter().zip(batch.y.classes()).filter(|(a, b)| **a == *b).count();
        sum += f64::from(learner.loss(&outputs, &batch.y)) * rows.len() as f64;
        predicted.extend(classes);
    }
    let n = source.len().max(1);
    Ok(Survey { accuracy: right as f32 / n as f32, loss: (sum / n as f64) as f32, predicted })
}

/// How a network does on a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// The share of samples whose class is right.
    pub accuracy: f32,
    /// The mean loss.
    pub loss: f32,
    /// The class that the network gives each sample.
    pub predicted: Vec<usize>,
}

/// The settings of a course.
#[derive(Debug, Clone)]
pub struct Lessons {
    /// Epochs that are meant to be trained; for progress only.
    pub n_epochs: usize,
    /// Training samples.
    pub samples: usize,
    /// How an epoch visits the samples.
    pub batches: Batches,
    /// Steps between two lines of the loss; 0 for no line at all.
    pub log_every: usize,
    /// How accuracy is counted.
    pub metric: Metric,
}

impl Lessons {
    /// Steps of all epochs that are meant to be trained; more than can be counted are never reached.
    #[must_use]
    pub fn planned(&self) -> usize {
        self.n_epochs.saturating_mul(self.batches.per_epoch(self.samples))
    }
}

/// A training run under way, epoch by epoch: the section decides what happens between two of them.
///
/// After [`Course::resume`] from what [`Course::save`] gave, every later step has the bits that it would have had without the interruption.
#[derive(Debug, Clone)]
pub struct Course {
    lessons: Lessons,
    history: History,
    epoch: usize,
    steps: usize,
}

impl Course {
    /// A course at its beginning.
    #[must_use]
    pub fn new(lessons: Lessons, learner: &impl Learner) -> Self {
        let parameters = learner.parameters();
        let tensors = parameters.0.iter().map(|parameter| parameter.name.clone()).collect();
        let history = History { trace: vec![hashes(&parameters)], tensors, ..History::default() };
        Self { lessons, history, epoch: 0, steps: 0 }
    }

    /// Epochs that are done.
    #[must_use]
    pub fn epochs(&self) -> usize {
        self.epoch
    }

    /// Steps that are done.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The curves so far. The losses and scores that [`Course::evaluate`] found are under the names of a development set.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Trains for one epoch; after each step `then` may look at the network, such as to evaluate it every so many steps.
    ///
    /// # Errors
    /// If the batch size does not fit the source, or a loss stops being finite; the message names the step.
    ///
    /// # Panics
    /// If the source has not as many samples as the lessons say.
    pub fn epoch<L: Learner + Send, J: Journal + Send>(
        &mut self,
        learner: &mut L,
        source: &impl Source,
        journal: &mut J,
        then: impl FnMut(&mut Self, &L, &mut J) -> Result<()> + Send,
    ) -> Result<()> {
        // On a thread of the pool the kernels share their work without waking it anew each time.
        rayon::scope(|_| self.epoch_in_pool(learner, source, journal, then))
    }

    fn epoch_in_pool<L: Learner, J: Journal>(
        &mut self,
        learner: &mut L,
        source: &impl Source,
        journal: &mut J,
        mut then: impl FnMut(&mut Self, &L, &mut J) -> Result<()>,
    ) -> Result<()> {
        assert_eq!(source.len(), self.lessons.samples, "samples of a course");
        self.lessons.batches.check(source.len())?;
        let first = self.history.train_loss.len();
        for rows in self.lessons.batches.epoch(self.epoch, source.len()) {
            let rows = rows.unwrap_or_else(|| (0..source.len()).collect());
            let batch = source.batch(&rows);
            let pass = learner.learn(&batch.x, &batch.y)?;
            ensure!(
                pass.loss.is_finite(),
                "the loss is {} at epoch {}, step {}: training diverged; try a smaller learning rate",
                pass.loss,
                self.epoch,
                self.steps
            );
            journal.before_update(self.steps, learner)?;
            learner.update()?;
            let score = self.lessons.metric.accuracy(&pass.outputs, &batch.y);
            self.history.train_loss.push(pass.loss);
            self.history.train_score.push(score);
            self.log_step(self.steps, journal)?;
            self.steps += 1;
            journal.score(score);
            journal.progress(self.steps, self.lessons.planned(), pass.loss);
            then(self, learner, journal)?;
        }
        let losses = &self.history.train_loss[first..];
        self.history.epoch_loss.push(losses.iter().sum::<f32>() / losses.len() as f32);
        self.history.trace.push(hashes(&learner.parameters()));
        self.epoch += 1;
        Ok(())
    }

    /// Evaluates the network on `source` and records loss and accuracy at this step.
    ///
    /// # Errors
    /// If the network cannot be evaluated, or the loss is not finite.
    pub fn evaluate(&mut self, learner: &impl Learner, source: &impl Source, journal: &mut impl Journal) -> Result<Survey> {
        let survey = survey(learner, source, self.lessons.metric)?;
        ensure!(
            survey.loss.is_finite(),
            "the loss of the evaluation after step {} is {}: training diverged; try a smaller learning rate",
            self.steps,
            survey.loss
        );
        self.history.dev_loss.push((self.steps, survey.loss));
        self.history.dev_score.push((self.steps, survey.accuracy));
        self.log_evaluation(self.history.dev_loss.len() - 1, journal)?;
        Ok(survey)
    }

    /// The line of a step, if it is due.
    fn log_step(&self, step: usize, journal: &mut impl Journal) -> Result<()> {
        if self.lessons.log_every == 0 || !step.is_multiple_of(self.lessons.log_every) {
            return Ok(());
        }
        let (epoch, epochs) = (step / self.lessons.batches.per_epoch(self.lessons.samples), self.lessons.n_epochs);
        let (steps, loss) = (self.lessons.planned(), self.history.train_loss[step]);
        journal.line(&format!("[Train] epoch: {epoch}/{epochs}, step: {step}/{steps}, loss: {loss:.5}"))
    }

    /// The line of an evaluation.
    fn log_evaluation(&self, index: usize, journal: &mut impl Journal) -> Result<()> {
        if self.lessons.log_every == 0 {
            return Ok(());
        }
        let ((step, loss), (_, score)) = (self.history.dev_loss[index], self.history.dev_score[index]);
        journal.line(&format!("[Evaluate] step: {step}/{}, score: {score:.5}, loss: {loss:.5}", self.lessons.planned()))
    }

    /// All lines of the steps that are done, as they were printed.
    fn log_again(&self, journal: &mut impl Journal) -> Result<()> {
        let mut evaluation = 0;
        for step in 0..self.steps {
            self.log_step(step, journal)?;
            while self.history.dev_loss.get(evaluation).is_some_and(|(after, _)| *after == step + 1) {
                self.log_evaluation(evaluation, journal)?;
                evaluation += 1;
            }
        }
        Ok(())
    }

    /// All that is needed to go on: the network, its optimiser, the curves so far. `settings` says in words what the run depends on.
    #[must_use]
    pub fn save(&self, learner: &impl Learner, settings: &str) -> Parameters {
        let vector = |name: &str, values: Vec<f32>| Parameter { name: name.to_owned(), shape: vec![values.len()], values };
        let numbers = |points: &[(usize, f32)]| points.iter().flat_map(|(step, y)| with(whole(*step as u64), *y)).collect();
        let mut saved = prefixed(MODEL, learner.parameters());
        let State { steps, vectors } = learner.optimizer_state();
        // A file keeps its tensors in the order of their names; the number keeps these in theirs.
        let numbered =
            vectors.into_iter().enumerate().map(|(i, (name, values))| vector(&format!("{OPTIMIZER}{i}.{name}"), values));
        saved.extend(numbered);
        saved.extend([
            vector("optimizer steps", whole(steps).to_vec()),
            vector("epochs", whole(self.epoch as u64).to_vec()),
            vector("settings", settings.bytes().map(f32::from).collect()),
            vector("train loss", self.history.train_loss.clone()),
            vector("train score", self.history.train_score.clone()),
            vector("epoch loss", self.history.epoch_loss.clone()),
            vector("dev loss", numbers(&self.history.dev_loss)),
            vector("dev score", numbers(&self.history.dev_score)),
            vector("trace", self.history.trace.iter().flatten().flat_map(|hash| whole(*hash)).collect()),
        ]);
        Parameters(saved)
    }

    /// Goes on from what [`Course::save`] gave, and prints the lines of the steps that are done once more.
    ///
    /// # Errors
    /// If it was saved with other `settings` or by another network or optimiser.
    pub fn resume(
        mut self,
        learner: &mut impl Learner,
        (saved, settings): (&Parameters, &str),
        journal: &mut impl Journal,
    ) -> Result<Self> {
        let vector = |name: &str| {
            let found = saved.0.iter().find(|parameter| parameter.name == name);
            found.map(|parameter| parameter.values.as_slice()).with_context(|| format!("expected a tensor {name}, found none"))
        };
        let theirs: String = vector("settings")?.iter().map(|byte| char::from(*byte as u8)).collect();
        ensure!(
            theirs == settings,
            "it was saved by a run with {theirs}, not with {settings}: train from the start, or use its settings"
        );
        learner.load(&Parameters(unprefixed(MODEL, saved)))?;
        let named = |tensor: Parameter| (tensor.name.split_once('.').map_or("", |(_, name)| name).to_owned(), tensor.values);
        let vectors = unprefixed(OPTIMIZER, saved).into_iter().map(named).collect();
        learner.load_optimizer_state(&State { steps: number(vector("optimizer steps")?), vectors })?;
        let points = |name: &str| {
            let rows = vector(name)?.as_chunks::<5>().0;
            Ok::<_, anyhow::Error>(rows.iter().map(|row| (number(&row[..4]) as usize, row[4])).collect())
        };
        self.history.train_loss = vector("train loss")?.to_vec();
        self.history.train_score = vector("train score")?.to_vec();
        self.history.epoch_loss = vector("epoch loss")?.to_vec();
        (self.history.dev_loss, self.history.dev_score) = (points("dev loss")?, points("dev score")?);
        let hashes: Vec<u64> = vector("trace")?.as_chunks::<4>().0.iter().map(|parts| number(parts)).collect();
        self.history.trace = hashes.chunks(self.history.tensors.len().max(1)).map(<[u64]>::to_vec).collect();
        self.epoch = number(vector("epochs")?) as usize;
        self.steps = self.history.train_loss.len();
        // The orders of the epochs that are done are drawn again, so that the next one is the same.
        for epoch in 0..self.epoch {
            self.lessons.batches.epoch(epoch, self.lessons.samples);
        }
        self.log_again(journal)?;
        Ok(self)
    }
}

/// What the names of the network's tensors begin with.
const MODEL: &str = "model.";
/// What the names of the optimiser's vectors begin with.
const OPTIMIZER: &str = "optimizer.";

/// A whole number in four parts of 16 bits, each exact in f32.
fn whole(x: u64) -> [f32; 4] {
    [48, 32, 16, 0].map(|shift| f32::from((x >> shift) as u16))
}

/// A whole number and another number.
fn with(whole: [f32; 4], y: f32) -> [f32; 5] {
    [whole[0], whole[1], whole[2], whole[3], y]
}

/// The number that [`whole`] took apart.
fn number(parts: &[f32]) -> u64 {
    parts.iter().fold(0, |x, part| x << 16 | *part as u64)
}

fn prefixed(prefix: &str, parameters: Parameters) -> Vec<Parameter> {
    let renamed = parameters.0.into_iter().map(|tensor| Parameter { name: format!("{prefix}{}", tensor.name), ..tensor });
    renamed.collect()
}

fn unprefixed(prefix: &str, parameters: &Parameters) -> Vec<Parameter> {
    let matching = parameters.0.iter().filter_map(|tensor| {
        let name = tensor.name.strip_prefix(prefix)?.to_owned();
        Some(Parameter { name, ..tensor.clone() })
    });
    matching.collect()
}
